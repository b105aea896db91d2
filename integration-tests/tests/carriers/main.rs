//! The example `carriers`, which is killed again and again: its figures are those of a run that nothing has interrupted.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod lives;

#[path = "../elastic/place.rs"]
#[expect(dead_code, reason = "the tests of Elasticsearch need more of it")]
mod elastic;
#[path = "../mongo/place.rs"]
#[expect(dead_code, reason = "the tests of MongoDB need more of it")]
mod mongo;
#[path = "../postgres/place.rs"]
#[expect(dead_code, reason = "the tests of Postgres need more of it")]
mod postgres;
#[path = "../redis/space.rs"]
#[expect(dead_code, reason = "the tests of Redis need more of it")]
mod redis;

use std::env;
use std::fs;
use std::time::Duration;

use fastrand::Rng;
use tempfile::TempDir;

use lives::{Death, Lives};

#[path = "../../../crates/checkpoint/examples/carriers.rs"]
#[expect(dead_code, reason = "a program of its own; here its main function is called")]
mod example;

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/flights.jsonl");
/// The stream is the file so many times: 50,000 flights.
const TIMES: usize = 100;

/// Not a test of its own: the others start it as a process, which dies.
#[test]
fn process() {
    if let Some([store, flights, figures, die_after, record_bytes]) = lives::arguments() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let run = example::count_all(&store, &flights, &figures, die_after.parse().ok(), record_bytes.parse().ok());
        runtime.block_on(run).unwrap();
    }
}

#[tokio::test]
async fn on_a_file_store() {
    let directory = TempDir::new().unwrap();
    dies_again_and_again(&format!("file:{}/store", directory.path().display()), 50, 1_000);
}

#[tokio::test]
async fn on_a_file_store_in_one_record() {
    let directory = TempDir::new().unwrap();
    dies_again_and_again(&format!("file:{}/store", directory.path().display()), 50, usize::MAX);
}

#[tokio::test]
async fn on_postgres() {
    let Some(place) = postgres::Place::new().await else { return };
    dies_again_and_again(&place.url(), 20, 4_000);
}

#[tokio::test]
async fn on_redis() {
    let Some(space) = redis::Space::new() else { return };
    dies_again_and_again(&space.url(), 20, 4_000);
}

#[tokio::test]
async fn on_mongo() {
    let Some(place) = mongo::Place::new() else { return };
    dies_again_and_again(&place.url(), 20, 4_000);
}

#[tokio::test]
async fn on_elasticsearch() {
    let Some(place) = elastic::Place::new().await else { return };
    dies_again_and_again(&place.url(), 20, 4_000);
}

fn dies_again_and_again(store: &str, deaths: u64, record_bytes: usize) {
    let seed = fastrand::u64(..);
    eprintln!("the deaths are those of the seed {seed}");
    let mut random = Rng::with_seed(seed);
    let directory = TempDir::new().unwrap();
    let stream = fs::read_to_string(FLIGHTS).unwrap().repeat(TIMES);
    let last = u64::try_from(stream.lines().count()).unwrap();
    let undisturbed = Lives::new("memory:", &directory, &stream, record_bytes);
    undisturbed.live(Death::None);
    let expected = undisturbed.figures();
    fs::remove_file(directory.path().join("figures")).unwrap();

    let lives = Lives::new(store, &directory, &stream, record_bytes);
    let (mut saved, mut died) = (0, 0);
    for number in 0..deaths {
        let death = match number % 3 {
            0 => Death::Killed(Duration::from_millis(random.u64(0..60))),
            _ => Death::After(random.u64(1..=last / deaths)),
        };
        let life = lives.live(death);
        let began = life.began.unwrap_or(saved);
        assert!(began >= saved, "it began after {began}, and {saved} was saved: {death:?}");
        saved = life.saved.unwrap_or(began);
        died += u64::from(life.died);
    }
    eprintln!(
        "{saved} of {last} were saved before the last life, and {died} of {deaths} lives ended before the stream"
    );
    assert!(saved > 0 && died > deaths / 2, "there were too few deaths to show anything");
    let life = lives.live(Death::None);
    assert!(life.began >= Some(saved));
    assert_eq!(lives.figures(), expected);
}
