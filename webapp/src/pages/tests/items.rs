//! Pages of items.

use common::models::{Finding, Kind, Problem};

use super::*;
use crate::state::SyncStatus;

#[tokio::test]
async fn item_pages_link_to_all_related_items_and_back() {
    let pages = Pages::of(seed::snapshot().catalogue);
    for item in pages.catalogue.all() {
        let page = pages.read(&address(&item)).await;
        for (link, id) in item.links() {
            let other = pages.catalogue.get(link.to(), id).unwrap();
            assert!(
                has_link(&page, &other),
                "{} to {}",
                item.name(),
                other.name()
            );
            let back = pages.read(&address(&other)).await;
            assert!(
                has_link(&back, &item),
                "{} to {}",
                other.name(),
                item.name()
            );
        }
    }
}

#[tokio::test]
async fn a_species_page_links_to_the_list_of_its_many_people() {
    let human: Arc<Item> = item(
        "h",
        Facts::Species(common::models::Species {
            name: "Human".into(),
            ..Default::default()
        }),
    );
    let people = (0..90).map(|n| {
        item(
            &n.to_string(),
            Facts::Person(Person {
                name: format!("Person {n}"),
                species: Some("h".into()),
                ..Person::default()
            }),
        )
    });
    let pages = Pages::of(std::iter::once(human).chain(people).collect());
    let page = pages.read("/species/slug-h").await;
    assert!(page.contains("<a href=\"/people?species=slug-h\">Show all 90 characters</a>"));
    assert_eq!(items(&pages.read("/people?species=slug-h").await), 90);
}

#[tokio::test]
async fn a_species_is_marked_if_only_its_record_has_the_movie() {
    let species = |id: &str| {
        let name = format!("Species {id}");
        let species = common::models::Species {
            name,
            ..Default::default()
        };
        item(id, Facts::Species(species))
    };
    let movie = Movie {
        species: vec!["h".into(), "d".into()],
        ..Movie::default()
    };
    let items = [item("m", Facts::Movie(movie)), species("h"), species("d")];
    let snapshot = Snapshot {
        catalogue: items.into_iter().collect(),
        ..seed::snapshot()
    };
    let mut site = Site::of(snapshot, Indexes::default(), History::default());
    site.sync_status = Arc::new(SyncStatus {
        findings: vec![Finding {
            kind: Kind::Movie,
            id: "m".into(),
            field: "species".into(),
            problem: Problem::OneSided,
            value: "d".into(),
        }],
        ..SyncStatus::default()
    });
    let page = Pages::of_site(site).read("/movies/slug-m").await;
    let (_, facts) = page.split_once("<dt>Species</dt><dd>").unwrap();
    let (facts, _) = facts.split_once("</dd>").unwrap();
    assert_eq!(
        facts,
        "<a href=\"/species/slug-h\">Species h</a>, <a href=\"/species/slug-d\">Species d</a> \
         <span class=\"small\">(according to the species record)</span>"
    );
}

#[tokio::test]
async fn only_a_japanese_title_is_marked_as_japanese_and_written_vertically() {
    for (original, romanised, is_japanese) in [
        ("灯籠の渡し船", Some("Tōrō no watashibune"), true),
        ("トトロ", None, true),
        ("ﾄﾄﾛ", None, true),
        ("紅豚", Some("Kurenai buta"), true),
        ("第7巻", Some("Dai 7 kan"), true),
        ("臥虎藏龍", None, false),
        ("기생충", Some("Gisaengchung"), false),
        ("大韓民國 만세", Some("Daehan minguk manse"), false),
        ("ㄅㄆㄇ 電影", Some("Dianying"), false),
        ("La Tortue rouge", None, false),
        ("La Tortue rouge", Some("La Tortue rouge"), false),
        ("Иваново детство", Some("Ivanovo detstvo"), false),
        (
            "جدایی نادر از سیمین",
            Some("Jodaeiye Nader az Simin"),
            false,
        ),
        ("・！〜", Some("?"), false),
    ] {
        let facts = Movie {
            title: "English".into(),
            original_title: Some(original.into()),
            original_title_romanised: romanised.map(Into::into),
            ..Movie::default()
        };
        let pages = Pages::of([movie(1, "english", facts)].into_iter().collect());
        let item = pages.read("/movies/1").await;
        let upright = format!("<p class=\"original upright\" lang=\"ja\">{original}</p>");
        let plain = format!("<p class=\"original\">{original}</p>");
        assert!(
            item.contains(if is_japanese { &upright } else { &plain }),
            "{original}: {item}"
        );
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("q", original)
            .finish();
        let search = format!("/search?{query}");
        for address in ["/movies/1", "/movies", "/movies?view=list", &search] {
            let page = pages.read(address).await;
            let has_lang = page.contains("lang=\"ja");
            assert_eq!(has_lang, is_japanese, "{original}, {address}: {page}");
        }
    }
}

#[tokio::test]
async fn every_original_title_of_the_seed_is_marked_as_japanese() {
    let pages = Pages::of(seed::snapshot().catalogue);
    let page = pages.read("/movies").await;
    let originals = page.matches("<p class=\"original\"").count();
    assert_eq!(
        originals,
        page.matches("<p class=\"original\" lang=\"ja\">").count()
    );
    assert!(originals > 20, "{originals}");
}
