//! A large response body, kept compressed until it is known whether it must be parsed.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::compressed_records::{BLOCK_BYTES, COMPRESSION_LEVEL};
use super::error::ListError;
use super::memory_budget::{MemoryBudget, Reservation};

#[derive(Debug)]
pub(crate) struct SpooledBody {
    blocks: Vec<Box<[u8]>>,
    reservation: Reservation,
}

/// Decompresses the blocks and frees each on the way.
struct SpoolReader {
    blocks: std::vec::IntoIter<Box<[u8]>>,
    reservation: Reservation,
    block: Cursor<Vec<u8>>,
}

impl SpooledBody {
    /// Reads a body to its end, within the memory budget.
    pub(crate) fn read_from(
        budget: &Arc<MemoryBudget>,
        mut body: impl Read,
    ) -> Result<Self, ListError> {
        let mut spooled = Self {
            blocks: Vec::new(),
            reservation: Reservation::new(budget),
        };
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        loop {
            block.clear();
            let compressed = body
                .by_ref()
                .take(BLOCK_BYTES as u64)
                .read_to_end(&mut block)
                .and_then(|_| zstd::bulk::compress(&block, COMPRESSION_LEVEL))
                .map_err(|error| ListError::NotJson(error.to_string()))?;
            if block.is_empty() {
                return Ok(spooled);
            }
            spooled.reservation.grow(compressed.len() as u64)?;
            spooled.blocks.push(compressed.into());
        }
    }

    pub(crate) fn into_reader(self) -> impl Read {
        SpoolReader {
            blocks: self.blocks.into_iter(),
            reservation: self.reservation,
            block: Cursor::default(),
        }
    }
}

impl Read for SpoolReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.block.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let Some(compressed) = self.blocks.next() else {
                return Ok(0);
            };
            let mut block = std::mem::take(&mut self.block).into_inner();
            block.clear();
            zstd::stream::copy_decode(&*compressed, &mut block)?;
            self.block = Cursor::new(block);
            self.reservation.shrink(compressed.len());
        }
    }
}
