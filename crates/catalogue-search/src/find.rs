use std::cell::OnceCell;

use common::models::{Catalogue, Kind};
use fixedbitset::FixedBitSet;

use crate::field_matches::field_matches;
use crate::layer_query::{LayerQuery, RankedSets, TermDocuments, disjoint};
use crate::parsed_query::{MatchLevel, ParsedQuery};
use crate::results::{Completion, Hit, MAX_HITS, MAX_OFFSET, SearchQuery, SearchResults};
use crate::search_index::{Layer, SearchIndex};
use crate::segment::RankKey;

/// When terms are dropped from a query, at least one in this many of its letters must remain.
const MIN_REMAINING_SHARE: usize = 3;

impl SearchIndex {
    /// Answers a query. Items whose name is the query come first, then those with a name that
    /// begins with it, then those with all its words in names, then those with all its words in other
    /// fields too, then those with some of them in the synopsis; equals by score, then in the source's
    /// order.
    ///
    /// An unfinished word of one or two letters is searched in names only. Synopses are searched
    /// without typing errors.
    ///
    /// If nothing matches, each further attempt allows more: words as prefixes, one typing error,
    /// two typing errors (none in words of up to 3 letters, one in up to 7), the words that a sign
    /// joins as one, and finally dropping words that nothing matches and the most common ones.
    ///
    /// `catalogue` is the indexed one.
    pub fn find(&self, query: &SearchQuery<'_>, catalogue: &Catalogue) -> SearchResults {
        let parsed = ParsedQuery::of(query.text);
        if parsed.terms.is_empty() {
            return SearchResults::default();
        }
        let Some(matches) = self.matches(query.text, &parsed, query.kinds) else {
            return SearchResults::default();
        };
        let limit = query.limit.min(MAX_HITS);
        let keys = if query.offset > MAX_OFFSET {
            Vec::new()
        } else {
            matches.rank_keys(self, query.offset, limit, catalogue)
        };
        let hit = |key: &RankKey| {
            let item = catalogue.item(key.number)?;
            Some(Hit {
                number: key.number,
                kind: key.kind,
                matches: field_matches(&item, catalogue, &matches.query, matches.level),
            })
        };
        SearchResults {
            totals: matches.totals(self),
            hits: keys.iter().filter_map(hit).collect(),
            did_you_mean: self.did_you_mean(&matches, catalogue),
        }
    }

    /// Distinct names that complete a typed text, the best first.
    pub fn suggest(&self, text: &str, limit: usize, catalogue: &Catalogue) -> Vec<Completion> {
        let query = SearchQuery {
            text,
            kinds: &[],
            limit,
            offset: 0,
        };
        let mut completions: Vec<Completion> = Vec::new();
        for hit in self.find(&query, catalogue).hits {
            let Some(item) = catalogue.item(hit.number) else {
                continue;
            };
            let best = hit.matches.into_iter().next();
            let name = best.filter(|best| best.field.is_name());
            let is_name = name.is_some();
            let text = name.map_or_else(|| item.name().to_owned(), |name| name.text);
            if completions.iter().all(|other| other.text != text) {
                completions.push(Completion {
                    number: hit.number,
                    kind: hit.kind,
                    text,
                    is_name,
                });
            }
        }
        completions
    }

    fn matches(&self, text: &str, query: &ParsedQuery, kinds: &[Kind]) -> Option<QueryMatches> {
        let mut layers = self.layer_queries(query, kinds);
        let of_compounds = || {
            let query = ParsedQuery::with_compounds(text)?;
            matches_of_all_terms(&query, &mut self.layer_queries(&query, kinds))
        };
        matches_of_all_terms(query, &mut layers)
            .or_else(of_compounds)
            .or_else(|| matches_of_fewer_terms(query, &mut layers))
    }

    fn layer_queries<'a>(&'a self, query: &'a ParsedQuery, kinds: &[Kind]) -> Vec<LayerQuery<'a>> {
        let layers = self.layers.iter();
        layers
            .map(|layer| LayerQuery::new(layer, query, kinds))
            .collect()
    }

    /// The query with each term replaced by the word of the best hit that it matches.
    fn did_you_mean(&self, matches: &QueryMatches, catalogue: &Catalogue) -> Option<String> {
        if matches.level <= MatchLevel::Prefix {
            return None;
        }
        let number = matches.rank_keys(self, 0, 1, catalogue).first()?.number;
        let mut layers = self.layers.iter();
        let (segment, document) =
            layers.find_map(|layer| Some((&layer.segment, layer.live_document(number)?)))?;
        let mut words: Vec<String> = Vec::new();
        for term in &matches.query.terms {
            if term.is_unspaced {
                return None;
            }
            let similar = OnceCell::new();
            let mut candidates = MatchLevel::ALL.into_iter().flat_map(|level| {
                let words = term.words(segment, level, &similar);
                words.into_iter().flatten().map(move |word| (level, word))
            });
            let (level, word) = candidates.find(|(level, word)| {
                segment.has_term(document, *word)
                    || *level <= MatchLevel::Prefix && segment.has_in_synopsis(document, *word)
            })?;
            words.push(if level <= MatchLevel::Prefix {
                term.text.clone()
            } else {
                segment.term(word)?
            });
        }
        Some(words.join(" ")).filter(|text| *text != matches.query.name)
    }
}

/// The matches at the best level that has any.
fn matches_of_all_terms(
    query: &ParsedQuery,
    layers: &mut [LayerQuery<'_>],
) -> Option<QueryMatches> {
    MatchLevel::ALL.into_iter().find_map(|level| {
        let matches = QueryMatches {
            query: query.clone(),
            level,
            layers: layers
                .iter_mut()
                .map(|layer| layer.ranked_sets(level))
                .collect(),
        };
        (!matches.is_empty()).then_some(matches)
    })
}

/// Drops terms that nothing matches, then the most common ones, until the rest matches.
fn matches_of_fewer_terms(
    query: &ParsedQuery,
    layers: &mut [LayerQuery<'_>],
) -> Option<QueryMatches> {
    let level = MatchLevel::WORST;
    for layer in &mut *layers {
        (0..query.terms.len()).for_each(|term| layer.match_term(term, level));
    }
    let count = |term: usize| -> usize {
        let documents = layers.iter().map(|layer| &layer.terms[term].documents);
        documents
            .map(|documents| documents.anywhere.count_ones(..))
            .sum()
    };
    let counts: Vec<usize> = (0..query.terms.len()).map(count).collect();
    let letters = |terms: &[usize]| -> usize {
        let terms = terms.iter().map(|term| &query.terms[*term]);
        terms.map(|term| term.char_count()).sum()
    };
    let mut remaining: Vec<usize> = (0..counts.len()).collect();
    let all_letters = letters(&remaining);
    loop {
        let unmatched = remaining.iter().position(|term| counts[*term] == 0);
        let most_common = (0..remaining.len()).max_by_key(|place| counts[remaining[*place]]);
        remaining.remove(unmatched.or(most_common)?);
        if letters(&remaining) * MIN_REMAINING_SHARE < all_letters {
            return None;
        }
        if remaining.iter().any(|term| counts[*term] == 0) {
            continue;
        }
        let ranked_sets = |layer: &LayerQuery<'_>| {
            let mut all: Option<TermDocuments> = None;
            for term in &remaining {
                TermDocuments::intersect(&mut all, &layer.terms[*term].documents);
            }
            disjoint(all.map_or_else(Vec::new, |all| all.into_sets().into()))
        };
        let layers = layers.iter().map(ranked_sets).collect();
        let terms = remaining.iter().map(|term| query.terms[*term].clone());
        let query = ParsedQuery {
            name: query.name.clone(),
            terms: terms.collect(),
        };
        let matches = QueryMatches {
            query,
            level,
            layers,
        };
        if !matches.is_empty() {
            return Some(matches);
        }
    }
}

/// The matches of a query at some level.
struct QueryMatches {
    query: ParsedQuery,
    level: MatchLevel,
    /// Those in each layer of the index.
    layers: Vec<RankedSets>,
}

impl QueryMatches {
    fn is_empty(&self) -> bool {
        self.layers.iter().flatten().all(FixedBitSet::is_clear)
    }

    fn totals(&self, index: &SearchIndex) -> [usize; 5] {
        Kind::ALL.map(|kind| {
            let layers = index.layers.iter().zip(&self.layers);
            let count = |(layer, sets): (&Layer, &RankedSets)| -> usize {
                let of_kind = layer.segment.of_kind(kind);
                sets.iter().map(|set| set.count_ones(of_kind.clone())).sum()
            };
            layers.map(count).sum()
        })
    }

    /// A page of hits: the best of each layer merged, set by set.
    fn rank_keys(
        &self,
        index: &SearchIndex,
        mut offset: usize,
        mut limit: usize,
        catalogue: &Catalogue,
    ) -> Vec<RankKey> {
        let mut keys = Vec::new();
        let set_count = self.layers.first().map_or(0, Vec::len);
        for place in 0..set_count {
            let total: usize = self
                .layers
                .iter()
                .map(|sets| sets[place].count_ones(..))
                .sum();
            if offset >= total || limit == 0 {
                offset = offset.saturating_sub(total);
                continue;
            }
            let mut best: Vec<RankKey> = Vec::new();
            for (layer, sets) in index.layers.iter().zip(&self.layers) {
                let set = &sets[place];
                // A set is in rank order. If only this layer has hits, the offset applies to it.
                let skipped = if set.count_ones(..) == total {
                    std::mem::take(&mut offset)
                } else {
                    0
                };
                let documents = set.ones().skip(skipped).take(offset + limit);
                let numbers = documents.filter_map(|document| layer.segment.number(document));
                best.extend(numbers.filter_map(|number| {
                    let item = catalogue.item(number)?;
                    Some(RankKey::of(number, &item))
                }));
            }
            best.sort_unstable();
            let before = keys.len();
            keys.extend(best.into_iter().skip(offset).take(limit));
            limit -= keys.len() - before;
            offset = 0;
        }
        keys
    }
}
