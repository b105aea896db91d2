use std::time::Duration;

use checkpoint_core::{Checkpoint, Result};
use metrics::{Unit, describe_gauge, describe_histogram, gauge, histogram};

use crate::answer::Answer;
use crate::call::Call;

const DURATION: &str = "checkpoint.operation.duration";
const POSITION: &str = "checkpoint.position";

/// Tells the recorder of this moment what the metrics mean.
pub(crate) fn describe() {
    describe_histogram!(DURATION, Unit::Seconds, "How long the calls of checkpoint stores take.");
    describe_gauge!(POSITION, "The position stored last; not a number where that was none.");
}

pub(crate) fn record_duration<T: Answer>(call: &Call<'_>, duration: Duration, result: &Result<T>) {
    let outcome = match result {
        Ok(answer) => answer.outcome(),
        Err(error) => error.kind().as_str(),
    };
    let operation = call.operation.as_str();
    histogram!(DURATION, "store" => call.store, "operation" => operation, "outcome" => outcome).record(duration);
}

pub(crate) fn set_position(store: &'static str, checkpoint: &Checkpoint) {
    #[expect(clippy::as_conversions, reason = "a gauge is a float: above 2^53 it shows the nearest one")]
    let position = checkpoint.position.map_or(f64::NAN, |position| position as f64);
    gauge!(POSITION, "store" => store, "id" => checkpoint.id.as_str().to_owned()).set(position);
}
