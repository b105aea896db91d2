//! Events that are handled 64 at a time and finish in any order: what is stored is safe at every moment, and a crash
//! repeats just what was said before.
//!
//! It reads flights, one a line; a flight's position is the number of its line, from 1. To handle one takes up to 3 ms,
//! and then its position is appended to a journal. Kill it whenever you like and start it again: the journal has every
//! flight, and has twice only what was handled and not stored when it was killed.
//!
//! With `--die-after 300` it ends as abruptly as in a crash when it has handled 300 flights. The line that it prints
//! before says how many of them the next runs will repeat: `redelivered`, or `redelivered_at_least` if the write that
//! was in flight arrives all the same. A test lets it die 50 times, and counts.
//!
//! ```sh
//! run="cargo run -p checkpoint --features commit --example parallel --"
//! $run file:/tmp/checkpoints examples/flights.jsonl /tmp/journal --die-after 300
//! $run file:/tmp/checkpoints examples/flights.jsonl /tmp/journal
//! sort -n /tmp/journal | uniq -d | wc -l # so many were repeated
//! ```
//!
//! With `--features commit,postgres` the store may be `postgres://localhost/test`.

use std::error::Error;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use checkpoint::commit::strategy::{after, every};
use checkpoint::commit::{Committer, Ticket};
use checkpoint::{CheckpointId, open};
use tokio::task::JoinSet;
use tokio::time::sleep;

/// So many flights are handled at once.
const TASKS: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [store, flights, journal] => handle_all(store, flights, journal, None).await,
        [store, flights, journal, "--die-after", events] => {
            handle_all(store, flights, journal, Some(events.parse()?)).await
        }
        _ => Err("usage: parallel STORE_URL FLIGHTS_FILE JOURNAL_FILE [--die-after EVENTS]".into()),
    }
}

/// Handles the flights that are not handled yet, or as many of them as it may before it dies.
///
/// Runs on one thread: between the look at the status and the death nothing else is handled.
pub(crate) async fn handle_all(
    store: &str,
    flights: &str,
    journal: &str,
    die_after: Option<u64>,
) -> Result<(), Box<dyn Error>> {
    let strategy = every(50).or(after(Duration::from_millis(200)));
    let builder = Committer::builder(open(store).await?, CheckpointId::new("flights")?);
    let committer = builder.strategy(strategy).window(1_000).start().await?;
    let journal = File::options().create(true).append(true).open(journal)?;
    let consumer = Consumer { committer, journal, left: AtomicU64::new(die_after.unwrap_or(u64::MAX)) };
    let committer = consumer.handle_file(&File::open(flights)?).await?;

    let report = committer.close(Duration::from_secs(30)).await;
    writeln!(io::stdout(), "{report:?}")?;
    if report.is_clean() { Ok(()) } else { Err("not everything was handled and stored: start it again".into()) }
}

struct Consumer {
    committer: Committer,
    journal: File,
    /// How many flights it handles before it dies.
    left: AtomicU64,
}

impl Consumer {
    async fn handle_file(self, flights: &File) -> Result<Committer, Box<dyn Error>> {
        let consumer = Arc::new(self);
        let resume_from = consumer.committer.resume_from().unwrap_or(0);
        let mut tasks = JoinSet::new();
        for (position, flight) in (1..).zip(BufReader::new(flights).lines()).skip(usize::try_from(resume_from)?) {
            let _flight = flight?; // what a real consumer would look at
            if tasks.len() == TASKS {
                tasks.join_next().await.expect("there are 64 tasks")??;
            }
            // No ticket: an earlier run has handled it.
            if let Some(ticket) = consumer.committer.track(position).await? {
                tasks.spawn(Arc::clone(&consumer).handle(ticket));
            }
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(Arc::into_inner(consumer).expect("all tasks have ended").committer)
    }

    async fn handle(self: Arc<Self>, ticket: Ticket) -> io::Result<()> {
        sleep(Duration::from_millis(fastrand::u64(0..=3))).await;
        // No await from here on: nothing comes between the effect and the ack.
        let line = format!("{}\n", ticket.position());
        (&self.journal).write_all(line.as_bytes())?;
        ticket.ack();
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.die()?;
        }
        Ok(())
    }

    /// Says what a crash would cost now, and crashes. What is on its way to the store may still arrive there.
    fn die(&self) -> io::Result<()> {
        let status = self.committer.status();
        writeln!(
            io::stdout(),
            "stored={} open={} redelivered={} redelivered_at_least={}",
            status.stored.unwrap_or(0),
            status.open,
            status.redelivered,
            status.redelivered_at_least
        )?;
        std::process::abort()
    }
}
