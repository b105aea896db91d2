//! `write_many` never waits for a record that somebody holds, and never for somebody who creates one.

use std::sync::Arc;

use checkpoint::postgres::sqlx::{Connection, query_scalar};
use checkpoint::{
    Checkpoint, CheckpointStore, CheckpointStoreExt, ErrorKind, Mode, Operation, Outcome, PostgresStore, Write,
};
use tokio::task::JoinSet;

use crate::place::{Place, advance, id, pool_of};

fn writes(position: u64) -> Vec<Write> {
    (0..1_000).map(|number| advance(&format!("consumer-{number:04}"), position)).collect()
}

#[tokio::test]
async fn a_held_record_is_contended_and_delays_nobody() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    assert!(store.write_many(&writes(1)).await.unwrap().into_iter().all(Outcome::is_stored));

    let mut connection = place.connection().await;
    let mut slow = connection.begin().await.unwrap();
    assert_eq!(store.write_in(&mut slow, &advance("consumer-0500", 7)).await.unwrap(), Outcome::Stored);

    // While the transaction is open these calls end: were one of them to wait for it, it would wait for ever.
    let outcomes = store.write_many(&writes(2)).await.unwrap();
    let contended: Vec<_> = (0..1_000).filter(|&at| outcomes[at] == Outcome::Contended).collect();
    assert_eq!(contended, [500]);
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_stored()).count(), 999);
    assert_eq!(store.write(&advance("consumer-0499", 3)).await.unwrap(), Outcome::Stored);

    slow.commit().await.unwrap();
    let outcomes = store.write_many(&writes(2)).await.unwrap();
    assert_eq!((outcomes[499], outcomes[500], outcomes[501]), (Outcome::Ahead(3), Outcome::Ahead(7), Outcome::Stored));
}

#[tokio::test]
async fn nobody_waits_for_a_transaction_that_creates() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    assert_eq!(store.write(&advance("there", 1)).await.unwrap(), Outcome::Stored);

    let mut connection = place.connection().await;
    let mut slow = connection.begin().await.unwrap();
    assert_eq!(store.write_in(&mut slow, &advance("new", 7)).await.unwrap(), Outcome::Stored);
    let batch = [advance("there", 2), advance("new", 2), advance("newer", 2), advance("gone", 2).with_epoch(1)];
    let outcomes = store.write_many(&batch).await.unwrap();
    assert_eq!(outcomes, [Outcome::Stored, Outcome::Contended, Outcome::Contended, Outcome::Missing]);
    assert_eq!(store.write(&advance("newest", 2)).await.unwrap(), Outcome::Stored);

    slow.commit().await.unwrap();
    let outcomes = store.write_many(&batch).await.unwrap();
    assert_eq!(outcomes, [Outcome::Stored, Outcome::Ahead(7), Outcome::Stored, Outcome::Missing]);
}

#[tokio::test]
async fn a_foreign_key_on_the_id_does_not_hold_a_record() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    assert_eq!(store.write(&advance("there", 1)).await.unwrap(), Outcome::Stored);
    place.run("create table notes (id text references checkpoints (id))").await;

    let mut connection = place.connection().await;
    let mut slow = connection.begin().await.unwrap();
    let insert = format!("insert into {}.notes values ('there')", place.schema);
    checkpoint::postgres::sqlx::raw_sql(checkpoint::postgres::sqlx::AssertSqlSafe(insert))
        .execute(&mut *slow)
        .await
        .unwrap();
    assert_eq!(store.write_many(&[advance("there", 2)]).await.unwrap(), [Outcome::Stored]);
    assert_eq!(store.write(&advance("there", 3)).await.unwrap(), Outcome::Stored);
    slow.rollback().await.unwrap();
}

#[tokio::test]
async fn every_outcome_of_every_mode_in_one_statement() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    for name in ["fenced", "same"] {
        store.claim(&id(name), "a:1").await.unwrap();
        store.claim(&id(name), "b:2").await.unwrap();
    }
    let held: Vec<_> = ["ahead", "mismatch", "equal", "over", "back"].map(|name| advance(name, 7)).into();
    assert!(store.write_many(&held).await.unwrap().into_iter().all(Outcome::is_stored));
    assert!(store.write(&Write::advance(Checkpoint::new(id("null"), None))).await.unwrap().is_stored());

    let write = |name, position: Option<u64>, mode| Write::new(Checkpoint::new(id(name), position), mode);
    let batch = [
        (write("ahead", Some(6), Mode::Advance), Outcome::Ahead(7)),
        (write("back", None, Mode::Advance), Outcome::Ahead(7)),
        (write("mismatch", Some(8), Mode::Expect(Some(6))), Outcome::Mismatch(Some(7))),
        (write("null", Some(8), Mode::Expect(Some(0))), Outcome::Mismatch(None)),
        (write("equal", Some(3), Mode::Expect(Some(7))), Outcome::Stored),
        (write("over", None, Mode::Overwrite), Outcome::Stored),
        (write("fenced", Some(8), Mode::Overwrite).with_epoch(1), Outcome::Fenced(2)),
        (write("same", Some(8), Mode::Expect(None)).with_epoch(2).with_state(&b"\0gap"[..]), Outcome::Stored),
        (write("gone", Some(8), Mode::Advance).with_epoch(2), Outcome::Missing),
        (write("absent", Some(8), Mode::Expect(Some(7))), Outcome::Mismatch(None)),
        (write("new", None, Mode::Expect(None)).with_state(&b"s"[..]), Outcome::Stored),
    ];
    let (writes, expected): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
    assert_eq!(store.write_many(&writes).await.unwrap(), expected);
    let same = store.read(&id("same")).await.unwrap().unwrap();
    assert_eq!((same.checkpoint.position, same.epoch, &same.state[..]), (Some(8), 2, &b"\0gap"[..]));
    assert_eq!(same.owner.as_deref(), Some("b:2"));
    assert_eq!(&store.read(&id("new")).await.unwrap().unwrap().state[..], b"s");
    assert_eq!(store.load(&id("over")).await.unwrap().position, None);
    assert!(store.read(&id("gone")).await.unwrap().is_none());
}

/// Batches in different orders, single writes and transactions of two writes, on old and new ids: a deadlock would be an
/// error.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_batches_and_transactions_do_not_deadlock() {
    let Some(place) = Place::new().await else { return };
    let store = Arc::new(place.store(pool_of(8, &place.server)));
    let mut tasks = JoinSet::new();
    for task in 0..6 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            for round in 0..40_u64 {
                match task {
                    0..4 => batch_of(&store, task, round).await,
                    _ => pair_of(&store, round).await,
                }
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    for record in store.list("", None, 10_000).await.unwrap() {
        assert!(record.checkpoint.position.is_some());
    }
}

/// Some ids are new in every fourth round.
fn name(number: u64, round: u64) -> String {
    format!("consumer-{number}-{}", if number.is_multiple_of(3) { round / 4 } else { 0 })
}

async fn batch_of(store: &PostgresStore, task: u64, round: u64) {
    let mut batch: Vec<_> = (0..50).map(|number| advance(&name(number, round), round)).collect();
    batch.rotate_left(usize::try_from(task * 13).unwrap() % 50);
    if task.is_multiple_of(2) {
        batch.reverse();
    }
    for outcome in store.write_many(&batch).await.unwrap() {
        assert!(matches!(outcome, Outcome::Stored | Outcome::Contended | Outcome::Ahead(_)), "{outcome:?}");
    }
}

/// In the order of the ids, as transactions with several locks must.
async fn pair_of(store: &PostgresStore, round: u64) {
    let mut transaction = store.pool().begin().await.unwrap();
    let mut names = [name(round % 50, round), name((round * 7 + 3) % 50, round)];
    names.sort();
    for name in names {
        let outcome = store.write_in(&mut transaction, &advance(&name, round)).await.unwrap();
        assert!(matches!(outcome, Outcome::Stored | Outcome::Ahead(_)), "{outcome:?}");
    }
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_negative_position_among_many_is_corrupt_and_stays() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    place.run("insert into checkpoints (id, position) values ('bad', -5)").await;
    let error = store.write_many(&[advance("good", 1), advance("bad", 1)]).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Corrupt, Some(Operation::WriteMany)));
    assert!(error.to_string().contains("\"bad\""), "{error}");
    let mut connection = place.connection().await;
    let sql = format!("select position from {}.checkpoints where id = 'bad'", place.schema);
    let position: i64 =
        query_scalar(checkpoint::postgres::sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
    assert_eq!(position, -5);
}

/// Dropped while it waits for a connection, on its way and after: the pool goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_calls_leave_the_connections_usable() {
    let Some(place) = Place::new().await else { return };
    let store = Arc::new(place.store(pool_of(2, &place.server)));
    for round in 0..200 {
        let store = Arc::clone(&store);
        let call = tokio::spawn(async move { store.write_many(&writes(round)).await });
        for _ in 0..round {
            tokio::task::yield_now().await;
        }
        call.abort();
    }
    let outcomes = store.write_many(&writes(1_000)).await.unwrap();
    // an aborted one may still be running on the server
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stored | Outcome::Contended)));
}
