use std::time::Duration;

use checkpoint_commit::strategy::{Due, Progress, Strategy, Wake, after, always, bytes, every, manual};
use proptest::prelude::{Strategy as Generate, any, prop, prop_assert, prop_assert_eq, proptest};

use crate::shape::{Present, Shape, shapes};

/// What happens between two moments; a step without events is time that passes.
#[derive(Clone, Copy, Debug)]
struct Step {
    events: u64,
    bytes: u64,
    milliseconds: u64,
}

fn steps() -> impl Generate<Value = Vec<Step>> {
    let step = (0..3_u64, 0..20_u64, 0..8_u64).prop_map(|(events, bytes, milliseconds)| Step {
        events,
        bytes: if events == 0 { 0 } else { bytes },
        milliseconds,
    });
    prop::collection::vec(step, 1..300)
}

fn after_step(mut present: Present, step: Step) -> Present {
    if present.events > 0 {
        present.age_ms += step.milliseconds;
    }
    present.since_store_ms = present.since_store_ms.map(|since| since + step.milliseconds);
    present.events += step.events;
    present.bytes += step.bytes;
    present
}

fn after_store(present: Present) -> Present {
    Present { events: 0, bytes: 0, age_ms: 0, since_store_ms: Some(0), ..present }
}

/// Whether a wake that was given at `asked` has come at `now`, `milliseconds` later.
fn has_come(wake: &Wake, now: &Present, milliseconds: u64) -> bool {
    wake.events.is_some_and(|events| now.events >= events)
        || wake.bytes.is_some_and(|bytes| now.bytes >= bytes)
        || wake.after.is_some_and(|time| Duration::from_millis(milliseconds) >= time)
}

fn lies_ahead(wake: &Wake, progress: &Progress) -> bool {
    wake.events.is_none_or(|events| events > progress.events)
        && wake.bytes.is_none_or(|bytes| bytes > progress.bytes)
        && wake.after.is_none_or(|time| !time.is_zero())
}

/// At which steps a caller stores that asks at each of them.
fn stores_asking_always(shape: &Shape, start: Present, steps: &[Step]) -> Vec<usize> {
    let mut present = start;
    let mut stores = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        present = after_step(present, *step);
        if shape.is_due(&present) {
            stores.push(index);
            present = after_store(present);
        }
    }
    stores
}

/// At which steps a caller stores that asks at the wakes only.
fn stores_asking_at_wakes(strategy: &Strategy, start: Present, steps: &[Step]) -> Vec<usize> {
    let mut present = start;
    let mut due = strategy.due(&present.progress());
    let mut slept = 0;
    let mut stores = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        present = after_step(present, *step);
        slept += step.milliseconds;
        if matches!(due, Due::When(wake) if !has_come(&wake, &present, slept)) {
            continue;
        }
        slept = 0;
        due = strategy.due(&present.progress());
        if due == Due::Now {
            stores.push(index);
            present = after_store(present);
            due = strategy.due(&present.progress());
        }
    }
    stores
}

proptest! {
    #[test]
    fn it_is_due_when_the_plain_rule_says_so(shape in shapes(), latency_ms in 0..200_u64, rate in 0..400_u32, steps in steps()) {
        let strategy = shape.strategy();
        let mut present = Present { latency_ms, rate, ..Present::default() };
        for step in steps {
            let is_due = strategy.due(&present.progress()) == Due::Now;
            prop_assert_eq!(is_due, shape.is_due(&present), "{} at {:?}", strategy, present);
            present = if is_due { after_store(present) } else { after_step(present, step) };
        }
    }

    #[test]
    fn a_wake_never_comes_too_late(shape in shapes(), latency_ms in 0..200_u64, rate in 0..400_u32, steps in steps()) {
        let start = Present { latency_ms, rate, ..Present::default() };
        let wakes = stores_asking_at_wakes(&shape.strategy(), start, &steps);
        prop_assert_eq!(wakes, stores_asking_always(&shape, start, &steps), "{}", shape.strategy());
    }

    #[test]
    fn a_wake_lies_ahead_whatever_the_progress(
        shape in shapes(),
        events in any::<u64>(),
        bytes in any::<u64>(),
        small in (0..70_u64, 0..700_u64, 0..1000_u64),
        age in any::<Duration>(),
        since_store in any::<Option<Duration>>(),
        latency in any::<Duration>(),
        rate in prop::num::f64::ANY,
    ) {
        let strategy = shape.strategy();
        let wide = Progress { events, bytes, age, since_store, latency, rate };
        let near = Progress { events: small.0, bytes: small.1, age: Duration::from_millis(small.2), ..wide };
        for progress in [wide, near, Progress { events: 0, ..wide }, Progress { latency: Duration::ZERO, ..near }] {
            match strategy.due(&progress) {
                Due::Now => prop_assert!(progress.events > 0, "{strategy} with nothing handled: {progress:?}"),
                Due::When(wake) => prop_assert!(lies_ahead(&wake, &progress), "{strategy} at {progress:?}: {wake:?}"),
            }
        }
    }
}

fn handled(events: u64) -> Progress {
    Progress { events, ..Progress::default() }
}

#[test]
fn a_threshold_means_at_least() {
    let wake = Wake { events: Some(100), ..Wake::default() };
    assert_eq!(every(100).due(&handled(99)), Due::When(wake));
    assert_eq!(every(100).due(&handled(100)), Due::Now);
    assert_eq!(every(100).due(&handled(101)), Due::Now);
}

#[test]
fn a_threshold_of_zero_is_always() {
    assert_eq!([every(0), bytes(0), after(Duration::ZERO)], [always(), always(), always()]);
}

#[test]
fn an_idle_consumer_waits_for_no_time() {
    let seconds = Duration::from_secs(5);
    for strategy in [after(seconds), always(), every(9).or(after(seconds)), every(9).and(after(seconds))] {
        let Due::When(wake) = strategy.due(&Progress { age: seconds, ..handled(0) }) else {
            panic!("{strategy} is due")
        };
        assert_eq!((wake.events, wake.after), (Some(1), None), "{strategy}");
    }
}

#[test]
fn nothing_wakes_a_manual_one() {
    assert_eq!(manual().due(&handled(0)), Due::When(Wake::default()));
    assert_eq!(manual().due(&handled(u64::MAX)), Due::When(Wake::default()));
}

#[test]
fn of_two_conditions_only_those_that_do_not_hold_wake() {
    let strategy = every(10).and(after(Duration::from_secs(1)));
    let both = Wake { events: Some(10), bytes: None, after: Some(Duration::from_millis(400)) };
    let progress = Progress { age: Duration::from_millis(600), ..handled(9) };
    assert_eq!(strategy.due(&progress), Due::When(both));
    let time = Wake { after: Some(Duration::from_millis(400)), ..Wake::default() };
    let progress = Progress { age: Duration::from_millis(600), ..handled(10) };
    assert_eq!(strategy.due(&progress), Due::When(time));
    let events = Wake { events: Some(10), ..Wake::default() };
    let progress = Progress { age: Duration::from_secs(1), ..handled(9) };
    assert_eq!(strategy.due(&progress), Due::When(events));
}

#[test]
fn always_and_manual_vanish_or_take_over() {
    assert_eq!(every(2).or(always()), always());
    assert_eq!(every(2).or(manual()), every(2));
    assert_eq!(always().and(every(2)), every(2));
    assert_eq!(manual().and(every(2)), manual());
}

#[test]
fn the_order_of_combining_does_not_matter() {
    let parts = || (every(1), bytes(2), after(Duration::from_secs(3)));
    let ((a, b, c), (d, e, f)) = (parts(), parts());
    assert_eq!(a.or(b).or(c), d.or(e.or(f)));
    let ((a, b, c), (d, e, f)) = (parts(), parts());
    assert_eq!(a.and(b).and(c), d.and(e.and(f)));
}

#[test]
fn thresholds_are_exceeded_by_more_than_twice() {
    let second = Duration::from_secs(1);
    let nearly = Progress { bytes: 20, age: second * 2, ..handled(20) };
    let far = Progress { bytes: 21, age: second * 2 + Duration::from_nanos(1), ..handled(21) };
    for strategy in [every(10), bytes(10), after(second), every(10).and(bytes(10)), every(10).or(manual())] {
        assert!(!strategy.exceeded_by(&nearly), "{strategy}");
        assert!(strategy.exceeded_by(&far), "{strategy}");
        assert!(!strategy.exceeded_by(&Progress { events: 0, ..far }), "{strategy}");
    }
}

#[test]
fn one_side_of_or_exceeds_and_both_of_and_must() {
    let progress = Progress { bytes: 5, ..handled(21) };
    assert!(every(10).or(bytes(10)).exceeded_by(&progress));
    assert!(!every(10).and(bytes(10)).exceeded_by(&progress));
}

#[test]
fn without_a_figure_nothing_is_exceeded() {
    let progress = Progress { bytes: u64::MAX, age: Duration::MAX, ..handled(u64::MAX) };
    for strategy in [always(), manual(), every(u64::MAX), bytes(u64::MAX), after(Duration::MAX)] {
        assert!(!strategy.exceeded_by(&progress), "{strategy}");
    }
}
