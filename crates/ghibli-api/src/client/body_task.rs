//! Processes a large body on a blocking thread while it arrives: parsing megabytes on an async
//! thread would delay page requests.

use std::io::{Cursor, Read};

use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::task::JoinHandle;

use super::error::RequestError;
use super::response::ResponseBody;
use crate::wire::ListError;

/// Capacity of the channel between the network and the blocking thread, in chunks.
const CHANNEL_CHUNKS: usize = 2;

/// A blocking task that processes a large body.
pub(super) struct BodyTask {
    chunks: mpsc::Sender<Vec<u8>>,
    body: JoinHandle<Result<ResponseBody, ListError>>,
    /// One large body is processed at a time.
    _permit: Option<OwnedSemaphorePermit>,
}

impl BodyTask {
    pub(super) fn start(
        permit: Option<OwnedSemaphorePermit>,
        process: impl FnOnce(ChunkReader) -> Result<ResponseBody, ListError> + Send + 'static,
    ) -> Self {
        let (chunks, receiver) = mpsc::channel(CHANNEL_CHUNKS);
        let reader = ChunkReader {
            receiver,
            chunk: Cursor::default(),
        };
        Self {
            chunks,
            body: tokio::task::spawn_blocking(move || process(reader)),
            _permit: permit,
        }
    }

    /// Waits for space in the channel. Returns false if the task has failed;
    /// [`finish`](Self::finish) returns its error.
    pub(super) async fn push(&self, chunk: Vec<u8>) -> bool {
        self.chunks.send(chunk).await.is_ok()
    }

    pub(super) async fn finish(self) -> Result<ResponseBody, RequestError> {
        drop(self.chunks);
        join(self.body).await
    }
}

/// The result of a blocking task.
pub(super) async fn join<T>(task: JoinHandle<Result<T, ListError>>) -> Result<T, RequestError> {
    let result = task.await;
    Ok(result.map_err(|error| RequestError::ParserFailed(error.to_string()))??)
}

/// Reads a body from its chunks. Blocks until the next one arrives.
pub(super) struct ChunkReader {
    receiver: mpsc::Receiver<Vec<u8>>,
    chunk: Cursor<Vec<u8>>,
}

impl Read for ChunkReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        loop {
            let count = self.chunk.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            match self.receiver.blocking_recv() {
                Some(chunk) => self.chunk = Cursor::new(chunk),
                None => return Ok(0),
            }
        }
    }
}
