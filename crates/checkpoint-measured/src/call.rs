use std::error::Error as StdError;

use checkpoint_core::{CheckpointId, Error, Operation, Outcome, Result};
use tracing::{Instrument as _, Span, warn};

use crate::answer::{Answer, integer};

/// One call of a store, and the span that it runs in.
///
/// Events carry the store and the id themselves, because the span may be filtered out where a warning is not.
pub(crate) struct Call<'a> {
    pub(crate) store: &'static str,
    pub(crate) operation: Operation,
    /// What the call is about, where it is about one checkpoint.
    pub(crate) id: Option<&'a CheckpointId>,
    pub(crate) span: Span,
}

impl Call<'_> {
    /// Runs the call in its span and adds what came of it.
    pub(crate) async fn run<T: Answer>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        #[cfg(feature = "metrics")]
        let started = std::time::Instant::now();
        let result = call.instrument(self.span.clone()).await;
        #[cfg(feature = "metrics")]
        crate::metric::record_duration(self, started.elapsed(), &result);
        match &result {
            Ok(answer) => self.answered(answer),
            Err(error) => self.failed(error),
        }
        result
    }

    fn answered(&self, answer: &impl Answer) {
        if !self.span.is_disabled() {
            self.span.record("checkpoint.outcome", answer.outcome());
            answer.describe(&self.span);
        }
    }

    fn failed(&self, error: &Error) {
        let kind = error.kind().as_str();
        self.span.record("error.type", kind);
        self.span.record("otel.status_code", "ERROR");
        // the last one, since it sets the status as well
        self.span.record("otel.status_description", tracing::field::display(error));
        let error: &(dyn StdError + 'static) = error;
        self.span.in_scope(|| {
            warn!(
                checkpoint.store = self.store,
                checkpoint.operation = self.operation.as_str(),
                checkpoint.id = self.id.map(CheckpointId::as_str),
                error.type = kind,
                error.message = error,
                "checkpoint call failed"
            );
        });
    }

    /// Warns where a write was fenced: its writer has lost the checkpoint and should stop.
    pub(crate) fn warn_if_fenced(&self, id: &CheckpointId, outcome: Outcome) {
        let Outcome::Fenced(epoch) = outcome else {
            return;
        };
        self.span.in_scope(|| {
            warn!(
                checkpoint.store = self.store,
                checkpoint.operation = self.operation.as_str(),
                checkpoint.id = id.as_str(),
                checkpoint.epoch = integer(epoch),
                "checkpoint write fenced: it was claimed with a larger epoch"
            );
        });
    }
}
