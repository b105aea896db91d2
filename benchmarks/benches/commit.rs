//! What the commit engine adds: to an event that goes from one task to another, and to a process with many consumers.
//!
//! `CHECKPOINT_TEST_POSTGRES_URL` names the server for the second one; without it that is skipped.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use benchmarks::{Contestant, compare};
use checkpoint_commit::{Committer, Flusher, Ticket};
use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use checkpoint_memory::MemoryStore;
use checkpoint_postgres::PostgresStore;
use checkpoint_postgres::sqlx;
use rustix::time::{ClockId, clock_gettime};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

const EVENTS: u32 = 50_000;
const CAPACITY: usize = 1_024;
const ROUNDS: usize = 20;

const COMMITTERS: u32 = 10_000;
const SECONDS: u32 = 30;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    ticket_path(&runtime);
    match std::env::var("CHECKPOINT_TEST_POSTGRES_URL") {
        Ok(url) => runtime.block_on(many_committers(&url)),
        Err(_) => eprintln!("skipped: CHECKPOINT_TEST_POSTGRES_URL is not set"),
    }
}

/// An event goes through a channel to the task that handles it; what comes on top of that.
fn ticket_path(runtime: &Runtime) {
    let store: Arc<dyn CheckpointStore> = Arc::new(MemoryStore::new());
    let id = CheckpointId::new("tickets").expect("an id");
    let committer = runtime.block_on(Committer::builder(store, id).window(100_000).start()).expect("it starts");
    let committer = Arc::new(committer);
    let mut next = 0;
    let one = Contestant::new("one channel", EVENTS, || runtime.block_on(through(1)));
    let two = Contestant::new("two channels, one after the other", EVENTS, || runtime.block_on(through(2)));
    let tickets = Contestant::new("one channel, with a ticket that is acked", EVENTS, || {
        runtime.block_on(through_with_tickets(&committer, next));
        next += u64::from(EVENTS);
    });
    compare("From one task to another", ROUNDS, vec![one, two, tickets]);
}

async fn through(channels: usize) {
    let (first, mut receiver) = mpsc::channel(CAPACITY);
    for _ in 1..channels {
        let (sender, next) = mpsc::channel(CAPACITY);
        let mut before = std::mem::replace(&mut receiver, next);
        tokio::spawn(async move {
            while let Some(event) = before.recv().await {
                sender.send(event).await.expect("it receives");
            }
        });
    }
    let consumer = tokio::spawn(async move {
        let mut sum = 0_u64;
        while let Some(event) = receiver.recv().await {
            sum += event;
        }
        sum
    });
    let producer = tokio::spawn(async move {
        for event in 0..u64::from(EVENTS) {
            first.send(event).await.expect("it receives");
        }
    });
    producer.await.expect("it does not panic");
    std::hint::black_box(consumer.await.expect("it does not panic"));
}

async fn through_with_tickets(committer: &Arc<Committer>, first: u64) {
    let (sender, mut receiver) = mpsc::channel::<(u64, Ticket)>(CAPACITY);
    let consumer = tokio::spawn(async move {
        let mut sum = 0_u64;
        while let Some((event, ticket)) = receiver.recv().await {
            sum += event;
            ticket.ack();
        }
        sum
    });
    let committer = Arc::clone(committer);
    let producer = tokio::spawn(async move {
        for event in first..first + u64::from(EVENTS) {
            let ticket = committer.track(event).await.expect("it rises").expect("it is new");
            sender.send((event, ticket)).await.expect("it receives");
        }
    });
    producer.await.expect("it does not panic");
    std::hint::black_box(consumer.await.expect("it does not panic"));
}

/// Counts the calls that change something.
#[derive(Debug)]
struct Counting {
    store: PostgresStore,
    writes: AtomicU64,
}

#[async_trait]
impl CheckpointStore for Counting {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        self.store.read(id).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.store.write(write).await
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        self.writes.fetch_add(1, Ordering::Relaxed);
        self.store.write_many(writes).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.store.claim(id, owner).await
    }
}

/// 10,000 committers, each of which handles an event a second.
async fn many_committers(url: &str) {
    let pool = sqlx::PgPool::connect(url).await.expect("the server answers");
    let store = PostgresStore::new(pool.clone()).with_table("commit_benchmark").expect("a name");
    store.migrate().await.expect("it may create a table");
    let store = Arc::new(Counting { store, writes: AtomicU64::new(0) });
    let flusher = Flusher::new(Arc::<Counting>::clone(&store));
    let mut committers = Vec::new();
    for number in 0..COMMITTERS {
        let id = CheckpointId::new(format!("partition-{number:05}")).expect("an id");
        committers.push(flusher.committer(id).start().await.expect("it starts"));
    }
    let (began, used) = (Instant::now(), processor_time());
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    for step in 0..SECONDS * 10 {
        tick.tick().await;
        // A tenth of them each tenth of a second.
        for committer in committers.iter().skip(usize::try_from(step % 10).expect("small")).step_by(10) {
            let position = u64::from(step) + committer.resume_from().map_or(1, |position| position + 1);
            committer.track(position).await.expect("it rises").expect("it is new").ack();
        }
    }
    let (elapsed, used) = (began.elapsed().as_secs_f64(), processor_time() - used);
    let writes = store.writes.load(Ordering::Relaxed);
    let unstored = committers.iter().map(|committer| committer.status().redelivered).max();
    println!("\n{COMMITTERS} committers on Postgres, each an event a second, for {elapsed:.1} s");
    println!("  processor time of this process: {:.1} % of a core", used / elapsed * 100.0);
    println!("  {writes} statements, {:.1} a second", f64::from(u32::try_from(writes).expect("few")) / elapsed);
    println!("  most events of one of them that are handled and not stored: {}", unstored.unwrap_or(0));
    drop(committers);
    sqlx::query("drop table commit_benchmark").execute(&pool).await.expect("it may drop it");
}

/// Seconds, of all threads of this process.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0)).as_secs_f64()
}
