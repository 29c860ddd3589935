use std::cell::OnceCell;

use common::models::{Catalogue, Kind};

use super::asked::{Asked, Closeness};
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
    /// Of an unfinished word of one or two letters only names are looked at.
    ///
    /// Only where nothing matches so, words may also be the beginnings of longer ones; then have
    /// one typing error, then two (none in a word of up to 3 letters, one in up to 7); and at last
    /// the commonest words are left out, and those that nothing has.
    ///
    /// `catalogue` is the one that this is the index of.
    pub fn find(&self, question: &Question<'_>, catalogue: &Catalogue) -> Found {
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
            matches.standings(self, question.offset, limit, catalogue)
        };
        let hit = |(kind, .., number): &Standing| {
            let item = catalogue.item(*number)?;
            Some(Hit {
                number: *number,
                kind: *kind,
                matched: matched::matched(&item, catalogue, &matches.asked, matches.closeness),
            })
        };
        Found {
            totals: matches.totals(self),
            hits: standings.iter().filter_map(hit).collect(),
            meant: self.meant(&matches, catalogue),
        }
    }

    /// Names that complete what was typed so far, the best first, each once; at most
    /// [`MOST_HITS`].
    pub fn suggest(&self, text: &str, limit: usize, catalogue: &Catalogue) -> Vec<Completion> {
        let question = Question {
            text,
            kinds: &[],
            limit,
            offset: 0,
        };
        let mut completions: Vec<Completion> = Vec::new();
        for hit in self.find(&question, catalogue).hits {
            let Some(item) = catalogue.item(hit.number) else {
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
        let look = |layer| Look::at(layer, asked, kinds);
        let mut looks: Vec<Look<'_>> = self.layers.iter().map(look).collect();
        for closeness in Closeness::ALL {
            let matches = Matches {
                asked: asked.clone(),
                closeness,
                layers: looks.iter_mut().map(|look| look.tiers(closeness)).collect(),
            };
            if !matches.is_empty() {
                return Some(matches);
            }
        }
        some_words(asked, &mut looks)
    }

    /// The question with the words that its best match has.
    fn meant(&self, matches: &Matches, catalogue: &Catalogue) -> Option<String> {
        if matches.closeness <= Closeness::Begun {
            return None;
        }
        let (.., number) = *matches.standings(self, 0, 1, catalogue).first()?;
        let live = |layer: &&Layer| layer.live_document(number).is_some();
        let layer = self.layers.iter().find(live)?;
        let document = layer.live_document(number)?;
        let mut meant: Vec<String> = Vec::new();
        for term in &matches.asked.terms {
            if term.wide {
                return None;
            }
            let like = OnceCell::new();
            let mut near = Closeness::ALL.into_iter().flat_map(|closeness| {
                let words = term.words(&layer.segment, closeness, &like);
                words
                    .into_iter()
                    .flatten()
                    .map(move |word| (closeness, word))
            });
            let (closeness, word) = near.find(|(_, word)| layer.segment.has(document, *word))?;
            meant.push(if closeness <= Closeness::Begun {
                term.text.clone()
            } else {
                layer.segment.text(word)?
            });
        }
        Some(meant.join(" ")).filter(|meant| *meant != matches.asked.name)
    }
}

/// What matches without the words that nothing has, and without the commonest ones.
fn some_words(asked: &Asked, looks: &mut [Look<'_>]) -> Option<Matches> {
    let closeness = Closeness::TwoEdits;
    for look in &mut *looks {
        (0..asked.terms.len()).for_each(|term| look.raise(term, closeness));
    }
    let count = |term: usize| -> usize {
        let marks = looks.iter().map(|look| &look.marks[term]);
        marks.map(|marks| marks.anywhere.count()).sum()
    };
    let counts: Vec<usize> = (0..asked.terms.len()).map(count).collect();
    let letters =
        |terms: &[usize]| -> usize { terms.iter().map(|term| asked.terms[*term].letters()).sum() };
    let mut left: Vec<usize> = (0..counts.len()).collect();
    let all = letters(&left);
    loop {
        let unknown = left.iter().position(|term| counts[*term] == 0);
        let commonest = (0..left.len()).max_by_key(|place| counts[left[*place]]);
        left.remove(unknown.or(commonest)?);
        if letters(&left) * LEAST_SHARE < all {
            return None;
        }
        if left.iter().any(|term| counts[*term] == 0) {
            continue;
        }
        let tiers = |look: &Look<'_>| {
            let mut all: Option<Marks> = None;
            for term in &left {
                Marks::and(&mut all, &look.marks[*term]);
            }
            disjoint(all.map_or_else(Tiers::new, |all| vec![all.in_names, all.anywhere]))
        };
        let layers = looks.iter().map(tiers).collect();
        let asked = Asked {
            name: asked.name.clone(),
            terms: left.iter().map(|term| asked.terms[*term].clone()).collect(),
        };
        let matches = Matches {
            asked,
            closeness,
            layers,
        };
        if !matches.is_empty() {
            return Some(matches);
        }
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
        self.layers.iter().flatten().all(Bits::is_empty)
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
    fn standings(
        &self,
        search: &Search,
        mut skip: usize,
        mut limit: usize,
        catalogue: &Catalogue,
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
                let here = tiers[tier].count();
                // In order already: of what a layer has alone, the first need no look.
                let passed = if here == total {
                    std::mem::take(&mut skip)
                } else {
                    0
                };
                let documents = tiers[tier].iter().skip(passed).take(skip + limit);
                let numbers = documents.filter_map(|document| layer.segment.number(document));
                let item = |number| catalogue.item(number);
                best.extend(numbers.filter_map(|number| Some(standing(number, &*item(number)?))));
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

/// The documents of a layer that have a word: in a name, and in any field.
#[derive(Clone, Default)]
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

    /// Leaves of `all` only what has this word too.
    fn and<'m>(all: &'m mut Option<Self>, marks: &Self) -> &'m Self {
        match all {
            None => all.insert(marks.clone()),
            Some(all) => {
                all.in_names.and(&marks.in_names);
                all.anywhere.and(&marks.anywhere);
                all
            }
        }
    }
}

/// A question that is looked up in one layer.
struct Look<'a> {
    layer: &'a Layer,
    asked: &'a Asked,
    kinds: &'a [Kind],
    /// For each word of the question the documents found so far, and how closely it was looked at.
    marks: Vec<Marks>,
    reached: Vec<Option<Closeness>>,
    /// For each word of the question those that resemble it.
    like: Vec<OnceCell<Vec<(usize, usize)>>>,
}

impl<'a> Look<'a> {
    fn at(layer: &'a Layer, asked: &'a Asked, kinds: &'a [Kind]) -> Self {
        let terms = asked.terms.len();
        Self {
            layer,
            asked,
            kinds,
            marks: vec![Marks::none(layer); terms],
            reached: vec![None; terms],
            like: vec![OnceCell::new(); terms],
        }
    }

    /// The documents that have every word: those with the very name, with a name that begins so,
    /// with all words in names, with all words.
    fn tiers(&mut self, closeness: Closeness) -> Tiers {
        let mut tiers = if closeness == Closeness::Typed {
            self.mark_names().into()
        } else {
            Tiers::new()
        };
        let mut all: Option<Marks> = None;
        for term in 0..self.asked.terms.len() {
            self.raise(term, closeness);
            let all = Marks::and(&mut all, &self.marks[term]);
            if all.anywhere.is_empty() {
                break;
            }
        }
        tiers.extend(
            all.map(|all| [all.in_names, all.anywhere])
                .into_iter()
                .flatten(),
        );
        disjoint(tiers)
    }

    /// Looks for a word so closely.
    fn raise(&mut self, term: usize, closeness: Closeness) {
        let segment = &self.layer.segment;
        let mut marks = std::mem::take(&mut self.marks[term]);
        for step in Closeness::ALL {
            if step <= closeness && self.reached[term] < Some(step) {
                for words in self.asked.terms[term].words(segment, step, &self.like[term]) {
                    segment.mark_in_names(words.clone(), &mut marks.in_names);
                    if self.asked.terms[term].is_telling() {
                        segment.mark_beside(words, &mut marks.anywhere);
                    }
                }
            }
        }
        marks.anywhere.or(&marks.in_names);
        self.marks[term] = self.keep(marks);
        self.reached[term] = self.reached[term].max(Some(closeness));
    }

    /// The documents with the very name that was typed, and those with a name that begins so.
    fn mark_names(&self) -> [Bits; 2] {
        let mut marks = Marks::none(self.layer);
        let (exact, beginning) = (&mut marks.in_names, &mut marks.anywhere);
        let segment = &self.layer.segment;
        segment.mark_names(&self.asked.name, exact, beginning);
        let marks = self.keep(marks);
        [marks.in_names, marks.anywhere]
    }

    /// Leaves only documents of the kinds that are looked for, and that still hold.
    fn keep(&self, mut marks: Marks) -> Marks {
        for bits in [&mut marks.in_names, &mut marks.anywhere] {
            if !self.kinds.is_empty() {
                let ranges = self
                    .kinds
                    .iter()
                    .map(|kind| self.layer.segment.of_kind(*kind));
                bits.keep(ranges);
            }
            for document in self.layer.gone.iter() {
                bits.clear(document as usize);
            }
        }
        marks
    }
}

/// Takes out of each tier what is in a better one.
fn disjoint(mut tiers: Tiers) -> Tiers {
    for tier in 1..tiers.len() {
        let (better, rest) = tiers.split_at_mut(tier);
        for better in better {
            rest[0].without(better);
        }
    }
    tiers
}
