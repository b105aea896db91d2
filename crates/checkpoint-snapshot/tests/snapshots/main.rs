//! Models that are saved to a store and restored from it.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

mod basics;
mod damage;
mod doubt;
mod faulty;
mod fenced;
mod files;
mod foreign;
mod generations;
mod killed;
mod late;
mod left_over;
mod models;
mod mutated;
mod parts;
mod random;
mod save_in;
mod stepped;
mod timing;
mod tools;
mod versions;
