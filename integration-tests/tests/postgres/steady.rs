//! What a write costs on the wire and in the table.

use std::ops::Range;

use checkpoint::postgres::sqlx::{AssertSqlSafe, query_as, query_scalar};
use checkpoint::{CheckpointStore, Outcome};
use integration_tests::proxy::Proxy;

use crate::place::{Place, advance, connection, id, pool};

const TURNS: u64 = 20;

/// On a connection of the caller's, so that no pool adds to it.
#[tokio::test]
async fn a_steady_write_is_one_round_trip() {
    let Some(place) = Place::new().await else { return };
    let proxy = Proxy::in_front_of(&place.server, 5432).await;
    let store = place.open().await;
    let mut connection = connection(proxy.url()).await;
    assert!(store.write_in(&mut connection, &advance("orders", 1)).await.unwrap().is_stored()); // creates and prepares
    let before = proxy.round_trips();
    for position in 2..2 + TURNS {
        assert!(store.write_in(&mut connection, &advance("orders", position)).await.unwrap().is_stored());
    }
    assert_eq!(proxy.round_trips() - before, TURNS);
    // One more to know why it was not stored.
    let before = proxy.round_trips();
    assert_eq!(store.write_in(&mut connection, &advance("orders", 1)).await.unwrap(), Outcome::Ahead(1 + TURNS));
    assert_eq!(proxy.round_trips() - before, 2);
}

/// The pool tests each connection that is given back, beside the calls.
#[tokio::test]
async fn every_call_is_one_round_trip_and_one_of_the_pool() {
    let Some(place) = Place::new().await else { return };
    let proxy = Proxy::in_front_of(&place.server, 5432).await;
    let store = place.store(pool(proxy.url()));
    let orders = id("orders");
    let calls = async |positions: Range<u64>| {
        for position in positions {
            assert_eq!(store.write_many(&[advance("orders", position)]).await.unwrap(), [Outcome::Stored]);
            assert_eq!(store.write(&advance("orders", position)).await.unwrap(), Outcome::Stored);
            assert!(store.read(&orders).await.unwrap().is_some());
            assert_eq!(store.list("", None, 9).await.unwrap().len(), 1);
            assert!(store.claim(&id("claimed"), "a").await.is_ok());
            assert!(store.delete(&id("claimed")).await.unwrap());
        }
        let _back = store.pool().acquire().await.unwrap(); // the only connection: it was tested
        proxy.round_trips()
    };
    let before = calls(0..2).await; // every statement is prepared
    // and one for the connection that was only taken and given back
    assert_eq!(calls(2..2 + TURNS).await - before, TURNS * 6 * 2 + 1);
}

#[tokio::test]
async fn updates_are_heap_only() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    for position in 0..100 {
        let batch: Vec<_> = (0..100).map(|number| advance(&format!("consumer-{number}"), position)).collect();
        assert!(store.write_many(&batch).await.unwrap().into_iter().all(Outcome::is_stored));
        assert!(store.write(&advance("single", position)).await.unwrap().is_stored());
    }
    let (updates, heap_only) = updates(&place).await;
    assert!(updates >= 9_900 && heap_only * 100 >= updates * 99, "{heap_only} of {updates}");
}

/// Counted by the server, which says so a while after the transactions: waits for it.
async fn updates(place: &Place) -> (i64, i64) {
    let mut connection = place.connection().await;
    let sql = format!(
        "select n_tup_upd, n_tup_hot_upd from pg_stat_all_tables where relid = '{}.checkpoints'::regclass",
        place.schema
    );
    loop {
        let counted: (i64, i64) = query_as(AssertSqlSafe(sql.clone())).fetch_one(&mut connection).await.unwrap();
        if counted.0 >= 9_900 {
            return counted;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_list_reads_the_index_in_order() {
    let Some(place) = Place::new().await else { return };
    place
        .run(
            "insert into checkpoints (id) select 'consumer-' || n from generate_series(1, 20000) n; analyze checkpoints;",
        )
        .await;
    let sql = format!(
        "explain select id from {}.checkpoints c where c.id collate \"C\" >= 'consumer-5' \
         and (null::text is null or c.id collate \"C\" < null) and c.id collate \"C\" > 'consumer-77' \
         order by c.id collate \"C\" limit 100",
        place.schema
    );
    let mut connection = place.connection().await;
    let plan: Vec<String> = query_scalar(AssertSqlSafe(sql)).fetch_all(&mut connection).await.unwrap();
    assert!(
        plan.iter().any(|line| line.contains("Index")) && !plan.iter().any(|line| line.contains("Sort")),
        "{plan:?}"
    );
}
