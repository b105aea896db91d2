//! Pages of records, in the order of their ids.

use checkpoint_core::{CheckpointId, Record, Result};
use mongodb::bson::{Document, doc};

use crate::MongoStore;
use crate::document::ID;
use crate::error::from_driver;

impl MongoStore {
    /// Documents whose `_id` no checkpoint can have are passed over.
    pub(crate) async fn page(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let mut after = after.map(|id| id.as_str().to_owned());
        let mut page = Vec::new();
        while page.len() < limit {
            let wanted = limit - page.len();
            let found = self.documents_after(prefix, after.as_deref(), wanted).await?;
            let (is_last, last) = (found.len() < wanted, found.last().map(|(id, _)| id.clone()));
            for (id, document) in found {
                if let Ok(id) = CheckpointId::new(id) {
                    page.push(self.met(&id, document)?);
                }
            }
            if is_last {
                break;
            }
            after = last;
        }
        Ok(page)
    }

    /// At most `limit` documents with their ids, in the order of the ids' bytes, which is MongoDB's own for strings.
    async fn documents_after(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<(String, Document)>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = self.documents.find(doc! { ID: range(prefix, after) }).sort(doc! { ID: 1 }).limit(limit);
        let mut found = found.await.map_err(from_driver)?;
        let mut documents = Vec::new();
        while found.advance().await.map_err(from_driver)? {
            let document = found.deserialize_current().map_err(from_driver)?;
            if let Ok(id) = document.get_str(ID).map(ToOwned::to_owned) {
                documents.push((id, document));
            }
        }
        Ok(documents)
    }
}

/// The strings that begin with `prefix` and come after `after`: a range of the index, where a regular expression would
/// have to be escaped.
fn range(prefix: &str, after: Option<&str>) -> Document {
    let mut range = doc! { "$gte": prefix };
    if prefix.is_empty() {
        // What belongs to another checkpoint is not listed with all.
        range.insert("$not", self::range(CheckpointId::BESIDE, None));
    }
    if let Some(after) = after {
        range.insert("$gt", after);
    }
    if let Some(end) = end_of(prefix) {
        range.insert("$lt", end);
    }
    range
}

/// The first string after all that begin with `prefix`; `None` where these are the last ones of all.
fn end_of(prefix: &str) -> Option<String> {
    let mut begin = prefix.to_owned();
    while let Some(last) = begin.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            begin.push(next);
            return Some(begin);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_a_range() {
        assert_eq!(end_of("eu/").as_deref(), Some("eu0"));
        assert_eq!(end_of("größ").as_deref(), Some("gröà"));
        assert_eq!(end_of("a\u{d7ff}").as_deref(), Some("a\u{e000}")); // no surrogates between
        assert_eq!(end_of("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(end_of("\u{10ffff}"), None);
        assert_eq!(end_of(""), None);
        assert_eq!(range("a", Some("ab")), doc! { "$gte": "a", "$gt": "ab", "$lt": "b" });
        assert_eq!(range("", None), doc! { "$gte": "", "$not": { "$gte": "~", "$lt": "\u{7f}" } });
    }
}
