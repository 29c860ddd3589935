//! Records as they are held once read: compressed, many at a time, since all five collections have
//! to fit into memory. What that takes is counted.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::value::RawValue;
use zstd::bulk::Decompressor;

use super::error::RECORD_BYTES;
use super::{BadRecord, ListError, Record, kinds};
use crate::Collection;

/// How much of the records is compressed at a time.
pub(super) const BLOCK_BYTES: usize = 256 * 1024;
pub(super) const LEVEL: i32 = 1;

/// What all may hold together that was read of one provider.
#[derive(Debug)]
pub(crate) struct Budget {
    limit: u64,
    held: AtomicU64,
}

/// What somebody holds of a budget, until it is dropped.
#[derive(Debug)]
pub(super) struct Weight {
    budget: Arc<Budget>,
    bytes: u64,
}

/// Records in their stored form, in order.
#[derive(Debug)]
pub(super) struct Held {
    /// Compressed, a record a line.
    blocks: Vec<Box<[u8]>>,
    /// How many bytes the longest of them has once it is unpacked.
    longest: usize,
    /// The lines that are not compressed yet.
    open: String,
    count: usize,
    weight: Weight,
}

impl Budget {
    pub(crate) fn new(limit: u64) -> Arc<Self> {
        let held = AtomicU64::new(0);
        Arc::new(Self { limit, held })
    }
}

impl Weight {
    pub(super) fn of(budget: &Arc<Budget>) -> Self {
        let budget = Arc::clone(budget);
        Self { budget, bytes: 0 }
    }

    pub(super) fn add(&mut self, bytes: u64) -> Result<(), ListError> {
        self.bytes += bytes;
        let before = self.budget.held.fetch_add(bytes, Ordering::Relaxed);
        match before + bytes <= self.budget.limit {
            true => Ok(()),
            false => Err(ListError::TooHeavy {
                limit: self.budget.limit,
            }),
        }
    }

    pub(super) fn take(&mut self, bytes: usize) {
        let bytes = self.bytes.min(bytes as u64);
        self.bytes -= bytes;
        self.budget.held.fetch_sub(bytes, Ordering::Relaxed);
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Held {
    pub(super) fn new(budget: &Arc<Budget>) -> Self {
        Self {
            blocks: Vec::new(),
            longest: 0,
            open: String::new(),
            count: 0,
            weight: Weight::of(budget),
        }
    }

    pub(super) const fn count(&self) -> usize {
        self.count
    }

    /// What it weighs, with all that was set aside beside it.
    pub(super) const fn bytes(&self) -> u64 {
        self.weight.bytes
    }

    /// What the text of the records weighs.
    pub(super) fn text_bytes(&self) -> u64 {
        let blocks: usize = self.blocks.iter().map(|block| block.len()).sum();
        (blocks + self.open.len()) as u64
    }

    /// Counts a record that is set aside.
    pub(super) fn beside(&mut self, bad: &BadRecord) -> Result<(), ListError> {
        self.weight.add(bad.bytes())
    }

    /// Adds a record, whose stored form is one line.
    pub(super) fn push(&mut self, json: &RawValue) -> Result<(), ListError> {
        self.open.push_str(json.get());
        self.open.push('\n');
        self.count += 1;
        let added = self.weight.add(json.get().len() as u64 + 1 + RECORD_BYTES);
        if self.open.len() >= BLOCK_BYTES
            && let Ok(block) = zstd::bulk::compress(self.open.as_bytes(), LEVEL)
        {
            self.weight
                .take(self.open.len().saturating_sub(block.len()));
            self.blocks.push(block.into());
            self.longest = self.longest.max(self.open.len());
            self.open = String::new();
            return Ok(());
        }
        added
    }

    /// The records, a block of them unpacked at a time.
    pub(super) fn iter(&self, collection: Collection) -> impl Iterator<Item = Record> {
        let blocks = self.blocks.iter();
        let open = Cow::Borrowed(&*self.open);
        Unpacking::new(collection, blocks, open, self.longest, None)
    }

    /// The same, each block let go once it is unpacked.
    pub(super) fn into_iter(self, collection: Collection) -> impl Iterator<Item = Record> {
        let blocks = self.blocks.into_iter();
        let (open, weight) = (Cow::Owned(self.open), Some(self.weight));
        Unpacking::new(collection, blocks, open, self.longest, weight)
    }
}

/// Records one after the other, all of them out of the same bytes: blocks that are unpacked into
/// memory of their own leave gaps behind that are seldom filled.
struct Unpacking<'a, B> {
    collection: Collection,
    blocks: B,
    /// The lines behind all blocks.
    open: Option<Cow<'a, str>>,
    longest: usize,
    /// What it weighs that is let go on the way.
    weight: Option<Weight>,
    decompressor: Option<Decompressor<'static>>,
    lines: Vec<u8>,
    at: usize,
}

impl<'a, B: Iterator<Item: AsRef<[u8]>>> Unpacking<'a, B> {
    const fn new(
        collection: Collection,
        blocks: B,
        open: Cow<'a, str>,
        longest: usize,
        weight: Option<Weight>,
    ) -> Self {
        Self {
            collection,
            blocks,
            open: Some(open),
            longest,
            weight,
            decompressor: None,
            lines: Vec::new(),
            at: 0,
        }
    }

    /// Goes on to the next lines; none if there are no more.
    fn turn_over(&mut self) -> Option<()> {
        self.at = 0;
        self.lines.clear();
        let Some(block) = self.blocks.next() else {
            self.lines = self.open.take()?.into_owned().into_bytes();
            return Some(());
        };
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new().ok()?),
        };
        let block = block.as_ref();
        self.lines.reserve(self.longest);
        if decompressor
            .decompress_to_buffer(block, &mut self.lines)
            .is_err()
        {
            self.lines.clear();
        }
        if let Some(weight) = &mut self.weight {
            weight.take(block.len());
        }
        Some(())
    }

    fn line(&mut self) -> Option<Box<RawValue>> {
        while self.at >= self.lines.len() {
            self.turn_over()?;
        }
        let rest = self.lines.get(self.at..)?;
        let line = rest.split(|byte| *byte == b'\n').next()?;
        self.at += line.len() + 1;
        let line = String::from_utf8_lossy(line).into_owned();
        // Each was checked when it came.
        Some(RawValue::from_string(line).unwrap_or_default())
    }
}

impl<B: Iterator<Item: AsRef<[u8]>>> Iterator for Unpacking<'_, B> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            let json = self.line()?;
            if let Ok(record) = kinds::checked(self.collection, json) {
                return Some(record);
            }
        }
    }
}
