//! Records that are whole, and of something else or of a newer version.

use std::sync::Arc;

use checkpoint_commit::codec;
use checkpoint_core::{Checkpoint, CheckpointStore, Outcome, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::format::{CannotDecode, Header, Options, decode, encode};
use checkpoint_snapshot::{Bucket, CannotRestore, NoGenerations, Plain, Reason, WrongChunk};
use serde::{Deserialize, Serialize};

use crate::models::{by_hand, handle, id};
use crate::tools::{load, move_to, plant, record, restored, save_at};

async fn saved() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store), [10, 20]).await;
    store
}

#[tokio::test]
async fn a_snapshot_of_another_model() {
    #[derive(Default, Serialize, Deserialize)]
    struct Other;
    impl Plain for Other {
        const NAME: &'static str = "other";
    }
    let store = saved().await;
    let live = by_hand(&store).load(Other::default).await.unwrap();
    assert_eq!((live.resume_from(), live.restored().rejected.len()), (None, 2));
    let reason = &live.restored().rejected[0].reason;
    assert!(matches!(reason, Reason::Restore(CannotRestore::OtherModel { .. })), "{reason}");
    assert_eq!(reason.to_string(), r#"it is of "sum", not of "other": give each model an id of its own"#);
}

#[tokio::test]
async fn a_snapshot_of_a_newer_version_of_the_model() {
    #[derive(Default, Serialize, Deserialize)]
    struct Newer;
    impl Plain for Newer {
        const NAME: &'static str = "sum";
        const VERSION: u32 = 2;
    }
    let store = saved().await;
    let mut live = by_hand(&store).load(Newer::default).await.unwrap();
    assert_eq!(live.restored().rejected.len(), 2, "version 1 is not migrated");
    live.apply(30, |_| ()).unwrap();
    live.save().await.unwrap();

    let live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!(position, None);
    assert!(matches!(rejected[..], [(Some(3), Reason::Restore(CannotRestore::Newer { found: 2, known: 1, .. }))]));
    assert!(rejected[0].1.to_string().ends_with("knows versions up to 1: update it"), "{}", rejected[0].1);
}

#[tokio::test]
async fn newer_versions_of_a_chunk_and_of_the_format() {
    let store = saved().await;
    let whole = record(&store, "~snapshot/sum/1/0").await.state;
    let newer = |index: usize| {
        let mut bytes = whole.to_vec();
        bytes[index] = 2;
        bytes
    };
    plant(&store, "~snapshot/sum/1/0", newer(4)).await;
    let live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!(position, Some(10));
    assert!(matches!(rejected[0].1, Reason::Chunk { wrong: WrongChunk::Newer { version: 2 }, .. }));

    let header = 8; // magic, version, and three numbers of one byte
    plant(&store, "~snapshot/sum/1/0", newer(header + 4)).await;
    let live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!(position, Some(10));
    assert!(matches!(rejected[0].1, Reason::Decode(CannotDecode::Newer { version: 2 })), "{}", rejected[0].1);
}

/// The list, with another header or changed.
async fn list(store: &MemoryStore, model: &str, version: u32, change: impl Fn(&mut Bucket)) -> Vec<u8> {
    let (header, mut list) = decode(&record(store, "sum").await.state).unwrap();
    change(&mut list);
    let header = Header::new(model, version, header.position);
    encode(&header, &list, &Options::default()).unwrap().into_bytes().to_vec()
}

#[tokio::test]
async fn lists_that_are_none() {
    const NAME: &str = "checkpoint-snapshot/generations";
    let store = saved().await;
    let whole = record(&store, "sum").await.state;
    let committed = codec::encode(Some(20), std::iter::empty(), &[]);
    let committed = if committed.is_empty() { b"open: 17".to_vec() } else { committed.to_vec() };
    type Expected = fn(&NoGenerations) -> bool;
    let cases: Vec<(Vec<u8>, Expected)> = vec![
        (list(&store, NAME, 2, |_| ()).await, |wrong| matches!(wrong, NoGenerations::Newer { version: 2 })),
        (
            list(&store, "sum", 1, |_| ()).await,
            |wrong| matches!(wrong, NoGenerations::Other { model } if model == "sum"),
        ),
        (list(&store, NAME, 1, |list| drop(list.part("2").remove("slot"))).await, |wrong| {
            wrong.to_string().contains(r#"2: "slot" is missing"#)
        }),
        (
            list(&store, NAME, 1, |list| {
                list.part("2").put("version", -1);
            })
            .await,
            |wrong| matches!(wrong, NoGenerations::Bucket(_)),
        ),
        (committed, |wrong| matches!(wrong, NoGenerations::Decode(CannotDecode::NoSnapshot))),
    ];
    for (planted, expected) in cases {
        plant(&store, "sum", planted).await;
        let live = load(&by_hand(&store)).await;
        let (position, rejected) = restored(&live);
        assert_eq!((position, rejected.len()), (None, 1));
        let Reason::List(wrong) = rejected[0].1 else { panic!("{}", rejected[0].1) };
        assert!(expected(wrong), "{wrong}");
    }
    plant(&store, "sum", whole).await;
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(20));
}

/// Numbers as no list has them: nothing panics, and what cannot be used is rejected.
#[tokio::test]
async fn lists_with_extreme_numbers() {
    const NAME: &str = "checkpoint-snapshot/generations";
    for key in ["number", "position", "saved at", "version", "bytes", "slot", "chunks"] {
        for value in [0, u64::from(u32::MAX), u64::MAX] {
            let store = saved().await;
            let changed = list(&store, NAME, 1, |list| {
                list.part("2").put(key, value);
            })
            .await;
            plant(&store, "sum", changed).await;
            let _answered = by_hand(&store).rewind(Some(u64::MAX)).await;
            let mut live = load(&by_hand(&store)).await;
            handle(&mut live, 30);
            live.save().await.unwrap();
            load(&by_hand(&store)).await;
        }
    }
}

#[tokio::test]
async fn a_snapshot_that_is_not_what_the_list_says() {
    let store = saved().await;
    let changed = list(&store, "checkpoint-snapshot/generations", 1, |list| {
        list.part("2").put("position", 19);
    })
    .await;
    plant(&store, "sum", changed).await;
    let live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!(position, Some(10));
    assert!(matches!(rejected[..], [(Some(2), Reason::Differs { version: 1, position: Some(20), .. })]));
}

#[tokio::test]
async fn a_position_without_a_snapshot() {
    let store = Arc::new(MemoryStore::new());
    let write = Write::advance(Checkpoint::new(id("sum"), 7));
    assert_eq!(store.write(&write).await.unwrap(), Outcome::Stored);
    let mut live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!(position, None);
    assert!(matches!(rejected[..], [(None, Reason::NothingSaved { position: Some(7) })]));
    assert_eq!(rejected[0].1.to_string(), "the checkpoint stands at position 7, and no snapshot was saved with it");
    handle(&mut live, 3);
    live.save().await.unwrap();
    assert_eq!(load(&by_hand(&store)).await.resume_from(), Some(3));
}

#[tokio::test]
async fn a_checkpoint_that_was_set_back() {
    let store = saved().await;
    for (position, expected, beyond) in [(Some(20), Some(20), 0), (Some(15), Some(10), 1), (None, None, 2)] {
        move_to(&store, position).await;
        let live = load(&by_hand(&store)).await;
        let (restored, rejected) = restored(&live);
        assert_eq!((restored, rejected.len()), (expected, beyond));
        assert!(
            rejected.iter().all(|(_, reason)| matches!(reason, Reason::Beyond { position: at } if *at == position))
        );
    }
    // It is saved from there on, and what was beyond is forgotten.
    move_to(&store, Some(15)).await;
    save_at(&by_hand(&store), [12]).await;
    let positions: Vec<_> = by_hand(&store).list().await.unwrap().iter().map(|kept| kept.position).collect();
    assert_eq!(positions, [Some(12), Some(10)]);
}
