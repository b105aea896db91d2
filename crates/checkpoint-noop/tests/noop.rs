//! The store remembers nothing, so it cannot pass `checkpoint-testkit`: what it does promise is tested here.

use checkpoint_core::{
    Applied, Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, ErrorKind, MAX_EPOCH, MAX_OWNER_BYTES,
    MAX_POSITION, MAX_STATE_BYTES, Outcome, Write,
};
use checkpoint_noop::NoopStore;

fn at(position: impl Into<Option<u64>>) -> Checkpoint {
    Checkpoint::new(CheckpointId::new("orders").expect("a good id"), position)
}

#[tokio::test]
async fn nothing_is_remembered() {
    let (store, id) = (NoopStore::new(), at(None).id);
    assert_eq!(store.write(&Write::advance(at(7))).await.unwrap(), Outcome::Stored);
    assert_eq!(store.read(&id).await.unwrap(), None);
    assert_eq!(store.list("", None, 10).await.unwrap(), []);
    assert!(!store.delete(&id).await.unwrap());
    assert_eq!(store.write(&Write::advance(at(6))).await.unwrap(), Outcome::Stored);
}

#[tokio::test]
async fn a_consumer_that_claims_goes_on_and_nobody_is_fenced() {
    let store = NoopStore::new();
    let first = store.claim(&at(None).id, "a:1").await.unwrap();
    let second = store.claim(&at(None).id, "b:1").await.unwrap();
    assert_eq!((first.epoch, second.epoch), (1, 1));
    assert_eq!((first.owner.as_deref(), first.checkpoint), (Some("a:1"), at(None)));
    for epoch in [0, 1, MAX_EPOCH] {
        for write in [Write::advance(at(7)), Write::overwrite(at(None)), Write::expect(at(7), None)] {
            let write = write.with_epoch(epoch);
            assert_eq!(store.write(&write).await.unwrap(), Outcome::Stored, "{write:?}");
        }
    }
    assert_eq!(store.reset(&at(None).id, Some(3), "c:1").await.unwrap().checkpoint, at(3));
}

#[tokio::test]
async fn a_position_that_is_expected_is_not_there() {
    let writes = [Write::expect(at(8), Some(7)), Write::advance(Checkpoint::new(CheckpointId::new("b").unwrap(), 1))];
    let store = NoopStore::new();
    assert_eq!(store.write(&writes[0]).await.unwrap(), Outcome::Mismatch(None));
    assert_eq!(store.write_many(&writes).await.unwrap(), [Outcome::Mismatch(None), Outcome::Stored]);
    assert_eq!(store.write_many(&[]).await.unwrap(), []);
}

#[tokio::test]
async fn what_every_store_refuses_is_refused() {
    let store = NoopStore::new();
    let refused = [
        store.write(&Write::advance(at(MAX_POSITION + 1))).await.unwrap_err(),
        store.write(&Write::advance(at(1)).with_state(vec![0; MAX_STATE_BYTES + 1])).await.unwrap_err(),
        store.write_many(&[Write::advance(at(1)), Write::advance(at(2))]).await.unwrap_err(),
        store.claim(&at(None).id, &"x".repeat(MAX_OWNER_BYTES + 1)).await.unwrap_err(),
    ];
    for error in refused {
        assert_eq!((error.kind(), error.applied(), error.store()), (ErrorKind::Invalid, Applied::No, Some("noop")));
    }
}
