//! The examples of `FORMAT.md` for records, in both directions.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use checkpoint_commit::strategy::manual;
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Model, Snapshots, generations};

use crate::vectors::{assert_bytes, example};

struct Text(String);

impl Model for Text {
    const NAME: &'static str = "m";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put("t", self.0.as_str());
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        bucket.text("t")?.clone_into(&mut self.0);
        Ok(())
    }
}

fn id(id: &str) -> CheckpointId {
    CheckpointId::new(id).unwrap()
}

fn snapshots(store: &Arc<MemoryStore>) -> Snapshots {
    let store = Arc::clone(store);
    Snapshots::new(store, id("m")).strategy(manual()).record_bytes(64)
}

#[tokio::test]
async fn the_chunks_of_a_snapshot() {
    let store = Arc::new(MemoryStore::new());
    let mut live = snapshots(&store).load(|| Text("a".repeat(20))).await.unwrap();
    live.apply(5, |_| ()).unwrap();
    live.save().await.unwrap();
    for (number, title) in ["The first of two chunks", "The second of two chunks"].into_iter().enumerate() {
        let record = store.read(&id(&format!("~snapshot/m/0/{number}"))).await.unwrap().unwrap();
        assert_eq!((record.checkpoint.position, record.epoch), (Some(5), 1));
        assert_bytes(title, &record.state, &example(title));
    }
}

#[tokio::test]
async fn the_list_of_the_snapshots() {
    let title = "A list of snapshots";
    let store = Arc::new(MemoryStore::new());
    let list = example(title);
    let write = Write::overwrite(Checkpoint::new(id("m"), 7)).with_state(list.clone());
    assert!(store.write(&write).await.unwrap().is_stored());

    let listed = generations(&store.read(&id("m")).await.unwrap().unwrap()).unwrap();
    assert_eq!(listed.len(), 2);
    let [newest, before] = &listed[..] else { unreachable!() };
    assert_eq!(
        (newest.number, newest.position, &*newest.model, newest.version, newest.bytes),
        (10, Some(7), "m", 2, 33)
    );
    assert_eq!(newest.saved_at, SystemTime::UNIX_EPOCH + Duration::from_micros(1_700_000_000_000_000));
    assert_eq!(newest.references, ["table a"]);
    assert_eq!((before.number, before.position, before.references.len()), (9, None, 0));

    // What it goes back to is all of it, so it is written as it was read.
    snapshots(&store).rewind(Some(7)).await.unwrap();
    assert_eq!(store.load(&id("m")).await.unwrap().position, Some(7));
    assert_bytes(title, &store.read(&id("m")).await.unwrap().unwrap().state, &list);
}
