//! The store on a real directory: what it keeps, what it shares, and what it says when something is wrong.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use checkpoint_core::{
    Applied, Bytes, Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, ErrorKind, Outcome, Write,
};
use checkpoint_file::FileStore;
use tempfile::TempDir;

fn id(id: &str) -> CheckpointId {
    CheckpointId::new(id).unwrap()
}

fn at(name: &str, position: u64) -> Checkpoint {
    Checkpoint::new(id(name), position)
}

async fn open(directory: &TempDir) -> FileStore {
    FileStore::open(directory.path()).await.unwrap()
}

async fn store_all(store: &FileStore, positions: impl Iterator<Item = u64>) {
    for position in positions {
        assert_eq!(store.store(&at("orders", position)).await.unwrap(), Outcome::Stored);
    }
}

fn log(directory: &TempDir) -> std::path::PathBuf {
    directory.path().join("log")
}

#[tokio::test]
async fn what_was_stored_is_there_after_opening_again() {
    let directory = TempDir::new().unwrap();
    let first = open(&directory).await;
    let claimed = first.claim(&id("orders"), "host:1").await.unwrap();
    let write = Write::advance(at("orders", 42)).with_epoch(claimed.epoch).with_state(&b"\0state\n"[..]);
    assert_eq!(first.write(&write).await.unwrap(), Outcome::Stored);
    assert_eq!(first.store(&at("gone", 1)).await.unwrap(), Outcome::Stored);
    assert!(first.delete(&id("gone")).await.unwrap());
    let before = first.read(&id("orders")).await.unwrap().unwrap();
    drop(first);

    let again = open(&directory).await;
    let after = again.read(&id("orders")).await.unwrap().unwrap();
    assert_eq!(after, before);
    assert_eq!(
        (after.epoch, after.owner.as_deref(), after.state),
        (1, Some("host:1"), Bytes::from_static(b"\0state\n"))
    );
    assert_eq!(again.read(&id("gone")).await.unwrap(), None);
    assert_eq!(again.torn_tail().await.unwrap(), None);
}

#[tokio::test]
async fn two_stores_on_one_directory_see_and_fence_each_other() {
    let directory = TempDir::new().unwrap();
    let (one, two) = (open(&directory).await, open(&directory).await);
    let first = one.claim(&id("orders"), "one").await.unwrap();
    let second = two.claim(&id("orders"), "two").await.unwrap();
    assert_eq!((first.epoch, second.epoch), (1, 2));
    let late = Write::advance(at("orders", 7)).with_epoch(first.epoch);
    assert_eq!(one.write(&late).await.unwrap(), Outcome::Fenced(2));
    assert_eq!(two.write(&late.with_epoch(2)).await.unwrap(), Outcome::Stored);
    assert_eq!(one.load(&id("orders")).await.unwrap().position, Some(7));
}

#[tokio::test]
async fn a_replaced_log_is_noticed_by_the_other_store() {
    let directory = TempDir::new().unwrap();
    let (one, two) = (open(&directory).await, open(&directory).await);
    let large = |position| Write::advance(at("orders", position)).with_state(vec![1; 300_000]);
    for position in 0..10 {
        assert_eq!(one.write(&large(position)).await.unwrap(), Outcome::Stored);
        assert_eq!(two.load(&id("orders")).await.unwrap().position, Some(position));
    }
    assert_eq!(two.store(&at("orders", 10)).await.unwrap(), Outcome::Stored);
    assert_eq!(one.load(&id("orders")).await.unwrap().position, Some(10));
    let length = fs::metadata(log(&directory)).unwrap().len();
    assert!(length <= 4 * 100 + (1 << 20), "the log kept {length} bytes for one short record");
}

#[tokio::test]
async fn a_torn_tail_is_cut_off_and_said() {
    let directory = TempDir::new().unwrap();
    store_all(&open(&directory).await, 0..3).await;
    let whole = fs::read(log(&directory)).unwrap();
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for torn in last + 1..whole.len() {
        fs::write(log(&directory), &whole[..torn]).unwrap();
        let store = open(&directory).await;
        assert_eq!(store.load(&id("orders")).await.unwrap().position, Some(1));
        let cut = store.torn_tail().await.unwrap().unwrap();
        let expected = (u64::try_from(last).unwrap(), u64::try_from(torn - last).unwrap());
        assert_eq!((cut.offset, cut.bytes), expected);
        assert_eq!(fs::read(log(&directory)).unwrap(), &whole[..last]);
    }
}

#[tokio::test]
async fn damage_before_the_end_is_an_error_with_file_and_offset() {
    let directory = TempDir::new().unwrap();
    store_all(&open(&directory).await, 0..3).await;
    let whole = fs::read(log(&directory)).unwrap();
    let lines: Vec<usize> = (0..whole.len()).filter(|at| *at == 0 || whole[at - 1] == b'\n').collect();
    let last = *lines.last().unwrap();
    for damaged in 0..last {
        let line = lines.iter().rfind(|start| **start <= damaged).unwrap();
        let mut bytes = whole.clone();
        bytes[damaged] ^= 1;
        fs::write(log(&directory), &bytes).unwrap();
        let error = FileStore::open(directory.path()).await.unwrap_err();
        // A header with another version number is one of a newer format, for all that can be known.
        if error.kind() == ErrorKind::Unsupported {
            assert_eq!(*line, 0);
            continue;
        }
        assert_eq!(error.kind(), ErrorKind::Corrupt, "byte {damaged}: {error}");
        let place = format!("{} is damaged at byte {line}:", log(&directory).display());
        assert!(error.to_string().contains(&place), "byte {damaged}: {error}");
        assert_eq!(fs::read(log(&directory)).unwrap(), bytes, "nothing is mended silently");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_within_its_durable_part_is_damaged() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    for name in ["a", "b", "c"] {
        assert_eq!(store.store(&at(name, 1)).await.unwrap(), Outcome::Stored);
    }
    // Large enough to be answered by a replacement of the log, which is durable as a whole.
    let large = Write::advance(at("a", 2)).with_state(vec![0; 1 << 20]);
    for _ in 0..4 {
        assert_eq!(store.write(&large).await.unwrap(), Outcome::Stored);
    }
    assert_eq!(store.store(&at("a", 3)).await.unwrap(), Outcome::Stored);
    drop(store);
    let whole = fs::read(log(&directory)).unwrap();
    for line in (1..whole.len()).filter(|at| whole[at - 1] == b'\n') {
        fs::write(log(&directory), &whole[..line]).unwrap();
        let error = FileStore::open(directory.path()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "cut to {line} bytes: {error}");
    }
}

#[tokio::test]
async fn damage_that_comes_while_the_store_is_open_is_noticed_when_read() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    store_all(&store, 0..1).await;
    let mut bytes = fs::read(log(&directory)).unwrap();
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    fs::write(log(&directory), &bytes).unwrap();
    assert_eq!(store.read(&id("orders")).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(store.claim(&id("orders"), "host:1").await.unwrap_err().kind(), ErrorKind::Corrupt);
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_alone() {
    let directory = TempDir::new().unwrap();
    let newer = b"checkpoint-log\t2\twhatever comes\n";
    fs::write(log(&directory), newer).unwrap();
    let error = FileStore::open(directory.path()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("has format 2, this version reads up to 1"), "{error}");
    assert_eq!(fs::read(log(&directory)).unwrap(), newer);
}

#[tokio::test]
async fn reading_only_creates_nothing_and_changes_nothing() {
    let directory = TempDir::new().unwrap();
    let missing = directory.path().join("missing");
    assert_eq!(FileStore::open_read_only(&missing).await.unwrap_err().kind(), ErrorKind::NotReady);
    assert!(!missing.exists());

    let writer = open(&directory).await;
    store_all(&writer, 0..2).await;
    let torn = [fs::read(log(&directory)).unwrap(), b"torn".to_vec()].concat();
    fs::write(log(&directory), &torn).unwrap();
    let reader = FileStore::open_read_only(directory.path()).await.unwrap();
    assert_eq!(reader.load(&id("orders")).await.unwrap().position, Some(1));
    assert_eq!(reader.list("", None, 10).await.unwrap().len(), 1);
    for refused in [
        reader.store(&at("orders", 5)).await.unwrap_err(),
        reader.write_many(&[Write::advance(at("orders", 5))]).await.unwrap_err(),
        reader.claim(&id("orders"), "me").await.unwrap_err(),
        reader.delete(&id("orders")).await.unwrap_err(),
    ] {
        assert_eq!((refused.kind(), refused.applied()), (ErrorKind::Denied, Applied::No));
    }
    assert_eq!(fs::read(log(&directory)).unwrap(), torn);

    store_all(&writer, 2..3).await;
    assert_eq!(reader.load(&id("orders")).await.unwrap().position, Some(2));
}

#[tokio::test]
async fn a_store_whose_directory_was_deleted_says_so() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("store");
    let store = FileStore::open(&path).await.unwrap();
    store_all(&store, 0..1).await;
    fs::remove_dir_all(&path).unwrap();
    assert_eq!(store.store(&at("orders", 1)).await.unwrap_err().kind(), ErrorKind::NotReady);
    assert_eq!(store.read(&id("orders")).await.unwrap_err().kind(), ErrorKind::NotReady);

    let other = FileStore::open(&path).await.unwrap();
    assert_eq!(store.read(&id("orders")).await.unwrap(), None);
    assert_eq!(other.store(&at("orders", 9)).await.unwrap(), Outcome::Stored);
    assert_eq!(store.store(&at("orders", 8)).await.unwrap(), Outcome::Ahead(9));
}

#[tokio::test]
async fn a_store_whose_directory_was_moved_does_not_keep_it_locked() {
    let directory = TempDir::new().unwrap();
    let (path, moved) = (directory.path().join("store"), directory.path().join("moved"));
    let store = FileStore::open(&path).await.unwrap();
    store_all(&store, 0..1).await;
    fs::rename(&path, &moved).unwrap();
    assert_eq!(store.store(&at("orders", 1)).await.unwrap_err().kind(), ErrorKind::NotReady);
    assert!(fs::File::open(moved.join("lock")).unwrap().try_lock().is_ok(), "others would wait for ever");
}

#[tokio::test]
async fn a_file_in_the_directorys_place_is_refused() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("file");
    fs::write(&path, b"not a directory").unwrap();
    let error = FileStore::open(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.to_string().contains(&path.display().to_string()), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"not a directory");
}

/// A superuser may write anywhere: then there is nothing to see here.
fn may_write_anywhere(directory: &Path) -> bool {
    fs::write(directory.join("probe"), b"").is_ok()
}

#[tokio::test]
async fn a_directory_that_may_not_be_written_to_is_denied() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("store");
    drop(FileStore::open(&path).await.unwrap());
    for entry in fs::read_dir(&path).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o555)).unwrap();
    if may_write_anywhere(&path) {
        println!("skipped: this user may write anywhere");
        return;
    }
    let error = FileStore::open(&path).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Denied, Applied::No));
    assert!(FileStore::open_read_only(&path).await.is_ok());
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn many_tasks_share_appends_and_none_is_lost() {
    let directory = TempDir::new().unwrap();
    let store = open(&directory).await;
    let tasks: Vec<_> = (0..64)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for position in 0..50 {
                    let stored = store.store(&at(&format!("task-{task:02}"), position)).await.unwrap();
                    assert_eq!(stored, Outcome::Stored);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    drop(store);
    let records = open(&directory).await.list("task-", None, 100).await.unwrap();
    assert_eq!(records.len(), 64);
    assert!(records.iter().all(|record| record.checkpoint.position == Some(49)));
}
