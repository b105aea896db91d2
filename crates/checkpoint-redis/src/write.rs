//! Writes, as calls of their script.

use checkpoint_core::{Applied, Error, ErrorKind, Mode, Outcome, Result, Write};
use redis::{Cmd, ServerErrorKind, Value};

use crate::answer::Held;
use crate::connection::Answer;
use crate::error::to_error;
use crate::script::WRITE;
use crate::store::{Layout, RedisStore};

/// So many writes go into one call of the script, where one server holds all keys: in a pipeline, a call costs more than
/// a write. While it runs, the server does nothing else: for less than a millisecond.
const WRITES_A_CALL: usize = 100;

/// With large states a call ends sooner, as the server holds all its arguments at once.
const STATE_BYTES_A_CALL: usize = 1024 * 1024;

impl RedisStore {
    pub(crate) async fn write_one(&self, write: &Write) -> Result<Outcome> {
        self.check_layout(write)?;
        let writes = std::slice::from_ref(write);
        let outcomes = self.write_calls(&[writes]).await?;
        outcomes.first().copied().ok_or_else(wrong_number)
    }

    pub(crate) async fn write_all(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        writes.iter().try_for_each(|write| self.check_layout(write))?;
        let calls = if self.connection.is_one_server() { cut(writes) } else { writes.chunks(1).collect() };
        self.write_calls(&calls).await
    }

    /// Makes a call for each of `calls`, all in one round trip.
    async fn write_calls(&self, calls: &[&[Write]]) -> Result<Vec<Outcome>> {
        let commands = calls.iter().map(|writes| self.call(writes)).collect::<Result<Vec<_>>>()?;
        let answers = WRITE.run(&self.connection, commands).await;
        let mut outcomes = Vec::new();
        for (writes, answer) in calls.iter().zip(answers) {
            let answered = match is_spread(&answer) && writes.len() > 1 {
                true => Box::pin(self.write_calls(&writes.chunks(1).collect::<Vec<_>>())).await,
                false => self.outcomes(writes, answer),
            };
            outcomes.extend(answered.map_err(|error| of_many(error, calls.len()))?);
        }
        Ok(outcomes)
    }

    fn call(&self, writes: &[Write]) -> Result<Cmd> {
        let keys: Vec<_> = writes.iter().map(|write| self.key(&write.checkpoint.id)).collect();
        let bytes =
            keys.iter().map(String::len).sum::<usize>() + writes.iter().map(|w| w.state.len() + 64).sum::<usize>();
        let mut call = WRITE.call(keys.iter().map(String::as_str), bytes);
        call.arg(self.layout.as_str());
        for write in writes {
            add_condition(&mut call, write.mode)?;
            add_position(&mut call, write.checkpoint.position);
            call.arg(write.epoch).arg(&write.state[..]);
        }
        Ok(call)
    }

    /// What an answer says about each of the writes of its call.
    fn outcomes(&self, writes: &[Write], answer: Answer) -> Result<Vec<Outcome>> {
        let answers = match answer.map_err(|error| to_error(&error))? {
            Value::Array(answers) if answers.len() == writes.len() => answers,
            _ => return Err(wrong_number()),
        };
        let answered = writes.iter().zip(answers);
        let outcomes: Result<_> = answered.map(|(write, answer)| self.outcome(write, answer)).collect();
        outcomes.map_err(|error| of_many(error, writes.len()))
    }

    fn outcome(&self, write: &Write, answer: Value) -> Result<Outcome> {
        let key = self.key(&write.checkpoint.id);
        let refused = match Held::parse(&write.checkpoint.id, &key, Ok(answer))? {
            Held::Done => return Ok(Outcome::Stored),
            Held::Nothing => write.decide(None),
            Held::Other(kind) => return Err(Held::not_a_checkpoint(&key, &kind)),
            Held::Record(record) => write.decide(Some(&record)),
        };
        match refused {
            Outcome::Stored => Err(Error::new(ErrorKind::Other, format!("the script has not written {key:?}"))),
            refused => Ok(refused),
        }
    }

    /// What the layout of Eventuous has no place for must not get lost.
    fn check_layout(&self, write: &Write) -> Result<()> {
        let wrong = match self.layout {
            Layout::Own => return Ok(()),
            Layout::Eventuous if write.epoch > 0 => "an epoch",
            Layout::Eventuous if !write.state.is_empty() => "a state",
            Layout::Eventuous if write.checkpoint.position.is_none() => "a checkpoint without position",
            Layout::Eventuous => return Ok(()),
        };
        let id = &write.checkpoint.id;
        let message =
            format!("checkpoint {id:?}: the layout of Eventuous has no place for {wrong}; use the other layout");
        Err(Error::new(ErrorKind::Unsupported, message))
    }
}

fn add_condition(call: &mut Cmd, mode: Mode) -> Result<()> {
    let _ = match mode {
        Mode::Advance => call.arg("advance"),
        Mode::Expect(position) => add_position(call, position),
        Mode::Overwrite => call.arg("overwrite"),
        mode => {
            let message = format!("this version does not know the mode {mode:?}");
            return Err(Error::new(ErrorKind::Unsupported, message));
        }
    };
    Ok(())
}

fn add_position(call: &mut Cmd, position: Option<u64>) -> &mut Cmd {
    match position {
        Some(position) => call.arg(position),
        None => call.arg(""),
    }
}

/// The writes by calls, in order.
fn cut(mut writes: &[Write]) -> Vec<&[Write]> {
    let mut calls = Vec::with_capacity(writes.len().div_ceil(WRITES_A_CALL));
    while !writes.is_empty() {
        let mut bytes = 0;
        let fits = |write: &&Write| {
            bytes += write.state.len();
            bytes <= STATE_BYTES_A_CALL
        };
        let (call, rest) = writes.split_at(writes.iter().take(WRITES_A_CALL).take_while(fits).count().max(1));
        calls.push(call);
        writes = rest;
    }
    calls
}

/// Whether the keys of a call belong to several servers: so it is behind some proxies in front of a cluster. Nothing was
/// written.
fn is_spread(answer: &Answer) -> bool {
    matches!(answer, Err(error) if error.kind() == ServerErrorKind::CrossSlot.into())
}

/// The error of one of `count`: the others may have been written.
fn of_many(error: Error, count: usize) -> Error {
    if count > 1 { error.with_applied(Applied::Unknown) } else { error }
}

fn wrong_number() -> Error {
    Error::new(ErrorKind::Other, "the script did not answer for each write: see what changes answers on the way")
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkpoint_core::{Checkpoint, CheckpointId};

    fn writes(count: usize, state_bytes: usize) -> Vec<Write> {
        let id = |n| CheckpointId::new(format!("id {n}")).unwrap();
        (0..count).map(|n| Write::advance(Checkpoint::new(id(n), 1)).with_state(vec![0; state_bytes])).collect()
    }

    fn sizes(writes: &[Write]) -> Vec<usize> {
        cut(writes).into_iter().map(<[Write]>::len).collect()
    }

    #[test]
    fn calls_are_cut_by_number_and_by_bytes() {
        assert_eq!(sizes(&writes(0, 0)), [0_usize; 0]);
        assert_eq!(sizes(&writes(1, 0)), [1]);
        assert_eq!(sizes(&writes(250, 10)), [100, 100, 50]);
        assert_eq!(sizes(&writes(5, STATE_BYTES_A_CALL / 2)), [2, 2, 1]);
        assert_eq!(sizes(&writes(3, STATE_BYTES_A_CALL + 1)), [1, 1, 1]);
    }
}
