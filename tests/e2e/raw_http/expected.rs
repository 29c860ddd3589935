//! What a case expects, in a short notation.

use testkit::raw_http::RawResponse;

/// The responses to a case, in order, and the state of its connection afterwards.
///
/// Written as words: `404/api/a` is a response with this status to the request for this path;
/// `400|501` one of several statuses; `404-` a response without content, to `HEAD`; a word with `?`
/// at its end may be missing. The last word says what comes [`After`].
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) responses: Vec<ExpectedResponse>,
    pub(crate) after: After,
}

#[derive(Debug)]
pub(crate) struct ExpectedResponse {
    statuses: Vec<u16>,
    /// The path that a problem document names.
    path: Option<String>,
    pub(crate) is_to_head: bool,
    is_optional: bool,
}

/// The state of a connection after a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It stays open: the next request on it gets a response.
    Open,
    /// The server closes it: no later request gets a response.
    Closed,
    /// One or the other.
    Either,
    /// The server waits for the rest of a request. Once the client has ended, the server closes,
    /// with a refusal or without.
    Waits,
}

impl Expected {
    pub(crate) fn parse(words: &str) -> Self {
        let (responses, after) = words.rsplit_once(' ').unwrap_or(("", words));
        Self {
            responses: responses.split_whitespace().map(response).collect(),
            after: match after {
                "open" => After::Open,
                "closed" => After::Closed,
                "either" => After::Either,
                "waits" => After::Waits,
                other => panic!("{other:?} does not name the state of the connection"),
            },
        }
    }

    /// Whether these are the responses, if the sentinel request sent last has this path.
    pub(crate) fn accepts(&self, responses: &[&RawResponse], sentinel: &str) -> bool {
        let rests = rests(&self.responses, responses);
        rests.into_iter().any(|rest| {
            let is_sentinel = matches!(rest, [response] if is_to(response, sentinel));
            match self.after {
                After::Open => is_sentinel,
                After::Closed => rest.is_empty(),
                After::Either => is_sentinel || rest.is_empty(),
                After::Waits => match rest {
                    [] => true,
                    [response] => (400..500).contains(&response.status),
                    _ => false,
                },
            }
        })
    }
}

impl ExpectedResponse {
    pub(crate) fn accepts(&self, response: &RawResponse) -> bool {
        self.statuses.contains(&response.status)
            && self.path.as_ref().is_none_or(|path| is_to(response, path))
    }
}

fn is_to(response: &RawResponse, path: &str) -> bool {
    response.instance().as_deref() == Some(path)
}

/// Everything that can be left of `responses` after the expected ones.
fn rests<'a, 'r>(
    expected: &[ExpectedResponse],
    responses: &'a [&'r RawResponse],
) -> Vec<&'a [&'r RawResponse]> {
    let Some((first, others)) = expected.split_first() else {
        return vec![responses];
    };
    let mut all = Vec::new();
    if let Some((response, rest)) = responses.split_first()
        && first.accepts(response)
    {
        all.extend(rests(others, rest));
    }
    if first.is_optional {
        all.extend(rests(others, responses));
    }
    all
}

fn response(word: &str) -> ExpectedResponse {
    let (word, is_optional) = match word.strip_suffix('?') {
        Some(word) => (word, true),
        None => (word, false),
    };
    let (word, is_to_head) = match word.strip_suffix('-') {
        Some(word) => (word, true),
        None => (word, false),
    };
    let (statuses, path) = match word.find('/') {
        Some(at) => (&word[..at], Some(word[at..].to_owned())),
        None => (word, None),
    };
    ExpectedResponse {
        statuses: statuses
            .split('|')
            .map(|status| status.parse().expect("a status"))
            .collect(),
        path,
        is_to_head,
        is_optional,
    }
}
