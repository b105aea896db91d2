//! A save, next to what the disk takes for its bytes, and what the store and the processor take for their shares of it.

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
/// About as many bytes as the list of two snapshots has.
const LIST: usize = 250;

pub(crate) fn of_1_mib() {
    beside_the_disk("parts of random bytes", || Parts::new(MIB));
    beside_the_disk("a map by serde", || Delays::new(MIB));
}

fn beside_the_disk<M: Model>(name: &str, model: impl Fn() -> M) {
    let model_alone = model();
    let mut saved = Saved::new(manual(), model);
    saved.save();
    let bytes = saved.bytes();
    let (mut bare, mut writes) = (Bare::new(bytes), Writes::new(bytes));
    let contestants = vec![
        Contestant::new("append and fdatasync", 1, || bare.append()),
        Contestant::new("the writes of a save alone", 1, || writes.write()),
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

/// The writes that a save makes, of which the store knows nothing: the bytes in the first record that no snapshot needs, then
/// the list of them.
struct Writes {
    _directory: TempDir,
    store: FileStore,
    bytes: Bytes,
    position: u64,
}

impl Writes {
    fn new(bytes: usize) -> Self {
        let directory = directory();
        let store = RUNTIME.block_on(FileStore::open(directory.path())).expect("a store");
        Self { _directory: directory, store, bytes: vec![b'x'; bytes].into(), position: 0 }
    }

    fn write(&mut self) {
        self.position += 1;
        let slot = format!("slot {}", self.position % 3);
        for (name, bytes) in [(&*slot, self.bytes.clone()), ("list", self.bytes.slice(..LIST))] {
            let write = Write::advance(Checkpoint::new(id(name), self.position)).with_state(bytes);
            assert!(RUNTIME.block_on(self.store.write(&write)).expect("the disk works").is_stored());
        }
    }
}
