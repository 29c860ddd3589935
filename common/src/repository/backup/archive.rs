//! The container of a backup: a tar file of entries. Its last entry has their SHA-256 sums, in the
//! format of `sha256sum`, and shows that nothing is missing at the end.
//!
//! Files and pipes are written and read on threads of their own, because a stalled pipe blocks its
//! thread for ever. The program can end nevertheless.

use std::io::{self, Read, Write};
use std::thread;

use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::{BackupError, STALL_TIMEOUT};

/// The last entry.
const SUMS: &str = "SHA256SUMS";
/// Maximum size of an entry in bytes. Parts fit into a MongoDB document.
const MAX_ENTRY_BYTES: u64 = 64 << 20;

/// A named part of a backup.
pub(super) struct ArchiveEntry {
    pub(super) name: String,
    pub(super) data: Vec<u8>,
}

/// Writes entries.
pub(super) struct ArchiveWriter<W> {
    /// `None` ends the archive; without it, a closed channel leaves it incomplete.
    entries: mpsc::Sender<Option<ArchiveEntry>>,
    output: oneshot::Receiver<io::Result<W>>,
}

impl<W: Write + Send + 'static> ArchiveWriter<W> {
    pub(super) fn new(output: W) -> Self {
        let (entries, received) = mpsc::channel(1);
        let (done, output_back) = oneshot::channel();
        thread::spawn(move || done.send(write(output, received)).ok());
        Self {
            entries,
            output: output_back,
        }
    }

    pub(super) async fn append(&mut self, name: String, data: Vec<u8>) -> Result<(), BackupError> {
        self.send(Some(ArchiveEntry { name, data })).await
    }

    /// Completes the archive, and returns the output.
    pub(super) async fn finish(mut self) -> Result<W, BackupError> {
        self.send(None).await?;
        let output = timeout(STALL_TIMEOUT, &mut self.output).await;
        let output = output.map_err(|_| BackupError::Stalled)?;
        output
            .map_err(|_| interrupted())?
            .map_err(BackupError::Write)
    }

    async fn send(&mut self, entry: Option<ArchiveEntry>) -> Result<(), BackupError> {
        let sent = timeout(STALL_TIMEOUT, self.entries.send(entry)).await;
        if sent.map_err(|_| BackupError::Stalled)?.is_ok() {
            return Ok(());
        }
        // The thread has ended.
        Err(match (&mut self.output).await {
            Ok(Err(error)) => BackupError::Write(error),
            Ok(Ok(_)) | Err(_) => interrupted(),
        })
    }
}

fn interrupted() -> BackupError {
    BackupError::Write(io::ErrorKind::Interrupted.into())
}

fn write<W: Write>(output: W, mut entries: mpsc::Receiver<Option<ArchiveEntry>>) -> io::Result<W> {
    let mut archive = tar::Builder::new(output);
    let mut sums = String::new();
    while let Some(entry) = entries.blocking_recv() {
        let Some(ArchiveEntry { name, data }) = entry else {
            append(&mut archive, SUMS, sums.as_bytes())?;
            let mut output = archive.into_inner()?;
            output.flush()?;
            return Ok(output);
        };
        append(&mut archive, &name, &data)?;
        sums.push_str(&sum_line(&name, &data));
    }
    Err(io::ErrorKind::Interrupted.into())
}

fn append(archive: &mut tar::Builder<impl Write>, name: &str, data: &[u8]) -> io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(data.len() as u64);
    header.set_mode(0o600);
    archive.append_data(&mut header, name, data)
}

fn sum_line(name: &str, data: &[u8]) -> String {
    let sum = Sha256::digest(data);
    let hex: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hex}  {name}\n")
}

/// Reads entries.
pub(super) struct ArchiveReader {
    entries: mpsc::Receiver<Result<Option<ArchiveEntry>, BackupError>>,
}

impl ArchiveReader {
    pub(super) fn new(source: impl Read + Send + 'static) -> Self {
        let (sender, entries) = mpsc::channel(1);
        thread::spawn(move || {
            let result = read(source, &sender);
            sender.blocking_send(result.map(|()| None)).ok();
        });
        Self { entries }
    }

    /// The next entry; `None` at the end, once all sums are right.
    pub(super) async fn next(&mut self) -> Result<Option<ArchiveEntry>, BackupError> {
        let next = timeout(STALL_TIMEOUT, self.entries.recv()).await;
        next.map_err(|_| BackupError::Stalled)?
            .unwrap_or_else(|| Err(BackupError::Damaged("it ended early".into())))
    }
}

fn read(
    mut source: impl Read,
    entries: &mpsc::Sender<Result<Option<ArchiveEntry>, BackupError>>,
) -> Result<(), BackupError> {
    let damaged = |error: io::Error| BackupError::Damaged(error.to_string());
    let first_header = first_header(&mut source)?;
    let mut archive = tar::Archive::new(first_header.chain(source));
    let mut sums = String::new();
    for entry in archive.entries().map_err(damaged)? {
        let entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let size = entry.size();
        let mut data = Vec::new();
        entry
            .take(MAX_ENTRY_BYTES)
            .read_to_end(&mut data)
            .map_err(damaged)?;
        if data.len() as u64 != size {
            return Err(BackupError::Damaged(format!("{name} is not complete")));
        }
        if name == SUMS {
            return compare_sums(&sums, &data);
        }
        sums.push_str(&sum_line(&name, &data));
        if entries
            .blocking_send(Ok(Some(ArchiveEntry { name, data })))
            .is_err()
        {
            // The receiver has gone.
            return Ok(());
        }
    }
    Err(BackupError::Damaged(format!("its end is missing ({SUMS})")))
}

/// The header of the first entry. An error of the tar format would show the bytes of another file.
fn first_header(source: &mut impl Read) -> Result<io::Cursor<Vec<u8>>, BackupError> {
    let mut header = Vec::new();
    let read = source.take(512).read_to_end(&mut header);
    if read.map_err(|error| BackupError::NotABackup(error.to_string()))? == 0 {
        return Err(BackupError::NotABackup("it is empty".into()));
    }
    if header.get(257..262) != Some(b"ustar") {
        return Err(BackupError::NotABackup("it is not a tar archive".into()));
    }
    Ok(io::Cursor::new(header))
}

/// Names the first entry that differs.
fn compare_sums(found: &str, expected: &[u8]) -> Result<(), BackupError> {
    let expected = String::from_utf8_lossy(expected);
    let mut lines = found.lines().zip(expected.lines());
    let differing = lines.find(|(found, expected)| found != expected);
    match differing {
        Some((line, _)) => {
            let name = line.split("  ").nth(1).unwrap_or_default();
            Err(BackupError::Damaged(format!("{name} has another checksum")))
        }
        None if found.len() == expected.len() => Ok(()),
        None => Err(BackupError::Damaged(format!("{SUMS} does not match"))),
    }
}
