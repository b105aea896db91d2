//! Every store behind every decorator, and crates that only exist together.
