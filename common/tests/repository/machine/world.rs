//! Carries out a list of operations on a real store, and compares after each.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use common::clock::Clock;
use common::models::{Catalogue, Id, Kind};
use common::repository::{
    Amendment, Commit, Header, PartName, Reading, Repository, Result, Store, StoreError,
    ViewDocument,
};

use super::desk::{Answer, Asked, Call};
use super::model::{Check, Model, Published, View, ensure, shown, view_of};
use super::operation::{Edit, Fault, Last, Odd, Operation, PUBLISHERS, READERS, Task, Until};
use super::publisher::Publisher;
use super::reader::Reader;
use super::run::Work;
use crate::fixture::{self, Fixture, SavedHead, catalogue};

/// How many odd answers a reader gets before it learns something: a part that stays away counts
/// as lost in the end.
const ODD: u32 = 3;
/// More calls than a reader makes to come to the head.
const CATCH_UP: usize = 60;
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
    letters: Vec<(Call, By)>,
    /// The heads there were, for those who lag.
    heads: Vec<Reading>,
    /// What a crash of the server can take back.
    unconfirmed: Option<(SavedHead, Model)>,
    /// Counts the calls.
    time: u64,
    /// When a part was put last.
    put: HashMap<PartName, u64>,
    /// Items that a sleeper may have brought back in the view, and when it wrote there last.
    returned: HashSet<(Kind, Id)>,
    stale_show: u64,
}

/// Who makes a call.
#[derive(Clone, Debug)]
struct By {
    /// What its commit is to publish.
    wanted: Option<Catalogue>,
    /// Whether it is a sync, which publishes nothing while a version is pinned.
    syncs: bool,
    /// Nobody hears the answer.
    unheard: bool,
    /// The lease has passed on, or its publisher has gone on.
    stale: bool,
}

impl Until {
    fn is_reached(self, made: usize, next: &Asked) -> bool {
        match self {
            Self::Calls(calls) => made == calls,
            Self::Commit => matches!(next.call, Call::Commit(_)),
            Self::End => false,
        }
    }
}

impl World {
    /// One case, from an empty store on.
    pub(super) async fn try_out(kind: &Fixture, retention: u64, operations: &[Operation]) -> Check {
        let fixture = kind.fresh().await;
        // A clock that stands still lets no time of a commit tell two versions apart.
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
            letters: Vec::new(),
            heads: Vec::new(),
            unconfirmed: None,
            time: 0,
            put: HashMap::new(),
            returned: HashSet::new(),
            stale_show: 0,
        };
        world.readers.push(Reader::following(world.store.clone()));
        world.readers.push(Reader::loading(world.store.clone()));
        for (number, operation) in operations.iter().enumerate() {
            let done = world.carry_out(operation).await;
            done.map_err(|broken| format!("{operation:?} (number {number}): {broken}"))?;
        }
        let settled = world.settle().await;
        settled.map_err(|broken| format!("at the end: {broken}"))
    }

    async fn carry_out(&mut self, operation: &Operation) -> Check {
        match operation {
            Operation::Run(publisher, task, until) => {
                if !self.publishers[*publisher].is_at_work() {
                    let work = self.work(task);
                    self.publishers[*publisher].start(work);
                    self.advance(*publisher).await?;
                }
                self.go(*publisher, *until).await
            }
            Operation::Go(publisher, until) => self.go(*publisher, *until).await,
            Operation::Fault(publisher, until, fault) => {
                self.go(*publisher, *until).await?;
                if self.publishers[*publisher].is_at_work() {
                    self.publishers[*publisher].fault = Some(*fault);
                    self.go(*publisher, Until::Calls(1)).await?;
                }
                Ok(())
            }
            Operation::Crash(publisher, last) => {
                self.stop_at(*publisher, *last).await?;
                self.publishers[*publisher] = Publisher::new(self.store.clone(), self.retention);
                Ok(())
            }
            Operation::GiveUp(publisher, last) => {
                if !self.publishers[*publisher].is_at_work() {
                    return Ok(());
                }
                self.stop_at(*publisher, *last).await?;
                self.publishers[*publisher].give_up();
                self.advance(*publisher).await
            }
            Operation::LeasePasses => {
                self.fixture.let_the_lease_pass().await;
                if let Some(lease) = &mut self.model.lease {
                    lease.over = true;
                }
                Ok(())
            }
            Operation::Renew(publisher) => self.renew(*publisher).await,
            Operation::Arrive(number) => self.arrive(*number).await,
            Operation::Look(reader, calls, odd) => {
                let mut odd = *odd;
                for _ in 0..*calls {
                    self.look(*reader, odd.take()).await?;
                }
                Ok(())
            }
            Operation::TakeBack => self.take_back().await,
            Operation::Rebuild => self.rebuild().await,
            Operation::LookBack => self.look_back().await,
        }
    }

    fn work(&self, task: &Task) -> Work {
        let amend = |pin, approval| Work::Amend(Amendment { pin, approval });
        match task {
            Task::Sync(edits) => Work::Sync(Box::new(self.edited(edits))),
            Task::RollBack(back) => Work::RollBack(*back),
            Task::Pin => amend(Some(Some(self.model.version)), None),
            Task::Unpin => amend(Some(None), None),
            Task::Approve(delta) => amend(None, Some(Some(format!("delta {delta}")))),
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
                Edit::Gone(number) => fixture::without(&wanted, number),
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
    async fn go(&mut self, publisher: usize, until: Until) -> Check {
        let mut made = 0;
        while let Some(asked) = self.publishers[publisher].asked.take() {
            if until.is_reached(made, &asked) {
                self.publishers[publisher].asked = Some(asked);
                return Ok(());
            }
            made += 1;
            let fault = self.publishers[publisher].fault.take();
            self.publishers[publisher].faulted |= fault.is_some();
            let answer = self.answer(publisher, &asked, fault).await?;
            asked.answer(answer);
            self.advance(publisher).await?;
        }
        Ok(())
    }

    async fn answer(
        &mut self,
        publisher: usize,
        asked: &Asked,
        fault: Option<Fault>,
    ) -> Check<Result<Answer>> {
        let call = asked.call.clone();
        let mut by = self.by(publisher);
        let failed = Err(StoreError::Unavailable("no answer".into()));
        let writes = call.writes();
        match fault {
            Some(Fault::Old(back)) if matches!(call, Call::Head) => {
                return Ok(Ok(Answer::Head(self.old_head(back))));
            }
            Some(Fault::Refused) => return Ok(failed),
            Some(Fault::Late) => {
                self.write_later(call, by);
                return Ok(failed);
            }
            Some(Fault::Lost) => {
                by.unheard = true;
                self.perform(call, by).await?.ok();
                return Ok(failed);
            }
            Some(Fault::Twice) if writes => self.write_later(call.clone(), by.clone()),
            _ => {}
        }
        let answer = self.perform(call.clone(), by).await?;
        let now = self.time;
        let publisher = &mut self.publishers[publisher];
        match (&call, &answer) {
            (Call::Acquire(_), Ok(Answer::Lease(Ok(reading)))) => {
                publisher.fence = Some(reading.head.fence);
                publisher.since = now;
                publisher.dirty = reading.head.dirty;
            }
            (Call::Parts, Ok(Answer::Parts(names))) => {
                publisher.listed = Some((now, names.clone()));
            }
            (Call::Release(_, release), Ok(_)) if release.view_is_right => {
                // A whole audit removes what a sleeper brought back.
                if publisher.dirty && self.stale_show < publisher.since {
                    self.returned.clear();
                }
                self.check_view().await?;
            }
            _ => {}
        }
        Ok(answer)
    }

    fn by(&self, publisher: usize) -> By {
        let publisher = &self.publishers[publisher];
        let goal = publisher.notes.open().goal.clone();
        let gone_back = || {
            let header = goal?;
            let content = self.published.content(&self.model.lineage, &header);
            content.cloned()
        };
        let (wanted, syncs) = match &publisher.work {
            Some(Work::Sync(wanted)) => (Some((**wanted).clone()), true),
            Some(Work::RollBack(_)) => (gone_back(), false),
            _ => (None, false),
        };
        By {
            wanted,
            syncs,
            unheard: false,
            stale: !publisher.fence.is_some_and(|fence| self.model.holds(fence)),
        }
    }

    fn write_later(&mut self, call: Call, by: By) {
        if call.writes() {
            let late = By {
                unheard: true,
                stale: true,
                ..by
            };
            self.letters.push((call, late));
        }
    }

    /// A head of so many changes ago; the oldest if there were not so many.
    fn old_head(&self, back: usize) -> Option<Reading> {
        let place = self.heads.len().saturating_sub(back + 1);
        self.heads.get(place).cloned()
    }

    /// Makes a call on the store, and compares what it did with what it must do.
    async fn perform(&mut self, call: Call, by: By) -> Check<Result<Answer>> {
        self.time += 1;
        let unconfirmed = match &call {
            Call::Commit(_) if by.unheard => {
                Some((self.fixture.save_the_head().await, self.model.clone()))
            }
            _ => None,
        };
        let absent = match &call {
            Call::Show(documents, _) if by.stale => Some(self.absent(documents).await?),
            _ => None,
        };
        let answer = call.clone().perform(&*self.store).await;
        if let Err(error @ (StoreError::Unavailable(_) | StoreError::Unreadable { .. })) = &answer {
            return Err(format!("{call:?}: {error}"));
        }
        let lost = matches!(answer, Err(StoreError::LeaseLost));
        match (&call, &answer) {
            (Call::Acquire(holder), Ok(Answer::Lease(lease))) => {
                ensure!(
                    lease.is_ok() == self.model.grants(holder),
                    "asked for the lease that {:?} has, {holder} got {lease:?}",
                    self.model.lease
                );
                if lease.is_ok() {
                    self.model.acquire(holder);
                    self.let_the_lease_last().await?;
                }
            }
            (Call::Commit(commit), _) => {
                ensure!(
                    lost != self.model.may_commit(commit),
                    "at version {} and lease {}: {commit:?} gave {answer:?}",
                    self.model.version,
                    self.model.fence
                );
                if let Ok(Answer::Committed(head)) = &answer {
                    self.committed(commit, head.header().cloned(), &by)?;
                }
            }
            (Call::Amend(fence, amendment), _) => {
                ensure!(
                    lost == (*fence != self.model.fence),
                    "under lease {}: {call:?} gave {answer:?}",
                    self.model.fence
                );
                if !lost {
                    self.model.amend(amendment);
                }
            }
            (Call::Release(fence, release), _) => {
                ensure!(
                    lost == (*fence != self.model.fence),
                    "under lease {}: {call:?} gave {answer:?}",
                    self.model.fence
                );
                if !lost {
                    self.model.release(*release);
                }
            }
            (Call::Put(name, _), _) => {
                self.put.insert(*name, self.time);
            }
            _ => ensure!(answer.is_ok(), "{call:?} gave {answer:?}"),
        }
        if let Some(absent) = absent {
            self.returned.extend(absent);
            self.stale_show = self.time;
            if !self.model.dirty {
                self.check_view().await?;
            }
        }
        if matches!(
            call,
            Call::Acquire(_) | Call::Commit(_) | Call::Amend(..) | Call::Release(..)
        ) && !lost
        {
            self.unconfirmed = unconfirmed;
            self.check_head().await?;
        }
        if matches!(call, Call::Commit(_) | Call::Remove(_)) {
            self.check_parts().await?;
        }
        Ok(answer)
    }

    fn committed(&mut self, commit: &Commit, header: Option<Header>, by: &By) -> Check {
        let Some(header) = header else {
            return Err("the head after a commit has no header".into());
        };
        ensure!(
            !(by.syncs && self.model.pin.is_some()),
            "a sync went over the pin to version {:?}",
            self.model.pin
        );
        let Some(wanted) = by.wanted.clone() else {
            return Err(format!("nobody wanted {commit:?}"));
        };
        self.model.commit(commit, header.clone(), self.retention)?;
        self.published.add(&self.model.lineage, header, wanted)
    }

    /// Goes on to a publisher's next call, and looks at what it has learnt on the way.
    async fn advance(&mut self, publisher: usize) -> Check {
        let end = self.publishers[publisher].advance().await?;
        self.look_at_the_notes(publisher).await?;
        let publisher = &self.publishers[publisher];
        let holds = publisher.fence.is_some_and(|fence| self.model.holds(fence));
        match end {
            None | Some(Ok(())) => Ok(()),
            Some(Err(StoreError::LeaseLost)) if !holds => Ok(()),
            Some(Err(StoreError::Unavailable(_))) if publisher.faulted => Ok(()),
            Some(Err(error)) => Err(format!("a run failed without a reason: {error}")),
        }
    }

    async fn look_at_the_notes(&mut self, publisher: usize) -> Check {
        let notebook = self.publishers[publisher].notes.clone();
        let Some((fence, _)) = notebook.open().begun.clone() else {
            return Ok(());
        };
        let holds = self.model.holds(fence);
        if let Some((at, listed)) = self.publishers[publisher].listed.take()
            && holds
        {
            self.check_sweep(fence, at, &listed).await?;
        }
        let mut notes = notebook.open();
        if let Some(state) = notes.state.take() {
            self.published.recognises(&state, "a publisher")?;
            ensure!(
                !holds || self.model.log.last() == Some(&state.header),
                "at version {} a publisher works from {:?}",
                self.model.version,
                state.header
            );
        }
        if let Some(rewound) = notes.rewound.take() {
            self.published.recognises(&rewound, "a rollback")?;
        }
        if let Some(told) = notes.published.take() {
            self.published.recognises(&told, "its publisher")?;
            ensure!(
                self.model.log.last() == Some(&told.header),
                "what a publisher was told of is not there: {:?}",
                told.header
            );
        }
        if std::mem::take(&mut notes.nothing) {
            self.published.nothing(&self.model.lineage, fence)?;
        }
        if let Some(amendment) = notes.amended.take() {
            let pinned = amendment.pin.is_none_or(|pin| pin == self.model.pin);
            let approved = amendment.approval.as_ref();
            ensure!(
                pinned && approved.is_none_or(|approval| *approval == self.model.approval),
                "what an operator was told of is not there: {amendment:?}"
            );
        }
        Ok(())
    }

    /// A publisher ends at the call that it was about to make.
    async fn stop_at(&mut self, publisher: usize, last: Last) -> Check {
        let Some(asked) = self.publishers[publisher].asked.take() else {
            return Ok(());
        };
        let mut by = self.by(publisher);
        match last {
            Last::Undone => {}
            Last::Done => {
                by.unheard = true;
                self.perform(asked.call, by).await?.ok();
            }
            Last::Late => self.write_later(asked.call, by),
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
            lease.over = false;
            self.unconfirmed = None;
            self.let_the_lease_last().await?;
        }
        Ok(())
    }

    async fn arrive(&mut self, number: usize) -> Check {
        if self.letters.is_empty() {
            return Ok(());
        }
        let place = self.letters.len() - 1 - number % self.letters.len();
        let (call, by) = self.letters[place].clone();
        // Every other one arrives again.
        if number.is_multiple_of(2) {
            self.letters.remove(place);
        }
        self.perform(call, by).await?.ok();
        Ok(())
    }

    async fn look(&mut self, reader: usize, odd: Option<Odd>) -> Check {
        let old = match odd {
            Some(Odd::Old(back)) => Some(self.old_head(back)),
            _ => None,
        };
        let reader = &mut self.readers[reader];
        if let Some(asked) = reader.asked.take() {
            let odd = odd.filter(|_| reader.odd < ODD);
            let answer = match (&asked.call, odd, old) {
                (Call::Head, Some(_), Some(old)) => Answer::Head(old),
                (Call::Get(_), Some(Odd::Missing), _) => Answer::Part(None),
                (call, ..) => {
                    let answer = call.clone().perform(&*self.store).await;
                    answer.map_err(|error| format!("{call:?}: {error}"))?
                }
            };
            reader.odd += u32::from(odd.is_some());
            if let Answer::Head(reading) = &answer {
                reader.looked.clone_from(reading);
            }
            asked.answer(Ok(answer));
        }
        reader.advance(&self.model, &self.published).await
    }

    async fn take_back(&mut self) -> Check {
        let Some((saved, model)) = self.unconfirmed.take() else {
            return Ok(());
        };
        self.fixture.put_the_head_back(saved).await;
        self.model = model;
        self.heads.pop();
        let head = self.head().await?;
        self.model.agrees(&head.head)
    }

    async fn rebuild(&mut self) -> Check {
        // What a reader read of the old store must not meet what it reads of the new one.
        if !self.readers.iter().all(Reader::begins) {
            return Ok(());
        }
        for publisher in &mut self.publishers {
            *publisher = Publisher::new(self.store.clone(), self.retention);
        }
        self.fixture.wipe().await;
        self.model = Model::default();
        self.letters.clear();
        self.heads.clear();
        self.unconfirmed = None;
        self.put.clear();
        self.returned.clear();
        Ok(())
    }

    /// At last everybody dies, all that is under way arrives, and one more run must put
    /// everything right.
    async fn settle(&mut self) -> Check {
        for publisher in 0..PUBLISHERS {
            self.publishers[publisher] = Publisher::new(self.store.clone(), self.retention);
        }
        for (call, by) in std::mem::take(&mut self.letters) {
            self.perform(call, by).await?.ok();
        }
        self.look_back().await?;
        self.carry_out(&Operation::LeasePasses).await?;
        let last = Task::Sync(vec![Edit::All(100)]);
        for task in [Task::Unpin, last] {
            let run = Operation::Run(0, task, Until::End);
            self.carry_out(&run).await?;
        }
        ensure!(!self.model.dirty, "the view was left behind");
        self.check_view().await?;
        self.look_back().await?;
        let lineage = self.model.lineage.clone();
        let header = self.model.log.last().cloned();
        let last = header.as_ref().map(|header| (&*lineage, header));
        for reader in 0..READERS {
            for _ in 0..CATCH_UP {
                if self.readers[reader].known() != last {
                    self.look(reader, None).await?;
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

    /// A reader that comes anew sees the head, and every kept version can be rebuilt from it.
    async fn look_back(&self) -> Check {
        let broken = |error: StoreError| format!("looking back: {error}");
        let repository = Repository::over(self.store.clone());
        let current = repository.load().await.map_err(broken)?;
        ensure!(
            current.as_ref().map(|current| &current.header) == self.model.log.last(),
            "at version {} a new reader sees {current:?}",
            self.model.version
        );
        let Some(current) = current else {
            return Ok(());
        };
        self.published.recognises(&current, "a new reader")?;
        for header in &self.model.log {
            let rebuilt = repository.rewind(&current, header.version).await;
            let Some(rebuilt) = rebuilt.map_err(broken)? else {
                return Err(format!("version {} cannot be rebuilt", header.version));
            };
            ensure!(rebuilt.header == *header, "rebuilt {:?}", rebuilt.header);
            self.published.recognises(&rebuilt, "who looks back")?;
        }
        Ok(())
    }

    async fn head(&self) -> Check<Reading> {
        let reading = self.store.head().await;
        let reading = reading.map_err(|error| format!("the head: {error}"))?;
        reading.ok_or_else(|| "there is no head".into())
    }

    async fn check_head(&mut self) -> Check {
        let reading = self.head().await?;
        if self.model.lineage.is_empty() {
            self.model.lineage.clone_from(&reading.head.lineage);
        }
        self.model.agrees(&reading.head)?;
        self.heads.push(reading);
        Ok(())
    }

    async fn parts(&self) -> Check<HashSet<PartName>> {
        let parts = self.store.parts().await;
        let parts = parts.map_err(|error| format!("the parts: {error}"))?;
        Ok(parts.into_iter().collect())
    }

    /// All that the head names is there.
    async fn check_parts(&self) -> Check {
        let parts = self.parts().await?;
        match self.model.named().find(|name| !parts.contains(name)) {
            Some(lost) => Err(format!("{lost} is named and gone")),
            None => Ok(()),
        }
    }

    /// What was dead when a run began is gone.
    async fn check_sweep(&self, fence: u64, at: u64, listed: &[PartName]) -> Check {
        let dead = |part: &PartName| {
            part.fence < fence
                && !self.model.names(part)
                && listed.contains(part)
                // It may have been put again by a write that was under way.
                && self.put.get(part).is_none_or(|put| *put < at)
        };
        match self.parts().await?.into_iter().find(dead) {
            Some(part) => Err(format!("{part} is dead and was not swept")),
            None => Ok(()),
        }
    }

    async fn shown(&self) -> Check<View> {
        let mut view = View::new();
        for kind in Kind::ALL {
            let page = self.store.shown(kind, None, 1_000).await;
            let page = page.map_err(|error| format!("the view: {error}"))?;
            view.extend(page.iter().map(shown));
        }
        Ok(view)
    }

    async fn absent(&self, documents: &[ViewDocument]) -> Check<Vec<(Kind, Id)>> {
        let view = self.shown().await?;
        let names = documents
            .iter()
            .map(|document| (document.kind, document.id.clone()));
        Ok(names.filter(|name| !view.contains_key(name)).collect())
    }

    /// The view is the catalogue at the head, save for items that a sleeper brought back.
    async fn check_view(&self) -> Check {
        let Some(content) = self.content() else {
            return Ok(());
        };
        let (view, expected) = (self.shown().await?, view_of(&content));
        for (name, line) in &expected {
            ensure!(
                view.get(name) == Some(line),
                "the view shows {name:?} as {:?}, not as {line:?}",
                view.get(name)
            );
        }
        let gone =
            |name: &&(Kind, Id)| !expected.contains_key(*name) && !self.returned.contains(*name);
        match view.keys().find(gone) {
            Some(name) => Err(format!("the view shows {name:?}, which is gone")),
            None => Ok(()),
        }
    }
}
