//! The posters of movies: where they come from, and the pictures made of them.
//!
//! They do not belong to a version. A picture is stored under a key made of its content, before the
//! row of its poster names it; a picture that no row names is removed under a later lease.

use std::collections::HashSet;

use base64::Engine;
use base64::prelude::BASE64_STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::head::HeadPatch;
use super::open::Repository;
use super::parts::{self, Damage};
use super::protocol::LeaseGuard;
use super::store::{Result, Row, Store, Table};
use super::tables::{decode_rows, to_fields};

/// Bytes of the digest in the key of a picture.
const DIGEST_BYTES: usize = 16;

/// A poster, by its URL at the source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poster {
    /// The URL in the records of movies.
    pub url: String,
    /// The pictures made of it, of increasing widths; none until it was fetched.
    pub pictures: Vec<Picture>,
    /// The `ETag` of the response that they are made of.
    pub etag: Option<String>,
    /// The `Last-Modified` of that response.
    pub last_modified: Option<String>,
    /// When it is fetched or checked next.
    pub next_fetch: Timestamp,
    /// Number of failed attempts since the last success.
    pub failures: u32,
    /// Why the last attempt failed.
    pub problem: Option<String>,
    /// The version since which no movie has this URL.
    pub unused_since: Option<u64>,
}

/// A JPEG picture of a poster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// A digest of its content, `-` and its width; safe in a URL.
    pub key: String,
    /// Its width in pixels.
    pub width: u32,
    /// Its height in pixels.
    pub height: u32,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Picture {
    /// The picture with this content.
    pub fn new(data: &[u8], width: u32, height: u32) -> Self {
        Self {
            key: format!("{}-{width}", digest(data)),
            width,
            height,
            bytes: data.len() as u64,
        }
    }
}

/// Changes of posters, written together.
#[derive(Clone, Debug, Default)]
pub struct PosterChanges {
    /// New and changed posters.
    pub posters: Vec<Poster>,
    /// The keys and contents of new pictures.
    pub pictures: Vec<(String, Vec<u8>)>,
    /// The URLs of posters to remove.
    pub removed: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct PictureRow {
    /// The content in base64.
    jpeg: String,
}

impl Repository {
    /// All posters, by ascending URL.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn posters(&self) -> Result<Vec<Poster>> {
        let rows = self.rows(Table::Posters, None).await?;
        Ok(decode_rows(Table::Posters, rows))
    }

    /// The content of a picture; `None` if there is no intact one with this key.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn picture(&self, key: &str) -> Result<Option<Vec<u8>>> {
        read_picture(&*self.store, key).await
    }

    /// The keys of all pictures.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn picture_keys(&self) -> Result<HashSet<String>> {
        let keys = self.store.keys(Table::Pictures).await?;
        Ok(keys.into_iter().collect())
    }
}

impl LeaseGuard {
    /// Writes changes of posters: pictures first, then the rows that name them. Then removes the
    /// pictures that no row names, and notifies readers if any picture changed.
    ///
    /// # Errors
    /// When the lease has passed on or the store fails.
    pub async fn save_posters(&self, changes: PosterChanges) -> Result<()> {
        let fence = self.head().fence;
        let mut has_other_pictures = !changes.removed.is_empty();
        for poster in &changes.posters {
            let row = self.store.row(Table::Posters, &poster.url).await?;
            let before: Option<Poster> =
                decode_rows(Table::Posters, row.into_iter().collect()).pop();
            has_other_pictures |= before.unwrap_or_default().pictures != poster.pictures;
        }
        for (key, data) in changes.pictures {
            write_picture(self, &key, data).await?;
        }
        let rows = changes.posters.iter().map(|poster| {
            Ok(Row {
                key: poster.url.clone(),
                fields: to_fields(poster)?,
            })
        });
        let rows = rows.collect::<Result<_>>()?;
        self.store
            .write_rows(fence, Table::Posters, rows, changes.removed)
            .await?;
        if has_other_pictures {
            self.remove_unused_pictures().await?;
            self.patch_head(&HeadPatch::Posters(fence)).await?;
        }
        Ok(())
    }

    async fn remove_unused_pictures(&self) -> Result<()> {
        let rows = self.store.rows(Table::Posters, None).await?;
        let posters: Vec<Poster> = decode_rows(Table::Posters, rows);
        let pictures = posters.iter().flat_map(|poster| &poster.pictures);
        let used: HashSet<_> = pictures.map(|picture| &picture.key).collect();
        let mut keys = self.store.keys(Table::Pictures).await?;
        keys.retain(|key| !used.contains(key));
        if keys.is_empty() {
            return Ok(());
        }
        let fence = self.head().fence;
        self.store
            .write_rows(fence, Table::Pictures, Vec::new(), keys)
            .await
    }
}

/// Reads a picture; a damaged one counts as missing.
pub(super) async fn read_picture(store: &dyn Store, key: &str) -> Result<Option<Vec<u8>>> {
    let row = store.row(Table::Pictures, key).await?;
    Ok(row.and_then(|row| decode(row).ok()))
}

/// Writes a picture that nothing names yet.
pub(super) async fn write_picture(lease: &LeaseGuard, key: &str, data: Vec<u8>) -> Result<()> {
    let row = PictureRow {
        jpeg: BASE64.encode(data),
    };
    let row = Row {
        key: key.to_owned(),
        fields: to_fields(&row)?,
    };
    let fence = lease.head().fence;
    lease
        .store
        .write_rows(fence, Table::Pictures, vec![row], Vec::new())
        .await
}

/// The pictures whose content is not that of their key.
pub(super) async fn damaged_pictures(store: &dyn Store) -> Result<Vec<Damage>> {
    let mut damage = Vec::new();
    for key in store.keys(Table::Pictures).await? {
        let row = store.row(Table::Pictures, &key).await?;
        if let Some(Err(reason)) = row.map(decode) {
            let name = format!("{}/{key}", Table::Pictures.name());
            damage.push(parts::damaged(name, &reason));
        }
    }
    Ok(damage)
}

/// The content of a row, or the problem with it.
fn decode(row: Row) -> std::result::Result<Vec<u8>, String> {
    let content = serde_json::Value::Object(row.fields);
    let content: PictureRow = serde_json::from_value(content).map_err(|error| error.to_string())?;
    let data = BASE64.decode(content.jpeg);
    let data = data.map_err(|error| error.to_string())?;
    let expected = row.key.split('-').next();
    if expected != Some(&*digest(&data)) {
        return Err("its content does not match its key".to_owned());
    }
    Ok(data)
}

fn digest(data: &[u8]) -> String {
    let digest = Sha256::digest(data);
    let bytes = digest.iter().take(DIGEST_BYTES);
    bytes.map(|byte| format!("{byte:02x}")).collect()
}
