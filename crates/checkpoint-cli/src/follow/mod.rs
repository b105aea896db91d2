//! `checkpoint follow`: what is new in a growing file, to a command or to standard output.
//!
//! `source` reads one file after the other and tells a file that grew from one that was rotated away (`rotation`,
//! `names`, `opened`, `place`); `ledger` commits how far that got; `batches` and `copy` are the two things that can
//! happen with the lines, and `jobs` hands several batches over at once.

mod ahead;
mod batches;
mod command;
mod console;
mod copy;
mod delivery;
mod id;
mod jobs;
mod ledger;
mod lines;
mod names;
mod opened;
mod place;
mod rotation;
mod session;
mod signals;
mod skipped;
mod source;
mod standing;
mod wake;
mod watch;

#[cfg(test)]
mod lives;

use std::path::Path;
use std::sync::Arc;

use checkpoint::commit::process_owner;

use crate::args::{FollowArgs, OnFailure};
use crate::error::{CliError, Result};
use crate::store::Store;

use self::batches::Batching;
use self::command::Handler;
use self::console::Console;
use self::delivery::Delivery;
use self::ledger::Ledger;
use self::session::{Task, Waiter};
use self::signals::Running;
use self::skipped::SkippedFile;
use self::wake::Wake;

pub(crate) use self::place::{Place, file_id};

/// `checkpoint follow`.
pub(crate) fn follow(args: &FollowArgs) -> Result<()> {
    let path = std::path::absolute(&args.file)
        .map_err(|error| CliError::because(format!("cannot follow {}", args.file.display()), &error))?;
    let id = args.id.clone().unwrap_or_else(|| id::default_id(&path));
    // everything that can be wrong with the command line is found before anything is claimed
    file_id(&id)?;
    let wake = Wake::new();
    let running = Running::default();
    let console = Console::new(args.quiet, args.command.is_empty());
    let delivery = delivery(args, &path, &console, &running)?;
    signals::listen(Arc::clone(&wake), running)?;

    let store = Store::open(args.store.store.as_deref())?;
    let ledger = Ledger::claim(store, id, process_owner(), Arc::clone(&console), Arc::clone(&wake))?;
    let waiter = Waiter::new(&path, wake);
    let task = Task { path, from: args.from, once: args.once, console: Arc::clone(&console) };
    let followed = match delivery {
        Some(delivery) => batches::run(&task, batching(args), delivery, ledger, waiter),
        None => copy::run(&task, args.every, ledger, waiter),
    };
    console.finish(&followed);
    followed
}

/// How lines go to COMMAND, if there is one.
fn delivery(args: &FollowArgs, path: &Path, console: &Arc<Console>, running: &Running) -> Result<Option<Delivery>> {
    if args.command.is_empty() {
        return Ok(None);
    }
    let handler = Handler::find(args.command.clone(), running.clone())?;
    let skipped = match (args.on_failure, &args.skipped) {
        (OnFailure::Skip, Some(skipped)) => Some(SkippedFile::open(skipped, path)?),
        (OnFailure::Skip | OnFailure::Stop, _) => None,
    };
    let (path, console) = (path.to_owned(), Arc::clone(console));
    Ok(Some(Delivery { handler, retries: args.retries, skipped, path, console }))
}

fn batching(args: &FollowArgs) -> Batching {
    let FollowArgs { batch, every, jobs, .. } = *args;
    Batching { lines: batch, every, jobs }
}
