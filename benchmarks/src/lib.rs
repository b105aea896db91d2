//! What the crates cost, each figure next to a reference of the same run.
//!
//! Disks and servers of small machines change their pace within seconds. So the contestants take turns in short slices,
//! the first one is the reference, and what counts is the median of the ratios within a round.

#![expect(clippy::print_stdout, reason = "it is a report")]

use std::time::{Duration, Instant};

/// How long a contestant's slice is, at least.
const SLICE: Duration = Duration::from_millis(100);

/// One of those that are compared: does `items` items of work a call.
pub struct Contestant<'a> {
    name: String,
    items: u32,
    work: Box<dyn FnMut() + 'a>,
}

impl std::fmt::Debug for Contestant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contestant").field("name", &self.name).field("items", &self.items).finish_non_exhaustive()
    }
}

impl<'a> Contestant<'a> {
    /// A contestant whose every call does `items` items of work.
    pub fn new(name: impl Into<String>, items: u32, work: impl FnMut() + 'a) -> Self {
        Self { name: name.into(), items, work: Box::new(work) }
    }

    /// Seconds for one item, over one slice.
    fn slice(&mut self) -> f64 {
        let start = Instant::now();
        let mut calls = 0;
        while start.elapsed() < SLICE {
            (self.work)();
            calls += 1;
        }
        start.elapsed().as_secs_f64() / f64::from(calls) / f64::from(self.items)
    }
}

/// Lets the contestants take turns for `rounds` rounds and prints, for each, the median time for one item and the median
/// of its ratios to the first one, within the same round.
pub fn compare(title: &str, rounds: usize, mut contestants: Vec<Contestant<'_>>) {
    let mut times = vec![Vec::new(); contestants.len()];
    for contestant in &mut contestants {
        (contestant.work)(); // warm up
    }
    for _ in 0..rounds {
        for (contestant, times) in contestants.iter_mut().zip(&mut times) {
            times.push(contestant.slice());
        }
    }
    println!("\n{title}");
    println!("{:44} {:>12} {:>12} {:>8}", "", "time an item", "items/s", "ratio");
    for (contestant, own) in contestants.iter().zip(&times) {
        let time = median(own.clone());
        let ratio = median(own.iter().zip(&times[0]).map(|(own, reference)| own / reference).collect());
        println!("{:44} {:>12} {:>12.0} {ratio:>8.2}", contestant.name, in_unit(time), 1.0 / time);
    }
}

/// The middle one.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Seconds in the unit that suits them.
pub fn in_unit(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.1} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.1} µs", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}
