mod transfer;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use checkpoint::{CheckpointId, MAX_POSITION};
use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;

pub(crate) use transfer::{ExportArgs, ImportArgs};

use crate::store::STORE_VARIABLE;

/// Remembers how far a reader of an ordered stream got.
///
/// `follow` runs a command on what is new in a growing log and never loses a line; the other commands look at
/// checkpoints and change them, in any store.
#[derive(Debug, Parser)]
#[command(name = "checkpoint", version, max_term_width = 100, after_help = EXAMPLES, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Follow(Box<FollowArgs>),
    Get(GetArgs),
    List(ListArgs),
    Set(SetArgs),
    Reset(ResetArgs),
    Claim(ClaimArgs),
    Delete(DeleteArgs),
    Export(ExportArgs),
    Import(ImportArgs),
    Completions(CompletionsArgs),
}

#[derive(Args, Debug)]
pub(crate) struct StoreArgs {
    /// Where checkpoints are kept, such as file:DIR [default: a directory among the user's state files,
    /// ~/.local/state/checkpoint]
    #[arg(long, value_name = "URL", env = STORE_VARIABLE, hide_env_values = true)]
    pub(crate) store: Option<String>,
}

/// Hand every new line of a growing file to a command, and remember how far that got.
///
/// A resumable `tail -F`: whatever was handled is not handled again after a restart, and no line is lost, also over
/// log rotation and kill -9. Without COMMAND the lines go to standard output.
#[derive(Args, Debug)]
#[command(after_help = FOLLOW_EXAMPLES)]
pub(crate) struct FollowArgs {
    /// The file to follow. It may be missing yet, and it may be rotated at any time
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(crate) file: PathBuf,

    /// The id of the checkpoint, at most 507 bytes [default: follow: and FILE's absolute path]
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<CheckpointId>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,

    /// Where to begin when the id has no position yet: start, end (after the last complete line; a FILE that comes later
    /// is read whole) or a byte offset in FILE. Not looked at when it has one: `checkpoint reset` takes it away
    #[arg(long, value_name = "start|end|OFFSET", default_value = "start", value_parser = parse_from)]
    pub(crate) from: From,

    /// Stop at the end of FILE instead of waiting for more; a last line without newline is delivered too
    #[arg(long)]
    pub(crate) once: bool,

    /// The most lines that COMMAND gets at a time (and at most 8 MiB of them)
    #[arg(long, value_name = "LINES", default_value = "1000", value_parser = parse_lines, requires = "command")]
    pub(crate) batch: usize,

    /// How long lines are collected for COMMAND, after the first of them. Without COMMAND: how often is committed
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_duration)]
    pub(crate) every: Duration,

    /// How many COMMANDs run at once, each on a batch of its own. They may end in any order; none that is committed runs
    /// again
    #[arg(long, short, value_name = "N", default_value = "1", value_parser = parse_jobs, requires = "command")]
    pub(crate) jobs: usize,

    /// How often COMMAND is tried again on a batch that it fails on
    #[arg(long, value_name = "N", default_value = "3", requires = "command")]
    pub(crate) retries: u32,

    /// What to do when COMMAND has failed for good: stop with exit code 3 and nothing of the batch committed, or put
    /// the batch into the file --skipped and go on
    #[arg(long, value_name = "stop|skip", default_value = "stop", hide_possible_values = true, requires = "command")]
    pub(crate) on_failure: OnFailure,

    /// The file that skipped batches are appended to
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, required_if_eq("on_failure", "skip"), requires = "command")]
    pub(crate) skipped: Option<PathBuf>,

    /// No progress and no summary on standard error; errors and warnings are always shown
    #[arg(long, short)]
    pub(crate) quiet: bool,

    /// Gets each batch on its standard input and commits it by exiting with 0
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub(crate) command: Vec<OsString>,
}

/// Where to begin without a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Start,
    End,
    Offset(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnFailure {
    Stop,
    Skip,
}

/// Show one checkpoint.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint get orders
  checkpoint get orders --json | jq .position

Exits with 1 if there is no such checkpoint.")]
pub(crate) struct GetArgs {
    /// The checkpoint
    pub(crate) id: CheckpointId,

    /// One JSON object: id, position (a number or null), epoch, owner, state_bytes, updated_at
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Show all checkpoints, in the order of their ids.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint list
  checkpoint list --prefix follow:/var/log/
  checkpoint list --json | jq -r 'select(.position == null).id'")]
pub(crate) struct ListArgs {
    /// Only the ids that begin with this
    #[arg(long, value_name = "P", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,

    /// One JSON object a line, as with `get`
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Move a checkpoint forward that no consumer has claimed, creating it if it is missing.
///
/// Never moves it back, and refuses a claimed one: `checkpoint reset` does both.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint set orders 1200
  checkpoint set orders 1200 --store file:/var/lib/orders/checkpoints")]
pub(crate) struct SetArgs {
    /// The checkpoint
    pub(crate) id: CheckpointId,

    /// The last handled position, 0 to 9223372036854775807
    #[arg(value_parser = clap::value_parser!(u64).range(..=MAX_POSITION))]
    pub(crate) position: u64,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Put a checkpoint to any position, or to none: its consumer is stopped and handles from there when it is started
/// again.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint reset orders --to 1000
  checkpoint reset follow:/var/log/app.log      as if that file had never been followed

A running consumer is fenced: it stops (follow: with exit code 4). A model that is saved with its position goes back to
the newest snapshot that is not after POSITION, and handles from there; without --to it is made anew.")]
pub(crate) struct ResetArgs {
    /// The checkpoint
    pub(crate) id: CheckpointId,

    /// The last handled position, 0 to 9223372036854775807 [default: none, nothing is handled]
    #[arg(long, value_name = "POSITION", value_parser = clap::value_parser!(u64).range(..=MAX_POSITION))]
    pub(crate) to: Option<u64>,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Take a checkpoint over: its consumer is stopped, and whoever writes next needs the new epoch.
///
/// The position and the state stay. What is missing is created, with no position.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint claim orders                       stops the consumer of orders, wherever it runs
  checkpoint claim orders --json | jq .epoch    for a consumer that is a script

A running consumer is fenced: it stops at its next write (follow: with exit code 4).")]
pub(crate) struct ClaimArgs {
    /// The checkpoint
    pub(crate) id: CheckpointId,

    /// Who claims, a label for people [default: user, host and process]
    #[arg(long, value_name = "LABEL")]
    pub(crate) owner: Option<String>,

    /// One JSON object, as with `get`
    #[arg(long)]
    pub(crate) json: bool,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Delete a checkpoint, and what `follow` or a model keeps beside it.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint delete follow:/var/log/old.log

Stop its consumer first. Exits with 1 if there is no such checkpoint.")]
pub(crate) struct DeleteArgs {
    /// The checkpoint
    pub(crate) id: CheckpointId,

    #[command(flatten)]
    pub(crate) store: StoreArgs,
}

/// Print shell completions.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  checkpoint completions bash > ~/.local/share/bash-completion/completions/checkpoint
  checkpoint completions fish > ~/.config/fish/completions/checkpoint.fish")]
pub(crate) struct CompletionsArgs {
    /// For this shell
    pub(crate) shell: Shell,
}

/// Each takes a thread, a process and up to 8 MiB.
const MAX_JOBS: usize = 1000;

const EXAMPLES: &str = "\
Examples:
  checkpoint follow app.log -- ./ship-to-archive   run a command on what is new
  checkpoint follow app.log | grep ERROR           tail -F, on from where it stopped
  checkpoint list                                  who is where";

const FOLLOW_EXAMPLES: &str = "\
Examples:
  checkpoint follow app.log -- ./load-into-database
  checkpoint follow app.log --once --batch 500 -- sh -c 'gzip >> archive.gz'
  checkpoint follow app.log --from end --on-failure skip --skipped bad.log -- ./ship
  checkpoint follow app.log --jobs 8 -- ./call-a-slow-service
  checkpoint follow app.log --id errors | grep ERROR

COMMAND finds in its environment CHECKPOINT_ID, and CHECKPOINT_START and CHECKPOINT_END:
the byte offsets of its batch, which grow for ever, over rotations. A batch that is
delivered again begins at the same offset. Its standard input is a file and whole, also
if follow is killed meanwhile.

Ctrl-C and SIGTERM finish the batch in hand and commit it; a second one kills COMMAND
and commits nothing.

Exit codes:
  0  done: the end with --once, or a signal
  1  failed: the message says what
  2  wrong usage, COMMAND was not found
  3  COMMAND failed on a batch for good; nothing of that batch is committed
  4  fenced: another follow with this id took over, or somebody reset it";

fn parse_from(text: &str) -> Result<From, String> {
    match text {
        "start" => Ok(From::Start),
        "end" => Ok(From::End),
        offset => match offset.parse() {
            Ok(offset) if offset <= MAX_POSITION => Ok(From::Offset(offset)),
            _ => Err(format!("not start, end or a byte offset (0 to {MAX_POSITION})")),
        },
    }
}

fn parse_lines(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("not a number of lines, at least 1".to_owned()),
        Ok(lines) => Ok(lines),
    }
}

fn parse_jobs(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(jobs) if (1..=MAX_JOBS).contains(&jobs) => Ok(jobs),
        _ => Err(format!("not a number of COMMANDs, 1 to {MAX_JOBS}")),
    }
}

fn parse_duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|duration| Duration::try_from(duration).ok());
    match parsed {
        Some(duration) if duration >= Duration::from_millis(1) && duration <= Duration::from_secs(86_400) => {
            Ok(duration)
        }
        _ => Err("not a duration between 1ms and 24h, such as 500ms, 2s or 1m".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse_duration("1m 30s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "5", "0s", "-1s", "soon", "48h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn beginnings_are_two_words_or_an_offset() {
        assert_eq!(parse_from("start"), Ok(From::Start));
        assert_eq!(parse_from("end"), Ok(From::End));
        assert_eq!(parse_from("17"), Ok(From::Offset(17)));
        assert!(parse_from("-1").is_err());
        assert!(parse_from("9223372036854775808").is_err());
    }

    #[test]
    fn skipping_needs_a_file_to_skip_to() {
        let skip = ["checkpoint", "follow", "a", "--on-failure", "skip"];
        let command = ["--", "true"];
        assert!(Cli::try_parse_from(skip.iter().chain(&command)).is_err());
        assert!(Cli::try_parse_from(skip.iter().chain(&["--skipped", "b"]).chain(&command)).is_ok());
    }

    #[test]
    fn what_is_about_command_needs_one() {
        for about in
            [["--batch", "5"], ["--jobs", "2"], ["--retries", "1"], ["--skipped", "b"], ["--on-failure", "stop"]]
        {
            let follow = ["checkpoint", "follow", "a"];
            assert!(Cli::try_parse_from(follow.iter().chain(&about)).is_err(), "{about:?}");
        }
        assert!(Cli::try_parse_from(["checkpoint", "follow", "a", "--every", "1s"]).is_ok());
    }
}
