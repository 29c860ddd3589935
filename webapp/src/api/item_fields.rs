//! The fields of items: their names, types and descriptions.

use common::models::Kind;
use schemars::{Schema, json_schema};
use serde_json::{Map, Value, json};

/// The document's path of schemas.
pub(super) const COMPONENTS: &str = "#/components/schemas";

pub(super) struct ItemField {
    pub(super) name: &'static str,
    pub(super) field_type: FieldType,
    description: &'static str,
}

#[derive(Clone, Copy)]
pub(super) enum FieldType {
    /// A text that is never null.
    RequiredText,
    Text,
    Texts,
    /// An integer from 0 to this.
    Integer(u64),
    Number,
    /// A number of years, or a description such as "late teens".
    Age,
    /// Items of a kind: their IDs, or the items themselves if they are included.
    Many(Kind),
    /// An item of a kind.
    One(Kind),
    /// A picture in several widths.
    Poster,
}

const fn field(name: &'static str, field_type: FieldType, description: &'static str) -> ItemField {
    ItemField {
        name,
        field_type,
        description,
    }
}

/// The fields of a kind, in their order.
#[rustfmt::skip] // One field a line.
pub(super) const fn fields(kind: Kind) -> &'static [ItemField] {
    use FieldType::{Age, Integer, Many, Number, One, Poster, RequiredText, Text, Texts};
    match kind {
        Kind::Movie => const { &[
            field("id", RequiredText, "ID at the source."),
            field("slug", RequiredText, "URL slug; stays the same when the title changes."),
            field("title", RequiredText, "The English title."),
            field("original_title", Text, "Title in the original script."),
            field("original_title_romanised", Text, "Romanised original title."),
            field("description", Text, "A synopsis."),
            field("director", Text, "Director; several are separated by commas."),
            field("producer", Text, "Producer; several are separated by commas."),
            field("release_year", Integer(65_535), "Year of first release."),
            field("running_time_minutes", Integer(65_535), "The running time in minutes."),
            field("score_percent", Integer(255), "Critics’ score (Rotten Tomatoes), in percent."),
            field("poster_url", Text, "URL of a poster on another host."),
            field("poster", Poster, "A copy of the poster on this server, if there is one."),
            field("banner_url", Text, "URL of a banner image on another host."),
            field("people", Many(Kind::Person), "Its characters."),
            field("locations", Many(Kind::Location), "Its places."),
            field("species", Many(Kind::Species), "The species that appear in it."),
            field("vehicles", Many(Kind::Vehicle), "Its vehicles."),
        ] },
        Kind::Person => const { &[
            field("id", RequiredText, "ID at the source."),
            field("slug", RequiredText, "URL slug."),
            field("name", RequiredText, "The name."),
            field("gender", Text, "Gender, as spelled by the source."),
            field("age", Age, "The age in years, or in words."),
            field("eye_color", Text, "Eye colour."),
            field("hair_color", Text, "Hair colour."),
            field("species", One(Kind::Species), "Species of this person."),
            field("movies", Many(Kind::Movie), "Movies this person appears in."),
            field("locations", Many(Kind::Location), "Where this person lives."),
            field("vehicles", Many(Kind::Vehicle), "Vehicles this person pilots."),
        ] },
        Kind::Location => const { &[
            field("id", RequiredText, "ID at the source."),
            field("slug", RequiredText, "URL slug."),
            field("name", RequiredText, "The name."),
            field("climate", Text, "Climate."),
            field("terrain", Text, "Terrain."),
            field("surface_water_percent", Integer(255), "Surface water, in percent."),
            field("residents", Many(Kind::Person), "Who lives there."),
            field("movies", Many(Kind::Movie), "Movies set there."),
        ] },
        Kind::Species => const { &[
            field("id", RequiredText, "ID at the source."),
            field("slug", RequiredText, "URL slug."),
            field("name", RequiredText, "The name."),
            field("classification", Text, "Biological classification."),
            field("eye_colors", Texts, "Known eye colours."),
            field("hair_colors", Texts, "Known hair colours."),
            field("people", Many(Kind::Person), "People of this species."),
            field("movies", Many(Kind::Movie), "Movies it appears in."),
        ] },
        Kind::Vehicle => const { &[
            field("id", RequiredText, "ID at the source."),
            field("slug", RequiredText, "URL slug."),
            field("name", RequiredText, "The name."),
            field("description", Text, "Description."),
            field("vehicle_class", Text, "Type, such as airship or boat."),
            field("length_feet", Number, "Its length in feet."),
            field("pilot", One(Kind::Person), "Who pilots it."),
            field("movies", Many(Kind::Movie), "Movies it appears in."),
        ] },
    }
}

impl ItemField {
    /// The kind of the related items, if it is a relation.
    pub(super) const fn related_kind(&self) -> Option<Kind> {
        match self.field_type {
            FieldType::Many(kind) | FieldType::One(kind) => Some(kind),
            _ => None,
        }
    }

    fn schema(&self) -> Value {
        let mut schema = match self.field_type {
            FieldType::RequiredText => json!({"type": "string"}),
            FieldType::Text => json!({"type": ["string", "null"]}),
            FieldType::Texts => json!({"type": "array", "items": {"type": "string"}}),
            FieldType::Integer(max) => {
                json!({"type": ["integer", "null"], "minimum": 0, "maximum": max})
            }
            FieldType::Number => json!({"type": ["number", "null"]}),
            FieldType::Age => json!({"type": ["integer", "string", "null"]}),
            FieldType::Many(kind) => {
                json!({"type": "array", "items": {"anyOf": [{"type": "string"}, reference(kind)]}})
            }
            FieldType::Poster => {
                let size = json!({"type": "integer", "minimum": 1});
                let url = json!({"type": "string", "description": "Path below the site’s root."});
                let picture = json!({"url": url, "width": size, "height": size});
                let required = ["url", "width", "height"];
                json!({
                    "type": ["object", "null"],
                    "properties": {"url": url, "width": size, "height": size, "sizes": {
                        "type": "array",
                        "description": "The same picture in all widths, in pixels.",
                        "items": {"type": "object", "properties": picture, "required": required},
                    }},
                    "required": ["url", "width", "height", "sizes"],
                })
            }
            FieldType::One(kind) => {
                json!({"anyOf": [{"type": ["string", "null"]}, reference(kind)]})
            }
        };
        schema["description"] = self.description.into();
        schema
    }
}

/// A kind's name among the document's schemas.
pub(super) const fn schema_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Movie => "Movie",
        Kind::Person => "Person",
        Kind::Location => "Location",
        Kind::Species => "Species",
        Kind::Vehicle => "Vehicle",
    }
}

/// A reference to the schema of a kind's items.
pub(super) fn reference(kind: Kind) -> Schema {
    let path = format!("{COMPONENTS}/{}", schema_name(kind));
    json_schema!({"$ref": path})
}

/// The schema of a kind's items. No field is required, since the parameter `fields` chooses.
pub(super) fn schema(kind: Kind) -> Value {
    let properties = fields(kind).iter();
    let properties: Map<_, _> = properties
        .map(|field| (field.name.to_owned(), field.schema()))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}
