use jiff::Timestamp;

use crate::http::PublicUrl;
use crate::state::{Freshness, Site};

/// The data of the layout around every page.
pub(crate) struct PageLayout {
    /// Why the catalogue may be out of date, if so.
    pub(crate) notice: Option<Notice>,
    pub(crate) version: u64,
    /// When the version was published.
    pub(crate) published: TimeTag,
}

/// The metadata in a page's `<head>`, for search engines and link previews.
pub(crate) struct HtmlHead {
    /// Without the site's name.
    pub(crate) title: String,
    pub(crate) description: String,
    /// The canonical URL; only its path unless `PYFLIX_PUBLIC_URL` is set.
    pub(crate) canonical: String,
    /// `og:type` (Open Graph).
    pub(crate) og_type: &'static str,
    /// Whether search engines may show the page and follow its links.
    pub(crate) is_indexed: bool,
}

impl HtmlHead {
    pub(crate) fn of(
        public_url: &PublicUrl,
        path: &str,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let site = public_url.configured.as_deref().unwrap_or_default();
        Self {
            title: title.into(),
            description: description.into(),
            canonical: format!("{site}{path}"),
            og_type: "website",
            is_indexed: true,
        }
    }

    pub(crate) fn with_og_type(self, og_type: &'static str) -> Self {
        Self { og_type, ..self }
    }

    /// Keeps search engines off one of the many views of the same data.
    pub(crate) fn not_indexed(self) -> Self {
        Self {
            is_indexed: false,
            ..self
        }
    }

    pub(crate) fn is_absolute(&self) -> bool {
        !self.canonical.starts_with('/')
    }
}

/// A sentence with a time in it, in three parts.
pub(crate) struct Notice {
    pub(crate) before: &'static str,
    pub(crate) since: Option<TimeTag>,
    pub(crate) after: &'static str,
}

/// The contents of a `<time>` element.
pub(crate) struct TimeTag(pub(crate) Timestamp);

impl TimeTag {
    /// The `datetime` attribute, to the second.
    pub(crate) fn datetime(&self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        self.format("%-d %B %Y, %H:%M UTC")
    }

    fn format(&self, format: &str) -> String {
        self.0.strftime(format).to_string()
    }
}

impl PageLayout {
    pub(crate) fn of(site: &Site) -> Self {
        Self {
            notice: notice(site),
            version: site.version(),
            published: TimeTag(site.snapshot.header.at),
        }
    }
}

fn notice(site: &Site) -> Option<Notice> {
    let (before, since, after) = match (site.is_built_in(), site.freshness) {
        (false, Freshness::Fresh | Freshness::Waiting) => return None,
        (true, Freshness::Fresh | Freshness::Waiting) => (
            "You are viewing the built-in catalogue: the first sync is still running",
            None,
            ".",
        ),
        (true, Freshness::SourceUnavailable(since)) => (
            "You are viewing the built-in catalogue: the source has been unavailable since",
            Some(since),
            ". The first successful sync will replace it.",
        ),
        (true, Freshness::NoRecentSync(since)) => (
            "You are viewing the built-in catalogue: no sync has finished since",
            Some(since),
            ".",
        ),
        (_, Freshness::SyncInFuture(at)) => (
            "The last sync is dated in the future,",
            Some(at),
            ": a clock was or is wrong, and the catalogue may be out of date.",
        ),
        (_, Freshness::StoreUnavailable(since)) => (
            "The database has been unavailable since",
            Some(since),
            ". You are viewing the last good copy.",
        ),
        (false, Freshness::SourceUnavailable(since)) => (
            "The source has been unavailable since",
            Some(since),
            ". You are viewing the last good copy.",
        ),
        (false, Freshness::NoRecentSync(since)) => (
            "No sync has finished since",
            Some(since),
            ". The catalogue may be out of date.",
        ),
    };
    Some(Notice {
        before,
        since: since.map(TimeTag),
        after,
    })
}
