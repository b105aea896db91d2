//! A file store that is open in another process.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use checkpoint::{CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};

use crate::wire::{Answer, Call, Numbered, WireRecord, error};

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Answer>>>>;

/// Passes each call to a process of its own, which ends when this is dropped.
#[derive(Debug)]
pub struct RemoteFileStore {
    calls: mpsc::UnboundedSender<Vec<u8>>,
    waiting: Waiting,
    number: AtomicU64,
    _process: Child,
}

impl RemoteFileStore {
    /// Starts `program`, which must be this package's `store-process`, on a directory.
    pub fn start(program: &Path, directory: &Path) -> Self {
        let mut process = Command::new(program)
            .arg(directory)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the program starts");
        let (calls, lines) = mpsc::unbounded_channel();
        tokio::spawn(pass_on(lines, process.stdin.take().expect("it is piped")));
        let answers = process.stdout.take().expect("it is piped");
        let waiting = Waiting::default();
        tokio::spawn(give_out(answers, Arc::clone(&waiting)));
        Self { calls, waiting, number: AtomicU64::new(0), _process: process }
    }

    async fn ask(&self, call: Call) -> Result<Answer> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        self.waiting.lock().expect("nobody panics with it").insert(number, reply);
        let mut line = serde_json::to_vec(&Numbered { number, content: call }).expect("calls have a JSON form");
        line.push(b'\n');
        self.calls.send(line).expect("the process listens");
        match answer.await.expect("the process answers") {
            Answer::Failed { kind, applied, message } => Err(error(&kind, applied, message)),
            answer => Ok(answer),
        }
    }
}

/// A task of its own, so that a call that is given up does not leave half a line behind.
async fn pass_on(mut lines: mpsc::UnboundedReceiver<Vec<u8>>, mut calls: ChildStdin) {
    while let Some(line) = lines.recv().await {
        calls.write_all(&line).await.expect("the process listens");
    }
}

async fn give_out(answers: ChildStdout, waiting: Waiting) {
    let mut lines = BufReader::new(answers).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let answer: Numbered<Answer> = serde_json::from_str(&line).expect("the process writes answers only");
        let reply = waiting.lock().expect("nobody panics with it").remove(&answer.number);
        let _ = reply.expect("it was asked").send(answer.content); // whoever asked may be gone
    }
}

fn records(answer: Answer) -> impl Iterator<Item = Record> {
    let Answer::Records(records) = answer else { panic!("records were asked for: {answer:?}") };
    records.into_iter().map(WireRecord::into)
}

fn outcomes(answer: Answer) -> Vec<Outcome> {
    let Answer::Outcomes(outcomes) = answer else { panic!("outcomes were asked for: {answer:?}") };
    outcomes.into_iter().map(Outcome::from).collect()
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CheckpointStore for RemoteFileStore {
    fn name(&self) -> &'static str {
        "file"
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        Ok(records(self.ask(Call::Read { id: id.to_string() }).await?).next())
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        Ok(outcomes(self.ask(Call::Write { write: write.into() }).await?)[0])
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        Ok(outcomes(self.ask(Call::WriteMany { writes: writes.iter().map(Into::into).collect() }).await?))
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let call = Call::Claim { id: id.to_string(), owner: owner.to_owned() };
        Ok(records(self.ask(call).await?).next().expect("a claim has a record"))
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        match self.ask(Call::Delete { id: id.to_string() }).await? {
            Answer::Deleted(existed) => Ok(existed),
            answer => panic!("it was asked to delete: {answer:?}"),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let call = Call::List { prefix: prefix.to_owned(), after: after.map(ToString::to_string), limit };
        Ok(records(self.ask(call).await?).collect())
    }
}
