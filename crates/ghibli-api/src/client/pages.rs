//! Whole collections: a capped answer is never taken for all there is.
//!
//! Without a query the source gives all it has, though its documentation speaks of 50 by
//! default, and `limit` stops at 250. So an answer of exactly that many elements is doubted, and
//! the collection is asked for again page by page. So is one that is too large for one answer.

use std::sync::atomic::Ordering;

use xxhash_rust::xxh3::Xxh3;

use super::RequestError;
use super::provider_fetch::Source;
use crate::wire::List;
use crate::{Collection, Records};

const PAGE: usize = 250;

/// The most pages that are asked for; sources that never end are stopped by it.
const MAX_PAGES: usize = 5_000;
/// With pages, all answers of a fetch together may weigh this many times what one answer may.
const MAX_PAGED_ANSWERS: u64 = 4;

/// One page, read.
struct Page {
    records: Records,
    /// How many elements there are in all, if the source says so.
    total: Option<usize>,
    bytes: u64,
    digest: u128,
}

impl Source<'_> {
    /// A collection page by page, at least as many elements as came without a query, and the
    /// digest of all its pages.
    pub(super) async fn paged(
        &self,
        collection: Collection,
        elements: usize,
    ) -> Result<(Records, u128), RequestError> {
        let mut digest = Xxh3::new();
        let paged = self.all_pages(collection, &mut digest).await?;
        if paged.elements() < elements {
            return Err(capped(
                paged.elements(),
                format!("its pages hold fewer than the {elements} records of the full response"),
            ));
        }
        Ok((paged, digest.digest128()))
    }

    async fn all_pages(
        &self,
        collection: Collection,
        digest: &mut Xxh3,
    ) -> Result<Records, RequestError> {
        let mut list = List::new(collection, &self.budget);
        let mut bytes = 0;
        let mut last_page = 0;
        for number in 1..=MAX_PAGES {
            let query = format!("limit={PAGE}&_limit={PAGE}&_page={number}");
            let page = self.page(collection, &query, bytes).await?;
            bytes += page.bytes;
            digest.update(&page.digest.to_le_bytes());
            let together = self.bytes.load(Ordering::Relaxed);
            if together > self.http.max_bytes.saturating_mul(MAX_PAGED_ANSWERS) {
                return Err(capped(
                    list.elements(),
                    format!(
                        "its pages already total {bytes} bytes ({together} with the other \
                         responses); if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
                    ),
                ));
            }
            if list.lacks_any_of(&page.records) {
                last_page = page.records.elements();
                list.append(page.records);
                continue;
            }
            if let Some(total) = page.total {
                return match total <= list.elements() {
                    true => Ok(list.finish()?),
                    false => Err(capped(
                        list.elements(),
                        format!("the source reports {total}"),
                    )),
                };
            }
            let is_repeated = page.records.elements() > 0;
            if is_repeated
                && last_page >= PAGE
                && !self.ends_at(collection, list.elements()).await?
            {
                return Err(capped(
                    list.elements(),
                    "the source repeats its last page instead of ending the list".to_owned(),
                ));
            }
            return Ok(list.finish()?);
        }
        Err(capped(
            list.elements(),
            format!("there are more than {MAX_PAGES} pages"),
        ))
    }

    /// Whether the source says that nothing comes after so many elements.
    async fn ends_at(&self, collection: Collection, elements: usize) -> Result<bool, RequestError> {
        let query = format!("_start={elements}&_limit={PAGE}");
        let rest = self.page(collection, &query, 0).await?;
        Ok(rest.records.elements() == 0)
    }

    async fn page(
        &self,
        collection: Collection,
        query: &str,
        bytes_before: u64,
    ) -> Result<Page, RequestError> {
        let answer = self.answer(collection, query, bytes_before).await?;
        Ok(Page {
            total: answer.total(),
            bytes: answer.bytes,
            digest: answer.digest,
            records: self.records(collection, answer.body).await?,
        })
    }
}

fn capped(elements: usize, problem: String) -> RequestError {
    RequestError::Capped { elements, problem }
}
