//! What arrives in OpenTelemetry: every span is sent through tracing-opentelemetry into the SDK's in-memory exporter.

mod common;

use checkpoint_core::{Checkpoint, CheckpointStore, MAX_POSITION, Write};
use checkpoint_measured::MeasuredStore;
use checkpoint_memory::MemoryStore;
use opentelemetry::trace::{Event, SpanKind, Status, TracerProvider as _};
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider, SpanData};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt as _;

use common::{Away, id};

/// Collects the spans of this thread.
struct Spans {
    exporter: InMemorySpanExporter,
    _provider: SdkTracerProvider,
    _guard: DefaultGuard,
}

impl Spans {
    fn collect() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(layer));
        Self { exporter, _provider: provider, _guard: guard }
    }

    /// The one span since the last call.
    fn one(&self) -> SpanData {
        let mut spans = self.exporter.get_finished_spans().expect("the exporter runs");
        self.exporter.reset();
        assert_eq!(spans.len(), 1, "{spans:?}");
        let span = spans.remove(0);
        assert_eq!(span.span_kind, SpanKind::Client);
        span
    }
}

/// The attributes of the project's names, and `error.type`, in order.
fn ours(attributes: &[KeyValue]) -> Vec<(String, Value)> {
    let ours =
        attributes.iter().filter(|one| one.key.as_str().starts_with("checkpoint.") || one.key.as_str() == "error.type");
    let mut ours: Vec<_> = ours.map(|one| (one.key.to_string(), one.value.clone())).collect();
    ours.sort_by(|(a, _), (b, _)| a.cmp(b));
    ours
}

/// Expected attributes, to compare with [`ours`].
fn fields<const N: usize>(fields: [(&str, Value); N]) -> Vec<(String, Value)> {
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}

fn assert_answered(span: &SpanData, name: &str, expected: &[(String, Value)]) {
    assert_eq!(span.name, name);
    assert_eq!(ours(&span.attributes), expected);
    assert_eq!((&span.status, span.events.len()), (&Status::Unset, 0), "{span:?}");
}

fn assert_failed(span: &SpanData, operation: &str, expected: &[(String, Value)], about: Option<&str>) {
    let message = format!("away store, {operation}: the server is away");
    assert_eq!(span.name, format!("checkpoint.{operation}"));
    assert_eq!(ours(&span.attributes), expected);
    assert_eq!(span.status, Status::error(message.clone()));
    let event = one_warning(span, "checkpoint call failed");
    assert_eq!(attribute(event, "error.message").as_deref(), Some(message.as_str()));
    assert_eq!(attribute(event, "error.message.chain").as_deref(), Some("[\"connection refused\"]"));
    assert_eq!(attribute(event, "error.type").as_deref(), Some("unavailable"));
    assert_eq!(attribute(event, "checkpoint.store").as_deref(), Some("away"));
    assert_eq!(attribute(event, "checkpoint.operation").as_deref(), Some(operation));
    assert_eq!(attribute(event, "checkpoint.id").as_deref(), about);
}

fn one_warning<'a>(span: &'a SpanData, name: &str) -> &'a Event {
    assert_eq!(span.events.len(), 1, "{span:?}");
    let event = &span.events.events[0];
    assert_eq!(event.name, name);
    assert_eq!(attribute(event, "level").as_deref(), Some("WARN"));
    event
}

fn attribute(event: &Event, name: &str) -> Option<String> {
    event.attributes.iter().find(|one| one.key.as_str() == name).map(|one| one.value.to_string())
}

#[tokio::test]
async fn read() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    let orders = id("orders");
    assert_eq!(store.read(&orders).await.unwrap(), None);
    let expected = fields([
        ("checkpoint.id", "orders".into()),
        ("checkpoint.outcome", "absent".into()),
        ("checkpoint.store", "memory".into()),
    ]);
    assert_answered(&spans.one(), "checkpoint.read", &expected);

    store.claim(&orders, "host:1").await.unwrap();
    assert!(store.write(&Write::advance(Checkpoint::new(orders.clone(), 42)).with_epoch(1)).await.unwrap().is_stored());
    spans.exporter.reset();
    assert_eq!(store.read(&orders).await.unwrap().unwrap().checkpoint.position, Some(42));
    let expected = fields([
        ("checkpoint.epoch", 1.into()),
        ("checkpoint.id", "orders".into()),
        ("checkpoint.outcome", "found".into()),
        ("checkpoint.position", 42.into()),
        ("checkpoint.store", "memory".into()),
    ]);
    assert_answered(&spans.one(), "checkpoint.read", &expected);
}

#[tokio::test]
async fn write() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    for (position, outcome) in [(None, "stored"), (Some(MAX_POSITION), "stored"), (Some(7), "ahead")] {
        let answer = store.write(&Write::advance(Checkpoint::new(id("orders"), position))).await.unwrap();
        assert_eq!(answer.as_str(), outcome);
        let mut expected = fields([
            ("checkpoint.epoch", 0.into()),
            ("checkpoint.id", "orders".into()),
            ("checkpoint.outcome", outcome.into()),
        ]);
        let position = position.map(|position| i64::try_from(position).unwrap());
        expected.extend(position.map(|position| ("checkpoint.position".to_owned(), position.into())));
        expected.extend(fields([("checkpoint.store", "memory".into())]));
        assert_answered(&spans.one(), "checkpoint.write", &expected);
    }
}

#[tokio::test]
async fn a_fenced_write_is_a_warning_but_no_error() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    let orders = id("orders");
    store.claim(&orders, "host:1").await.unwrap();
    spans.exporter.reset();

    let write = Write::advance(Checkpoint::new(orders, 42));
    assert_eq!(store.write(&write).await.unwrap().as_str(), "fenced");
    let one = spans.one();
    assert_eq!(store.write_many(&[write]).await.unwrap()[0].as_str(), "fenced");
    for (span, operation) in [(one, "write"), (spans.one(), "write_many")] {
        assert_eq!((span.name.as_ref(), &span.status), (format!("checkpoint.{operation}").as_str(), &Status::Unset));
        assert!(ours(&span.attributes).contains(&("checkpoint.outcome".to_owned(), "fenced".into())));
        let event = one_warning(&span, "checkpoint write fenced: it was claimed with a larger epoch");
        assert_eq!(attribute(event, "checkpoint.id").as_deref(), Some("orders"));
        assert_eq!(attribute(event, "checkpoint.epoch").as_deref(), Some("1"));
    }
}

#[tokio::test]
async fn write_many() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    let write = |id: &str, position: u64| Write::advance(Checkpoint::new(common::id(id), position));
    assert_eq!(store.write_many(&[write("a", 5), write("b", 5)]).await.unwrap().len(), 2);
    let expected = fields([
        ("checkpoint.count", 2.into()),
        ("checkpoint.outcome", "stored".into()),
        ("checkpoint.store", "memory".into()),
        ("checkpoint.stored", 2.into()),
    ]);
    assert_answered(&spans.one(), "checkpoint.write_many", &expected);

    let writes = [write("a", 6), write("b", 4), write("c", 1).with_epoch(1), write("d", 1)];
    assert_eq!(store.write_many(&writes).await.unwrap().len(), 4);
    let expected = fields([
        ("checkpoint.ahead", 1.into()),
        ("checkpoint.count", 4.into()),
        ("checkpoint.missing", 1.into()),
        ("checkpoint.outcome", "mixed".into()),
        ("checkpoint.store", "memory".into()),
        ("checkpoint.stored", 2.into()),
    ]);
    assert_answered(&spans.one(), "checkpoint.write_many", &expected);
}

#[tokio::test]
async fn claim_and_delete() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    let orders = id("orders");
    store.claim(&orders, "host:1").await.unwrap();
    let expected = fields([
        ("checkpoint.epoch", 1.into()),
        ("checkpoint.id", "orders".into()),
        ("checkpoint.outcome", "claimed".into()),
        ("checkpoint.owner", "host:1".into()),
        ("checkpoint.store", "memory".into()),
    ]);
    assert_answered(&spans.one(), "checkpoint.claim", &expected);

    for outcome in ["deleted", "absent"] {
        assert_eq!(store.delete(&orders).await.unwrap(), outcome == "deleted");
        let expected = fields([
            ("checkpoint.id", "orders".into()),
            ("checkpoint.outcome", outcome.into()),
            ("checkpoint.store", "memory".into()),
        ]);
        assert_answered(&spans.one(), "checkpoint.delete", &expected);
    }
}

#[tokio::test]
async fn list() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    for name in ["a/1", "a/2", "a/3", "b"] {
        store.claim(&id(name), "host:1").await.unwrap();
    }
    spans.exporter.reset();
    assert_eq!(store.list("a/", Some(&id("a/1")), 10).await.unwrap().len(), 2);
    let expected = fields([
        ("checkpoint.after", "a/1".into()),
        ("checkpoint.count", 2.into()),
        ("checkpoint.limit", 10.into()),
        ("checkpoint.outcome", "listed".into()),
        ("checkpoint.prefix", "a/".into()),
        ("checkpoint.store", "memory".into()),
    ]);
    assert_answered(&spans.one(), "checkpoint.list", &expected);
}

#[tokio::test]
async fn failures() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(Away);
    let orders = id("orders");
    let write = Write::advance(Checkpoint::new(orders.clone(), 42));
    let with = |more: Vec<(String, Value)>| {
        let mut all = fields([("checkpoint.store", "away".into()), ("error.type", "unavailable".into())]);
        all.extend(more);
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    };
    let of_orders = || with(fields([("checkpoint.id", "orders".into())]));

    assert!(store.read(&orders).await.is_err());
    assert_failed(&spans.one(), "read", &of_orders(), Some("orders"));
    assert!(store.delete(&orders).await.is_err());
    assert_failed(&spans.one(), "delete", &of_orders(), Some("orders"));

    assert!(store.write(&write).await.is_err());
    let written =
        [("checkpoint.id", "orders".into()), ("checkpoint.position", 42.into()), ("checkpoint.epoch", 0.into())];
    assert_failed(&spans.one(), "write", &with(fields(written)), Some("orders"));
    assert!(store.write_many(&[write]).await.is_err());
    assert_failed(&spans.one(), "write_many", &with(fields([("checkpoint.count", 1.into())])), None);

    assert!(store.claim(&orders, "host:1").await.is_err());
    let claimed = [("checkpoint.id", "orders".into()), ("checkpoint.owner", "host:1".into())];
    assert_failed(&spans.one(), "claim", &with(fields(claimed)), Some("orders"));
    assert!(store.list("a/", None, 10).await.is_err());
    let listed = [("checkpoint.prefix", "a/".into()), ("checkpoint.limit", 10.into())];
    assert_failed(&spans.one(), "list", &with(fields(listed)), None);
}

#[tokio::test]
async fn the_state_is_never_shown() {
    let spans = Spans::collect();
    let store = MeasuredStore::new(MemoryStore::new());
    let orders = id("orders");
    let write = Write::advance(Checkpoint::new(orders.clone(), 42)).with_state(&b"private"[..]);
    assert!(store.write(&write).await.unwrap().is_stored());
    assert!(store.write_many(&[write]).await.unwrap()[0].is_stored());
    store.claim(&orders, "host:1").await.unwrap();
    assert_eq!(store.read(&orders).await.unwrap().unwrap().state, "private");
    assert_eq!(store.list("", None, 10).await.unwrap()[0].state, "private");
    let all = format!("{:?}", spans.exporter.get_finished_spans().unwrap());
    assert!(all.contains("checkpoint.list") && !all.contains("private"), "{all}");
}

/// The spans of the caller are the parents; the store's own are within.
#[tokio::test]
async fn spans_nest() {
    let spans = Spans::collect();
    let outer = tracing::info_span!("outer");
    let store = MeasuredStore::new(MeasuredStore::new(MemoryStore::new()));
    let reading = async { store.read(&id("orders")).await };
    assert_eq!(tracing::Instrument::instrument(reading, outer).await.unwrap(), None);
    let spans = spans.exporter.get_finished_spans().unwrap();
    let [inner, middle, outer] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!(inner.parent_span_id, middle.span_context.span_id());
    assert_eq!(middle.parent_span_id, outer.span_context.span_id());
    assert_eq!(
        (inner.name.as_ref(), middle.name.as_ref(), outer.name.as_ref()),
        ("checkpoint.read", "checkpoint.read", "outer")
    );
}
