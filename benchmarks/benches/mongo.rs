//! What a checkpoint costs in MongoDB, next to the plainest update of the same document over the same client.
//!
//! `CHECKPOINT_TEST_MONGO_URL` names the server; without it there is nothing to measure.

use benchmarks::{Contestant, compare};
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Write};
use checkpoint_mongo::MongoStore;
use checkpoint_mongo::mongodb::bson::spec::BinarySubtype;
use checkpoint_mongo::mongodb::bson::{Binary, Document, doc};
use checkpoint_mongo::mongodb::options::{Acknowledgment, WriteConcern};
use checkpoint_mongo::mongodb::{Client, Collection};
use tokio::runtime::Runtime;

const VARIABLE: &str = "CHECKPOINT_TEST_MONGO_URL";
const DATABASE: &str = "checkpoint_benchmark";
const STATE_BYTES: usize = 64;
const MANY: u32 = 1_000;
const ROUNDS: usize = 40;

fn main() {
    let Ok(url) = std::env::var(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} is not set");
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let client = runtime.block_on(Client::with_uri_str(url)).expect("a URL");
    let database = client.database(DATABASE);
    let store = MongoStore::new(database.clone());
    let writes: Vec<_> = (0..MANY).map(write).collect();
    let stored = runtime.block_on(store.write_many(&writes)).expect("the server answers");
    assert!(stored.into_iter().all(|outcome| outcome.is_stored()));

    one_at_a_time(&runtime, &database.collection("checkpoint"), &store);
    batches(&runtime, &store, &writes);
    runtime.block_on(database.drop().into_future()).expect("the server answers");
}

fn one_at_a_time(runtime: &Runtime, documents: &Collection<Document>, store: &MongoStore) {
    let confirmed = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).build();
    let plain = Contestant::new("updateOne", 1, || {
        let update = documents.update_one(doc! { "_id": name(0) }, plain_update()).write_concern(confirmed.clone());
        assert_eq!(runtime.block_on(update.into_future()).expect("the server answers").matched_count, 1);
    });
    let guarded = |name, write: Write| {
        Contestant::new(name, 1, move || {
            let outcome = runtime.block_on(store.write(&write)).expect("the server answers");
            assert!(outcome.is_stored());
        })
    };
    let claimed = runtime.block_on(store.claim(&id(1), "benchmark")).expect("the server answers");
    let owned = write(1).with_epoch(claimed.epoch);
    compare(
        "MongoDB, one at a time",
        ROUNDS,
        vec![plain, guarded("write", write(0)), guarded("write with an epoch", owned)],
    );
    assert!(runtime.block_on(store.delete(&id(1))).expect("the server answers"));
}

fn batches(runtime: &Runtime, store: &MongoStore, writes: &[Write]) {
    let single = Contestant::new("write, one by one", 1, || {
        let outcome = runtime.block_on(store.write(&writes[0])).expect("the server answers");
        assert!(outcome.is_stored());
    });
    let many = Contestant::new("write_many", MANY, || {
        let outcomes = runtime.block_on(store.write_many(writes)).expect("the server answers");
        assert!(outcomes.into_iter().all(|outcome| outcome.is_stored()));
    });
    compare("MongoDB, 1,000 at once", ROUNDS / 4, vec![single, many]);
}

/// The same fields with the same values, whatever stands there.
fn plain_update() -> Document {
    let state = Binary { subtype: BinarySubtype::Generic, bytes: vec![7; STATE_BYTES] };
    doc! {
        "$set": { "position": 42_i64, "epoch": 0_i64, "state": state },
        "$currentDate": { "updated_at": true },
    }
}

fn write(number: u32) -> Write {
    Write::advance(Checkpoint::new(id(number), 42)).with_state(vec![7; STATE_BYTES])
}

fn id(number: u32) -> CheckpointId {
    CheckpointId::new(name(number)).expect("a good id")
}

fn name(number: u32) -> String {
    format!("consumer-{number:05}")
}
