//! The posters that pages show, by their URLs at the source. The pictures themselves are in the store.

use std::collections::{BTreeSet, HashMap, HashSet};

use common::models::{Facts, Item};
use common::repository::{Picture, Poster};
use http::Uri;
use xxhash_rust::xxh3::xxh3_64;

/// The posters in the store.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PosterIndex {
    /// Pictures of increasing widths.
    pictures: HashMap<String, Vec<Picture>>,
    keys: HashSet<String>,
    digest: u64,
    /// The posters whose last attempt failed, in the order of their URLs.
    pub(crate) failures: Vec<PosterFailure>,
}

/// A poster that cannot be fetched.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PosterFailure {
    pub(crate) host: String,
    pub(crate) problem: String,
}

impl PosterIndex {
    pub(crate) fn new(posters: Vec<Poster>) -> Self {
        let mut index = Self::default();
        let mut all_keys = String::new();
        for poster in posters {
            if let Some(problem) = poster.problem.filter(|_| poster.unused_since.is_none()) {
                let host = host(&poster.url).unwrap_or_default();
                index.failures.push(PosterFailure { host, problem });
            }
            if poster.pictures.is_empty() {
                continue;
            }
            for picture in &poster.pictures {
                all_keys.push_str(&picture.key);
                index.keys.insert(picture.key.clone());
            }
            all_keys.push_str(&poster.url);
            index.pictures.insert(poster.url, poster.pictures);
        }
        if !all_keys.is_empty() {
            index.digest = xxh3_64(all_keys.as_bytes());
        }
        index
    }

    /// The pictures of an item's poster, of increasing widths; never empty.
    pub(crate) fn get(&self, item: &Item) -> Option<&[Picture]> {
        let Facts::Movie(movie) = &item.facts else {
            return None;
        };
        let pictures = self.pictures.get(movie.poster_url.as_ref()?)?;
        Some(pictures)
    }

    /// Whether a poster has the picture with this key.
    pub(crate) fn has_picture(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// A digest of all posters with pictures; 0 without any. The same in every process.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// The number of posters with pictures.
    pub(crate) fn count(&self) -> usize {
        self.pictures.len()
    }

    /// The size of all pictures in bytes.
    pub(crate) fn bytes(&self) -> u64 {
        let pictures = self.pictures.values().flatten();
        pictures.map(|picture| picture.bytes).sum()
    }

    /// The hosts of the posters with pictures.
    pub(crate) fn hosts(&self) -> BTreeSet<String> {
        self.pictures.keys().filter_map(|url| host(url)).collect()
    }
}

fn host(url: &str) -> Option<String> {
    let uri: Uri = url.parse().ok()?;
    Some(uri.host()?.to_owned())
}
