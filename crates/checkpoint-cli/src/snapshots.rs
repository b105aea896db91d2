//! Checkpoints of models: with snapshots beside them.

use checkpoint::CheckpointId;
use checkpoint::snapshot::{Generation, generations};

use crate::error::Result;
use crate::show;
use crate::store::{Store, operator};

/// Whether the checkpoint is that of a model which was saved.
pub(crate) fn are_there(store: &Store, id: &CheckpointId) -> Result<bool> {
    let record = store.read(id)?;
    let listed = record.map(|record| generations(&record).unwrap_or_default()).unwrap_or_default();
    Ok(!listed.is_empty())
}

/// `checkpoint reset` of a model: it cannot stand anywhere but at a snapshot, or at the start.
pub(crate) fn rewind(store: &Store, id: &CheckpointId, to: Option<u64>) -> Result<()> {
    let snapshots = store.snapshots(id, &operator());
    let before = store.wait_for(snapshots.list())?;
    match store.wait_for(snapshots.rewind(to))? {
        Some(generation) => show::say(&format!("{id:?} went back to {}", described(&generation))),
        None => {
            show::say(&format!("{id:?} has no snapshot that old: the model is made anew, from the start of the stream"))
        }
    }
    say_references(&before, "was not set back");
    Ok(())
}

/// `checkpoint delete` of a model, with all its snapshots.
pub(crate) fn delete(store: &Store, id: &CheckpointId) -> Result<()> {
    let deleted = store.wait_for(store.snapshots(id, &operator()).delete())?;
    say_references(&deleted, "is still there");
    Ok(())
}

fn described(generation: &Generation) -> String {
    let Generation { number, position, saved_at, .. } = generation;
    let position = position.map_or_else(|| "before the first event".to_owned(), |position| format!("at {position}"));
    format!("snapshot {number}, {position}, of {}", show::time(*saved_at))
}

/// What the model only refers to, each once.
fn say_references(generations: &[Generation], what: &str) {
    let mut references: Vec<&String> = generations.iter().flat_map(|generation| &generation.references).collect();
    references.sort();
    references.dedup();
    for reference in references {
        show::say(&format!("{} {what}: the model refers to it", show::printable(reference)));
    }
}
