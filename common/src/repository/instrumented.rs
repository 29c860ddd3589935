//! A store that measures another one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tokio::sync::watch;

use super::head::{Commit, Head, HeadPatch, LeaseDenied, Release};
use super::part_name::PartName;
use super::store::{HeadReading, Overwrite, Result, Row, Store, StoreError, Table, ViewDocument};
use crate::metrics::{Durations, Metrics, durations};
use crate::models::Kind;

type Label = (&'static str, &'static str);

/// Measures the calls of a store: their number by operation and result, and their durations.
#[derive(Debug)]
pub(super) struct InstrumentedStore {
    inner: Arc<dyn Store>,
    calls: Family<[Label; 2], Counter>,
    durations: Durations<[Label; 1]>,
}

impl InstrumentedStore {
    pub(super) fn new(inner: Arc<dyn Store>, metrics: &Metrics) -> Self {
        let store = Self {
            inner,
            calls: Family::default(),
            durations: durations(),
        };
        let help = "Calls of the database that have ended";
        metrics.register("store_calls", help, store.calls.clone());
        let help = "Duration of a call of the database";
        metrics.register("store_call_duration_seconds", help, store.durations.clone());
        store
    }

    async fn measure<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let started = Instant::now();
        let result = call.await;
        let duration = started.elapsed().as_secs_f64();
        let labels = [("operation", operation)];
        self.durations.get_or_create(&labels).observe(duration);
        let labels = [labels[0], ("result", result_name(&result))];
        self.calls.get_or_create(&labels).inc();
        result
    }
}

/// A call's result as a label.
fn result_name<T>(result: &Result<T>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(StoreError::Unavailable(_)) => "unavailable",
        Err(StoreError::Damaged { .. }) => "damaged",
        Err(StoreError::LeaseLost) => "lease_lost",
        Err(StoreError::Unreadable { .. }) => "unreadable",
        Err(StoreError::NewerFormat { .. }) => "newer_format",
    }
}

#[async_trait]
impl Store for InstrumentedStore {
    async fn head(&self) -> Result<Option<HeadReading>> {
        self.measure("head", self.inner.head()).await
    }

    async fn acquire(
        &self,
        holder: &str,
        interval: Option<Duration>,
    ) -> Result<std::result::Result<HeadReading, LeaseDenied>> {
        self.measure("acquire", self.inner.acquire(holder, interval))
            .await
    }

    async fn renew(&self, fence: u64) -> Result<()> {
        self.measure("renew", self.inner.renew(fence)).await
    }

    async fn commit(&self, commit: &Commit) -> Result<Head> {
        self.measure("commit", self.inner.commit(commit)).await
    }

    async fn patch_head(&self, fence: u64, patch: &HeadPatch) -> Result<()> {
        self.measure("patch_head", self.inner.patch_head(fence, patch))
            .await
    }

    async fn release(&self, fence: u64, release: Release) -> Result<()> {
        self.measure("release", self.inner.release(fence, release))
            .await
    }

    async fn put(&self, name: PartName, data: Vec<u8>) -> Result<()> {
        self.measure("put", self.inner.put(name, data)).await
    }

    async fn get(&self, name: PartName) -> Result<Option<Vec<u8>>> {
        self.measure("get", self.inner.get(name)).await
    }

    async fn parts(&self) -> Result<Vec<PartName>> {
        self.measure("parts", self.inner.parts()).await
    }

    async fn remove(&self, names: &[PartName]) -> Result<()> {
        self.measure("remove", self.inner.remove(names)).await
    }

    fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.subscribe()
    }

    async fn write_view(&self, documents: Vec<ViewDocument>, overwrite: Overwrite) -> Result<()> {
        self.measure("write_view", self.inner.write_view(documents, overwrite))
            .await
    }

    async fn read_view(
        &self,
        kind: Kind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<ViewDocument>> {
        self.measure("read_view", self.inner.read_view(kind, after, limit))
            .await
    }

    async fn rows(&self, table: Table, newest: Option<u32>) -> Result<Vec<Row>> {
        self.measure("rows", self.inner.rows(table, newest)).await
    }

    async fn row(&self, table: Table, key: &str) -> Result<Option<Row>> {
        self.measure("row", self.inner.row(table, key)).await
    }

    async fn keys(&self, table: Table) -> Result<Vec<String>> {
        self.measure("keys", self.inner.keys(table)).await
    }

    async fn write_rows(
        &self,
        fence: u64,
        table: Table,
        put: Vec<Row>,
        remove: Vec<String>,
    ) -> Result<()> {
        let write = self.inner.write_rows(fence, table, put, remove);
        self.measure("write_rows", write).await
    }

    async fn write_if_newer(&self, table: Table, row: Row, revision: u64) -> Result<bool> {
        let write = self.inner.write_if_newer(table, row, revision);
        self.measure("write_if_newer", write).await
    }

    async fn trim(&self, table: Table, keep: u32) -> Result<()> {
        self.measure("trim", self.inner.trim(table, keep)).await
    }

    async fn size(&self) -> Result<u64> {
        self.measure("size", self.inner.size()).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
