//! A whole catalogue in one segment: each name is folded once, however many movies it stands in.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use common::models::{Catalogue, Kind, Link, Number};

use super::entry::{Entry, Part, Scratch, own_fields};
use super::segment::{Builder, Place, Segment};

/// What a movie is found by beside its own texts.
const LINKS: [Link; 3] = [Link::MoviePerson, Link::MovieLocation, Link::MovieVehicle];

pub(super) fn segment(catalogue: &Catalogue) -> Segment {
    let mut builder = Builder::default();
    let (mut terms, mut own) = (Terms::default(), Terms::default());
    let movies = by_score(catalogue);
    let named = Named::of(catalogue, movies.len(), &mut builder, &mut terms);
    let held = Held::of(catalogue);
    let mut credited: HashMap<&str, Range<usize>> = HashMap::new();
    for (document, number) in movies.into_iter().enumerate() {
        let Some(credits) = catalogue.credits(number) else {
            continue;
        };
        own.places.clear();
        let mut beside = Vec::new();
        for (field, text) in own_fields(&credits) {
            if field.is_name() {
                own.fold(true, text, document, &mut builder);
                continue;
            }
            let known = credited.entry(text);
            let known = known.or_insert_with(|| terms.fold(false, text, document, &mut builder));
            beside.push(known.clone());
        }
        let linked = held.by(number).iter();
        beside.extend(linked.map(|number| named.terms_of(*number)));
        let beside = beside.into_iter().flat_map(|range| terms.at(range));
        builder.put(number, Kind::Movie, own.places.iter().copied(), beside);
    }
    for (kind, number) in &named.in_order {
        let range = named.terms_of(*number);
        builder.put(*number, *kind, terms.at(range), []);
    }
    builder.finish()
}

/// The numbers of all movies in the order of their standing.
fn by_score(catalogue: &Catalogue) -> Vec<Number> {
    let movies = catalogue.numbers(Kind::Movie);
    let with_score = |number| Some((Reverse(catalogue.credits(number)?.score_percent), number));
    let mut movies: Vec<_> = movies.filter_map(with_score).collect();
    // What is equal stays in the source's order.
    movies.sort_by_key(|(score, _)| *score);
    movies.into_iter().map(|(_, number)| number).collect()
}

/// The terms of texts, as their places.
#[derive(Default)]
struct Terms {
    places: Vec<Place>,
    entry: Entry,
    scratch: Scratch,
}

impl Terms {
    /// Folds a name of a document, or a text beside one.
    fn fold(
        &mut self,
        is_name: bool,
        text: &str,
        document: usize,
        builder: &mut Builder,
    ) -> Range<usize> {
        self.entry.clear();
        self.entry.add(is_name, text, &mut self.scratch);
        let from = self.places.len();
        for (part, text) in self.entry.parts() {
            match part {
                Part::Name => builder.name(document, text),
                Part::Word | Part::Beside => self.places.push(builder.place(text)),
            }
        }
        from..self.places.len()
    }

    fn at(&self, range: Range<usize>) -> impl Iterator<Item = Place> {
        self.places.get(range).unwrap_or_default().iter().copied()
    }
}

/// The items that have nothing but their names, which are the terms of movies as well.
struct Named {
    /// In the order of their documents, which follow those of the movies.
    in_order: Vec<(Kind, Number)>,
    /// Where the terms of each are, by its number.
    terms: Vec<Range<u32>>,
}

impl Named {
    fn of(catalogue: &Catalogue, movies: usize, builder: &mut Builder, terms: &mut Terms) -> Self {
        let mut named = Self {
            in_order: Vec::new(),
            terms: vec![0..0; catalogue.end()],
        };
        let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Movie);
        for kind in others {
            for number in catalogue.numbers(kind) {
                let Some(name) = catalogue.name_at(number) else {
                    continue;
                };
                let document = movies + named.in_order.len();
                let range = terms.fold(true, name, document, builder);
                let end = |end| u32::try_from(end).unwrap_or(u32::MAX);
                named.terms[number as usize] = end(range.start)..end(range.end);
                named.in_order.push((kind, number));
            }
        }
        named
    }

    fn terms_of(&self, number: Number) -> Range<usize> {
        let range = self.terms.get(number as usize).cloned().unwrap_or_default();
        range.start as usize..range.end as usize
    }
}

/// The numbers of what each movie names.
struct Held {
    /// Where those of a movie end, by its number.
    ends: Vec<u32>,
    numbers: Vec<Number>,
}

impl Held {
    fn of(catalogue: &Catalogue) -> Self {
        let pairs = || LINKS.into_iter().flat_map(|link| catalogue.pairs(link));
        let mut ends = vec![0_u32; catalogue.end()];
        for (_, movie) in pairs() {
            ends[movie as usize] += 1;
        }
        let mut before = 0;
        for end in &mut ends {
            before += std::mem::replace(end, before);
        }
        let mut numbers = vec![0; before as usize];
        for (held, movie) in pairs() {
            let end = &mut ends[movie as usize];
            numbers[*end as usize] = held;
            *end += 1;
        }
        Self { ends, numbers }
    }

    fn by(&self, movie: Number) -> &[Number] {
        let end = |number: Option<Number>| number.map_or(0, |number| self.ends[number as usize]);
        let range = end(movie.checked_sub(1))..end(Some(movie));
        let numbers = self.numbers.get(range.start as usize..range.end as usize);
        numbers.unwrap_or_default()
    }
}
