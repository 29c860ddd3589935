//! The code of the fuzz targets, also used by the replay of their corpus (`tests/fuzz_corpus`). Each
//! function panics if a promise is broken.

use std::collections::HashMap;
use std::fs;
use std::ops::{Deref, Range};
use std::sync::LazyLock;

use catalogue_search::{SearchIndex, SearchQuery};
use common::config::Config;
use common::models::Kind;
use common::repository::Snapshot;
use ghibli_api::{
    Collection, FieldIndex, ListQuery, Record, RecordCollection, RecordFields, Records, TitleIndex,
    to_source_json,
};
use roaring::RoaringBitmap;
use serde_json::json;
use serde_json::value::RawValue;
use tempfile::TempDir;

const BASE: &str = "http://localhost:8000/ghibli";

/// Reads a list of the source; the first byte selects the kind. A record that is read can be served,
/// and read again from the served form.
pub(crate) fn source(data: &[u8]) {
    let Some((kind, json)) = data.split_first() else {
        return;
    };
    let collection = Collection::ALL[usize::from(*kind) % Collection::ALL.len()];
    let Some(records) = str::from_utf8(json)
        .ok()
        .and_then(|json| Records::parse(collection, json).ok())
    else {
        return;
    };
    for record in records.iter() {
        assert!(!record.id.trim().is_empty());
        let again = Record::reparse(collection, &record.json).unwrap();
        assert_eq!(
            (&again.id, again.json.get()),
            (&record.id, record.json.get())
        );
        let served = to_source_json(record.json.get(), BASE);
        let mirrored = Records::parse(collection, &format!("[{served}]")).unwrap();
        let mirrored = mirrored.iter().next().unwrap();
        assert_eq!(to_source_json(mirrored.json.get(), BASE), served);
    }
}

/// Runs a query of the drop-in API, with and without an index.
pub(crate) fn query(data: &[u8]) {
    static RECORDS: LazyLock<[SampleRecords; 2]> =
        LazyLock::new(|| [false, true].map(SampleRecords::new));

    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let Ok(query) = ListQuery::parse(text, BASE) else {
        return;
    };
    let [scanned, indexed] = RECORDS.each_ref().map(|records| {
        let selection = query.select(records).map_err(|error| error.to_string())?;
        Ok::<_, String>((selection.records, selection.total))
    });
    assert_eq!(scanned, indexed, "{text}");
    let Ok((numbers, total)) = scanned else {
        return;
    };
    let _ = query.link_header(&format!("{BASE}/films?{text}"), total.unwrap_or_default());
    for number in numbers {
        let mut written = String::new();
        let record = &RECORDS[0].records[number as usize];
        if query.write_record(&mut written, record, 1).is_ok() {
            serde_json::from_str::<&RawValue>(&written).unwrap();
        }
    }
}

/// Folds a text, and searches the built-in catalogue for it.
pub(crate) fn search(data: &[u8]) {
    static SEED: LazyLock<(Snapshot, SearchIndex)> = LazyLock::new(|| {
        let snapshot = common::seed::snapshot();
        let index = SearchIndex::of(&snapshot.catalogue);
        (snapshot, index)
    });

    let Ok(text) = str::from_utf8(data) else {
        return;
    };
    let start = text_folding::truncated(text);
    let mut folded = Vec::new();
    text_folding::fold(start, &mut folded);
    for token in text_folding::tokenise(&folded) {
        text_folding::push_token(&mut String::new(), &folded, &token);
    }
    assert_eq!(text_folding::sort_key(text), text_folding::sort_key(text));

    let (snapshot, index) = &*SEED;
    let query = SearchQuery {
        text,
        kinds: &[],
        limit: 10,
        offset: 0,
    };
    let results = index.find(&query, &snapshot.catalogue);
    assert!(results.hits.len() <= results.total().min(10));
    for hit in &results.hits {
        assert!(snapshot.catalogue.name_at(hit.number).is_some());
        for found in &hit.matches {
            let parts: String = found.parts().map(|(text, _)| text).collect();
            assert_eq!(parts, found.text);
        }
    }
    for kind in Kind::ALL {
        let of_kind = SearchQuery {
            kinds: &[kind],
            ..query
        };
        let found = index.find(&of_kind, &snapshot.catalogue);
        assert_eq!(found.total(), found.totals[kind as usize]);
        assert!(found.hits.iter().all(|hit| hit.kind == kind));
    }
    index.suggest(text, 5, &snapshot.catalogue);
}

/// Reads a `pyflix.toml`. An error is one line.
pub(crate) fn settings(data: &[u8]) {
    static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().unwrap());

    // A `…_file` setting would make this read another file.
    if data.windows(5).any(|window| window == b"_file") {
        return;
    }
    let file = FOLDER.path().join(format!("{}.toml", std::process::id()));
    fs::write(&file, data).unwrap();
    if let Err(error) = Config::from_sources(HashMap::new(), &file) {
        let message = error.to_string();
        assert!(
            !message.is_empty() && !message.contains('\n'),
            "{message:?}"
        );
    }
}

/// Films with values of every type, with or without an index of their fields.
struct SampleRecords {
    records: Vec<Box<RawValue>>,
    fields: Option<FieldIndex>,
}

impl SampleRecords {
    fn new(is_indexed: bool) -> Self {
        let records = [
            json!({"id": "a", "title": "Kiki", "score": "98", "people": ["/people/1", "/people/2"]}),
            json!({"id": "b", "title": "Totoro", "score": "", "people": ["/people/"], "n": 7}),
            json!({"id": 3, "title": "Arrietty", "score": "1,000", "people": [], "n": null}),
            json!({"id": "d", "title": "kiki again", "score": 9.5, "n": {"m": [true]}, "url": "/films/d"}),
        ];
        let records = records.map(|record| RawValue::from_string(record.to_string()).unwrap());
        let fields = is_indexed.then(|| {
            let mut fields = FieldIndex::default();
            for (number, record) in (0..).zip(&records) {
                fields.insert(number, &RecordFields::parse(record.get()));
            }
            fields
        });
        Self {
            records: records.into(),
            fields,
        }
    }
}

impl RecordCollection for SampleRecords {
    fn collection(&self) -> Collection {
        Collection::Films
    }

    fn count(&self) -> usize {
        self.records.len()
    }

    fn numbers(&self) -> impl Iterator<Item = u32> {
        (0..).zip(&self.records).map(|(number, _)| number)
    }

    fn sorted_range(
        &self,
        numbers: &RoaringBitmap,
        is_reversed: bool,
        range: Range<usize>,
    ) -> Vec<u32> {
        let mut numbers: Vec<_> = numbers.iter().collect();
        if is_reversed {
            numbers.reverse();
        }
        numbers[range].to_vec()
    }

    fn stored(&self, number: u32) -> impl Deref<Target = str> {
        self.records[number as usize].get()
    }

    fn field_index(&self) -> Option<&FieldIndex> {
        self.fields.as_ref()
    }

    fn find_by_id(&self, id: &str) -> Option<u32> {
        ["a", "b", "3", "d"]
            .iter()
            .zip(0..)
            .find_map(|(known, number)| (*known == id).then_some(number))
    }

    fn title(&self, _: u32) -> Option<&str> {
        None
    }

    fn title_index(&self) -> Option<&TitleIndex> {
        None
    }

    fn find_by_title(&self, _: &str) -> Option<RoaringBitmap> {
        None
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}
