//! Several processes in one directory, killed at any moment.
//!
//! The processes are this test program itself: it runs [`worker`] where the environment names a directory.

#![expect(clippy::unwrap_used, reason = "also the helpers are tests")]

use std::env;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use checkpoint_core::{Checkpoint, CheckpointId, CheckpointStore, CheckpointStoreExt, Outcome, Write};
use checkpoint_file::FileStore;
use tempfile::TempDir;

const DIRECTORY: &str = "CHECKPOINT_FILE_TEST_DIRECTORY";
const ID: &str = "CHECKPOINT_FILE_TEST_ID";

fn id(id: &str) -> CheckpointId {
    CheckpointId::new(id).expect("a valid id")
}

fn start_worker(directory: &Path, id: &str) -> Child {
    Command::new(env::current_exe().expect("this program"))
        .args(["--exact", "worker", "--nocapture"])
        .env(DIRECTORY, directory)
        .env(ID, id)
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program starts again")
}

/// Claims its id, then writes rising positions and says each one that is stored, until it is killed.
#[tokio::test]
async fn worker() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    let store = FileStore::open(directory).await.unwrap();
    let id = id(&env::var(ID).unwrap());
    let claimed = store.claim(&id, "worker").await.unwrap();
    for position in claimed.checkpoint.position.map_or(0, |position| position + 1).. {
        // Large enough for the log to be replaced every few writes.
        let state = vec![7; 40_000];
        let write = Write::advance(Checkpoint::new(id.clone(), position)).with_epoch(claimed.epoch).with_state(state);
        match store.write(&write).await.unwrap() {
            Outcome::Stored => println!("stored {position}"),
            refused => return println!("refused {refused:?}"),
        }
    }
}

/// The positions that a worker says it has stored, one after the other.
fn positions(worker: &mut Child) -> impl Iterator<Item = u64> + use<> {
    let lines = BufReader::new(worker.stdout.take().unwrap()).lines();
    lines.map_while(Result::ok).filter_map(|line| line.split("stored ").nth(1)?.trim().parse().ok())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_process_was_told_is_stored() {
    let directory = TempDir::new().unwrap();
    let mut random = fastrand::Rng::with_seed(1);
    let mut told = [None; 3];
    for _ in 0..12 {
        let mut workers: Vec<_> = (0..3).map(|n| start_worker(directory.path(), &format!("worker-{n}"))).collect();
        let mut said: Vec<_> = workers.iter_mut().map(positions).collect();
        for (said, told) in said.iter_mut().zip(&mut told) {
            // All workers write at the same time; each is seen to make some progress.
            let first = said.next().unwrap();
            assert!(told.is_none_or(|told| first > told), "began at {first} after {told:?}");
            *told = said.by_ref().take(random.usize(1..30)).last().or(Some(first));
        }
        for worker in &mut workers {
            worker.kill().unwrap();
        }
        // What they said before they died counts too.
        for (said, told) in said.into_iter().zip(&mut told) {
            *told = said.last().or(*told);
        }
        for worker in &mut workers {
            worker.wait().unwrap();
        }
        let store = FileStore::open(directory.path()).await.unwrap();
        for (n, told) in told.iter().enumerate() {
            let record = store.read(&id(&format!("worker-{n}"))).await.unwrap().unwrap();
            assert!(record.checkpoint.position >= *told, "{:?} is stored, {told:?} was told", record.checkpoint);
            assert_eq!(record.state.len(), 40_000);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_fences_another_process() {
    let directory = TempDir::new().unwrap();
    let mut first = start_worker(directory.path(), "orders");
    let mut said = positions(&mut first);
    assert_eq!(said.next(), Some(0));
    let store = FileStore::open(directory.path()).await.unwrap();
    let claimed = store.claim(&id("orders"), "successor").await.unwrap();
    assert_eq!(claimed.epoch, 2);
    // The first worker ends by itself: it was refused.
    let last = said.last();
    assert!(first.wait().unwrap().success());
    let position = store.load(&id("orders")).await.unwrap().position;
    assert_eq!(position, claimed.checkpoint.position, "nothing of the first worker's came after the claim");
    assert!(last.is_none_or(|last| position >= Some(last)), "the first worker was told that {last:?} is stored");
}
