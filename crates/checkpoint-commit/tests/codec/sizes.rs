//! How many bytes a state has: what is asked for, and what it is, so that no change goes unnoticed.

use checkpoint_commit::codec::encode;

use crate::events::{Event, Words, dense, event};

const MILLION: u64 = 1_000_000;

fn size(events: &[Event]) -> usize {
    encode(None, Words::full(events).pieces(), &[]).len()
}

fn random_million(open: f64) -> usize {
    let mut random = fastrand::Rng::with_seed(42);
    size(&dense(MILLION, |_| random.f64() < open))
}

#[test]
fn ten_open_of_a_million() {
    let mut random = fastrand::Rng::with_seed(42);
    let open: Vec<_> = (0..10).map(|_| random.u64(0..MILLION)).collect();
    let size = size(&dense(MILLION, |position| open.contains(&position)));
    assert!(size <= 48, "{size}");
    assert_eq!(size, 37);
}

#[test]
fn a_hundredth_open_of_a_million() {
    let size = random_million(0.01);
    assert!(size <= 12 * 1024, "{size}");
    assert_eq!(size, 11_218);
}

#[test]
fn half_open_of_a_million() {
    let size = random_million(0.5);
    assert!(size <= 126 * 1024, "{size}");
    assert_eq!(size, 125_014);
}

#[test]
fn regular_sets_are_small() {
    let every = |nth| size(&dense(MILLION, |position| position % nth == 0));
    let sparse: Vec<_> = (0..100_000).map(|index| event(index * 1_000, index % 2 == 0)).collect();
    let sizes = [every(2), every(3), every(10), every(64), every(1_000), size(&sparse)];
    assert!(sizes.iter().all(|size| *size <= 64), "{sizes:?}");
    assert_eq!(sizes, [22, 19, 19, 22, 19, 21]);
}
