use checkpoint_core::{Outcome, Record};
use tracing::Span;

/// What a call of a store returned, as spans and metrics show it.
pub(crate) trait Answer {
    /// One word of a small set.
    fn outcome(&self) -> &'static str;

    /// Adds to the call's span what was not known when it began. Never the state.
    fn describe(&self, _span: &Span) {}
}

/// `read`.
impl Answer for Option<Record> {
    fn outcome(&self) -> &'static str {
        match self {
            Some(_) => "found",
            None => "absent",
        }
    }

    fn describe(&self, span: &Span) {
        if let Some(record) = self {
            describe_record(record, span);
        }
    }
}

/// `write`.
impl Answer for Outcome {
    fn outcome(&self) -> &'static str {
        self.as_str()
    }
}

/// `write_many`.
impl Answer for Vec<Outcome> {
    fn outcome(&self) -> &'static str {
        let Some((first, others)) = self.split_first() else {
            return Outcome::Stored.as_str();
        };
        match others.iter().all(|other| other.as_str() == first.as_str()) {
            true => first.as_str(),
            false => "mixed",
        }
    }

    fn describe(&self, span: &Span) {
        for (field, name) in [
            ("checkpoint.ahead", "ahead"),
            ("checkpoint.contended", "contended"),
            ("checkpoint.fenced", "fenced"),
            ("checkpoint.mismatch", "mismatch"),
            ("checkpoint.missing", "missing"),
            ("checkpoint.stored", "stored"),
        ] {
            let count = self.iter().filter(|outcome| outcome.as_str() == name).count();
            span.record(field, integer(count).filter(|count| *count > 0));
        }
    }
}

/// `claim`.
impl Answer for Record {
    fn outcome(&self) -> &'static str {
        "claimed"
    }

    fn describe(&self, span: &Span) {
        describe_record(self, span);
    }
}

/// `delete`.
impl Answer for bool {
    fn outcome(&self) -> &'static str {
        match self {
            true => "deleted",
            false => "absent",
        }
    }
}

/// `list`.
impl Answer for Vec<Record> {
    fn outcome(&self) -> &'static str {
        "listed"
    }

    fn describe(&self, span: &Span) {
        span.record("checkpoint.count", integer(self.len()));
    }
}

fn describe_record(record: &Record, span: &Span) {
    span.record("checkpoint.position", record.checkpoint.position.and_then(integer));
    span.record("checkpoint.epoch", integer(record.epoch));
}

/// A number as OpenTelemetry has them: signed, so that it does not arrive as text. `None`, which a field leaves out,
/// for what no store holds.
pub(crate) fn integer(number: impl TryInto<i64>) -> Option<i64> {
    number.try_into().ok()
}
