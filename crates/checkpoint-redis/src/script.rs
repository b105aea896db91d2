//! The scripts on the server, one an operation: each looks and changes in one atomic step.

use std::sync::LazyLock;

use redis::{Arg, Cmd, Pipeline, ServerErrorKind};

use crate::connection::{Answer, Connection};

pub(crate) static CLAIM: LazyLock<Script> = LazyLock::new(|| Script::new(source!("claim")));
pub(crate) static DELETE: LazyLock<Script> = LazyLock::new(|| Script::new(source!("delete")));
pub(crate) static READ: LazyLock<Script> = LazyLock::new(|| Script::new(source!("read")));
pub(crate) static WRITE: LazyLock<Script> =
    LazyLock::new(|| Script::new(concat!(include_str!("lua/steady.lua"), "\n", source!("write"))));

macro_rules! source {
    ($name:literal) => {
        concat!(include_str!("lua/held.lua"), "\n", include_str!(concat!("lua/", $name, ".lua")))
    };
}
use source;

/// A script. The server knows it by its hash, once it has seen it.
pub(crate) struct Script {
    source: &'static str,
    hash: String,
}

impl Script {
    fn new(source: &'static str) -> Self {
        Self { source, hash: redis::Script::new(source).get_hash().to_owned() }
    }

    /// A call with `keys`; the other arguments are still to come, `bytes` in all.
    pub(crate) fn call<'a>(&self, keys: impl ExactSizeIterator<Item = &'a str>, bytes: usize) -> Cmd {
        let mut call = Cmd::with_capacity(4 + keys.len(), bytes + 64);
        call.arg("EVALSHA").arg(&self.hash).arg(keys.len());
        for key in keys {
            call.arg(key);
        }
        call
    }

    /// Makes the calls in one round trip. Where the server does not know the script (it was started anew, or somebody
    /// flushed its scripts) the calls are made again with the script's text; they had no effect the first time.
    pub(crate) async fn run(&self, connection: &Connection, calls: impl IntoIterator<Item = Cmd>) -> Vec<Answer> {
        let calls = pipeline(calls);
        let mut answers = connection.send(&calls).await;
        let unknown: Vec<_> =
            answers.iter_mut().zip(calls.cmd_iter()).filter(|(answer, _)| is_unknown(answer)).collect();
        if !unknown.is_empty() {
            let with_text = pipeline(unknown.iter().map(|(_, call)| self.with_text(call)));
            for ((answer, _), second) in unknown.into_iter().zip(connection.send(&with_text).await) {
                *answer = second;
            }
        }
        answers
    }

    /// The same call, for a server that does not know the hash.
    fn with_text(&self, call: &Cmd) -> Cmd {
        let mut command = redis::cmd("EVAL");
        command.arg(self.source);
        for argument in call.args_iter().skip(2) {
            if let Arg::Simple(argument) = argument {
                command.arg(argument);
            }
        }
        command
    }
}

fn pipeline(calls: impl IntoIterator<Item = Cmd>) -> Pipeline {
    let mut pipeline = Pipeline::new();
    pipeline.ignore_errors(); // each is an answer of its own
    for call in calls {
        pipeline.add_command(call);
    }
    pipeline
}

fn is_unknown(answer: &Answer) -> bool {
    matches!(answer, Err(error) if error.kind() == ServerErrorKind::NoScript.into())
}
