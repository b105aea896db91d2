//! `get`, `list`, `set`, `reset`, `delete`, and the program's own manners.

use crate::common::Place;

#[test]
fn set_advances_and_get_shows() {
    let place = Place::new();
    place.ok(&["set", "orders", "42"]);
    let json: serde_json::Value = serde_json::from_str(&place.ok(&["get", "orders", "--json"]).prints()).unwrap();
    assert_eq!((&json["id"], &json["position"]), (&"orders".into(), &42.into()));
    assert_eq!((&json["epoch"], &json["owner"], &json["state_bytes"]), (&0.into(), &().into(), &0.into()));
    assert!(json["updated_at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(json.as_object().unwrap().len(), 6);

    let human = place.ok(&["get", "orders"]).prints();
    assert!(human.contains("position  42\n"), "{human}");
}

#[test]
fn set_never_goes_back() {
    let place = Place::new();
    place.ok(&["set", "orders", "42"]);
    place.run(&["set", "orders", "41"]).fails(1, &["orders", "42", "reset"]);
    place.ok(&["set", "orders", "9223372036854775807"]);
    assert_eq!(place.position("orders"), Some(9_223_372_036_854_775_807));
}

#[test]
fn set_refuses_a_claimed_checkpoint_and_reset_takes_it() {
    let place = Place::new();
    place.ok(&["reset", "orders", "--to", "7"]);
    place.run(&["set", "orders", "8"]).fails(1, &["orders", "claimed", "reset"]);
    place.ok(&["reset", "orders", "--to", "3"]);
    assert_eq!(place.position("orders"), Some(3));
    place.ok(&["reset", "orders"]);
    let json = place.ok(&["get", "orders", "--json"]).prints();
    assert!(json.contains("\"position\":null,\"epoch\":3"), "{json}");
}

#[test]
fn claim_fences_and_keeps_what_is_there() {
    let place = Place::new();
    place.ok(&["set", "orders", "42"]);
    for epoch in 1..=2 {
        let json: serde_json::Value =
            serde_json::from_str(&place.ok(&["claim", "orders", "--owner", "me", "--json"]).prints()).unwrap();
        assert_eq!((&json["epoch"], &json["position"], &json["owner"]), (&epoch.into(), &42.into(), &"me".into()));
    }
    place.run(&["set", "orders", "43"]).fails(1, &["claimed (epoch 2, by me)"]);
    let created = place.ok(&["claim", "new"]).prints();
    assert!(created.contains("position  -\n") && created.contains("epoch     1\n"), "{created}");
    place.run(&["claim", "orders", "--owner", "a\nb"]).fails(1, &["control characters"]);
}

#[test]
fn what_is_unknown_is_said() {
    let place = Place::new();
    place.ok(&["set", "orders", "1"]);
    place.run(&["get", "bills"]).fails(1, &["bills"]);
    place.run(&["delete", "bills"]).fails(1, &["bills"]);
    place.ok(&["delete", "orders"]);
    place.run(&["get", "orders"]).fails(1, &["orders"]);
}

#[test]
fn list_pages_through_everything() {
    let place = Place::new();
    // more than two pages; written to the store itself, a process for each would take long
    let ids: Vec<String> = (0..2_345).map(|n| format!("id {n:05}")).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
    runtime.block_on(async {
        let store = checkpoint::FileStore::open(place.path("store")).await.unwrap();
        for id in &ids {
            let id = checkpoint::CheckpointId::new(id.as_str()).unwrap();
            let write = checkpoint::Write::advance(checkpoint::Checkpoint::new(id, 1));
            assert!(checkpoint::CheckpointStore::write(&store, &write).await.unwrap().is_stored());
        }
    });
    let listed = place.ok(&["list", "--json"]).prints();
    let listed: Vec<String> = listed
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(listed, ids);
    assert_eq!(place.ok(&["list", "--prefix", "id 0001"]).prints().lines().count(), 1 + 10);
}

#[test]
fn looking_creates_nothing() {
    let place = Place::new();
    place.run(&["list"]).fails(1, &["there is no store yet", "store"]);
    place.run(&["get", "a"]).exits_with(1);
    assert!(!place.path("store").exists());
}

#[test]
fn what_is_not_allowed_is_wrong_usage() {
    let place = Place::new();
    place.run(&["get", ""]).fails(2, &["empty"]);
    place.run(&["get", &"x".repeat(513)]).fails(2, &["512", "513"]);
    place.run(&["get", "a\nb"]).fails(2, &["control"]);
    place.run(&["set", "a", "9223372036854775808"]).fails(2, &["9223372036854775808"]);
    place.run(&["set", "a", "-1"]).exits_with(2);
    place.run(&["reset", "a", "--to", "9223372036854775808"]).exits_with(2);
    place.run(&["gett", "a"]).exits_with(2);
}

#[test]
fn help_has_examples_and_exit_codes() {
    let place = Place::new();
    for command in ["follow", "get", "list", "set", "reset", "delete", "completions"] {
        let help = place.ok(&[command, "--help"]).prints();
        assert!(help.contains(&format!("Examples:\n  checkpoint {command}")), "{help}");
    }
    assert!(place.ok(&["follow", "--help"]).prints().contains("4  fenced"));
}

#[test]
fn completions_know_the_commands() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish"] {
        let script = place.ok(&["completions", shell]).prints();
        assert!(script.contains("follow") && script.contains("on-failure"), "{shell}");
    }
}

#[test]
fn the_default_store_is_among_the_users_state_files() {
    let place = Place::new();
    let run = |home: &str, state: Option<&str>, args: &[&str]| {
        let mut command = place.checkpoint(args);
        command.env_remove("CHECKPOINT_STORE").env("HOME", place.path(home)).env_remove("XDG_STATE_HOME");
        if let Some(state) = state {
            command.env("XDG_STATE_HOME", place.path(state));
        }
        assert!(command.output().unwrap().status.success());
    };
    run("home", None, &["set", "a", "1"]);
    assert!(place.path("home/.local/state/checkpoint").is_dir());
    run("home", Some("state 100%?"), &["set", "a", "1"]);
    assert!(place.path("state 100%?/checkpoint").is_dir());
}

#[test]
fn a_store_url_that_is_wrong_is_said_without_its_secrets() {
    let place = Place::new();
    let ran = place.run(&["get", "a", "--store", "bogus://user:secret@host/db"]);
    ran.fails(2, &["scheme", "--store", "file:DIR"]);
    assert!(!ran.says().contains("secret"), "{}", ran.says());
}
