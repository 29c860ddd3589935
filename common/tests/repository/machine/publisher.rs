//! A process that publishes and pauses at every call.

use std::pin::Pin;
use std::sync::Arc;

use common::repository::{PartName, Repository, Result, Snapshot, Store};
use tokio::sync::mpsc;

use super::LIMIT;
use super::intercepted_store::{InterceptedStore, PendingCall};
use super::model::Check;
use super::operation::Fault;
use super::run::{Notebook, Work, run};

pub(super) struct Publisher {
    repository: Repository,
    calls: mpsc::UnboundedReceiver<PendingCall>,
    run: Option<Pin<Box<dyn Future<Output = Result<()>> + Send>>>,
    pub(super) pending: Option<PendingCall>,
    pub(super) work: Option<Work>,
    pub(super) notes: Notebook,
    /// Something is wrong with its next call.
    pub(super) fault: Option<Fault>,
    /// Something was wrong with a call of this run.
    pub(super) faulted: bool,
    /// Its lease, from the response that gave it on.
    pub(super) fence: Option<u64>,
    /// When it got the lease.
    pub(super) since: u64,
    /// Whether the view may have been behind at that time.
    pub(super) dirty: bool,
    /// The sweep's listing, until what it left was looked at.
    pub(super) listed: Option<(u64, Vec<PartName>)>,
    known: Option<Snapshot>,
}

impl Publisher {
    pub(super) fn new(store: Arc<dyn Store>, retention: u64) -> Self {
        let (store, calls) = InterceptedStore::new(store, false);
        Self {
            repository: Repository::with_store(store).with_retention(retention),
            calls,
            run: None,
            pending: None,
            work: None,
            notes: Notebook::default(),
            fault: None,
            faulted: false,
            fence: None,
            since: 0,
            dirty: false,
            listed: None,
            known: None,
        }
    }

    pub(super) fn is_at_work(&self) -> bool {
        self.run.is_some()
    }

    pub(super) fn start(&mut self, work: Work) {
        self.notes = Notebook::default();
        self.faulted = false;
        self.fence = None;
        self.listed = None;
        let run = run(
            self.repository.clone(),
            work.clone(),
            self.known.clone(),
            self.notes.clone(),
        );
        self.work = Some(work);
        self.run = Some(Box::pin(run));
    }

    /// Leaves the run; what is left to do is to release the lease.
    pub(super) fn give_up(&mut self) {
        self.run = None;
        self.faulted = true;
        self.known = self.notes.open().known.take();
        let begun = self.notes.open().begun.clone();
        if let Some((_, lease)) = begun {
            self.run = Some(Box::pin(async {
                lease.release().await;
                Ok(())
            }));
        }
    }

    /// Goes on to the next call; returns how the run ended, if it did.
    pub(super) async fn advance(&mut self) -> Check<Option<Result<()>>> {
        let Some(run) = &mut self.run else {
            return Ok(None);
        };
        let next = async {
            tokio::select! {
                biased;
                pending = self.calls.recv() => Ok(pending),
                end = run => Err(end),
            }
        };
        let next = tokio::time::timeout(LIMIT, next).await;
        match next.map_err(|_| "a publisher waits for nothing".to_owned())? {
            Ok(pending) => {
                self.pending = pending;
                Ok(None)
            }
            Err(end) => {
                self.run = None;
                self.known = self.notes.open().known.clone();
                Ok(Some(end))
            }
        }
    }
}
