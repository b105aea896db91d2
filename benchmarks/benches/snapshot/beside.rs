//! Events that are handled while a model is saved.

use std::time::{Duration, Instant};

use benchmarks::{in_unit, median};
use checkpoint_commit::strategy::{always, manual};
use checkpoint_snapshot::{Bucket, Model};

use super::models::{Delays, Parts, name};
use super::{RUNTIME, Saved};

const BYTES: usize = 100 * 1024 * 1024;
const ROUNDS: usize = 7;
const SLICE: Duration = Duration::from_secs(3);

pub(crate) fn of_100_mib() {
    beside_events("parts of random bytes", || Parts::new(BYTES), Parts::handle);
    beside_events("a map by serde", || Delays::new(BYTES), Delays::handle);
}

impl Parts {
    /// A part is changed in a copy, as those that are being saved are shared.
    fn handle(&mut self, event: u64) {
        let number = place(event, self.parts.len());
        let mut part = self.parts[number].to_vec();
        part[..8].copy_from_slice(&event.to_le_bytes());
        self.parts[number] = part.into();
    }
}

impl Delays {
    fn handle(&mut self, event: u64) {
        let number = place(event, self.by_flight.len());
        let stats = self.by_flight.get_mut(&name(number)).expect("all are there");
        stats.flights += 1;
        stats.by_weekday[number % 7] += 1;
    }
}

/// Far from the one of the event before.
fn place(event: u64, count: usize) -> usize {
    usize::try_from(event).expect("it fits").wrapping_mul(618_033) % count
}

/// How long events took within a slice, in seconds.
#[derive(Default)]
struct Latencies {
    p99: Vec<f64>,
    longest: Vec<f64>,
    events: Vec<f64>,
}

fn beside_events<M: Model>(title: &str, model: fn() -> M, handle: fn(&mut M, u64)) {
    let stall = into_a_bucket(&model());
    let (mut quiet, mut saving) = (Saved::new(manual(), model), Saved::new(always(), model));
    let (mut without, mut beside) = (Latencies::default(), Latencies::default());
    let mut saves = Vec::new();
    for _ in 0..ROUNDS {
        without.slice(&mut quiet, handle);
        let before = number(&saving);
        beside.slice(&mut saving, handle);
        saving.save();
        saves.push(number(&saving) - before - 1.0);
    }
    println!("\nevents while a model of 100 MiB is saved: {title}, {} bytes encoded", saving.bytes());
    println!("{:44} {:>12} {:>12} {:>12}", "", "p99", "longest", "events/s");
    without.print("no saves");
    beside.print("one save after the other");
    let ratios = beside.p99.iter().zip(&without.p99).map(|(beside, without)| beside / without);
    println!("{:44} {:>12.2}", "ratio of the p99", median(ratios.collect()));
    println!("{:44} {:>12}", "putting the model into a bucket", in_unit(stall));
    println!("{:44} {:>12}", "saves within a slice of 3 s", median(saves));
}

fn into_a_bucket(model: &impl Model) -> f64 {
    let times = (0..5).map(|_| {
        let mut bucket = Bucket::new();
        let start = Instant::now();
        model.save(&mut bucket).expect("it can be saved");
        start.elapsed().as_secs_f64()
    });
    median(times.collect())
}

/// How many snapshots there were.
fn number<M: Model>(saved: &Saved<M>) -> f64 {
    let number = saved.live.status().saved.map_or(0, |saved| saved.number);
    f64::from(u32::try_from(number).expect("they are few"))
}

impl Latencies {
    /// Handles one event after the other; where a save is due the event is what begins it.
    fn slice<M: Model>(&mut self, saved: &mut Saved<M>, handle: fn(&mut M, u64)) {
        let mut times = Vec::with_capacity(2_000_000);
        let start = Instant::now();
        RUNTIME.block_on(async {
            while start.elapsed() < SLICE {
                let position = saved.next_position();
                let start = Instant::now();
                saved.live.apply(position, |model| handle(model, position)).expect("positions rise");
                times.push(start.elapsed().as_secs_f64());
            }
        });
        times.sort_by(f64::total_cmp);
        self.p99.push(times[times.len() * 99 / 100]);
        self.longest.push(times[times.len() - 1]);
        let events = f64::from(u32::try_from(times.len()).expect("they are few"));
        self.events.push(events / start.elapsed().as_secs_f64());
    }

    fn print(&self, name: &str) {
        let [p99, longest, events] = [&self.p99, &self.longest, &self.events].map(|values| median(values.clone()));
        println!("{name:44} {:>12} {:>12} {events:>12.0}", in_unit(p99), in_unit(longest));
    }
}
