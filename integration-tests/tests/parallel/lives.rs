//! The example as a process: what it does from its start to its death.

use std::env;
use std::fs;
use std::process::{Command, Output};
use std::str::FromStr;

use checkpoint::commit::codec::{State, decode};
use checkpoint::{CheckpointId, open};
use tempfile::TempDir;

const ARGUMENTS: [&str; 4] = ["PARALLEL_STORE", "PARALLEL_FLIGHTS", "PARALLEL_JOURNAL", "PARALLEL_DIE_AFTER"];

/// What the process was started with; `None` in a run of all tests.
pub(crate) fn arguments() -> Option<[String; 4]> {
    env::var(ARGUMENTS[0]).ok()?;
    Some(ARGUMENTS.map(|argument| env::var(argument).unwrap()))
}

/// One process, from its start to its death.
pub(crate) struct Life {
    /// The positions that it handled, in this order.
    pub(crate) handled: Vec<u64>,
    /// What it said before its death; `None` where it came to the end of the stream.
    pub(crate) last_words: Option<LastWords>,
    /// What was in the store afterwards.
    pub(crate) stored: Stored,
}

pub(crate) struct LastWords {
    pub(crate) stored: u64,
    pub(crate) redelivered: u64,
    pub(crate) redelivered_at_least: u64,
}

/// The record, as anybody can read it.
pub(crate) struct Stored {
    pub(crate) position: u64,
    pub(crate) state: State,
}

impl Stored {
    pub(crate) fn is_handled(&self, position: u64) -> bool {
        position <= self.position || self.state.open.as_ref().is_some_and(|open| open.is_handled(position))
    }
}

/// All lives have one store, one stream and one journal.
pub(crate) struct Lives {
    store: String,
    flights: String,
    journal: String,
    /// How many lines of the journal are of earlier lives.
    lines: usize,
}

impl Lives {
    pub(crate) fn new(store: &str, directory: &TempDir, stream: &str) -> Self {
        let [flights, journal] =
            ["flights.jsonl", "journal"].map(|name| directory.path().join(name).to_str().unwrap().to_owned());
        fs::write(&flights, stream).unwrap();
        Self { store: store.to_owned(), flights, journal, lines: 0 }
    }

    pub(crate) async fn live(&mut self, die_after: Option<u64>) -> Life {
        let output = self.run(die_after);
        assert_eq!(output.status.success(), die_after.is_none(), "{output:?}");
        let last_words = die_after.map(|_| LastWords::of(&output));
        Life { handled: self.new_lines(), last_words, stored: self.stored().await }
    }

    fn run(&self, die_after: Option<u64>) -> Output {
        let die_after = die_after.map_or(String::new(), |events| events.to_string());
        let values = [&self.store, &self.flights, &self.journal, &die_after];
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "process", "--nocapture"]).envs(ARGUMENTS.into_iter().zip(values));
        process.output().unwrap()
    }

    fn new_lines(&mut self) -> Vec<u64> {
        let journal = fs::read_to_string(&self.journal).unwrap();
        let lines: Vec<_> = journal.lines().skip(self.lines).map(|line| line.parse().unwrap()).collect();
        self.lines += lines.len();
        lines
    }

    async fn stored(&self) -> Stored {
        let id = CheckpointId::new("flights").unwrap();
        let record = open(&self.store).await.unwrap().read(&id).await.unwrap().expect("it was claimed");
        let position = record.checkpoint.position;
        Stored { position: position.unwrap_or(0), state: decode(position, &record.state).unwrap() }
    }
}

impl LastWords {
    fn of(output: &Output) -> Self {
        let said = String::from_utf8_lossy(&output.stdout);
        Self {
            stored: number(&said, "stored="),
            redelivered: number(&said, "redelivered="),
            redelivered_at_least: number(&said, "redelivered_at_least="),
        }
    }
}

fn number(said: &str, name: &str) -> u64 {
    let found = said.split_whitespace().find_map(|word| word.strip_prefix(name));
    FromStr::from_str(found.unwrap_or_else(|| panic!("no {name} in {said}"))).unwrap()
}
