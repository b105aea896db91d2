//! Models that are saved to a store and restored from it.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod basics;
mod damage;
mod faulty;
mod generations;
mod histories;
mod in_transaction;
mod models;
mod timing;
mod two_savers;
mod versions;
