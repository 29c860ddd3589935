//! Carries out a list of operations on a real store, and compares after each.

mod calls;
mod checks;
mod faults;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use common::clock::Clock;
use common::models::{Catalogue, Id, Kind};
use common::repository::{HeadPatch, HeadReading, PartName, Store, StoreError};

use super::intercepted_store::{Call, PendingCall, Response};
use super::model::{Check, Model, Published, ensure};
use super::operation::{Edit, LastCall, Operation, PUBLISHERS, READERS, ReadFault, Task, Until};
use super::publisher::Publisher;
use super::reader::Reader;
use super::run::Work;
use crate::fixture::{self, Fixture, SavedHead, catalogue};

/// Maximum number of wrong responses to a reader in a row: in the end a missing part counts as lost.
const MAX_READ_FAULTS: u32 = 3;
/// More calls than a reader makes to come to the head.
const MAX_CATCH_UP_CALLS: usize = 60;
const MOVIES: usize = 27;

pub(super) struct World {
    fixture: Fixture,
    store: Arc<dyn Store>,
    retention: u64,
    model: Model,
    published: Published,
    publishers: Vec<Publisher>,
    readers: Vec<Reader>,
    /// Writes that are still under way.
    delayed_writes: Vec<(Call, Caller)>,
    /// Earlier heads, for lagging reads.
    heads: Vec<HeadReading>,
    /// What a crash of the server can take back.
    unconfirmed: Option<(SavedHead, Model)>,
    /// The parts that were lost or corrupted.
    damaged_parts: HashSet<PartName>,
    /// Counts the calls.
    time: u64,
    /// When a part was put last.
    put: HashMap<PartName, u64>,
    /// Items that a paused publisher may have brought back in the view, and when it wrote there last.
    returned: HashSet<(Kind, Id)>,
    stale_view_write: u64,
}

/// The caller of a store operation.
#[derive(Clone, Debug)]
struct Caller {
    /// The catalogue that its commit should publish.
    wanted: Option<Catalogue>,
    /// Whether it is a sync, which publishes nothing while a version is pinned.
    is_sync: bool,
    /// The caller is gone before the response.
    is_response_lost: bool,
    /// The lease has passed on, or its publisher has gone on.
    is_stale: bool,
}

impl Until {
    fn is_reached(self, made: usize, next: &PendingCall) -> bool {
        match self {
            Self::Calls(calls) => made == calls,
            Self::Commit => matches!(next.call, Call::Commit(_)),
            Self::End => false,
        }
    }
}

impl World {
    /// One case, from an empty store on.
    pub(super) async fn run_case(
        kind: &Fixture,
        retention: u64,
        operations: &[Operation],
    ) -> Check {
        let fixture = kind.fresh().await;
        // With a stopped clock, commit times do not distinguish versions.
        let clock = Clock::from_fn(|| jiff::Timestamp::constant(1_700_000_000, 0));
        let store = fixture.open_at(clock).await.store().clone();
        let publisher = |_| Publisher::new(store.clone(), retention);
        let mut world = Self {
            publishers: (0..PUBLISHERS).map(publisher).collect(),
            readers: Vec::with_capacity(READERS),
            fixture,
            store,
            retention,
            model: Model::default(),
            published: Published::default(),
            delayed_writes: Vec::new(),
            heads: Vec::new(),
            unconfirmed: None,
            damaged_parts: HashSet::new(),
            time: 0,
            put: HashMap::new(),
            returned: HashSet::new(),
            stale_view_write: 0,
        };
        world.readers.push(Reader::following(world.store.clone()));
        world.readers.push(Reader::loading(world.store.clone()));
        for (number, operation) in operations.iter().enumerate() {
            let done = world.execute(operation).await;
            done.map_err(|broken| format!("{operation:?} (number {number}): {broken}"))?;
        }
        let settled = world.settle().await;
        settled.map_err(|broken| format!("at the end: {broken}"))
    }

    async fn execute(&mut self, operation: &Operation) -> Check {
        match operation {
            Operation::Run(publisher, task, until) => {
                if !self.publishers[*publisher].is_at_work() {
                    let work = self.work(task);
                    self.publishers[*publisher].start(work);
                    self.advance(*publisher).await?;
                }
                self.resume(*publisher, *until).await
            }
            Operation::Resume(publisher, until) => self.resume(*publisher, *until).await,
            Operation::Fault(publisher, until, fault) => {
                self.resume(*publisher, *until).await?;
                if self.publishers[*publisher].is_at_work() {
                    self.publishers[*publisher].fault = Some(*fault);
                    self.resume(*publisher, Until::Calls(1)).await?;
                }
                Ok(())
            }
            Operation::Kill(publisher, last) => {
                self.stop_at(*publisher, *last).await?;
                self.publishers[*publisher] = Publisher::new(self.store.clone(), self.retention);
                Ok(())
            }
            Operation::Stop(publisher, last) => {
                if !self.publishers[*publisher].is_at_work() {
                    return Ok(());
                }
                self.stop_at(*publisher, *last).await?;
                self.publishers[*publisher].give_up();
                self.advance(*publisher).await
            }
            Operation::ExpireLease => {
                self.fixture.expire_the_lease().await;
                if let Some(lease) = &mut self.model.lease {
                    lease.is_expired = true;
                }
                Ok(())
            }
            Operation::Renew(publisher) => self.renew(*publisher).await,
            Operation::DeliverLateWrite(number) => self.deliver_late_write(*number).await,
            Operation::Read(reader, calls, fault) => {
                let mut fault = *fault;
                for _ in 0..*calls {
                    self.read(*reader, fault.take()).await?;
                }
                Ok(())
            }
            Operation::RevertCommit => self.revert_commit().await,
            Operation::RebuildStore => self.rebuild().await,
            Operation::ReadHistory => self.read_history().await,
            Operation::DamagePart(part, damage) => self.damage_part(*part, *damage).await,
        }
    }

    fn work(&self, task: &Task) -> Work {
        match task {
            Task::Sync(edits) => Work::Sync(Box::new(self.edited(edits))),
            Task::RollBack(back) => Work::RollBack(*back),
            Task::Pin => Work::PatchHead(HeadPatch::Pin(Some(self.model.version))),
            Task::Unpin => Work::PatchHead(HeadPatch::Pin(None)),
            Task::Approve(delta) => {
                Work::PatchHead(HeadPatch::Approval(Some(format!("delta {delta}"))))
            }
        }
    }

    /// The catalogue at the head, with edits.
    fn edited(&self, edits: &[Edit]) -> Catalogue {
        let mut wanted = self.content().unwrap_or_else(|| catalogue(MOVIES, 0));
        for edit in edits {
            wanted = match *edit {
                Edit::Movie(number, edition) => {
                    fixture::with(&wanted, fixture::movie(number, edition))
                }
                Edit::Remove(number) => fixture::without(&wanted, number),
                Edit::Rename(name) => {
                    let cat = fixture::person("cat", &format!("Cat {name}"), None);
                    fixture::with(&wanted, cat)
                }
                Edit::Human(human) => {
                    let ann = fixture::person("ann", "Ann", human.then_some("human"));
                    fixture::with(&wanted, ann)
                }
                Edit::All(edition) => catalogue(MOVIES, edition),
            };
        }
        wanted
    }

    /// What is published.
    fn content(&self) -> Option<Catalogue> {
        let header = self.model.log.last()?;
        let content = self.published.content(&self.model.lineage, header);
        content.cloned()
    }

    /// A publisher goes on.
    async fn resume(&mut self, publisher: usize, until: Until) -> Check {
        let mut made = 0;
        while let Some(pending) = self.publishers[publisher].pending.take() {
            if until.is_reached(made, &pending) {
                self.publishers[publisher].pending = Some(pending);
                return Ok(());
            }
            made += 1;
            let fault = self.publishers[publisher].fault.take();
            self.publishers[publisher].faulted |= fault.is_some();
            let response = self.respond(publisher, &pending, fault).await?;
            pending.respond(response);
            self.advance(publisher).await?;
        }
        Ok(())
    }

    /// Advances to a publisher's next call, and checks its observations until then.
    async fn advance(&mut self, publisher: usize) -> Check {
        let end = self.publishers[publisher].advance().await?;
        self.check_notes(publisher).await?;
        let publisher = &self.publishers[publisher];
        let holds = publisher.fence.is_some_and(|fence| self.model.holds(fence));
        match end {
            None | Some(Ok(())) => Ok(()),
            Some(Err(StoreError::LeaseLost)) if !holds => Ok(()),
            Some(Err(StoreError::Unavailable(_))) if publisher.faulted => Ok(()),
            Some(Err(StoreError::Damaged { .. } | StoreError::Unreadable { .. }))
                if !self.damaged_parts.is_empty() =>
            {
                Ok(())
            }
            Some(Err(error)) => Err(format!("a run failed without a reason: {error}")),
        }
    }

    /// A publisher ends at the call that it was about to make.
    async fn stop_at(&mut self, publisher: usize, last: LastCall) -> Check {
        let Some(pending) = self.publishers[publisher].pending.take() else {
            return Ok(());
        };
        let mut by = self.by(publisher);
        match last {
            LastCall::Undone => {}
            LastCall::Done => {
                by.is_response_lost = true;
                self.perform(pending.call, by).await?.ok();
            }
            LastCall::Late => self.write_later(pending.call, by),
        }
        Ok(())
    }

    /// Lets the lease last for most of a minute, so that no slow machine ends it.
    async fn let_the_lease_last(&self) -> Check {
        let reading = self.store.head().await.map_err(|error| error.to_string())?;
        let now = reading.ok_or("the head is gone")?.now;
        self.fixture
            .end_the_lease_at(now + Duration::from_secs(55))
            .await;
        Ok(())
    }

    async fn renew(&mut self, publisher: usize) -> Check {
        let Some(fence) = self.publishers[publisher].fence else {
            return Ok(());
        };
        let renewed = self.store.renew(fence).await;
        ensure!(
            renewed.is_ok() == self.model.holds(fence),
            "lease {fence} was renewed under {} of {:?}: {renewed:?}",
            self.model.fence,
            self.model.lease
        );
        if let Some(lease) = self.model.lease.as_mut().filter(|_| renewed.is_ok()) {
            lease.is_expired = false;
            self.unconfirmed = None;
            self.let_the_lease_last().await?;
        }
        Ok(())
    }

    async fn deliver_late_write(&mut self, number: usize) -> Check {
        if self.delayed_writes.is_empty() {
            return Ok(());
        }
        let place = self.delayed_writes.len() - 1 - number % self.delayed_writes.len();
        let (call, by) = self.delayed_writes[place].clone();
        // Every other one arrives again.
        if number.is_multiple_of(2) {
            self.delayed_writes.remove(place);
        }
        self.perform(call, by).await?.ok();
        Ok(())
    }

    async fn read(&mut self, reader: usize, fault: Option<ReadFault>) -> Check {
        let old = match fault {
            Some(ReadFault::Old(back)) => Some(self.old_head(back)),
            _ => None,
        };
        let reader = &mut self.readers[reader];
        if let Some(pending) = reader.pending.take() {
            let fault = fault.filter(|_| reader.fault < MAX_READ_FAULTS);
            let response = match (&pending.call, fault, old) {
                (Call::Head, Some(_), Some(old)) => Response::Head(old),
                (Call::Get(_), Some(ReadFault::Missing), _) => Response::Part(None),
                (call, ..) => {
                    let response = call.clone().perform(&*self.store).await;
                    response.map_err(|error| format!("{call:?}: {error}"))?
                }
            };
            reader.fault += u32::from(fault.is_some());
            if let Response::Head(reading) = &response {
                reader.looked.clone_from(reading);
            }
            pending.respond(Ok(response));
        }
        reader.advance(&self.model, &self.published).await
    }

    /// At last everybody dies, all that is under way arrives, and one more run must put
    /// everything right.
    async fn settle(&mut self) -> Check {
        for publisher in 0..PUBLISHERS {
            self.publishers[publisher] = Publisher::new(self.store.clone(), self.retention);
        }
        for (call, by) in std::mem::take(&mut self.delayed_writes) {
            self.perform(call, by).await?.ok();
        }
        self.read_history().await?;
        self.execute(&Operation::ExpireLease).await?;
        let last = Task::Sync(vec![Edit::All(100)]);
        for task in [Task::Unpin, last] {
            let run = Operation::Run(0, task, Until::End);
            self.execute(&run).await?;
        }
        ensure!(!self.model.dirty, "the view was left behind");
        self.check_view().await?;
        self.read_history().await?;
        let lineage = self.model.lineage.clone();
        let header = self.model.log.last().cloned();
        let last = header.as_ref().map(|header| (&*lineage, header));
        for reader in 0..READERS {
            for _ in 0..MAX_CATCH_UP_CALLS {
                if self.readers[reader].known() != last {
                    self.read(reader, None).await?;
                }
            }
            let known = self.readers[reader].known();
            ensure!(
                known == last,
                "a reader stays at {known:?} instead of {last:?}"
            );
        }
        Ok(())
    }
}
