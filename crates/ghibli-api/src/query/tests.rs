use proptest::prelude::*;
use serde_json::json;

use super::*;

fn films() -> Vec<Value> {
    vec![
        json!({"id": "1", "title": "Totoro", "year": "1988", "people": ["https://a/people/x", "https://a/people/y"], "note": null}),
        json!({"id": "2", "title": "Ponyo [on the cliff]", "year": "2008", "people": [], "length": 101}),
        json!({"id": "3", "title": "totoro's {return}", "year": "", "people": ["https://a/people/"], "seen": true}),
    ]
}

fn ids(query: &str) -> Vec<String> {
    let films = films();
    let question = Question::parse(query).unwrap();
    let answer = question.answer(|| films.iter(), Value::clone).unwrap();
    let records = answer.records.into_iter();
    records
        .map(|film| film["id"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn odd_questions_are_answered_by_the_rules() {
    for (query, expected) in [
        // Equality: numbers are no strings of digits, several values are any of them.
        ("year=1988", &[][..]),
        ("title=Totoro", &["1"]),
        ("title=totoro", &[]),
        ("title=Totoro&title=Ponyo+%5Bon+the+cliff%5D", &["1", "2"]),
        ("title[]=Totoro&title[1]=x", &["1"]),
        ("length=101", &["2"]),
        ("seen=true", &["3"]),
        ("year=", &["3"]),
        // What no record has is no filter, save with an ending.
        ("director=Nobody", &["1", "2", "3"]),
        ("director_ne=Nobody", &[]),
        ("fields=id&limit=250&_=7", &["1", "2", "3"]),
        // Paths, places and lengths.
        ("people.0=https://a/people/x", &["1"]),
        ("people.length=2", &["1"]),
        ("title.length=6", &["1"]),
        ("title.0=P", &["2"]),
        // Links are compared by where they lead.
        ("people.0=http://elsewhere/people/y", &[]),
        ("people.1=http://elsewhere/api/people/y", &["1"]),
        ("people_like=http://elsewhere/people/y", &["1"]),
        // Ranges: as numbers where the value is one, else as texts.
        ("year_gte=1990", &["2"]),
        ("year_lte=1990", &["1", "3"]),
        ("title_gte=Q", &["1", "3"]),
        ("year_gte=1980&year_lte=1990", &["1"]),
        ("length_gte=100", &["2"]),
        ("note_ne=x", &[]),
        ("title_ne=Totoro", &["2", "3"]),
        ("title_ne=Totoro&title_ne=x", &["1", "2", "3"]),
        // Patterns.
        ("title_like=TOTORO", &["1", "3"]),
        ("title_like=%5Etotoro$", &["1"]),
        ("title_like=%5C[on", &["2"]),
        ("title_like={return}", &["3"]),
        ("title_like=[[]", &["2"]),
        ("title_like=o{2}", &[]),
        ("title_like=x{,}", &[]),
        ("year_like=%5Cd{4}", &["1", "2"]),
        ("year_like=[^]", &["1", "2"]),
        ("people_like=people/x,", &["1"]),
        // Text anywhere, whatever the case.
        ("q=TOTORO", &["1", "3"]),
        ("q=people/y", &["1"]),
        ("q=true", &["3"]),
        ("q=", &["1", "2", "3"]),
        // Order: one field, by units of text; backwards is the whole list turned.
        ("_sort=title", &["2", "1", "3"]),
        ("_sort=title&_order=DESC", &["3", "1", "2"]),
        ("_sort=title&_order=desc", &["2", "1", "3"]),
        ("_order=DESC", &["1", "2", "3"]),
        ("_sort=nothing&_order=DESC", &["3", "2", "1"]),
        ("_sort=length", &["2", "1", "3"]),
        ("_sort=title,year", &["1", "2", "3"]),
        // Windows.
        ("_limit=2", &["1", "2"]),
        ("_limit=0", &[]),
        ("_limit=-1", &["1", "2"]),
        ("_limit=x", &[]),
        ("_limit=2x", &["1", "2"]),
        ("_start=1", &["1", "2", "3"]),
        ("_start=1&_limit=1", &["2"]),
        ("_start=-2&_limit=1", &["2"]),
        ("_start=1&_end=3", &["2", "3"]),
        ("_start=1&_end=2&_limit=3", &["2"]),
        ("_end=-1", &["1", "2"]),
        ("_page=2&_limit=2", &["3"]),
        ("_page=x&_limit=2", &["1", "2"]),
        ("_page=1&_limit=0", &["1", "2", "3"]),
        ("_page=1&_end=1", &["1", "2", "3"]),
        ("limit=1", &["1"]),
        ("limit=0x2", &["1", "2"]),
        ("limit=1e9", &["1", "2", "3"]),
        ("limit=3.5", &["1", "2", "3"]),
        ("limit=", &["1", "2", "3"]),
    ] {
        assert_eq!(ids(query), expected, "{query}");
    }
}

#[test]
fn what_the_original_breaks_at_is_an_error_that_names_it() {
    let films = films();
    for query in [
        "limit=-1",
        "limit=abc",
        "limit=1.5",
        "limit=1&limit=1",
        "fields=a&fields=b",
        "title_like=(",
        "title_like=(?<!a)b",
        "title_like=(a)%5C1",
        "title_like=((a{99}){99}){99}",
        "callback=f()",
        "callback=1f",
        "_expand=person",
    ] {
        let answer = Question::parse(query)
            .and_then(|question| question.answer(|| films.iter(), Value::clone));
        let error = answer.expect_err(query).to_string();
        let name = query.split('=').next().unwrap();
        assert!(error.contains(name), "{query}: {error}");
    }
    let many = "a=b&".repeat(101);
    assert_eq!(Question::parse(&many).unwrap_err(), QuestionError::TooMany);
}

#[test]
fn a_record_has_the_fields_that_were_asked_for_in_its_own_order() {
    let shaped = |query: &str| {
        let question = Question::parse(query).unwrap();
        question.shape(films().remove(0)).to_string()
    };
    assert_eq!(
        shaped("fields=title,id,other"),
        r#"{"id":"1","title":"Totoro"}"#
    );
    assert_eq!(shaped("fields=ID"), "{}");
    assert_eq!(
        shaped("_embed=vehicles&fields=vehicles"),
        r#"{"vehicles":[]}"#
    );
}

#[test]
fn a_page_links_to_those_beside_it() {
    let films = films();
    let links = |query: &str| {
        let question = Question::parse(query).unwrap();
        let answer = question.answer(|| films.iter(), Value::clone).unwrap();
        assert_eq!(answer.total, Some(3), "{query}");
        let links = answer.links.unwrap().into_iter();
        let links = links.map(|(relation, page)| format!("{relation} {}", page.address(query)));
        links.collect::<Vec<_>>()
    };
    assert_eq!(
        links("_page=2&_limit=1"),
        [
            "first _page=1&_limit=1",
            "prev _page=1&_limit=1",
            "next _page=3&_limit=1",
            "last _page=3&_limit=1"
        ]
    );
    assert_eq!(links("_page=1&_limit=3"), [""; 0]);
    assert_eq!(links("_page=9&_limit=3"), [""; 0]);
}

proptest! {
    #[test]
    fn no_question_panics(query in ".{0,200}") {
        let films = films();
        if let Ok(question) = Question::parse(&query)
            && let Ok(answer) = question.answer(|| films.iter(), Value::clone)
        {
            prop_assert!(answer.records.len() <= films.len());
        }
    }

    /// The model knows nothing of numbers, so its texts begin with a letter.
    #[test]
    fn filters_orders_and_windows_agree_with_a_plain_model(
        words in prop::collection::vec("[a-c]{1,2}", 0..20),
        wanted in "[a-c]{1,2}",
        end in prop::sample::select(vec!["", "_ne", "_gte", "_lte", "_like"]),
        sorted: bool,
        turned: bool,
        window in prop::sample::select(vec!["none", "start", "end", "page"]),
        (a, b) in (0_usize..8, 1_usize..8),
    ) {
        let records: Vec<_> = words.iter().enumerate().map(|(n, word)| json!({"n": n, "w": word})).collect();
        let mut expected: Vec<usize> = (0..words.len())
            .filter(|n| {
                let word = &words[*n];
                match end {
                    "" => *word == wanted,
                    "_ne" => *word != wanted,
                    "_gte" => *word >= wanted,
                    "_lte" => *word <= wanted,
                    _ => word.contains(&wanted),
                }
            })
            .collect();
        let mut query = format!("w{end}={wanted}");
        if sorted {
            expected.sort_by_key(|n| &words[*n]);
            query.push_str("&_sort=w");
        }
        if sorted && turned {
            expected.reverse();
            query.push_str("&_order=DESC");
        }
        let (skip, take) = match window {
            "start" => (a, b),
            "end" => (a, b.saturating_sub(a)),
            "page" => (a * b, b),
            _ => (0, usize::MAX),
        };
        query.push_str(&match window {
            "start" => format!("&_start={a}&_limit={b}"),
            "end" => format!("&_start={a}&_end={b}"),
            "page" => format!("&_page={}&_limit={b}", a + 1),
            _ => String::new(),
        });
        let expected: Vec<_> = expected.into_iter().skip(skip).take(take).collect();

        let question = Question::parse(&query).unwrap();
        let answer = question.answer(|| records.iter(), Value::clone).unwrap();
        let number = |record: &&Value| record["n"].as_u64().and_then(|n| usize::try_from(n).ok());
        let found: Vec<_> = answer.records.iter().filter_map(number).collect();
        prop_assert_eq!(found, expected, "{}", query);
    }
}
