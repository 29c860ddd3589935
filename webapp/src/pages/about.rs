use askama::Template;
use axum::extract::State;
use http_content::Representation;

use super::layout::{HtmlHead, PageLayout};
use crate::http::content::{self, AtVersion as _};
use crate::http::{AppError, Links, PublicUrl};
use crate::state::CurrentSite;

#[derive(Template)]
#[template(path = "about.html")]
struct AboutPage {
    head: HtmlHead,
    layout: PageLayout,
    /// The hosts that posters were copied from, if any are shown.
    poster_hosts: String,
    /// The start of the URLs in examples.
    root: String,
}

pub(crate) async fn show(
    State(current): State<CurrentSite>,
    State(public_url): State<PublicUrl>,
    links: Links,
) -> Result<Representation, AppError> {
    let site = current.load()?;
    let page = AboutPage {
        head: HtmlHead::of(
            &public_url,
            "/about",
            "About",
            "What PyFlix is, where its data comes from, and its API at a glance.",
        ),
        layout: PageLayout::of(&site),
        poster_hosts: Vec::from_iter(site.sync_status.posters.hosts()).join(", "),
        root: links.root().to_owned(),
    };
    let page = content::page(&page)?.at_version(site.version());
    Ok(links.with_links(page))
}
