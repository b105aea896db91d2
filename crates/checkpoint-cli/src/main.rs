//! The `checkpoint` command: a resumable `tail -F`, and a look at checkpoints in any store. The README says what it
//! promises.

mod args;
mod error;
mod follow;
mod records;
mod show;
mod snapshots;
mod store;
mod transfer;

use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::{Cli, Command, CompletionsArgs};
use crate::error::{CliError, Result};

fn main() -> ExitCode {
    show_warnings();
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error.report();
            error.code().into()
        }
    }
}

/// What stores have to say, such as that they cut off what a crash left behind, on standard error.
fn show_warnings() {
    // follow says itself what the committer has to say
    let levels = Targets::new().with_default(LevelFilter::WARN).with_target("checkpoint_commit", LevelFilter::OFF);
    let lines = fmt::layer().with_writer(io::stderr).with_ansi(false).with_target(false).without_time();
    tracing_subscriber::registry().with(lines.with_filter(levels)).init();
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Follow(args) => follow::follow(&args),
        Command::Get(args) => records::get(&args),
        Command::List(args) => records::list(&args),
        Command::Set(args) => records::set(&args),
        Command::Reset(args) => records::reset(&args),
        Command::Export(args) => transfer::export(&args),
        Command::Import(args) => transfer::import(&args),
        Command::Claim(args) => records::claim(&args),
        Command::Delete(args) => records::delete(&args),
        Command::Completions(args) => completions(&args),
    }
}

fn completions(args: &CompletionsArgs) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "checkpoint", &mut script);
    io::stdout().write_all(&script).map_err(|error| CliError::because("cannot write to standard output", &error))
}
