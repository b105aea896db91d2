//! The example as a process: what it says from its start to its death.

use std::env;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::example;

const ARGUMENTS: [&str; 5] =
    ["CARRIERS_STORE", "CARRIERS_FLIGHTS", "CARRIERS_OUTPUT", "CARRIERS_RECORD_BYTES", "CARRIERS_DIE_AFTER"];

/// What a process is started with.
pub(crate) struct Arguments<'a> {
    pub(crate) store: &'a str,
    pub(crate) flights: &'a str,
    pub(crate) output: &'a str,
    /// With few, a snapshot is in many records.
    pub(crate) record_bytes: usize,
    /// How many events it handles before it aborts.
    pub(crate) die_after: Option<u64>,
}

/// What a process has said.
pub(crate) struct Words {
    pub(crate) status: ExitStatus,
    lines: Vec<String>,
}

/// The example itself, where this process was started as one; does nothing in a run of all tests.
pub(crate) async fn example_if_told() {
    let Ok(store) = env::var(ARGUMENTS[0]) else { return };
    let [_, flights, output, record_bytes, die_after] = ARGUMENTS.map(|argument| env::var(argument).unwrap());
    let snapshots = example::snapshots(&store).await.unwrap().record_bytes(record_bytes.parse().unwrap());
    example::handle_all(&snapshots, &flights, &output, die_after.parse().ok()).await.unwrap();
}

/// Kills it so long after it has restored its model, unless it has ended before.
pub(crate) async fn run(arguments: &Arguments<'_>, killed_after: Option<Duration>) -> Words {
    let mut process = start(arguments);
    let mut output = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut lines = Vec::new();
    if let Some(after) = killed_after {
        while !lines.iter().any(|line: &String| line.contains("restored=")) {
            lines.push(output.next_line().await.unwrap().expect("it says what it has restored"));
        }
        if timeout(after, rest(&mut output, &mut lines)).await.is_err() {
            process.start_kill().unwrap();
        }
    }
    rest(&mut output, &mut lines).await;
    Words { status: process.wait().await.unwrap(), lines }
}

fn start(arguments: &Arguments<'_>) -> Child {
    let die_after = arguments.die_after.map_or(String::new(), |events| events.to_string());
    let record_bytes = arguments.record_bytes.to_string();
    let values = [arguments.store, arguments.flights, arguments.output, &record_bytes, &die_after];
    let mut process = Command::new(env::current_exe().unwrap());
    process.args(["--exact", "process", "--nocapture"]).envs(ARGUMENTS.into_iter().zip(values));
    process.stdout(Stdio::piped()).kill_on_drop(true).spawn().unwrap()
}

async fn rest(output: &mut Lines<BufReader<ChildStdout>>, lines: &mut Vec<String>) {
    while let Some(line) = output.next_line().await.unwrap() {
        lines.push(line);
    }
}

impl Words {
    /// The last number that it gave by this name.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.text(name).map(|number| number.parse().unwrap())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        let words = self.lines.iter().flat_map(|line| line.split_whitespace());
        words.filter_map(|word| word.strip_prefix(name)?.strip_prefix('=')).next_back()
    }

    pub(crate) fn all(&self) -> String {
        self.lines.join("\n")
    }
}
