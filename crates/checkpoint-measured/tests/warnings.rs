//! Warnings arrive, with what they are about, where a filter leaves the spans out.

mod common;

use std::fmt::Debug;
use std::sync::{Arc, Mutex};

use checkpoint_core::{Checkpoint, CheckpointStore, Write};
use checkpoint_measured::MeasuredStore;
use checkpoint_memory::MemoryStore;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};

use common::{Away, id};

/// Keeps each event as a line, and each span too.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0 += &format!(" {field}={value:?}");
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().expect("no test panics within").push(line.0);
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        self.0.lock().expect("no test panics within").push(attributes.metadata().name().to_owned());
    }
}

#[tokio::test]
async fn at_level_warn_there_are_no_spans_but_all_warnings() {
    let lines = Lines::default();
    let subscriber = tracing_subscriber::registry().with(lines.clone()).with(LevelFilter::WARN);
    let _guard = tracing::subscriber::set_default(subscriber);

    let store = MeasuredStore::new(MemoryStore::new());
    store.claim(&id("orders"), "host:1").await.unwrap();
    assert_eq!(store.write(&Write::advance(Checkpoint::new(id("orders"), 1))).await.unwrap().as_str(), "fenced");
    assert!(MeasuredStore::new(Away).read(&id("orders")).await.is_err());

    let lines = lines.0.lock().unwrap();
    assert_eq!(lines.len(), 2, "{lines:?}");
    for part in ["WARN ", "checkpoint.store=\"memory\"", "checkpoint.id=\"orders\"", "checkpoint.epoch=1", "fenced"] {
        assert!(lines[0].contains(part), "{part} in {lines:?}");
    }
    for part in [
        "WARN ",
        "checkpoint.store=\"away\"",
        "checkpoint.operation=\"read\"",
        "checkpoint.id=\"orders\"",
        "error.type=\"unavailable\"",
        "the server is away",
    ] {
        assert!(lines[1].contains(part), "{part} in {lines:?}");
    }
}
