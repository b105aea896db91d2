//! What saving and loading large models takes on all threads together, beside the model itself: saving twice its state, loading once.

#![expect(clippy::unwrap_used, reason = "a step that fails is a test that fails")]

use std::sync::Arc;

use checkpoint_commit::strategy::manual;
use checkpoint_core::{CheckpointId, CheckpointStore, Outcome, Record, Result, Write, async_trait};
use checkpoint_file::FileStore;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Model, Snapshots};
use peak_alloc::PeakAlloc;
use tempfile::TempDir;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

const MIB: usize = 1 << 20;
const STATE: usize = 64 * MIB;
/// Beside what has the size of the state: the runtime, the compressor, what is in flight to the store.
const BESIDE: usize = 4 * MIB;

/// Holds its state as `serde` would: in many values of which none is large.
#[derive(Default)]
struct Lines(Vec<String>);

impl Lines {
    /// Of as many lines as have so many bytes.
    fn new(bytes: usize, mut character: impl FnMut() -> char) -> Self {
        Self((0..bytes / 1_000).map(|_| std::iter::repeat_with(&mut character).take(1_000).collect()).collect())
    }
}

impl Model for Lines {
    const NAME: &'static str = "lines";

    fn save(&self, bucket: &mut Bucket) -> std::result::Result<(), BucketError> {
        bucket.put_value("lines", &self.0).map(drop)
    }

    fn restore(&mut self, bucket: &Bucket) -> std::result::Result<(), CannotRestore> {
        self.0 = bucket.value("lines")?;
        Ok(())
    }
}

/// A store on disk, which keeps no states in memory, and copies none: what its own making of lines takes is not what is measured here.
#[derive(Debug)]
struct Disk {
    directory: TempDir,
    records: FileStore,
}

impl Disk {
    async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let records = FileStore::open(directory.path().join("records")).await.unwrap();
        Self { directory, records }
    }

    fn path(&self, id: &CheckpointId) -> std::path::PathBuf {
        self.directory.path().join(id.as_str().replace('/', "-"))
    }
}

#[async_trait]
impl CheckpointStore for Disk {
    async fn read(&self, id: &CheckpointId) -> Result<Option<Record>> {
        let record = self.records.read(id).await?;
        Ok(record.map(|mut record| {
            record.state = std::fs::read(self.path(id)).map(Into::into).unwrap_or_default();
            record
        }))
    }

    async fn write(&self, write: &Write) -> Result<Outcome> {
        let mut rest = write.clone();
        rest.state = Vec::new().into();
        let outcome = self.records.write(&rest).await?;
        if outcome.is_stored() {
            std::fs::write(self.path(&write.checkpoint.id), &write.state).unwrap();
        }
        Ok(outcome)
    }

    async fn claim(&self, id: &CheckpointId, owner: &str) -> Result<Record> {
        self.records.claim(id, owner).await?;
        Ok(self.read(id).await?.unwrap())
    }

    async fn list(&self, prefix: &str, after: Option<&CheckpointId>, limit: usize) -> Result<Vec<Record>> {
        self.records.list(prefix, after, limit).await
    }
}

/// The most memory that was taken meanwhile, beside what was taken before.
async fn most<T>(run: impl Future<Output = T>) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = run.await;
    (result, ALLOCATOR.peak_usage() - before)
}

async fn measure(kind: &str, lines: impl Fn() -> Lines) {
    let store = Arc::new(Disk::new().await);
    let snapshots = Snapshots::new(store, CheckpointId::new("lines").unwrap()).strategy(manual());
    let mut live = snapshots.load(lines).await.unwrap();
    for position in 1..=2 {
        live.apply(position, |_| ()).unwrap();
        let (saved, saving) = most(live.save()).await;
        saved.unwrap();
        assert!(saving <= 2 * STATE + BESIDE, "{kind}: saving took {saving}");
    }
    drop(live);
    let (live, loading) = most(snapshots.load(Lines::default)).await;
    let live = live.unwrap();
    assert_eq!((live.resume_from(), live.model().0.len()), (Some(2), STATE / 1_000));
    let model = STATE + live.model().0.len() * size_of::<String>();
    assert!(loading - model <= STATE + BESIDE, "{kind}: loading took {loading}");
}

/// One test, as all threads count.
#[tokio::test]
async fn saving_takes_twice_the_state_and_loading_once() {
    measure("compressible", || Lines::new(STATE, || 'a')).await;
    let lines = || {
        let mut random = fastrand::Rng::with_seed(1);
        Lines::new(STATE, move || char::from(random.u8(..128)))
    };
    measure("incompressible", lines).await;
}
