//! Two writers that do not know that their checkpoint was claimed by a third one.

use std::time::Duration;

use checkpoint::{CheckpointStore, Outcome, PostgresStore};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::place::{Place, advance, id, pool_of};

const TRIES: u64 = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stale_write_in_ten_thousand_tries() {
    let Some(place) = Place::new().await else { return };
    let owner = place.open().await;
    let mut zombies = Vec::new();
    for _ in 0..2 {
        let epoch = owner.claim(&id("orders"), "zombie").await.unwrap().epoch;
        zombies.push((place.store(pool_of(2, &place.server)), epoch));
    }
    let epoch = owner.claim(&id("orders"), "owner").await.unwrap().epoch;
    let tasks: Vec<_> = zombies.into_iter().map(|(store, epoch)| tokio::spawn(haunt(store, epoch))).collect();
    let mut position = 0;
    while !tasks.iter().all(JoinHandle::is_finished) {
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

async fn haunt(store: PostgresStore, epoch: u64) {
    for number in 0..TRIES {
        let write = advance("orders", 1 << 40).with_epoch(epoch).with_state(&b"zombie"[..]);
        if number % 2 == 0 {
            assert_eq!(store.write(&write).await.unwrap(), Outcome::Fenced(3));
        } else {
            let outcome = store.write_many(&[write]).await.unwrap()[0];
            assert!(matches!(outcome, Outcome::Fenced(3) | Outcome::Contended), "{outcome:?}");
        }
        if fastrand::u8(..) == 0 {
            sleep(Duration::from_micros(fastrand::u64(..2_000))).await;
        }
    }
}
