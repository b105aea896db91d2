//! `export` and `import`.

use std::process::Stdio;

use crate::common::{Place, Ran};

/// A place with checkpoints of all kinds.
fn filled() -> Place {
    let place = Place::new();
    place.ok(&["set", "plain", "7"]);
    place.ok(&["reset", "claimed", "--to", "9223372036854775807"]);
    place.ok(&["claim", "fresh"]);
    place.ok(&["set", "~snapshot/plain/0/0", "7"]);
    place.write("log", "a\nb\n");
    place.ok(&["follow", "log", "--id", "followed", "--once", "--", "cat"]);
    place
}

fn import(place: &Place, lines: &str) -> Ran {
    let file = place.write("lines", lines);
    Ran(place.checkpoint(&["import"]).stdin(Stdio::from(std::fs::File::open(file).unwrap())).output().unwrap())
}

#[test]
fn what_is_exported_is_imported_elsewhere_as_it_was() {
    let (from, to) = (filled(), Place::new());
    let lines = from.ok(&["export"]).prints();
    assert!(lines.lines().count() >= 5 && lines.contains("~snapshot/plain/0/0"), "{lines}");
    let ran = import(&to, &lines);
    ran.exits_with(0);
    ran.tells(&["created, 0 there already, 0 different"]);

    let without_times = |lines: &str| -> Vec<serde_json::Value> {
        let values = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let strip = |mut value: serde_json::Value| {
            value["updated_at"].take();
            value["owner"].take(); // only a claim says who
            value
        };
        values.map(strip).collect()
    };
    assert_eq!(without_times(&to.ok(&["export"]).prints()), without_times(&lines));
    import(&to, &lines).tells(&["0 created", "0 different"]).exits_with(0);
}

#[test]
fn a_prefix_takes_its_snapshots_along() {
    let place = filled();
    let lines = place.ok(&["export", "--prefix", "plain"]).prints();
    let ids: Vec<String> = lines
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["id"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(ids, ["plain", "~snapshot/plain/0/0"]);
}

#[test]
fn what_is_there_is_never_overwritten() {
    let (from, to) = (filled(), Place::new());
    let lines = from.ok(&["export"]).prints();
    to.ok(&["set", "plain", "8"]);
    let ran = import(&to, &lines);
    ran.fails(
        1,
        &["\"plain\" is there and different: its position is 8, that of the import 7", "1 different", "left as it is"],
    );
    assert_eq!(to.position("plain"), Some(8));
    assert_eq!(to.position("claimed"), Some(9_223_372_036_854_775_807), "the others are imported");
}

#[test]
fn a_claim_that_was_interrupted_is_finished() {
    let (from, to) = (filled(), Place::new());
    let lines = from.ok(&["export", "--prefix", "claimed"]).prints();
    // As if the import had been killed between its two writes.
    let first = lines.replace("\"epoch\":1", "\"epoch\":0");
    assert_ne!(first, lines);
    import(&to, &first).exits_with(0);
    import(&to, &lines).tells(&["1 created, 0 there already"]).exits_with(0);
    to.run(&["set", "claimed", "9223372036854775807"]).fails(1, &["claimed (epoch 1"]);
}

#[test]
fn a_line_that_is_wrong_is_named() {
    let place = Place::new();
    for (lines, word) in [
        ("{\"id\":\"a\",\"position\":1}\nnonsense\n", "line 2: it is not a line of an export"),
        ("{\"id\":\"\",\"position\":1}\n", "line 1: a checkpoint id must not be empty"),
        ("{\"id\":\"b\",\"position\":1,\"state\":\"?\"}\n", "line 1: its state is not Base64"),
        ("{\"id\":\"c\",\"position\":-1}\n", "line 1"),
        ("{\"id\":\"d\",\"position\":9223372036854775808}\n", "9223372036854775807"),
    ] {
        import(&place, lines).fails(1, &[word]);
    }
    assert_eq!(place.position("a"), Some(1), "what came before is imported");
    place.run(&["import", "missing.jsonl"]).fails(1, &["cannot read missing.jsonl"]);
}
