use std::borrow::Cow;

use common::models::Kind;

use super::shortened;

/// The label of a field, and the format of its values.
#[derive(Debug)]
pub(super) struct Label<'a> {
    pub(super) text: Cow<'a, str>,
    /// Singular and plural of the unit of its numbers.
    unit: Option<(&'static str, &'static str)>,
    /// The kind of the items whose ids are its values.
    pub(super) item_kind: Option<Kind>,
    /// The verb of a sentence without old and new value, for values that are too long.
    pub(super) verb: Option<&'static str>,
}

impl<'a> Label<'a> {
    pub(super) fn of(kind: Kind, field: &'a str) -> Self {
        if let Some(own) = field.strip_prefix("source.") {
            return plain(format!("source field “{}”", shortened(own)));
        }
        let text = match field {
            "slug" => "address",
            "original_title" => "original title",
            "original_title_romanised" => "romanised title",
            "description" => return replaced("description", "rewritten"),
            "poster_url" => return replaced("poster", "replaced"),
            "banner_url" => return replaced("banner image", "replaced"),
            "release_year" => "release year",
            "running_time_minutes" => return counted("running time", ("minute", "minutes")),
            "score_percent" => return counted("score", PERCENT),
            "people" => return items("characters", Kind::Person),
            "locations" => return items("places", Kind::Location),
            "species" if kind == Kind::Movie => return items("species", Kind::Species),
            "vehicles" => return items("vehicles", Kind::Vehicle),
            "age" => return counted("age", ("year", "years")),
            "eye_color" => "eye colour",
            "hair_color" => "hair colour",
            "species" => return items("species", Kind::Species),
            "surface_water_percent" => return counted("surface water", PERCENT),
            "residents" => return items("residents", Kind::Person),
            "eye_colors" => "eye colours",
            "hair_colors" => "hair colours",
            "vehicle_class" => "type",
            "length_feet" => return counted("length", ("foot", "feet")),
            "pilot" => return items("pilot", Kind::Person),
            other => return plain(other.replace('_', " ")),
        };
        plain(text)
    }

    /// A number with its unit.
    pub(super) fn with_unit(&self, number: &str) -> String {
        match self.unit {
            Some((_, "%")) => format!("{number}%"),
            Some((one, _)) if number == "1" => format!("1 {one}"),
            Some((_, several)) => format!("{number} {several}"),
            None => number.to_owned(),
        }
    }

    /// Strips the unit that [`Self::with_unit`] added.
    pub(super) fn without_unit<'b>(&self, value: &'b str) -> &'b str {
        let Some((one, several)) = self.unit else {
            return value;
        };
        let bare = value
            .strip_suffix(several)
            .or_else(|| value.strip_suffix(one));
        bare.map_or(value, str::trim_end)
    }
}

const PERCENT: (&str, &str) = ("%", "%");

fn plain<'a>(text: impl Into<Cow<'a, str>>) -> Label<'a> {
    Label {
        text: text.into(),
        unit: None,
        item_kind: None,
        verb: None,
    }
}

fn counted<'a>(text: &'static str, unit: (&'static str, &'static str)) -> Label<'a> {
    Label {
        unit: Some(unit),
        ..plain(text)
    }
}

fn items<'a>(text: &'static str, kind: Kind) -> Label<'a> {
    Label {
        item_kind: Some(kind),
        ..plain(text)
    }
}

fn replaced<'a>(text: &'static str, verb: &'static str) -> Label<'a> {
    Label {
        verb: Some(verb),
        ..plain(text)
    }
}
