//! Taking in a large answer while it arrives, apart from the other tasks: megabytes take a while,
//! and the same threads may be serving pages.

use std::io::{Cursor, Read};

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use super::RequestError;
use super::body::Body;
use crate::ListError;

/// How many pieces may wait to be taken in.
const WAITING: usize = 2;

/// A large answer that is being taken in.
pub(super) struct Reading {
    pieces: mpsc::Sender<Vec<u8>>,
    body: JoinHandle<Result<Body, ListError>>,
    /// Large answers are taken in one at a time.
    _turn: Option<OwnedSemaphorePermit>,
}

impl Reading {
    pub(super) fn start(
        turn: Option<OwnedSemaphorePermit>,
        take_in: impl FnOnce(Arriving) -> Result<Body, ListError> + Send + 'static,
    ) -> Self {
        let (pieces, waiting) = mpsc::channel(WAITING);
        let text = Arriving {
            waiting,
            piece: Cursor::default(),
        };
        Self {
            pieces,
            body: tokio::task::spawn_blocking(move || take_in(text)),
            _turn: turn,
        }
    }

    /// Whether the piece is taken in, too; if not, the end says why.
    pub(super) async fn goes_on(&self, piece: Vec<u8>) -> bool {
        self.pieces.send(piece).await.is_ok()
    }

    pub(super) async fn end(self) -> Result<Body, RequestError> {
        drop(self.pieces);
        taken_in(self.body).await
    }
}

/// What comes of work that is done apart.
pub(super) async fn taken_in<T>(work: JoinHandle<Result<T, ListError>>) -> Result<T, RequestError> {
    let done = work.await;
    Ok(done.map_err(|error| RequestError::Interrupted(error.to_string()))??)
}

/// The text as far as it has come; to be read where waiting is allowed.
pub(super) struct Arriving {
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
