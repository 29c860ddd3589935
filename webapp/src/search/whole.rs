//! A whole catalogue in one segment: each name is folded once, however many movies it stands in.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;

use common::models::{Catalogue, Kind, Link, Number};

use super::entry::{Entry, Scratch, own_fields};
use super::segment::{Builder, Place, Segment};

/// What a movie is found by beside its own texts.
const LINKS: [Link; 3] = [Link::MoviePerson, Link::MovieLocation, Link::MovieVehicle];

pub(super) fn segment(catalogue: &Catalogue) -> Segment {
    let mut builder = Builder::default();
    let mut terms = Terms::default();
    let names = Names::of(catalogue, &mut builder, &mut terms);
    let held = Held::of(catalogue);
    let mut credited: HashMap<&str, Range<usize>> = HashMap::new();
    let mut entry = Entry::default();
    for number in by_score(catalogue) {
        let Some(credits) = catalogue.credits(number) else {
            continue;
        };
        entry.clear();
        let mut beside = Vec::new();
        for (field, text) in own_fields(&credits) {
            if field.is_name() {
                entry.add(true, text, &mut terms.scratch);
                continue;
            }
            let known = credited.entry(text);
            let known = known.or_insert_with(|| terms.fold(text, &mut builder));
            beside.push(known.clone());
        }
        let linked = held.by(number).iter();
        beside.extend(linked.map(|number| names.of_item(*number)));
        let places = beside.into_iter().flat_map(|range| terms.at(range));
        builder.add(number, Kind::Movie, &entry, places);
    }
    for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Movie) {
        for number in catalogue.numbers(kind) {
            if let Some(name) = catalogue.name_at(number) {
                entry.clear();
                entry.add(true, name, &mut terms.scratch);
                builder.add(number, kind, &entry, []);
            }
        }
    }
    builder.finish()
}

/// The numbers of all movies in the order of their standing.
fn by_score(catalogue: &Catalogue) -> Vec<Number> {
    let score = |number: &Number| Reverse(catalogue.credits(*number).and_then(|c| c.score_percent));
    let mut numbers: Vec<_> = catalogue.numbers(Kind::Movie).collect();
    // What is equal stays in the source's order.
    numbers.sort_by_cached_key(score);
    numbers
}

/// The terms of texts that stand in more than one movie, as their places.
#[derive(Default)]
struct Terms {
    places: Vec<Place>,
    entry: Entry,
    scratch: Scratch,
}

impl Terms {
    fn fold(&mut self, text: &str, builder: &mut Builder) -> Range<usize> {
        self.entry.clear();
        self.entry.add(false, text, &mut self.scratch);
        let from = self.places.len();
        let terms = self.entry.parts();
        self.places
            .extend(terms.map(|(_, term)| builder.place(term)));
        from..self.places.len()
    }

    fn at(&self, range: Range<usize>) -> impl Iterator<Item = Place> {
        self.places.get(range).unwrap_or_default().iter().copied()
    }
}

/// Where the terms of an item's name are, by its number.
struct Names(Vec<Range<u32>>);

impl Names {
    fn of(catalogue: &Catalogue, builder: &mut Builder, terms: &mut Terms) -> Self {
        let mut names = vec![0..0; catalogue.end()];
        for kind in LINKS.map(Link::to) {
            for number in catalogue.numbers(kind) {
                if let Some(name) = catalogue.name_at(number) {
                    let range = terms.fold(name, builder);
                    let end = |end| u32::try_from(end).unwrap_or(u32::MAX);
                    names[number as usize] = end(range.start)..end(range.end);
                }
            }
        }
        Self(names)
    }

    fn of_item(&self, number: Number) -> Range<usize> {
        let range = self.0.get(number as usize).cloned().unwrap_or_default();
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
