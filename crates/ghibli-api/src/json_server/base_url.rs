use crate::wire::link::AbsoluteLink;

/// The base of all links in responses, such as `http://localhost:8000/ghibli`.
pub(super) struct BaseUrl(String);

impl BaseUrl {
    pub(super) fn new(base: &str) -> Self {
        Self(base.trim_end_matches('/').to_owned())
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// Replaces the base of a link among the collections, whatever its host. `None` for other
    /// texts.
    pub(super) fn rebase(&self, text: &str) -> Option<String> {
        let AbsoluteLink { target, .. } = AbsoluteLink::parse(text)?;
        let id = target.id.unwrap_or_default();
        Some(format!("{}/{}/{id}", self.0, target.collection))
    }

    /// The same for a pattern that is a link, optionally anchored by `^` and `$`.
    pub(super) fn rebase_pattern(&self, pattern: &str) -> Option<String> {
        let (start, rest) = match pattern.strip_prefix('^') {
            Some(rest) => ("^", rest),
            None => ("", pattern),
        };
        let (end, rest) = match rest.strip_suffix('$') {
            Some(rest) => ("$", rest),
            None => ("", rest),
        };
        let AbsoluteLink { target, .. } = AbsoluteLink::parse(rest)?;
        let id = target.id.unwrap_or_default();
        let base = regex::escape(&self.0);
        Some(format!("{start}{base}/{}/{id}{end}", target.collection))
    }
}
