use crate::CheckpointId;

/// How far a consumer got: the position of the last event it has handled.
///
/// Resuming means reading the stream *after* `position`. `None` says that nothing was handled yet; 0 is a real
/// position (many streams start there).
#[expect(clippy::exhaustive_structs, reason = "an id and a position is all a checkpoint will ever be")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// Whose checkpoint this is.
    pub id: CheckpointId,
    /// The last handled position, at most [`MAX_POSITION`](crate::MAX_POSITION); `None` before the first.
    pub position: Option<u64>,
}

impl Checkpoint {
    /// A checkpoint at `position`; takes a number or an `Option`.
    pub fn new(id: CheckpointId, position: impl Into<Option<u64>>) -> Self {
        Self { id, position: position.into() }
    }
}
