use std::cmp::Reverse;
use std::ops::Range;

use common::models::{Catalogue, Item};
use text_folding::{FoldedChar, fold, is_apostrophe, is_letter, tokenise, whole_name};

use crate::analysis::{for_each_field, for_each_term, searched_part};
use crate::parsed_query::{MatchLevel, ParsedQuery, QueryTerm};
use crate::results::{FieldMatch, SearchField};

/// Characters of a synopsis that are shown before and after the first match.
const EXCERPT_CHARS_BEFORE: usize = 60;
const EXCERPT_CHARS_AFTER: usize = 100;

/// A field, and what of it matches each term of a query.
struct MatchedField<'a> {
    field: SearchField,
    text: &'a str,
    /// Whether it is a name equal to the query, and whether it is one that begins with it.
    is_name: (bool, bool),
    /// For each term the distance of its nearest words, and their spans.
    terms: Vec<Option<(usize, Vec<Range<usize>>)>>,
}

/// The fields of an item that match a query: the best one, then others for the remaining terms.
pub(crate) fn field_matches(
    item: &Item,
    catalogue: &Catalogue,
    query: &ParsedQuery,
    level: MatchLevel,
) -> Vec<FieldMatch> {
    let mut fields = Vec::new();
    let mut folded = Vec::new();
    for_each_field(item, catalogue, |field, text| {
        fold(searched_part(field, text), &mut folded);
        let field = MatchedField::of(field, text, &folded, query, level);
        if field.terms.iter().any(Option::is_some) {
            fields.push(field);
        }
    });
    let mut remaining: Vec<usize> = (0..query.terms.len()).collect();
    let mut matches = Vec::new();
    while !remaining.is_empty() {
        // The first of equals: `max_by_key` alone would take the last.
        let best = fields
            .iter()
            .rev()
            .max_by_key(|field| field.relevance(&remaining));
        let Some(best) = best.filter(|best| best.has_any(&remaining)) else {
            break;
        };
        remaining.retain(|term| best.terms[*term].is_none());
        matches.push(best.to_field_match());
    }
    matches
}

impl<'a> MatchedField<'a> {
    fn of(
        field: SearchField,
        text: &'a str,
        folded: &[FoldedChar],
        query: &ParsedQuery,
        level: MatchLevel,
    ) -> Self {
        let tokens = tokenise(folded);
        let mut name = String::new();
        whole_name(&mut name, folded, &tokens);
        let mut terms = vec![None; query.terms.len()];
        let level = match field {
            SearchField::Synopsis => level.min(MatchLevel::Prefix),
            _ => level,
        };
        for_each_term(folded, &tokens, &mut String::new(), |word, chars| {
            for (term, nearest) in query.terms.iter().zip(&mut terms) {
                if let Some(distance) = term.distance(word, level) {
                    let span = span(&folded[chars.clone()], term, word);
                    keep_nearest(nearest, distance, span);
                }
            }
        });
        Self {
            field,
            text,
            is_name: if field.is_name() {
                (name == query.name, name.starts_with(&query.name))
            } else {
                (false, false)
            },
            terms,
        }
    }

    fn has_any(&self, terms: &[usize]) -> bool {
        terms.iter().any(|term| self.terms[*term].is_some())
    }

    /// Ranks fields: by whole name, a synopsis last, then by the number of these terms, then by their
    /// distances.
    fn relevance(&self, terms: &[usize]) -> ((bool, bool), bool, usize, Reverse<usize>) {
        let found = terms.iter().filter_map(|term| self.terms[*term].as_ref());
        let distances = found.clone().map(|(distance, _)| distance).sum();
        let is_short = self.field != SearchField::Synopsis;
        let is_short = is_short && self.has_any(terms);
        (self.is_name, is_short, found.count(), Reverse(distances))
    }

    fn to_field_match(&self) -> FieldMatch {
        let spans = self.terms.iter().flatten().flat_map(|(_, spans)| spans);
        let spans = merge(spans.cloned().collect());
        if self.field == SearchField::Synopsis {
            return excerpt(self.text, &spans);
        }
        FieldMatch {
            field: self.field,
            text: self.text.to_owned(),
            spans,
        }
    }
}

/// The words around the first match in a synopsis, with all matches among them.
fn excerpt(text: &str, spans: &[Range<usize>]) -> FieldMatch {
    let first = spans.first().cloned().unwrap_or_default();
    let before = text.get(..first.start).unwrap_or_default();
    let after = text.get(first.end..).unwrap_or_default();
    let start = match before.char_indices().rev().nth(EXCERPT_CHARS_BEFORE) {
        Some((place, _)) => before[place..]
            .find(' ')
            .map_or(first.start, |gap| place + gap + 1),
        None => 0,
    };
    let end = match after.char_indices().nth(EXCERPT_CHARS_AFTER) {
        Some((place, _)) => first.end + after[..place].rfind(' ').unwrap_or(place),
        None => text.len(),
    };
    let mut excerpt = String::new();
    excerpt.push_str(if start > 0 { "…" } else { "" });
    let offset = excerpt.len();
    excerpt.push_str(text.get(start..end).unwrap_or_default());
    excerpt.push_str(if end < text.len() { "…" } else { "" });
    let inside = spans.iter().filter(|span| span.end <= end);
    let moved = |place: usize| place - start + offset;
    FieldMatch {
        field: SearchField::Synopsis,
        text: excerpt,
        spans: inside
            .map(|span| moved(span.start)..moved(span.end))
            .collect(),
    }
}

fn keep_nearest(
    nearest: &mut Option<(usize, Vec<Range<usize>>)>,
    distance: usize,
    span: Range<usize>,
) {
    match nearest {
        Some((best, spans)) if *best == distance => spans.push(span),
        Some((best, _)) if *best < distance => {}
        _ => *nearest = Some((distance, vec![span])),
    }
}

/// The bytes of the text that match: of a prefix match only the prefix.
fn span(folded: &[FoldedChar], term: &QueryTerm, word: &str) -> Range<usize> {
    let is_in_word = |c: &&FoldedChar| is_letter(c.char) && !is_apostrophe(c.char);
    let letters = || folded.iter().filter(is_in_word);
    let is_as_written = word.chars().eq(letters().map(|c| c.char));
    let last = if is_as_written && word.starts_with(&term.text) {
        letters().take(term.char_count()).last()
    } else {
        folded.last()
    };
    match (folded.first(), last) {
        (Some(first), Some(last)) => first.start..last.end,
        _ => 0..0,
    }
}

/// Sorts spans and joins those that touch.
fn merge(mut spans: Vec<Range<usize>>) -> Vec<Range<usize>> {
    spans.sort_unstable_by_key(|span| (span.start, span.end));
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(spans.len());
    for span in spans {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    merged
}
