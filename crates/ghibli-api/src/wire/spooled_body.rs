//! A large answer as it came, compressed, until it is known whether anybody needs to read it.

use std::io::{self, Cursor, Read};
use std::sync::Arc;

use super::ListError;
use super::compressed_records::{BLOCK_BYTES, Budget, LEVEL, Weight};

#[derive(Debug)]
pub(crate) struct Unread {
    blocks: Vec<Box<[u8]>>,
    weight: Weight,
}

/// The text, of which each block is let go once it is unpacked.
struct Text {
    blocks: std::vec::IntoIter<Box<[u8]>>,
    weight: Weight,
    block: Cursor<Vec<u8>>,
}

impl Unread {
    /// Keeps a text as it comes, if the budget allows that.
    pub(crate) fn of(budget: &Arc<Budget>, mut text: impl Read) -> Result<Self, ListError> {
        let mut unread = Self {
            blocks: Vec::new(),
            weight: Weight::of(budget),
        };
        let mut block = Vec::with_capacity(BLOCK_BYTES);
        loop {
            block.clear();
            let packed = text
                .by_ref()
                .take(BLOCK_BYTES as u64)
                .read_to_end(&mut block)
                .and_then(|_| zstd::bulk::compress(&block, LEVEL))
                .map_err(|error| ListError::NotJson(error.to_string()))?;
            if block.is_empty() {
                return Ok(unread);
            }
            unread.weight.add(packed.len() as u64)?;
            unread.blocks.push(packed.into());
        }
    }

    pub(crate) fn into_text(self) -> impl Read {
        Text {
            blocks: self.blocks.into_iter(),
            weight: self.weight,
            block: Cursor::default(),
        }
    }
}

impl Read for Text {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        loop {
            let count = self.block.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            let Some(packed) = self.blocks.next() else {
                return Ok(0);
            };
            let mut block = std::mem::take(&mut self.block).into_inner();
            block.clear();
            zstd::stream::copy_decode(&*packed, &mut block)?;
            self.block = Cursor::new(block);
            self.weight.take(packed.len());
        }
    }
}
