use std::sync::Arc;

use common::models::{Catalogue, Item, Kind};

use super::asked::{Asked, Closeness, Term};
use super::bits::Bits;
use super::layer::{Layer, Search};
use super::segment::{Standing, standing};
use super::{Completion, FURTHEST, Found, Hit, MOST_HITS, Question, matched};

/// What is left of a question must have at least one of so many of its letters.
const LEAST_SHARE: usize = 3;

/// The documents of one layer that match, in sets that exclude each other, the best first.
type Tiers = Vec<Bits>;

impl Search {
    /// Answers a question: names that are the question, then names that begin with it, then items
    /// with all its words in a name, then items with all its words in some field, each by score
    /// and in the source's order.
    ///
    /// Only where nothing matches so, words may also be the beginnings of longer ones; then have
    /// one typing error, then two (none in a word of up to 3 letters, one in up to 7); and at last
    /// the commonest words are left out, and those that nothing has.
    ///
    /// `item` gives the item behind a number, `catalogue` the names of what a movie has.
    pub fn find<'a>(
        &self,
        question: &Question<'_>,
        item: impl Fn(u32) -> Option<&'a Arc<Item>>,
        catalogue: &'a Catalogue,
    ) -> Found {
        let asked = Asked::of(question.text);
        if asked.terms.is_empty() {
            return Found::default();
        }
        let Some(matches) = self.matches(&asked, question.kinds) else {
            return Found::default();
        };
        let limit = question.limit.min(MOST_HITS);
        let standings = if question.offset > FURTHEST {
            Vec::new()
        } else {
            matches.standings(self, question.offset, limit, &item)
        };
        let hit = |(kind, .., number): &Standing| {
            let item = item(*number)?;
            Some(Hit {
                number: *number,
                kind: *kind,
                matched: matched::matched(item, catalogue, &matches.asked, matches.closeness),
            })
        };
        Found {
            totals: matches.totals(self),
            hits: standings.iter().filter_map(hit).collect(),
            meant: self.meant(&matches, &item),
        }
    }

    /// Names that complete what was typed so far, the best first, each once; at most
    /// [`MOST_HITS`].
    pub fn suggest<'a>(
        &self,
        text: &str,
        limit: usize,
        item: impl Fn(u32) -> Option<&'a Arc<Item>>,
        catalogue: &'a Catalogue,
    ) -> Vec<Completion> {
        let question = Question {
            text,
            kinds: &[],
            limit,
            offset: 0,
        };
        let mut completions: Vec<Completion> = Vec::new();
        for hit in self.find(&question, &item, catalogue).hits {
            let Some(item) = item(hit.number) else {
                continue;
            };
            let matched = hit.matched.into_iter().next();
            let own = matched.filter(|matched| matched.field.is_name());
            let text = own.map_or_else(|| item.name().to_owned(), |matched| matched.text);
            if completions.iter().all(|other| other.text != text) {
                completions.push(Completion {
                    number: hit.number,
                    kind: hit.kind,
                    text,
                });
            }
        }
        completions
    }

    fn matches(&self, asked: &Asked, kinds: &[Kind]) -> Option<Matches> {
        let mut marks = Vec::new();
        for closeness in Closeness::ALL {
            let mark = |layer| mark_all(layer, &asked.terms, closeness, kinds);
            marks = self.layers.iter().map(mark).collect();
            let names =
                |layer| (closeness == Closeness::Typed).then(|| mark_names(layer, asked, kinds));
            let tiers = |(layer, marks): (_, &Vec<Marks>)| tiers(names(layer), marks);
            let layers: Vec<_> = self.layers.iter().zip(&marks).filter_map(tiers).collect();
            let matches = Matches {
                asked: asked.clone(),
                closeness,
                layers,
            };
            if !matches.is_empty() {
                return Some(matches);
            }
        }
        self.some_words(asked, marks)
    }

    /// What matches without the words that nothing has and the commonest ones.
    fn some_words(&self, asked: &Asked, mut marks: Vec<Vec<Marks>>) -> Option<Matches> {
        let mut asked = asked.clone();
        let letters: usize = asked.terms.iter().map(Term::letters).sum();
        let count = |marks: &[Vec<Marks>], term: usize| -> usize {
            marks.iter().map(|marks| marks[term].anywhere.count()).sum()
        };
        let mut counts: Vec<_> = (0..asked.terms.len())
            .map(|term| count(&marks, term))
            .collect();
        let mut leave_out = |asked: &mut Asked, counts: &mut Vec<usize>, term: usize| {
            asked.terms.remove(term);
            counts.remove(term);
            for marks in &mut marks {
                marks.remove(term);
            }
            let layers: Vec<_> = marks
                .iter()
                .filter_map(|marks| tiers(None, marks))
                .collect();
            layers
        };
        loop {
            let unknown = counts.iter().position(|count| *count == 0);
            let commonest = (0..counts.len()).max_by_key(|term| counts[*term])?;
            let layers = leave_out(&mut asked, &mut counts, unknown.unwrap_or(commonest));
            let left: usize = asked.terms.iter().map(Term::letters).sum();
            if left * LEAST_SHARE < letters {
                return None;
            }
            let matches = Matches {
                asked: asked.clone(),
                closeness: Closeness::TwoEdits,
                layers,
            };
            if !matches.is_empty() {
                return Some(matches);
            }
        }
    }

    /// The question with the words that its best match has.
    fn meant<'a>(
        &self,
        matches: &Matches,
        item: &impl Fn(u32) -> Option<&'a Arc<Item>>,
    ) -> Option<String> {
        if matches.closeness <= Closeness::Begun {
            return None;
        }
        let (.., number) = *matches.standings(self, 0, 1, item).first()?;
        let live = |layer: &&Layer| layer.live_document(number).is_some();
        let layer = self.layers.iter().find(live)?;
        let document = layer.live_document(number)?;
        let mut meant: Vec<String> = Vec::new();
        for term in &matches.asked.terms {
            if term.wide {
                return None;
            }
            let words = term.words(&layer.segment, matches.closeness);
            let mut words = words.into_iter().enumerate();
            let (place, word) = words.find_map(|(place, mut words)| {
                let word = words.find(|word| layer.segment.has(document, *word))?;
                Some((place, word))
            })?;
            meant.push(if place == 0 {
                term.text.clone()
            } else {
                layer.segment.text(word)?
            });
        }
        Some(meant.join(" ")).filter(|meant| *meant != matches.asked.name)
    }
}

/// What matches a question at some closeness.
struct Matches {
    asked: Asked,
    closeness: Closeness,
    /// For each layer of the search its tiers.
    layers: Vec<Tiers>,
}

impl Matches {
    fn is_empty(&self) -> bool {
        self.layers.iter().flatten().all(|tier| tier.count() == 0)
    }

    fn totals(&self, search: &Search) -> [usize; 5] {
        Kind::ALL.map(|kind| {
            let layers = search.layers.iter().zip(&self.layers);
            let count = |(layer, tiers): (&Layer, &Tiers)| -> usize {
                let range = layer.segment.of_kind(kind);
                tiers.iter().map(|tier| tier.count_in(&range)).sum()
            };
            layers.map(count).sum()
        })
    }

    /// Some of the hits: the layers' best ones merged, tier by tier.
    fn standings<'a>(
        &self,
        search: &Search,
        mut skip: usize,
        mut limit: usize,
        item: &impl Fn(u32) -> Option<&'a Arc<Item>>,
    ) -> Vec<Standing> {
        let mut standings = Vec::new();
        let tiers = self.layers.first().map_or(0, Vec::len);
        for tier in 0..tiers {
            let total: usize = self.layers.iter().map(|tiers| tiers[tier].count()).sum();
            if skip >= total || limit == 0 {
                skip = skip.saturating_sub(total);
                continue;
            }
            let mut best: Vec<Standing> = Vec::new();
            for (layer, tiers) in search.layers.iter().zip(&self.layers) {
                let documents = tiers[tier].iter().take(skip + limit);
                let numbers = documents.filter_map(|document| layer.segment.numbers.get(document));
                best.extend(numbers.filter_map(|number| Some(standing(*number, item(*number)?))));
            }
            best.sort_unstable();
            let taken = best.into_iter().skip(skip).take(limit);
            let before = standings.len();
            standings.extend(taken);
            limit -= standings.len() - before;
            skip = 0;
        }
        standings
    }
}

/// The documents of a layer that have a word.
struct Marks {
    in_names: Bits,
    anywhere: Bits,
}

impl Marks {
    fn none(layer: &Layer) -> Self {
        Self {
            in_names: Bits::none(layer.segment.len()),
            anywhere: Bits::none(layer.segment.len()),
        }
    }

    /// Leaves only documents of some kinds that still hold.
    fn keep(&mut self, layer: &Layer, kinds: &[Kind]) {
        for bits in [&mut self.in_names, &mut self.anywhere] {
            if !kinds.is_empty() {
                bits.keep(kinds.iter().map(|kind| layer.segment.of_kind(*kind)));
            }
            for document in layer.gone.iter() {
                bits.clear(document as usize);
            }
        }
    }
}

fn mark_all(layer: &Layer, terms: &[Term], closeness: Closeness, kinds: &[Kind]) -> Vec<Marks> {
    let mark = |term: &Term| {
        let mut marks = Marks::none(layer);
        for words in term.words(&layer.segment, closeness) {
            let (names, anywhere) = (&mut marks.in_names, &mut marks.anywhere);
            layer.segment.mark(words, names, anywhere);
        }
        marks.anywhere.or(&marks.in_names);
        marks.keep(layer, kinds);
        marks
    };
    terms.iter().map(mark).collect()
}

/// The documents with the very name that was typed, and those with a name that begins with it.
fn mark_names(layer: &Layer, asked: &Asked, kinds: &[Kind]) -> (Bits, Bits) {
    let mut marks = Marks::none(layer);
    let (exact, beginning) = (&mut marks.in_names, &mut marks.anywhere);
    layer.segment.mark_names(&asked.name, exact, beginning);
    marks.keep(layer, kinds);
    (marks.in_names, marks.anywhere)
}

/// The documents that have every word: those with the name, with a name that begins so, with all
/// words in a name, with all words.
fn tiers(names: Option<(Bits, Bits)>, marks: &[Marks]) -> Option<Tiers> {
    let (first, others) = marks.split_first()?;
    let (mut in_names, mut anywhere) = (first.in_names.clone(), first.anywhere.clone());
    for other in others {
        in_names.and(&other.in_names);
        anywhere.and(&other.anywhere);
    }
    let mut tiers = Vec::with_capacity(4);
    tiers.extend(
        names
            .into_iter()
            .flat_map(|(exact, beginning)| [exact, beginning]),
    );
    tiers.extend([in_names, anywhere]);
    for tier in 1..tiers.len() {
        let (better, rest) = tiers.split_at_mut(tier);
        for better in better {
            rest[0].without(better);
        }
    }
    Some(tiers)
}
