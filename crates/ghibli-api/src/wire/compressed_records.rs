//! Records in memory, compressed in blocks, since all five collections must fit.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::value::RawValue;
use zstd::bulk::Decompressor;

use super::collection::Collection;
use super::error::{ListError, RECORD_OVERHEAD_BYTES};
use super::memory_budget::{MemoryBudget, Reservation};
use super::record::Record;

/// Uncompressed size of a block.
pub(super) const BLOCK_BYTES: usize = 256 * 1024;
pub(super) const COMPRESSION_LEVEL: i32 = 1;

/// Stored records in order.
#[derive(Debug)]
pub(super) struct CompressedRecords {
    /// Compressed, one record per line.
    blocks: Vec<Box<[u8]>>,
    /// Uncompressed size of the largest block.
    max_block_bytes: usize,
    /// The last lines, not compressed yet.
    tail: String,
    len: usize,
    reservation: Reservation,
}

impl CompressedRecords {
    pub(super) fn new(budget: &Arc<MemoryBudget>) -> Self {
        Self {
            blocks: Vec::new(),
            max_block_bytes: 0,
            tail: String::new(),
            len: 0,
            reservation: Reservation::new(budget),
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.len
    }

    /// Size in memory with all reserved extras.
    pub(super) const fn reserved_bytes(&self) -> u64 {
        self.reservation.bytes()
    }

    pub(super) fn text_bytes(&self) -> u64 {
        let blocks: usize = self.blocks.iter().map(|block| block.len()).sum();
        (blocks + self.tail.len()) as u64
    }

    /// Reserves memory for what is kept beside the records.
    pub(super) fn reserve(&mut self, bytes: u64) -> Result<(), ListError> {
        self.reservation.grow(bytes)
    }

    /// Adds a stored record, which is one line.
    pub(super) fn push(&mut self, json: &RawValue) -> Result<(), ListError> {
        self.tail.push_str(json.get());
        self.tail.push('\n');
        self.len += 1;
        let bytes = json.get().len() as u64 + 1 + RECORD_OVERHEAD_BYTES;
        let reserved = self.reservation.grow(bytes);
        if self.tail.len() >= BLOCK_BYTES
            && let Ok(block) = zstd::bulk::compress(self.tail.as_bytes(), COMPRESSION_LEVEL)
        {
            self.reservation
                .shrink(self.tail.len().saturating_sub(block.len()));
            self.blocks.push(block.into());
            self.max_block_bytes = self.max_block_bytes.max(self.tail.len());
            self.tail = String::new();
            return Ok(());
        }
        reserved
    }

    /// Decompresses one block at a time.
    pub(super) fn iter(&self, collection: Collection) -> impl Iterator<Item = Record> {
        let blocks = self.blocks.iter();
        let tail = Cow::Borrowed(&*self.tail);
        RecordIter::new(collection, blocks, tail, self.max_block_bytes, None)
    }

    /// The same, freeing each block once it is decompressed.
    pub(super) fn into_iter(self, collection: Collection) -> impl Iterator<Item = Record> {
        let blocks = self.blocks.into_iter();
        let (tail, reservation) = (Cow::Owned(self.tail), Some(self.reservation));
        RecordIter::new(collection, blocks, tail, self.max_block_bytes, reservation)
    }
}

/// Iterates over records, with one buffer for all blocks: a buffer per block would fragment the
/// heap.
struct RecordIter<'a, B> {
    collection: Collection,
    blocks: B,
    tail: Option<Cow<'a, str>>,
    max_block_bytes: usize,
    /// Shrinks with each consumed block.
    reservation: Option<Reservation>,
    decompressor: Option<Decompressor<'static>>,
    lines: Vec<u8>,
    position: usize,
}

impl<'a, B: Iterator<Item: AsRef<[u8]>>> RecordIter<'a, B> {
    const fn new(
        collection: Collection,
        blocks: B,
        tail: Cow<'a, str>,
        max_block_bytes: usize,
        reservation: Option<Reservation>,
    ) -> Self {
        Self {
            collection,
            blocks,
            tail: Some(tail),
            max_block_bytes,
            reservation,
            decompressor: None,
            lines: Vec::new(),
            position: 0,
        }
    }

    /// Decompresses the next block, or takes the tail; `None` at the end.
    fn next_block(&mut self) -> Option<()> {
        self.position = 0;
        self.lines.clear();
        let Some(block) = self.blocks.next() else {
            self.lines = self.tail.take()?.into_owned().into_bytes();
            return Some(());
        };
        let decompressor = match &mut self.decompressor {
            Some(decompressor) => decompressor,
            none => none.insert(Decompressor::new().ok()?),
        };
        let block = block.as_ref();
        self.lines.reserve(self.max_block_bytes);
        if decompressor
            .decompress_to_buffer(block, &mut self.lines)
            .is_err()
        {
            self.lines.clear();
        }
        if let Some(reservation) = &mut self.reservation {
            reservation.shrink(block.len());
        }
        Some(())
    }

    fn next_line(&mut self) -> Option<Box<RawValue>> {
        while self.position >= self.lines.len() {
            self.next_block()?;
        }
        let rest = self.lines.get(self.position..)?;
        let line = rest.split(|byte| *byte == b'\n').next()?;
        self.position += line.len() + 1;
        let line = String::from_utf8_lossy(line).into_owned();
        // Only valid records were added.
        Some(RawValue::from_string(line).unwrap_or_default())
    }
}

impl<B: Iterator<Item: AsRef<[u8]>>> Iterator for RecordIter<'_, B> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        loop {
            let json = self.next_line()?;
            if let Ok(record) = Record::from_stored(self.collection, json) {
                return Some(record);
            }
        }
    }
}
