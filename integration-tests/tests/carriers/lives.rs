//! The example as a process: what it does from its start to its death.

use std::env;
use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

const ARGUMENTS: [&str; 5] =
    ["CARRIERS_STORE", "CARRIERS_FLIGHTS", "CARRIERS_FIGURES", "CARRIERS_DIE_AFTER", "CARRIERS_RECORD_BYTES"];

/// What the process was started with; `None` in a run of all tests.
pub(crate) fn arguments() -> Option<[String; 5]> {
    env::var(ARGUMENTS[0]).ok()?;
    Some(ARGUMENTS.map(|argument| env::var(argument).unwrap()))
}

/// How a life ends.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Death {
    /// By its own hand, when it has counted so many flights.
    After(u64),
    /// By a signal, after this time.
    Killed(Duration),
    /// It comes to the end of the stream.
    None,
}

/// What a life has said.
#[derive(Debug)]
pub(crate) struct Life {
    /// Whether it was before the end of the stream.
    pub(crate) died: bool,
    /// The flight after which it began.
    pub(crate) began: Option<u64>,
    /// The last one up to which it has said to have saved.
    pub(crate) saved: Option<u64>,
}

/// All lives have one store, one stream and one file of figures.
pub(crate) struct Lives {
    store: String,
    flights: String,
    figures: String,
    record_bytes: usize,
}

impl Lives {
    pub(crate) fn new(store: &str, directory: &TempDir, stream: &str, record_bytes: usize) -> Self {
        let [flights, figures] =
            ["flights.jsonl", "figures"].map(|name| directory.path().join(name).to_str().unwrap().to_owned());
        fs::write(&flights, stream).unwrap();
        Self { store: store.to_owned(), flights, figures, record_bytes }
    }

    pub(crate) fn live(&self, death: Death) -> Life {
        let mut process = self.start(death);
        if let Death::Killed(after) = death {
            sleep(after); // when it is killed does not matter
            process.kill().unwrap();
        }
        let mut said = String::new();
        process.stdout.take().unwrap().read_to_string(&mut said).unwrap();
        let died = !process.wait().unwrap().success();
        assert!(!died || !matches!(death, Death::None), "{said}");
        Life {
            died,
            began: last_number(&said, "begins after flight "),
            saved: last_number(&said, "saved up to flight "),
        }
    }

    fn start(&self, death: Death) -> Child {
        let die_after = if let Death::After(events) = death { events.to_string() } else { String::new() };
        let values = [&self.store, &self.flights, &self.figures, &die_after, &self.record_bytes.to_string()];
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "process", "--nocapture"]).envs(ARGUMENTS.into_iter().zip(values));
        process.stdout(Stdio::piped()).spawn().unwrap()
    }

    pub(crate) fn figures(&self) -> String {
        fs::read_to_string(&self.figures).unwrap()
    }
}

/// That of the last line that is complete: a process that is killed may leave a part of one.
fn last_number(said: &str, name: &str) -> Option<u64> {
    let whole = said.rfind('\n').map_or("", |end| &said[..end]);
    whole.lines().rev().find_map(|line| line.split_once(name)?.1.parse().ok())
}
