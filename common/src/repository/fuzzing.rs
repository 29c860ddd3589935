//! The entry point of the fuzz target `part`, for code that is private.

use super::part_name::{PartKind, PartName};
use super::parts::{read_lines, read_records};
use crate::models::{Catalogue, Change, PackedItem};

/// Reads the decompressed content of a part, as changes and as items. An item that is read is the
/// same in every way of reading it.
pub fn read_part(raw: &[u8]) {
    let name = |kind| PartName {
        kind,
        fence: 1,
        index: 0,
    };
    let (changes, _) = read_lines::<Change>(name(PartKind::Changes), raw);
    let mut catalogue = Catalogue::default();
    for change in changes {
        if let Some(item) = change.after {
            let packed = PackedItem::of(&item);
            assert!(PackedItem::read(packed.bytes()).is_some_and(|read| read == packed));
            catalogue.insert(&item);
        }
    }
    let (items, _) = read_records(name(PartKind::Base), raw);
    for packed in items {
        let item = packed.unpack();
        assert!(
            item.as_ref()
                .is_some_and(|item| item.name() == packed.name())
        );
        assert!(item.is_some_and(|item| item.links().len() == packed.links().len()));
        let _ = (packed.digest(), packed.source(), packed.credits());
    }
    let _ = catalogue.digest();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_in_the_corpus_breaks_a_promise() {
        testkit::fuzz_corpus::replay("part", read_part);
    }
}
