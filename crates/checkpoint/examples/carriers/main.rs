//! Statistics in memory that survive a crash: how late each carrier and each route is, saved together with the position
//! of the last flight that is in them.
//!
//! It reads flights, one a line; a flight's position is the number of its line, from 1. Every 200 flights, or 0.1 s after
//! one, the model is saved to the store, while the next flights are handled. Kill it whenever you like and start it
//! again: it goes on from the newest snapshot, and the figures that it writes at the end are those of a run that was
//! never killed.
//!
//! With `--die-after 300` it ends as abruptly as in a crash when it has handled 300 flights, also while a snapshot is
//! being saved. A test lets it die 50 times, and compares the figures.
//!
//! ```sh
//! run="cargo run -p checkpoint --features snapshot --example carriers --"
//! $run file:/tmp/checkpoints examples/flights.jsonl /tmp/figures --die-after 300
//! $run file:/tmp/checkpoints examples/flights.jsonl /tmp/figures
//! cat /tmp/figures
//! ```
//!
//! With `--features snapshot,postgres` the store may be `postgres://localhost/test`.

pub(crate) mod delays;

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use checkpoint::commit::strategy::{after, every};
use checkpoint::snapshot::{Live, Restored, Snapshots};
use checkpoint::{CheckpointId, open};
use tokio::time::sleep;

use delays::{Delays, Flight};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (store, flights, output, die_after) = match arguments[..] {
        [store, flights, output] => (store, flights, output, None),
        [store, flights, output, "--die-after", events] => (store, flights, output, Some(events.parse()?)),
        _ => return Err("usage: carriers STORE_URL FLIGHTS_FILE OUTPUT_FILE [--die-after EVENTS]".into()),
    };
    handle_all(&snapshots(store).await?, flights, output, die_after).await
}

pub(crate) async fn snapshots(store: &str) -> Result<Snapshots, Box<dyn Error>> {
    let strategy = every(200).or(after(Duration::from_millis(100)));
    Ok(Snapshots::new(open(store).await?, CheckpointId::new("delays")?).strategy(strategy))
}

/// Handles the flights that are not in the newest snapshot, or as many of them as it may before it dies.
pub(crate) async fn handle_all(
    snapshots: &Snapshots,
    flights: &str,
    output: &str,
    die_after: Option<u64>,
) -> Result<(), Box<dyn Error>> {
    let live = snapshots.load(Delays::default).await?;
    let mut consumer = Consumer { live, said: None, left: die_after.unwrap_or(u64::MAX) };
    consumer.say_start()?;
    consumer.handle_file(&File::open(flights)?).await?;

    let figures = consumer.live.model().to_string();
    let closed = consumer.live.close(Duration::from_secs(30)).await;
    if !closed.is_clean() {
        return Err(format!("not everything was saved: start it again ({closed:?})").into());
    }
    fs::write(output, figures)?;
    Ok(())
}

struct Consumer {
    live: Live<Delays>,
    /// The position of the snapshot that it has reported last.
    said: Option<u64>,
    /// How many flights it handles before it dies.
    left: u64,
}

impl Consumer {
    async fn handle_file(&mut self, flights: &File) -> Result<(), Box<dyn Error>> {
        let resume_from = self.live.resume_from().unwrap_or(0);
        for (position, line) in (1..).zip(BufReader::new(flights).lines()).skip(usize::try_from(resume_from)?) {
            let flight: Flight = serde_json::from_str(&line?)?;
            self.live.apply(position, |delays| delays.add(&flight))?;
            self.say_saved()?;
            self.left -= 1;
            if self.left == 0 {
                self.die()?;
            }
            tokio::select! {
                () = next_flight() => {}
                ended = self.live.save_when_due() => return Err(ended.into()),
            }
        }
        Ok(())
    }

    fn say_start(&mut self) -> io::Result<()> {
        let Restored { generation, rejected, .. } = self.live.restored();
        self.said = generation.as_ref().and_then(|generation| generation.position);
        let (number, rejected) = (generation.as_ref().map_or(0, |generation| generation.number), rejected.len());
        let (position, delays) = (self.said.unwrap_or(0), self.live.model());
        let (flights, minutes) = (delays.flights(), delays.minutes());
        say(&format!("restored={position} generation={number} rejected={rejected} flights={flights} minutes={minutes}"))
    }

    fn say_saved(&mut self) -> io::Result<()> {
        let saved = self.live.status().saved.and_then(|generation| generation.position);
        if saved == self.said {
            return Ok(());
        }
        self.said = saved;
        say(&format!("saved={}", saved.unwrap_or(0)))
    }

    /// A save that is running is given up, wherever it is.
    fn die(&self) -> io::Result<()> {
        say(&format!("is_saving={}", self.live.status().is_saving))?;
        std::process::abort()
    }
}

fn say(line: &str) -> io::Result<()> {
    writeln!(io::stdout(), "{line}")
}

/// Flights come in bursts, some 32 at a time.
async fn next_flight() {
    if fastrand::u8(..) < 8 {
        sleep(Duration::from_millis(fastrand::u64(0..=3))).await;
    }
}
