//! A process that reads: it follows, or loads the whole state again and again.

use std::pin::Pin;
use std::sync::Arc;

use common::repository::{FollowEvent, Header, Reading, Repository, Result, Snapshot, Store};
use tokio::sync::mpsc;

use super::LIMIT;
use super::desk::{Asked, Call, Desk};
use super::model::{Check, Model, Published, ensure};

/// What a reader learns.
enum Learnt {
    Followed(Box<FollowEvent>),
    Loaded(Box<Result<Option<Snapshot>>>),
}

/// A reader; between two operations it always waits for the answer to a call.
pub(super) struct Reader {
    name: &'static str,
    desk: Arc<Desk>,
    calls: mpsc::UnboundedReceiver<Asked>,
    learns: mpsc::UnboundedReceiver<Learnt>,
    work: Pin<Box<dyn Future<Output = ()> + Send>>,
    pub(super) asked: Option<Asked>,
    /// The head that it was shown last.
    pub(super) looked: Option<Reading>,
    /// The odd answers since it learnt something.
    pub(super) odd: u32,
    known: Option<Arc<Snapshot>>,
}

impl Reader {
    pub(super) fn following(store: Arc<dyn Store>) -> Self {
        let (desk, calls) = Desk::new(store, true);
        let (tell, learns) = mpsc::unbounded_channel();
        let mut follower = Repository::with_store(desk.clone()).follow();
        let work = async move {
            while tell
                .send(Learnt::Followed(Box::new(follower.next().await)))
                .is_ok()
            {}
        };
        Self::new("a follower", desk, calls, learns, Box::pin(work))
    }

    pub(super) fn loading(store: Arc<dyn Store>) -> Self {
        let (desk, calls) = Desk::new(store, true);
        let (tell, learns) = mpsc::unbounded_channel();
        let repository = Repository::with_store(desk.clone());
        let work = async move {
            while tell
                .send(Learnt::Loaded(Box::new(repository.load().await)))
                .is_ok()
            {}
        };
        Self::new("a loader", desk, calls, learns, Box::pin(work))
    }

    fn new(
        name: &'static str,
        desk: Arc<Desk>,
        calls: mpsc::UnboundedReceiver<Asked>,
        learns: mpsc::UnboundedReceiver<Learnt>,
        work: Pin<Box<dyn Future<Output = ()> + Send>>,
    ) -> Self {
        Self {
            name,
            desk,
            calls,
            learns,
            work,
            asked: None,
            looked: None,
            odd: 0,
            known: None,
        }
    }

    /// Whether it begins to look: nothing that it has read may be gone the next moment.
    pub(super) fn begins(&self) -> bool {
        let asked = self.asked.as_ref();
        asked.is_none_or(|asked| matches!(asked.call, Call::Head))
    }

    /// The version that it is at.
    pub(super) fn known(&self) -> Option<(&str, &Header)> {
        let known = self.known.as_ref()?;
        Some((&known.lineage, &known.header))
    }

    /// Goes on to the next call, and looks at what it has learnt on the way.
    pub(super) async fn advance(&mut self, model: &Model, published: &Published) -> Check {
        // A follower must be woken to look; one that looks already hears it in vain.
        self.desk.notify();
        let next = async {
            tokio::select! {
                biased;
                asked = self.calls.recv() => asked,
                () = &mut self.work => None,
            }
        };
        self.asked = tokio::time::timeout(LIMIT, next)
            .await
            .map_err(|_| format!("{} waits for nothing", self.name))?;
        while let Ok(learnt) = self.learns.try_recv() {
            self.odd = 0;
            self.learn(learnt, model, published)?;
        }
        Ok(())
    }

    fn learn(&mut self, learnt: Learnt, model: &Model, published: &Published) -> Check {
        match learnt {
            Learnt::Followed(news) => match *news {
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
                FollowEvent::Unavailable(error) => {
                    return Err(format!("{} fails: {error}", self.name));
                }
            },
            Learnt::Loaded(loaded) => {
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
                    published.recognises(loaded, self.name)?;
                }
                self.known = loaded.map(Arc::new);
            }
        }
        Ok(())
    }

    fn follow(&self, seen: &Snapshot, published: &Published) -> Check {
        published.recognises(seen, self.name)?;
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
            "{} was told of other changes than led from version {} to {}",
            self.name,
            before.0,
            seen.version()
        );
        Ok(())
    }
}
