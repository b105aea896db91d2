//! Checkpoints for consumers of event streams, in the database that you already have.
