//! Checkpoints in memory, for tests and development.
