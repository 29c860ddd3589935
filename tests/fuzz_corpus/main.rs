//! Replays the corpus of the fuzz targets; see `fuzz/README.md`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../fuzz/src/targets.rs"]
mod targets;

use testkit::fuzz_corpus;

#[test]
fn no_list_of_the_source_in_the_corpus_breaks_a_promise() {
    fuzz_corpus::replay("source", targets::source);
}

#[test]
fn no_query_in_the_corpus_breaks_a_promise() {
    fuzz_corpus::replay("query", targets::query);
}

#[test]
fn no_search_in_the_corpus_breaks_a_promise() {
    fuzz_corpus::replay("search", targets::search);
}

#[test]
fn no_settings_in_the_corpus_break_a_promise() {
    fuzz_corpus::replay("settings", targets::settings);
}
