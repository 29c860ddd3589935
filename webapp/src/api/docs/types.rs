//! The types of responses and events as tables, from their JSON schemas.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use common::models::Kind;
use schemars::JsonSchema as _;
use serde_json::{Map, Value};

use super::super::item_fields::{COMPONENTS, schema_name};
use super::super::item_json::ItemJson;
use super::super::openapi;
use super::super::operation::OPERATIONS;
use super::super::paging::PagedList;
use super::super::webhooks::webhooks;
use crate::events::encode::EVENT_TYPES;
use crate::http::ProblemDetails;

/// All types. Those of the later fields follow those of the earlier ones.
pub(super) struct Types {
    /// The fields of every list.
    pub(super) list: Vec<FieldRow>,
    /// One for each operation.
    pub(super) responses: Vec<ResponseType>,
    /// One for each event.
    pub(super) events: Vec<ResponseType>,
    /// The types of the events that a webhook posts, with a sentence each.
    pub(super) webhooks: Vec<(String, String)>,
    pub(super) problem: Vec<FieldRow>,
}

pub(super) static TYPES: LazyLock<Types> = LazyLock::new(Types::new);

/// The type of a body or of an event's data.
pub(super) struct ResponseType {
    /// The type; of a list, that of its items.
    pub(super) parts: Vec<TypePart>,
    pub(super) is_list: bool,
    /// The fields besides those of every list.
    pub(super) more_fields: Vec<FieldRow>,
    /// The types that this response is the first to have.
    pub(super) types: Vec<TypeTable>,
}

/// A type with a name.
pub(super) struct TypeTable {
    pub(super) name: String,
    /// Whether the rows are values.
    pub(super) is_enumeration: bool,
    pub(super) rows: Vec<FieldRow>,
}

/// A field of an object, or a value of an enumeration.
pub(super) struct FieldRow {
    pub(super) name: String,
    pub(super) parts: Vec<TypePart>,
    pub(super) description: String,
}

/// A part of a type's description.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum TypePart {
    Word(String),
    /// The name of a [`TypeTable`].
    Name(String),
}

impl Types {
    fn new() -> Self {
        let mut generator = openapi::generator();
        let list = PagedList::<ItemJson>::json_schema(&mut generator).to_value();
        let bodies = OPERATIONS
            .iter()
            .map(|operation| (operation.body_schema)(&mut generator).to_value())
            .collect::<Vec<_>>();
        let events = EVENT_TYPES.each_ref();
        let events = events.map(|event| (event.schema)(&mut generator).to_value());
        let problem = ProblemDetails::json_schema(&mut generator).to_value();
        let webhooks = webhooks(&mut generator).into_iter();
        let webhooks = webhooks.map(|(name, webhook)| (name, text(&webhook["post"]["summary"])));
        let mut schemas = Schemas {
            list: names(&list).map(str::to_owned).collect(),
            definitions: openapi::definitions(&mut generator),
            tables: BTreeSet::new(),
        };
        Self {
            list: schemas.rows(&list),
            responses: bodies.iter().map(|body| schemas.response(body)).collect(),
            events: events.iter().map(|data| schemas.response(data)).collect(),
            webhooks: webhooks.collect(),
            problem: schemas.rows(&problem),
        }
    }
}

impl TypeTable {
    pub(super) fn has_descriptions(&self) -> bool {
        self.rows.iter().any(|row| !row.description.is_empty())
    }
}

struct Schemas {
    /// The names of the fields of every list.
    list: BTreeSet<String>,
    definitions: Map<String, Value>,
    /// The names of the types that have a table.
    tables: BTreeSet<String>,
}

impl Schemas {
    fn response(&mut self, schema: &Value) -> ResponseType {
        let resolved = self.resolve(schema).clone();
        let is_list = self.is_list(&resolved);
        let parts = match is_list {
            true => self.parts(&resolved["properties"]["items"]["items"]),
            false => self.parts(schema),
        };
        let mut more_fields = Vec::new();
        if is_list {
            more_fields = self.rows(&resolved);
            more_fields.retain(|row| !self.list.contains(&row.name));
        }
        let mut types = Vec::new();
        let item = match is_list {
            true => &resolved["properties"]["items"]["items"],
            false => schema,
        };
        self.collect(schema, reference(item), &mut types);
        ResponseType {
            parts,
            is_list,
            more_fields,
            types,
        }
    }

    /// Appends the types that a schema refers to and that have no table yet. Items of other kinds
    /// than `root` are left to the operations of their kind.
    fn collect(&mut self, schema: &Value, root: Option<&str>, types: &mut Vec<TypeTable>) {
        let items = Kind::ALL.map(schema_name);
        for name in references(schema) {
            let is_other_item = items.contains(&name) && root != Some(name);
            if is_other_item || !self.tables.insert(name.to_owned()) {
                continue;
            }
            let Some(definition) = self.definitions.get(name).cloned() else {
                continue;
            };
            if !self.is_list(&definition) && has_table(&definition) {
                types.push(TypeTable {
                    name: name.to_owned(),
                    is_enumeration: !definition["properties"].is_object(),
                    rows: self.rows(&definition),
                });
            }
            self.collect(&definition, root, types);
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let definition = reference(schema).and_then(|name| self.definitions.get(name));
        definition.unwrap_or(schema)
    }

    fn is_list(&self, schema: &Value) -> bool {
        let fields: BTreeSet<_> = names(schema).collect();
        self.list.iter().all(|name| fields.contains(name.as_str()))
    }

    /// The fields of an object, or the values of an enumeration.
    fn rows(&self, schema: &Value) -> Vec<FieldRow> {
        let fields = schema["properties"].as_object().into_iter().flatten();
        let fields = fields.map(|(name, field)| FieldRow {
            name: name.clone(),
            parts: self.parts(field),
            description: text(&field["description"]),
        });
        fields.chain(values(schema)).collect()
    }

    /// A type in words.
    fn parts(&self, schema: &Value) -> Vec<TypePart> {
        if let Some(name) = reference(schema) {
            return match self.definitions.get(name) {
                Some(definition) if !has_table(definition) => self.parts(definition),
                _ => vec![TypePart::Name(name.to_owned())],
            };
        }
        let alternatives = schema["anyOf"].as_array().into_iter().flatten();
        let alternatives: Vec<_> = alternatives.map(|schema| self.parts(schema)).collect();
        if !alternatives.is_empty() {
            return joined(alternatives);
        }
        let word = |word: &str| TypePart::Word(word.to_owned());
        let types = match &schema["type"] {
            Value::String(name) => vec![name.as_str()],
            names => names
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect(),
        };
        let types = types.into_iter().map(|name| match name {
            "array" => [vec![word("list of ")], self.parts(&schema["items"])].concat(),
            "object" if schema["additionalProperties"].is_object() => {
                let values = self.parts(&schema["additionalProperties"]);
                [vec![word("object of ")], values].concat()
            }
            "string" if schema["format"] == "date-time" => vec![word("time")],
            name => vec![word(name)],
        });
        let types = joined(types.collect());
        if types.is_empty() {
            return vec![word("any value")];
        }
        types
    }
}

/// Alternatives, each once.
fn joined(alternatives: Vec<Vec<TypePart>>) -> Vec<TypePart> {
    let mut known: Vec<Vec<TypePart>> = Vec::new();
    for alternative in alternatives {
        if !known.contains(&alternative) {
            known.push(alternative);
        }
    }
    known.join(&TypePart::Word(" or ".into()))
}

/// Whether a definition is an object with fields or an enumeration.
fn has_table(definition: &Value) -> bool {
    definition["properties"].is_object() || values(definition).next().is_some()
}

fn values(schema: &Value) -> impl Iterator<Item = FieldRow> {
    let plain = schema["enum"].as_array().into_iter().flatten();
    let plain = plain.map(|value| (value, String::new()));
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.map(|value| (&value["const"], text(&value["description"])));
    plain.chain(described).filter_map(|(value, description)| {
        Some(FieldRow {
            name: value.as_str()?.to_owned(),
            parts: Vec::new(),
            description,
        })
    })
}

fn names(schema: &Value) -> impl Iterator<Item = &str> {
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.map(|(name, _)| name.as_str())
}

/// The name of the definition that a schema refers to.
fn reference(schema: &Value) -> Option<&str> {
    let path = schema["$ref"].as_str()?;
    path.strip_prefix(COMPONENTS)?.strip_prefix('/')
}

/// All names that a schema refers to, at any depth.
fn references(schema: &Value) -> Vec<&str> {
    let inner: Vec<_> = match schema {
        Value::Object(fields) => fields.values().collect(),
        Value::Array(values) => values.iter().collect(),
        _ => Vec::new(),
    };
    let own = reference(schema).into_iter();
    own.chain(inner.into_iter().flat_map(references)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
