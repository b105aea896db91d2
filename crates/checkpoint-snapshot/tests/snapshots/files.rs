//! The same over the file store.

use std::sync::Arc;

use checkpoint_core::Operation;
use checkpoint_file::FileStore;
use checkpoint_snapshot::Reason;
use checkpoint_testkit::{Fault, FaultyStore};
use tempfile::TempDir;

use crate::models::{Sum, by_hand, handle};
use crate::tools::{all_records, load, plant, record, restored, save_at, split};

async fn open(directory: &TempDir) -> Arc<FileStore> {
    Arc::new(FileStore::open(directory.path()).await.unwrap())
}

#[tokio::test]
async fn a_model_outlives_the_store() {
    let directory = TempDir::new().unwrap();
    for last in [10, 20, 30] {
        save_at(&split(&open(&directory).await), [last - 1, last]).await;
    }
    let store = open(&directory).await;
    let live = load(&split(&store)).await;
    assert_eq!((live.resume_from(), live.restored().generation.as_ref().unwrap().number), (Some(30), 6));
    assert_eq!(split(&store).rewind(Some(29)).await.unwrap().unwrap().position, Some(29));
    drop((live, store));
    let store = open(&directory).await;
    assert_eq!(load(&split(&store)).await.resume_from(), Some(29));
    assert_eq!(split(&store).delete().await.unwrap().len(), 1);
    drop(store);
    assert!(all_records(&*open(&directory).await).await.is_empty());
}

#[tokio::test]
async fn any_byte_that_changes_is_noticed() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    save_at(&by_hand(&store), [10, 20]).await;
    for (name, expected) in [("~snapshot/sum/1/0", Some(10)), ("sum", None)] {
        let whole = record(&*store, name).await.state;
        for index in 0..whole.len() {
            let mut damaged = whole.to_vec();
            damaged[index] ^= 0x81;
            plant(&*store, name, damaged).await;
            let live = load(&by_hand(&store)).await;
            let (position, rejected) = restored(&live);
            assert_eq!((position, rejected.len()), (expected, 1), "byte {index}");
        }
        plant(&*store, name, whole).await;
    }
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(20));
}

/// The store itself notices it: that costs a snapshot, and not the model.
#[tokio::test]
async fn a_log_that_is_damaged_below_a_chunk() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    let ballast = "ballast".repeat(1_000);
    let mut live = by_hand(&store).compress_above(u64::MAX).load(Sum::default).await.unwrap();
    live.model_mut().ballast = ballast;
    for last in [10, 20] {
        handle(&mut live, last);
        live.save().await.unwrap();
    }
    drop(live);
    damage_last_large_line(&directory);
    let live = by_hand(&store).load(Sum::default).await.unwrap();
    let (position, rejected) = restored(&live);
    assert_eq!(position, Some(10));
    assert!(matches!(rejected[..], [(Some(2), Reason::Store(_))]), "{rejected:?}");
}

/// Changes a byte in the middle of the last line that is as long as a chunk.
fn damage_last_large_line(directory: &TempDir) {
    let log = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .max_by_key(|path| std::fs::metadata(path).unwrap().len())
        .unwrap();
    let mut bytes = std::fs::read(&log).unwrap();
    let lines: Vec<usize> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::len).collect();
    let last = lines.iter().rposition(|length| *length > 5_000).unwrap();
    let start: usize = lines[..last].iter().map(|length| length + 1).sum();
    let middle = start + lines[last] / 2;
    bytes[middle] = if bytes[middle] == b'A' { b'B' } else { b'A' };
    std::fs::write(&log, bytes).unwrap();
}

/// Each write of a save, refused or with its answer lost.
#[tokio::test]
async fn one_fault_at_any_write() {
    for fault in [Fault::Refuse, Fault::LoseCall, Fault::LoseAnswer] {
        for writes in 0..12 {
            let directory = TempDir::new().unwrap();
            let store = Arc::new(FaultyStore::new(FileStore::open(directory.path()).await.unwrap()));
            save_at(&split(&store), [10, 20]).await;
            let mut live = load(&split(&store)).await;
            handle(&mut live, 30);
            store.script(Operation::Write, std::iter::repeat_n(Fault::None, writes).chain([fault]));
            let is_saved = live.save().await.is_ok();
            store.script(Operation::Write, []);
            let now = load(&split(&store)).await;
            assert!(!is_saved || now.resume_from() == Some(30));
            assert!(matches!(restored(&now), (Some(20 | 30), rejected) if rejected.is_empty()));
            save_at(&split(&store), [40]).await;
            assert_eq!(load(&split(&store)).await.resume_from(), Some(40));
        }
    }
}
