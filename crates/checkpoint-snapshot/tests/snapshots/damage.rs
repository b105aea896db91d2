//! Records that are damaged: the model is one that was saved, or made anew, and never wrong.

use std::sync::Arc;

use checkpoint_core::{CheckpointStore, ErrorKind};
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Reason, WrongChunk};

use crate::models::{Sum, by_hand, handle, id};
use crate::tools::{load, plant, record, restored, save_at, split};

/// Snapshots 1 and 2, at positions 10 and 20: in slots 0 and 1.
async fn saved() -> Arc<MemoryStore> {
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store), [10, 20]).await;
    store
}

#[tokio::test]
async fn any_flipped_bit_of_a_chunk_costs_the_newest_snapshot() {
    let store = saved().await;
    let whole = record(&store, "~snapshot/sum/1/0").await.state;
    for bit in 0..8 * whole.len() {
        let mut damaged = whole.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        plant(&store, "~snapshot/sum/1/0", damaged).await;
        let live = load(&by_hand(&store)).await;
        let (position, rejected) = restored(&live);
        assert_eq!((position, rejected.len(), rejected[0].0), (Some(10), 1, Some(2)), "bit {bit}");
    }
}

#[tokio::test]
async fn any_flipped_bit_of_the_list_makes_the_model_anew() {
    let store = saved().await;
    let whole = record(&store, "sum").await.state;
    for bit in 0..8 * whole.len() {
        let mut damaged = whole.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        plant(&store, "sum", damaged).await;
        let live = load(&by_hand(&store)).await;
        let (position, rejected) = restored(&live);
        assert_eq!((position, rejected.len(), rejected[0].0), (None, 1, None), "bit {bit}");
        assert!(matches!(rejected[0].1, Reason::List(_)), "bit {bit}");
        assert_eq!(by_hand(&store).list().await.unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(by_hand(&store).rewind(None).await.unwrap_err().kind(), ErrorKind::Corrupt);
    }
}

#[tokio::test]
async fn a_record_that_is_cut_off_at_any_length() {
    let store = saved().await;
    for (name, expected) in [("~snapshot/sum/1/0", Some(10)), ("sum", None)] {
        let whole = record(&store, name).await.state;
        for length in 0..whole.len() {
            plant(&store, name, whole.slice(..length)).await;
            let live = load(&by_hand(&store)).await;
            let (position, rejected) = restored(&live);
            assert_eq!((position, rejected.len()), (expected, 1), "{name} at {length}");
        }
        plant(&store, name, [&whole[..], &[0]].concat()).await;
        assert_eq!(restored(&load(&by_hand(&store)).await).1.len(), 1, "{name} with one more byte");
        plant(&store, name, whole).await;
        assert!(restored(&load(&by_hand(&store)).await).1.is_empty());
    }
}

#[tokio::test]
async fn both_snapshots_broken() {
    let store = saved().await;
    for slot in 0..2 {
        plant(&store, &format!("~snapshot/sum/{slot}/0"), &b"broken"[..]).await;
    }
    let mut live = load(&by_hand(&store)).await;
    let (position, rejected) = restored(&live);
    assert_eq!((position, rejected[0].0, rejected[1].0), (None, Some(2), Some(1)));
    for (_, reason) in rejected {
        assert!(matches!(reason, Reason::Chunk { wrong: WrongChunk::Damaged, .. }), "{reason}");
        assert!(reason.to_string().starts_with("record \"~snapshot/sum/"), "{reason}");
    }
    // It goes on all the same, and what was rejected is gone.
    handle(&mut live, 5);
    live.save().await.unwrap();
    let live = load(&by_hand(&store)).await;
    assert_eq!((live.resume_from(), restored(&live).1.len()), (Some(5), 0));
    assert_eq!(by_hand(&store).list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_missing_chunk() {
    let store = Arc::new(MemoryStore::new());
    save_at(&split(&store), [10, 20]).await;
    let chunks = store.list("~snapshot/sum/1/", None, 100).await.unwrap();
    assert!(chunks.len() > 2, "{}", chunks.len());
    for chunk in chunks {
        let (name, state) = (chunk.checkpoint.id.to_string(), chunk.state);
        store.delete(&chunk.checkpoint.id).await.unwrap();
        let live = load(&split(&store)).await;
        let (position, rejected) = restored(&live);
        assert_eq!(position, Some(10));
        assert!(
            matches!(rejected[0], (Some(2), Reason::Chunk { record, wrong: WrongChunk::Missing }) if *record == name)
        );
        assert_eq!(store.claim(&id(&name), "test").await.unwrap().epoch, 1);
        plant(&store, &name, state).await;
    }
    assert_eq!(load(&split(&store)).await.resume_from(), Some(20));
}

#[tokio::test]
async fn chunks_in_another_order_or_of_another_snapshot() {
    let store = Arc::new(MemoryStore::new());
    save_at(&split(&store), [10, 20]).await;
    let first = record(&store, "~snapshot/sum/1/0").await.state;
    let second = record(&store, "~snapshot/sum/1/1").await.state;
    let of_the_other = record(&store, "~snapshot/sum/0/1").await.state;
    for (planted, expected) in
        [(first, WrongChunk::Damaged), (of_the_other, WrongChunk::OtherGeneration { generation: 1 })]
    {
        plant(&store, "~snapshot/sum/1/1", planted).await;
        let live = load(&split(&store)).await;
        let (position, rejected) = restored(&live);
        assert_eq!(position, Some(10));
        assert!(matches!(rejected[0].1, Reason::Chunk { wrong, .. } if *wrong == expected), "{:?}", rejected[0]);
    }
    plant(&store, "~snapshot/sum/1/1", second).await;
    assert_eq!(load(&split(&store)).await.resume_from(), Some(20));
}

/// After going back the next snapshot has the number of one that is forgotten.
#[tokio::test]
async fn chunks_of_two_snapshots_with_the_same_number() {
    let store = Arc::new(MemoryStore::new());
    save_at(&split(&store), [10, 20]).await;
    let forgotten = store.list("~snapshot/sum/1/", None, 100).await.unwrap();
    split(&store).rewind(Some(10)).await.unwrap();
    save_at(&split(&store), [30]).await;
    assert_eq!(split(&store).list().await.unwrap()[0].number, 2);
    for chunk in forgotten {
        let name = chunk.checkpoint.id.as_str();
        let now = record(&store, name).await.state;
        plant(&store, name, chunk.state.clone()).await;
        let live = load(&split(&store)).await;
        let expected = if chunk.state == now { Some(30) } else { Some(10) };
        assert_eq!(live.resume_from(), expected, "{name}");
        plant(&store, name, now).await;
    }
}

#[tokio::test]
async fn a_model_that_is_wrong_is_noticed_by_these_tests() {
    let store = Arc::new(MemoryStore::new());
    let mut live = by_hand(&store).load(Sum::default).await.unwrap();
    live.handled(1, 0).unwrap();
    live.save().await.unwrap();
    assert!(tokio::spawn(async move { drop(load(&by_hand(&store)).await) }).await.unwrap_err().is_panic());
}
