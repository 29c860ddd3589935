//! Random sequences of changes at the source, syncs, commands, restarts and damage to the store,
//! held to a few rules: a repair never publishes less than was readable unless an approval allows
//! it, one header has one content for all readers, and damage is named. Several publishers at once
//! are tested in `common`.

use std::collections::HashMap;
use std::env;
use std::sync::Arc;

use common::models::{Catalogue, Id, Outcome, Run};
use common::repository::{Follower, Head, Header, PartKind, Snapshot};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use syncer::commands::RepositoryCommand;
use testkit::source::{self, Source, film};
use tokio::runtime::Handle;

use crate::scene::{MISSED_SYNCS, Scene, Store, follow_to, have_same_items};

/// One step of a case.
#[derive(Clone, Debug)]
enum Operation {
    /// Adds a film to the source.
    Add(u32),
    /// Removes a film from the source.
    Remove(usize),
    /// Changes a film's title.
    Rename(usize, u8),
    /// Resets the source to its first state.
    Reset,
    /// Syncs so many times.
    Sync(u8),
    /// Rolls back by so many versions.
    RollBack(u64),
    Pin,
    Unpin,
    Approve,
    /// Deletes one part of the store.
    Lose(usize),
    /// Corrupts one part of the store.
    Corrupt(usize),
    /// Replaces the syncer by a new process.
    Restart,
    /// Lets the follower reach the head.
    Follow,
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::{
        Add, Approve, Corrupt, Follow, Lose, Pin, Remove, Rename, Reset, Restart, RollBack, Sync,
        Unpin,
    };
    prop_oneof![
        3 => (0..9_u32).prop_map(Add),
        4 => any::<usize>().prop_map(Remove),
        3 => (any::<usize>(), 0..4_u8).prop_map(|(film, title)| Rename(film, title)),
        1 => Just(Reset),
        10 => (1..3_u8).prop_map(Sync),
        3 => (0..4_u64).prop_map(RollBack),
        1 => Just(Pin),
        2 => Just(Unpin),
        2 => Just(Approve),
        3 => any::<usize>().prop_map(Lose),
        4 => any::<usize>().prop_map(Corrupt),
        5 => Just(Restart),
        4 => Just(Follow),
    ]
}

pub(crate) async fn runs(store: Store) {
    let mut config = Config::default();
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = if store.is_mongodb() { 3 } else { 12 };
    }
    if env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_none() {
        config.max_shrink_iters = 60;
    }
    // A plain run tries the same cases every time; PROPTEST_RNG_SEED selects others.
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(20_261_129);
    }
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let source = Arc::new(Source::start().await);
    tokio::task::block_in_place(|| {
        let tried = runner.run(&vec(operation(), 1..30), |operations| {
            let case = World::run(&store, &source, &operations);
            Handle::current()
                .block_on(case)
                .map_err(TestCaseError::fail)
        });
        if let Err(failure) = tried {
            panic!("{failure}");
        }
    });
}

type Check<T = ()> = Result<T, String>;

macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err(format!($($text)+));
        }
    };
}

struct World {
    scene: Scene,
    follower: Follower,
    followed: Option<Arc<Snapshot>>,
    /// The content of each header, as read without damage.
    contents: HashMap<(u64, u64), (Header, Catalogue)>,
    /// What a new reader sees, until the next operation.
    readable: Option<Option<Snapshot>>,
}

impl World {
    async fn run(kind: &Store, source: &Arc<Source>, operations: &[Operation]) -> Check {
        source.edit(|records| *records = source::Catalogue::invented());
        let scene = Scene::with_source(kind.fresh().await, source.clone()).await;
        let mut world = Self {
            follower: scene.repository().follow(),
            scene,
            followed: None,
            contents: HashMap::new(),
            readable: None,
        };
        world.sync().await?;
        for (number, operation) in operations.iter().enumerate() {
            let done = world.apply(operation).await;
            done.map_err(|broken| format!("{operation:?} (number {number}): {broken}"))?;
        }
        Ok(())
    }

    async fn apply(&mut self, operation: &Operation) -> Check {
        let source = self.scene.source.clone();
        let films = source.catalogue().films.len();
        match *operation {
            Operation::Add(number) => source.edit(|records| {
                let film = film(number);
                if records.films.iter().all(|other| other["id"] != film["id"]) {
                    records.films.push(film);
                }
            }),
            Operation::Remove(at) if films > 1 => source.edit(|records| {
                records.films.remove(at % films);
            }),
            Operation::Remove(_) => {}
            Operation::Rename(at, title) => source.edit(|records| {
                records.films[at % films]["title"] = format!("Title {title}").into();
            }),
            Operation::Reset => {
                source.edit(|records| *records = source::Catalogue::invented());
            }
            Operation::Sync(times) => {
                for _ in 0..times {
                    self.sync().await?;
                }
            }
            Operation::RollBack(back) => self.roll_back(back).await?,
            Operation::Pin => {
                let version = self.scene.head().await.version;
                let end = self.command(RepositoryCommand::Pin { version }).await?;
                ensure!(end.is_ok() || self.is_damaged().await?, "refused: {end:?}");
            }
            Operation::Unpin => {
                let end = self.command(RepositoryCommand::Unpin).await?;
                ensure!(end.is_ok(), "refused: {end:?}");
            }
            Operation::Approve => {
                self.command(RepositoryCommand::Approve).await?.ok();
            }
            Operation::Lose(at) => self.damage_part(at, false).await,
            Operation::Corrupt(at) => self.damage_part(at, true).await,
            Operation::Restart => self.scene.restart().await,
            Operation::Follow => self.follow().await?,
        }
        Ok(())
    }

    async fn sync(&mut self) -> Check {
        let before = self.read().await?;
        let missing = self.scene.repository().missing().await.unwrap();
        let head = self.scene.repository().head().await.unwrap();
        let approved = head.is_some_and(|head| head.approval.is_some());
        let run = self.scene.sync().await;
        self.readable = None;
        let after = self.read().await?;
        let head = self.scene.head().await;
        ensure!(run.outcome != Outcome::Failed, "{run:?}");
        let Some(before) = before else {
            return Ok(());
        };
        let is_damaged = after.as_ref().is_some_and(|after| !after.damage.is_empty());
        let is_settled = head.pin.is_none() && run.outcome != Outcome::Held;
        // A process with the state in memory notices damage when it verifies the part.
        ensure!(
            !is_damaged || !is_settled || run.damage.is_empty(),
            "{run:?} left {:?}",
            after.map(|after| after.damage)
        );
        if let Some(after) = &after {
            check_report(&run, &before, after, &head)?;
            let is_expired = |kind, id: &Id| {
                let mut missing = missing.iter();
                missing.any(|item| {
                    item.kind == kind && item.id == *id && item.missed_syncs >= MISSED_SYNCS
                })
            };
            for item in before.catalogue.all() {
                let is_there = after.catalogue.number(item.kind(), &item.id).is_some();
                ensure!(
                    is_there || approved || is_expired(item.kind(), &item.id),
                    "{} {} was readable and is gone: {run:?}",
                    item.kind(),
                    item.id
                );
            }
        }
        Ok(())
    }

    async fn roll_back(&mut self, back: u64) -> Check {
        let before = self.scene.head().await;
        let version = before.version.saturating_sub(back).max(1);
        let target = before.log.iter().find(|header| header.version == version);
        let target = target.cloned();
        let end = self
            .command(RepositoryCommand::Rollback { version })
            .await?;
        if end.is_err() {
            return Ok(());
        }
        let after = self.read().await?.ok_or("there is no version")?;
        let target = target.ok_or("rolled back to a version that is not kept")?;
        ensure!(after.damage.is_empty(), "pinned with {:?}", after.damage);
        if let Some((_, content)) = self.contents.get(&(target.version, target.fence)) {
            ensure!(
                have_same_items(content, &after.catalogue),
                "version {version} had {} items, its rollback has {}",
                content.len(),
                after.catalogue.len()
            );
        }
        Ok(())
    }

    /// Runs a command. One that publishes or pins must refuse a damaged state, name a part of it,
    /// and change nothing.
    async fn command(&mut self, command: RepositoryCommand) -> Check<Result<(), String>> {
        let publishes = matches!(
            command,
            RepositoryCommand::Pin { .. } | RepositoryCommand::Rollback { .. }
        );
        let damage = self
            .read()
            .await?
            .map(|state| state.damage)
            .unwrap_or_default();
        let before = self.scene.head().await;
        let end = self.scene.command(command).await;
        self.readable = None;
        if publishes && let Some(damage) = damage.first() {
            let after = self.scene.head().await;
            ensure!(
                (before.version, before.pin) == (after.version, after.pin),
                "published over {damage}"
            );
            let refused = end.clone().err().unwrap_or_default();
            let part = damage.name.split(' ').next().unwrap_or_default();
            ensure!(
                refused.contains("are lost or damaged") || refused.contains(part),
                "{refused:?} does not name {damage}"
            );
        }
        self.read().await?;
        Ok(end)
    }

    async fn damage_part(&mut self, at: usize, corrupt: bool) {
        let mut parts = self.scene.parts(PartKind::Base).await;
        parts.extend(self.scene.parts(PartKind::Changes).await);
        if !parts.is_empty() {
            let part = parts[at % parts.len()];
            if corrupt {
                self.scene.corrupt(part).await;
            } else {
                self.scene.lose(part).await;
            }
            self.readable = None;
        }
    }

    async fn follow(&mut self) -> Check {
        let Some(head) = self.read().await? else {
            return Ok(());
        };
        if self.followed.as_ref().map(|known| &known.header) != Some(&head.header) {
            let followed = follow_to(&mut self.follower, &head).await;
            self.check_content(&followed, "a follower")?;
            self.followed = Some(followed);
        }
        Ok(())
    }

    async fn is_damaged(&mut self) -> Check<bool> {
        let state = self.read().await?;
        Ok(state.is_none_or(|state| !state.damage.is_empty()))
    }

    /// What a new reader sees.
    async fn read(&mut self) -> Check<Option<Snapshot>> {
        if self.readable.is_none() {
            let state = self.scene.load().await;
            if let Some(state) = &state {
                self.check_content(state, "a new reader")?;
            }
            self.readable = Some(state);
        }
        Ok(self.readable.clone().flatten())
    }

    /// Checks that a header has the same content for all readers.
    fn check_content(&mut self, seen: &Snapshot, who: &str) -> Check {
        if !seen.damage.is_empty() {
            return Ok(());
        }
        let key = (seen.version(), seen.header.fence);
        let known = self
            .contents
            .entry(key)
            .or_insert_with(|| (seen.header.clone(), seen.catalogue.clone()));
        ensure!(
            known.0 == seen.header && known.1 == seen.catalogue,
            "{who} sees version {} with another content: {:?}",
            seen.version(),
            known
                .1
                .changes_to(&seen.catalogue)
                .iter()
                .map(|change| (change.id, change.before, change.after))
                .collect::<Vec<_>>()
        );
        Ok(())
    }
}

/// Checks that a run reports its repair, in its ledger row and in a version's note.
fn check_report(run: &Run, before: &Snapshot, after: &Snapshot, head: &Head) -> Check {
    if before.damage.is_empty() || !after.damage.is_empty() {
        return Ok(());
    }
    let noted = |header: &Header| {
        header.version > before.version()
            && header
                .note
                .as_ref()
                .is_some_and(|note| note.contains("repaired"))
    };
    // A run with the state in memory that wrote a new base repaired the damage unnoticed.
    ensure!(
        run.damage.is_empty() || head.log.iter().any(noted),
        "{run:?} does not report the repair of {:?}",
        before.damage
    );
    ensure!(
        run.damage.is_empty() || run.notes.iter().any(|note| note.contains("repaired")),
        "{run:?}"
    );
    ensure!(head.version == after.version(), "the head moved");
    Ok(())
}
