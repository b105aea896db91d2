#![doc = include_str!("../README.md")]

mod brief;
mod compared;
mod faulty;
mod harness;
mod model;
mod place;
mod profile;
mod run;
mod suite;
mod timeline;

pub mod cases;
#[cfg(feature = "snapshot")]
pub mod snapshots;

pub use checkpoint_core::async_trait;
pub use faulty::{Fault, FaultyStore};
pub use harness::Harness;
pub use place::Place;
pub use profile::Profile;
pub use run::{run, run_at};

/// What the macros use.
#[doc(hidden)]
pub mod __private {
    pub use tokio;
}
