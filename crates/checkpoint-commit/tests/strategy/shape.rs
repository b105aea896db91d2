use std::time::Duration;

use checkpoint_commit::strategy::{Bounds, Progress, Strategy, after, always, bounded, bytes, every, manual};
use proptest::prelude::{Just, Strategy as Generate, prop, prop_oneof};

/// A strategy that says by a rule of its own whether it is due: in whole numbers, and by no means clever.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    After { milliseconds: u64 },
    All(Vec<Self>),
    Always,
    Any(Vec<Self>),
    Bounded { redelivered: u64, milliseconds: u64, writes_per_second: u32 },
    Bytes(u64),
    Events(u64),
    Manual,
}

/// The present of a consumer, in whole numbers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Present {
    pub(crate) events: u64,
    pub(crate) bytes: u64,
    pub(crate) age_ms: u64,
    pub(crate) since_store_ms: Option<u64>,
    pub(crate) latency_ms: u64,
    pub(crate) rate: u32,
}

impl Present {
    pub(crate) fn progress(self) -> Progress {
        Progress {
            events: self.events,
            bytes: self.bytes,
            age: Duration::from_millis(self.age_ms),
            since_store: self.since_store_ms.map(Duration::from_millis),
            latency: Duration::from_millis(self.latency_ms),
            rate: f64::from(self.rate),
        }
    }
}

impl Shape {
    pub(crate) fn strategy(&self) -> Strategy {
        match self {
            Self::After { milliseconds } => after(Duration::from_millis(*milliseconds)),
            Self::All(shapes) => shapes.iter().map(Self::strategy).fold(always(), Strategy::and),
            Self::Always => always(),
            Self::Any(shapes) => shapes.iter().map(Self::strategy).fold(manual(), Strategy::or),
            Self::Bounded { redelivered, milliseconds, writes_per_second } => bounded(Bounds {
                redelivered: *redelivered,
                age: Duration::from_millis(*milliseconds),
                writes_per_second: f64::from(*writes_per_second),
            }),
            Self::Bytes(threshold) => bytes(*threshold),
            Self::Events(threshold) => every(*threshold),
            Self::Manual => manual(),
        }
    }

    pub(crate) fn is_due(&self, present: &Present) -> bool {
        present.events > 0
            && match self {
                Self::After { milliseconds } => present.age_ms >= *milliseconds,
                Self::All(shapes) => shapes.iter().all(|shape| shape.is_due(present)),
                Self::Always => true,
                Self::Any(shapes) => shapes.iter().any(|shape| shape.is_due(present)),
                Self::Bounded { redelivered, milliseconds, writes_per_second } => {
                    let meanwhile = (u64::from(present.rate) * present.latency_ms).div_ceil(1000);
                    let may = present.since_store_ms.is_none_or(|since| since * u64::from(*writes_per_second) >= 1000);
                    let must = present.events + meanwhile >= *redelivered
                        || present.age_ms + present.latency_ms >= *milliseconds;
                    may && must
                }
                Self::Bytes(threshold) => present.bytes >= *threshold,
                Self::Events(threshold) => present.events >= *threshold,
                Self::Manual => false,
            }
    }
}

/// With thresholds that walks of some hundred small steps reach, or nearly so; zero is among them.
pub(crate) fn shapes() -> impl Generate<Value = Shape> {
    let bounds = (1..60_u64, 1..900_u64, 1..40_u32).prop_map(|(redelivered, milliseconds, writes_per_second)| {
        Shape::Bounded { redelivered, milliseconds, writes_per_second }
    });
    let leaf = prop_oneof![
        3 => (0..60_u64).prop_map(Shape::Events),
        3 => (0..600_u64).prop_map(Shape::Bytes),
        3 => (0..600_u64).prop_map(|milliseconds| Shape::After { milliseconds }),
        4 => bounds,
        1 => Just(Shape::Always),
        1 => Just(Shape::Manual),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let some = prop::collection::vec(inner, 1..4);
        prop_oneof![some.clone().prop_map(Shape::All), some.prop_map(Shape::Any)]
    })
}
