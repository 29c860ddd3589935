//! Random sequences of what can happen to a source, a store and its only syncer, with the real
//! [`syncer::sync::Syncer`], held to a few rules: a repair never publishes less than was readable
//! unless the fuse was asked, one header has one content for whoever loads or follows, and damage
//! is named. What many publishers at once do to each other is played in `common`.

use std::collections::HashMap;
use std::env;
use std::sync::Arc;

use common::models::{Catalogue, Id, Outcome, Run};
use common::repository::{Follower, Head, Header, PartKind, Snapshot};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};
use syncer::history::Command;
use testkit::source::{self, Source, film};
use tokio::runtime::Handle;

use crate::scene::{Scene, Store};
use crate::{at, same};

/// How many syncs in a row an item may be missing, as the scene has it.
const MISSED_SYNCS: u32 = 3;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Operation {
    /// A film comes or comes back.
    Add(u32),
    /// A film goes.
    Remove(usize),
    /// A film has another title.
    Rename(usize, u8),
    /// The source is what it was at first.
    Reset,
    /// The syncer runs so many times.
    Sync(u8),
    /// The state of so many versions before is published again.
    RollBack(u64),
    Pin,
    Unpin,
    Approve,
    /// Of the parts that are there, one goes.
    Lose(usize),
    /// Of the parts that are there, one is corrupted.
    Corrupt(usize),
    /// Another process takes the syncer's place.
    Restart,
    /// The follower goes on to the head.
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

pub(crate) async fn plays(store: Store) {
    let mut config = Config::default();
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = if store.is_mongodb() { 3 } else { 12 };
    }
    if env::var_os("PROPTEST_MAX_SHRINK_ITERS").is_none() {
        config.max_shrink_iters = 60;
    }
    // A plain run tries the same lists every time; PROPTEST_RNG_SEED asks for others.
    if env::var_os("PROPTEST_RNG_SEED").is_none() {
        config.rng_seed = RngSeed::Fixed(20_261_129);
    }
    config.failure_persistence = None;
    let mut runner = TestRunner::new(config);
    let source = Arc::new(Source::start().await);
    tokio::task::block_in_place(|| {
        let tried = runner.run(&vec(operation(), 1..30), |operations| {
            let case = World::try_out(&store, &source, &operations);
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
    /// What was read under a header by whoever could read all of it.
    contents: HashMap<(u64, u64), (Header, Catalogue)>,
    /// What a new reader sees now, until something happens.
    readable: Option<Option<Snapshot>>,
}

impl World {
    async fn try_out(kind: &Store, source: &Arc<Source>, operations: &[Operation]) -> Check {
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
            let done = world.carry_out(operation).await;
            done.map_err(|broken| format!("{operation:?} (number {number}): {broken}"))?;
        }
        Ok(())
    }

    async fn carry_out(&mut self, operation: &Operation) -> Check {
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
                let version = self.head().await.version;
                let end = self.command(Command::Pin { version }).await?;
                ensure!(end.is_ok() || self.damage().await?, "refused: {end:?}");
            }
            Operation::Unpin => {
                let end = self.command(Command::Unpin).await?;
                ensure!(end.is_ok(), "refused: {end:?}");
            }
            Operation::Approve => {
                self.command(Command::Approve).await?.ok();
            }
            Operation::Lose(at) => self.spoil(at, false).await,
            Operation::Corrupt(at) => self.spoil(at, true).await,
            Operation::Restart => self.scene.restart().await,
            Operation::Follow => self.follow().await?,
        }
        Ok(())
    }

    async fn sync(&mut self) -> Check {
        let before = self.read().await?;
        let missing = self.scene.repository().missing().await.unwrap();
        let reading = self.scene.repository().store().head().await.unwrap();
        let approved = reading.is_some_and(|reading| reading.head.approval.is_some());
        let run = self.scene.sync().await;
        self.readable = None;
        let after = self.read().await?;
        let head = self.head().await;
        ensure!(run.outcome != Outcome::Failed, "{run:?}");
        let Some(before) = before else {
            return Ok(());
        };
        let is_damaged = after.as_ref().is_some_and(|after| !after.damage.is_empty());
        let is_settled = head.pin.is_none() && run.outcome != Outcome::Held;
        // Under a process that has the state in memory, damage waits for its verification.
        ensure!(
            !is_damaged || !is_settled || run.damage.is_empty(),
            "{run:?} left {:?}",
            after.map(|after| after.damage)
        );
        if let Some(after) = &after {
            check_report(&run, &before, after, &head)?;
            let had_its_time = |kind, id: &Id| {
                let mut missing = missing.iter();
                missing.any(|item| {
                    item.kind == kind && item.id == *id && item.missed_syncs >= MISSED_SYNCS
                })
            };
            for item in before.catalogue.all() {
                let is_there = after.catalogue.number(item.kind(), &item.id).is_some();
                ensure!(
                    is_there || approved || had_its_time(item.kind(), &item.id),
                    "{} {} was readable and is gone: {run:?}",
                    item.kind(),
                    item.id
                );
            }
        }
        Ok(())
    }

    async fn roll_back(&mut self, back: u64) -> Check {
        let before = self.head().await;
        let version = before.version.saturating_sub(back).max(1);
        let target = before.log.iter().find(|header| header.version == version);
        let target = target.cloned();
        let end = self.command(Command::Rollback { version }).await?;
        if end.is_err() {
            return Ok(());
        }
        let after = self.read().await?.ok_or("nothing is there")?;
        let target = target.ok_or("went back to a version that is not kept")?;
        ensure!(after.damage.is_empty(), "pinned with {:?}", after.damage);
        if let Some((_, content)) = self.contents.get(&(target.version, target.fence)) {
            ensure!(
                same(content, &after.catalogue),
                "version {version} had {} items, and went back to {}",
                content.len(),
                after.catalogue.len()
            );
        }
        Ok(())
    }

    /// A command that publishes or holds on to something: over a damaged state it names a part and
    /// changes nothing.
    async fn command(&mut self, command: Command) -> Check<Result<(), String>> {
        let publishes = matches!(command, Command::Pin { .. } | Command::Rollback { .. });
        let damage = self
            .read()
            .await?
            .map(|state| state.damage)
            .unwrap_or_default();
        let before = self.head().await;
        let end = self.scene.command(command).await;
        self.readable = None;
        if publishes && let Some(damage) = damage.first() {
            let after = self.head().await;
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

    async fn spoil(&mut self, at: usize, corrupt: bool) {
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
            let followed = at(&mut self.follower, &head).await;
            self.recognise(&followed, "a follower")?;
            self.followed = Some(followed);
        }
        Ok(())
    }

    async fn damage(&mut self) -> Check<bool> {
        let state = self.read().await?;
        Ok(state.is_none_or(|state| !state.damage.is_empty()))
    }

    async fn head(&self) -> Head {
        let head = self.scene.repository().store().head().await.unwrap();
        head.unwrap_or_else(|| panic!("there is no head")).head
    }

    /// What a new reader sees.
    async fn read(&mut self) -> Check<Option<Snapshot>> {
        if self.readable.is_none() {
            let state = self.scene.load().await;
            if let Some(state) = &state {
                self.recognise(state, "a new reader")?;
            }
            self.readable = Some(state);
        }
        Ok(self.readable.clone().flatten())
    }

    /// Whoever reads all that a header names reads the same.
    fn recognise(&mut self, seen: &Snapshot, who: &str) -> Check {
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
    // One that had the state in memory and put a new base anyway repaired it without knowing.
    ensure!(
        run.damage.is_empty() || head.log.iter().any(noted),
        "{run:?} does not report the repair of {:?}",
        before.damage
    );
    ensure!(
        run.damage.is_empty() || run.notes.iter().any(|note| note.contains("repaired")),
        "{run:?}"
    );
    ensure!(head.version == after.version(), "the head has moved");
    Ok(())
}
