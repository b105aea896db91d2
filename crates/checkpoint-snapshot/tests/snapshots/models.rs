//! What the tests save.

use std::sync::Arc;

use checkpoint_commit::strategy::manual;
use checkpoint_core::{CheckpointId, CheckpointStore};
use checkpoint_snapshot::{Live, Plain, Snapshots};
use serde::{Deserialize, Serialize};

/// The sum of all positions up to one, and how many there were: wrong where an event is missing or there twice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Sum {
    pub(crate) events: u64,
    pub(crate) total: u64,
    /// So that it has some size.
    pub(crate) ballast: String,
}

impl Plain for Sum {
    const NAME: &'static str = "sum";
}

impl Sum {
    pub(crate) fn add(&mut self, position: u64) {
        self.events += 1;
        self.total += position;
    }

    /// What it should be after the events 1 to `last`.
    pub(crate) fn up_to(last: u64) -> Self {
        Self { events: last, total: last * (last + 1) / 2, ballast: String::new() }
    }
}

pub(crate) fn id(name: &str) -> CheckpointId {
    CheckpointId::new(name).unwrap()
}

/// Snapshots that are only saved when a test says so.
pub(crate) fn by_hand(store: &Arc<impl CheckpointStore>) -> Snapshots {
    let store = Arc::clone(store);
    Snapshots::new(store, id("sum")).strategy(manual())
}

/// Handles the events after the last one, up to `last`.
pub(crate) fn handle(live: &mut Live<Sum>, last: u64) {
    for position in live.resume_from().map_or(1, |handled| handled + 1)..=last {
        live.apply(position, |sum| sum.add(position)).unwrap();
    }
}
