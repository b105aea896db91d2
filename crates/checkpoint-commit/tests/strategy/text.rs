use std::time::Duration;

use checkpoint_commit::strategy::{Bounds, InvalidStrategy, Strategy, after, always, bounded, bytes, every, manual};
use proptest::prelude::{Just, Strategy as Generate, any, prop, prop_assert_eq, prop_oneof, proptest};

fn parsed(text: &str) -> Strategy {
    text.parse().unwrap_or_else(|refused: InvalidStrategy| panic!("{refused}"))
}

fn refused(text: &str) -> InvalidStrategy {
    text.parse::<Strategy>().expect_err(text)
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn bounds(redelivered: u64, age: Duration, writes_per_second: f64) -> Strategy {
    bounded(Bounds { redelivered, age, writes_per_second })
}

#[test]
fn each_form_is_read_and_printed() {
    for (text, strategy) in [
        ("always", always()),
        ("manual", manual()),
        ("1 event", every(1)),
        ("100 events", every(100)),
        ("5s", after(seconds(5))),
        ("1m 30s", after(seconds(90))),
        ("500ms", after(Duration::from_millis(500))),
        ("1 byte", bytes(1)),
        ("1023 bytes", bytes(1023)),
        ("1 KiB", bytes(1024)),
        ("1001 bytes", bytes(1001)),
        ("7 kB", bytes(7000)),
        ("3 MiB", bytes(3 << 20)),
        ("3 GB", bytes(3_000_000_000)),
        ("100 events or 5s", Strategy::default()),
        ("1 MiB or 10s", bytes(1 << 20).or(after(seconds(10)))),
        ("100 events and 1s or 30s", every(100).and(after(seconds(1))).or(after(seconds(30)))),
        ("100 events and (1s or 1 MB)", every(100).and(after(seconds(1)).or(bytes(1_000_000)))),
        ("at most 1000 redelivered, 5s old, 10 writes/s", bounds(1000, seconds(5), 10.0)),
        ("at most 1 redelivered, 1m 30s old, 1 write/s", bounds(1, seconds(90), 1.0)),
        ("(at most 9 redelivered, 1s old, 0.5 writes/s) or 2s", bounds(9, seconds(1), 0.5).or(after(seconds(2)))),
    ] {
        assert_eq!(parsed(text), strategy, "{text}");
        assert_eq!(strategy.to_string(), text);
    }
}

#[test]
fn other_spellings_are_read() {
    for (text, same) in [
        ("1000000 bytes", "1 MB"),
        ("1000000 B", "1 MB"),
        ("2 KB", "2 kB"),
        ("1 events", "1 event"),
        ("  100events\tor\n5 seconds ", "100 events or 5s"),
        ("1min30sec", "1m 30s"),
        ("0.5s", "500ms"),
        ("90s", "1m 30s"),
        ("2 µs", "2us"),
        ("((5s))or((1 MB))", "5s or 1 MB"),
        ("(1s or 2s) or 3s", "1s or 2s or 3s"),
        ("1 event and (2 events and 3s)", "1 event and 2 events and 3s"),
        ("5s or manual", "5s"),
        ("5s and always", "5s"),
        ("at most 9 redelivered,1s old,1 writes / s", "at most 9 redelivered, 1s old, 1 write/s"),
    ] {
        assert_eq!(parsed(text), parsed(same), "{text}");
    }
}

#[test]
fn an_error_names_the_text_the_place_what_was_expected_and_an_example() {
    assert_eq!(
        refused("100 evnts or 5s").to_string(),
        "the strategy \"100 evnts or 5s\" is not valid: at byte 4 with \"evnts\", expected a unit: `events`; `h`, `m`, \
         `s`, `ms`, `us` or `ns`; `bytes`, `kB`, `KiB`, `MB`, `MiB`, `GB` or `GiB`; write for example \"100 events or 5s\""
    );
    assert_eq!(
        refused("at most 1000 redelivered, 5s").to_string(),
        "the strategy \"at most 1000 redelivered, 5s\" is not valid: at its end, expected `old`; write for example \
         \"at most 1000 redelivered, 5s old, 10 writes/s\""
    );
}

#[test]
fn an_error_points_at_the_first_thing_that_is_wrong() {
    for (text, offset, expected) in [
        ("", 0, "expected a number above zero, `always`, `manual`, `at most` or `(`"),
        ("   ", 3, "expected a number above zero"),
        ("never", 0, "expected a number above zero"),
        ("Always", 0, "expected a number above zero"),
        ("-5s", 0, "expected a number above zero"),
        ("5s or", 5, "expected a number above zero"),
        ("or 5s", 0, "expected a number above zero"),
        ("100 events and -5s", 15, "expected a number above zero"),
        ("100", 3, "expected a unit"),
        ("5 d", 2, "expected a unit"),
        ("5 mb", 2, "expected a unit"),
        ("1,000 events", 1, "expected a unit"),
        ("5sor 1s", 1, "expected a unit"),
        ("0 events", 0, "expected a whole number from 1"),
        ("1.5 events", 0, "expected a whole number from 1"),
        ("18446744073709551616 events", 0, "expected a whole number from 1"),
        ("0 MiB", 0, "expected a whole number above zero, of less than 2^64 bytes"),
        ("1.5 MiB", 0, "expected a whole number above zero, of less than 2^64 bytes"),
        ("17179869184 GiB", 0, "expected a whole number above zero, of less than 2^64 bytes"),
        ("1s or 0s", 6, "expected a time above zero"),
        ("30s 1m", 0, "expected a time above zero, with the largest unit first"),
        ("99999999999999999999h", 0, "expected a time above zero"),
        ("1.2.3s", 0, "expected a time above zero"),
        ("5s 5s 100 events", 10, "expected a unit"),
        ("100 events 5s", 11, "expected `or`, `and` or the end"),
        ("5s xor 1s", 3, "expected `or`, `and` or the end"),
        ("5s)", 2, "expected `or`, `and` or the end"),
        ("(5s", 3, "expected `or`, `and` or `)`"),
        ("()", 1, "expected a number above zero"),
        ("5s or ünder", 6, "expected a number above zero"),
        ("at 5s", 3, "expected `most`"),
        ("at most 0 redelivered, 5s old, 1 write/s", 8, "expected a whole number from 1"),
        ("at most 5s old, 1 write/s", 9, "expected `redelivered`"),
        ("at most 5 redelivered 5s old, 1 write/s", 22, "expected `,` and the age"),
        ("at most 5 redelivered, old, 1 write/s", 23, "expected a time above zero"),
        ("at most 5 redelivered, 0s old, 1 write/s", 23, "expected a time above zero"),
        ("at most 5 redelivered, 5 MB old, 1 write/s", 25, "expected a unit of time"),
        ("at most 5 redelivered, 5s old", 29, "expected `,` and the writes a second"),
        ("at most 5 redelivered, 5s old, many writes/s", 31, "expected a number of writes a second"),
        ("at most 5 redelivered, 5s old, nan writes/s", 31, "expected a number of writes a second"),
        ("at most 5 redelivered, 5s old, 0 writes/s", 31, "expected writes a second above zero"),
        ("at most 5 redelivered, 5s old, 10 reads/s", 34, "expected `writes/s`"),
        ("at most 5 redelivered, 5s old, 10 writes", 40, "expected `/s`"),
        ("at most 5 redelivered, 5s old, 10 writes/m", 41, "expected `s`"),
    ] {
        let refused = refused(text);
        assert_eq!(refused.offset(), offset, "{refused}");
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}

#[test]
fn each_example_in_an_error_is_a_strategy() {
    for text in ["", "0 events", "0 MiB", "(5s", "0s", "at 5s"] {
        let message = refused(text).to_string();
        let (_, example) = message.split_once("write for example ").unwrap();
        parsed(example.trim_matches('"'));
    }
}

#[test]
fn parentheses_within_each_other_have_a_limit() {
    let nested = |depth| format!("{}5s{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(parsed(&nested(32)), after(seconds(5)));
    assert_eq!(refused(&nested(33)).offset(), 32);
    assert_eq!(refused(&nested(1_000_000)).offset(), 32);
    assert_eq!(parsed(&vec!["(5s)"; 50].join(" or ")), parsed(&vec!["5s"; 50].join(" or ")));
}

/// Strategies with any values, as deep as texts may be read back.
fn strategies() -> impl Generate<Value = Strategy> {
    let time = prop_oneof![any::<Duration>(), (1..100_000_u64).prop_map(Duration::from_millis)];
    let writes = prop_oneof![prop::num::f64::POSITIVE | prop::num::f64::SUBNORMAL, (1..50_u32).prop_map(f64::from)];
    let bounds = (1..=u64::MAX, time.clone(), writes).prop_map(|(redelivered, age, writes_per_second)| {
        bounded(Bounds { redelivered, age: age.max(Duration::from_nanos(1)), writes_per_second })
    });
    let size = (0..2000_u64, prop_oneof![Just(1000_u64), Just(1024)], 0..4_u32)
        .prop_map(|(count, step, power)| count * step.pow(power));
    let leaf = prop_oneof![
        any::<u64>().prop_map(every),
        (0..3_u64).prop_map(every),
        any::<u64>().prop_map(bytes),
        size.prop_map(bytes),
        time.prop_map(after),
        bounds,
        Just(always()),
        Just(manual()),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        let pair = (inner.clone(), inner);
        prop_oneof![pair.clone().prop_map(|(one, other)| one.or(other)), pair.prop_map(|(one, other)| one.and(other)),]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_back_as_the_same(strategy in strategies()) {
        let text = strategy.to_string();
        let read = text.parse::<Strategy>();
        prop_assert_eq!(read.as_ref(), Ok(&strategy), "{}", text);
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>()) {
        if let Err(refused) = text.parse::<Strategy>() {
            prop_assert_eq!(refused.to_string().is_empty(), false);
            prop_assert_eq!(text.is_char_boundary(refused.offset()), true);
        }
    }

    #[test]
    fn any_words_are_read_or_refused(words in prop::collection::vec(word(), 0..12)) {
        let text = words.concat();
        match text.parse::<Strategy>() {
            Ok(strategy) => prop_assert_eq!(parsed(&strategy.to_string()), strategy),
            Err(refused) => prop_assert_eq!(refused.to_string().is_empty(), false),
        }
    }
}

fn word() -> impl Generate<Value = &'static str> {
    prop::sample::select(vec![
        "5",
        "0",
        "1.5",
        ".",
        "s",
        "ms",
        "µs",
        "events",
        "MiB",
        "B",
        " ",
        " ",
        " or ",
        " and ",
        "(",
        ")",
        ",",
        "/",
        "-",
        "always",
        "manual",
        "at most 3 redelivered, ",
        "2s old, ",
        "4 writes/s",
        "é",
        "\u{3000}",
    ])
}
