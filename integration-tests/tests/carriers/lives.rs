//! Many processes one after the other, and what each of them must start from.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use checkpoint::snapshot::Snapshots;
use checkpoint::{CheckpointId, CheckpointStore, open};
use fastrand::Rng;
use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Arguments, Words, run};

/// All lives have one store, one stream and one output.
pub(crate) struct Lives {
    url: String,
    store: Arc<dyn CheckpointStore>,
    directory: TempDir,
    /// The sum of the delays after so many flights.
    minutes: Vec<i64>,
    /// What the next life has to start from, unless a write that was on its way when the last one died arrives late.
    saved: u64,
    /// What it may start from at most.
    handled: u64,
    random: Rng,
    tally: Tally,
}

/// So that a test of nothing is seen.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) restored: u32,
    pub(crate) killed: u32,
    aborted_in_a_save: u32,
    arrived_after_death: u32,
}

impl Lives {
    pub(crate) async fn new(url: &str, stream: &str, random: Rng) -> Self {
        let directory = TempDir::new().unwrap();
        std::fs::write(directory.path().join("flights.jsonl"), stream).unwrap();
        let store = open(url).await.unwrap();
        let (minutes, tally) = (minutes(stream), Tally::default());
        Self { url: url.to_owned(), store, directory, minutes, saved: 0, handled: 0, random, tally }
    }

    /// One that aborts within so many events, at the latest after the last of them.
    pub(crate) async fn one_that_aborts(&mut self, events: u64) {
        let events = self.random.u64(1..=events);
        let words = self.one_that_dies(events, None).await;
        self.tally.aborted_in_a_save += u32::from(words.text("is_saving") == Some("true"));
    }

    /// One that somebody else kills.
    pub(crate) async fn one_that_is_killed(&mut self, events: u64) {
        let after = Duration::from_micros(self.random.u64(0..40_000));
        let words = self.one_that_dies(events, Some(after)).await;
        self.tally.killed += u32::from(words.text("is_saving").is_none());
    }

    /// The figures that it writes at the end.
    pub(crate) async fn one_that_ends(mut self) -> (String, Tally) {
        let words = self.live(None, None).await;
        assert!(words.status.success(), "{}", words.all());
        (std::fs::read_to_string(self.path("figures")).unwrap(), self.tally)
    }

    async fn one_that_dies(&mut self, events: u64, killed_after: Option<Duration>) -> Words {
        let words = self.live(Some(events), killed_after).await;
        assert!(!words.status.success(), "it came to its end: {}", words.all());
        self.handled = words.number("restored").unwrap() + events;
        self.look_at_store(&words).await;
        words
    }

    async fn live(&mut self, die_after: Option<u64>, killed_after: Option<Duration>) -> Words {
        let [flights, output] = ["flights.jsonl", "figures"].map(|name| self.path(name).to_str().unwrap().to_owned());
        // A snapshot of all figures has some 2,000 bytes.
        let record_bytes = [usize::MAX, 1_000, 250][self.random.usize(..3)];
        let (store, flights, output) = (&*self.url, &*flights, &*output);
        let words = run(&Arguments { store, flights, output, record_bytes, die_after }, killed_after).await;
        self.check_start(&words);
        words
    }

    /// It has the newest snapshot that was saved, and nothing was wrong with that.
    fn check_start(&mut self, words: &Words) {
        let start = words.number("restored").unwrap_or_else(|| panic!("it did not start: {}", words.all()));
        let possible = self.saved..=self.handled.max(self.saved);
        assert!(possible.contains(&start), "{start} is not in {possible:?}: {}", words.all());
        assert_eq!(words.number("rejected"), Some(0), "{}", words.all());
        assert_eq!(words.number("flights"), Some(start), "the model has each flight once");
        let minutes = self.minutes[usize::try_from(start).unwrap()];
        assert_eq!(words.text("minutes"), Some(&*minutes.to_string()), "the model is the one of its position");
        assert_eq!(words.number("generation") == Some(0), start == 0, "{}", words.all());
        self.tally.restored += u32::from(start > 0);
        self.tally.arrived_after_death += u32::from(start > self.saved);
    }

    /// What was reported as saved is there.
    async fn look_at_store(&mut self, words: &Words) {
        let id = CheckpointId::new("delays").unwrap();
        let listed = Snapshots::new(Arc::clone(&self.store), id).list().await.unwrap();
        let saved = listed.first().map_or(0, |newest| newest.position.unwrap());
        let reported = words.number("saved").or(words.number("restored")).unwrap();
        assert!((reported..=self.handled).contains(&saved), "{saved} is saved: {}", words.all());
        self.saved = saved;
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn minutes(stream: &str) -> Vec<i64> {
    let mut sum = 0;
    let sums = stream.lines().map(|line| {
        let flight: Value = serde_json::from_str(line).unwrap();
        sum += flight["arrival_delay_minutes"].as_i64().unwrap_or(0);
        sum
    });
    std::iter::once(0).chain(sums).collect()
}
