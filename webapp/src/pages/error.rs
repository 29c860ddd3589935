use askama::Template;
use http::StatusCode;

#[derive(Template)]
#[template(path = "error.html")]
pub(crate) struct ErrorPage<'a> {
    pub(crate) status: StatusCode,
    pub(crate) title: &'a str,
    /// What went wrong and what to do.
    pub(crate) detail: &'a str,
    /// The requested path, decoded.
    pub(crate) path: &'a str,
    pub(crate) request_id: &'a str,
}
