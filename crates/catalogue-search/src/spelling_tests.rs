//! Titles and queries in other spellings: what is found, and what of the title is highlighted.

use std::sync::Arc;

use common::models::{Catalogue, Facts, Item, Movie, SourceRecord};
use serde_json::value::RawValue;

use crate::{SearchIndex, SearchQuery};

/// Title, query, and the title with the matches in brackets; nothing if it is not found.
const SPELLINGS: &[(&str, &str, &str)] = &[
    // Hebrew points, cantillation marks, quotes and hyphens.
    ("תִּקּוּן", "תקון", "[תִּקּוּן]"),
    ("תקון", "תִּקּוּן", "[תקון]"),
    ("בְּרֵאשִׁ֖ית", "בראשית", "[בְּרֵאשִׁ֖ית]"),
    ("שָׁלוֹם חבר", "שלו", "[שָׁלוֹ]ם חבר"),
    ("צה״ל", "צהל", "[צה״ל]"),
    ("בית־לחם", "בית לחם", "[בית]־[לחם]"),
    ("תִּקּוּן", "שלום", ""),
    // Arabic harakat, hamza, tatweel, presentation forms; Persian and Arabic keyboards; Urdu.
    ("مُحَمَّد", "محمد", "[مُحَمَّد]"),
    ("أحمد", "احمد", "[أحمد]"),
    ("القـــاهرة", "القاهره", "[القـــاهرة]"),
    ("ﻣﺼﺮ", "مصر", "[ﻣﺼﺮ]"),
    ("علی کوچک", "علي كوچك", "[علی] [کوچک]"),
    ("می\u{200c}خواهم", "میخواهم", "[می\u{200c}خواهم]"),
    ("فيلم ٢٠٠١", "فيلم 2001", "[فيلم] [٢٠٠١]"),
    ("لیلیٰ", "لیلی", "[لیلیٰ]"),
    ("مصر", "لبنان", ""),
    // Syriac and Ethiopic.
    ("ܫܠܵܡܵܐ", "ܫܠܡܐ", "[ܫܠܵܡܵܐ]"),
    ("ሰላም፡ዓለም", "ዓለም", "ሰላም፡[ዓለም]"),
    // Thai and Lao tone marks are folded, their vowels are not.
    ("พี่มาก", "พีมาก", "[พี่มาก]"),
    ("น้ำ", "นำ", "[น้ำ]"),
    ("กุ", "กู", ""),
    ("ບ້ານ", "ບານ", "[ບ້ານ]"),
    // Indic vowel signs and viramas stay, nuktas are folded.
    ("फ़िल्म", "फिल्म", "[फ़िल्म]"),
    ("कि", "क", "[कि]"),
    ("की", "कि", ""),
    ("कल", "कुल", ""),
    ("ক\u{9cb}", "ক\u{9c7}\u{9be}", "[ক\u{9cb}]"),
    ("भाग २", "भाग 2", "[भाग] [२]"),
    ("தமிழ்", "தமிழ்", "[தமிழ்]"),
    ("മല\u{200d}യാളം", "മലയാളം", "[മല\u{200d}യാളം]"),
    // Invisible characters.
    ("Nau\u{ad}si\u{ad}caä", "nausicaa", "[Nau\u{ad}si\u{ad}caä]"),
    ("Nausicaä", "nau\u{ad}sicaa", "[Nausicaä]"),
    ("\u{feff}Ponyo", "ponyo", "\u{feff}[Ponyo]"),
    ("Po\u{200b}ny\u{2060}o", "ponyo", "[Po\u{200b}ny\u{2060}o]"),
    (
        "\u{200f}Ponyo\u{200e} 2",
        "ponyo",
        "\u{200f}[Ponyo\u{200e}] 2",
    ),
    ("Ponyo", "\u{202a}ponyo\u{202c}", "[Ponyo]"),
    ("葛\u{e0100}城", "葛城", "[葛\u{e0100}城]"),
    (
        "Ponyo \u{2764}\u{fe0f}",
        "ponyo \u{2764}",
        "[Ponyo] \u{2764}\u{fe0f}",
    ),
    ("Po\u{34f}\u{301}nyo", "ponyo", "[Po\u{34f}\u{301}nyo]"),
    ("\u{3164}Ponyo\u{3164}", "ponyo", "\u{3164}[Ponyo\u{3164}]"),
    // Initials, in both directions.
    ("M*A*S*H", "mash", "[M*A*S*H]"),
    ("MASH", "m*a*s*h", "[MASH]"),
    (
        "Agents of S.H.I.E.L.D.",
        "shield",
        "Agents of [S.H.I.E.L.D].",
    ),
    ("Agents of SHIELD", "s.h.i.e.l.d.", "Agents of [SHIELD]"),
    (
        "Agents of S.H.I.E.L.D.",
        "s.h.i",
        "Agents of [S.H.I].E.L.D.",
    ),
    ("R.E.M.", "rem", "[R.E.M]."),
    ("REM", "R. E. M.", "[REM]"),
    (
        "A.I. Artificial Intelligence",
        "ai",
        "[A.I]. Artificial Intelligence",
    ),
    ("AI", "a.i.", "[AI]"),
    ("J. R. R. Tolkien", "jrr tolkien", "[J. R. R]. [Tolkien]"),
    ("М.У.Р.", "мур", "[М.У.Р]."),
    ("M・A・S・H", "mash", "[M・A・S・H]"),
    ("M*A*S*H", "m a s h", "[M]*[A]*[S]*[H]"),
    ("AT&T", "att", "[AT&T]"),
    ("I, a Woman", "i a woman", "[I], [a] [Woman]"),
    ("M*A*S*H", "dash", ""),
    // Words with a sign between.
    ("Face/Off", "faceoff", "[Face/Off]"),
    ("WALL·E", "walle", "[WALL·E]"),
    ("WALL‑E", "wall-e", "[WALL]‑[E]"),
    ("Spiderman", "spider-man", "[Spiderman]"),
    ("Kaguya‐Hime", "kaguyah", "[Kaguya‐H]ime"),
    // Latin letters without a decomposition, ligatures, case.
    ("Łódź", "lodz", "[Łódź]"),
    ("Smørrebrød", "smorrebrod", "[Smørrebrød]"),
    ("Æon Flux", "aeon flux", "[Æon] [Flux]"),
    (
        "Đất rừng phương Nam",
        "dat rung phuong nam",
        "[Đất] [rừng] [phương] [Nam]",
    ),
    ("Straße", "STRASSE", "[Straße]"),
    ("Strasse", "straße", "[Strasse]"),
    ("GROẞ", "gross", "[GROẞ]"),
    ("Diyarbakır", "DİYARBAKIR", "[Diyarbakır]"),
    ("İstanbul", "istanbul", "[İstanbul]"),
    ("Þór", "thor", "[Þór]"),
    ("Əli", "eli", "[Əli]"),
    ("Ħal Għargħur", "hal ghar", "[Ħal] [Għar]għur"),
    ("ﬁlm ofﬁce", "film office", "[ﬁlm] [ofﬁce]"),
    ("Ǆungla", "dzungla", "[Ǆungla]"),
    // Greek, Cyrillic, Armenian.
    ("Οδυσσέας", "ΟΔΥΣΣΕΑΣ", "[Οδυσσέας]"),
    ("Οδυσσεύς", "οδυσσευσ", "[Οδυσσεύς]"),
    ("Ёжик", "ежик", "[Ёжик]"),
    ("Їжак", "іжак", "[Їжак]"),
    ("և", "եւ", "[և]"),
    // Width, kana, numbers.
    (
        "Ｆｕｌｌ Ｍｅｔａｌ ２",
        "full metal 2",
        "[Ｆｕｌｌ] [Ｍｅｔａｌ] [２]",
    ),
    ("カﾞンダム", "がんだむ", "[カﾞンダム]"),
    ("ｶﾞﾝﾀﾞﾑ", "ガンダム", "[ｶﾞﾝﾀﾞﾑ]"),
    ("か\u{3099}く", "がく", "[か\u{3099}く]"),
    ("がく", "かく", ""),
    ("㍿東京", "株式会社", "[㍿]東京"),
    ("ᄒ\u{1161}\u{11ab}국", "한국", "[ᄒ\u{1161}\u{11ab}국]"),
    ("8½", "8 1/2", "[8½]"),
    ("8½", "81", ""),
    ("Alien³", "alien3", "[Alien³]"),
    ("Rocky Ⅳ", "rocky iv", "[Rocky] [Ⅳ]"),
    ("Area ⑨", "area 9", "[Area] [⑨]"),
    // Apostrophes and quotes; signs that are no letters.
    ("Howl’s", "howls", "[Howl’s]"),
    ("Howl´s", "howl's", "[Howl´s]"),
    ("Howl＇s", "howl`s", "[Howl＇s]"),
    ("Hawaiʻi", "hawaii", "[Hawaiʻi]"),
    ("Qurʾān", "quran", "[Qurʾān]"),
    ("„Ponyo“ «2»", "\"ponyo\" 2", "„[Ponyo]“ «[2]»"),
    ("Lego™ Movie", "lego movie", "[Lego]™ [Movie]"),
];

#[test]
fn a_title_is_found_in_every_spelling_and_highlighted() {
    let mut wrong = Vec::new();
    for (title, query, expected) in SPELLINGS {
        let found = marked(title, query);
        if found != *expected {
            wrong.push(format!("{title} by {query}: {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn spellings_of_one_name_are_the_same_whole_name() {
    for names in [
        ["M*A*S*H", "mash", "M. A. S. H."],
        ["תִּקּוּן", "תקון", "\u{200f}תקון"],
        ["Łódź", "LODZ", "Lo\u{ad}dz"],
        ["トトロ", "ﾄﾄﾛ", "ととろ"],
    ] {
        let catalogue: Catalogue = [movie(names[0])].into_iter().collect();
        let index = SearchIndex::of(&catalogue);
        for name in names {
            let found = index.with_name(name).map(|numbers| numbers.len());
            assert_eq!(found, Some(1), "{name}");
        }
    }
}

/// The title with its matches in brackets if the query finds it as spelt, without typing errors.
fn marked(title: &str, query: &str) -> String {
    let catalogue: Catalogue = [movie(title)].into_iter().collect();
    let query = SearchQuery {
        text: query,
        kinds: &[],
        limit: 1,
        offset: 0,
    };
    let found = SearchIndex::of(&catalogue).find(&query, &catalogue);
    let hit = found.hits.first().filter(|_| found.did_you_mean.is_none());
    let matched = hit.and_then(|hit| hit.matches.first());
    let parts = matched.into_iter().flat_map(|matched| matched.parts());
    parts
        .map(|(text, is_match)| match is_match {
            true => format!("[{text}]"),
            false => text.to_owned(),
        })
        .collect()
}

fn movie(title: &str) -> Arc<Item> {
    Arc::new(Item {
        id: "1".into(),
        slug: "1".into(),
        rank: 1,
        facts: Facts::Movie(Movie {
            title: title.into(),
            ..Movie::default()
        }),
        source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
    })
}
