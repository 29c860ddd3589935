//! The view: one readable document per item, for database shells. PyFlix never reads it to serve.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use futures::{StreamExt, TryStreamExt, future, stream};
use serde_json::{Map, Value, json};

use super::blocking::run_blocking;
use super::parts::{self, Damage};
use super::read::load::Snapshot;
use super::store::{Overwrite, Result, Store, StoreError, ViewDocument};
use crate::models::{Catalogue, Changes, Facts, Id, Item, Kind, Link};

const PAGE_DOCUMENTS: u32 = 2_000;
/// Documents of a batch.
const BATCH_DOCUMENTS: usize = 250;
/// Batches in flight: one is made while another is written.
const CONCURRENT_BATCHES: usize = 2;

/// Writes what a version changed in the view.
pub(super) async fn update(
    store: &dyn Store,
    snapshot: &Snapshot,
    changes: &Changes,
) -> Result<()> {
    let added: HashSet<_> = changes.added().collect();
    let affected = affected(&snapshot.catalogue, changes).into_iter();
    let writes = affected.map(|one| {
        let is_new = added.contains(&one);
        let (kind, id) = one;
        ViewWrite { kind, id, is_new }
    });
    write(store, snapshot, writes, Overwrite::Older).await
}

/// Warns that the view could not be written, after its version was published.
pub fn warn_view_is_behind(error: &StoreError) {
    tracing::warn!(%error, "the readable collections are out of date; the next run will repair them");
}

/// Compares the whole view with a version and repairs it. Returns the number of repaired documents.
pub(super) async fn audit(store: &dyn Store, snapshot: &Snapshot) -> Result<u64> {
    let mut repaired = 0;
    for kind in Kind::ALL {
        let mut comparison = Comparison::of(snapshot, kind);
        while let Some(wrong) = comparison.next_page(store).await? {
            repaired += wrong.len() as u64;
            if !wrong.is_empty() {
                store.write_view(wrong, Overwrite::SameOrOlder).await?;
            }
        }
        let absent: Vec<_> = comparison.absent().collect();
        repaired += absent.len() as u64;
        let absent = absent.into_iter().map(|id| ViewWrite {
            is_new: true,
            kind,
            id,
        });
        write(store, snapshot, absent, Overwrite::SameOrOlder).await?;
    }
    Ok(repaired)
}

/// The documents of the view that differ from a version, by collection and id.
pub(super) async fn differences(store: &dyn Store, snapshot: &Snapshot) -> Result<Vec<Damage>> {
    let mut differences = Vec::new();
    for kind in Kind::ALL {
        let mut comparison = Comparison::of(snapshot, kind);
        let mut add = |id: Id, problem: &str| {
            let name = format!("{}/{id}", kind.plural());
            differences.push(parts::damaged(name, &problem));
        };
        while let Some(wrong) = comparison.next_page(store).await? {
            for ViewDocument { id, fields, .. } in wrong {
                let problem = match fields {
                    Some(_) => "it differs from the published item",
                    None => "it is not a published item",
                };
                add(id, problem);
            }
        }
        for id in comparison.absent() {
            add(id, "it is missing");
        }
    }
    Ok(differences)
}

/// A comparison of the view of a kind with a version, page by page.
struct Comparison<'a> {
    snapshot: &'a Snapshot,
    kind: Kind,
    after: Option<Id>,
    /// By number.
    is_in_view: Vec<bool>,
}

impl<'a> Comparison<'a> {
    fn of(snapshot: &'a Snapshot, kind: Kind) -> Self {
        Self {
            snapshot,
            kind,
            after: None,
            is_in_view: vec![false; snapshot.catalogue.end()],
        }
    }

    /// The documents that must replace those of the next page; `None` after the last one.
    async fn next_page(&mut self, store: &dyn Store) -> Result<Option<Vec<ViewDocument>>> {
        let (kind, snapshot) = (self.kind, self.snapshot);
        let page = store
            .read_view(kind, self.after.as_deref(), PAGE_DOCUMENTS)
            .await?;
        let Some(last) = page.last() else {
            return Ok(None);
        };
        self.after = Some(last.id.clone());
        let wrong = page.into_iter().filter_map(|found| {
            let number = snapshot.catalogue.number(kind, &found.id);
            if let Some(in_view) =
                number.and_then(|number| self.is_in_view.get_mut(number as usize))
            {
                *in_view = true;
            }
            let right = document(snapshot, ViewWrite::existing(kind, found.id));
            (right.fields != found.fields).then_some(right)
        });
        Ok(Some(wrong.collect()))
    }

    /// The items without a document, after the last page.
    fn absent(&self) -> impl Iterator<Item = Id> {
        let catalogue = &self.snapshot.catalogue;
        let numbers = catalogue.numbers(self.kind);
        let absent =
            numbers.filter(move |number| self.is_in_view.get(*number as usize) == Some(&false));
        absent.filter_map(move |number| Some(catalogue.item(number)?.id.clone()))
    }
}

/// The number of items in the view that none of these catalogues has, and the first `max_names` of
/// them as kind and id.
pub(super) async fn items_missing_from(
    store: &dyn Store,
    catalogues: &[&Catalogue],
    max_names: usize,
) -> Result<(u64, Vec<String>)> {
    let (mut count, mut names) = (0, Vec::new());
    for kind in Kind::ALL {
        let mut after: Option<Id> = None;
        loop {
            let page = store
                .read_view(kind, after.as_deref(), PAGE_DOCUMENTS)
                .await?;
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            for ViewDocument { id, .. } in page {
                let mut catalogues = catalogues.iter();
                if catalogues.any(|catalogue| catalogue.number(kind, &id).is_some()) {
                    continue;
                }
                count += 1;
                if names.len() < max_names {
                    names.push(format!("{kind} {id}"));
                }
            }
        }
    }
    Ok((count, names))
}

/// A document to be written.
struct ViewWrite {
    kind: Kind,
    id: Id,
    is_new: bool,
}

impl ViewWrite {
    const fn existing(kind: Kind, id: Id) -> Self {
        Self {
            kind,
            id,
            is_new: false,
        }
    }
}

/// Makes and writes documents.
async fn write(
    store: &dyn Store,
    snapshot: &Snapshot,
    mut writes: impl Iterator<Item = ViewWrite> + Send,
    overwrite: Overwrite,
) -> Result<()> {
    let batches = std::iter::from_fn(|| {
        let batch: Vec<_> = writes.by_ref().take(BATCH_DOCUMENTS).collect();
        Some(batch).filter(|batch| !batch.is_empty())
    });
    stream::iter(batches)
        .map(|batch| async {
            let snapshot = snapshot.clone();
            let make = move || {
                batch
                    .into_iter()
                    .map(|one| document(&snapshot, one))
                    .collect()
            };
            store.write_view(run_blocking(make).await?, overwrite).await
        })
        .buffer_unordered(CONCURRENT_BATCHES)
        .try_for_each(|()| future::ready(Ok(())))
        .await
}

fn document(snapshot: &Snapshot, write: ViewWrite) -> ViewDocument {
    let ViewWrite { kind, id, is_new } = write;
    let item = snapshot.catalogue.get(kind, &id);
    ViewDocument {
        kind,
        version: snapshot.version(),
        fields: item.map(|item| fields(&snapshot.catalogue, &item)),
        id,
        is_new,
    }
}

/// The documents that a version's changes affect: those of the changed items, and those with the
/// name of one.
fn affected(catalogue: &Catalogue, changes: &Changes) -> BTreeSet<(Kind, Id)> {
    let mut affected = BTreeSet::new();
    for change in changes.iter() {
        affected.insert((change.kind, change.id.clone()));
        if let (Some(before), Some(after)) = (&change.before, &change.after)
            && (before.name() != after.name() || species(before) != species(after))
        {
            affected.extend(documents_naming(catalogue, after));
        }
    }
    affected
}

fn species(item: &Item) -> Option<&Id> {
    match &item.facts {
        Facts::Person(person) => person.species.as_ref(),
        _ => None,
    }
}

fn documents_naming(catalogue: &Catalogue, item: &Item) -> Vec<(Kind, Id)> {
    let links: &[Link] = match item.kind() {
        Kind::Movie => &[],
        Kind::Person => &[
            Link::MoviePerson,
            Link::LocationResident,
            Link::VehiclePilot,
        ],
        Kind::Location => &[Link::MovieLocation],
        Kind::Species => &[Link::MovieSpecies, Link::PersonSpecies],
        Kind::Vehicle => &[Link::MovieVehicle],
    };
    let mut documents_naming = Vec::new();
    for &link in links {
        for other in catalogue.items(catalogue.linking_in_order(link, &item.id)) {
            documents_naming.push((other.kind(), other.id.clone()));
            // A movie sorts its people by whether they are human.
            if link == Link::PersonSpecies {
                let movies =
                    catalogue.items(catalogue.linking_in_order(Link::MoviePerson, &other.id));
                documents_naming.extend(movies.map(|movie| (Kind::Movie, movie.id.clone())));
            }
        }
    }
    documents_naming
}

fn fields(catalogue: &Catalogue, item: &Item) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("slug".into(), json!(item.slug));
    let facts = match serde_json::to_value(&item.facts) {
        Ok(Value::Object(facts)) => facts.into_iter().next().map(|(_, inner)| inner),
        _ => None,
    };
    if let Some(Value::Object(facts)) = facts {
        fields.extend(facts);
    }
    let mut links: BTreeMap<Link, Vec<Arc<Item>>> = BTreeMap::new();
    for (link, id) in item.links() {
        if let Some(other) = catalogue.get(link.to(), id) {
            links.entry(link).or_default().push(other);
        }
    }
    let mut linked = |link| links.remove(&link).unwrap_or_default();
    match &item.facts {
        Facts::Movie(_) => {
            let (humans, others): (Vec<_>, Vec<_>) = linked(Link::MoviePerson)
                .into_iter()
                .partition(|person| catalogue.is_human(person));
            fields.insert("people".into(), names(&humans));
            fields.insert("other_people".into(), names(&others));
            for (field, link) in [
                ("locations", Link::MovieLocation),
                ("species", Link::MovieSpecies),
                ("vehicles", Link::MovieVehicle),
            ] {
                fields.insert(field.into(), names(&linked(link)));
            }
        }
        Facts::Person(_) => {
            fields.insert("species".into(), name(&linked(Link::PersonSpecies)));
        }
        Facts::Location(_) => {
            fields.insert("residents".into(), names(&linked(Link::LocationResident)));
        }
        Facts::Vehicle(_) => {
            fields.insert("pilot".into(), name(&linked(Link::VehiclePilot)));
        }
        Facts::Species(_) => {}
    }
    fields
}

fn names(items: &[Arc<Item>]) -> Value {
    items
        .iter()
        .map(|item| json!({ "name": item.name() }))
        .collect()
}

fn name(items: &[Arc<Item>]) -> Value {
    items.first().map_or(Value::Null, |item| json!(item.name()))
}
