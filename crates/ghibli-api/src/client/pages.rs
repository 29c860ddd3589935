//! Whole collections: a capped answer is never taken for all there is.
//!
//! Without a query the source gives all it has, though its documentation speaks of 50 by
//! default, and `limit` stops at 250. So an answer of exactly that many elements is doubted, and
//! the collection is asked for again page by page.

use reqwest::header::HeaderMap;
use url::Url;

use super::{Progress, RequestError, Source};
use crate::record::List;
use crate::{Collection, Records};

/// How many elements make an answer look cut off.
const DOUBTFUL: [usize; 2] = [50, PAGE];
const PAGE: usize = 250;

/// The most pages that are asked for; sources that never end are stopped by it.
const MAX_PAGES: usize = 5_000;
/// All pages together may weigh this many times what one answer may.
const MAX_PAGED_ANSWERS: u64 = 4;

/// One answer, read.
struct Page {
    records: Records,
    /// How many elements there are in all, if the source says so.
    total: Option<usize>,
    bytes: u64,
}

impl Source<'_> {
    /// A collection with everything in it.
    pub(super) async fn whole(&self, collection: Collection) -> Result<Records, RequestError> {
        let answer = self.ask(collection, "", 0).await?;
        let elements = answer.records.elements();
        let is_doubtful = match answer.total {
            Some(total) if total >= elements => total > elements,
            _ => DOUBTFUL.contains(&elements),
        };
        if !is_doubtful {
            return Ok(answer.records);
        }
        let paged = self.paged(collection).await?;
        if paged.elements() < elements {
            return Err(capped(
                paged.elements(),
                format!("page by page they are fewer than the {elements} without a query"),
            ));
        }
        Ok(paged)
    }

    async fn paged(&self, collection: Collection) -> Result<Records, RequestError> {
        let mut list = List::new(collection);
        let mut bytes = 0;
        let mut last_page = 0;
        for number in 1..=MAX_PAGES {
            let query = format!("limit={PAGE}&_limit={PAGE}&_page={number}");
            let page = self.ask(collection, &query, bytes).await?;
            bytes += page.bytes;
            if bytes > self.http.max_bytes.saturating_mul(MAX_PAGED_ANSWERS) {
                return Err(capped(
                    list.elements(),
                    format!("its pages weigh {bytes} bytes already"),
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
                        format!("the source speaks of {total}"),
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
                    "the source repeats its last page when asked for the next".to_owned(),
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
        let rest = self.ask(collection, &query, 0).await?;
        Ok(rest.records.elements() == 0)
    }

    async fn ask(
        &self,
        collection: Collection,
        query: &str,
        bytes_before: u64,
    ) -> Result<Page, RequestError> {
        let url = collection_url(self.provider, collection, query);
        let received = |bytes| {
            (self.progress)(Progress::Received {
                collection,
                bytes: bytes_before + bytes,
            });
        };
        let answer = self.http.get(&url, received).await?;
        let first = self.origin.get_or_init(|| answer.origin.clone());
        if *first != answer.origin {
            return Err(RequestError::TwoHosts {
                first: first.ascii_serialization(),
                second: answer.origin.ascii_serialization(),
            });
        }
        let total = total(&answer.headers);
        let body = answer.body;
        let bytes = body.len().try_into().unwrap_or(u64::MAX);
        // Megabytes take a while, and the same threads may be serving pages.
        let records = tokio::task::spawn_blocking(move || Records::read(collection, &body))
            .await
            .map_err(|error| RequestError::Interrupted(error.to_string()))??;
        Ok(Page {
            records,
            total,
            bytes,
        })
    }
}

fn collection_url(provider: &Url, collection: Collection, query: &str) -> Url {
    let mut url = provider.clone();
    let path = format!("{}/{collection}", url.path().trim_end_matches('/'));
    url.set_path(&path);
    url.set_query(Some(query).filter(|query| !query.is_empty()));
    url.set_fragment(None);
    url
}

fn total(headers: &HeaderMap) -> Option<usize> {
    headers.get("x-total-count")?.to_str().ok()?.parse().ok()
}

fn capped(elements: usize, problem: String) -> RequestError {
    RequestError::Capped { elements, problem }
}
