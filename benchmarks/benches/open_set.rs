//! What is still open in a window of a million events: how long it takes to encode and decode it, and how many bytes
//! it has. The reference is a Roaring bitmap of the open positions; both start from the words of a tracker.
//!
//! Confluent's parallel-consumer encodes such windows too. The figures of its version 0.5.3 are quoted, not measured
//! here: other windows of the same kinds, and another language.

#![expect(clippy::print_stdout, reason = "it is a report")]

use benchmarks::{Contestant, compare};
use checkpoint_commit::Word;
use checkpoint_commit::codec::{decode, encode};
use roaring::RoaringBitmap;

const WINDOW: u32 = 1_000_000;
const ROUNDS: usize = 15;

/// What parallel-consumer has for each of the windows. More than 4,096 bytes are over its limit: it then stores none.
const PARALLEL_CONSUMER: &str = "81; 14,233 and 125,006, both over its limit and dropped; 24 bytes; 56 to 135 ms each";

fn main() {
    let windows = windows();
    println!("\nbytes of a window of {WINDOW} events");
    println!("{:24} {:>10} {:>10} {:>10}", "", "state", "Roaring", "varints");
    for window in &windows {
        let (state, roaring) = (window.encode().len(), window.encode_roaring().len());
        println!("{:24} {state:>10} {roaring:>10} {:>10}", window.name, window.run_lengths());
    }
    println!("parallel-consumer 0.5.3 (quoted): {PARALLEL_CONSUMER}");
    windows.iter().for_each(measure);
}

/// An item is a window.
fn measure(window: &Window) {
    let (state, roaring) = (window.encode(), window.encode_roaring());
    let contestants = vec![
        Contestant::new("Roaring", 1, || assert!(!window.encode_roaring().is_empty())),
        Contestant::new("checkpoint-commit", 1, || assert!(!window.encode().is_empty())),
    ];
    compare(&format!("encode: {}", window.name), ROUNDS, contestants);
    let contestants = vec![
        Contestant::new("Roaring", 1, || assert!(deserialize(&roaring).max().is_some())),
        Contestant::new("checkpoint-commit", 1, || {
            let open = decode(None, &state).expect("it was encoded").open.expect("events are open");
            assert_eq!(open.high(), u64::from(WINDOW) - 1);
        }),
    ];
    compare(&format!("decode: {}", window.name), ROUNDS, contestants);
}

fn windows() -> [Window; 4] {
    let mut random = fastrand::Rng::with_seed(42);
    let mut other = random.fork();
    let ten: Vec<_> = (0..10).map(|_| random.u32(0..WINDOW)).collect();
    [
        Window::new("10 open", |position| ten.contains(&position)),
        Window::new("1 % open, at random", |_| random.u32(0..100) == 0),
        Window::new("half open, at random", |_| other.bool()),
        Window::new("every other one open", |position| position % 2 == 0),
    ]
}

/// Dense positions from 0 on, as a tracker has them.
struct Window {
    name: &'static str,
    positions: Vec<u64>,
    complete: Vec<u64>,
}

impl Window {
    fn new(name: &'static str, mut open: impl FnMut(u32) -> bool) -> Self {
        let mut word =
            |first| (first..first + 64).rev().fold(0, |bits, position| bits << 1 | u64::from(!open(position)));
        let complete = (0..WINDOW).step_by(64).map(&mut word).collect();
        Self { name, positions: (0..u64::from(WINDOW)).collect(), complete }
    }

    fn words(&self) -> impl Iterator<Item = Word<'_>> + Clone {
        self.positions.chunks(64).zip(&self.complete).map(|(positions, complete)| Word::new(positions, *complete))
    }

    fn encode(&self) -> checkpoint_core::Bytes {
        encode(None, self.words().map(Into::into), &[])
    }

    fn encode_roaring(&self) -> Vec<u8> {
        let mut bitmap = RoaringBitmap::new();
        for word in self.words() {
            bitmap.append(open_in(word)).expect("positions rise");
        }
        bitmap.optimize();
        let mut bytes = Vec::with_capacity(bitmap.serialized_size());
        bitmap.serialize_into(&mut bytes).expect("memory does not fail");
        bytes
    }

    /// How many bytes the lengths of the runs have, as numbers of 7 bits a byte.
    fn run_lengths(&self) -> usize {
        let mut bytes = 0;
        let mut edge = 0;
        let mut previous = false;
        for position in 0..WINDOW {
            let (word, bit) = (position / 64, position % 64);
            let open = self.complete[usize::try_from(word).expect("it is small")] >> bit & 1 == 0;
            if open != previous {
                bytes +=
                    usize::try_from((32 - (position - edge).leading_zeros()).div_ceil(7).max(1)).expect("at most 5");
                (edge, previous) = (position, open);
            }
        }
        bytes
    }
}

fn open_in(word: Word<'_>) -> impl Iterator<Item = u32> {
    let mut open = !word.complete;
    std::iter::from_fn(move || {
        let bit = usize::try_from(open.trailing_zeros()).expect("at most 64");
        open &= open.wrapping_sub(1);
        word.positions.get(bit).map(|position| u32::try_from(*position).expect("the window is small"))
    })
}

fn deserialize(bytes: &[u8]) -> RoaringBitmap {
    RoaringBitmap::deserialize_from(bytes).expect("it was serialized")
}
