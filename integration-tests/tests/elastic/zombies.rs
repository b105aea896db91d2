//! Two writers that do not know that their checkpoint was claimed by a third one.

use std::time::Duration;

use checkpoint::{CheckpointStore, ElasticStore, Outcome};
use tokio::time::sleep;

use crate::place::{Place, advance, id};

const TRIES: u64 = 5_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_stale_write_in_ten_thousand_tries() {
    let Some(place) = Place::new().await else { return };
    let owner = place.open();
    let mut tasks = Vec::new();
    for zombie in [place.open(), place.open()] {
        let epoch = zombie.claim(&id("orders"), "zombie").await.unwrap().epoch;
        tasks.push(tokio::spawn(haunt(zombie, epoch)));
    }
    let epoch = owner.claim(&id("orders"), "owner").await.unwrap().epoch;
    let mut position = 0;
    while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
        position += 1;
        let write = advance("orders", (1 << 40) + position).with_epoch(epoch).with_state(&b"owner"[..]);
        assert_eq!(owner.write(&write).await.unwrap(), Outcome::Stored);
        let seen = owner.read(&id("orders")).await.unwrap().unwrap();
        assert_eq!((seen.checkpoint.position, &seen.state[..]), (Some((1 << 40) + position), &b"owner"[..]));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// Before the claims it may be stored, and is fenced from the first time on that it is.
async fn haunt(store: ElasticStore, epoch: u64) {
    let (mut fenced, mut number) = (false, 0);
    while number < TRIES {
        let write = advance("orders", 1 << 40).with_epoch(epoch).with_state(&b"zombie"[..]);
        let outcome = match number % 2 {
            0 => store.write(&write).await.unwrap(),
            _ => store.write_many(&[write]).await.unwrap()[0],
        };
        match outcome {
            Outcome::Fenced(_) => fenced = true,
            Outcome::Contended => {}
            other => assert!(!fenced, "{other:?} after it was fenced"),
        }
        number += u64::from(fenced);
        if fastrand::u8(..) == 0 {
            sleep(Duration::from_micros(fastrand::u64(..2_000))).await;
        }
    }
}
