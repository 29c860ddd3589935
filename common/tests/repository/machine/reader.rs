//! A process that reads: it follows, or loads the whole state again and again.

use std::pin::Pin;
use std::sync::Arc;

use common::repository::{
    FollowEvent, HeadReading, Header, Repository, Result, Snapshot, Store, StoreError,
};
use tokio::sync::mpsc;

use super::LIMIT;
use super::intercepted_store::{Call, InterceptedStore, PendingCall};
use super::model::{Check, Model, Published, ensure};

/// What a reader learns.
enum Observation {
    Followed(Box<FollowEvent>),
    Loaded(Box<Result<Option<Snapshot>>>),
}

/// A reader; between two operations it always waits for the response to a call.
pub(super) struct Reader {
    name: &'static str,
    store: Arc<InterceptedStore>,
    calls: mpsc::UnboundedReceiver<PendingCall>,
    learns: mpsc::UnboundedReceiver<Observation>,
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    pub(super) pending: Option<PendingCall>,
    /// The head that it was shown last.
    pub(super) looked: Option<HeadReading>,
    /// The wrong responses since it learnt something.
    pub(super) fault: u32,
    known: Option<Arc<Snapshot>>,
}

impl Reader {
    pub(super) fn following(store: Arc<dyn Store>) -> Self {
        let (store, calls) = InterceptedStore::new(store, true);
        let (tell, learns) = mpsc::unbounded_channel();
        let mut follower = Repository::with_store(store.clone()).follow();
        let work = async move {
            while tell
                .send(Observation::Followed(Box::new(follower.next().await)))
                .is_ok()
            {}
        };
        Self::new("a follower", store, calls, learns, Box::pin(work))
    }

    pub(super) fn loading(store: Arc<dyn Store>) -> Self {
        let (store, calls) = InterceptedStore::new(store, true);
        let (tell, learns) = mpsc::unbounded_channel();
        let repository = Repository::with_store(store.clone());
        let work = async move {
            while tell
                .send(Observation::Loaded(Box::new(repository.load().await)))
                .is_ok()
            {}
        };
        Self::new("a loader", store, calls, learns, Box::pin(work))
    }

    fn new(
        name: &'static str,
        store: Arc<InterceptedStore>,
        calls: mpsc::UnboundedReceiver<PendingCall>,
        learns: mpsc::UnboundedReceiver<Observation>,
        work: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Self {
        Self {
            name,
            store,
            calls,
            learns,
            work,
            pending: None,
            looked: None,
            fault: 0,
            known: None,
        }
    }

    /// Whether it begins to look: nothing that it has read may be gone the next moment.
    pub(super) fn begins(&self) -> bool {
        let pending = self.pending.as_ref();
        pending.is_none_or(|pending| matches!(pending.call, Call::Head))
    }

    /// The version that it is at.
    pub(super) fn known(&self) -> Option<(&str, &Header)> {
        let known = self.known.as_ref()?;
        Some((&known.lineage, &known.header))
    }

    /// Advances to the next call, and checks the observations until then.
    pub(super) async fn advance(&mut self, model: &Model, published: &Published) -> Check {
        // Wakes a follower that waits.
        self.store.notify();
        let next = async {
            tokio::select! {
                biased;
                pending = self.calls.recv() => pending,
                () = &mut self.work => None,
            }
        };
        self.pending = tokio::time::timeout(LIMIT, next)
            .await
            .map_err(|_| format!("{} waits for nothing", self.name))?;
        while let Ok(learnt) = self.learns.try_recv() {
            self.fault = 0;
            self.learn(learnt, model, published)?;
        }
        Ok(())
    }

    fn learn(&mut self, learnt: Observation, model: &Model, published: &Published) -> Check {
        match learnt {
            Observation::Followed(event) => match *event {
                FollowEvent::Version { snapshot, changes } => {
                    self.follow(&snapshot, published)?;
                    if let Some(changes) = changes {
                        self.step(&snapshot, &changes)?;
                    }
                    self.known = Some(snapshot);
                }
                FollowEvent::Empty => {
                    ensure!(self.known.is_none(), "{} sees nothing more", self.name)
                }
                FollowEvent::HeadStatus(_) => {}
                // Nothing of the version can be read.
                FollowEvent::Unavailable(StoreError::Damaged { .. })
                    if published.has_damaged_parts => {}
                FollowEvent::Unavailable(error) => {
                    return Err(format!("{} fails: {error}", self.name));
                }
            },
            Observation::Loaded(loaded) => {
                let loaded = loaded.map_err(|error| format!("{} fails: {error}", self.name))?;
                let header = loaded.as_ref().map(|loaded| &loaded.header);
                let looked: Option<&Header> = self
                    .looked
                    .as_ref()
                    .and_then(|reading| reading.head.header());
                ensure!(
                    header == looked,
                    "{} was shown {looked:?} and loaded {header:?} (head at {})",
                    self.name,
                    model.version
                );
                if let Some(loaded) = &loaded {
                    published.check_snapshot(loaded, self.name)?;
                }
                self.known = loaded.map(Arc::new);
            }
        }
        Ok(())
    }

    fn follow(&self, seen: &Snapshot, published: &Published) -> Check {
        published.check_snapshot(seen, self.name)?;
        if let Some(known) = &self.known
            && known.lineage == seen.lineage
        {
            ensure!(
                seen.version() >= known.version(),
                "{} went back from version {} to {}",
                self.name,
                known.version(),
                seen.version()
            );
        }
        Ok(())
    }

    fn step(&self, seen: &Snapshot, changes: &[common::models::Change]) -> Check {
        let mut before = self
            .known
            .as_ref()
            .map(|known| (known.version(), known.catalogue.clone()))
            .unwrap_or_default();
        before.1.apply(changes);
        ensure!(
            before.0 + 1 == seen.version() && before.1 == seen.catalogue,
            "{} got other changes than those from version {} to {}",
            self.name,
            before.0,
            seen.version()
        );
        Ok(())
    }
}
