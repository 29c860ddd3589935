use askama::Template;
use http::StatusCode;

/// What a person sees instead of the page that was asked for.
#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) status: StatusCode,
    /// The answer in a few words, as a heading.
    pub(crate) title: &'a str,
    /// What went wrong and what to do about it.
    pub(crate) detail: &'a str,
    /// What was asked for.
    pub(crate) path: &'a str,
    pub(crate) request_id: &'a str,
}
