//! What a checkpoint costs in Redis, next to a plain `SET` of as many bytes over the same connection.
//!
//! `CHECKPOINT_TEST_REDIS_URL` names the server; without it there is nothing to measure.

use benchmarks::{Contestant, compare};
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Write};
use checkpoint_redis::RedisStore;
use checkpoint_redis::redis::aio::MultiplexedConnection;
use checkpoint_redis::redis::{AsyncConnectionConfig, Client, Cmd, Pipeline, Script, Value, cmd};
use tokio::runtime::Runtime;

const VARIABLE: &str = "CHECKPOINT_TEST_REDIS_URL";
const PREFIX: &str = "benchmark:";
const STATE_BYTES: usize = 64;
/// Beside the state a checkpoint has an epoch, a position and a time.
const VALUE_BYTES: usize = STATE_BYTES + 36;
const BATCH: u32 = 100;
const MANY: u32 = 1_000;
const ROUNDS: usize = 60;

fn main() {
    let Ok(url) = std::env::var(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} is not set");
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let settings = AsyncConnectionConfig::new().set_response_timeout(None);
    let client = Client::open(url).expect("a URL");
    let connecting = client.get_multiplexed_async_connection_with_config(&settings);
    let connection = runtime.block_on(connecting).expect("a server");
    let store = RedisStore::new(connection.clone()).with_prefix(PREFIX).expect("a good prefix");

    one_at_a_time(&runtime, &connection, &store);
    batches(&runtime, &connection, &store, BATCH);
    batches(&runtime, &connection, &store, MANY);
    runtime.block_on(clean_up(&store));
}

fn one_at_a_time(runtime: &Runtime, connection: &MultiplexedConnection, store: &RedisStore) {
    let (set, write) = (set(0), write(0));
    let contestants = vec![
        Contestant::new("SET", 1, || send(runtime, connection, &pipeline([set.clone()]))),
        Contestant::new("write", 1, || {
            let outcome = runtime.block_on(store.write(&write)).expect("the server answers");
            assert!(outcome.is_stored());
        }),
    ];
    compare("Redis, one at a time", ROUNDS, contestants);
}

fn batches(runtime: &Runtime, connection: &MultiplexedConnection, store: &RedisStore, size: u32) {
    let writes: Vec<_> = (0..size).map(write).collect();
    let script = Script::new("return redis.call('HSET', KEYS[1], 'position', ARGV[1], 'state', ARGV[2])");
    let mut loading = connection.clone();
    runtime.block_on(script.load_async(&mut loading)).expect("the server answers");
    let contestants = vec![
        Contestant::new("SETs in a pipeline", size, || send(runtime, connection, &pipeline((0..size).map(set)))),
        Contestant::new("write_many", size, || {
            let outcomes = runtime.block_on(store.write_many(&writes)).expect("the server answers");
            assert!(outcomes.into_iter().all(|outcome| outcome.is_stored()));
        }),
        Contestant::new("unguarded scripts, one a key, in a pipeline", size, || {
            send(runtime, connection, &pipeline((0..size).map(|n| call(&script, n))));
        }),
    ];
    compare(&format!("Redis, {size} at once"), ROUNDS, contestants);
}

fn send(runtime: &Runtime, connection: &MultiplexedConnection, pipeline: &Pipeline) {
    let mut connection = connection.clone();
    let answers: Vec<Value> = runtime.block_on(pipeline.query_async(&mut connection)).expect("the server answers");
    assert_eq!(answers.len(), pipeline.len());
}

fn pipeline(commands: impl IntoIterator<Item = Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    for command in commands {
        pipeline.add_command(command);
    }
    pipeline
}

fn id(number: u32) -> CheckpointId {
    CheckpointId::new(format!("subscription-{number}")).expect("a good id")
}

fn write(number: u32) -> Write {
    Write::advance(Checkpoint::new(id(number), 123_456_789)).with_state(vec![b's'; STATE_BYTES])
}

fn set(number: u32) -> Cmd {
    let mut set = cmd("SET");
    set.arg(format!("{PREFIX}set-{number}")).arg(&[b's'; VALUE_BYTES][..]);
    set
}

fn call(script: &Script, number: u32) -> Cmd {
    let mut call = cmd("EVALSHA");
    call.arg(script.get_hash())
        .arg(1)
        .arg(format!("{PREFIX}script-{number}"))
        .arg(123_456_789)
        .arg(&[b's'; STATE_BYTES][..]);
    call
}

async fn clean_up(store: &RedisStore) {
    for number in 0..MANY {
        store.delete(&id(number)).await.expect("the server answers");
    }
}
