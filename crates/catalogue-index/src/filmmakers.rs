use std::cmp::Reverse;
use std::sync::Arc;

use roaring::RoaringBitmap;

use crate::field::FieldValue;
use crate::list_index::ListIndex;
use crate::role::Role;

/// A director or a producer. The source has no records of them, only names in movies.
#[derive(Clone, Debug)]
pub struct Filmmaker {
    /// Their role.
    pub role: Role,
    /// The name as the first of their movies writes it.
    pub name: String,
    /// The readable name in URLs, unique within the role. It changes only with the name, or when
    /// another name with the same slug appears or disappears.
    pub slug: String,
    /// The numbers of their movies.
    pub movies: Arc<RoaringBitmap>,
}

impl ListIndex {
    /// The filmmaker with a slug.
    pub fn filmmaker(&self, role: Role, slug: &str) -> Option<Filmmaker> {
        let name = self.filmmaker_names(role).find_slug(slug)?;
        self.filmmaker_by_name(role, name)
    }

    /// The filmmaker with a name, ignoring case.
    pub fn filmmaker_by_name(&self, role: Role, name: &str) -> Option<Filmmaker> {
        let value = FieldValue::text(name);
        let FieldValue::Text(name) = &value else {
            return None;
        };
        Some(Filmmaker {
            role,
            movies: self.with_value(role.field(), &value)?.clone(),
            name: self.as_written(role.field(), name),
            slug: self.filmmaker_names(role).slug(role, name),
        })
    }

    /// A page of all filmmakers of a role, those with the most movies first, then by name.
    pub fn filmmakers(&self, role: Role, offset: usize, limit: usize) -> Vec<Filmmaker> {
        let names = self.filmmaker_names(role).iter().skip(offset).take(limit);
        names
            .filter_map(|name| self.filmmaker_by_name(role, name))
            .collect()
    }

    /// The number of filmmakers of a role.
    pub fn filmmaker_count(&self, role: Role) -> usize {
        self.filmmaker_names(role).len()
    }

    /// The filmmakers of a role whose names have words that begin with all words of a text, those
    /// with the most movies first.
    pub fn find_filmmakers(&self, role: Role, text: &str, limit: usize) -> Vec<Filmmaker> {
        let names = self.filmmaker_names(role).find(text);
        let mut found: Vec<_> = names
            .filter_map(|name| {
                let movies = self.with_value(role.field(), &FieldValue::Text(name.clone()))?;
                Some((Reverse(movies.len()), name))
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        let found = found.into_iter().take(limit);
        found
            .filter_map(|(_, name)| self.filmmaker_by_name(role, name))
            .collect()
    }
}
