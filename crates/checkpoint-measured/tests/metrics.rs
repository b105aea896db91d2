//! What arrives in a metrics recorder.
#![cfg(feature = "metrics")]

mod common;

use checkpoint_core::{Checkpoint, CheckpointStore, MAX_POSITION, Write};
use checkpoint_measured::MeasuredStore;
use checkpoint_memory::MemoryStore;
use metrics::Unit;
use metrics_util::debugging::{DebugValue, DebuggingRecorder};
use tokio::runtime::Builder;

use common::{Away, id};

/// Runs `calls` and returns each series as `name{labels}` with its unit and value.
fn recorded(calls: impl AsyncFnOnce()) -> Vec<(String, Option<Unit>, DebugValue)> {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    metrics::with_local_recorder(&recorder, || runtime.block_on(calls()));
    let series = snapshotter.snapshot().into_vec().into_iter().map(|(key, unit, _, value)| {
        let labels: Vec<_> = key.key().labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        (format!("{}{{{}}}", key.key().name(), labels.join(",")), unit, value)
    });
    let mut series: Vec<_> = series.collect();
    series.sort_by(|(a, ..), (b, ..)| a.cmp(b));
    series
}

/// The names and labels of the histograms with how many durations each has.
fn durations(series: &[(String, Option<Unit>, DebugValue)]) -> Vec<(&str, usize)> {
    let durations = series.iter().filter_map(|(name, unit, value)| match value {
        DebugValue::Histogram(seconds) => {
            assert_eq!(*unit, Some(Unit::Seconds));
            assert!(seconds.iter().all(|seconds| **seconds >= 0.0));
            Some((name.strip_prefix("checkpoint.operation.duration").expect("the only histogram"), seconds.len()))
        }
        DebugValue::Counter(_) | DebugValue::Gauge(_) => None,
    });
    durations.collect()
}

/// The names and labels of the gauges with their values.
fn gauges(series: &[(String, Option<Unit>, DebugValue)]) -> Vec<(&str, f64)> {
    let gauges = series.iter().filter_map(|(name, _, value)| match value {
        DebugValue::Gauge(value) => Some((name.as_str(), **value)),
        DebugValue::Counter(_) | DebugValue::Histogram(_) => None,
    });
    gauges.collect()
}

fn at(name: &str, position: impl Into<Option<u64>>) -> Write {
    Write::advance(Checkpoint::new(id(name), position))
}

#[test]
fn each_call_is_a_duration_by_store_operation_and_outcome() {
    let series = recorded(async || {
        let store = MeasuredStore::new(MemoryStore::new());
        assert!(store.write(&at("orders", 5)).await.unwrap().is_stored());
        assert!(store.write(&at("orders", 6)).await.unwrap().is_stored());
        assert_eq!(store.write(&at("orders", 4)).await.unwrap().as_str(), "ahead");
        assert_eq!(store.write_many(&[at("orders", 7), at("bills", 1)]).await.unwrap().len(), 2);
        assert_eq!(store.write_many(&[at("orders", 6), at("bills", 2)]).await.unwrap().len(), 2);
        assert!(store.write(&at("orders", MAX_POSITION + 1)).await.is_err());
        assert!(store.read(&id("orders")).await.unwrap().is_some());
        store.claim(&id("orders"), "host:1").await.unwrap();
        assert!(store.delete(&id("orders")).await.unwrap());
        assert_eq!(store.list("", None, 10).await.unwrap().len(), 1);
        assert!(MeasuredStore::new(Away).read(&id("orders")).await.is_err());
    });
    let expected = [
        ("{store=away,operation=read,outcome=unavailable}", 1),
        ("{store=memory,operation=claim,outcome=claimed}", 1),
        ("{store=memory,operation=delete,outcome=deleted}", 1),
        ("{store=memory,operation=list,outcome=listed}", 1),
        ("{store=memory,operation=read,outcome=found}", 1),
        ("{store=memory,operation=write,outcome=ahead}", 1),
        ("{store=memory,operation=write,outcome=invalid}", 1),
        ("{store=memory,operation=write,outcome=stored}", 2),
        ("{store=memory,operation=write_many,outcome=mixed}", 1),
        ("{store=memory,operation=write_many,outcome=stored}", 1),
    ];
    assert_eq!(durations(&series), expected);
    assert_eq!(gauges(&series), [], "positions are shown only where asked for");
}

#[test]
fn the_gauge_shows_what_was_stored_last() {
    let series = recorded(async || {
        let store = MeasuredStore::new(MemoryStore::new()).with_position_gauge();
        assert!(store.write(&at("orders", 6)).await.unwrap().is_stored());
        assert_eq!(store.write(&at("orders", 5)).await.unwrap().as_str(), "ahead");
        assert_eq!(store.write_many(&[at("bills", 7), at("users", 1)]).await.unwrap().len(), 2);
        assert_eq!(store.write_many(&[at("bills", 3), at("users", 2)]).await.unwrap().len(), 2);
        assert!(store.write(&at("fresh", None)).await.unwrap().is_stored());
    });
    let gauges = gauges(&series);
    let (fresh, others): (Vec<_>, Vec<_>) = gauges.into_iter().partition(|(_, position)| position.is_nan());
    assert_eq!(
        others,
        [
            ("checkpoint.position{store=memory,id=bills}", 7.0),
            ("checkpoint.position{store=memory,id=orders}", 6.0),
            ("checkpoint.position{store=memory,id=users}", 2.0),
        ]
    );
    assert_eq!(fresh.len(), 1, "no position is not a number, least of all 0");
}
