use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use common::models::Kind;
use common::repository::{
    Commit, Head, HeadPatch, HeadReading, LeaseDenied, Overwrite, PartName, Release, Result, Row,
    Store, StoreError, Table, ViewDocument,
};
use tokio::sync::watch;

/// The end of the write at which a publisher stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It does not take place: the publisher died before it.
    Before,
    /// It takes place, and its response is lost.
    ResponseLost,
}

/// A store that can stop at one of its writes and refuse all after it, or show an old head as a
/// member that lags behind does.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: Arc<dyn Store>,
    stop: Stop,
    writes_left: AtomicU32,
    /// The head that is shown, from which reading on.
    old_head: Mutex<Option<(u64, HeadReading)>>,
    head_reads: watch::Sender<u64>,
}

/// More writes than a test has. As the number of writes left it means that all fail.
const NO_MORE: u32 = u32::MAX;

impl FaultyStore {
    /// Stops at the write after so many.
    pub(crate) fn stopping(writes: u32, stop: Stop, inner: Arc<dyn Store>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            stop,
            writes_left: AtomicU32::new(writes),
            old_head: Mutex::new(None),
            head_reads: watch::Sender::new(0),
        })
    }

    /// Shows the true head until `show_old_head`.
    pub(crate) fn lagging(inner: Arc<dyn Store>) -> Arc<Self> {
        Self::stopping(NO_MORE - 1, Stop::Before, inner)
    }

    pub(crate) fn show_old_head(&self, reading: Option<HeadReading>) {
        *self.old_head.lock().unwrap() = reading.map(|reading| (0, reading));
    }

    /// Shows the true head once more, and from then on an old one.
    pub(crate) fn show_old_head_after_the_next(&self, reading: HeadReading) {
        let from = *self.head_reads.borrow() + 2;
        *self.old_head.lock().unwrap() = Some((from, reading));
    }

    /// Counts how often the head was read.
    pub(crate) fn head_reads(&self) -> watch::Receiver<u64> {
        self.head_reads.subscribe()
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T>>) -> Result<T> {
        let left = self.writes_left.load(Ordering::SeqCst);
        if left != NO_MORE && left > 0 {
            self.writes_left.fetch_sub(1, Ordering::SeqCst);
            return write.await;
        }
        if left == 0 && self.stop == Stop::ResponseLost {
            write.await.ok();
        }
        self.writes_left.store(NO_MORE, Ordering::SeqCst);
        Err(StoreError::Unavailable("stopped".into()))
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn head(&self) -> Result<Option<HeadReading>> {
        self.head_reads.send_modify(|reads| *reads += 1);
        let old = self.old_head.lock().unwrap().clone();
        match old {
            Some((from, old)) if *self.head_reads.borrow() >= from => Ok(Some(old)),
            _ => self.inner.head().await,
        }
    }

    async fn acquire(
        &self,
        holder: &str,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<HeadReading, LeaseDenied>> {
        self.write(self.inner.acquire(holder, interval)).await
    }

    async fn renew(&self, fence: u64) -> Result<()> {
        self.inner.renew(fence).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Head> {
        self.write(self.inner.commit(commit)).await
    }

    async fn patch_head(&self, fence: u64, patch: &HeadPatch) -> Result<()> {
        self.write(self.inner.patch_head(fence, patch)).await
    }

    async fn release(&self, fence: u64, release: Release) -> Result<()> {
        self.write(self.inner.release(fence, release)).await
    }

    async fn put(&self, name: PartName, data: Vec<u8>) -> Result<()> {
        self.write(self.inner.put(name, data)).await
    }

    async fn get(&self, name: PartName) -> Result<Option<Vec<u8>>> {
        self.inner.get(name).await
    }

    async fn parts(&self) -> Result<Vec<PartName>> {
        self.inner.parts().await
    }

    async fn remove(&self, names: &[PartName]) -> Result<()> {
        self.write(self.inner.remove(names)).await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.subscribe()
    }

    /// Each document is a write of its own, so that the publisher stops between any two.
    async fn write_view(&self, documents: Vec<ViewDocument>, overwrite: Overwrite) -> Result<()> {
        for document in documents {
            self.write(self.inner.write_view(vec![document], overwrite))
                .await?;
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
        self.write(self.inner.write_rows(fence, table, put, remove))
            .await
    }

    async fn write_if_newer(&self, table: Table, row: Row, revision: u64) -> Result<bool> {
        self.inner.write_if_newer(table, row, revision).await
    }

    async fn trim(&self, table: Table, keep: u32) -> Result<()> {
        self.write(self.inner.trim(table, keep)).await
    }

    async fn size(&self) -> Result<u64> {
        self.inner.size().await
    }
}
