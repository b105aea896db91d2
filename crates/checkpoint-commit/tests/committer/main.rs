//! The committer over a store that fails as told, with a paused clock.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod common;
mod crashes;
mod errors_of_others;
mod faults;
mod life;
mod sharing;
mod skipping;
mod threads;
mod without_claim;
