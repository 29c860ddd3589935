//! Items as JSON.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;

use catalogue_index::ListIndex;
use common::models::{Item, Kind, Number};
use common::repository::Picture;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::item_fields::{FieldType, fields, reference};
use crate::images;
use crate::lists::related::RelatedNumbers;
use crate::state::PosterIndex;

/// Related items that a field lists at most; the lists have all of them.
const MAX_RELATED: usize = 250;

/// An item of any kind.
#[derive(Serialize)]
#[serde(transparent)]
pub(super) struct ItemJson(Map<String, Value>);

impl JsonSchema for ItemJson {
    fn schema_name() -> Cow<'static, str> {
        "Item".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": Kind::ALL.map(reference)})
    }
}

/// Turns items into JSON.
#[derive(Default)]
pub(super) struct ItemSerializer<'a> {
    /// The fields to return; all by default.
    pub(super) fields: Option<Vec<&'a str>>,
    /// The relations to expand.
    pub(super) include: Vec<&'a str>,
    /// The posters of movies.
    pub(super) posters: Option<&'a PosterIndex>,
    /// Items of expanded relations, since the items of a page share many.
    pub(super) included: RefCell<HashMap<Number, Value>>,
}

impl ItemSerializer<'_> {
    pub(super) fn item(&self, item: &Item, index: &ListIndex) -> ItemJson {
        let mut facts = facts(item);
        let mut json = Map::new();
        for field in fields(item.kind()) {
            let chosen = self.fields.as_ref();
            if chosen.is_some_and(|chosen| !chosen.contains(&field.name)) {
                continue;
            }
            let value = match (field.name, field.related_kind()) {
                ("id", _) => (*item.id).into(),
                ("slug", _) => (*item.slug).into(),
                (name, Some(kind)) => {
                    let is_included = self.include.contains(&name);
                    let related = RelatedNumbers::of(item, kind, index).first(index, MAX_RELATED);
                    let mut values = related.into_iter().filter_map(|number| {
                        if is_included {
                            return self.included(number, index);
                        }
                        Some((*index.item(number)?.id).into())
                    });
                    match field.field_type {
                        FieldType::One(_) => values.next().unwrap_or_default(),
                        _ => values.collect(),
                    }
                }
                ("poster", _) => self.poster(item),
                (name, None) => facts.shift_remove(name).unwrap_or_default(),
            };
            json.insert(field.name.to_owned(), value);
        }
        ItemJson(json)
    }

    fn poster(&self, item: &Item) -> Value {
        let pictures = self.posters.and_then(|posters| posters.get(item));
        let picture = |one: &Picture| json!({"url": images::address(one), "width": one.width, "height": one.height});
        let sizes: Vec<_> = pictures.unwrap_or_default().iter().map(picture).collect();
        let Some(mut poster) = sizes.last().cloned() else {
            return Value::Null;
        };
        poster["sizes"] = sizes.into();
        poster
    }

    fn included(&self, number: Number, index: &ListIndex) -> Option<Value> {
        if let Some(value) = self.included.borrow().get(&number) {
            return Some(value.clone());
        }
        let serializer = ItemSerializer {
            posters: self.posters,
            ..ItemSerializer::default()
        };
        let ItemJson(json) = serializer.item(&*index.item(number)?, index);
        let value = Value::Object(json);
        self.included.borrow_mut().insert(number, value.clone());
        Some(value)
    }
}

fn facts(item: &Item) -> Map<String, Value> {
    let facts = serde_json::to_value(&item.facts).unwrap_or_default();
    let inner = facts.as_object().and_then(|facts| facts.values().next());
    inner
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
}
