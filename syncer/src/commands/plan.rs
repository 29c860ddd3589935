use std::collections::HashMap;

use common::models::{
    Catalogue, Change, ChangeType, Changes, Counts, FieldChange, Id, Kind, changed_fields,
};
use serde_json::Value;

use super::output::print;
use crate::pipeline::Syncer;
use crate::progress::FetchProgress;

pub(super) async fn plan(syncer: &Syncer) -> anyhow::Result<()> {
    let progress = FetchProgress::new();
    let (plan, published) = syncer.plan(&|step| progress.show(step)).await?;
    drop(progress);
    let head = syncer.repository().head().await?;
    let (pin, approval) = head.map_or((None, None), |head| (head.pin, head.approval));
    let names = ItemNames::of(&published, &plan.changes);
    for change in plan.changes.iter() {
        print(&in_words(&change, &names));
    }
    let Counts {
        added,
        updated,
        removed,
    } = plan.changes.counts();
    print(&format!(
        "a sync would publish: {added} added, {updated} updated, {removed} removed"
    ));
    for damage in &plan.damage {
        print(&format!(
            "! {damage}: the database is damaged; the next sync will repair it before publishing anything else"
        ));
    }
    for missing in &plan.missing {
        print(&format!(
            "? {} {} is missing from the source (check {}); kept for now",
            missing.kind,
            names.quoted(missing.kind, &missing.id),
            missing.missed_syncs
        ));
    }
    for record in &plan.quarantined {
        let name = match &record.id {
            Some(id) => names.quoted(record.kind, id),
            None => "(no ID)".into(),
        };
        print(&format!(
            "! {} {name} would be quarantined: {}",
            record.kind, record.reason
        ));
    }
    if let Some(reason) = plan.verdict.reason() {
        let approved = if approval == Some(plan.fingerprint()) {
            "already approved: the next sync will publish"
        } else {
            "once a sync is held, run `syncer approve` to publish"
        };
        print(&format!("this sync would be held: {reason}; {approved} it"));
    }
    if let Some(pin) = pin {
        print(&format!(
            "pinned to version {pin}: nothing will be published until you run `syncer unpin`"
        ));
    }
    Ok(())
}

/// The names of items by id: the published ones and those to be added.
struct ItemNames<'a> {
    published: &'a Catalogue,
    added: HashMap<(Kind, Id), String>,
}

impl<'a> ItemNames<'a> {
    fn of(published: &'a Catalogue, changes: &Changes) -> Self {
        let mut added = HashMap::new();
        // Without published items nothing links to added ones but other additions.
        if !published.is_empty() {
            added.extend(changes.of_type(ChangeType::Added).filter_map(|change| {
                let name = change.after?.name().to_owned();
                Some(((change.kind, change.id), name))
            }));
        }
        Self { published, added }
    }

    /// An item's name in quotes, or its id if the name is not known.
    fn quoted(&self, kind: Kind, id: &str) -> String {
        let added = || self.added.get(&(kind, id.into())).map(String::as_str);
        match self.published.name(kind, id).or_else(added) {
            Some(name) => format!("\"{name}\""),
            None => id.to_owned(),
        }
    }
}

fn in_words(change: &Change, names: &ItemNames<'_>) -> String {
    let kind = change.kind;
    match (&change.before, &change.after) {
        (None, Some(after)) => format!("+ {kind} \"{}\"", after.name()),
        (Some(before), None) => format!("- {kind} \"{}\"", before.name()),
        (Some(before), Some(after)) => {
            let fields = changed_fields(before, after);
            let fields = fields.iter().map(|field| field_in_words(field, names));
            format!(
                "~ {kind} \"{}\"{}",
                after.name(),
                fields.collect::<String>()
            )
        }
        (None, None) => String::new(),
    }
}

fn field_in_words(change: &FieldChange, names: &ItemNames<'_>) -> String {
    let FieldChange {
        field,
        before,
        after,
    } = change;
    let kind = Kind::linked_by(field);
    let value = |value: &Value| match (kind, value) {
        (Some(kind), Value::String(id)) => names.quoted(kind, id),
        (_, other) => other.to_string(),
    };
    let (Value::Array(before), Value::Array(after)) = (before, after) else {
        return format!("\n    {field}: {} -> {}", value(before), value(after));
    };
    let only_in = |some: &[Value], others: &[Value], sign: char| -> Vec<String> {
        let rest = some.iter().filter(|value| !others.contains(value));
        rest.map(|it| format!("{sign}{}", value(it))).collect()
    };
    let mut differences = only_in(before, after, '-');
    differences.extend(only_in(after, before, '+'));
    if differences.is_empty() {
        differences.push("another order".into());
    }
    format!("\n    {field}: {}", differences.join(", "))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use common::models::{Facts, Item, Location, Person, SourceRecord};
    use serde_json::value::RawValue;

    use super::*;

    fn item(id: &str, facts: Facts) -> Arc<Item> {
        Arc::new(Item {
            id: id.into(),
            slug: id.into(),
            rank: 1,
            facts,
            source: SourceRecord::new(RawValue::from_string("{}".into()).unwrap()),
        })
    }

    fn person(id: &str, name: &str) -> Arc<Item> {
        let name = name.into();
        item(
            id,
            Facts::Person(Person {
                name,
                ..Person::default()
            }),
        )
    }

    fn lake(residents: &[&str]) -> Arc<Item> {
        let facts = Location {
            name: "Lake".into(),
            residents: residents.iter().map(|&id| id.into()).collect(),
            ..Location::default()
        };
        item("l", Facts::Location(facts))
    }

    #[test]
    fn changes_of_links_name_published_added_and_removed_items_but_unknown_ids_stay() {
        let published: Catalogue = [person("p1", "Fio"), person("p2", "Gina"), lake(&["p1"])]
            .into_iter()
            .collect();
        let changes: Changes = [
            Change::of(Some(person("p1", "Fio")), None),
            Change::of(None, Some(person("p3", "Piccolo"))),
            Change::of(Some(lake(&["p1"])), Some(lake(&["p2", "p3", "p9"]))),
        ]
        .into_iter()
        .flatten()
        .collect();
        let names = ItemNames::of(&published, &changes);
        let lines: Vec<_> = changes.iter().map(|it| in_words(&it, &names)).collect();
        assert_eq!(
            lines,
            [
                "- person \"Fio\"",
                "+ person \"Piccolo\"",
                "~ location \"Lake\"\n    residents: -\"Fio\", +\"Gina\", +\"Piccolo\", +p9",
            ]
        );
    }
}
