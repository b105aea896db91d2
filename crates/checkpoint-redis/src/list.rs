//! Listing: the keys of Redis have no order, so each page looks at all of them.

use std::collections::BTreeMap;

use checkpoint_core::{CheckpointId, Error, ErrorKind, Record, Result};

use crate::answer::Held;
use crate::connection::Node;
use crate::error::to_error;
use crate::script::READ;
use crate::store::RedisStore;

/// So many keys the server looks at in one step, in which it does nothing else.
const KEYS_A_STEP: usize = 1_000;

/// So many records are read in one round trip.
const READS_AT_ONCE: usize = 100;

pub(crate) async fn list(
    store: &RedisStore,
    prefix: &str,
    after: Option<&CheckpointId>,
    limit: usize,
) -> Result<Vec<Record>> {
    let mut page = Page { all: prefix.is_empty(), after, limit, records: BTreeMap::new() };
    if limit > 0 {
        let pattern = format!("{}{}*", escaped(&store.prefix), escaped(prefix));
        for node in store.connection.nodes().await.map_err(|error| to_error(&error))? {
            scan(store, &node, &pattern, &mut page).await?;
        }
    }
    Ok(page.records.into_values().collect())
}

/// Looks at all keys of a server.
async fn scan(store: &RedisStore, node: &Node, pattern: &str, page: &mut Page<'_>) -> Result<()> {
    let mut cursor = b"0".to_vec();
    loop {
        let mut step = redis::cmd("SCAN");
        step.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(KEYS_A_STEP);
        let answer = store.connection.ask(node, step).await.map_err(|error| to_error(&error))?;
        let (next, keys): (Vec<u8>, Vec<Vec<u8>>) =
            redis::from_redis_value(answer).map_err(|error| to_error(&error.into()))?;
        let mut ids: Vec<_> = keys.iter().filter_map(|key| id_of(store, key)).filter(|id| page.wants(id)).collect();
        ids.sort_unstable();
        for ids in ids.chunks(READS_AT_ONCE.min(page.limit)) {
            read_into(store, ids, page).await?;
        }
        if next == b"0" {
            return Ok(());
        }
        cursor = next;
    }
}

/// The id that is kept at `key`; none where somebody else's key only begins like ours.
fn id_of(store: &RedisStore, key: &[u8]) -> Option<CheckpointId> {
    let key = std::str::from_utf8(key).ok()?;
    CheckpointId::new(key.strip_prefix(&*store.prefix)?).ok()
}

/// Reads those of `ids` that the page still wants. What is no checkpoint is passed over, and what was deleted meanwhile.
async fn read_into(store: &RedisStore, ids: &[CheckpointId], page: &mut Page<'_>) -> Result<()> {
    let ids: Vec<_> = ids.iter().filter(|id| page.wants(id)).map(|id| (id, store.key(id))).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let calls = ids.iter().map(|(_, key)| store.call_for(&READ, key));
    let answers = READ.run(&store.connection, calls).await;
    for ((id, key), answer) in ids.into_iter().zip(answers) {
        match Held::parse(id, &key, answer)? {
            Held::Record(record) => page.take(record),
            Held::Nothing | Held::Other(_) => {}
            Held::Done => return Err(Error::new(ErrorKind::Other, format!("no answer about {key:?}"))),
        }
    }
    Ok(())
}

/// The smallest ids seen so far, at most `limit`, with their records.
struct Page<'a> {
    /// Whether all checkpoints are listed, and so none of what belongs to another.
    all: bool,
    after: Option<&'a CheckpointId>,
    limit: usize,
    records: BTreeMap<CheckpointId, Record>,
}

impl Page<'_> {
    /// Whether `id` belongs on this page, as far as is known, and is not there yet: a key may be seen twice.
    fn wants(&self, id: &CheckpointId) -> bool {
        let is_full = self.records.len() >= self.limit;
        let is_small = !is_full || self.records.last_key_value().is_some_and(|(last, _)| id < last);
        is_small
            && !(self.all && id.is_beside())
            && self.after.is_none_or(|after| id > after)
            && !self.records.contains_key(id)
    }

    fn take(&mut self, record: Record) {
        self.records.insert(record.checkpoint.id.clone(), record);
        if self.records.len() > self.limit {
            self.records.pop_last();
        }
    }
}

/// A pattern that matches just this text.
fn escaped(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkpoint_core::Checkpoint;

    fn id(id: &str) -> CheckpointId {
        CheckpointId::new(id).unwrap()
    }

    #[test]
    fn patterns_match_their_text_alone() {
        assert_eq!(escaped("a/b:c"), "a/b:c");
        assert_eq!(escaped(r"a*b?[c]\^-"), r"a\*b\?\[c\]\\^-");
    }

    #[test]
    fn a_page_keeps_the_smallest_ids() {
        let after = id("b");
        let mut page = Page { all: true, after: Some(&after), limit: 2, records: BTreeMap::new() };
        for name in ["f", "a", "d", "b", "d", "~d", "c", "e"] {
            if page.wants(&id(name)) {
                page.take(Record::new(Checkpoint::new(id(name), 1)));
            }
        }
        assert_eq!(page.records.into_keys().collect::<Vec<_>>(), [id("c"), id("d")]);
    }
}
