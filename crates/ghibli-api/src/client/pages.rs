//! Fetches a collection in pages, when one response may not hold all of it.
//!
//! The source ignores its documented default of 50 and sends everything if there is no query, but
//! cuts `limit` at 250. So a response with exactly as many elements as a common page size may be
//! truncated, and one over the size limit is incomplete.

use xxhash_rust::xxh3::Xxh3;

use super::error::RequestError;
use super::provider_session::{CollectionPart, ProviderSession};
use crate::wire::{Collection, Records, RecordsBuilder};

const PAGE_SIZE: usize = 250;

/// Numbers of elements at which servers truncate a response.
const COMMON_PAGE_SIZES: [usize; 2] = [50, 250];

/// Maximum number of pages, against sources that never end.
const MAX_PAGES: usize = 5_000;
/// With pages, all responses of a fetch together may have this many times the size limit.
const MAX_PAGED_RESPONSES: u64 = 4;

/// A parsed page.
struct CollectionPage {
    records: Records,
    /// Number of elements in the whole collection, if stated.
    total: Option<usize>,
    bytes: u64,
    digest: u128,
}

/// Whether a response with this many elements may be truncated. `total` is the number that the
/// source states.
pub(super) fn may_be_truncated(elements: usize, total: Option<usize>) -> bool {
    match total {
        Some(total) if total >= elements => total > elements,
        _ => COMMON_PAGE_SIZES.contains(&elements),
    }
}

/// All pages of a collection and their digest. Fails if they have fewer than `min_elements`.
pub(super) async fn fetch_pages(
    session: &ProviderSession<'_>,
    collection: Collection,
    min_elements: usize,
) -> Result<(Records, u128), RequestError> {
    let mut digest = Xxh3::new();
    let records = fetch_until_end(session, collection, &mut digest).await?;
    if records.element_count() < min_elements {
        return Err(incomplete(
            records.element_count(),
            format!("its pages hold fewer than the {min_elements} records of the full response"),
        ));
    }
    Ok((records, digest.digest128()))
}

async fn fetch_until_end(
    session: &ProviderSession<'_>,
    collection: Collection,
    digest: &mut Xxh3,
) -> Result<Records, RequestError> {
    let mut builder = RecordsBuilder::new(collection, &session.budget);
    let mut bytes = 0;
    let mut last_page_elements = 0;
    for number in 1..=MAX_PAGES {
        let query = format!("limit={PAGE_SIZE}&_limit={PAGE_SIZE}&_page={number}");
        let page = fetch_page(session, collection, &query, bytes).await?;
        bytes += page.bytes;
        digest.update(&page.digest.to_le_bytes());
        let all_bytes = session.received_bytes();
        if all_bytes > session.http.max_bytes.saturating_mul(MAX_PAGED_RESPONSES) {
            return Err(incomplete(
                builder.element_count(),
                format!(
                    "its pages already total {bytes} bytes ({all_bytes} with the other \
                     responses); if that is expected, raise PYFLIX_PROVIDER_MAX_BYTES"
                ),
            ));
        }
        if builder.has_new_ids(&page.records) {
            last_page_elements = page.records.element_count();
            builder.push_page(page.records);
            continue;
        }
        if let Some(total) = page.total {
            return match total <= builder.element_count() {
                true => Ok(builder.finish()?),
                false => Err(incomplete(
                    builder.element_count(),
                    format!("the source reports {total}"),
                )),
            };
        }
        let is_repeated = page.records.element_count() > 0;
        if is_repeated
            && last_page_elements >= PAGE_SIZE
            && !ends_at(session, collection, builder.element_count()).await?
        {
            return Err(incomplete(
                builder.element_count(),
                "the source repeats its last page instead of ending the list".to_owned(),
            ));
        }
        return Ok(builder.finish()?);
    }
    Err(incomplete(
        builder.element_count(),
        format!("there are more than {MAX_PAGES} pages"),
    ))
}

/// Whether the source returns nothing from this offset on.
async fn ends_at(
    session: &ProviderSession<'_>,
    collection: Collection,
    offset: usize,
) -> Result<bool, RequestError> {
    let query = format!("_start={offset}&_limit={PAGE_SIZE}");
    let rest = fetch_page(session, collection, &query, 0).await?;
    Ok(rest.records.element_count() == 0)
}

async fn fetch_page(
    session: &ProviderSession<'_>,
    collection: Collection,
    query: &str,
    bytes_before: u64,
) -> Result<CollectionPage, RequestError> {
    let part = CollectionPart {
        query,
        bytes_before,
    };
    let response = session.get_complete(collection, part).await?;
    Ok(CollectionPage {
        total: response.total(),
        bytes: response.bytes,
        digest: response.digest,
        records: session.parse(collection, response.body).await?,
    })
}

fn incomplete(elements: usize, problem: String) -> RequestError {
    RequestError::Incomplete { elements, problem }
}
