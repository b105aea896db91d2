use checkpoint_core::{CheckpointId, CheckpointStore, Operation, Outcome, Record, Result, Write, async_trait};
use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::answer::integer;
use crate::call::Call;

/// A store that shows each call of the store within it as a span, and with the feature `metrics` counts and times it.
///
/// Answers, errors and the store's name are passed on as they are.
///
/// # Durability
///
/// That of the store within.
///
/// # Cancel safety
///
/// That of the store within. The span of a dropped call ends without an outcome, and the call does not count in the
/// metrics.
#[derive(Clone, Debug)]
pub struct MeasuredStore<S> {
    store: S,
    #[cfg(feature = "metrics")]
    shows_positions: bool,
}

impl<S: CheckpointStore> MeasuredStore<S> {
    /// Measures `store`.
    pub fn new(store: S) -> Self {
        #[cfg(feature = "metrics")]
        crate::metric::describe();
        Self {
            store,
            #[cfg(feature = "metrics")]
            shows_positions: false,
        }
    }

    /// The same store, which also sets the gauge `checkpoint.position` to each stored position.
    ///
    /// Off unless asked for: it is one time series per checkpoint id, for ever.
    #[cfg(feature = "metrics")]
    #[must_use]
    pub fn with_position_gauge(self) -> Self {
        Self { shows_positions: true, ..self }
    }

    /// The store within.
    pub fn inner(&self) -> &S {
        &self.store
    }

    /// The store within, without the measuring.
    pub fn into_inner(self) -> S {
        self.store
    }

    fn call<'a>(&self, operation: Operation, id: Option<&'a CheckpointId>, span: Span) -> Call<'a> {
        Call { store: self.store.name(), operation, id, span }
    }

    fn written(&self, call: &Call<'_>, write: &Write, outcome: Outcome) {
        call.warn_if_fenced(&write.checkpoint.id, outcome);
        #[cfg(feature = "metrics")]
        if self.shows_positions && outcome.is_stored() {
            crate::metric::set_position(call.store, &write.checkpoint);
        }
    }
}

/// The span of a call, with the fields that all calls have in common.
macro_rules! span {
    ($name:literal, $store:expr, $($fields:tt)*) => {
        info_span!(
            $name,
            otel.kind = "client",
            otel.status_code = Empty,
            otel.status_description = Empty,
            error.type = Empty,
            checkpoint.store = $store.name(),
            checkpoint.outcome = Empty,
            $($fields)*
        )
    };
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<S: CheckpointStore> CheckpointStore for MeasuredStore<S> {
    fn name(&self) -> &'static str {
        self.store.name()
    }

    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let span = span!(
            "checkpoint.read",
            self.store,
            checkpoint.id = id.as_str(),
            checkpoint.position = Empty,
            checkpoint.epoch = Empty,
        );
        self.call(Operation::Read, Some(id), span).run(self.store.read(id)).await
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let id = &write.checkpoint.id;
        let span = span!(
            "checkpoint.write",
            self.store,
            checkpoint.id = id.as_str(),
            checkpoint.position = write.checkpoint.position.and_then(integer),
            checkpoint.epoch = integer(write.epoch),
        );
        let call = self.call(Operation::Write, Some(id), span);
        let outcome = call.run(self.store.write(write)).await?;
        self.written(&call, write, outcome);
        Ok(outcome)
    }

    async fn write_many(&self, writes: &[Write]) -> Result<Vec<Outcome>> {
        let span = span!(
            "checkpoint.write_many",
            self.store,
            checkpoint.count = integer(writes.len()),
            checkpoint.ahead = Empty,
            checkpoint.contended = Empty,
            checkpoint.fenced = Empty,
            checkpoint.mismatch = Empty,
            checkpoint.missing = Empty,
            checkpoint.stored = Empty,
        );
        let call = self.call(Operation::WriteMany, None, span);
        let outcomes = call.run(self.store.write_many(writes)).await?;
        for (write, outcome) in writes.iter().zip(&outcomes) {
            self.written(&call, write, *outcome);
        }
        Ok(outcomes)
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        let span = span!(
            "checkpoint.claim",
            self.store,
            checkpoint.id = id.as_str(),
            checkpoint.owner = owner,
            checkpoint.position = Empty,
            checkpoint.epoch = Empty,
        );
        self.call(Operation::Claim, Some(id), span).run(self.store.claim(id, owner)).await
    }

    async fn delete(&self, id: &CheckpointId) -> Result<bool> {
        let span = span!("checkpoint.delete", self.store, checkpoint.id = id.as_str());
        self.call(Operation::Delete, Some(id), span).run(self.store.delete(id)).await
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        let span = span!(
            "checkpoint.list",
            self.store,
            checkpoint.prefix = prefix,
            checkpoint.after = after.map(CheckpointId::as_str),
            checkpoint.limit = integer(limit),
            checkpoint.count = Empty,
        );
        self.call(Operation::List, None, span).run(self.store.list(prefix, after, limit)).await
    }
}
