use roaring::RoaringBitmap;
use serde_json::Value;

use crate::json_server::field_path::FieldPath;
use crate::json_server::list_query::ListQuery;
use crate::json_server::record_collection::RecordCollection;
use crate::wire::to_source_json;

/// Up to this many records are sorted by reading each. A scan keeps at least twice as many matches
/// before it drops those beyond the requested ones.
pub(super) const SCAN_LIMIT: usize = 1_000;

/// Runs a query on a collection.
pub(super) struct Executor<'a, C> {
    pub(super) query: &'a ListQuery,
    pub(super) collection: &'a C,
}

impl<C: RecordCollection> Executor<'_, C> {
    pub(super) fn is_title(&self, path: &FieldPath) -> bool {
        path.is_field() && path.raw() == self.collection.collection().name_field()
    }

    /// Parses a stored record, with absolute links.
    pub(super) fn parse(&self, stored: &str) -> Value {
        let json = to_source_json(stored, self.query.base.as_str());
        serde_json::from_str(&json).unwrap_or(Value::Null)
    }

    /// A record with at most one field, whose value is in stored form.
    pub(super) fn record_with(&self, field: &str, value: Option<&str>) -> Value {
        self.record_of(value.map(|value| (field, value)).into_iter())
    }

    /// A record with some fields, whose values are in stored form.
    pub(super) fn record_of<'f>(&self, fields: impl Iterator<Item = (&'f str, &'f str)>) -> Value {
        let fields = fields.filter_map(|(field, value)| {
            let parsed = if value.contains('/') {
                // Links depend on the field.
                let record = self.parse(&format!("{{{}:{value}}}", Value::from(field)));
                record.get(field).cloned()
            } else {
                serde_json::from_str(value).ok()
            };
            Some((field.to_owned(), parsed?))
        });
        Value::Object(fields.collect())
    }
}

pub(super) fn len(numbers: &RoaringBitmap) -> usize {
    usize::try_from(numbers.len()).unwrap_or(usize::MAX)
}
