//! The checkpoint command: a resumable tail -F, and a look at checkpoints in any store.

fn main() {}
