//! The lists of items, and items one by one.

use common::models::Kind;
use http::Uri;
use serde_json::{Value, json};

use super::items::{Shape, fields, related, schema_of};
use super::operation::{Answer, Asked};
use super::parameter::{Form, LARGEST, Parameter};
use crate::error::AppError;
use crate::index::{Field, Filter, Sort};

const PER_PAGE: u64 = 100;
const MOST_PER_PAGE: u64 = 250;

/// What a filter looks at.
#[derive(Clone, Copy)]
enum Look {
    Is(Field),
    Exactly(Field),
    AtLeast(Field),
    AtMost(Field),
    Related(Kind),
}

fn number(name: &'static str, most: u64, about: &'static str, example: &'static str) -> Parameter {
    Parameter::new(name, Form::Number(0, most), about, example)
}

fn text(name: &'static str, about: &'static str, example: &'static str) -> Parameter {
    Parameter::new(name, Form::Text, about, example)
}

fn filters(kind: Kind) -> Vec<(Parameter, Look)> {
    use Field::*;
    use Look::*;
    match kind {
        Kind::Movie => vec![
            (
                text(
                    "director",
                    "Only movies by this director.",
                    "Hayao Miyazaki",
                ),
                Is(Director),
            ),
            (
                text("producer", "Only movies by this producer.", "Toshio Suzuki"),
                Is(Producer),
            ),
            (
                number("year", 9999, "Only movies of this year.", "1988"),
                Exactly(Year),
            ),
            (
                number("year_min", 9999, "Only movies from this year on.", "1990"),
                AtLeast(Year),
            ),
            (
                number("year_max", 9999, "Only movies up to this year.", "1999"),
                AtMost(Year),
            ),
            (
                number(
                    "score_min",
                    100,
                    "Only movies with at least this score.",
                    "95",
                ),
                AtLeast(Score),
            ),
            (
                number(
                    "score_max",
                    100,
                    "Only movies with at most this score.",
                    "80",
                ),
                AtMost(Score),
            ),
            (
                number(
                    "running_time_min",
                    9999,
                    "Only movies of at least so many minutes.",
                    "100",
                ),
                AtLeast(RunningTime),
            ),
            (
                number(
                    "running_time_max",
                    9999,
                    "Only movies of at most so many minutes.",
                    "90",
                ),
                AtMost(RunningTime),
            ),
            (
                text(
                    "person",
                    "Only movies with this person: a slug or an id.",
                    "totoro",
                ),
                Related(Kind::Person),
            ),
            (
                text(
                    "location",
                    "Only movies at this place: a slug or an id.",
                    "irontown",
                ),
                Related(Kind::Location),
            ),
            (
                text(
                    "species",
                    "Only movies with this species: a slug or an id.",
                    "spirit",
                ),
                Related(Kind::Species),
            ),
            (
                text(
                    "vehicle",
                    "Only movies with this vehicle: a slug or an id.",
                    "red-wing",
                ),
                Related(Kind::Vehicle),
            ),
        ],
        Kind::Person => vec![
            (
                text(
                    "gender",
                    "Only people of this gender, in the source's word.",
                    "Female",
                ),
                Is(Gender),
            ),
            (
                text(
                    "eye_color",
                    "Only people with eyes of this colour.",
                    "Brown",
                ),
                Is(EyeColor),
            ),
            (
                text(
                    "hair_color",
                    "Only people with hair of this colour.",
                    "Black",
                ),
                Is(HairColor),
            ),
            (
                number(
                    "age_min",
                    100_000,
                    "Only people of at least so many years.",
                    "10",
                ),
                AtLeast(Age),
            ),
            (
                number(
                    "age_max",
                    100_000,
                    "Only people of at most so many years.",
                    "20",
                ),
                AtMost(Age),
            ),
            (
                text(
                    "species",
                    "Only people of this species: a slug or an id.",
                    "human",
                ),
                Related(Kind::Species),
            ),
            (
                text(
                    "movie",
                    "Only people in this movie: a slug or an id.",
                    "spirited-away",
                ),
                Related(Kind::Movie),
            ),
            (
                text(
                    "location",
                    "Only people who live here: a slug or an id.",
                    "irontown",
                ),
                Related(Kind::Location),
            ),
        ],
        Kind::Location => vec![
            (
                text("climate", "Only places with this climate.", "Continental"),
                Is(Climate),
            ),
            (
                text("terrain", "Only places with this terrain.", "Hill"),
                Is(Terrain),
            ),
            (
                number(
                    "surface_water_min",
                    100,
                    "Only places with at least so much water, in percent.",
                    "40",
                ),
                AtLeast(SurfaceWater),
            ),
            (
                number(
                    "surface_water_max",
                    100,
                    "Only places with at most so much water, in percent.",
                    "60",
                ),
                AtMost(SurfaceWater),
            ),
            (
                text(
                    "movie",
                    "Only places in this movie: a slug or an id.",
                    "spirited-away",
                ),
                Related(Kind::Movie),
            ),
            (
                text(
                    "resident",
                    "Only where this person lives: a slug or an id.",
                    "totoro",
                ),
                Related(Kind::Person),
            ),
        ],
        Kind::Species => vec![
            (
                text("classification", "Only species of this class.", "Mammal"),
                Is(Classification),
            ),
            (
                text(
                    "eye_color",
                    "Only species with eyes of this colour.",
                    "Brown",
                ),
                Is(EyeColor),
            ),
            (
                text(
                    "hair_color",
                    "Only species with hair of this colour.",
                    "Brown",
                ),
                Is(HairColor),
            ),
            (
                text(
                    "movie",
                    "Only species in this movie: a slug or an id.",
                    "spirited-away",
                ),
                Related(Kind::Movie),
            ),
        ],
        Kind::Vehicle => vec![
            (
                text("vehicle_class", "Only vehicles of this class.", "Airship"),
                Is(VehicleClass),
            ),
            (
                text(
                    "movie",
                    "Only vehicles in this movie: a slug or an id.",
                    "porco-rosso",
                ),
                Related(Kind::Movie),
            ),
            (
                text(
                    "pilot",
                    "Only what this person steers: a slug or an id.",
                    "porco-rosso",
                ),
                Related(Kind::Person),
            ),
        ],
    }
}

fn sorts(kind: Kind) -> Vec<(&'static str, Sort)> {
    match kind {
        Kind::Movie => vec![
            ("title", Sort::Name),
            ("year", Sort::Year),
            ("score", Sort::Score),
            ("running_time", Sort::RunningTime),
        ],
        _ => vec![("name", Sort::Name)],
    }
}

/// The parameters of a kind's list.
pub(super) fn parameters(kind: Kind) -> Vec<Parameter> {
    let descending = |name| match name {
        "title" => "-title",
        "year" => "-year",
        "score" => "-score",
        "running_time" => "-running_time",
        _ => "-name",
    };
    let ways = sorts(kind).into_iter();
    let ways = ways
        .flat_map(|(name, _)| [name, descending(name)])
        .collect();
    let example = if kind == Kind::Movie { "-year" } else { "name" };
    let sort = Parameter::new(
        "sort",
        Form::OneOf(ways),
        "What the list goes by; with - before it from the greatest on. What is not known comes last. Without it, the source's own order.",
        example,
    );
    let mut parameters = paging();
    parameters.push(sort);
    parameters.extend(shaping(kind));
    parameters.extend(filters(kind).into_iter().map(|(parameter, _)| parameter));
    parameters
}

/// What chooses a page of any list.
pub(super) fn paging() -> Vec<Parameter> {
    vec![
        Parameter::new(
            "page",
            Form::Number(1, LARGEST),
            "Which page of the list.",
            "1",
        ),
        Parameter::new(
            "per_page",
            Form::Number(1, MOST_PER_PAGE),
            "How many a page has; 100 unless told.",
            "10",
        ),
    ]
}

/// What chooses how a kind's items are told.
pub(super) fn shaping(kind: Kind) -> Vec<Parameter> {
    let names = fields(kind).iter().map(|field| field.name).collect();
    let relations = fields(kind).iter().filter(|field| field.to().is_some());
    let relations: Vec<_> = relations.map(|field| field.name).collect();
    let example = relations.first().copied().unwrap_or_default();
    let (some, first) = match kind {
        Kind::Movie => ("title,release_year", example),
        _ => ("name,slug", example),
    };
    vec![
        Parameter::new(
            "fields",
            Form::SomeOf(names),
            "Only these fields of each item.",
            some,
        ),
        Parameter::new(
            "include",
            Form::SomeOf(relations),
            "Relations that are told as whole items instead of ids.",
            first,
        ),
    ]
}

/// A page of a list and the way to the others.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pages {
    page: u64,
    per_page: u64,
    total: u64,
}

impl Pages {
    pub(super) fn of(asked: &Asked<'_>) -> Self {
        Self {
            page: asked.values.number("page").unwrap_or(1),
            per_page: asked.values.number("per_page").unwrap_or(PER_PAGE),
            total: 0,
        }
    }

    /// How many items come before the page, and how many it has.
    pub(super) fn stretch(&self) -> (usize, usize) {
        let skip = (self.page - 1).saturating_mul(self.per_page);
        let bounded = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        (bounded(skip), bounded(self.per_page))
    }

    /// The list's one shape.
    pub(super) fn list(mut self, asked: &Asked<'_>, total: u64, items: Vec<Value>) -> Answer {
        self.total = total;
        let body = json!({
            "version": asked.site.version(),
            "total": total,
            "page": self.page,
            "per_page": self.per_page,
            "items": items,
        });
        Answer {
            pages: Some(self),
            ..Answer::of(body)
        }
    }

    /// The stretch of a whole list that the page has, in the list's shape.
    pub(super) fn cut<T>(
        self,
        asked: &Asked<'_>,
        all: &[T],
        told: impl FnMut(&T) -> Value,
    ) -> Answer {
        let (skip, take) = self.stretch();
        let items = all.iter().skip(skip).take(take).map(told).collect();
        self.list(asked, all.len() as u64, items)
    }

    /// The `Link` header: the first page, the last one, and those beside this one.
    pub(super) fn links(&self, root: &str, uri: &Uri) -> String {
        let last = self.total.div_ceil(self.per_page).max(1);
        let beside = |page: u64| (1..=last).contains(&page).then_some(page);
        let pages = [
            ("first", Some(1)),
            ("prev", self.page.checked_sub(1).and_then(beside)),
            ("next", beside(self.page + 1)),
            ("last", Some(last)),
        ];
        let address = |page: u64| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            let others = crate::query::pairs(uri).filter(|(name, _)| name != "page");
            query.extend_pairs(others);
            query.append_pair("page", &page.to_string());
            format!("{root}{}?{}", uri.path(), query.finish())
        };
        let links = pages.into_iter().filter_map(|(relation, page)| {
            Some(format!("<{}>; rel=\"{relation}\"", address(page?)))
        });
        links.collect::<Vec<_>>().join(", ")
    }
}

/// The description of a list of something.
pub(super) fn list_schema(items: &Value) -> Value {
    json!({
        "type": "object",
        "required": ["version", "total", "page", "per_page", "items"],
        "properties": {
            "version": {"type": "integer", "minimum": 0, "description": "The catalogue's version; 0 is the one that is compiled in."},
            "total": {"type": "integer", "minimum": 0, "description": "How many there are on all pages."},
            "page": {"type": "integer", "minimum": 1},
            "per_page": {"type": "integer", "minimum": 1, "maximum": MOST_PER_PAGE},
            "items": {"type": "array", "items": items},
        },
    })
}

/// A page of a kind's items.
pub(super) fn list(kind: Kind, asked: &Asked<'_>) -> Result<Answer, AppError> {
    let site = asked.site;
    let mut chosen = Vec::new();
    for (parameter, look) in filters(kind) {
        if let Some(value) = asked.values.get(parameter.name) {
            chosen.push(filter(asked, kind, &parameter, look, value)?);
        }
    }
    let found = site.index.find(kind, &chosen);
    let sort = asked.values.get("sort").unwrap_or_default();
    let descending = sort.starts_with('-');
    let name = sort.trim_start_matches('-');
    let by = sorts(kind).into_iter().find(|(other, _)| *other == name);
    let by = by.map_or(Sort::Source, |(_, by)| by);
    let pages = Pages::of(asked);
    let page = site
        .index
        .page(kind, &found, (by, descending), pages.stretch());
    let shape = shape(asked);
    let items = page.into_iter();
    let items = items.map(|item| shape.of(&item, &site.snapshot.catalogue));
    Ok(pages.list(asked, found.len(), items.collect()))
}

fn filter(
    asked: &Asked<'_>,
    list: Kind,
    parameter: &Parameter,
    look: Look,
    value: &str,
) -> Result<Filter, AppError> {
    let number = asked.values.number(parameter.name).unwrap_or_default();
    let number = u32::try_from(number).unwrap_or(u32::MAX);
    Ok(match look {
        Look::Is(field) => Filter::Is(field, value.to_owned()),
        Look::Exactly(field) => Filter::Between(field, number..=number),
        Look::AtLeast(field) => Filter::Between(field, number..=u32::MAX),
        Look::AtMost(field) => Filter::Between(field, 0..=number),
        Look::Related(kind) => {
            let catalogue = &asked.site.snapshot.catalogue;
            let item = catalogue.find(kind, value).ok_or_else(|| {
                AppError::BadRequest(format!(
                    "{} is a slug or an id, and {value:?} is none; /api/v1/{} lists them",
                    parameter.name,
                    kind.plural()
                ))
            })?;
            Filter::Among(related(catalogue, list, &item).into_iter().collect())
        }
    })
}

/// One item, by its slug or its id.
pub(super) fn item(kind: Kind, asked: &Asked<'_>) -> Result<Answer, AppError> {
    let catalogue = &asked.site.snapshot.catalogue;
    let item = catalogue
        .find(kind, asked.argument)
        .ok_or(AppError::NotFound)?;
    Ok(Answer::of(shape(asked).of(&item, catalogue)))
}

fn shape<'a>(asked: &Asked<'a>) -> Shape<'a> {
    Shape {
        fields: asked.values.words("fields"),
        include: asked.values.words("include").unwrap_or_default(),
    }
}

/// The description of a kind's list.
pub(super) fn schema(kind: Kind) -> Value {
    list_schema(&json!({"$ref": schema_of(kind)}))
}
