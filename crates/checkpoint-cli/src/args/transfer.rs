//! What `export` and `import` are told.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::StoreArgs;

/// Write checkpoints as lines of JSON, whole: for a backup, or for another store.
///
/// What belongs to a checkpoint, such as the snapshots of a model, comes along.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint export > backup.jsonl
  checkpoint export --prefix orders/ | checkpoint import --store file:/srv/checkpoints

Stop the consumers first: each record is read at a moment of its own.")]
pub(crate) struct ExportArgs {
    /// Only the ids that begin with this
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Create the checkpoints of an export that are missing: position, state and epoch.
///
/// What is there is never overwritten; what is there and different is named, and the exit code is 1. An import that was interrupted can be
/// made again. Who has claimed a checkpoint is not imported.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint import backup.jsonl")]
pub(crate) struct ImportArgs {
    /// The file [default: standard input]
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}
