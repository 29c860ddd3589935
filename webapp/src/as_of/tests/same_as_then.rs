//! As of a version, everything is as it was when that version was current.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Kind, id, and the variant of the item, if it is there.
type Edit = (usize, usize, Option<usize>);

fn edit() -> impl Strategy<Value = Edit> {
    let variant = prop::option::weighted(0.75, 0..12_usize);
    (0..Kind::ALL.len(), 0..3_usize, variant)
}

/// Addresses that show the catalogue, of pages and APIs.
fn addresses() -> Vec<String> {
    let mut addresses: Vec<String> = [
        "/",
        "/movies?view=list&sort=-year",
        "/movies?sort=title&year_min=1990&people=human",
        "/movies?director=Ann+Lee",
        "/movies?director=&sort=title",
        "/movies?person=person-1-0",
        "/people?species=species-0-0",
        "/directors/ann-lee",
        "/producers/bo-ek",
        "/timeline",
        "/search?q=ferry",
        "/search?q=amber+fery&kind=movies",
        "/search/suggest?q=a",
        "/api/v1/movies?sort=-year&per_page=2&page=2",
        "/api/v1/movies?director=Ann+Lee&include=people",
        "/api/v1/directors/ann-lee",
        "/api/v1/search?q=owl",
        "/ghibli",
        "/ghibli/db",
        "/ghibli/films?_page=2&_limit=1",
        "/Ghibli/Films/?_page=1&_limit=1",
        "/ghibli/films?title=Amber%20Ferry",
        "/ghibli/people?q=owl&version=1",
        "/ghibli/nothing",
    ]
    .map(str::to_owned)
    .into();
    for list in Kind::ALL
        .map(Kind::plural)
        .into_iter()
        .chain(["directors", "producers"])
    {
        addresses.extend([format!("/{list}"), format!("/api/v1/{list}")]);
    }
    for kind in Kind::ALL {
        for id in 0..3 {
            let list = kind.plural();
            addresses.extend([
                format!("/{list}/{id}"),
                format!("/{list}/{kind}-{id}-1"),
                format!("/api/v1/{list}/{id}"),
                format!("/art/{list}/{id}.svg"),
                format!(
                    "/ghibli/{}/{id}",
                    if kind == Kind::Movie { "films" } else { list }
                ),
            ]);
        }
    }
    addresses
}

/// The address of the same as of a version.
fn as_of(address: &str, version: u64) -> String {
    match address
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("/ghibli"))
    {
        true => format!("/versions/{version}{address}"),
        false if address.contains('?') => format!("{address}&version={version}"),
        false => format!("{address}?version={version}"),
    }
}

/// What a response says, without the marks of its version, the request's id and what depends on
/// the length.
fn content(
    response: TestResponse,
    version: u64,
) -> (StatusCode, BTreeMap<&'static str, String>, String) {
    let id = response.header("x-request-id").to_owned();
    let without_marks = |text: &str| {
        text.replace(&format!("/versions/{version}/"), "/")
            .replace(&format!("version={version}&"), "")
            .replace(&format!("&version={version}"), "")
            .replace(&format!("&#38;version={version}"), "")
            .replace(&format!("?version={version}"), "")
            .replace(
                &format!("<input type=\"hidden\" name=\"version\" value=\"{version}\">"),
                "",
            )
            .replace("Up to date. ", "")
    };
    let fields = [
        "content-type",
        "x-catalogue-version",
        "link",
        "location",
        "x-total-count",
    ];
    let fields = fields.map(|name| (name, without_marks(response.header(name))));
    let is_mark = |line: &&str| {
        line.starts_with("<p class=\"notice\">You are viewing version ")
            || line.starts_with("<link rel=\"canonical\"")
            || line.starts_with("<meta name=\"robots\"")
    };
    let body = without_marks(&response.body.replace(&id, "ID"));
    let lines: Vec<_> = body.lines().filter(|line| !is_mark(line)).collect();
    (response.status, fields.into(), lines.join("\n"))
}

/// Publishes versions, records all responses at each, and compares.
async fn check(versions: Vec<Vec<Edit>>) -> Result<(), TestCaseError> {
    let first = Kind::ALL
        .into_iter()
        .flat_map(|kind| (0..3).map(move |id| item(kind, id, id)));
    let server = Server::start(first);
    let addresses = addresses();
    let mut recorded = Vec::new();
    let record = async || {
        let mut contents = Vec::new();
        for address in &addresses {
            contents.push(content(server.get(address).await, server.site().version()));
        }
        contents
    };
    recorded.push(record().await);
    for edits in versions {
        let edits: BTreeMap<_, _> = edits
            .into_iter()
            .map(|(kind, id, to)| ((kind, id), to))
            .collect();
        let changes = edits.into_iter().filter_map(|((kind, id), variant)| {
            let kind = Kind::ALL[kind];
            let after = variant.map(|variant| item(kind, id, variant));
            server.change_to(kind, &id.to_string(), after)
        });
        server.publish(changes.collect());
        recorded.push(record().await);
    }
    for (version, recorded) in (1..).zip(&recorded) {
        for (address, then) in addresses.iter().zip(recorded) {
            let response = server.get(&as_of(address, version)).await;
            let now = content(response, version);
            let (text, then_text) = (&now.2, &then.2);
            let lines = text.lines().zip(then_text.lines());
            let differing = lines.clone().find(|(now, then)| now != then);
            prop_assert_eq!(differing, None, "{} as of {}", address, version);
            prop_assert_eq!(&now, then, "{} as of {}", address, version);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn every_response_as_of_a_version_is_as_it_was_when_current(
        versions in vec(vec(edit(), 0..6), 1..5),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(check(versions))?;
    }
}
