//! A save, next to what the disk takes for its bytes, and to what the store takes for them.

use std::fs::File;
use std::io::Write as _;

use benchmarks::{Contestant, compare};
use checkpoint_commit::strategy::manual;
use checkpoint_core::{Bytes, Checkpoint, CheckpointStore, Write};
use checkpoint_file::FileStore;
use checkpoint_snapshot::format::{Header, Options, encode};
use checkpoint_snapshot::{Bucket, Model};
use tempfile::TempDir;

use super::models::{Delays, Parts};
use super::{RUNTIME, Saved, directory, id};

const ROUNDS: usize = 15;
const MIB: usize = 1024 * 1024;

pub(crate) fn of_1_mib() {
    beside_the_disk("parts of random bytes", || Parts::new(MIB));
    beside_the_disk("a map by serde", || Delays::new(MIB));
}

fn beside_the_disk<M: Model>(name: &str, model: impl Fn() -> M) {
    let model_alone = model();
    let mut saved = Saved::new(manual(), model);
    saved.save();
    let bytes = saved.bytes();
    let (mut bare, mut record) = (Bare::new(bytes), Record::new(bytes));
    let contestants = vec![
        Contestant::new("append and fdatasync", 1, || bare.append()),
        Contestant::new("file store, one record of the bytes", 1, || record.write()),
        Contestant::new("into a bucket", 1, || drop(bucket(&model_alone))),
        Contestant::new("into a bucket, and encode", 1, || {
            let encoded = encode(&Header::new(M::NAME, 1, None), &bucket(&model_alone), &Options::default());
            assert_eq!(encoded.expect("it is not nested").len().div_ceil(MIB), bytes.div_ceil(MIB));
        }),
        Contestant::new("Live::save", 1, || saved.save()),
    ];
    let title = format!("saving {name}, 1 MiB, {bytes} bytes encoded (reference: append and fdatasync of those)");
    compare(&title, ROUNDS, contestants);
}

fn bucket(model: &impl Model) -> Bucket {
    let mut bucket = Bucket::new();
    model.save(&mut bucket).expect("it can be saved");
    bucket
}

struct Bare {
    _directory: TempDir,
    file: File,
    bytes: Vec<u8>,
}

impl Bare {
    fn new(bytes: usize) -> Self {
        let directory = directory();
        let file = File::create(directory.path().join("file")).expect("a file");
        Self { _directory: directory, file, bytes: vec![b'x'; bytes] }
    }

    fn append(&mut self) {
        self.file.write_all(&self.bytes).expect("the disk has room");
        self.file.sync_data().expect("the disk works");
    }
}

/// One record, overwritten again and again.
struct Record {
    _directory: TempDir,
    store: FileStore,
    bytes: Bytes,
    position: u64,
}

impl Record {
    fn new(bytes: usize) -> Self {
        let directory = directory();
        let store = RUNTIME.block_on(FileStore::open(directory.path())).expect("a store");
        Self { _directory: directory, store, bytes: vec![b'x'; bytes].into(), position: 0 }
    }

    fn write(&mut self) {
        self.position += 1;
        let write = Write::advance(Checkpoint::new(id("record"), self.position)).with_state(self.bytes.clone());
        let outcome = RUNTIME.block_on(self.store.write(&write)).expect("the disk works");
        assert!(outcome.is_stored());
    }
}
