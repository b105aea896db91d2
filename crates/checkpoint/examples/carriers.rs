//! Delay statistics in memory, saved together with the position of the last flight that is in them. Killed at any moment, they come
//! to the same figures as if nothing had happened.
//!
//! It reads flights, one a line; a flight's position is the number of its line, from 1. At the end it writes the figures of
//! each carrier and each route to a file.
//!
//! With `--die-after 300` it ends as abruptly as in a crash when it has counted 300 flights. A test lets it die again and again, over every
//! store, and compares the figures.
//!
//! ```sh
//! run="cargo run -p checkpoint --features snapshot --example carriers --"
//! $run file:/tmp/checkpoints examples/flights.jsonl /tmp/figures --die-after 300
//! $run file:/tmp/checkpoints examples/flights.jsonl /tmp/figures # says that it begins after flight 200
//! cat /tmp/figures
//! ```
//!
//! With `--features snapshot,postgres` the store may be `postgres://localhost/test`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

use checkpoint::commit::strategy::{after, every};
use checkpoint::snapshot::{Bucket, BucketError, CannotRestore, Live, Model, Plain, Snapshots};
use checkpoint::{CheckpointId, open};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

/// After so many flights the stream pauses.
const AT_ONCE: u64 = 50;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        [store, flights, figures] => count_all(store, flights, figures, None, None).await,
        [store, flights, figures, "--die-after", events] => {
            count_all(store, flights, figures, Some(events.parse()?), None).await
        }
        _ => Err("usage: carriers STORE_URL FLIGHTS_FILE FIGURES_FILE [--die-after EVENTS]".into()),
    }
}

/// Counts the flights that are not in the statistics yet, or as many of them as it may before it dies. The snapshots are split over
/// records of at most so many bytes.
pub(crate) async fn count_all(
    store: &str,
    flights: &str,
    figures: &str,
    die_after: Option<u64>,
    record_bytes: Option<usize>,
) -> Result<(), Box<dyn Error>> {
    let strategy = every(200).or(after(Duration::from_millis(100)));
    let snapshots = Snapshots::new(open(store).await?, CheckpointId::new("carriers")?).strategy(strategy);
    let snapshots = snapshots.record_bytes(record_bytes.unwrap_or(usize::MAX));
    let mut carriers = snapshots.load(Carriers::default).await?;
    let begin = carriers.resume_from().unwrap_or(0);
    writeln!(io::stdout(), "begins after flight {begin}")?;

    let mut saved = begin;
    let lines = BufReader::new(File::open(flights)?).lines();
    for (position, line) in (1..).zip(lines).skip(usize::try_from(begin)?) {
        let flight: Flight = serde_json::from_str(&line?)?;
        carriers.apply(position, |carriers| carriers.count(&flight))?;
        if position.is_multiple_of(AT_ONCE) {
            wait_for_more(&mut carriers).await?;
        }
        if let Some(position) = carriers.status().saved.and_then(|saved| saved.position).filter(|new| *new > saved) {
            saved = position;
            writeln!(io::stdout(), "saved up to flight {saved}")?;
        }
        if die_after == Some(position - begin) {
            std::process::abort();
        }
    }

    let text = carriers.model().to_string();
    let closed = carriers.close(Duration::from_secs(60)).await;
    if let Some(error) = closed.error {
        return Err(error.into());
    }
    Ok(fs::write(figures, text)?)
}

/// What a consumer does while its stream has nothing new.
async fn wait_for_more(carriers: &mut Live<Carriers>) -> Result<(), Box<dyn Error>> {
    match timeout(Duration::from_millis(1), carriers.save_when_due()).await {
        Ok(ended) => Err(ended.into()),
        Err(_there_is_more) => Ok(()),
    }
}

/// What is of interest of a flight.
#[derive(Deserialize)]
pub(crate) struct Flight {
    carrier: String,
    origin: String,
    destination: String,
    /// None: it was cancelled, or diverted.
    arrival_delay_minutes: Option<i64>,
}

/// The whole model: two parts.
#[derive(Default)]
pub(crate) struct Carriers {
    by_carrier: Delays,
    by_route: Delays,
}

/// A part. `serde` saves it as it is.
#[derive(Default, Serialize, Deserialize)]
struct Delays(BTreeMap<String, Delay>);

#[derive(Default, Serialize, Deserialize)]
struct Delay {
    flights: u64,
    arrived: u64,
    minutes: i64,
    longest: Option<i64>,
}

impl Plain for Delays {
    const NAME: &'static str = "delays";
}

impl Model for Carriers {
    const NAME: &'static str = "carriers";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.save_part("by carrier", &self.by_carrier)?;
        bucket.save_part("by route", &self.by_route)
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        bucket.restore_part("by carrier", &mut self.by_carrier)?;
        bucket.restore_part("by route", &mut self.by_route)
    }
}

impl Carriers {
    pub(crate) fn count(&mut self, flight: &Flight) {
        let Flight { carrier, origin, destination, arrival_delay_minutes } = flight;
        self.by_carrier.count(carrier.clone(), *arrival_delay_minutes);
        self.by_route.count(format!("{origin}-{destination}"), *arrival_delay_minutes);
    }
}

impl Delays {
    fn count(&mut self, key: String, minutes: Option<i64>) {
        let delay = self.0.entry(key).or_default();
        delay.flights += 1;
        if let Some(minutes) = minutes {
            delay.arrived += 1;
            delay.minutes += minutes;
            delay.longest = delay.longest.max(Some(minutes));
        }
    }
}

impl std::fmt::Display for Carriers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (key, delay) in self.by_carrier.0.iter().chain(&self.by_route.0) {
            let Delay { flights, arrived, minutes, longest } = delay;
            let longest = longest.map_or("-".to_owned(), |longest| longest.to_string());
            writeln!(f, "{key:8} {flights} flights, {arrived} arrived, {minutes} minutes late, {longest} at most")?;
        }
        Ok(())
    }
}
