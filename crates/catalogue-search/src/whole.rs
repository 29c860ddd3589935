//! A whole catalogue in one segment: each name is folded once, however many movies it stands in.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use common::models::{Catalogue, Kind, Link, Number};

use super::entry::{Entry, Part, Scratch, own_fields};
use super::segment::{Documents, Segment};
use super::terms::{Place, Terms};

/// What a movie is found by beside its own texts.
const LINKS: [Link; 3] = [Link::MoviePerson, Link::MovieLocation, Link::MovieVehicle];

/// The segment of a catalogue. Most of it are the titles: half of them are folded at a time.
pub(super) fn segment(catalogue: &Catalogue) -> Segment {
    let movies = by_score(catalogue);
    let (best, rest) = movies.split_at(movies.len() / 2);
    thread::scope(|scope| {
        let titles = [(0, best), (best.len(), rest)];
        let titles = titles.map(|half| scope.spawn(move || titles_of(catalogue, half)));
        let (documents, others) = others(catalogue, &movies);
        let titles = titles.into_iter().map(|half| half.join());
        let titles = titles.map(|half| half.unwrap_or_else(|panic| resume_unwind(panic)));
        Segment::of(documents, titles.chain([others]))
    })
}

/// The terms of some movies, documents from a place on, in their own names.
fn titles_of(catalogue: &Catalogue, (from, movies): (usize, &[Number])) -> Terms {
    let mut folding = Folding::default();
    for (document, number) in (from..).zip(movies) {
        let fields = catalogue.credits(*number).into_iter();
        let fields = fields.flat_map(|credits| own_fields(&credits));
        for (_, text) in fields.filter(|(field, _)| field.is_name()) {
            folding.places.clear();
            let places = folding.fold(true, text, document);
            folding.in_names(places, document);
        }
    }
    folding.finish()
}

/// All documents, with the terms of all but titles.
fn others(catalogue: &Catalogue, movies: &[Number]) -> (Documents, Terms) {
    let mut documents = Documents::default();
    let mut folding = Folding::default();
    let named = Named::of(catalogue, movies.len(), &mut folding);
    let held = Held::of(catalogue);
    let mut credited: HashMap<&str, Range<usize>> = HashMap::new();
    for (document, number) in movies.iter().enumerate() {
        documents.push(*number, Kind::Movie);
        let fields = catalogue.credits(*number).into_iter();
        let fields = fields.flat_map(|credits| own_fields(&credits));
        for (_, text) in fields.filter(|(field, _)| !field.is_name()) {
            let known = credited.entry(text);
            let range = known.or_insert_with(|| folding.fold(false, text, document));
            folding.beside(range.clone(), document);
        }
        for number in held.by(*number) {
            folding.beside(named.terms_of(*number), document);
        }
    }
    for (kind, number) in &named.in_order {
        let document = documents.len();
        documents.push(*number, *kind);
        folding.in_names(named.terms_of(*number), document);
    }
    (documents, folding.finish())
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

/// Texts on their way to terms.
#[derive(Default)]
struct Folding {
    terms: Terms,
    /// The places of the terms of each text, one text after another.
    places: Vec<Place>,
    entry: Entry,
    scratch: Scratch,
}

impl Folding {
    /// Folds a name of a document, or a text beside one, and says where the places of its terms are.
    fn fold(&mut self, is_name: bool, text: &str, document: usize) -> Range<usize> {
        self.entry.clear();
        self.entry.add(is_name, text, &mut self.scratch);
        let from = self.places.len();
        for (part, text) in self.entry.parts() {
            match part {
                Part::Name => self.terms.names.push(document, text),
                Part::Word | Part::Beside => self.places.push(self.terms.place(text)),
            }
        }
        from..self.places.len()
    }

    /// Adds a document that has the terms of a text in a name.
    fn in_names(&mut self, range: Range<usize>, document: usize) {
        for place in &self.places[range] {
            self.terms.in_name(*place, document);
        }
    }

    /// Adds a document that has the terms of a text beside its names.
    fn beside(&mut self, range: Range<usize>, document: usize) {
        for place in &self.places[range] {
            self.terms.beside(*place, document);
        }
    }

    fn finish(mut self) -> Terms {
        self.terms.names.sort();
        self.terms
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
    fn of(catalogue: &Catalogue, movies: usize, folding: &mut Folding) -> Self {
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
                let range = folding.fold(true, name, document);
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
        let pairs = || LINKS.into_iter().flat_map(|link| catalogue.edges(link));
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
