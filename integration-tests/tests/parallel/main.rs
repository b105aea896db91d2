//! The example `parallel`, which dies 50 times: every flight is handled, and repeated just as often as said.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod accounts;
mod lives;
#[path = "../postgres/place.rs"]
#[expect(dead_code, reason = "the tests of Postgres need more of it")]
mod place;

use std::env;
use std::fs;

use fastrand::Rng;
use tempfile::TempDir;

use lives::{Life, Lives};
use place::Place;

#[path = "../../../crates/checkpoint/examples/parallel.rs"]
#[expect(dead_code, reason = "a program of its own; here its main function is called")]
mod example;

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/flights.jsonl");
/// The stream is the file so many times: 27,000 flights.
const TIMES: usize = 54;
const DEATHS: u64 = 50;

/// Not a test of its own: the others start it as a process, which dies.
#[test]
fn process() {
    if let Some([store, flights, journal, die_after]) = lives::arguments() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(example::handle_all(&store, &flights, &journal, die_after.parse().ok())).unwrap();
    }
}

#[tokio::test]
async fn file() {
    let directory = TempDir::new().unwrap();
    dies_again_and_again(&format!("file:{}/store", directory.path().display())).await;
}

#[tokio::test]
async fn postgres() {
    let Some(place) = Place::new().await else { return };
    dies_again_and_again(&place.url()).await;
}

async fn dies_again_and_again(store: &str) {
    let seed = fastrand::u64(..);
    eprintln!("the deaths are those of the seed {seed}");
    let mut random = Rng::with_seed(seed);
    let directory = TempDir::new().unwrap();
    let stream = fs::read_to_string(FLIGHTS).unwrap().repeat(TIMES);
    let last = u64::try_from(stream.lines().count()).unwrap();
    let mut lives = Lives::new(store, &directory, &stream);

    let mut all: Vec<Life> = Vec::new();
    for _ in 0..DEATHS {
        // So few that it comes to each death, even if nothing were ever repeated.
        all.push(lives.live(Some(random.u64(1..=last / DEATHS))).await);
    }
    all.push(lives.live(None).await);
    accounts::check(&all, last);
}
