//! Models that change between two starts, that consist of parts, and that check themselves.

use std::sync::Arc;

use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Check, Live, Model, Plain, Reason, Snapshots};
use serde::{Deserialize, Serialize};

use crate::models::id;

/// Counts events; a type for each version. Version 2 has another key, version 3 does not know version 1.
struct Count<const V: u32>(u64);

impl<const V: u32> Count<V> {
    const KEY: &'static str = if V == 1 { "events" } else { "count" };
}

impl<const V: u32> Model for Count<V> {
    const NAME: &'static str = "count";
    const VERSION: u32 = V;

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put(Self::KEY, self.0);
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        self.0 = bucket.integer(Self::KEY)?;
        Ok(())
    }

    fn migrate(version: u32, mut bucket: Bucket) -> Result<Option<Bucket>, CannotRestore> {
        match (version, V) {
            (1, 2) => {
                let count = bucket.remove("events").ok_or_else(|| CannotRestore::new("it counts nothing"))?;
                bucket.put("count", count);
                Ok(Some(bucket))
            }
            (2, 3) => Ok(Some(bucket)),
            _ => Ok(None),
        }
    }
}

fn snapshots(store: &Arc<MemoryStore>) -> Snapshots {
    let store = Arc::clone(store);
    Snapshots::new(store, id("m")).by_hand()
}

/// Loads, handles one event more, and saves.
async fn go_on<M: Model>(store: &Arc<MemoryStore>, initial: impl Fn() -> M, change: impl FnOnce(&mut M)) -> Live<M> {
    let mut live = snapshots(store).load(initial).await.unwrap();
    let next = live.resume_from().unwrap_or(0) + 1;
    live.apply(next, change).unwrap();
    live.save().await.unwrap();
    live
}

async fn count<const V: u32>(store: &Arc<MemoryStore>) -> Live<Count<V>> {
    go_on(store, || Count::<V>(0), |count| count.0 += 1).await
}

#[tokio::test]
async fn an_older_version_is_migrated_where_the_model_can() {
    let store = Arc::new(MemoryStore::new());
    count::<1>(&store).await;
    assert_eq!(count::<2>(&store).await.model().0, 2);
    assert_eq!(count::<3>(&store).await.model().0, 3);
    assert_eq!(snapshots(&store).list().await.unwrap()[0].version, 3);
}

#[tokio::test]
async fn a_version_that_is_not_migrated_makes_the_model_anew() {
    let store = Arc::new(MemoryStore::new());
    count::<1>(&store).await;
    let live = count::<3>(&store).await;
    assert_eq!((live.model().0, live.resume_from()), (1, Some(1)));
    let reason = live.restored().rejected[0].reason.to_string();
    assert_eq!(reason, r#"version 1 of "count" has saved it, and version 3 does not migrate from that"#);
}

#[tokio::test]
async fn a_newer_version_is_passed_over_for_one_that_is_known() {
    let store = Arc::new(MemoryStore::new());
    count::<1>(&store).await;
    count::<2>(&store).await; // deployed, and taken back
    let live = count::<1>(&store).await;
    assert_eq!((live.model().0, live.resume_from()), (2, Some(2)), "from the snapshot before");
    let reason = live.restored().rejected[0].reason.to_string();
    assert!(reason.contains("version 2") && reason.ends_with("up to 1: update it"), "{reason}");
}

/// Nothing but a list of names.
#[derive(Default, Serialize, Deserialize)]
struct Names(Vec<String>);

impl Plain for Names {
    const NAME: &'static str = "names";
}

#[tokio::test]
async fn a_snapshot_of_another_model_is_not_used() {
    let store = Arc::new(MemoryStore::new());
    count::<1>(&store).await;
    let live = snapshots(&store).load(Names::default).await.unwrap();
    assert!(live.resume_from().is_none() && live.model().0.is_empty());
    let reason = &live.restored().rejected[0].reason;
    assert!(matches!(reason, Reason::Restore(CannotRestore::OtherModel { found, .. }) if found == "count"), "{reason}");
}

/// Two parts, one of which has versions; it refers to a table, which may be gone.
struct Whole<const V: u32> {
    count: Count<V>,
    names: Names,
    table: &'static str,
}

impl<const V: u32> Whole<V> {
    fn new(table: &'static str) -> Self {
        Self { count: Count(0), names: Names::default(), table }
    }
}

impl<const V: u32> Model for Whole<V> {
    const NAME: &'static str = "whole";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.save_part("count", &self.count)?;
        bucket.save_part("names", &self.names)
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        bucket.restore_part("count", &mut self.count)?;
        bucket.restore_part("names", &mut self.names)
    }

    async fn check(&self) -> Check {
        tokio::task::yield_now().await; // it asks a database
        if self.table == "gone" { Check::Rebuild("the table is gone".to_owned()) } else { Check::Valid }
    }

    fn references(&self) -> Vec<String> {
        vec![format!("table {}", self.table)]
    }
}

#[tokio::test]
async fn parts_migrate_one_by_one() {
    let store = Arc::new(MemoryStore::new());
    let add = |count: &mut u64, names: &mut Names| {
        *count += 1;
        names.0.push(count.to_string());
    };
    go_on(&store, || Whole::<1>::new("a"), |whole| add(&mut whole.count.0, &mut whole.names)).await;
    let live = go_on(&store, || Whole::<2>::new("a"), |whole| add(&mut whole.count.0, &mut whole.names)).await;
    assert_eq!((live.model().count.0, &live.model().names.0[..]), (2, &["1".to_owned(), "2".to_owned()][..]));

    let live = snapshots(&store).load(|| Whole::<1>::new("a")).await.unwrap();
    assert_eq!(live.model().count.0, 1, "the newest has a part that is too new");
}

#[test]
fn what_is_wrong_with_a_part_is_named() {
    let mut bucket = Bucket::new();
    bucket.save_part("inner", &Count::<1>(7)).unwrap();
    let restored = |bucket: &Bucket, key: &str| bucket.restore_part(key, &mut Count::<1>(0)).map_err(|e| e.to_string());
    assert_eq!(restored(&bucket, "inner"), Ok(()));
    assert!(restored(&bucket, "outer").unwrap_err().starts_with(r#""outer" is missing"#));

    bucket.part("inner").part("content").put("events", "seven");
    assert_eq!(restored(&bucket, "inner").unwrap_err(), r#"inner/content: "events" is text, not an integer"#);
    bucket.part("inner").part("content").remove("events");
    assert!(restored(&bucket, "inner").unwrap_err().starts_with(r#"inner/content: "events" is missing"#));
    bucket.save_part("inner", &Names::default()).unwrap();
    let error = restored(&bucket, "inner").unwrap_err();
    assert_eq!(error, r#"it is of "names", not of "count": give each model an id of its own"#);

    let mut wrong = Bucket::new();
    wrong.save_part("inner", &Count::<1>(7)).unwrap();
    wrong.part("inner").part("content").remove("events");
    let error = wrong.restore_part("inner", &mut Count::<2>(0)).unwrap_err();
    assert_eq!(error.to_string(), "what was saved is not accepted: it counts nothing");
}

#[tokio::test]
async fn a_check_that_fails_is_no_longer_a_model() {
    let store = Arc::new(MemoryStore::new());
    go_on(&store, || Whole::<1>::new("a"), |whole| whole.count.0 += 1).await;
    go_on(&store, || Whole::<1>::new("b"), |whole| whole.count.0 += 1).await;
    let listed = snapshots(&store).list().await.unwrap();
    assert_eq!(listed.iter().map(|generation| &*generation.references[0]).collect::<Vec<_>>(), ["table b", "table a"]);

    let live = snapshots(&store).load(|| Whole::<1>::new("gone")).await.unwrap();
    assert_eq!((live.model().count.0, live.resume_from(), live.restored().rejected.len()), (0, None, 2));
    assert_eq!(live.restored().rejected[0].reason.to_string(), "the model's check says: the table is gone");
    drop(live);

    let deleted = snapshots(&store).delete().await.unwrap();
    assert_eq!(deleted, listed, "so that somebody drops the tables");
}
