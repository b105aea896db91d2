//! A server that is killed and started again while the store is in use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use checkpoint::{CheckpointStore, ErrorKind, Outcome, RedisStore};
use tokio::time::sleep;

use crate::own_server::OwnServer;
use crate::space::{advance, id};

const KILLS: usize = 5;
const WRITERS: u64 = 4;

/// What was answered `Stored` is there, as the server syncs before it answers; nothing goes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_and_started_again_under_load() {
    let Some(mut server) = OwnServer::start(&[]).await else { return };
    let store = server.open().await;
    let stop = Arc::new(AtomicBool::new(false));
    let stored: Arc<Vec<AtomicU64>> = Arc::new((0..WRITERS).map(|_| AtomicU64::new(0)).collect());
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| tokio::spawn(go_on_writing(store.clone(), writer, Arc::clone(&stored), Arc::clone(&stop))))
        .collect();
    for _ in 0..KILLS {
        everybody_gets_on(&stored).await;
        server.kill().await;
        let before: Vec<_> = stored.iter().map(|stored| stored.load(Ordering::SeqCst)).collect();
        server.restart().await;
        let fresh = server.open().await;
        for (writer, before) in (0..).zip(before) {
            let record = fresh.read(&id(&format!("writer {writer}"))).await.unwrap().unwrap();
            assert!(record.checkpoint.position >= Some(before), "{record:?} is behind {before}");
        }
    }
    everybody_gets_on(&stored).await; // the old connection came back by itself
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        assert!(writer.await.unwrap() > 0, "no kill was noticed");
    }
}

/// Advances by one, again and again; says how often that was not possible.
async fn go_on_writing(store: RedisStore, writer: u64, stored: Arc<Vec<AtomicU64>>, stop: Arc<AtomicBool>) -> u64 {
    let (name, mut position, mut failures) = (format!("writer {writer}"), 1, 0);
    let stored = &stored[usize::try_from(writer).unwrap()];
    while !stop.load(Ordering::SeqCst) {
        match store.write(&advance(&name, position)).await {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Stored);
                stored.store(position, Ordering::SeqCst);
                position += 1;
            }
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
                failures += 1;
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
    failures
}

async fn everybody_gets_on(stored: &[AtomicU64]) {
    for stored in stored {
        let before = stored.load(Ordering::SeqCst);
        while stored.load(Ordering::SeqCst) < before + 20 {
            sleep(Duration::from_millis(1)).await;
        }
    }
}
