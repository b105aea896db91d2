#![doc = include_str!("../README.md")]

mod builder;
pub mod codec;
mod committer;
mod completion;
mod error;
mod exactly_once;
mod flusher;
mod ledger;
mod owner;
mod pace;
mod receipts;
mod segment;
mod signal;
mod status;
pub mod strategy;
mod sync;
mod ticket;
mod tracker;
mod window;
mod word;

pub use builder::CommitterBuilder;
pub use committer::Committer;
pub use completion::Completion;
pub use error::{Ended, TrackError};
pub use exactly_once::{CommitError, ExactlyOnce};
pub use flusher::Flusher;
pub use owner::process_owner;
pub use pace::Pace;
pub use receipts::ReceiptSink;
pub use status::{Blocker, LastStore, Report, Status, Verdict};
pub use ticket::{Nacked, Ticket};
pub use tracker::{NotRising, Sequence, Tracker};
pub use word::Word;
