//! What the server refuses: the right kind, nothing changed, and no secret in what is said.

use std::error::Error as _;
use std::time::Duration;

use checkpoint::postgres::sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use checkpoint::{Applied, CheckpointStore, Error, ErrorKind, PostgresStore};
use url::Url;

use crate::place::{Place, advance, id, pool, unique, with_parameters};

/// All that an error shows, and all below it.
fn shown(error: &Error) -> String {
    let mut shown = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(error) = source {
        shown += &format!(" {error} {error:?}");
        source = error.source();
    }
    shown
}

fn shows_no_secret(error: &Error) {
    let shown = shown(error);
    for secret in ["jane", "s3cret"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

fn with_user(url: &str, user: &str, password: &str) -> Url {
    let mut url = Url::parse(url).unwrap();
    url.set_username(user).unwrap();
    url.set_password(Some(password)).unwrap();
    url
}

#[tokio::test]
async fn a_wrong_password_is_denied() {
    let Some(place) = Place::empty().await else { return };
    let url = with_user(&place.server, "jane", "s3cret");
    let lazy = place.store(pool(url.as_str()));
    for error in [
        PostgresStore::connect(url.as_str()).await.unwrap_err(),
        checkpoint::open(url.as_str()).await.unwrap_err(),
        lazy.write(&advance("orders", 1)).await.unwrap_err(),
        lazy.read(&id("orders")).await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Denied, Applied::No), "{error}");
        shows_no_secret(&error);
    }
    assert!(!format!("{lazy:?}").contains("jane"));
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_ready() {
    let Some(place) = Place::empty().await else { return };
    let mut url = Url::parse(&place.server).unwrap();
    url.set_path("no_such_database");
    let error = PostgresStore::connect(url.as_str()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotReady, "{error}");
    assert!(error.to_string().contains("create the database"), "{error}");
}

#[tokio::test]
async fn a_host_that_is_not_there_is_unavailable() {
    let options: PgConnectOptions = "postgres://jane:s3cret@127.0.0.1:1/read".parse().unwrap();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(50)).connect_lazy_with(options);
    let error = PostgresStore::new(pool).write(&advance("orders", 1)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
    shows_no_secret(&error);
}

#[tokio::test]
async fn a_read_only_server_denies_changes() {
    let Some(place) = Place::new().await else { return };
    assert!(place.open().await.write(&advance("orders", 1)).await.unwrap().is_stored());
    let url = with_parameters(&place.server, &[("options[default_transaction_read_only]", "on")]);
    let store = place.store(pool(&url));
    for error in [
        store.write(&advance("orders", 2)).await.unwrap_err(),
        store.write(&advance("new", 2)).await.unwrap_err(),
        store.write_many(&[advance("orders", 2)]).await.unwrap_err(),
        store.claim(&id("orders"), "a").await.unwrap_err(),
        store.delete(&id("orders")).await.unwrap_err(),
        store.clone().with_table("other").unwrap().migrate().await.unwrap_err(),
    ] {
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Denied, Applied::No), "{error}");
        assert!(error.to_string().contains("read-only"), "{error}");
    }
    store.verify().await.unwrap();
    assert_eq!(store.list("", None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_lock_that_takes_too_long_is_unavailable() {
    let Some(place) = Place::new().await else { return };
    let store = place.open().await;
    assert!(store.write(&advance("orders", 1)).await.unwrap().is_stored());
    let mut slow = store.pool().begin().await.unwrap();
    assert!(store.write_in(&mut slow, &advance("orders", 2)).await.unwrap().is_stored());
    for setting in ["options[lock_timeout]", "options[statement_timeout]"] {
        let other = place.store(pool(&with_parameters(&place.server, &[(setting, "50")])));
        let error = other.write(&advance("orders", 3)).await.unwrap_err();
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
    }
    slow.commit().await.unwrap();
}

#[tokio::test]
async fn no_connection_left_is_unavailable() {
    let Some(place) = Place::new().await else { return };
    let user = unique("jane");
    place.run(&format!("create role {user} login password 's3cret' connection limit 0")).await;
    let options: PgConnectOptions = with_user(&place.server, &user, "s3cret").as_str().parse().unwrap();
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(500)).connect_lazy_with(options);
    let error = place.store(pool).write(&advance("orders", 1)).await.unwrap_err();
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Unavailable, Applied::No), "{error}");
    shows_no_secret(&error);
    place.run(&format!("drop role {user}")).await;
}
