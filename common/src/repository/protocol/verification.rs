//! Verification: each run reads a few stored parts and compares their checksums. A reader that holds
//! the state in memory would notice damage only at its next start.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::lease::LeaseGuard;
use crate::repository::head::{Head, Header, between};
use crate::repository::part_name::PartName;
use crate::repository::read::load;
use crate::repository::store::Result;

/// The time in which a syncer that runs often verifies every part.
const FULL_PASS_INTERVAL: Duration = Duration::from_hours(1);
/// Concurrent reads of parts.
const CONCURRENT_READS: usize = 4;

/// The progress of verification, from run to run.
#[derive(Debug, Default)]
pub struct Verification {
    at: Option<Timestamp>,
    needed: Rotation,
    older: Rotation,
}

/// A cursor that cycles through a changing list of parts.
#[derive(Debug, Default)]
struct Rotation {
    last: Option<PartName>,
}

impl Rotation {
    /// The next parts: at least one, and in all of them per [`FULL_PASS_INTERVAL`].
    fn next(&mut self, mut parts: Vec<PartName>, since: Duration) -> Vec<PartName> {
        parts.sort_by_key(PartName::to_string);
        let share = since.as_secs_f64() / FULL_PASS_INTERVAL.as_secs_f64();
        let count = parts.len().min(share_of(parts.len(), share));
        let last = self.last.map(|last| last.to_string());
        let start = parts.partition_point(|part| Some(part.to_string()) <= last);
        let start = start % parts.len().max(1);
        parts.rotate_left(start);
        parts.truncate(count);
        self.last = parts.last().copied().or(self.last);
        parts
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a count of parts times a share; a cast saturates"
)]
fn share_of(count: usize, share: f64) -> usize {
    ((count as f64 * share).ceil() as usize).max(1)
}

impl LeaseGuard {
    /// Verifies the next parts, one at a time: at least one that loading needs and one of the
    /// older changes. The first run of a process verifies none, since it reads the state.
    ///
    /// # Errors
    /// When the store fails. Damage is no error: `found_damage` returns it afterwards.
    pub async fn verify_next(
        &mut self,
        verification: &mut Verification,
        now: Timestamp,
    ) -> Result<()> {
        let Some(before) = verification.at.replace(now) else {
            return Ok(());
        };
        let since = between(before, now);
        let needed: Vec<_> = load::parts_to_load(self.head()).collect();
        let older = older(self.head(), &needed);
        for part in verification.needed.next(needed, since) {
            if let Some(damage) = load::check_part(&*self.store, part).await? {
                self.note_damage(damage);
            }
        }
        for part in verification.older.next(older, since) {
            if let Some(damage) = load::check_part(&*self.store, part).await? {
                tracing::error!(
                    part = damage.name,
                    reason = damage.reason,
                    "lost or damaged; earlier versions cannot be restored"
                );
            }
        }
        Ok(())
    }

    /// Verifies every part that loading needs.
    ///
    /// # Errors
    /// When the store fails. Damage is no error: `found_damage` returns it afterwards.
    pub async fn verify(&mut self) -> Result<()> {
        let parts: Vec<_> = load::parts_to_load(self.head()).collect();
        let store = &*self.store;
        let checks = stream::iter(parts).map(|part| load::check_part(store, part));
        let checked: Vec<_> = checks
            .buffered(CONCURRENT_READS)
            // Without the box the compiler cannot prove that it is Send.
            .boxed()
            .try_collect()
            .await?;
        for damage in checked.into_iter().flatten() {
            self.note_damage(damage);
        }
        Ok(())
    }
}

/// The parts that only the history needs.
fn older(head: &Head, needed: &[PartName]) -> Vec<PartName> {
    let changes = head.log.iter().flat_map(Header::part_names);
    changes.filter(|part| !needed.contains(part)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::part_name::PartKind;

    fn parts(count: u32) -> Vec<PartName> {
        let part = |index| PartName {
            kind: PartKind::Base,
            fence: 1,
            index,
        };
        (0..count).map(part).collect()
    }

    fn next(rotation: &mut Rotation, count: u32, seconds: u64) -> Vec<u32> {
        let next = rotation.next(parts(count), Duration::from_secs(seconds));
        next.iter().map(|part| part.index).collect()
    }

    #[test]
    fn every_part_comes_up_and_all_of_them_within_an_hour() {
        let mut rotation = Rotation::default();
        for index in [0, 1, 2, 0, 1] {
            assert_eq!(next(&mut rotation, 3, 1), [index]);
        }
        assert_eq!(next(&mut rotation, 8, 900), [2, 3]);
        assert_eq!(next(&mut rotation, 3, 900), [0], "some have gone");
        assert_eq!(next(&mut rotation, 3, 7200), [1, 2, 0]);
        assert_eq!(next(&mut rotation, 0, 900), [0; 0]);
    }
}
