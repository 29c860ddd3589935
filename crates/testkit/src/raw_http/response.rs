use std::fmt;

use flate2::read::GzDecoder;
use httparse::Status;
use serde_json::Value;

/// Header fields of a response beyond which it is none.
const MAX_FIELDS: usize = 100;

/// One response, as it came over the wire.
#[derive(Clone, PartialEq, Eq)]
pub struct RawResponse {
    /// Its status; below 200 it is an interim one.
    pub status: u16,
    /// Its header fields, names in lower case.
    pub fields: Vec<(String, String)>,
    /// Its content, without chunk sizes.
    pub body: Vec<u8>,
}

impl RawResponse {
    /// The value of a header field.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether it has `Connection: close`.
    pub fn announces_close(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case("close"))
    }

    /// The path that it says it is the response to: the `instance` of a problem document, which
    /// may be compressed.
    pub fn instance(&self) -> Option<String> {
        let problem: Value = if self.header("content-encoding") == Some("gzip") {
            serde_json::from_reader(GzDecoder::new(self.body.as_slice())).ok()?
        } else {
            serde_json::from_slice(&self.body).ok()?
        };
        problem["instance"].as_str().map(str::to_owned)
    }
}

impl fmt::Debug for RawResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(instance) = self.instance() {
            write!(f, "{instance}")?;
        }
        if self.announces_close() {
            f.write_str(" (close)")?;
        }
        Ok(())
    }
}

/// Received bytes as responses.
#[derive(Debug, Default)]
pub struct Responses {
    /// The whole ones, in their order, interim ones included.
    pub all: Vec<RawResponse>,
    /// The rest: part of a response, or no HTTP.
    pub rest: Vec<u8>,
}

impl Responses {
    /// Splits what was received. `is_to_head` tells whether the final response with this number,
    /// from 0, answers a `HEAD` request, and so has no content.
    pub fn split(
        mut bytes: &[u8],
        is_closed: bool,
        mut is_to_head: impl FnMut(usize, &RawResponse) -> bool,
    ) -> Self {
        let mut all = Vec::new();
        let mut finals = 0;
        while let Some((mut response, head)) = head(bytes) {
            let is_final = response.status >= 200;
            let is_empty =
                !is_final || matches!(response.status, 204 | 304) || is_to_head(finals, &response);
            let content = &bytes[head..];
            let Some((body, length)) = (if is_empty {
                Some((Vec::new(), 0))
            } else {
                body(&response, content, is_closed)
            }) else {
                break;
            };
            response.body = body;
            bytes = &content[length..];
            finals += usize::from(is_final);
            all.push(response);
        }
        Self {
            all,
            rest: bytes.to_vec(),
        }
    }

    /// Those that are no interim ones.
    pub fn finals(&self) -> impl Iterator<Item = &RawResponse> {
        self.all.iter().filter(|response| response.status >= 200)
    }
}

/// A response's head, and its length.
fn head(bytes: &[u8]) -> Option<(RawResponse, usize)> {
    let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
    let mut parsed = httparse::Response::new(&mut fields);
    let Ok(Status::Complete(length)) = parsed.parse(bytes) else {
        return None;
    };
    let fields = parsed.headers.iter().map(|field| {
        let value = String::from_utf8_lossy(field.value).into_owned();
        (field.name.to_ascii_lowercase(), value)
    });
    let response = RawResponse {
        status: parsed.code?,
        fields: fields.collect(),
        body: Vec::new(),
    };
    Some((response, length))
}

/// A response's content, and how long it is on the wire.
fn body(response: &RawResponse, bytes: &[u8], is_closed: bool) -> Option<(Vec<u8>, usize)> {
    if response.header("transfer-encoding").is_some() {
        return chunked(bytes);
    }
    let Some(length) = response.header("content-length") else {
        return is_closed.then(|| (bytes.to_vec(), bytes.len()));
    };
    let length = length.parse().ok()?;
    Some((bytes.get(..length)?.to_vec(), length))
}

fn chunked(bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let Ok(Status::Complete((line, size))) = httparse::parse_chunk_size(&bytes[at..]) else {
            return None;
        };
        at += line;
        let size = usize::try_from(size).ok()?;
        body.extend_from_slice(bytes.get(at..at + size)?);
        at += size;
        if bytes.get(at..at + 2)? != b"\r\n" {
            return None;
        }
        at += 2;
        if size == 0 {
            return Some((body, at));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZED: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\n{}";
    const CHUNKED: &str =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    const EMPTY: &str = "HTTP/1.1 204 No Content\r\n\r\n";
    const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    const OPEN_ENDED: &str = "HTTP/1.0 200 OK\r\n\r\nto the end";

    #[test]
    fn responses_of_every_framing_are_split() {
        let bytes = [SIZED, CHUNKED, EMPTY, INTERIM, SIZED, OPEN_ENDED].concat();
        let responses = Responses::split(bytes.as_bytes(), true, |_, _| false);
        let all: Vec<_> = responses
            .all
            .iter()
            .map(|response| (response.status, &*response.body))
            .collect();
        let expected: [(u16, &[u8]); 6] = [
            (404, b"{}"),
            (200, b"abc"),
            (204, b""),
            (100, b""),
            (404, b"{}"),
            (200, b"to the end"),
        ];
        assert_eq!(all, expected);
        assert_eq!(responses.finals().count(), 5);
        assert_eq!(responses.rest, b"");
    }

    #[test]
    fn bytes_after_the_last_whole_response_are_kept() {
        let bytes = [SIZED, SIZED].concat();
        let bytes = &bytes.as_bytes()[..SIZED.len() + 40];
        let responses = Responses::split(bytes, false, |_, _| false);
        assert_eq!(responses.all.len(), 1);
        assert_eq!(responses.rest.len(), 40);
    }

    #[test]
    fn a_response_to_head_has_no_content() {
        let bytes = SIZED.replace("{}", "") + SIZED;
        let responses = Responses::split(bytes.as_bytes(), false, |number, _| number == 0);
        assert_eq!(responses.all.len(), 2);
    }
}
