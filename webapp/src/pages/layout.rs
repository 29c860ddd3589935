use common::models::SyncState;
use jiff::Timestamp;

use crate::art::SharePicture;
use crate::http::PublicUrl;
use crate::state::{Freshness, Site};

/// The data of the layout around every page.
pub(crate) struct PageLayout {
    /// The most severe state, unless the catalogue is up to date.
    pub(crate) notice: Option<Notice>,
    /// The digest of all notices about the syncs.
    pub(crate) notices: String,
    pub(crate) version: u64,
    /// Whether the request names the version.
    pub(crate) is_as_of: bool,
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
    /// The picture for link previews; only with absolute URLs.
    pub(crate) picture: Option<SharePicture>,
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
            picture: None,
            is_indexed: true,
        }
    }

    pub(crate) fn with_og_type(self, og_type: &'static str) -> Self {
        Self { og_type, ..self }
    }

    /// Adds a picture for previews of links, if URLs are absolute, as these must be.
    pub(crate) fn with_picture(
        mut self,
        public_url: &PublicUrl,
        picture: impl FnOnce() -> Option<SharePicture>,
    ) -> Self {
        if let Some(site) = &public_url.configured {
            self.picture = picture().map(|picture| SharePicture {
                address: format!("{site}{}", picture.address),
                ..picture
            });
        }
        self
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
    pub(crate) before: String,
    pub(crate) since: Option<TimeTag>,
    pub(crate) after: String,
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

    /// The time of day, in UTC.
    pub(crate) fn clock(&self) -> String {
        self.format("%H:%M")
    }

    fn format(&self, format: &str) -> String {
        self.0.strftime(format).to_string()
    }
}

impl PageLayout {
    pub(crate) fn of(site: &Site) -> Self {
        Self {
            notice: notice(site),
            notices: site.notices(),
            version: site.version(),
            is_as_of: site.is_as_of,
            published: TimeTag(site.snapshot.header.at),
        }
    }
}

fn notice(site: &Site) -> Option<Notice> {
    let seen = match site.is_built_in() {
        true => "the built-in catalogue",
        false => "the last good copy",
    };
    let (before, since, after) = match (site.state(), site.freshness) {
        (SyncState::Held, _) => (
            "A sync is held for review, because its changes look like damage, since".into(),
            site.since(),
            format!(". You are viewing {seen}."),
        ),
        (SyncState::Pinned, _) => (
            format!(
                "The catalogue is pinned to version {} and does not follow its source.",
                site.status.pinned.unwrap_or_default()
            ),
            None,
            String::new(),
        ),
        (_, Freshness::Fresh | Freshness::Waiting) if site.is_built_in() => (
            format!("You are viewing {seen}: the first sync is still running."),
            None,
            String::new(),
        ),
        (_, Freshness::Fresh | Freshness::Waiting) => return None,
        (_, Freshness::SourceUnavailable(since)) if site.is_built_in() => (
            format!("You are viewing {seen}: the source has been unavailable since"),
            Some(since),
            ". The first successful sync will replace it.".into(),
        ),
        (_, Freshness::NoRecentSync(since)) if site.is_built_in() => (
            format!("You are viewing {seen}: no sync has finished since"),
            Some(since),
            ".".into(),
        ),
        (_, Freshness::SyncInFuture(at)) => (
            "The last sync is dated in the future,".into(),
            Some(at),
            ": a clock was or is wrong, and the catalogue may be out of date.".into(),
        ),
        (_, Freshness::StoreUnavailable(since)) => (
            "The database has been unavailable since".into(),
            Some(since),
            ". You are viewing the last good copy.".into(),
        ),
        (_, Freshness::SourceUnavailable(since)) => (
            "The source has been unavailable since".into(),
            Some(since),
            ". You are viewing the last good copy.".into(),
        ),
        (_, Freshness::NoRecentSync(since)) => (
            "No sync has finished since".into(),
            Some(since),
            ". The catalogue may be out of date.".into(),
        ),
    };
    Some(Notice {
        before,
        since: since.map(TimeTag),
        after,
    })
}
