//! How soon the example `carriers` can go on after as many flights as left New York in a year: from a snapshot, and by
//! handling them all again.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use benchmarks::{Contestant, compare};
use checkpoint::commit::strategy::manual;
use checkpoint::snapshot::{Live, Snapshots};
use checkpoint::{CheckpointId, FileStore};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use delays::{Delays, Flight};

#[path = "../../crates/checkpoint/examples/carriers/delays.rs"]
#[expect(dead_code, reason = "the example reports more of it")]
mod delays;

/// Those of a day, again and again, until they are as many as in the whole year 2013. A year has some more routes.
const FLIGHTS: &str = include_str!("../../examples/flights.jsonl");
const EVENTS: u32 = 336_776;
const ROUNDS: usize = 9;

fn main() {
    let runtime = Runtime::new().expect("a runtime");
    let directory = TempDir::new().expect("a temporary directory");
    let (flights, store) = (directory.path().join("flights.jsonl"), directory.path().join("store"));
    write_flights(&flights);
    let expected = replay(&flights).to_string();
    let bytes = runtime.block_on(save(&store, replay(&flights)));
    println!("\n{EVENTS} flights are in the model; its snapshot has {bytes} bytes");

    let contestants = vec![
        Contestant::new("from a snapshot: open the store, claim, load", 1, || {
            let live = runtime.block_on(load(&store));
            assert_eq!(live.resume_from(), Some(u64::from(EVENTS)));
            assert_eq!(live.model().to_string(), expected);
        }),
        Contestant::new("replay: read and parse each line, handle it", 1, || {
            assert_eq!(replay(&flights).to_string(), expected);
        }),
    ];
    compare("Start at the last flight of the year", ROUNDS, contestants);
}

fn write_flights(path: &Path) {
    let mut file = BufWriter::new(File::create(path).expect("a writable directory"));
    for flight in FLIGHTS.lines().cycle().take(usize::try_from(EVENTS).expect("few")) {
        writeln!(file, "{flight}").expect("the disk has room");
    }
    file.flush().expect("the disk has room");
}

/// Without saving anything meanwhile.
fn replay(flights: &Path) -> Delays {
    let mut delays = Delays::default();
    let mut lines = BufReader::new(File::open(flights).expect("it was written"));
    let mut line = String::new();
    while lines.read_line(&mut line).expect("it was written") > 0 {
        let flight: Flight = serde_json::from_str(&line).expect("it is a flight");
        delays.add(&flight);
        line.clear();
    }
    delays
}

async fn load(store: &Path) -> Live<Delays> {
    let store = FileStore::open(store).await.expect("a writable directory");
    let id = CheckpointId::new("delays").expect("an id");
    let snapshots = Snapshots::new(Arc::new(store), id).strategy(manual());
    snapshots.load(Delays::default).await.expect("the store answers")
}

/// Answers how many bytes the snapshot has.
async fn save(store: &Path, delays: Delays) -> u64 {
    let mut live = load(store).await;
    live.apply(u64::from(EVENTS), |model| *model = delays).expect("it is the first event");
    let closed = live.close(Duration::from_secs(30)).await;
    closed.saved.expect("the store answers").bytes
}
