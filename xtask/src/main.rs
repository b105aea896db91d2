//! The project's chores, each one command: `cargo xtask test`, `cargo xtask lint`, `cargo xtask ci`.

mod lint;
mod packages;
mod parts;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::parts::Parts;

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Clone, Copy, Subcommand)]
enum Chore {
    /// What has to pass before a change goes in: lint, then test
    Ci,
    /// Format, clippy and documentation without warnings, each crate and each of its features alone
    Lint,
    /// All tests, also those in the documentation
    Test,
}

fn main() -> ExitCode {
    let mut parts = Parts::default();
    match Arguments::parse().chore {
        Chore::Ci => {
            lint::run(&mut parts);
            test::run(&mut parts);
        }
        Chore::Lint => lint::run(&mut parts),
        Chore::Test => test::run(&mut parts),
    }
    parts.finish()
}
