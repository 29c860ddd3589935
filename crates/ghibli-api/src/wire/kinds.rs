//! The five kinds of record, with the source's field names.
//!
//! Scalars are texts, also where the source has another type; `None` if missing, null or unreadable.

use serde_json::value::RawValue;

use super::collection::Collection;
use super::error::{RecordError, RecordWarning};
use super::field_reader::FieldReader;
use super::links::Links;

/// Declares the struct of one kind and its parser, from the fields by type.
macro_rules! record_kind {
    (
        $kind:ident in $collection:ident:
        text $($text:ident)*;
        quantity $($quantity:ident)*;
        links $($links:ident => $target:ident)*;
    ) => {
        #[doc = concat!("A record of [`Collection::", stringify!($collection), "`].")]
        #[derive(Debug, Clone)]
        #[expect(missing_docs, reason = "the fields are the source's own")]
        pub struct $kind<'a> {
            $(pub $text: Option<String>,)*
            $(pub $quantity: Option<String>,)*
            $(pub $links: Links<'a>,)*
        }

        impl<'a> $kind<'a> {
            const FIELDS: &'static [&'static str] = &[
                "id",
                "url",
                $(stringify!($text),)*
                $(stringify!($quantity),)*
                $(stringify!($links),)*
            ];

            /// Parses a stored record ([`Record::json`](crate::Record::json)).
            ///
            /// # Errors
            /// Never for a [`Record`](crate::Record) of this collection.
            pub fn parse(stored: &'a RawValue) -> Result<Self, RecordError> {
                Ok(Self::read(&mut FieldReader::new(stored, Self::FIELDS)?))
            }

            fn read(fields: &mut FieldReader<'a>) -> Self {
                Self {
                    $($text: fields.text(stringify!($text)),)*
                    $($quantity: fields.quantity(stringify!($quantity)),)*
                    $($links: fields.links(stringify!($links), Collection::$target),)*
                }
            }
        }
    };
}

record_kind! {
    Film in Films:
    text title original_title original_title_romanised image movie_banner description director
        producer;
    quantity release_date running_time rt_score;
    links people => People species => Species locations => Locations vehicles => Vehicles;
}

record_kind! {
    Person in People:
    text name gender eye_color hair_color;
    quantity age;
    links films => Films species => Species;
}

record_kind! {
    Location in Locations:
    text name climate terrain;
    quantity surface_water;
    links residents => People films => Films;
}

record_kind! {
    Species in Species:
    text name classification eye_colors hair_colors;
    quantity;
    links people => People films => Films;
}

record_kind! {
    Vehicle in Vehicles:
    text name description vehicle_class;
    quantity length;
    links pilot => People films => Films;
}

/// Reads the known fields of a stored record; returns its id and warnings.
pub(super) fn validate(
    collection: Collection,
    stored: &RawValue,
) -> Result<(String, Vec<RecordWarning>), RecordError> {
    let names = match collection {
        Collection::Films => Film::FIELDS,
        Collection::People => Person::FIELDS,
        Collection::Locations => Location::FIELDS,
        Collection::Species => Species::FIELDS,
        Collection::Vehicles => Vehicle::FIELDS,
    };
    let mut fields = FieldReader::new(stored, names)?;
    let id = fields.id()?;
    match collection {
        Collection::Films => drop(Film::read(&mut fields)),
        Collection::People => drop(Person::read(&mut fields)),
        Collection::Locations => drop(Location::read(&mut fields)),
        Collection::Species => drop(Species::read(&mut fields)),
        Collection::Vehicles => drop(Vehicle::read(&mut fields)),
    }
    fields.check_url(collection, &id);
    Ok((id, fields.warnings))
}
