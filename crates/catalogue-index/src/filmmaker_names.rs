use std::cmp::Reverse;
use std::sync::Arc;

use common::models::slug;
use imbl::OrdSet;
use text_folding::{fold, push_token, tokenise, truncated};
use xxhash_rust::xxh3::xxh3_64;

use crate::role::Role;

/// The shortest text that names are found by.
const MIN_FOUND_CHARS: usize = 2;

/// The lowercased names in one field of all movies: by slug, by word and by number of movies.
#[derive(Clone, Debug, Default)]
pub(crate) struct FilmmakerNames {
    /// Names with their slugs, which several names can share.
    slugs: OrdSet<(Arc<str>, Arc<str>)>,
    /// Names with each of their folded words.
    words: OrdSet<(Arc<str>, Arc<str>)>,
    /// The most movies first.
    by_count: OrdSet<(Reverse<u64>, Arc<str>)>,
}

impl FilmmakerNames {
    /// Sets the number of movies with a name, from `before` to `after`.
    pub(crate) fn set_count(&mut self, role: Role, name: &Arc<str>, before: u64, after: u64) {
        let has_slug = (base_slug(role, name).into(), name.clone());
        let words = || words(name).into_iter().map(Arc::<str>::from);
        if before == 0 {
            self.slugs.insert(has_slug);
            self.words.extend(words().map(|word| (word, name.clone())));
        } else {
            self.by_count.remove(&(Reverse(before), name.clone()));
            if after == 0 {
                self.slugs.remove(&has_slug);
                for word in words() {
                    self.words.remove(&(word, name.clone()));
                }
            }
        }
        if after > 0 {
            self.by_count.insert((Reverse(after), name.clone()));
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_count.len()
    }

    /// All names, the ones with the most movies first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<str>> {
        self.by_count.iter().map(|(_, name)| name)
    }

    /// The slug of a name: of the names that share one, the first in order has it as it is, and the
    /// others have it with a digest of the name. So it depends on the names alone.
    pub(crate) fn slug(&self, role: Role, name: &str) -> String {
        let base = base_slug(role, name);
        if self
            .with_slug(&base)
            .next()
            .is_none_or(|first| **first == *name)
        {
            return base;
        }
        format!("{base}-{}", digest(name))
    }

    /// The name with a slug. A slug with a digest always leads to its name.
    pub(crate) fn find_slug(&self, slug: &str) -> Option<&Arc<str>> {
        self.with_slug(slug).next().or_else(|| {
            let (base, suffix) = slug.rsplit_once('-')?;
            self.with_slug(base).find(|name| digest(name) == suffix)
        })
    }

    fn with_slug(&self, base: &str) -> impl Iterator<Item = &Arc<str>> {
        starting_at(&self.slugs, base)
            .take_while(move |(slug, _)| **slug == *base)
            .map(|(_, name)| name)
    }

    /// The names with words that begin with all words of a text, in no order; one can come twice.
    pub(crate) fn find(&self, text: &str) -> impl Iterator<Item = &Arc<str>> {
        let mut typed = words(text);
        typed.sort_by_key(|word| Reverse(word.chars().count()));
        let first = typed.first().cloned().unwrap_or_default();
        let is_long_enough = first.chars().count() >= MIN_FOUND_CHARS;
        let found = is_long_enough.then(|| starting_at(&self.words, &first));
        let found = found.into_iter().flatten();
        found
            .take_while(move |(word, _)| word.starts_with(&first))
            .map(|(_, name)| name)
            .filter(move |name| {
                let words = if typed.len() > 1 {
                    words(name)
                } else {
                    Vec::new()
                };
                let mut others = typed.iter().skip(1);
                others.all(|typed| words.iter().any(|word| word.starts_with(typed)))
            })
    }
}

/// The pairs whose first text is not less than `start`.
fn starting_at<'a>(
    pairs: &'a OrdSet<(Arc<str>, Arc<str>)>,
    start: &str,
) -> impl Iterator<Item = &'a (Arc<str>, Arc<str>)> + use<'a> {
    let first: (Arc<str>, Arc<str>) = (start.into(), "".into());
    pairs.range(first..)
}

/// The slug of a name, or one from its role and digest if its script gives none.
fn base_slug(role: Role, name: &str) -> String {
    slug(name).unwrap_or_else(|| format!("{}-{}", role.singular(), digest(name)))
}

fn digest(name: &str) -> String {
    let mut digest = format!("{:016x}", xxh3_64(name.as_bytes()));
    digest.truncate(8);
    digest
}

fn words(text: &str) -> Vec<String> {
    let mut folded = Vec::new();
    fold(truncated(text), &mut folded);
    let tokens = tokenise(&folded).into_iter();
    let words = tokens.map(|token| {
        let mut word = String::new();
        push_token(&mut word, &folded, &token);
        word
    });
    words.filter(|word| !word.is_empty()).collect()
}
