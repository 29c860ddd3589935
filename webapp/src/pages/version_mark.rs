//! Marks a page as of a version: a notice at its top, and links and forms that lead to the same
//! version.

use askama::Template;
use jiff::Timestamp;

use super::layout::TimeTag;
use crate::http::path::{VERSION, address_as_of};

/// The tag before the contents of every page.
const MAIN: &str = "<main id=\"content\" class=\"column\" tabindex=\"-1\">\n";
/// `&` in an attribute, as askama escapes it.
const AND: &str = "&#38;";

/// The version that a request names.
#[derive(Clone, Debug, Template)]
#[template(path = "components/version_mark.html")]
pub(crate) struct VersionMark {
    version: u64,
    published: Timestamp,
    /// Whether there is no newer version yet.
    is_newest: bool,
    /// The path and query of the same page today.
    today: String,
}

impl VersionMark {
    pub(crate) fn new(version: u64, published: Timestamp, is_newest: bool, today: String) -> Self {
        Self {
            version,
            published,
            is_newest,
            today,
        }
    }

    /// Marks a page whose addresses begin at the root of the site.
    pub(crate) fn apply(&self, page: &str) -> String {
        let page = with_version(page, self.version);
        match self.render() {
            Ok(notice) => page.replacen(MAIN, &format!("{MAIN}{notice}\n"), 1),
            Err(error) => {
                tracing::error!(%error, "cannot render the notice of a version");
                page
            }
        }
    }
}

/// Makes the addresses in attributes lead to the same version, where there is one. Only a template
/// can contain a quotation mark: those in data are escaped.
fn with_version(page: &str, version: u64) -> String {
    let mut marked = String::with_capacity(page.len() + page.len() / 8);
    let mut rest = page;
    while let Some(start) = rest.find("=\"/") {
        let (before, address) = rest.split_at(start + "=\"".len());
        let name = rest[..start].rsplit([' ', '\n']).next();
        let (address, after) = address.split_at(address.find('"').unwrap_or(address.len()));
        marked.push_str(before);
        rest = after;
        let as_of = address_as_of(address, version, AND);
        match (name, as_of) {
            (Some("href" | "src"), Some(as_of)) => marked.push_str(&as_of),
            (Some("action"), Some(_)) => {
                // A form replaces the query of its address.
                let (tag, after) = after.split_at(after.find('>').map_or(0, |end| end + 1));
                marked.extend([address, tag]);
                marked.push_str(&format!(
                    "<input type=\"hidden\" name=\"{VERSION}\" value=\"{version}\">"
                ));
                rest = after;
            }
            _ => marked.push_str(address),
        }
    }
    marked.push_str(rest);
    marked
}
