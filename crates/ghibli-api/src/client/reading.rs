//! Reading an answer while it arrives, apart from the other tasks: megabytes take a while, and the
//! same threads may be serving pages.

use std::io::{BufReader, Cursor, Read};
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use super::RequestError;
use crate::record::Budget;
use crate::{Collection, ListError, Records};

/// How many pieces may wait to be read.
const WAITING: usize = 2;

/// A large answer that is being read.
pub(super) struct Reading {
    pieces: mpsc::Sender<Vec<u8>>,
    read: JoinHandle<Result<Records, ListError>>,
    /// Large answers are read one at a time.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Reading {
    pub(super) fn start(
        collection: Collection,
        budget: &Arc<Budget>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let budget = Arc::clone(budget);
        let text = Arriving {
            waiting,
            piece: Cursor::default(),
        };
        let read = move || Records::read_from(&budget, collection, BufReader::new(text));
        Self {
            pieces,
            read: tokio::task::spawn_blocking(read),
            _turn: turn,
        }
    }

    /// Whether the piece is read, too; if not, the end says why.
    pub(super) async fn goes_on(&self, piece: Vec<u8>) -> bool {
        self.pieces.send(piece).await.is_ok()
    }

    pub(super) async fn end(self) -> Result<Records, RequestError> {
        drop(self.pieces);
        let read = self.read.await;
        Ok(read.map_err(|error| RequestError::Interrupted(error.to_string()))??)
    }
}

/// The text as far as it has come; to be read where waiting is allowed.
struct Arriving {
    waiting: mpsc::Receiver<Vec<u8>>,
    piece: Cursor<Vec<u8>>,
}

impl Read for Arriving {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.piece.read(to)?;
            if count > 0 || to.is_empty() {
                return Ok(count);
            }
            match self.waiting.blocking_recv() {
                Some(piece) => self.piece = Cursor::new(piece),
                None => return Ok(0),
            }
        }
    }
}
