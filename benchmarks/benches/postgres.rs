//! What a checkpoint costs in PostgreSQL, next to a plain `UPDATE` of the same columns over a pool of the same kind.
//!
//! `CHECKPOINT_TEST_POSTGRES_URL` names the server; without it there is nothing to measure.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::time::{Duration, Instant};

use benchmarks::{Contestant, compare, in_unit, median};
use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, Outcome, Write};
use checkpoint_postgres::PostgresStore;
use checkpoint_postgres::sqlx::postgres::{PgPool, PgPoolOptions};
use checkpoint_postgres::sqlx::{AssertSqlSafe, query, query_as, raw_sql};
use tokio::runtime::Runtime;

const VARIABLE: &str = "CHECKPOINT_TEST_POSTGRES_URL";
const SCHEMA: &str = "checkpoint_benchmark";
const MANY: u32 = 1_000;
const ROUNDS: usize = 60;
const HELD_ROUNDS: usize = 100;

/// No condition but the id, and the same columns written.
const PLAIN: &str = "update checkpoint_benchmark.checkpoints \
    set position = $2, epoch = $3, state = $4, updated_at = clock_timestamp() where id = $1";

fn main() {
    let Ok(url) = std::env::var(VARIABLE) else {
        eprintln!("skipped: {VARIABLE} is not set");
        return;
    };
    let runtime = Runtime::new().expect("a runtime");
    let (pool, pinging) = (runtime.block_on(connect(&url, false)), runtime.block_on(connect(&url, true)));
    runtime.block_on(set_up(&pool));

    one_at_a_time(&runtime, &pool, &pinging);
    batches(&runtime, &pool);
    runtime.block_on(heap_only(&pool));
    runtime.block_on(with_one_row_held(&pool));
    let clean_up = raw_sql(AssertSqlSafe(format!("drop schema {SCHEMA} cascade")));
    runtime.block_on(clean_up.execute(&pool)).expect("the server answers");
}

async fn connect(url: &str, test_before_acquire: bool) -> PgPool {
    let options = PgPoolOptions::new().min_connections(4).max_connections(4).test_before_acquire(test_before_acquire);
    options.connect(url).await.expect("a server")
}

async fn set_up(pool: &PgPool) {
    let drop = raw_sql(AssertSqlSafe(format!("drop schema if exists {SCHEMA} cascade")));
    drop.execute(pool).await.expect("the server answers");
    let store = store(pool);
    store.migrate().await.expect("the user may create a schema");
    let outcomes = store.write_many(&writes()).await.expect("the server answers");
    assert!(outcomes.into_iter().all(Outcome::is_stored));
}

fn store(pool: &PgPool) -> PostgresStore {
    PostgresStore::new(pool.clone()).with_schema(SCHEMA).expect("a good name")
}

fn write(number: u32) -> Write {
    let id = CheckpointId::new(format!("consumer-{number:04}")).expect("a good id");
    Write::advance(Checkpoint::new(id, 42))
}

fn writes() -> Vec<Write> {
    (0..MANY).map(write).collect()
}

async fn stored(store: &PostgresStore, write: &Write) {
    assert!(store.write(write).await.expect("the server answers").is_stored());
}

async fn plain(pool: &PgPool) {
    let update = query(PLAIN).bind("consumer-0000").bind(42_i64).bind(0_i64).bind(&b""[..]);
    assert_eq!(update.execute(pool).await.expect("the server answers").rows_affected(), 1);
}

fn one_at_a_time(runtime: &Runtime, pool: &PgPool, pinging: &PgPool) {
    let (store, pinging_store, write) = (store(pool), store(pinging), write(0));
    let contestants = vec![
        Contestant::new("plain UPDATE", 1, || runtime.block_on(plain(pool))),
        Contestant::new("guarded write", 1, || runtime.block_on(stored(&store, &write))),
        Contestant::new("plain UPDATE, the pool pings before", 1, || runtime.block_on(plain(pinging))),
        Contestant::new("guarded write, the pool pings before", 1, || {
            runtime.block_on(stored(&pinging_store, &write));
        }),
    ];
    compare("PostgreSQL, one at a time", ROUNDS, contestants);
}

fn batches(runtime: &Runtime, pool: &PgPool) {
    let (store, single, writes) = (store(pool), write(0), writes());
    let contestants = vec![
        Contestant::new("write", 1, || runtime.block_on(stored(&store, &single))),
        Contestant::new("write_many", MANY, || {
            let outcomes = runtime.block_on(store.write_many(&writes)).expect("the server answers");
            assert!(outcomes.into_iter().all(Outcome::is_stored));
        }),
    ];
    compare("PostgreSQL, 1,000 in a statement; an item is a checkpoint", ROUNDS, contestants);
}

/// A transaction holds one row, another one in each round: while one is open, the server keeps every version of every row.
async fn with_one_row_held(pool: &PgPool) {
    let (store, writes, other) = (store(pool), writes(), write(0));
    let (mut batches, mut singles) = (Vec::new(), Vec::new());
    for _ in 0..HELD_ROUNDS {
        let mut holder = pool.begin().await.expect("the server answers");
        assert!(store.write_in(&mut holder, &write(500)).await.expect("the server answers").is_stored());
        let batch = async {
            let started = Instant::now();
            let outcomes = store.write_many(&writes).await.expect("the server answers");
            assert_eq!(outcomes[500], Outcome::Contended);
            assert!(outcomes.iter().filter(|outcome| outcome.is_stored()).count() >= 998); // the other writer has one, maybe
            started.elapsed()
        };
        let single = async {
            let started = Instant::now();
            stored(&store, &other).await;
            started.elapsed()
        };
        let (batch, single) = tokio::join!(batch, single);
        batches.push(batch);
        singles.push(single);
        holder.rollback().await.expect("the server answers");
    }
    println!("\nPostgreSQL, one of 1,000 rows held by a transaction, {HELD_ROUNDS} rounds");
    report("the other 999 written", &batches);
    report("another writer's write meanwhile", &singles);
}

fn report(name: &str, times: &[Duration]) {
    let seconds: Vec<_> = times.iter().map(Duration::as_secs_f64).collect();
    let longest = seconds.iter().copied().fold(0.0, f64::max);
    println!("{name:44} median {:>10}, longest {:>10}", in_unit(median(seconds)), in_unit(longest));
}

/// Of all updates above; the plain ones are among them.
async fn heap_only(pool: &PgPool) {
    tokio::time::sleep(Duration::from_secs(2)).await; // a server process tells its counts once a second
    let counts = "select n_tup_upd, n_tup_hot_upd from pg_stat_all_tables \
        where relid = 'checkpoint_benchmark.checkpoints'::regclass";
    let (updates, heap_only): (i64, i64) = query_as(counts).fetch_one(pool).await.expect("the server answers");
    println!("\n{heap_only} of {updates} updates were heap-only");
}
