use askama::Template;
use axum::extract::State;
use http_content::Representation;

use super::layout::{HtmlHead, PageLayout};
use crate::http::AppError;
use crate::http::PublicUrl;
use crate::http::content::{self, AtVersion as _};
use crate::state::CurrentSite;

/// The origin with the default `PYFLIX_LISTEN`.
const DEFAULT_ORIGIN: &str = "http://localhost:8000";

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage {
    head: HtmlHead,
    layout: PageLayout,
    /// The hosts that posters were copied from, if any are shown.
    poster_hosts: String,
    /// The origin of the URLs in examples.
    origin: String,
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let origin = public_url.configured.as_deref().unwrap_or(DEFAULT_ORIGIN);
    let page = AboutPage {
        head: HtmlHead::of(
            &public_url,
            "/about",
            "About",
            "What PyFlix is, where its data comes from, and its API at a glance.",
        ),
        layout: PageLayout::of(&site),
        poster_hosts: Vec::from_iter(site.sync_status.posters.hosts()).join(", "),
        origin: origin.to_owned(),
    };
    Ok(content::page(&page)?.at_version(site.version()))
}
