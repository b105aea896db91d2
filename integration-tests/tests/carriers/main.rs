//! The example `carriers`, which dies again and again: it ends with the figures of a run that was never killed.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

#[path = "../elastic/place.rs"]
#[expect(dead_code, reason = "the tests of Elasticsearch need more of it")]
mod elastic;
mod lives;
#[path = "../mongo/place.rs"]
#[expect(dead_code, reason = "the tests of MongoDB need more of it")]
mod mongo;
#[path = "../postgres/place.rs"]
#[expect(dead_code, reason = "the tests of Postgres need more of it")]
mod postgres;
mod process;
#[path = "../redis/space.rs"]
#[expect(dead_code, reason = "the tests of Redis need more of it")]
mod redis;

use std::fs;

use fastrand::Rng;
use tempfile::TempDir;

use lives::Lives;

#[path = "../../../crates/checkpoint/examples/carriers/main.rs"]
#[expect(dead_code, reason = "a program of its own; here its main function is called")]
mod example;

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/flights.jsonl");

/// Not a test of its own: the others start it as a process, which dies.
#[test]
fn process() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(process::example_if_told());
}

#[tokio::test]
async fn file() {
    let directory = TempDir::new().unwrap();
    dies_again_and_again(&format!("file:{}/store", directory.path().display()), 50, 1_000).await;
}

#[tokio::test]
async fn postgres_server() {
    let Some(place) = postgres::Place::new().await else { return };
    dies_again_and_again(&place.url(), 20, 1_000).await;
}

#[tokio::test]
async fn redis_server() {
    let Some(space) = redis::Space::new() else { return };
    dies_again_and_again(&space.url(), 20, 1_000).await;
}

#[tokio::test]
async fn mongo_server() {
    let Some(place) = mongo::Place::new() else { return };
    dies_again_and_again(&place.url(), 20, 3_000).await;
}

#[tokio::test]
async fn elastic_server() {
    let Some(place) = elastic::Place::new().await else { return };
    dies_again_and_again(&place.url(), 20, 3_000).await;
}

/// The stream is so long that it comes to each death, even if nothing were ever repeated.
async fn dies_again_and_again(store: &str, deaths: u64, events_a_life: u64) {
    let seed = fastrand::u64(..);
    eprintln!("the deaths are those of the seed {seed}");
    let file = fs::read_to_string(FLIGHTS).unwrap();
    let stream: Vec<_> = file.lines().cycle().take(usize::try_from(deaths * events_a_life).unwrap() + 1).collect();
    let mut lives = Lives::new(store, &stream.join("\n"), Rng::with_seed(seed)).await;
    for life in 0..deaths {
        match life % 3 {
            0 => lives.one_that_is_killed(events_a_life).await,
            _ => lives.one_that_aborts(events_a_life).await,
        }
    }
    let (figures, tally) = lives.one_that_ends().await;
    eprintln!("of {deaths} deaths: {tally:?}");
    assert!(tally.restored > 0 && tally.killed > 0, "nothing was tested");
    assert_eq!(figures, never_killed(&stream));
}

/// What comes out in one go, in memory.
fn never_killed(stream: &[&str]) -> String {
    let mut delays = example::delays::Delays::default();
    stream.iter().for_each(|flight| delays.add(&serde_json::from_str(flight).unwrap()));
    delays.to_string()
}
