//! What it takes to save a model as a serde value of a snapshot and to restore it, and how many bytes it has. The reference
//! is postcard, which writes no names and no types: it reads nothing but the very type that was written. JSON is what
//! describes itself as our values do.
//!
//! bincode is left out: it is no longer maintained.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::collections::{BTreeMap, HashMap};

use benchmarks::{Contestant, compare};
use checkpoint_snapshot::Bucket;
use checkpoint_snapshot::format::{Header, Options, encode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

const KEYS: u32 = 100_000;
const ROUNDS: usize = 15;

#[derive(Serialize, Deserialize)]
struct Stats {
    flights: u64,
    delayed: u64,
    minutes: i64,
    longest: i32,
    mean: f64,
}

fn main() {
    let mut random = fastrand::Rng::with_seed(42);
    let by_key: HashMap<_, _> = (0..KEYS).map(|key| (format!("AA{key:05}"), stats(&mut random))).collect();
    measure("HashMap<String, Stats>, 100,000", &by_key);

    let vectors: BTreeMap<_, _> = (0..1_000).map(|key| (format!("airport {key}"), list(&mut random))).collect();
    measure("BTreeMap<String, Vec<u32>>, 1,000 of 100", &vectors);

    let nested: BTreeMap<_, BTreeMap<_, Vec<_>>> = (0..100)
        .map(|carrier| {
            let by_airport =
                (0..50).map(|airport| (format!("{airport:03}"), (0..20).map(|_| stats(&mut random)).collect()));
            (format!("carrier {carrier}"), by_airport.collect())
        })
        .collect();
    measure("BTreeMap<String, BTreeMap<String, Vec<Stats>>>, 100 of 50 of 20", &nested);
}

fn stats(random: &mut fastrand::Rng) -> Stats {
    Stats {
        flights: random.u64(0..100_000),
        delayed: random.u64(0..1_000),
        minutes: random.i64(-1_000..1_000_000),
        longest: random.i32(-60..3_000),
        mean: random.f64() * 100.0,
    }
}

fn list(random: &mut fastrand::Rng) -> Vec<u32> {
    (0..100).map(|_| random.u32(0..100_000)).collect()
}

/// An item is the model.
fn measure<T: Serialize + DeserializeOwned>(name: &str, model: &T) {
    let by_postcard = postcard::to_allocvec(model).expect("it serializes");
    let by_json = serde_json::to_vec(model).expect("it serializes");
    let bucket = saved(model);
    let plain = Options::default().compress_above(u64::MAX);
    println!("\nbytes: {name}");
    println!("{:44} {:>12}", "postcard", by_postcard.len());
    println!("{:44} {:>12}", "put_value", length(&bucket, &plain));
    println!("{:44} {:>12}", "put_value, compressed", length(&bucket, &Options::default()));
    println!("{:44} {:>12}", "JSON", by_json.len());

    let contestants = vec![
        Contestant::new("postcard", 1, || assert!(!postcard::to_allocvec(model).expect("it serializes").is_empty())),
        Contestant::new("put_value", 1, || assert!(!saved(model).is_empty())),
        Contestant::new("JSON", 1, || assert!(!serde_json::to_vec(model).expect("it serializes").is_empty())),
    ];
    compare(&format!("encode: {name}"), ROUNDS, contestants);
    let contestants = vec![
        Contestant::new("postcard", 1, || drop(postcard::from_bytes::<T>(&by_postcard).expect("it was encoded"))),
        Contestant::new("value", 1, || drop(bucket.value::<T>("model").expect("it was put in"))),
        Contestant::new("JSON", 1, || drop(serde_json::from_slice::<T>(&by_json).expect("it was encoded"))),
    ];
    compare(&format!("decode: {name}"), ROUNDS, contestants);
}

fn saved(model: &impl Serialize) -> Bucket {
    let mut bucket = Bucket::new();
    bucket.put_value("model", model).expect("it serializes");
    bucket
}

fn length(bucket: &Bucket, options: &Options) -> usize {
    encode(&Header::new("model", 1, None), bucket, options).expect("it is not nested").len()
}
