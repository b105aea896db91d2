//! What each fault of the faulty store does.

use std::collections::HashMap;
use std::time::SystemTime;

use checkpoint_core::{
    Applied, Checkpoint, CheckpointId, CheckpointStore, ErrorKind, Operation, Outcome, Record, Result, Write,
    async_trait,
};
use checkpoint_testkit::{Fault, FaultyStore};
use tokio::sync::Mutex;
use tokio::task::yield_now;

fn at(id: &str, position: u64) -> Checkpoint {
    Checkpoint::new(CheckpointId::new(id).expect("a good id"), position)
}

/// Writes with one fault. Returns the answer, if one comes, and the position that is held then.
async fn write_with(fault: Fault) -> (Option<Result<Outcome>>, Option<u64>) {
    let store = FaultyStore::new(MapStore::default());
    store.script(Operation::Write, [Fault::None, fault]);
    assert_eq!(store.write(&Write::advance(at("a", 1))).await.expect("no fault yet"), Outcome::Stored);
    let write = Write::advance(at("a", 2));
    let answer = tokio::select! {
        biased;
        answer = store.write(&write) => Some(answer),
        () = yield_now() => None, // a map answers at once, or never
    };
    let held = store.read(&write.checkpoint.id).await.expect("reads have no script");
    (answer, held.and_then(|record| record.checkpoint.position))
}

#[tokio::test]
async fn each_fault_is_done_or_not_and_answered_or_not() {
    for (fault, applied, position) in [
        (Fault::LoseAnswer, Applied::Unknown, 2),
        (Fault::LoseCall, Applied::Unknown, 1),
        (Fault::Refuse, Applied::No, 1),
    ] {
        let (answer, held) = write_with(fault).await;
        let error = answer.expect("an answer").expect_err("the fault");
        assert_eq!(
            (error.kind(), error.applied(), held),
            (ErrorKind::Unavailable, applied, Some(position)),
            "{fault:?}"
        );
        assert_eq!(error.operation(), Some(Operation::Write));
    }
    for (fault, position) in [(Fault::HangAfter, 2), (Fault::HangBefore, 1)] {
        let (answer, held) = write_with(fault).await;
        assert!(answer.is_none() && held == Some(position), "{fault:?}: {answer:?}, {held:?}");
    }
    assert!(matches!(write_with(Fault::None).await, (Some(Ok(Outcome::Stored)), Some(2))));
}

#[tokio::test]
async fn an_endless_script_ends_when_it_is_replaced() {
    let store = FaultyStore::new(MapStore::default());
    let id = at("a", 1).id;
    store.script(Operation::Read, std::iter::repeat(Fault::Refuse));
    for _ in 0..10 {
        assert!(store.read(&id).await.is_err());
    }
    store.script(Operation::Read, []);
    assert_eq!(store.read(&id).await.expect("no script"), None);
}

#[derive(Debug, Default)]
struct MapStore(Mutex<HashMap<CheckpointId, Record>>);

#[async_trait]
impl CheckpointStore for MapStore {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        Ok(self.0.lock().await.get(id).cloned())
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let mut records = self.0.lock().await;
        let current = records.get(&write.checkpoint.id);
        let outcome = write.decide(current);
        if outcome.is_stored() {
            let record = write.record(current, SystemTime::now());
            records.insert(write.checkpoint.id.clone(), record);
        }
        Ok(outcome)
    }
}

/// Its `write_many` is the provided one, over a `write` that may fail.
#[derive(Debug)]
struct TwoMethods(FaultyStore<MapStore>);

#[async_trait]
impl CheckpointStore for TwoMethods {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.0.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.0.write(write).await
    }
}

#[tokio::test]
async fn a_batch_that_fails_in_the_middle_may_have_been_applied() {
    let writes = ["a", "b", "c"].map(|id| Write::advance(at(id, 1)));
    for (script, applied, written) in [
        (vec![Fault::Refuse], Applied::No, [false, false, false]),
        (vec![Fault::None, Fault::Refuse], Applied::Unknown, [true, false, false]),
        (vec![Fault::None, Fault::None, Fault::LoseAnswer], Applied::Unknown, [true, true, true]),
    ] {
        let store = TwoMethods(FaultyStore::new(MapStore::default()));
        store.0.script(Operation::Write, script);
        let error = store.write_many(&writes).await.expect_err("the fault");
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, applied));
        for (write, written) in writes.iter().zip(written) {
            assert_eq!(store.read(&write.checkpoint.id).await.expect("no fault").is_some(), written, "{write:?}");
        }
    }
}
