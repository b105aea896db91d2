use std::io::{self, BufWriter, Write as _};

use checkpoint::{Checkpoint, CheckpointId, Outcome, Record, Write};

use crate::args::{ClaimArgs, DeleteArgs, GetArgs, ListArgs, ResetArgs, SetArgs};
use crate::error::{CliError, Result, cannot_print};
use crate::follow::{Place, file_id};
use crate::show;
use crate::snapshots;
use crate::store::{Store, operator};

/// How many records are asked for at a time. Each may have 8 MiB.
const PAGE: usize = 100;

/// `checkpoint get`.
pub(crate) fn get(args: &GetArgs) -> Result<()> {
    let store = Store::open_read_only(args.store.store.as_deref())?;
    let record = store.read(&args.id)?.ok_or_else(|| unknown(&args.id))?;
    print(&record, args.json)
}

fn print(record: &Record, json: bool) -> Result<()> {
    let text = if json { show::json_line(record) } else { show::block(record) };
    io::stdout().write_all(text.as_bytes()).map_err(cannot_print)
}

/// `checkpoint claim`: fences the consumer, and shows what it has left.
pub(crate) fn claim(args: &ClaimArgs) -> Result<()> {
    let store = Store::open(args.store.store.as_deref())?;
    let record = store.claim(&args.id, &args.owner.clone().unwrap_or_else(operator))?;
    print(&record, args.json)
}

/// `checkpoint list`: everything, a page at a time.
pub(crate) fn list(args: &ListArgs) -> Result<()> {
    let store = Store::open_read_only(args.store.store.as_deref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let mut rows = Vec::new();
    store.for_each(&args.prefix, PAGE, |record| {
        if args.json {
            return out.write_all(show::json_line(record).as_bytes()).map_err(cannot_print);
        }
        rows.push(show::row(record));
        Ok(())
    })?;
    if !args.json {
        out.write_all(show::table(&rows).as_bytes()).map_err(cannot_print)?;
    }
    out.flush().map_err(cannot_print)
}

/// `checkpoint set`: forward only, and never under a consumer's feet.
pub(crate) fn set(args: &SetArgs) -> Result<()> {
    let store = Store::open(args.store.store.as_deref())?;
    let write = Write::advance(Checkpoint::new(args.id.clone(), args.position));
    let id = &args.id;
    match store.write(&write)? {
        Outcome::Stored => Ok(()),
        Outcome::Ahead(position) => Err(CliError::failed(format!(
            "checkpoint {id:?} is at {position} already and set never goes back: use `checkpoint reset {id:?} --to {}`",
            args.position
        ))),
        Outcome::Fenced(epoch) => Err(CliError::failed(format!(
            "checkpoint {id:?} is claimed (epoch {epoch}{}): use `checkpoint reset {id:?} --to {}`, which stops its consumer",
            owner_of(&store, id),
            args.position
        ))),
        refused @ (Outcome::Contended | Outcome::Mismatch(_) | Outcome::Missing) => {
            Err(CliError::failed(format!("checkpoint {id:?} was not set: the store answered {}", refused.as_str())))
        }
    }
}

/// `checkpoint reset`: any position, or none; the consumer is fenced.
pub(crate) fn reset(args: &ResetArgs) -> Result<()> {
    let store = Store::open(args.store.store.as_deref())?;
    if let Some(position) = args.to {
        check_reachable(&store, &args.id, position)?;
    }
    if snapshots::are_there(&store, &args.id)? {
        return snapshots::rewind(&store, &args.id, args.to);
    }
    let reset = store.reset(&args.id, args.to, &operator())?;
    if reset.epoch == 1 {
        let id = &args.id;
        show::say(&format!("{id:?} was never claimed before: if that is a slip, delete it"));
    }
    Ok(())
}

/// `checkpoint delete`: the record, and those that `follow` or a model keeps beside it.
pub(crate) fn delete(args: &DeleteArgs) -> Result<()> {
    let store = Store::open(args.store.store.as_deref())?;
    if snapshots::are_there(&store, &args.id)? {
        return snapshots::delete(&store, &args.id);
    }
    let deleted = store.delete(&args.id)?;
    if let Ok(file) = file_id(&args.id) {
        // the second record goes last: without the first nothing refers to it
        store.delete(&file)?;
    }
    if deleted { Ok(()) } else { Err(unknown(&args.id)) }
}

/// A followed file can be read again from where it begins: what was rotated away before is out of reach.
fn check_reachable(store: &Store, id: &CheckpointId, position: u64) -> Result<()> {
    let Ok(file) = file_id(id) else {
        return Ok(());
    };
    let Some(record) = store.read(&file)? else {
        return Ok(());
    };
    let Some(place) = Place::from_state(&file, &record.state)? else {
        return Ok(());
    };
    if position >= place.base {
        return Ok(());
    }
    Err(CliError::failed(format!(
        "checkpoint {id:?} cannot go back to {position}: the file that it follows begins at offset {}, and what was \
         rotated away before is out of reach; use --to {} or more, or no --to to begin anew",
        place.base, place.base
    )))
}

fn owner_of(store: &Store, id: &CheckpointId) -> String {
    let record: Option<Record> = store.read(id).ok().flatten();
    record.and_then(|record| record.owner).map_or_else(String::new, |owner| format!(", by {}", show::printable(&owner)))
}

fn unknown(id: &CheckpointId) -> CliError {
    CliError::failed(format!("there is no checkpoint {id:?}: `checkpoint list` shows what there is"))
}
