//! The thread that owns the log: answers reads, and gathers the changes that wait into one append.

use std::sync::mpsc::Receiver;

use checkpoint_core::{CheckpointId, Operation, Outcome, Record, Result, Write};
use tokio::sync::oneshot;

use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::{Log, Staged, TornTail};

/// At most so many calls, or so many bytes of state, go into one append.
const MOST_CALLS: usize = 10_000;
const MOST_STATE_BYTES: usize = 16 << 20;

/// Where an answer goes.
pub(crate) type Reply<T> = oneshot::Sender<Result<T>>;

/// A call of the store, on its way to the thread.
#[derive(Debug)]
pub(crate) enum Call {
    Change(Change),
    Look(Look),
}

/// Calls that write.
#[derive(Debug)]
pub(crate) enum Change {
    Claim { id: CheckpointId, owner: String, reply: Reply<Record> },
    Delete { id: CheckpointId, reply: Reply<bool> },
    Write { write: Write, reply: Reply<Outcome> },
    WriteMany { writes: Vec<Write>, reply: Reply<Vec<Outcome>> },
}

/// Calls that only read.
#[derive(Debug)]
pub(crate) enum Look {
    List { prefix: String, after: Option<CheckpointId>, limit: usize, reply: Reply<Vec<Record>> },
    Read { id: CheckpointId, reply: Reply<Option<Record>> },
    TornTail { reply: Reply<Option<TornTail>> },
}

/// What a change will be answered as soon as it is durable.
enum Decided {
    Claim(Reply<Record>, Result<Record, Failure>),
    Delete(Reply<bool>, bool),
    Write(Reply<Outcome>, Outcome),
    WriteMany(Reply<Vec<Outcome>>, Vec<Outcome>),
}

/// Works until every store that sends calls is gone.
pub(crate) fn run<D: Disk>(mut log: Log<D>, calls: &Receiver<Call>) {
    while let Ok(first) = calls.recv() {
        let mut changes = Vec::new();
        let mut state_bytes = 0;
        for call in std::iter::once(first).chain(calls.try_iter().take(MOST_CALLS)) {
            match call {
                // What waits in the same moment may be answered before the changes or after them.
                Call::Look(look) => look.answer(&mut log),
                Call::Change(change) if change.is_given_up() => {}
                Call::Change(change) => {
                    state_bytes += change.state_bytes();
                    changes.push(change);
                    if state_bytes > MOST_STATE_BYTES {
                        break;
                    }
                }
            }
        }
        if !changes.is_empty() {
            make_durable(&mut log, changes);
        }
    }
}

fn make_durable<D: Disk>(log: &mut Log<D>, changes: Vec<Change>) {
    let mut staged = match log.begin() {
        Ok(staged) => staged,
        Err(failure) => return changes.into_iter().for_each(|change| change.fail(&failure)),
    };
    let decided: Vec<_> = changes.into_iter().map(|change| change.decide(log, &mut staged)).collect();
    let durable = log.finish(staged);
    decided.into_iter().for_each(|decided| decided.answer(&durable));
}

impl Look {
    fn answer<D: Disk>(self, log: &mut Log<D>) {
        match self {
            Self::List { prefix, after, limit, reply } => {
                send(reply, log.list(&prefix, after.as_ref(), limit), Operation::List);
            }
            Self::Read { id, reply } => send(reply, log.read(&id), Operation::Read),
            Self::TornTail { reply } => send(reply, Ok(log.torn_tail()), Operation::Open),
        }
    }
}

impl Change {
    /// Nobody waits for the answer any more, and nothing was done yet: so nothing will be.
    fn is_given_up(&self) -> bool {
        match self {
            Self::Claim { reply, .. } => reply.is_closed(),
            Self::Delete { reply, .. } => reply.is_closed(),
            Self::Write { reply, .. } => reply.is_closed(),
            Self::WriteMany { reply, .. } => reply.is_closed(),
        }
    }

    fn state_bytes(&self) -> usize {
        match self {
            Self::Claim { .. } | Self::Delete { .. } => 0,
            Self::Write { write, .. } => write.state.len(),
            Self::WriteMany { writes, .. } => writes.iter().map(|write| write.state.len()).sum(),
        }
    }

    fn decide<D: Disk>(self, log: &mut Log<D>, staged: &mut Staged) -> Decided {
        match self {
            Self::Claim { id, owner, reply } => Decided::Claim(reply, log.claim(&id, &owner, staged)),
            Self::Delete { id, reply } => Decided::Delete(reply, log.delete(&id, staged)),
            Self::Write { write, reply } => Decided::Write(reply, log.write(&write, staged)),
            Self::WriteMany { writes, reply } => {
                let outcomes = writes.iter().map(|write| log.write(write, staged)).collect();
                Decided::WriteMany(reply, outcomes)
            }
        }
    }

    fn fail(self, failure: &Failure) {
        let failure = failure.clone();
        match self {
            Self::Claim { reply, .. } => send(reply, Err(failure), Operation::Claim),
            Self::Delete { reply, .. } => send(reply, Err(failure), Operation::Delete),
            Self::Write { reply, .. } => send(reply, Err(failure), Operation::Write),
            Self::WriteMany { reply, .. } => send(reply, Err(failure), Operation::WriteMany),
        }
    }
}

impl Decided {
    fn answer(self, durable: &Result<(), Failure>) {
        let durable = durable.clone();
        match self {
            Self::Claim(reply, claimed) => send(reply, durable.and(claimed), Operation::Claim),
            Self::Delete(reply, existed) => send(reply, durable.map(|()| existed), Operation::Delete),
            Self::Write(reply, outcome) => send(reply, durable.map(|()| outcome), Operation::Write),
            Self::WriteMany(reply, outcomes) => send(reply, durable.map(|()| outcomes), Operation::WriteMany),
        }
    }
}

/// Whoever asked may have gone away meanwhile; then nobody wants the answer.
fn send<T>(reply: Reply<T>, answer: Result<T, Failure>, operation: Operation) {
    let _ = reply.send(answer.map_err(|failure| failure.to_error(operation)));
}
