//! Items as this API tells them, and what is known of their fields.

use std::cell::RefCell;
use std::collections::HashMap;

use common::models::{Facts, Id, Item, Kind, Link, Number};
use roaring::RoaringBitmap;
use serde_json::{Map, Value, json};

use catalogue_index::{Index, Sort};

/// The most items of a relation that an item tells; the lists give all of them.
const MOST_RELATED: usize = 250;

/// A field of an item.
pub(super) struct FieldOf {
    pub(super) name: &'static str,
    pub(super) form: Form,
    pub(super) about: &'static str,
}

/// What a field's value looks like.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// A text that is always there.
    Name,
    /// A text, or null where it is not known.
    Text,
    /// Several texts.
    Texts,
    /// A whole number from 0 up to this, or null.
    Number(u64),
    /// A number, or null.
    Measure,
    /// A number of years, or words, or null.
    Age,
    /// Items of a kind: their ids, or the items themselves where they are included.
    Several(Kind),
    /// An item of a kind, or null.
    One(Kind),
}

const fn field(name: &'static str, form: Form, about: &'static str) -> FieldOf {
    FieldOf { name, form, about }
}

const MOVIE: [FieldOf; 17] = [
    field("id", Form::Name, "ID at the source."),
    field(
        "slug",
        Form::Name,
        "URL slug; stays the same when the title changes.",
    ),
    field("title", Form::Name, "The English title."),
    field(
        "original_title",
        Form::Text,
        "Title in the original script.",
    ),
    field(
        "original_title_romanised",
        Form::Text,
        "Romanised original title.",
    ),
    field("description", Form::Text, "A synopsis."),
    field(
        "director",
        Form::Text,
        "Director; several are separated by commas.",
    ),
    field(
        "producer",
        Form::Text,
        "Producer; several are separated by commas.",
    ),
    field(
        "release_year",
        Form::Number(65_535),
        "Year of first release.",
    ),
    field(
        "running_time_minutes",
        Form::Number(65_535),
        "The running time in minutes.",
    ),
    field(
        "score_percent",
        Form::Number(255),
        "Critics’ score (Rotten Tomatoes), in percent.",
    ),
    field("poster_url", Form::Text, "URL of a poster on another host."),
    field(
        "banner_url",
        Form::Text,
        "URL of a banner image on another host.",
    ),
    field("people", Form::Several(Kind::Person), "Its characters."),
    field("locations", Form::Several(Kind::Location), "Its places."),
    field(
        "species",
        Form::Several(Kind::Species),
        "The species that appear in it.",
    ),
    field("vehicles", Form::Several(Kind::Vehicle), "Its vehicles."),
];

const PERSON: [FieldOf; 11] = [
    field("id", Form::Name, "ID at the source."),
    field("slug", Form::Name, "URL slug."),
    field("name", Form::Name, "The name."),
    field("gender", Form::Text, "Gender, as spelled by the source."),
    field("age", Form::Age, "The age in years, or in words."),
    field("eye_color", Form::Text, "Eye colour."),
    field("hair_color", Form::Text, "Hair colour."),
    field(
        "species",
        Form::One(Kind::Species),
        "Species of this person.",
    ),
    field(
        "movies",
        Form::Several(Kind::Movie),
        "Movies this person appears in.",
    ),
    field(
        "locations",
        Form::Several(Kind::Location),
        "Where this person lives.",
    ),
    field(
        "vehicles",
        Form::Several(Kind::Vehicle),
        "Vehicles this person pilots.",
    ),
];

const LOCATION: [FieldOf; 8] = [
    field("id", Form::Name, "ID at the source."),
    field("slug", Form::Name, "URL slug."),
    field("name", Form::Name, "The name."),
    field("climate", Form::Text, "Climate."),
    field("terrain", Form::Text, "Terrain."),
    field(
        "surface_water_percent",
        Form::Number(255),
        "Surface water, in percent.",
    ),
    field("residents", Form::Several(Kind::Person), "Who lives there."),
    field("movies", Form::Several(Kind::Movie), "Movies set there."),
];

const SPECIES: [FieldOf; 8] = [
    field("id", Form::Name, "ID at the source."),
    field("slug", Form::Name, "URL slug."),
    field("name", Form::Name, "The name."),
    field("classification", Form::Text, "Biological classification."),
    field("eye_colors", Form::Texts, "Known eye colours."),
    field("hair_colors", Form::Texts, "Known hair colours."),
    field(
        "people",
        Form::Several(Kind::Person),
        "People of this species.",
    ),
    field(
        "movies",
        Form::Several(Kind::Movie),
        "Movies it appears in.",
    ),
];

const VEHICLE: [FieldOf; 8] = [
    field("id", Form::Name, "ID at the source."),
    field("slug", Form::Name, "URL slug."),
    field("name", Form::Name, "The name."),
    field("description", Form::Text, "Description."),
    field(
        "vehicle_class",
        Form::Text,
        "Type, such as airship or boat.",
    ),
    field("length_feet", Form::Measure, "Its length in feet."),
    field("pilot", Form::One(Kind::Person), "Who pilots it."),
    field(
        "movies",
        Form::Several(Kind::Movie),
        "Movies it appears in.",
    ),
];

/// The fields of a kind, in their order.
pub(super) const fn fields(kind: Kind) -> &'static [FieldOf] {
    match kind {
        Kind::Movie => &MOVIE,
        Kind::Person => &PERSON,
        Kind::Location => &LOCATION,
        Kind::Species => &SPECIES,
        Kind::Vehicle => &VEHICLE,
    }
}

impl FieldOf {
    /// The kind of the items that it names, if it is a relation.
    pub(super) const fn to(&self) -> Option<Kind> {
        match self.form {
            Form::Several(kind) | Form::One(kind) => Some(kind),
            _ => None,
        }
    }

    fn schema(&self) -> Value {
        let reference = |kind| json!({"anyOf": [{"type": "string"}, {"$ref": schema_of(kind)}]});
        let mut schema = match self.form {
            Form::Name => json!({"type": "string"}),
            Form::Text => json!({"type": ["string", "null"]}),
            Form::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Form::Number(most) => {
                json!({"type": ["integer", "null"], "minimum": 0, "maximum": most})
            }
            Form::Measure => json!({"type": ["number", "null"]}),
            Form::Age => json!({"type": ["integer", "string", "null"]}),
            Form::Several(kind) => json!({"type": "array", "items": reference(kind)}),
            Form::One(kind) => {
                json!({"anyOf": [{"type": ["string", "null"]}, {"$ref": schema_of(kind)}]})
            }
        };
        if let Value::Object(schema) = &mut schema {
            schema.insert("description".into(), self.about.into());
        }
        schema
    }
}

/// Where the description of a kind's items stands.
pub(super) fn schema_of(kind: Kind) -> String {
    format!("#/components/schemas/{}", schema_name(kind))
}

/// What a kind's items are called in the description.
pub(super) const fn schema_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Movie => "Movie",
        Kind::Person => "Person",
        Kind::Location => "Location",
        Kind::Species => "Species",
        Kind::Vehicle => "Vehicle",
    }
}

/// The description of a kind's items. Nothing is required, since `fields` chooses.
pub(super) fn schema(kind: Kind) -> Value {
    let properties = fields(kind).iter();
    let properties: Map<_, _> = properties
        .map(|field| (field.name.to_owned(), field.schema()))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

/// What an item is to tell: of its fields only some, and of its relations some whole.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape<'a> {
    pub(super) fields: Option<Vec<&'a str>>,
    pub(super) include: Vec<&'a str>,
    /// Included items, of which many of a page share some, each made once.
    pub(super) included: RefCell<HashMap<Number, Value>>,
}

impl Shape<'_> {
    /// An item in this shape.
    pub(super) fn of(&self, item: &Item, index: &Index) -> Value {
        let wanted = |name: &str| {
            let fields = self.fields.as_ref();
            fields.is_none_or(|fields| fields.contains(&name))
        };
        let mut facts = facts(item);
        let mut told = Map::new();
        for field in fields(item.kind())
            .iter()
            .filter(|field| wanted(field.name))
        {
            let value = match (field.name, field.to()) {
                ("id", _) => (*item.id).into(),
                ("slug", _) => (*item.slug).into(),
                (_, Some(to)) => {
                    let related = Related::of(item, to, index).first(index, MOST_RELATED);
                    let is_included = self.include.contains(&field.name);
                    let mut values = related.into_iter().filter_map(|number| {
                        if is_included {
                            return self.included(number, index);
                        }
                        Some((*index.item(number)?.id).into())
                    });
                    match field.form {
                        Form::One(_) => values.next().unwrap_or_default(),
                        _ => values.collect(),
                    }
                }
                (name, None) => facts.shift_remove(name).unwrap_or_default(),
            };
            told.insert(field.name.to_owned(), value);
        }
        Value::Object(told)
    }

    fn included(&self, number: Number, index: &Index) -> Option<Value> {
        if let Some(value) = self.included.borrow().get(&number) {
            return Some(value.clone());
        }
        let value = Shape::default().of(&*index.item(number)?, index);
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

/// A kind's items that an item is related to, from whichever side the relation is held.
pub(super) enum Related {
    /// Those that it holds itself, in its order.
    Held(Vec<Number>),
    /// Those of a kind that hold it, however many.
    Holding(Kind, RoaringBitmap),
}

impl Related {
    pub(super) fn of(item: &Item, to: Kind, index: &Index) -> Self {
        let number = |id: &Id| index.number(to, id);
        let held = |ids: &[Id]| Self::Held(ids.iter().filter_map(number).collect());
        let one = |id: &Option<Id>| Self::Held(id.iter().filter_map(number).collect());
        let holding = |link| Self::Holding(to, index.linking(link, &item.id));
        match (&item.facts, to) {
            (Facts::Movie(movie), Kind::Person) => held(&movie.people),
            (Facts::Movie(movie), Kind::Location) => held(&movie.locations),
            (Facts::Movie(movie), Kind::Species) => held(&movie.species),
            (Facts::Movie(movie), Kind::Vehicle) => held(&movie.vehicles),
            (Facts::Person(person), Kind::Species) => one(&person.species),
            (Facts::Person(_), Kind::Movie) => holding(Link::MoviePerson),
            (Facts::Person(_), Kind::Location) => holding(Link::LocationResident),
            (Facts::Person(_), Kind::Vehicle) => holding(Link::VehiclePilot),
            (Facts::Location(location), Kind::Person) => held(&location.residents),
            (Facts::Location(_), Kind::Movie) => holding(Link::MovieLocation),
            (Facts::Species(_), Kind::Person) => holding(Link::PersonSpecies),
            (Facts::Species(_), Kind::Movie) => holding(Link::MovieSpecies),
            (Facts::Vehicle(vehicle), Kind::Person) => one(&vehicle.pilot),
            (Facts::Vehicle(_), Kind::Movie) => holding(Link::MovieVehicle),
            _ => Self::Held(Vec::new()),
        }
    }

    /// The first of them.
    fn first(self, index: &Index, most: usize) -> Vec<Number> {
        match self {
            Self::Held(mut numbers) => {
                numbers.truncate(most);
                numbers
            }
            Self::Holding(kind, numbers) => {
                index.stretch(kind, &numbers, (Sort::Source, false), (0, most))
            }
        }
    }

    /// All of them, in no order.
    pub(super) fn all(self) -> RoaringBitmap {
        match self {
            Self::Held(numbers) => numbers.into_iter().collect(),
            Self::Holding(_, numbers) => numbers,
        }
    }
}
