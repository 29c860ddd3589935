//! A query running in one layer of the index.

use std::cell::OnceCell;

use common::models::Kind;
use fixedbitset::FixedBitSet;

use crate::parsed_query::{MatchLevel, ParsedQuery};
use crate::search_index::Layer;

/// The matching documents of a layer, in disjoint sets, the best first.
pub(crate) type RankedSets = Vec<FixedBitSet>;

/// The documents of a layer that have a term: in a name, in a name or related text, and anywhere.
#[derive(Clone)]
pub(crate) struct TermDocuments {
    in_names: FixedBitSet,
    in_fields: FixedBitSet,
    /// With those that have it in the synopsis.
    pub(crate) anywhere: FixedBitSet,
}

impl TermDocuments {
    /// Intersects `all`, which begins as `None`, with the documents of another term.
    pub(crate) fn intersect<'m>(all: &'m mut Option<Self>, documents: &Self) -> &'m Self {
        match all {
            None => all.insert(documents.clone()),
            Some(all) => {
                all.in_names.intersect_with(&documents.in_names);
                all.in_fields.intersect_with(&documents.in_fields);
                all.anywhere.intersect_with(&documents.anywhere);
                all
            }
        }
    }

    pub(crate) fn into_sets(self) -> [FixedBitSet; 3] {
        [self.in_names, self.in_fields, self.anywhere]
    }
}

/// A query running in one layer.
pub(crate) struct LayerQuery<'a> {
    query: &'a ParsedQuery,
    scope: Scope<'a>,
    pub(crate) terms: Vec<TermState>,
}

/// The progress of a layer's search for one term of the query.
#[derive(Clone)]
pub(crate) struct TermState {
    pub(crate) documents: TermDocuments,
    /// The levels that have been searched.
    level: Option<MatchLevel>,
    /// The similar words, computed on first use.
    similar: OnceCell<Vec<(usize, usize)>>,
}

impl<'a> LayerQuery<'a> {
    pub(crate) fn new(layer: &'a Layer, query: &'a ParsedQuery, kinds: &[Kind]) -> Self {
        let none = layer.segment.no_documents();
        let of_kinds = (!kinds.is_empty()).then(|| {
            let mut of_kinds = none.clone();
            for kind in kinds {
                of_kinds.insert_range(layer.segment.of_kind(*kind));
            }
            of_kinds
        });
        let term = TermState {
            documents: TermDocuments {
                in_names: none.clone(),
                in_fields: none.clone(),
                anywhere: none,
            },
            level: None,
            similar: OnceCell::new(),
        };
        Self {
            query,
            scope: Scope { layer, of_kinds },
            terms: vec![term; query.terms.len()],
        }
    }

    /// The documents with this exact name (at the exact level only), with a name that begins so
    /// (likewise), with all terms in names, with all terms in fields, and with all terms anywhere.
    pub(crate) fn ranked_sets(&mut self, level: MatchLevel) -> RankedSets {
        let mut sets = RankedSets::new();
        if level == MatchLevel::Exact {
            let mut with_name = self.scope.layer.segment.with_name(&self.query.name);
            with_name
                .iter_mut()
                .for_each(|set| self.scope.restrict(set));
            sets.extend(with_name);
        }
        let mut all: Option<TermDocuments> = None;
        for term in 0..self.terms.len() {
            self.match_term(term, level);
            let all = TermDocuments::intersect(&mut all, &self.terms[term].documents);
            if all.anywhere.is_clear() {
                break;
            }
        }
        sets.extend(all.into_iter().flat_map(TermDocuments::into_sets));
        disjoint(sets)
    }

    /// Searches a term at a level and at those before it.
    pub(crate) fn match_term(&mut self, term: usize, level: MatchLevel) {
        let segment = &self.scope.layer.segment;
        let query_term = &self.query.terms[term];
        let state = &mut self.terms[term];
        let TermDocuments {
            in_names,
            in_fields,
            anywhere,
        } = &mut state.documents;
        for step in MatchLevel::ALL {
            if step <= level && state.level < Some(step) {
                for words in query_term.words(segment, step, &state.similar) {
                    segment.collect_in_names(words.clone(), in_names);
                    if query_term.is_specific() {
                        segment.collect_in_related(words.clone(), in_fields);
                        if step <= MatchLevel::Prefix {
                            segment.collect_in_synopses(words, anywhere);
                        }
                    }
                }
            }
        }
        in_fields.union_with(in_names);
        anywhere.union_with(in_fields);
        for set in [in_names, in_fields, anywhere] {
            self.scope.restrict(set);
        }
        state.level = state.level.max(Some(level));
    }
}

/// Limits sets of documents to those that a query may find.
struct Scope<'a> {
    layer: &'a Layer,
    /// The documents of the requested kinds; `None` for all.
    of_kinds: Option<FixedBitSet>,
}

impl Scope<'_> {
    fn restrict(&self, documents: &mut FixedBitSet) {
        if let Some(of_kinds) = &self.of_kinds {
            documents.intersect_with(of_kinds);
        }
        self.layer.remove_deleted(documents);
    }
}

/// Removes from each set the documents of the better ones.
pub(crate) fn disjoint(mut sets: RankedSets) -> RankedSets {
    for place in 1..sets.len() {
        let (better, rest) = sets.split_at_mut(place);
        for better in better {
            rest[0].difference_with(better);
        }
    }
    sets
}
