//! Two writers that do not know that their checkpoint was claimed by a third one.

use std::time::Duration;

use checkpoint::{CheckpointStore, Outcome, RedisStore};
use tokio::time::sleep;

use crate::space::{Space, advance, id};

const TRIES: u64 = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stale_write_in_ten_thousand_tries() {
    let Some(space) = Space::new() else { return };
    let mut tasks = Vec::new();
    for _ in 0..2 {
        let zombie = space.open().await;
        let epoch = zombie.claim(&id("orders"), "zombie").await.unwrap().epoch;
        tasks.push(tokio::spawn(haunt(zombie, epoch)));
    }
    let owner = space.open().await;
    let epoch = owner.claim(&id("orders"), "owner").await.unwrap().epoch;
    let mut position = 1 << 50;
    while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
        position += 1;
        let write = advance("orders", position).with_epoch(epoch).with_state(&b"owner"[..]);
        assert_eq!(owner.write(&write).await.unwrap(), Outcome::Stored);
        let seen = owner.read(&id("orders")).await.unwrap().unwrap();
        assert_eq!((seen.checkpoint.position, &seen.state[..]), (Some(position), &b"owner"[..]));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Before the last claim its writes may be stored; from the first time on that it is fenced, none is.
async fn haunt(store: RedisStore, epoch: u64) {
    let mut fenced = 0;
    while fenced < TRIES {
        let write = advance("orders", 1 << 40).with_epoch(epoch).with_state(&b"zombie"[..]);
        let outcome = match fenced % 2 {
            0 => store.write(&write).await.unwrap(),
            _ => store.write_many(&[write]).await.unwrap()[0],
        };
        match outcome {
            Outcome::Fenced(_) => fenced += 1,
            other => assert_eq!(fenced, 0, "{other:?} after it was fenced"),
        }
        if fastrand::u8(..) == 0 {
            sleep(Duration::from_micros(fastrand::u64(..2_000))).await;
        }
    }
}
