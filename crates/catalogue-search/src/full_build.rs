//! Indexes a whole catalogue as one segment. Each distinct text is folded once, however many movies
//! have it.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::ops::Range;
use std::panic::resume_unwind;
use std::thread;

use common::models::{Catalogue, Facts, Kind, Link, Number};

use crate::analysis::{AnalysedItem, Scratch, TermSource, credit_fields};
use crate::index_builder::{IndexBuilder, TermId};
use crate::results::SearchField;
use crate::segment::{Documents, Segment};

/// The links whose names a movie is found by.
const LINKS: [Link; 3] = [Link::MoviePerson, Link::MovieLocation, Link::MovieVehicle];

/// Builds the segment of a catalogue. Titles take most of the time, so two more threads index half
/// of them each.
pub(crate) fn segment(catalogue: &Catalogue, with_synopses: bool) -> Segment {
    let movies = movies_by_score(catalogue);
    let (best, rest) = movies.split_at(movies.len() / 2);
    thread::scope(|scope| {
        let titles = [(0, best), (best.len(), rest)];
        let titles = titles.map(|half| scope.spawn(move || index_titles(catalogue, half)));
        let (documents, others) = index_others(catalogue, &movies, with_synopses);
        let titles = titles.into_iter().map(|half| half.join());
        let titles = titles.map(|half| half.unwrap_or_else(|panic| resume_unwind(panic)));
        Segment::of(documents, titles.chain([others]))
    })
}

/// Indexes the titles of some movies, whose documents are consecutive.
fn index_titles(
    catalogue: &Catalogue,
    (first_document, movies): (usize, &[Number]),
) -> IndexBuilder {
    let mut texts = TextIndexer::default();
    for (document, number) in (first_document..).zip(movies) {
        let fields = catalogue.credits(*number).into_iter();
        let fields = fields.flat_map(|credits| credit_fields(&credits));
        for (field, text) in fields.filter(|(field, _)| field.is_name()) {
            texts.terms.clear();
            let terms = texts.fold(field, text, document);
            texts.add_to_names(terms, document);
        }
    }
    texts.finish()
}

/// All documents, and everything but titles indexed.
fn index_others(
    catalogue: &Catalogue,
    movies: &[Number],
    with_synopses: bool,
) -> (Documents, IndexBuilder) {
    let mut documents = Documents::default();
    let mut texts = TextIndexer::default();
    let others = NamedItems::of(catalogue, movies.len(), &mut texts);
    let links = MovieLinks::of(catalogue);
    let mut credits_terms: HashMap<&str, Range<usize>> = HashMap::new();
    for (document, number) in movies.iter().enumerate() {
        documents.push(*number, Kind::Movie);
        let fields = catalogue.credits(*number).into_iter();
        let fields = fields.flat_map(|credits| credit_fields(&credits));
        for (field, text) in fields.filter(|(field, _)| !field.is_name()) {
            let terms = credits_terms.entry(text);
            let terms = terms.or_insert_with(|| texts.fold(field, text, document));
            texts.add_to_related(terms.clone(), document);
        }
        for linked in links.of_movie(*number) {
            texts.add_to_related(others.terms_of(*linked), document);
        }
        if with_synopses {
            texts.add_synopsis(catalogue, *number, document);
        }
    }
    for (kind, number) in &others.in_order {
        let document = documents.len();
        documents.push(*number, *kind);
        texts.add_to_names(others.terms_of(*number), document);
    }
    (documents, texts.finish())
}

/// The numbers of all movies in rank order.
fn movies_by_score(catalogue: &Catalogue) -> Vec<Number> {
    let movies = catalogue.numbers(Kind::Movie);
    let with_score = |number| Some((Reverse(catalogue.credits(number)?.score_percent), number));
    let mut movies: Vec<_> = movies.filter_map(with_score).collect();
    // A stable sort keeps equal scores in the source's order.
    movies.sort_by_key(|(score, _)| *score);
    movies.into_iter().map(|(_, number)| number).collect()
}

/// Turns texts into terms and adds documents to those.
#[derive(Default)]
struct TextIndexer {
    builder: IndexBuilder,
    /// The terms of each folded text, one text after the other.
    terms: Vec<TermId>,
    analysed: AnalysedItem,
    scratch: Scratch,
}

impl TextIndexer {
    /// Folds the text of a document's field. Returns where its terms are.
    fn fold(&mut self, field: SearchField, text: &str, document: usize) -> Range<usize> {
        self.analysed.clear();
        self.analysed.add(field, text, &mut self.scratch);
        let start = self.terms.len();
        for (source, term) in self.analysed.terms() {
            match source {
                TermSource::WholeName => self.builder.names.push(document, term),
                TermSource::Name | TermSource::Related | TermSource::Synopsis => {
                    self.terms.push(self.builder.term_id(term));
                }
            }
        }
        start..self.terms.len()
    }

    /// Adds a document that has the terms of a text in a name.
    fn add_to_names(&mut self, terms: Range<usize>, document: usize) {
        for term in &self.terms[terms] {
            self.builder.add_to_names(*term, document);
        }
    }

    /// Adds a document that has the terms of a text in a related text.
    fn add_to_related(&mut self, terms: Range<usize>, document: usize) {
        for term in &self.terms[terms] {
            self.builder.add_to_related(*term, document);
        }
    }

    /// Adds the terms of a movie's synopsis, which no other document shares.
    fn add_synopsis(&mut self, catalogue: &Catalogue, movie: Number, document: usize) {
        let item = catalogue.item(movie);
        let Some(Facts::Movie(movie)) = item.as_deref().map(|item| &item.facts) else {
            return;
        };
        if let Some(synopsis) = &movie.description {
            let terms = self.fold(SearchField::Synopsis, synopsis, document);
            for term in self.terms.drain(terms) {
                self.builder.add_to_synopses(term, document);
            }
        }
    }

    fn finish(mut self) -> IndexBuilder {
        self.builder.names.sort();
        self.builder
    }
}

/// The items of all kinds but movies. They have a name and no other text.
struct NamedItems {
    /// In the order of their documents, which follow those of the movies.
    in_order: Vec<(Kind, Number)>,
    /// Where the terms of each item's name are, by its number.
    terms: Vec<Range<u32>>,
}

impl NamedItems {
    fn of(catalogue: &Catalogue, movies: usize, texts: &mut TextIndexer) -> Self {
        let mut items = Self {
            in_order: Vec::new(),
            terms: vec![0..0; catalogue.end()],
        };
        let others = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Movie);
        for kind in others {
            for number in catalogue.numbers(kind) {
                let Some(name) = catalogue.name_at(number) else {
                    continue;
                };
                let document = movies + items.in_order.len();
                let terms = texts.fold(SearchField::Name, name, document);
                let narrow = |end| u32::try_from(end).unwrap_or(u32::MAX);
                items.terms[number as usize] = narrow(terms.start)..narrow(terms.end);
                items.in_order.push((kind, number));
            }
        }
        items
    }

    fn terms_of(&self, number: Number) -> Range<usize> {
        let terms = self.terms.get(number as usize).cloned().unwrap_or_default();
        terms.start as usize..terms.end as usize
    }
}

/// The numbers of the people, locations and vehicles of each movie.
struct MovieLinks {
    /// Where those of a movie end, by its number.
    ends: Vec<u32>,
    numbers: Vec<Number>,
}

impl MovieLinks {
    fn of(catalogue: &Catalogue) -> Self {
        let edges = || LINKS.into_iter().flat_map(|link| catalogue.edges(link));
        let mut ends = vec![0_u32; catalogue.end()];
        for (_, movie) in edges() {
            ends[movie as usize] += 1;
        }
        let mut before = 0;
        for end in &mut ends {
            before += std::mem::replace(end, before);
        }
        let mut numbers = vec![0; before as usize];
        for (linked, movie) in edges() {
            let end = &mut ends[movie as usize];
            numbers[*end as usize] = linked;
            *end += 1;
        }
        Self { ends, numbers }
    }

    fn of_movie(&self, movie: Number) -> &[Number] {
        let end = |number: Option<Number>| number.map_or(0, |number| self.ends[number as usize]);
        let range = end(movie.checked_sub(1))..end(Some(movie));
        let numbers = self.numbers.get(range.start as usize..range.end as usize);
        numbers.unwrap_or_default()
    }
}
