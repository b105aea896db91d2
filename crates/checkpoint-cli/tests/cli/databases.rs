//! A store on a server.

use integration_tests::servers::{self, Server};

use crate::common::Place;

/// A store on the Redis server that nobody else uses; none where there is no server.
fn store() -> Option<String> {
    let server = servers::url(Server::Redis)?;
    let unique = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos();
    let separator = if server.contains('?') { '&' } else { '?' };
    Some(format!("{server}{separator}prefix=cli-{}-{unique}:", std::process::id()))
}

#[test]
fn everything_works_over_a_server_too() {
    let Some(store) = store() else { return };
    let place = Place::new();
    let with = |args: &[&str]| place.ok(&[&args[..1], &["--store", &store], &args[1..]].concat()).prints();
    with(&["set", "orders", "42"]);
    assert!(with(&["claim", "orders"]).contains("epoch     1\n"));
    with(&["reset", "orders", "--to", "7"]);

    place.write("log", "a\nb\nc\n");
    assert_eq!(with(&["follow", "log", "--id", "log", "--once", "--jobs", "2", "--batch", "1", "--", "cat"]).len(), 6);
    assert_eq!(with(&["follow", "log", "--id", "log", "--once", "--", "cat"]), "");
    assert_eq!(with(&["list", "--prefix", "orders"]).lines().count(), 2);

    // From the server to a file and back.
    let exported = with(&["export"]);
    place.write("lines", &exported);
    place.ok(&["import", "lines"]);
    assert_eq!(place.position("orders"), Some(7));
    let ids: Vec<String> = exported
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    place.run(&["import", "lines", "--store", &store]).tells(&["0 created", "0 different"]).exits_with(0);
    for id in ids {
        place.run(&["delete", &id, "--store", &store]);
    }
    assert_eq!(with(&["list"]), "");
}

#[test]
fn a_server_that_is_not_there_is_an_error_without_its_password() {
    let place = Place::new();
    for scheme in ["redis://user:hidden@127.0.0.1:1", "postgres://user:hidden@127.0.0.1:1/db"] {
        let ran = place.run(&["get", "orders", "--store", scheme]);
        ran.exits_with(1);
        assert!(!ran.says().contains("hidden") && ran.says().contains("connect"), "{}", ran.says());
    }
}
