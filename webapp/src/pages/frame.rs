use jiff::Timestamp;

use crate::http::PublicUrl;
use crate::state::{Freshness, Site};

/// What stands around every page of the catalogue: what is to be said of its freshness.
pub(crate) struct Frame {
    /// Why the catalogue may be old, if so.
    pub(crate) notice: Option<Notice>,
    pub(crate) version: u64,
    /// When the version was published.
    pub(crate) published: Moment,
}

/// What a page says of itself to search engines and to those who share it.
pub(crate) struct Head {
    /// Without the site's name.
    pub(crate) title: String,
    pub(crate) description: String,
    /// Its address: whole if the site's own is configured, else its path.
    pub(crate) canonical: String,
    /// What Open Graph calls it.
    pub(crate) sort: &'static str,
}

impl Head {
    pub(crate) fn of(
        public_url: &PublicUrl,
        path: &str,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let site = public_url.0.as_deref().unwrap_or_default();
        Self {
            title: title.into(),
            description: description.into(),
            canonical: format!("{site}{path}"),
            sort: "website",
        }
    }

    /// The same page as another sort of thing.
    pub(crate) fn of_sort(self, sort: &'static str) -> Self {
        Self { sort, ..self }
    }

    pub(crate) fn is_absolute(&self) -> bool {
        !self.canonical.starts_with('/')
    }
}

/// A sentence with a moment in it.
pub(crate) struct Notice {
    pub(crate) before: &'static str,
    pub(crate) since: Option<Moment>,
    pub(crate) after: &'static str,
}

/// A moment for people and for programs.
pub(crate) struct Moment(pub(crate) Timestamp);

impl Moment {
    /// As in `<time datetime>`, to the second.
    pub(crate) fn machine(&self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// In words.
    pub(crate) fn words(&self) -> String {
        self.format("%-d %B %Y, %H:%M UTC")
    }

    fn format(&self, format: &str) -> String {
        self.0.strftime(format).to_string()
    }
}

impl Frame {
    pub(crate) fn of(site: &Site) -> Self {
        Self {
            notice: notice(site),
            version: site.version(),
            published: Moment(site.snapshot.header.at),
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
        since: since.map(Moment),
        after,
    })
}
