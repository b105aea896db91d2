//! `checkpoint export` and `checkpoint import`: records as lines of JSON, from one store to another.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write as _};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use checkpoint::{Bytes, Checkpoint, CheckpointId, Outcome, Record, Write};
use serde::{Deserialize, Serialize};

use crate::args::{ExportArgs, ImportArgs};
use crate::error::{CliError, Result, cannot_print};
use crate::show;
use crate::store::Store;

/// How many records are asked for at a time. Each may have 8 MiB.
const PAGE: usize = 16;

/// A line.
#[derive(Deserialize, Serialize)]
struct Line {
    id: String,
    position: Option<u64>,
    #[serde(default)]
    epoch: u64,
    #[serde(default)]
    owner: Option<String>,
    /// In Base64.
    #[serde(default)]
    state: String,
    #[serde(default)]
    updated_at: Option<String>,
}

/// `checkpoint export`: the records, and those that belong to them.
pub(crate) fn export(args: &ExportArgs) -> Result<()> {
    let store = Store::open_read_only(args.store.store.as_deref())?;
    let mut out = BufWriter::new(io::stdout().lock());
    let beside = format!("{}snapshot/{}", CheckpointId::BESIDE, args.prefix);
    let prefixes = match args.prefix.as_str() {
        "" => vec!["", CheckpointId::BESIDE],
        prefix if prefix.starts_with(CheckpointId::BESIDE) => vec![prefix],
        prefix => vec![prefix, &beside],
    };
    for prefix in prefixes {
        store.for_each(prefix, PAGE, |record| write_line(&mut out, record))?;
    }
    out.flush().map_err(cannot_print)
}

fn write_line(out: &mut impl io::Write, record: &Record) -> Result<()> {
    let line = Line {
        id: record.checkpoint.id.to_string(),
        position: record.checkpoint.position,
        epoch: record.epoch,
        owner: record.owner.clone(),
        state: BASE64_STANDARD.encode(&record.state),
        updated_at: record.updated_at.map(show::time),
    };
    let line = serde_json::to_string(&line).expect("strings and numbers are JSON") + "\n";
    out.write_all(line.as_bytes()).map_err(cannot_print)
}

/// `checkpoint import`: creates what is missing, and changes nothing that is there.
pub(crate) fn import(args: &ImportArgs) -> Result<()> {
    let store = Store::open(args.store.store.as_deref())?;
    let input: Box<dyn Read> = match &args.file {
        Some(file) => Box::new(
            File::open(file).map_err(|error| CliError::because(format!("cannot read {}", file.display()), &error))?,
        ),
        None => Box::new(io::stdin()),
    };
    let (mut created, mut there, mut different) = (0, 0, 0);
    for (number, line) in (1..).zip(BufReader::new(input).lines()) {
        let line = line.map_err(|error| CliError::because(format!("cannot read line {number}"), &error))?;
        let record = parse(&line).map_err(|why| CliError::failed(format!("line {number}: {why}")))?;
        match put(&store, &record)? {
            Put::Created => created += 1,
            Put::There => there += 1,
            Put::Different(position) => {
                different += 1;
                show::say(&different_from(&record, position));
            }
        }
    }
    show::say(&format!("{created} created, {there} there already, {different} different"));
    if different == 0 {
        return Ok(());
    }
    Err(CliError::failed("what is different was left as it is: delete it, or keep it, and import again"))
}

fn parse(line: &str) -> Result<Record, String> {
    let line: Line = serde_json::from_str(line).map_err(|error| format!("it is not a line of an export: {error}"))?;
    let id = CheckpointId::new(line.id).map_err(|error| error.to_string())?;
    let state = BASE64_STANDARD.decode(&line.state).map_err(|error| format!("its state is not Base64: {error}"))?;
    let mut record = Record::new(Checkpoint::new(id, line.position));
    (record.epoch, record.state) = (line.epoch, Bytes::from(state));
    Ok(record)
}

enum Put {
    Created,
    There,
    /// Something else stands there, at this position.
    Different(Option<u64>),
}

/// A record that was claimed takes two writes, as no epoch creates one: who is interrupted between them finishes it the next time.
fn put(store: &Store, record: &Record) -> Result<Put> {
    let Record { checkpoint, epoch, state, .. } = record;
    let created = match store.read(&checkpoint.id)? {
        Some(held) if held.checkpoint != *checkpoint || held.state != *state => {
            return Ok(Put::Different(held.checkpoint.position));
        }
        Some(held) if held.epoch >= *epoch => return Ok(Put::There),
        Some(_) => false,
        None => true,
    };
    let creates = Write::expect(checkpoint.clone(), None).with_state(state.clone());
    let raises = Write::expect(checkpoint.clone(), checkpoint.position).with_state(state.clone()).with_epoch(*epoch);
    let writes = if created { vec![creates, raises] } else { vec![raises] };
    for write in writes.iter().filter(|write| created || write.epoch > 0) {
        match store.write(write)? {
            Outcome::Stored => {}
            Outcome::Mismatch(position) => return Ok(Put::Different(position)),
            refused => return Err(moved(&checkpoint.id, refused)),
        }
    }
    Ok(Put::Created)
}

/// Somebody works with it at this moment.
fn moved(id: &CheckpointId, refused: Outcome) -> CliError {
    let refused = refused.as_str();
    CliError::failed(format!(
        "checkpoint {id:?} changed while it was imported ({refused}): stop its consumer, and import again"
    ))
}

fn different_from(record: &Record, position: Option<u64>) -> String {
    let place = |position: Option<u64>| position.map_or_else(|| "none".to_owned(), |position| position.to_string());
    let Checkpoint { id, position: imported } = &record.checkpoint;
    format!(
        "{id:?} is there and different: its position is {}, that of the import {}",
        place(position),
        place(*imported)
    )
}
