use std::ops::Range;

use common::models::{Catalogue, Item};

use super::asked::{Asked, Closeness, Term};
use super::entry::{cut, each_field, each_term, key};
use super::fold::{self, Glyph};
use super::{Field, Matched};

/// A field, and what of it each word of a question matches.
struct Candidate<'a> {
    field: Field,
    text: &'a str,
    /// Whether it is a name and what was typed, or begins so.
    whole: (bool, bool),
    /// For each term the distance of its nearest words, and their spans.
    terms: Vec<Option<(usize, Vec<Range<usize>>)>>,
}

/// The fields of an item in which a question's words are found: the best one, and others for the
/// words that it does not have.
pub(super) fn matched(
    item: &Item,
    catalogue: &Catalogue,
    asked: &Asked,
    closeness: Closeness,
) -> Vec<Matched> {
    let mut candidates = Vec::new();
    let mut glyphs = Vec::new();
    each_field(item, catalogue, |field, text| {
        fold::fold(cut(text), &mut glyphs);
        let candidate = Candidate::of(field, text, &glyphs, asked, closeness);
        if candidate.terms.iter().any(Option::is_some) {
            candidates.push(candidate);
        }
    });
    let mut open: Vec<usize> = (0..asked.terms.len()).collect();
    let mut matched = Vec::new();
    while !open.is_empty() {
        let worth = |candidate: &Candidate<'_>| candidate.worth(&open);
        // Of equals the first: `max_by_key` would take the last.
        let best = candidates.iter().rev().max_by_key(|one| worth(one));
        let Some(best) = best.filter(|best| best.has_any(&open)) else {
            break;
        };
        open.retain(|term| best.terms[*term].is_none());
        matched.push(best.to_matched());
    }
    matched
}

impl<'a> Candidate<'a> {
    fn of(
        field: Field,
        text: &'a str,
        glyphs: &[Glyph],
        asked: &Asked,
        closeness: Closeness,
    ) -> Self {
        let words = fold::words(glyphs);
        let name = key(glyphs, &words);
        let mut terms = vec![None; asked.terms.len()];
        each_term(glyphs, &words, &mut String::new(), |word, place| {
            for (term, nearest) in asked.terms.iter().zip(&mut terms) {
                if let Some(distance) = term.distance(word, closeness) {
                    let span = span(&glyphs[place.clone()], term, word);
                    note(nearest, distance, span);
                }
            }
        });
        Self {
            field,
            text,
            whole: if field.is_name() {
                (name == asked.name, name.starts_with(&asked.name))
            } else {
                (false, false)
            },
            terms,
        }
    }

    fn has_any(&self, open: &[usize]) -> bool {
        open.iter().any(|term| self.terms[*term].is_some())
    }

    /// What makes one field tell more than another: being what was typed, the words that it has,
    /// and how near they are.
    fn worth(&self, open: &[usize]) -> ((bool, bool), usize, std::cmp::Reverse<usize>) {
        let found = open.iter().filter_map(|term| self.terms[*term].as_ref());
        let distances = found.clone().map(|(distance, _)| distance).sum();
        (self.whole, found.count(), std::cmp::Reverse(distances))
    }

    fn to_matched(&self) -> Matched {
        let spans = self.terms.iter().flatten().flat_map(|(_, spans)| spans);
        Matched {
            field: self.field,
            text: self.text.to_owned(),
            spans: merge(spans.cloned().collect()),
        }
    }
}

fn note(nearest: &mut Option<(usize, Vec<Range<usize>>)>, distance: usize, span: Range<usize>) {
    match nearest {
        Some((best, spans)) if *best == distance => spans.push(span),
        Some((best, _)) if *best < distance => {}
        _ => *nearest = Some((distance, vec![span])),
    }
}

/// The bytes of the text that match: of the beginning of a word only what was typed.
fn span(glyphs: &[Glyph], term: &Term, word: &str) -> Range<usize> {
    let typed = term.text.chars().count();
    let as_written = word.chars().eq(glyphs.iter().map(|glyph| glyph.char));
    let count = if as_written && word.starts_with(&term.text) {
        typed
    } else {
        glyphs.len()
    };
    let matching = glyphs.get(..count).unwrap_or(glyphs);
    match (matching.first(), matching.last()) {
        (Some(first), Some(last)) => first.from..last.to,
        _ => 0..0,
    }
}

/// Puts spans that touch together.
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
