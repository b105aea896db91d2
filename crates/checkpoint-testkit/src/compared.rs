use std::sync::Arc;

use checkpoint_core::{Applied, Checkpoint, CheckpointId, CheckpointStore, Error, ErrorKind, Outcome, Record, Write};

use crate::Place;
use crate::brief::{Brief, NEW_LINE};
use crate::model::{Answer, Model, Step};

/// A store with the contract beside it: every call goes to both, their answers must be equal, and so must the records
/// that the call may have changed.
pub(crate) struct Compared<'a> {
    place: &'a Place,
    /// Used in turn; what one of them changes is read by the next.
    openings: Vec<Arc<dyn CheckpointStore>>,
    calls: usize,
    model: Model,
    promise: &'static str,
}

impl<'a> Compared<'a> {
    /// Opens the store of `place` to see whether it keeps `promise`.
    pub(crate) async fn open(place: &'a Place, promise: &'static str) -> Self {
        Self::new(place, promise, vec![place.open().await])
    }

    /// The same with two openings, where they see one another.
    pub(crate) async fn open_twice(place: &'a Place, promise: &'static str) -> Self {
        Self::new(place, promise, place.open_twice().await.into())
    }

    fn new(place: &'a Place, promise: &'static str, openings: Vec<Arc<dyn CheckpointStore>>) -> Self {
        Self { place, openings, calls: 0, model: Model::default(), promise }
    }

    /// Drops the openings and makes as many again.
    pub(crate) async fn reopen(&mut self) {
        let twice = self.openings.len() > 1;
        self.openings.clear();
        self.openings = if twice { self.place.open_twice().await.into() } else { vec![self.place.open().await] };
    }

    /// Forgets what was written, for calls on other ids.
    pub(crate) fn forget(&mut self) {
        self.model = Model::default();
    }

    /// Makes a call and returns the answer. Panics where the store's is not the contract's.
    pub(crate) async fn call(&mut self, step: Step) -> Answer {
        self.compare(&step).await.unwrap_or_else(|broken| panic!("{broken}"))
    }

    /// Writes, which must have `expected` as its outcome.
    pub(crate) async fn write(&mut self, write: Write, expected: Outcome) {
        let answer = self.call(Step::Write(write)).await;
        assert_eq!(answer.to_string(), format!("{expected:?}"), "the case and `Write::decide` say the same");
    }

    /// Writes all of `writes`, which must have `expected` as their outcomes.
    pub(crate) async fn write_many(&mut self, writes: Vec<Write>, expected: &[Outcome]) {
        let answer = self.call(Step::WriteMany(writes)).await;
        assert_eq!(answer.to_string(), format!("{expected:?}"), "the case and `Write::decide` say the same");
    }

    /// Writes what the contract does not allow: it must be refused and change nothing.
    pub(crate) async fn refuse(&mut self, writes: Vec<Write>) {
        let step = if let [write] = &writes[..] { Step::Write(write.clone()) } else { Step::WriteMany(writes) };
        let answer = self.call(step).await;
        assert!(matches!(answer, Answer::Failed(_)), "the case and `Write::validate` say the same");
    }

    /// Puts a record there, which must not exist, with any position and epoch.
    pub(crate) async fn put(&mut self, checkpoint: Checkpoint, epoch: u64) {
        self.write(Write::overwrite(Checkpoint::new(checkpoint.id.clone(), None)), Outcome::Stored).await;
        self.write(Write::overwrite(checkpoint).with_epoch(epoch).with_state("held"), Outcome::Stored).await;
    }

    pub(crate) async fn claim(&mut self, id: &CheckpointId, owner: &str) {
        self.call(Step::Claim(id.clone(), owner.to_owned())).await;
    }

    pub(crate) async fn delete(&mut self, id: &CheckpointId) {
        self.call(Step::Delete(id.clone())).await;
    }

    pub(crate) async fn read(&mut self, id: &CheckpointId) {
        self.call(Step::Read(id.clone())).await;
    }

    pub(crate) async fn list(&mut self, prefix: &str, after: Option<&CheckpointId>, limit: usize) {
        self.call(Step::List { prefix: prefix.to_owned(), after: after.cloned(), limit }).await;
    }

    /// The record as the store has it, with its time.
    pub(crate) async fn record(&self, id: &CheckpointId) -> Option<Record> {
        self.openings[0].read(id).await.expect("read fails")
    }

    /// Makes a call and returns the answer; an error says how the store's differs from the contract's.
    pub(crate) async fn compare(&mut self, step: &Step) -> Result<Answer, String> {
        let held = self.held(step);
        let answer = self.compare_answers(step, &held).await?;
        self.calls += 1;
        for id in step.changes() {
            let context = format!("after: {step}{NEW_LINE}over: {held}");
            self.compare_answers(&Step::Read(id.clone()), &context).await?;
        }
        Ok(answer)
    }

    async fn compare_answers(&mut self, step: &Step, context: &str) -> Result<Answer, String> {
        let expected = self.model.answer(step);
        let opening = &self.openings[self.calls % self.openings.len()];
        let seen = match step.call(&**opening).await {
            Ok(answer) => self.without_time(answer),
            Err(error) => failed(&error),
        };
        let seen = match seen {
            Ok(answer) if answer == expected => return Ok(answer),
            Ok(answer) => answer.to_string(),
            Err(seen) => seen,
        };
        let (store, promise) = (opening.name(), self.promise);
        let held = if context.is_empty() { "what does not matter" } else { context };
        Err(format!(
            "the {store} store breaks a promise: {promise}\
             \n  the call:  {step}\n  answered:  {seen}\n  must be:   {expected}\n  it held:   {held}"
        ))
    }

    /// Times are not compared, only whether they are there.
    fn without_time(&self, mut answer: Answer) -> Result<Answer, String> {
        let must_have_time = self.place.profile().updated_at;
        for record in answer.records_mut() {
            if record.updated_at.take().is_none() && must_have_time {
                return Err(format!("{}, without updated_at, which the profile promises", Brief(&*record)));
            }
        }
        Ok(answer)
    }

    /// What the contract holds under the ids of a call.
    fn held(&self, step: &Step) -> String {
        let shown = step.changes().into_iter().map(|id| match self.model.get(id) {
            Some(record) => Brief(record).to_string(),
            None => format!("nothing under {id:?}"),
        });
        shown.collect::<Vec<_>>().join(NEW_LINE)
    }
}

/// An error to compare; one that says that the call was wrong must say, too, that nothing was changed.
fn failed(error: &Error) -> Result<Answer, String> {
    let kind = error.kind();
    match (kind, error.applied()) {
        (ErrorKind::Invalid | ErrorKind::Unsupported, Applied::No) => Ok(Answer::Failed(kind)),
        (_, applied) => Err(format!("an error of kind {kind:?}, Applied::{applied:?}: {error}")),
    }
}
