//! Creating and checking the table.

use std::sync::Arc;

use checkpoint::postgres::sqlx::{AssertSqlSafe, raw_sql};
use checkpoint::{CheckpointStore, ErrorKind, Operation};
use tokio::task::JoinSet;

use crate::place::{Place, advance, id, pool, pool_of, unique, with_parameters};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_may_migrate_at_once() {
    let Some(place) = Place::unmade() else { return };
    let mut tasks = JoinSet::new();
    let store = Arc::new(place.store(pool_of(10, &place.server)));
    for _ in 0..10 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { store.migrate().await });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    store.verify().await.unwrap();
}

#[tokio::test]
async fn the_sql_that_verify_names_makes_the_table() {
    let Some(place) = Place::unmade() else { return };
    let store = place.open().await;
    let error = store.verify().await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::NotReady, Some(Operation::Verify)));
    let error = error.to_string();
    assert!(error.contains("call PostgresStore::migrate, or run: create schema"), "{error}");
    let (_, sql) = error.split_once("or run: ").unwrap();
    raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut place.connection().await).await.unwrap();
    store.verify().await.unwrap();
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
}

#[tokio::test]
async fn a_store_without_its_table_is_not_ready_and_says_which_call_to_make() {
    let (Some(no_schema), Some(no_table)) = (Place::unmade(), Place::empty().await) else { return };
    for place in [no_schema, no_table] {
        let store = place.open().await;
        let batch = [advance("orders", 1)];
        for error in [
            store.read(&id("orders")).await.unwrap_err(),
            store.write(&batch[0]).await.unwrap_err(),
            store.write_many(&batch).await.unwrap_err(),
            store.claim(&id("orders"), "a").await.unwrap_err(),
            store.delete(&id("orders")).await.unwrap_err(),
            store.list("", None, 1).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
            assert!(error.to_string().contains("PostgresStore::migrate"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_table_that_was_dropped_and_made_again_is_used_again() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    for _ in 0..2 {
        assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
        assert_eq!(store.list("", None, 9).await.unwrap().len(), 1);
        place.run("drop table checkpoints").await;
        assert_eq!(store.write(&advance("orders", 2)).await.unwrap_err().kind(), ErrorKind::NotReady);
        assert_eq!(store.write_many(&[advance("orders", 2)]).await.unwrap_err().kind(), ErrorKind::NotReady);
        store.migrate().await.unwrap();
    }
}

#[tokio::test]
async fn a_column_of_another_type_is_left_to_people() {
    let Some(place) = Place::empty().await else { return };
    place.run("create table checkpoints (id text primary key, position integer)").await;
    let store = place.open().await;
    for error in [store.verify().await.unwrap_err(), store.migrate().await.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::NotReady);
        assert!(error.to_string().contains("alter column position type bigint"), "{error}");
    }
    place.run("insert into checkpoints (id, position) values ('orders', 7)").await; // nothing was changed
    assert_eq!(store.read(&id("orders")).await.unwrap_err().kind(), ErrorKind::NotReady);
}

#[tokio::test]
async fn without_a_schema_the_search_path_counts() {
    let Some(place) = Place::empty().await else { return };
    let url = with_parameters(&place.server, &[("options[search_path]", &place.schema), ("table", "My \"own\" table")]);
    let store = checkpoint::PostgresStore::connect(&url).await.unwrap();
    store.migrate().await.unwrap();
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    assert!(store.write_many(&[advance("orders", 2), advance("new", 2)]).await.unwrap().len() == 2);
    let other = place.open().await.with_table("My \"own\" table").unwrap();
    assert_eq!(other.list("", None, 9).await.unwrap().len(), 2);
    assert_eq!(format!("{other:?}").matches("own").count(), 1);
}

/// A user of the server, dropped with its permissions.
struct User<'a> {
    place: &'a Place,
    name: String,
}

impl User<'_> {
    fn url(&self) -> String {
        let mut url = url::Url::parse(&self.place.server).unwrap();
        url.set_username(&self.name).unwrap();
        url.set_password(Some("word")).unwrap();
        url.into()
    }

    async fn drop(self) {
        self.place.run(&format!("drop owned by {0}; drop role {0}", self.name)).await;
    }
}

#[tokio::test]
async fn a_user_without_permissions_is_denied_and_told_what_to_grant() {
    let Some(place) = Place::new().await else { return };
    let user = User { place: &place, name: unique("jane") };
    place.run(&format!("create role {} login password 'word'", user.name)).await;
    let store = place.store(pool(&user.url()));
    let denied = store.read(&id("orders")).await.unwrap_err();
    assert_eq!(denied.kind(), ErrorKind::Denied, "{denied}");

    place
        .run(&format!("grant usage on schema {} to {1}; grant select on checkpoints to {1}", place.schema, user.name))
        .await;
    assert!(store.read(&id("orders")).await.unwrap().is_none());
    for error in [
        store.write(&advance("orders", 1)).await.unwrap_err(),
        store.write_many(&[advance("orders", 1)]).await.unwrap_err(),
        store.claim(&id("orders"), "a").await.unwrap_err(),
        store.delete(&id("orders")).await.unwrap_err(),
        store.with_table("other").unwrap().migrate().await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Denied, checkpoint::Applied::No), "{error}");
        assert!(error.to_string().contains("42501"), "{error}");
    }
    let store = place.store(pool(&user.url()));
    let error = store.verify().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied);
    assert!(error.to_string().contains("grant insert, update, delete on"), "{error}");

    place.run(&format!("grant insert, update, delete on checkpoints to {}", user.name)).await;
    store.migrate().await.unwrap(); // changes nothing, so it needs no permission to create
    store.verify().await.unwrap();
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    store.pool().close().await;
    user.drop().await;
}
