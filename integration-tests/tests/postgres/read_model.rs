//! The example `read_model`, killed at any moment: every flight counts just once.

use std::collections::BTreeMap;
use std::env;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use checkpoint::CheckpointStoreExt;
use checkpoint::postgres::sqlx::{AssertSqlSafe, query_as};

use crate::place::{Place, id, with_parameters};

#[path = "../../../crates/checkpoint-postgres/examples/read_model.rs"]
#[expect(dead_code, reason = "a program of its own; here its main function is called")]
mod example;

const FLIGHTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/flights.jsonl");
const URL: &str = "READ_MODEL_URL";

/// Not a test of its own: the next one starts it as a process, to kill it.
#[test]
fn process() {
    if let Ok(url) = env::var(URL) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(example::project(&url, FLIGHTS)).unwrap();
    }
}

/// Flights and minutes of each carrier.
type Totals = BTreeMap<String, (i64, i64)>;

#[tokio::test]
async fn every_flight_counts_just_once() {
    let Some(place) = Place::empty().await else { return };
    let url = with_parameters(&place.server, &[("options[search_path]", &place.schema)]);
    let mut kills = 0;
    while !run_for(&url, Duration::from_millis(fastrand::u64(50..400))) {
        kills += 1;
    }
    eprintln!("killed {kills} times");
    let position = place.open().await.load(&id("delays")).await.unwrap().position;
    assert_eq!(position, Some(499));
    assert_eq!(stored(&place).await, expected());
}

/// Whether it came to its end before it was killed.
fn run_for(url: &str, time: Duration) -> bool {
    let mut process = Command::new(env::current_exe().unwrap())
        .args(["--exact", "read_model::process"])
        .env(URL, url)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    sleep(time);
    if let Some(status) = process.try_wait().unwrap() {
        assert!(status.success());
        return true;
    }
    process.kill().unwrap();
    process.wait().unwrap();
    false
}

async fn stored(place: &Place) -> Totals {
    let sql = format!("select carrier, flights, minutes from {}.delays", place.schema);
    let rows: Vec<(String, i64, i64)> =
        query_as(AssertSqlSafe(sql)).fetch_all(&mut place.connection().await).await.unwrap();
    rows.into_iter().map(|(carrier, flights, minutes)| (carrier, (flights, minutes))).collect()
}

fn expected() -> Totals {
    let mut totals = Totals::new();
    for line in std::fs::read_to_string(FLIGHTS).unwrap().lines() {
        let flight: serde_json::Value = serde_json::from_str(line).unwrap();
        let total = totals.entry(flight["carrier"].as_str().unwrap().to_owned()).or_default();
        total.0 += 1;
        total.1 += flight["departure_delay_minutes"].as_i64().unwrap_or(0);
    }
    totals
}
