use std::collections::VecDeque;
use std::time::Duration;

use checkpoint_commit::strategy::{Bounds, Due, Progress, Strategy, Wake, bounded};
use proptest::prelude::{prop_assert, proptest};

/// A consumer with a store, simulated in milliseconds: it asks at the wakes only.
struct Consumer {
    strategy: Strategy,
    latency_ms: u64,
    now_ms: u64,
    /// Events a second, at most 1,000: no more than one at each step.
    rate: u32,
    /// Thousandths of the next event.
    partial: u32,
    unstored: VecDeque<u64>,
    store: Option<Store>,
    last_end_ms: Option<u64>,
    asked_ms: u64,
    due: Due,
    seen: Seen,
}

struct Store {
    events: usize,
    end_ms: u64,
}

/// What came of it.
#[derive(Default)]
struct Seen {
    most_unstored: usize,
    oldest_ms: u64,
    shortest_pause_ms: Option<u64>,
    stores: u32,
    asks: u32,
    exceeded: bool,
}

impl Consumer {
    fn new(strategy: Strategy, latency_ms: u64) -> Self {
        Self {
            due: strategy.due(&Progress::default()),
            strategy,
            latency_ms,
            now_ms: 0,
            rate: 0,
            partial: 0,
            unstored: VecDeque::new(),
            store: None,
            last_end_ms: None,
            asked_ms: 0,
            seen: Seen::default(),
        }
    }

    fn run(&mut self, rate: u32, milliseconds: u64) {
        self.rate = rate;
        for _ in 0..milliseconds {
            self.now_ms += 1;
            self.handle();
            self.look();
            if self.store.as_ref().is_some_and(|store| store.end_ms == self.now_ms) {
                self.end_store();
            } else if self.store.is_none() && self.is_awake() {
                self.ask();
            }
        }
    }

    fn handle(&mut self) {
        self.partial += self.rate;
        if self.partial >= 1000 {
            self.partial -= 1000;
            self.unstored.push_back(self.now_ms);
        }
    }

    fn look(&mut self) {
        let progress = self.progress();
        self.seen.exceeded |= self.strategy.exceeded_by(&progress);
        self.seen.most_unstored = self.seen.most_unstored.max(self.unstored.len());
        self.seen.oldest_ms = self.seen.oldest_ms.max(self.age_ms());
    }

    fn end_store(&mut self) {
        let store = self.store.take().expect("a store is under way");
        self.unstored.drain(..store.events);
        self.last_end_ms = Some(self.now_ms);
        self.ask();
    }

    fn is_awake(&self) -> bool {
        let Due::When(Wake { events, bytes: _, after }) = self.due else { return true };
        events.is_some_and(|events| self.progress().events >= events)
            || after.is_some_and(|time| Duration::from_millis(self.now_ms - self.asked_ms) >= time)
    }

    fn ask(&mut self) {
        self.seen.asks += 1;
        self.asked_ms = self.now_ms;
        self.due = self.strategy.due(&self.progress());
        if self.due == Due::Now {
            self.begin_store();
        }
    }

    fn begin_store(&mut self) {
        if let Some(last_end_ms) = self.last_end_ms {
            let pause = self.now_ms - last_end_ms;
            self.seen.shortest_pause_ms =
                Some(self.seen.shortest_pause_ms.map_or(pause, |shortest| shortest.min(pause)));
        }
        self.seen.stores += 1;
        self.store = Some(Store { events: self.unstored.len(), end_ms: self.now_ms + self.latency_ms });
    }

    fn age_ms(&self) -> u64 {
        self.unstored.front().map_or(0, |oldest| self.now_ms - oldest)
    }

    fn progress(&self) -> Progress {
        Progress {
            events: u64::try_from(self.unstored.len()).expect("a length fits"),
            age: Duration::from_millis(self.age_ms()),
            since_store: self.last_end_ms.map(|end| Duration::from_millis(self.now_ms - end)),
            latency: Duration::from_millis(self.latency_ms),
            rate: f64::from(self.rate),
            ..Progress::default()
        }
    }
}

fn strategy(redelivered: u64, age_ms: u64, writes_per_second: u32) -> Strategy {
    let age = Duration::from_millis(age_ms);
    bounded(Bounds { redelivered, age, writes_per_second: f64::from(writes_per_second) })
}

proptest! {
    #[test]
    fn what_can_be_held_is_held(
        rate in 1..=1000_u32,
        latency_ms in 1..100_u64,
        writes_per_second in 2..50_u32,
        more_events in 0..200_u64,
        more_ms in 0..500_u64,
    ) {
        // The longest that an event can have to wait: for a store under way, for the pause, and for its own store.
        let wait_ms = latency_ms + 1000_u64.div_ceil(u64::from(writes_per_second)) + latency_ms + 1;
        let redelivered = (u64::from(rate) * wait_ms).div_ceil(1000) + more_events + 1;
        let age_ms = wait_ms + more_ms;
        let mut consumer = Consumer::new(strategy(redelivered, age_ms, writes_per_second), latency_ms);
        consumer.run(rate, 3000);
        let seen = consumer.seen;
        prop_assert!(u64::try_from(seen.most_unstored).unwrap() <= redelivered, "{} unstored", seen.most_unstored);
        prop_assert!(seen.oldest_ms <= age_ms, "{} ms old", seen.oldest_ms);
        prop_assert!(!seen.exceeded);
        prop_assert!(seen.shortest_pause_ms.is_none_or(|pause| pause * u64::from(writes_per_second) >= 1000));
    }
}

#[test]
fn where_little_is_handled_little_is_stored() {
    let mut consumer = Consumer::new(strategy(1000, 5000, 10), 50);
    consumer.run(10, 60_000);
    // The age alone makes it due. The first event is handled at 0.1 s and its store begins 4.95 s later; another store
    // begins each 5 s from then on: at 5.05 s, …, 55.05 s.
    assert_eq!(consumer.seen.stores, 11);
    assert_eq!(consumer.seen.oldest_ms, 5000);
    assert!(consumer.seen.asks < 60, "{} questions", consumer.seen.asks);
}

#[test]
fn where_much_is_handled_as_much_is_stored_at_once_as_may_come_again() {
    let mut consumer = Consumer::new(strategy(1000, 60_000, 10), 50);
    consumer.run(1000, 60_000);
    assert_eq!(consumer.seen.most_unstored, 1000);
    // Between two stores' beginnings 950 events are handled.
    assert_eq!(consumer.seen.stores, 63);
}

#[test]
fn a_rate_that_rises_is_noticed_in_time() {
    let mut consumer = Consumer::new(strategy(100, 60_000, 10), 30);
    consumer.run(10, 1000);
    consumer.run(1000, 60);
    consumer.run(1000, 60);
    assert_eq!((consumer.seen.stores, consumer.seen.most_unstored), (1, 100));
}

#[test]
fn where_not_all_can_hold_the_writes_a_second_do() {
    let mut consumer = Consumer::new(strategy(50, 5000, 4), 20);
    consumer.run(1000, 10_000);
    assert!(consumer.seen.exceeded);
    assert_eq!(consumer.seen.shortest_pause_ms, Some(250));
    // As soon as the pause permits: a store each 270 ms, the first after 30.
    assert_eq!(consumer.seen.stores, 37);
}

#[test]
fn a_store_slower_than_the_age_is_always_late_and_never_hurried() {
    let mut consumer = Consumer::new(strategy(1000, 100, 10), 300);
    consumer.run(100, 10_000);
    assert!(consumer.seen.exceeded);
    assert_eq!(consumer.seen.shortest_pause_ms, Some(100));
}

#[test]
fn less_than_one_write_a_second() {
    let slow = bounded(Bounds { redelivered: 1, age: Duration::from_millis(1), writes_per_second: 0.1 });
    let progress = Progress { events: 5, since_store: Some(Duration::from_secs(4)), ..Progress::default() };
    assert_eq!(slow.due(&progress), Due::When(Wake { after: Some(Duration::from_secs(6)), ..Wake::default() }));
    assert_eq!(slow.due(&Progress { since_store: Some(Duration::from_secs(10)), ..progress }), Due::Now);
    assert_eq!(slow.due(&Progress { since_store: None, ..progress }), Due::Now);
}

#[test]
fn so_few_writes_a_second_that_no_time_is_long_enough() {
    let once = bounded(Bounds { redelivered: 1, age: Duration::from_millis(1), writes_per_second: f64::MIN_POSITIVE });
    let progress = Progress { events: 5, since_store: Some(Duration::from_secs(1)), ..Progress::default() };
    let wake = Wake { after: Some(Duration::MAX - Duration::from_secs(1)), ..Wake::default() };
    assert_eq!(once.due(&progress), Due::When(wake));
}

#[test]
fn a_rate_that_is_no_number_counts_as_none() {
    let wake = |events| Wake { events: Some(events), bytes: None, after: Some(Duration::from_secs(4)) };
    for rate in [f64::NAN, -1.0, f64::NEG_INFINITY, 0.0] {
        let progress = Progress { events: 1, rate, latency: Duration::from_secs(1), ..Progress::default() };
        assert_eq!(strategy(100, 5000, 1).due(&progress), Due::When(wake(51)), "{rate}");
    }
    let progress = Progress { events: 1, rate: f64::INFINITY, latency: Duration::from_secs(1), ..Progress::default() };
    assert_eq!(strategy(100, 5000, 1).due(&progress), Due::Now);
}

#[test]
fn bounds_are_exceeded_by_more_than_they_permit() {
    let progress = Progress { events: 100, age: Duration::from_secs(5), ..Progress::default() };
    assert!(!strategy(100, 5000, 1).exceeded_by(&progress));
    assert!(strategy(99, 5000, 1).exceeded_by(&progress));
    assert!(strategy(100, 4999, 1).exceeded_by(&progress));
}

#[test]
#[should_panic(expected = "a bounded strategy needs at least 1 redelivered, but this one says at most 0 redelivered")]
fn nothing_redelivered_is_refused() {
    let _ = strategy(0, 1, 1);
}

#[test]
#[should_panic(expected = "an age above zero")]
fn no_age_is_refused() {
    let _ = strategy(1, 0, 1);
}

#[test]
fn writes_a_second_that_are_none_are_refused() {
    for writes_per_second in [0.0, -0.0, -1.0, f64::NAN, f64::INFINITY] {
        let bounds = Bounds { redelivered: 1, age: Duration::from_secs(1), writes_per_second };
        assert!(std::panic::catch_unwind(|| bounded(bounds)).is_err(), "{writes_per_second}");
    }
}
