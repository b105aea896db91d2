//! What the crates cost, each figure next to a reference of the same run.
