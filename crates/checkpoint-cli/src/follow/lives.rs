//! Lives of a follower: it is stopped and killed between any two writes to the store, while its file is written,
//! renamed, copied and cut. Whatever happens, all bytes are handed on, in order, at their logical offsets.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use checkpoint::{
    CheckpointId, CheckpointStore, Error, ErrorKind, MemoryStore, Outcome, Record, Result as StoreResult, Write,
    async_trait,
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::console::Console;
use super::ledger::Ledger;
use super::lines::LineBuffer;
use super::source::{Read, Source};
use super::wake::Wake;
use crate::args::From;
use crate::error::Result;
use crate::store::Store;

/// A store that breaks down for good before its n-th change, as seen from one life.
#[derive(Debug)]
struct Mortal {
    store: Arc<MemoryStore>,
    changes_left: AtomicUsize,
}

impl Mortal {
    fn change(&self) -> StoreResult<()> {
        let left = self.changes_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map(drop).map_err(|_| Error::new(ErrorKind::Other, "killed"))
    }
}

#[async_trait]
impl CheckpointStore for Mortal {
    async fn read(&self, id: &CheckpointId) -> StoreResult<Option<Record>> {
        self.store.read(id).await
    }

    async fn write(&self, write: &Write) -> StoreResult<Outcome> {
        self.change()?;
        self.store.write(write).await
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> StoreResult<Record> {
        self.change()?;
        self.store.claim(id, owner).await
    }
}

/// A log directory, its writer, and what a follower handed on of it.
struct World {
    directory: TempDir,
    /// What the writer has open: the log, or what became of it.
    writer: File,
    /// All that was ever written.
    written: Vec<u8>,
    /// Up to here everything was handed on.
    delivered: usize,
    /// Up to here it was committed.
    committed: usize,
    store: Arc<MemoryStore>,
    rotations: usize,
}

struct Life {
    ledger: Ledger,
    source: Source,
    buffer: LineBuffer,
}

impl World {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let writer = append_to(&directory.path().join("app.log"));
        let store = Arc::new(MemoryStore::new());
        Self { directory, writer, written: Vec::new(), delivered: 0, committed: 0, store, rotations: 0 }
    }

    fn log(&self) -> PathBuf {
        self.rotated(0)
    }

    fn rotated(&self, number: usize) -> PathBuf {
        let name = if number == 0 { "app.log".to_owned() } else { format!("app.log.{number}") };
        self.directory.path().join(name)
    }

    fn write(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.written.extend_from_slice(bytes);
    }

    /// A line that no other is equal to.
    fn write_line(&mut self) {
        let line = format!("line at {} of {}\n", self.written.len(), "x".repeat(self.written.len() % 700));
        self.write(line.as_bytes());
    }

    /// Makes room for a new `app.log.1`.
    fn shift(&mut self) {
        for number in (1..=self.rotations).rev() {
            fs::rename(self.rotated(number), self.rotated(number + 1)).unwrap();
        }
        self.rotations += 1;
    }

    /// Renames the log. Its writer writes on into it.
    fn rename(&mut self) {
        if self.log().exists() {
            self.shift();
            fs::rename(self.log(), self.rotated(1)).unwrap();
        }
    }

    /// The writer opens the log anew.
    fn reopen(&mut self) {
        self.writer = append_to(&self.log());
    }

    fn copy_and_truncate(&mut self) {
        if self.log().exists() {
            self.shift();
            fs::copy(self.log(), self.rotated(1)).unwrap();
            OpenOptions::new().write(true).open(self.log()).unwrap().set_len(0).unwrap();
        }
    }

    /// Deletes the rotated files if all that was written is committed; their inodes are free then.
    fn prune(&mut self) {
        if self.committed == self.written.len() && self.log().exists() {
            for number in 1..=self.rotations {
                fs::remove_file(self.rotated(number)).unwrap();
            }
            self.rotations = 0;
        }
    }

    /// A new life, which ends at its n-th change of the store. `None` if it ended already, or found no file.
    fn live(&self, changes: usize) -> Result<Option<Life>> {
        let store = Mortal { store: Arc::clone(&self.store), changes_left: AtomicUsize::new(changes) };
        let console = Console::new(true, true);
        let id = CheckpointId::new("log").unwrap();
        let mut ledger = Ledger::claim(Store::of(store), id, "test".to_owned(), Arc::clone(&console), Wake::new())?;
        let source = Source::start(&self.log(), From::Start, false, &mut ledger, &console)?;
        Ok(source.map(|source| Life { ledger, source, buffer: LineBuffer::new() }))
    }

    /// Hands on all there is at the moment.
    fn run(&mut self, life: &mut Life) -> Result<()> {
        loop {
            match life.source.read(&mut life.buffer)? {
                Read::More => {
                    let complete = life.buffer.complete();
                    self.hand_on(life, complete.bytes)?;
                }
                Read::End => return Ok(()),
                Read::Over => {
                    let rest = life.buffer.rest();
                    self.hand_on(life, rest.bytes)?;
                    if !life.source.move_on(&mut life.ledger)? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn hand_on(&mut self, life: &mut Life, bytes: usize) -> Result<()> {
        let unread = life.buffer.bytes().len();
        let start = usize::try_from(life.source.position()).unwrap() - unread;
        let end = start + bytes;
        assert!(start <= self.delivered, "{} to {start} was lost", self.delivered);
        assert!(end <= self.written.len(), "more is handed on than was written: {end}");
        assert!(life.buffer.bytes()[..bytes] == self.written[start..end], "what is handed on at {start} is not it");
        self.delivered = self.delivered.max(end);
        life.buffer.take(bytes);
        life.ledger.saw(life.source.head());
        life.ledger.commit(u64::try_from(end).unwrap())?;
        self.committed = end;
        Ok(())
    }
}

fn append_to(path: &PathBuf) -> File {
    OpenOptions::new().create(true).append(true).open(path).unwrap()
}

const UNTIL_THE_END: usize = usize::MAX;

/// What happens between the first start and the last.
#[derive(Clone, Copy, Debug)]
enum Step {
    CopyAndTruncate,
    /// The follower is killed, perhaps in the middle of its work, and not there until the next step that needs it.
    Kill {
        after_changes: usize,
    },
    Prune,
    Rename,
    Reopen,
    /// The follower does all it can.
    Run,
    WriteHalfALine,
    WriteLine,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => Just(Step::WriteLine),
        1 => Just(Step::WriteHalfALine),
        3 => Just(Step::Run),
        3 => (0..8_usize).prop_map(|after_changes| Step::Kill { after_changes }),
        2 => Just(Step::Rename),
        3 => Just(Step::Reopen),
        2 => Just(Step::CopyAndTruncate),
        1 => Just(Step::Prune),
    ];
    proptest::collection::vec(step, 1..40)
}

/// Every byte is handed on, whatever happens in between.
fn check(steps: &[Step]) {
    let mut world = World::new();
    let mut life = world.live(UNTIL_THE_END).unwrap();
    for step in steps {
        match *step {
            Step::CopyAndTruncate => world.copy_and_truncate(),
            Step::Kill { after_changes } => {
                drop(life.take());
                if let Ok(Some(mut short)) = world.live(after_changes) {
                    let _ = world.run(&mut short);
                }
            }
            Step::Prune => world.prune(),
            Step::Rename => world.rename(),
            Step::Reopen => world.reopen(),
            Step::Run => {
                if life.is_none() {
                    life = world.live(UNTIL_THE_END).unwrap();
                }
                if let Some(life) = &mut life {
                    world.run(life).unwrap();
                }
            }
            Step::WriteHalfALine => world.write(format!("half at {} ", world.written.len()).as_bytes()),
            Step::WriteLine => world.write_line(),
        }
    }
    world.reopen();
    world.write_line();
    let mut last = match life {
        Some(life) => life,
        None => world.live(UNTIL_THE_END).unwrap().unwrap(),
    };
    world.run(&mut last).unwrap();
    assert_eq!(world.delivered, world.written.len());
}

/// `PROPTEST_CASES` asks for more.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_whatever_happens(steps in steps()) {
        check(&steps);
    }
}

/// Renamed, created anew and written, while a life that is killed before each of its changes takes part.
#[test]
fn every_crash_point_of_a_rename_is_survived() {
    for after_changes in 0..12 {
        use Step::*;
        check(&[
            WriteLine,
            WriteLine,
            Run,
            WriteLine,
            Rename,
            WriteLine,
            Reopen,
            WriteLine,
            Kill { after_changes },
            Run,
        ]);
    }
}

#[test]
fn every_crash_point_of_a_copy_is_survived() {
    for after_changes in 0..12 {
        use Step::*;
        check(&[WriteLine, WriteLine, Run, WriteLine, CopyAndTruncate, WriteLine, Kill { after_changes }, Run]);
    }
}

#[test]
fn several_rotations_while_nothing_ran_are_read_in_order() {
    use Step::*;
    let stopped = Kill { after_changes: 0 };
    check(&[
        WriteLine,
        Run,
        stopped,
        WriteLine,
        Rename,
        Reopen,
        WriteLine,
        Rename,
        Reopen,
        WriteLine,
        CopyAndTruncate,
        WriteLine,
        CopyAndTruncate,
        WriteLine,
        Run,
        WriteLine,
        Run,
    ]);
}

#[test]
fn two_copies_of_a_file_that_was_empty_are_not_overlooked() {
    use Step::*;
    let stopped = Kill { after_changes: 0 };
    check(&[Run, stopped, WriteLine, CopyAndTruncate, WriteLine, CopyAndTruncate, Run]);
    check(&[Run, stopped, WriteLine, CopyAndTruncate, WriteLine, CopyAndTruncate, WriteLine, Run]);
    check(&[Run, WriteLine, CopyAndTruncate, WriteLine, CopyAndTruncate, Run]);
    check(&[WriteLine, CopyAndTruncate, Rename, WriteLine]);
}

#[test]
fn what_was_there_before_is_not_read() {
    let mut world = World::new();
    world.write_line();
    world.rename();
    world.reopen();
    let mut life = world.live(UNTIL_THE_END).unwrap().unwrap();
    let begun = world.written.len();
    world.written.clear();
    world.write_line();
    world.rename();
    world.reopen();
    world.write_line();
    world.run(&mut life).unwrap();
    assert!(begun > 0);
    assert_eq!(world.delivered, world.written.len());
}

/// The new owner reads what the old one wrote last; the old one cannot write over it.
#[test]
fn an_earlier_owner_changes_nothing_any_more() {
    let mut world = World::new();
    world.write_line();
    let mut first = world.live(UNTIL_THE_END).unwrap().unwrap();
    world.run(&mut first).unwrap();
    world.write_line();
    let mut second = world.live(UNTIL_THE_END).unwrap().unwrap();
    let fenced = world.run(&mut first).unwrap_err();
    assert_eq!(fenced.exit(), crate::error::Exit::Fenced);
    world.rename();
    world.reopen();
    world.write_line();
    world.run(&mut second).unwrap();
    // it finds the file over, and may not say so
    assert!(world.run(&mut first).is_err());
    let mut third = world.live(UNTIL_THE_END).unwrap().unwrap();
    world.write_line();
    world.run(&mut third).unwrap();
    assert_eq!(world.delivered, world.written.len());
}

/// A claim of the second record by an earlier owner that comes late is put right by the one who owns the first.
#[test]
fn a_late_claim_of_the_second_record_stops_nobody() {
    let mut world = World::new();
    world.write_line();
    let mut life = world.live(UNTIL_THE_END).unwrap().unwrap();
    let store = Store::of(Mortal { store: Arc::clone(&world.store), changes_left: AtomicUsize::new(1) });
    store.claim(&CheckpointId::new("log#file").unwrap(), "an earlier owner").unwrap();
    world.rename();
    world.reopen();
    world.write_line();
    world.run(&mut life).unwrap();
    assert_eq!(world.delivered, world.written.len());
}
