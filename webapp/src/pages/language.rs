//! The language of an original title, which the source does not state.

use common::models::Movie;
use icu_properties::CodePointMapData;
use icu_properties::props::Script;

/// Whether a movie's original title is Japanese: it has kana, or ideographs and a romanised title.
/// Ideographs alone can be Chinese.
pub(super) fn has_japanese_title(movie: &Movie) -> bool {
    let Some(title) = &movie.original_title else {
        return false;
    };
    let has = |scripts: &[Script]| {
        let mut chars = title.chars();
        chars.any(|c| scripts.contains(&CodePointMapData::<Script>::new().get(c)))
    };
    if has(&[Script::Hangul, Script::Bopomofo]) {
        return false;
    }
    has(&[Script::Hiragana, Script::Katakana])
        || has(&[Script::Han]) && movie.original_title_romanised.is_some()
}
