use serde_json::value::RawValue;

use super::base_url::BaseUrl;
use super::condition::Condition;
use super::error::ListQueryError;
use super::js_value::to_js_number;
use super::params::{ParamValue, Params};
use super::render;
use super::slice::Slice;
use super::sort::SortOrder;
use super::text_filter::TextFilter;
use crate::wire::to_source_json;

/// Maximum number of records that `limit` allows.
const MAX_LIMIT: f64 = 250.0;
/// Maximum number of patterns in a query.
pub(super) const MAX_PATTERNS: usize = 4;
/// Values of `_expand` on which the source's server fails.
const EXPANDABLE: [&str; 9] = [
    "film",
    "films",
    "person",
    "people",
    "location",
    "locations",
    "species",
    "vehicle",
    "vehicles",
];

/// A parsed query on a collection or a record.
pub struct ListQuery {
    pub(super) base: BaseUrl,
    pub(super) conditions: Vec<Condition>,
    pub(super) search: Option<TextFilter>,
    pub(super) order: Option<SortOrder>,
    pub(super) slice: Slice,
    pub(super) limit: Option<f64>,
    embedded: Vec<String>,
    expands: bool,
    fields: Option<Vec<String>>,
    callback: Option<String>,
}

impl ListQuery {
    /// Parses a query string (still percent-encoded). `base` is the base URL of this API, such as
    /// `http://localhost:8000/ghibli`. Links in records and in parameters get this base, whatever
    /// their host.
    ///
    /// # Errors
    /// If the query is too long, has an unusable pattern, or would make the source's server fail
    /// on any records.
    pub fn parse(query: &str, base: &str) -> Result<Self, ListQueryError> {
        let params = Params::parse(query)?;
        let base = BaseUrl::new(base);
        let search = match params.get("q").filter(|param| !param.is_empty()) {
            None => None,
            Some(ParamValue::One(text)) => Some(TextFilter::new(&text, &base)),
            Some(_) => return Err(ListQueryError::new("q may be given only once")),
        };
        let mut conditions = Vec::new();
        for name in params.names() {
            if is_condition(name)
                && let Some(param) = params.get(name)
            {
                conditions.push(Condition::parse(name, param, &base)?);
            }
        }
        if conditions
            .iter()
            .map(Condition::pattern_count)
            .sum::<usize>()
            > MAX_PATTERNS
        {
            return Err(ListQueryError::new(format!(
                "at most {MAX_PATTERNS} patterns are allowed"
            )));
        }
        let expanded = list_param(&params, "_expand");
        Ok(Self {
            conditions,
            search,
            order: SortOrder::parse(&params),
            slice: Slice::parse(&params),
            embedded: list_param(&params, "_embed"),
            expands: expanded.iter().any(|name| EXPANDABLE.contains(&&**name)),
            fields: parse_fields(&params)?,
            limit: parse_limit(&params),
            callback: parse_callback(&params),
            base,
        })
    }

    /// The JSONP callback.
    pub fn callback(&self) -> Option<&str> {
        self.callback.as_deref()
    }

    /// The `Link` header, if a page was requested: `url`, the full URL of this page, with other
    /// page numbers.
    pub fn link_header(&self, url: &str, total: usize) -> Option<String> {
        self.slice.link_header(url, total)
    }

    /// The `Access-Control-Expose-Headers` header, if a part of the list was requested.
    pub fn exposed_headers(&self) -> Option<&'static str> {
        match self.slice {
            Slice::All => None,
            Slice::Between { .. } => Some("X-Total-Count"),
            Slice::Page { .. } => Some("X-Total-Count, Link"),
        }
    }

    /// Appends a stored record as it is sent, indented by `level` times two spaces.
    ///
    /// # Errors
    /// If the source's server would fail, or the stored record is not JSON.
    pub fn write_record(
        &self,
        out: &mut String,
        stored: &RawValue,
        level: usize,
    ) -> Result<(), ListQueryError> {
        self.check_expand()?;
        let record = to_source_json(stored.get(), self.base.as_str());
        if self.embedded.is_empty() && self.fields.is_none() {
            render::pretty(out, &record, level);
            return Ok(());
        }
        let record = render::with_fields(&record, &self.embedded, self.fields.as_deref());
        let record = record
            .map_err(|error| ListQueryError::new(format!("a record is not valid JSON: {error}")))?;
        render::pretty(out, &record, level);
        Ok(())
    }

    /// Fails where the source's server fails on `_expand`: for any record.
    pub(super) fn check_expand(&self) -> Result<(), ListQueryError> {
        match self.expands {
            true => Err(ListQueryError::new(
                "_expand is not supported: records refer to each other by link",
            )),
            false => Ok(()),
        }
    }

    /// Number of records that `limit` leaves.
    pub(super) fn apply_limit(&self, len: usize) -> Result<usize, ListQueryError> {
        let Some(limit) = self.limit else {
            return Ok(len);
        };
        #[expect(clippy::cast_precision_loss, reason = "no list is longer than 2^53")]
        let limited = limit.min(len as f64).min(MAX_LIMIT);
        if limit.is_nan() || limited < 0.0 || limited.fract() != 0.0 {
            return Err(ListQueryError::new(
                "limit must be a whole number of 0 or more",
            ));
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a whole number from 0 to 250"
        )]
        Ok(limited as usize)
    }
}

/// Whether a parameter is a condition on a field.
///
/// The source treats `_page`, `limit` and `fields` as conditions if a record has such a field.
/// Here they never are, so that a page of a large collection needs no scan.
fn is_condition(name: &str) -> bool {
    let others = [
        "q", "_start", "_end", "_sort", "_order", "_limit", "_embed", "_expand", "callback", "_",
        "_page", "limit", "fields",
    ];
    !others.contains(&name)
}

fn list_param(params: &Params, name: &str) -> Vec<String> {
    match params.get(name) {
        Some(ParamValue::One(value)) if !value.is_empty() => vec![value],
        Some(ParamValue::Many(values)) => values,
        _ => Vec::new(),
    }
}

fn parse_fields(params: &Params) -> Result<Option<Vec<String>>, ListQueryError> {
    match params.get_raw("fields")[..] {
        [] | [""] => Ok(None),
        [list] => Ok(Some(list.split(',').map(str::to_owned).collect())),
        _ => Err(ListQueryError::new(
            "fields may be given only once, as a comma-separated list",
        )),
    }
}

fn parse_limit(params: &Params) -> Option<f64> {
    match params.get_raw("limit")[..] {
        [] | [""] => None,
        [text] => Some(to_js_number(text)),
        _ => Some(f64::NAN),
    }
}

/// As Express does: the first one, without the characters that cannot be in a name.
fn parse_callback(params: &Params) -> Option<String> {
    let name = match params.get("callback")? {
        ParamValue::One(name) => name,
        ParamValue::Many(names) => names.into_iter().next()?,
        ParamValue::Object => return None,
    };
    let is_allowed = |c: &char| c.is_ascii_alphanumeric() || "[]_$.".contains(*c);
    let name: String = name.chars().filter(is_allowed).collect();
    (!name.is_empty()).then_some(name)
}
