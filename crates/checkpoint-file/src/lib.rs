//! Checkpoints in one durable, readable log file that several processes may share.
