use checkpoint_core::{CheckpointId, Error, ErrorKind, Record, Result};
use elasticsearch::indices::IndicesRefreshParts;
use elasticsearch::{Elasticsearch, SearchParts};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::document::parse;
use crate::layout::WHOLE_ID;
use crate::read::nothing_changed;
use crate::store::ElasticStore;

/// How many records are asked for first: their states may be large.
const FIRST_PAGE: usize = 16;

/// The most that are asked for at once; the server allows 10,000 if nothing is set.
const MAX_PAGE: usize = 2_000;

/// A page is to have about so many bytes.
const PAGE_BYTES: usize = 4 << 20;

#[derive(Deserialize)]
pub(crate) struct Shards {
    pub(crate) failed: u32,
}

/// What a search answers.
#[derive(Deserialize)]
pub(crate) struct Found {
    timed_out: bool,
    #[serde(rename = "_shards")]
    shards: Shards,
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Hit>,
    total: Option<Total>,
}

#[derive(Deserialize)]
struct Total {
    value: u64,
}

#[derive(Deserialize)]
pub(crate) struct Hit {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    #[serde(rename = "_seq_no")]
    pub(crate) seq_no: Option<i64>,
    #[serde(rename = "_primary_term")]
    pub(crate) primary_term: Option<i64>,
    #[serde(rename = "_source")]
    pub(crate) source: Option<Box<RawValue>>,
    /// What it was sorted by, which the next page begins after.
    #[serde(default)]
    sort: Vec<Value>,
}

impl Found {
    pub(crate) fn total(&self) -> u64 {
        self.hits.total.as_ref().map_or(0, |total| total.value)
    }

    pub(crate) fn into_hits(self) -> Vec<Hit> {
        self.hits.hits
    }
}

impl ElasticStore {
    pub(crate) async fn list_after(
        &self,
        prefix: &str,
        after: Option<&CheckpointId>,
        limit: usize,
    ) -> Result<Vec<Record>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        refresh(&self.client, &self.names.index).await.map_err(nothing_changed)?;
        let mut records = Vec::new();
        let mut after = after.map(|id| vec![json!(id.as_str())]);
        let mut size = FIRST_PAGE;
        loop {
            let asked = size.min(limit - records.len());
            let (hits, bytes) = self.page(prefix, after, asked).await.map_err(nothing_changed)?;
            let is_last = hits.len() < asked;
            after = hits.last().map(|hit| hit.sort.clone());
            for hit in hits {
                records.extend(record(&hit).map_err(nothing_changed)?);
            }
            if is_last || records.len() == limit {
                return Ok(records);
            }
            size = next_size(asked, bytes);
        }
    }

    /// At most `size` documents, in the order of their ids' bytes, and how many bytes the answer had.
    async fn page(&self, prefix: &str, after: Option<Vec<Value>>, size: usize) -> Result<(Vec<Hit>, usize)> {
        let mut search = json!({
            "size": size,
            "sort": [{ WHOLE_ID: "asc" }],
            "track_total_hits": false,
            "query": query(prefix),
        });
        if let Some(after) = after {
            search["search_after"] = Value::Array(after);
        }
        let (found, bytes) = self.search(search).await?;
        Ok((found.into_hits(), bytes))
    }

    /// Searches, and has found all or nothing. Says how many bytes the answer had.
    pub(crate) async fn search(&self, search: Value) -> Result<(Found, usize)> {
        let index = [self.names.index.as_str()];
        let request = self.client.search(SearchParts::Index(&index));
        let answer = Answer::of(request.allow_partial_search_results(false).body(search).send().await).await?;
        let found: Found = answer.content()?;
        if found.timed_out || found.shards.failed > 0 {
            return Err(Error::new(ErrorKind::Unavailable, "the server searched a part of the index only; try again"));
        }
        Ok((found, answer.bytes()))
    }
}

/// The documents whose ids begin with `prefix`; with all of them none that belongs to another checkpoint.
fn query(prefix: &str) -> Value {
    let begins_with = |prefix: &str| json!({ "prefix": { WHOLE_ID: prefix } });
    if prefix.is_empty() {
        json!({ "bool": { "must_not": begins_with(CheckpointId::BESIDE) } })
    } else {
        begins_with(prefix)
    }
}

/// Makes what was written before visible to searches.
pub(crate) async fn refresh(client: &Elasticsearch, index: &str) -> Result<()> {
    #[derive(Deserialize)]
    struct Refreshed {
        #[serde(rename = "_shards")]
        shards: Shards,
    }
    let sent = client.indices().refresh(IndicesRefreshParts::Index(&[index])).send().await;
    let refreshed: Refreshed = Answer::of(sent).await?.content()?;
    match refreshed.shards.failed {
        0 => Ok(()),
        failed => {
            let message = format!("{failed} shards of the index could not be refreshed; try again");
            Err(Error::new(ErrorKind::Unavailable, message))
        }
    }
}

/// The record of a hit; none where the document's id cannot be one of a checkpoint, so that it is somebody else's.
fn record(hit: &Hit) -> Result<Option<Record>> {
    let Ok(id) = CheckpointId::new(hit.id.as_str()) else {
        return Ok(None);
    };
    parse(&id, hit.source.as_deref()).map(Some)
}

/// How many records to ask for after `size` of them had so many bytes.
fn next_size(size: usize, bytes: usize) -> usize {
    let fitting = size.saturating_mul(PAGE_BYTES) / bytes.max(1);
    fitting.clamp(1, size.saturating_mul(FIRST_PAGE)).min(MAX_PAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_grow_while_records_are_small_and_shrink_where_they_are_large() {
        assert_eq!(next_size(16, 16 * 200), 256);
        assert_eq!(next_size(256, 256 * 200), MAX_PAGE);
        assert_eq!(next_size(16, 16 * 12_000_000), 1);
        assert_eq!(next_size(16, 16 * 1_000_000), 4);
        assert_eq!(next_size(1, 12_000_000), 1);
        assert_eq!(next_size(1, 0), 16);
    }
}
