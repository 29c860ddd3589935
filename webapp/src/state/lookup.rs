//! Finds the items that requests name. The letters of a UUID match in both cases.

use std::sync::Arc;

use common::models::{Catalogue, Item, Kind};
use ghibli_api::canonical_id;

/// The item with this slug or, failing that, this id.
pub(crate) fn find(catalogue: &Catalogue, kind: Kind, slug_or_id: &str) -> Option<Arc<Item>> {
    let item = catalogue.find(kind, slug_or_id);
    item.or_else(|| get(catalogue, kind, slug_or_id))
}

/// The item with this id.
pub(crate) fn get(catalogue: &Catalogue, kind: Kind, id: &str) -> Option<Arc<Item>> {
    let item = catalogue.get(kind, id);
    item.or_else(|| catalogue.get(kind, &canonical_id(id)))
}

#[cfg(test)]
mod tests {
    use common::models::{Facts, Person};

    use super::*;
    use crate::fixture::{item, movie};

    #[test]
    fn an_id_that_is_a_uuid_is_found_in_either_case_and_any_other_only_as_written() {
        let uuid = "2baf70d1-42bb-4437-b551-e5fed5a87abe";
        let person = Facts::Person(Person::default());
        let items = [movie(uuid, "A"), movie("B", "B"), item("c", person)];
        let catalogue: Catalogue = items.into_iter().collect();
        let finds = |id: &str| find(&catalogue, Kind::Movie, id).map(|item| item.id.to_string());
        assert_eq!(finds(uuid).as_deref(), Some(uuid));
        assert_eq!(finds(&uuid.to_uppercase()).as_deref(), Some(uuid));
        assert_eq!(finds("B").as_deref(), Some("B"));
        assert_eq!(finds("b"), None);
        assert_eq!(finds("c"), None);
    }
}
