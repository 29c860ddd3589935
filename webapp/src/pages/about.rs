use askama::Template;
use axum::extract::State;
use http_content::Representation;

use super::layout::{Frame, Head};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::CurrentSite;

/// Where a PyFlix listens that is not told otherwise.
const EXAMPLE: &str = "http://localhost:8000";

#[derive(Template)]
#[template(path = "about.html")]
struct About {
    head: Head,
    frame: Frame,
    /// What the addresses in its examples start with.
    origin: String,
}

/// What this is, where its data come from, and how programs and keyboards use it.
pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let origin = public_url.0.as_deref().unwrap_or(EXAMPLE);
    let page = About {
        head: Head::of(
            &public_url,
            "/about",
            "About",
            "What PyFlix is, where its data comes from, and its API at a glance.",
        ),
        frame: Frame::of(&site),
        origin: origin.to_owned(),
    };
    Ok(content::page(&page)?.at_version(site.version()))
}
