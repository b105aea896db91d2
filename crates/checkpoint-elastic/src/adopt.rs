use std::collections::BTreeMap;

use checkpoint_core::{Applied, Error, ErrorKind, Result};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Value, json};

use crate::bulk::{Action, Lines};
use crate::layout::WHOLE_ID;
use crate::list::Hit;
use crate::seen::Revision;
use crate::store::ElasticStore;

/// How many documents are written again with one request.
const PAGE: usize = 500;

/// How many such requests there may be: for millions of checkpoints.
const PAGES: usize = 10_000;

/// Documents that were written before their index had the field that lists are sorted by.
impl ElasticStore {
    /// How many there are.
    pub(crate) async fn unlisted(&self) -> Result<u64> {
        let (found, _) = self.search(json!({ "size": 0, "track_total_hits": true, "query": unlisted() })).await?;
        Ok(found.total())
    }

    /// Writes them again, byte for byte, which indexes them by the mapping that the index has now. One that somebody writes
    /// meanwhile is left to him: his write does the same.
    pub(crate) async fn index_documents(&self) -> Result<()> {
        for _ in 0..PAGES {
            self.refresh().await?;
            let search = json!({ "size": PAGE, "seq_no_primary_term": true, "sort": ["_doc"], "query": unlisted() });
            let (found, _) = self.search(search).await?;
            let hits = found.into_hits();
            if hits.is_empty() {
                return Ok(());
            }
            self.index_again(&hits).await?;
        }
        let message = format!("more than {} documents are to be indexed; call this again", PAGE * PAGES);
        Err(Error::new(ErrorKind::Unavailable, message).with_applied(Applied::Unknown))
    }

    async fn index_again(&self, hits: &[Hit]) -> Result<()> {
        let mut lines = Lines::default();
        for hit in hits {
            let (Some(seq_no), Some(primary_term)) = (hit.seq_no, hit.primary_term) else { continue };
            let action = Action::put(&hit.id, Some(Revision { seq_no, primary_term }));
            lines.push(action, Some(&with_id(hit)?));
        }
        let done = self.bulk(&self.names.index, lines, hits.len()).await?;
        done.iter().try_for_each(|done| done.put().map(drop))
    }
}

fn unlisted() -> Value {
    json!({ "bool": { "must_not": { "exists": { "field": WHOLE_ID } } } })
}

/// The document's own text, and its id as the field `id`, in case that it has none.
fn with_id(hit: &Hit) -> Result<BTreeMap<String, Box<RawValue>>> {
    let fields = hit.source.as_ref().and_then(|source| serde_json::from_str(source.get()).ok());
    let mut fields: BTreeMap<String, Box<RawValue>> = fields.ok_or_else(|| {
        let message = format!("document {:?} has no _source; mend or delete it", hit.id);
        Error::new(ErrorKind::Corrupt, message)
    })?;
    fields.insert("id".to_owned(), to_raw_value(&hit.id).expect("text has a JSON form"));
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_are_written() {
        for (source, expected) in [
            (r#"{"id":"a","position":9007199254740993}"#, r#"{"id":"a","position":9007199254740993}"#),
            (r#"{"position": 1e3, "x": {"y" : 1.10}}"#, r#"{"id":"a","position":1e3,"x":{"y" : 1.10}}"#),
        ] {
            let hit: Hit = serde_json::from_str(&format!(r#"{{"_id":"a","_source":{source}}}"#)).unwrap();
            assert_eq!(serde_json::to_string(&with_id(&hit).unwrap()).unwrap(), expected);
        }
    }
}
