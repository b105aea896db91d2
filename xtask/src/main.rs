//! The project's chores, each one command: `cargo xtask test`, `cargo xtask lint`, `cargo xtask ci`,
//! `cargo xtask servers`.

mod lint;
mod packages;
mod parts;
mod servers;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::parts::Parts;
use crate::servers::{Server, interrupt, keep};

#[derive(Parser)]
#[command(bin_name = "cargo xtask", about = "The project's chores")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Clone, Subcommand)]
enum Chore {
    /// What has to pass before a change goes in: lint, then test
    Ci,
    /// Format, clippy and documentation without warnings, each crate and each of its features alone
    Lint,
    /// Start the databases that tests use, print `export` lines for them, and keep them until Ctrl-C or the end of standard
    /// input
    Servers,
    /// All tests, also those in the documentation, on all databases that can be started
    Test {
        /// Only on these; `--databases` alone: on none
        #[arg(long, value_name = "DATABASES", value_delimiter = ',', num_args = 0..)]
        databases: Option<Vec<Server>>,
    },
}

fn main() -> ExitCode {
    let mut parts = Parts::default();
    match Arguments::parse().chore {
        Chore::Ci => {
            lint::run(&mut parts);
            test::run(&mut parts, &Server::ALL);
        }
        Chore::Lint => lint::run(&mut parts),
        Chore::Servers => keep::run(&mut parts),
        Chore::Test { databases } => test::run(&mut parts, &databases.unwrap_or(Server::ALL.to_vec())),
    }
    let ended = parts.finish();
    if interrupt::requested() { ExitCode::from(interrupt::EXIT_CODE) } else { ended }
}
