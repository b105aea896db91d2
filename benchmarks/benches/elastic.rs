//! What a checkpoint costs in Elasticsearch, next to plain requests with the same document over the same client.
//!
//! `CHECKPOINT_TEST_ELASTIC_URL` names the server; without it there is nothing to measure.

#![expect(clippy::print_stdout, reason = "it is a report")]

use benchmarks::{Contestant, compare};
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Write};
use checkpoint_elastic::ElasticStore;
use checkpoint_elastic::elasticsearch::http::transport::{SingleNodeConnectionPool, TransportBuilder};
use checkpoint_elastic::elasticsearch::http::{Url, response::Response};
use checkpoint_elastic::elasticsearch::indices::IndicesDeleteParts;
use checkpoint_elastic::elasticsearch::{BulkOperation, BulkParts, Elasticsearch, IndexParts};
use peak_alloc::PeakAlloc;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const VARIABLE: &str = "CHECKPOINT_TEST_ELASTIC_URL";
const INDEX: &str = "benchmark";
const MANY: u32 = 1_000;
const ROUNDS: usize = 60;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

fn main() {
    let Ok(url) = std::env::var(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} is not set");
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let pool = SingleNodeConnectionPool::new(Url::parse(&url).expect("a URL"));
    let client = Elasticsearch::new(TransportBuilder::new(pool).disable_proxy().build().expect("a transport"));
    let store = ElasticStore::new(client.clone()).with_index(INDEX).expect("a good name");
    runtime.block_on(store.migrate()).expect("the server answers");

    one_at_a_time(&runtime, &client, &store);
    many_at_once(&runtime, &client, &store);
    memory(&runtime, &client);
    let delete = async { client.indices().delete(IndicesDeleteParts::Index(&[INDEX])).send().await };
    succeeded(&runtime.block_on(delete).expect("the server answers"));
}

fn one_at_a_time(runtime: &Runtime, client: &Elasticsearch, store: &ElasticStore) {
    let write = write("single", 0);
    let contestants = vec![
        Contestant::new("plain index request", 1, || {
            let request = client.index(IndexParts::IndexId(INDEX, "plain")).body(document("plain"));
            succeeded(&runtime.block_on(request.send()).expect("the server answers"));
        }),
        Contestant::new("write", 1, || {
            assert!(runtime.block_on(store.write(&write)).expect("the server answers").is_stored());
        }),
    ];
    compare("Elasticsearch, one at a time", ROUNDS, contestants);
}

fn many_at_once(runtime: &Runtime, client: &Elasticsearch, store: &ElasticStore) {
    let writes: Vec<_> = (0..MANY).map(|number| write("many", number)).collect();
    let single = write("single", 0);
    let contestants = vec![
        Contestant::new("write, one at a time", 1, || {
            assert!(runtime.block_on(store.write(&single)).expect("the server answers").is_stored());
        }),
        Contestant::new("write_many", MANY, || {
            let outcomes = runtime.block_on(store.write_many(&writes)).expect("the server answers");
            assert!(outcomes.into_iter().all(|outcome| outcome.is_stored()));
        }),
        Contestant::new("plain bulk request", MANY, || {
            let plain = |number| {
                let id = format!("plain-{number}");
                BulkOperation::from(BulkOperation::index(document(&id)).id(id))
            };
            let request = client.bulk(BulkParts::Index(INDEX)).body((0..MANY).map(plain).collect());
            let answer = runtime.block_on(request.send()).expect("the server answers");
            let answer: Value = runtime.block_on(answer.json()).expect("an answer");
            assert_eq!(answer["errors"], json!(false));
        }),
    ];
    compare(&format!("Elasticsearch, {MANY} at once"), ROUNDS, contestants);
}

/// What a store keeps after it has written 10,000 checkpoints, beside what the client keeps: a store before it had the client
/// grow as far.
fn memory(runtime: &Runtime, client: &Elasticsearch) {
    let written = || {
        let store = ElasticStore::new(client.clone()).with_index(INDEX).expect("a good name");
        for batch in 0..10 {
            let writes: Vec<_> = (0..MANY).map(|number| write("memory", batch * MANY + number)).collect();
            let outcomes = runtime.block_on(store.write_many(&writes)).expect("the server answers");
            assert!(outcomes.into_iter().all(|outcome| outcome.is_stored()));
        }
        store
    };
    drop(written());
    let before = MEMORY.current_usage();
    let store = written();
    let kept = MEMORY.current_usage().saturating_sub(before);
    drop(store);
    println!("\n{:44} {:>12} KiB", "memory of a store over 10,000 ids", kept / 1024);
}

fn succeeded(answer: &Response) {
    assert!(answer.status_code().is_success(), "{}", answer.status_code());
}

fn write(prefix: &str, number: u32) -> Write {
    let id = CheckpointId::new(format!("{prefix}-{number}")).expect("a good id");
    Write::advance(Checkpoint::new(id, 1_234_567)).with_state(vec![7; 64])
}

/// As the store writes it.
fn document(id: &str) -> Value {
    json!({
        "id": id,
        "position": 1_234_567,
        "epoch": 0,
        "owner": null,
        "state": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBw==",
        "updated_at": "2026-09-21T14:13:20.123456Z",
    })
}
