use common::models::Change;

/// Changes of one version that are considered.
const MAX_CONSIDERED_CHANGES: usize = 1_000;

/// The changes of a version with the most interesting ones first: added and removed items before
/// updated ones, then by kind. Of a very large version, only the first 1,000 changes.
pub(in crate::pages) fn notable(changes: &[Change]) -> Vec<&Change> {
    let mut first: Vec<_> = changes.iter().take(MAX_CONSIDERED_CHANGES).collect();
    // Updates often follow from an item that was added or removed.
    first.sort_by_key(|change| {
        let is_update = change.before.is_some() && change.after.is_some();
        (is_update, change.kind)
    });
    first
}
