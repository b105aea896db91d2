//! What is saved.

use std::collections::HashMap;

use checkpoint_core::Bytes;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Model, Plain};
use serde::{Deserialize, Serialize};

const PART: usize = 16 * 1024;

/// Random bytes, which no compression makes smaller, in parts that are cheap to clone.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) parts: Vec<Bytes>,
}

impl Parts {
    pub(crate) fn new(bytes: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(42);
        let mut part = || Bytes::from_iter(std::iter::repeat_with(|| random.u8(..)).take(PART));
        Self { parts: (0..bytes / PART).map(|_| part()).collect() }
    }
}

impl Model for Parts {
    const NAME: &'static str = "parts";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        for (number, part) in self.parts.iter().enumerate() {
            bucket.put(format!("{number:06}"), part.clone());
        }
        Ok(())
    }

    fn restore(&mut self, _: &Bucket) -> Result<(), CannotRestore> {
        unreachable!("nothing is restored here")
    }
}

/// Statistics by a key, as `serde` saves them: they compress somewhat.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Delays {
    pub(crate) by_flight: HashMap<String, Stats>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Stats {
    pub(crate) flights: u64,
    delayed: u64,
    minutes: i64,
    longest: i32,
    pub(crate) by_weekday: [u32; 7],
}

/// How many bytes of a snapshot a flight has, before it is compressed.
const FLIGHT: usize = 30;

impl Delays {
    pub(crate) fn new(bytes: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(42);
        let mut stats = |number| (name(number), Stats::random(&mut random));
        Self { by_flight: (0..bytes / FLIGHT).map(&mut stats).collect() }
    }
}

impl Stats {
    fn random(random: &mut fastrand::Rng) -> Self {
        let flights = random.u32(1..1_000);
        Self {
            flights: flights.into(),
            delayed: random.u32(0..flights).into(),
            minutes: random.i64(-100..20_000),
            longest: random.i32(-60..600),
            by_weekday: [(); 7].map(|()| random.u32(0..=flights / 7)),
        }
    }
}

impl Plain for Delays {
    const NAME: &'static str = "delays";
}

pub(crate) fn name(number: usize) -> String {
    format!("AA{number:07}")
}
