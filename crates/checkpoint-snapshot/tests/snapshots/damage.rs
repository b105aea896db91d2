//! What is stored is not what was saved: the model is one that was saved, or made anew, and it is said why.

use std::sync::Arc;

use checkpoint_core::{CheckpointStore, Write};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::format::{CannotDecode, Header, Options, decode, encode};
use checkpoint_snapshot::{Bucket, Live, NoGenerations, Reason, WrongChunk};

use crate::models::{Sum, by_hand, copy_of, handle, plant, record, saved_at, split, whole};

const NEWEST: &str = "~snapshot/sum/1/0";

/// Snapshots at 10 and 20, in slots 0 and 1.
async fn two() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    drop(saved_at(&by_hand(&store), &[10, 20]).await);
    store
}

/// Loads with another state of a record.
async fn with_state(store: &Arc<MemoryStore>, name: &str, state: Vec<u8>) -> Live<Sum> {
    plant(store, name, state).await;
    by_hand(store).load(Sum::default).await.unwrap()
}

/// The position of the model, and why no newer one was used.
fn seen(live: &Live<Sum>) -> (u64, Vec<&Reason>) {
    (whole(live), live.restored().rejected.iter().map(|rejected| &rejected.reason).collect())
}

/// Every bit that can be wrong, and every length.
fn damaged(state: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let flipped = (0..state.len() * 8).map(|bit| {
        let mut flipped = state.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    });
    flipped.chain((0..state.len()).map(|length| state[..length].to_vec()))
}

#[tokio::test]
async fn damage_anywhere_in_the_newest_snapshot_costs_a_replay_from_the_one_before() {
    let store = two().await;
    let state = record(&store, NEWEST).await.state;
    for damaged in damaged(&state) {
        let live = with_state(&store, NEWEST, damaged).await;
        let (position, reasons) = seen(&live);
        assert_eq!((position, reasons.len()), (10, 1), "{reasons:?}");
    }
    assert_eq!(whole(&with_state(&store, NEWEST, state.to_vec()).await), 20);
}

#[tokio::test]
async fn damage_anywhere_in_the_list_makes_the_model_anew() {
    let store = two().await;
    let state = record(&store, "sum").await.state;
    for damaged in damaged(&state).filter(|damaged| !damaged.is_empty()) {
        let live = with_state(&store, "sum", damaged).await;
        let (position, reasons) = seen(&live);
        assert_eq!(position, 0);
        assert!(matches!(&reasons[..], [Reason::List(_)]), "{reasons:?}");
    }
    let live = with_state(&store, "sum", Vec::new()).await;
    let (position, reasons) = seen(&live);
    assert!(matches!((position, &reasons[..]), (0, [Reason::NothingSaved { position: Some(20) }])), "{reasons:?}");
    assert_eq!(whole(&with_state(&store, "sum", state.to_vec()).await), 20);
}

#[tokio::test]
async fn a_model_that_was_made_anew_is_saved_at_positions_before_the_old_ones() {
    let store = two().await;
    plant(&store, "sum", b"something else".to_vec()).await;
    let mut live = by_hand(&store).load(Sum::default).await.unwrap();
    handle(&mut live, 5);
    live.save().await.unwrap();
    assert_eq!(record(&store, "sum").await.checkpoint.position, Some(5));
    assert_eq!(whole(&by_hand(&store).load(Sum::default).await.unwrap()), 5);
}

#[tokio::test]
async fn a_chunk_that_is_missing_or_of_another_snapshot_is_noticed() {
    let store = Arc::new(MemoryStore::new());
    drop(saved_at(&split(&store), &[10, 20]).await);
    let chunks = store.list("~snapshot/sum/1/", None, 100).await.unwrap();
    assert_eq!(chunks.len(), 3);
    for chunk in chunks {
        let name = chunk.checkpoint.id.as_str();
        let older = record(&store, &name.replace("/1/", "/0/")).await.state;
        let first = record(&store, "~snapshot/sum/1/0").await.state;
        let elsewhere = copy_of(&store).await;
        let live = with_state(&elsewhere, name, older.to_vec()).await;
        let expected = WrongChunk::OtherGeneration { generation: 1 };
        assert!(is_chunk(&seen(&live), name, &expected), "{:?}", live.restored());
        if !name.ends_with("/0") {
            let live = with_state(&copy_of(&store).await, name, first.to_vec()).await;
            assert!(is_chunk(&seen(&live), name, &WrongChunk::Damaged), "{:?}", live.restored());
        }
        let elsewhere = copy_of(&store).await;
        elsewhere.delete(&chunk.checkpoint.id).await.unwrap();
        let live = split(&elsewhere).load(Sum::default).await.unwrap();
        assert_eq!(whole(&live), 10);
        let reason = &live.restored().rejected[0].reason;
        assert_eq!(reason.to_string(), format!("record {name:?}: it is missing"));
    }
}

/// Whether the newest snapshot is not used for this chunk.
fn is_chunk((position, reasons): &(u64, Vec<&Reason>), name: &str, expected: &WrongChunk) -> bool {
    *position == 10 && matches!(&reasons[..], [Reason::Chunk { record, wrong }] if record == name && wrong == expected)
}

#[tokio::test]
async fn newer_formats_are_not_guessed_at() {
    let store = two().await;
    let newer = |mut state: Vec<u8>| {
        state[4] = 2;
        state
    };
    let chunk = record(&store, NEWEST).await.state.to_vec();
    let live = with_state(&store, NEWEST, newer(chunk.clone())).await;
    let (position, reasons) = seen(&live);
    assert!(is_chunk(&(position, reasons), NEWEST, &WrongChunk::Newer { version: 2 }), "{:?}", live.restored());

    // Behind the header of the chunk, which has 8 bytes, the snapshot has a version of its own.
    let mut snapshot = chunk.clone();
    snapshot[8 + 4] = 2;
    let live = with_state(&store, NEWEST, snapshot).await;
    let (position, reasons) = seen(&live);
    assert!(
        matches!((position, &reasons[..]), (10, [Reason::Decode(CannotDecode::Newer { version: 2 })])),
        "{reasons:?}"
    );
    plant(&store, NEWEST, chunk).await;

    let list = record(&store, "sum").await.state;
    let (Header { model, version, position, .. }, bucket) = decode(&list).unwrap();
    let newer_list = encode(&Header::new(model, version + 1, position), &bucket, &Options::default()).unwrap();
    let live = with_state(&store, "sum", newer_list.into_bytes().to_vec()).await;
    let (position, reasons) = seen(&live);
    let is_newer = matches!(&reasons[..], [Reason::List(NoGenerations::Newer { version: 2 })]);
    assert!(position == 0 && is_newer, "{reasons:?}");
}

#[tokio::test]
async fn what_another_crate_has_stored_there_is_told_apart() {
    let store = two().await;
    let other = encode(&Header::new("other", 1, Some(20)), &Bucket::new(), &Options::default()).unwrap();
    let live = with_state(&store, "sum", other.into_bytes().to_vec()).await;
    let (position, reasons) = seen(&live);
    assert_eq!(position, 0);
    assert!(matches!(&reasons[..], [Reason::List(NoGenerations::Other { model })] if model == "other"), "{reasons:?}");
}

#[tokio::test]
async fn a_checkpoint_that_was_set_back_takes_the_snapshot_before_that() {
    let store = two().await;
    let mut record = record(&store, "sum").await;
    record.checkpoint.position = Some(15);
    let write = Write::overwrite(record.checkpoint).with_epoch(record.epoch).with_state(record.state);
    assert!(store.write(&write).await.unwrap().is_stored());
    let live = by_hand(&store).load(Sum::default).await.unwrap();
    assert_eq!(whole(&live), 10);
    assert_eq!(live.restored().rejected[0].reason.to_string(), "the checkpoint was set back to position 15, before it");
}
