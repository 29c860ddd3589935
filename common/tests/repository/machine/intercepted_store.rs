//! A store that delays each call that matters until the machine decides how it ends, so that a process
//! can pause at any call, die there, or lose the response.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use common::models::Kind;
use common::repository::{
    Commit, Head, HeadPatch, HeadReading, LeaseDenied, Overwrite, PartName, Release, Result, Row,
    Store, StoreError, Table, ViewDocument,
};
use tokio::sync::{mpsc, oneshot, watch};

/// A call, as data: it can be made later, or again.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Acquire(String),
    Head,
    Parts,
    Get(PartName),
    Put(PartName, Vec<u8>),
    Remove(Vec<PartName>),
    Commit(Commit),
    PatchHead(u64, HeadPatch),
    Release(u64, Release),
    WriteView(Vec<ViewDocument>, Overwrite),
}

/// The response to a call.
#[derive(Clone, Debug)]
pub(super) enum Response {
    Lease(std::result::Result<HeadReading, LeaseDenied>),
    Head(Option<HeadReading>),
    Parts(Vec<PartName>),
    Part(Option<Vec<u8>>),
    Committed(Head),
    Done,
}

/// A delayed call.
#[derive(Debug)]
pub(super) struct PendingCall {
    pub(super) call: Call,
    responder: oneshot::Sender<Result<Response>>,
}

impl PendingCall {
    /// Sends the response, unless the caller is gone.
    pub(super) fn respond(self, response: Result<Response>) {
        self.responder.send(response).ok();
    }
}

impl Call {
    /// Makes the call.
    pub(super) async fn perform(self, store: &dyn Store) -> Result<Response> {
        Ok(match self {
            Self::Acquire(holder) => Response::Lease(store.acquire(&holder, None).await?),
            Self::Head => Response::Head(store.head().await?),
            Self::Parts => Response::Parts(store.parts().await?),
            Self::Get(name) => Response::Part(store.get(name).await?),
            Self::Commit(commit) => Response::Committed(store.commit(&commit).await?),
            Self::Put(name, data) => done(store.put(name, data).await?),
            Self::Remove(names) => done(store.remove(&names).await?),
            Self::PatchHead(fence, patch) => done(store.patch_head(fence, &patch).await?),
            Self::Release(fence, release) => done(store.release(fence, release).await?),
            Self::WriteView(documents, overwrite) => {
                done(store.write_view(documents, overwrite).await?)
            }
        })
    }

    pub(super) fn writes(&self) -> bool {
        !matches!(self, Self::Head | Self::Parts | Self::Get(_))
    }
}

fn done((): ()) -> Response {
    Response::Done
}

/// The store as one process sees it.
#[derive(Debug)]
pub(super) struct InterceptedStore {
    inner: Arc<dyn Store>,
    calls: mpsc::UnboundedSender<PendingCall>,
    notifications: watch::Sender<u64>,
    /// Whether the machine decides on the reading of parts, too.
    reader: bool,
}

impl InterceptedStore {
    pub(super) fn new(
        inner: Arc<dyn Store>,
        reader: bool,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<PendingCall>) {
        let (calls, pending) = mpsc::unbounded_channel();
        let store = Self {
            inner,
            calls,
            notifications: watch::Sender::new(0),
            reader,
        };
        (Arc::new(store), pending)
    }

    /// Notifies followers.
    pub(super) fn notify(&self) {
        self.notifications.send_modify(|count| *count += 1);
    }

    async fn send(&self, call: Call) -> Result<Response> {
        let gone = || StoreError::Unavailable("the machine has ended".into());
        let (responder, response) = oneshot::channel();
        self.calls
            .send(PendingCall { call, responder })
            .map_err(|_| gone())?;
        response.await.map_err(|_| gone())?
    }

    async fn write(&self, call: Call) -> Result<()> {
        self.send(call).await.map(drop)
    }
}

#[async_trait]
impl Store for InterceptedStore {
    async fn head(&self) -> Result<Option<HeadReading>> {
        match self.send(Call::Head).await? {
            Response::Head(reading) => Ok(reading),
            other => panic!("{other:?}"),
        }
    }

    async fn acquire(
        &self,
        holder: &str,
        _interval: Option<Duration>,
    ) -> Result<std::result::Result<HeadReading, LeaseDenied>> {
        match self.send(Call::Acquire(holder.to_owned())).await? {
            Response::Lease(lease) => Ok(lease),
            other => panic!("{other:?}"),
        }
    }

    /// A lease is renewed where the list of operations says so, and never by the time of day.
    async fn renew(&self, _fence: u64) -> Result<()> {
        std::future::pending().await
    }

    async fn commit(&self, commit: &Commit) -> Result<Head> {
        match self.send(Call::Commit(commit.clone())).await? {
            Response::Committed(head) => Ok(head),
            other => panic!("{other:?}"),
        }
    }

    async fn patch_head(&self, fence: u64, patch: &HeadPatch) -> Result<()> {
        self.write(Call::PatchHead(fence, patch.clone())).await
    }

    async fn release(&self, fence: u64, release: Release) -> Result<()> {
        self.write(Call::Release(fence, release)).await
    }

    async fn put(&self, name: PartName, data: Vec<u8>) -> Result<()> {
        self.write(Call::Put(name, data)).await
    }

    async fn get(&self, name: PartName) -> Result<Option<Vec<u8>>> {
        if !self.reader {
            return self.inner.get(name).await;
        }
        match self.send(Call::Get(name)).await? {
            Response::Part(part) => Ok(part),
            other => panic!("{other:?}"),
        }
    }

    async fn parts(&self) -> Result<Vec<PartName>> {
        match self.send(Call::Parts).await? {
            Response::Parts(names) => Ok(names),
            other => panic!("{other:?}"),
        }
    }

    async fn remove(&self, names: &[PartName]) -> Result<()> {
        self.write(Call::Remove(names.to_vec())).await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.notifications.subscribe()
    }

    /// In two halves, so that a process can stop between them.
    async fn write_view(
        &self,
        mut documents: Vec<ViewDocument>,
        overwrite: Overwrite,
    ) -> Result<()> {
        let rest = documents.split_off(documents.len().div_ceil(2));
        for half in [documents, rest] {
            if !half.is_empty() {
                self.write(Call::WriteView(half, overwrite)).await?;
            }
        }
        Ok(())
    }

    async fn read_view(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ViewDocument>> {
        self.inner.read_view(kind, after, limit).await
    }

    async fn rows(&self, table: Table, newest: Option<u32>) -> Result<Vec<Row>> {
        self.inner.rows(table, newest).await
    }

    async fn row(&self, table: Table, key: &str) -> Result<Option<Row>> {
        self.inner.row(table, key).await
    }

    async fn keys(&self, table: Table) -> Result<Vec<String>> {
        self.inner.keys(table).await
    }

    async fn write_rows(
        &self,
        fence: u64,
        table: Table,
        put: Vec<Row>,
        remove: Vec<String>,
    ) -> Result<()> {
        self.inner.write_rows(fence, table, put, remove).await
    }

    async fn write_if_newer(&self, table: Table, row: Row, revision: u64) -> Result<bool> {
        self.inner.write_if_newer(table, row, revision).await
    }

    async fn trim(&self, table: Table, keep: u32) -> Result<()> {
        self.inner.trim(table, keep).await
    }

    async fn size(&self) -> Result<u64> {
        self.inner.size().await
    }
}
