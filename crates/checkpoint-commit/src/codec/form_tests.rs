//! Each form by itself, also where another one would be chosen.

use proptest::collection::vec;
use proptest::prelude::*;

use super::number::Reader;
use super::piece::{Piece, Run};
use super::{CannotDecode, bits, form, repeats, runs};

type Decode = fn(&mut Reader<'_>) -> Result<Vec<u64>, CannotDecode>;

/// Edges from the lengths of runs, handled and open in turn.
fn edges(lengths: &[u64]) -> Vec<u64> {
    let edge = |end: &mut u64, length: &u64| {
        *end += length;
        Some(*end)
    };
    lengths.iter().scan(0, edge).collect()
}

fn pieces(edges: &[u64]) -> impl Iterator<Item = Piece<'static>> + Clone {
    let ends = edges.iter().copied().filter(|edge| *edge > 0).collect::<Vec<_>>();
    let skipped = edges.len() - ends.len();
    (skipped..).zip(ends).map(|(index, end)| Piece::Run(Run { last: end - 1, open: index % 2 == 1 }))
}

fn all_forms(edges: &[u64]) -> [(Vec<u8>, Decode); 3] {
    [
        (bits::encode(0, pieces(edges)), bits::decode),
        (runs::encode(edges), runs::decode),
        (repeats::encode(edges, usize::MAX).expect("there is no limit"), repeats::decode),
    ]
}

fn length() -> impl Strategy<Value = u64> {
    let power = (0..56_u32).prop_map(|bits| 1 << bits);
    prop_oneof![4 => 1..4_u64, 2 => 1..200_u64, 1 => Just(64), 1 => 1..100_000_u64, 1 => power]
}

proptest! {
    #[test]
    fn every_form_gives_the_edges_back(
        mut lengths in vec((length(), length(), 1..4_usize), 0..60),
        from_the_first in any::<bool>(),
    ) {
        if let (true, Some(first)) = (from_the_first, lengths.first_mut()) {
            *first = (0, first.1, 1);
        }
        let lengths: Vec<_> =
            lengths.iter().flat_map(|(handled, open, times)| [*handled, *open].repeat(*times)).collect();
        let edges = edges(&lengths);
        prop_assert_eq!(repeats::encode_pieces(0, pieces(&edges), 50), repeats::encode(&edges, 50));
        for (mut bytes, decode) in all_forms(&edges) {
            bytes.push(0xA5);
            let mut reader = Reader { rest: &bytes };
            let decoded = decode(&mut reader);
            prop_assert_eq!(decoded.as_ref(), Ok(&edges));
            prop_assert_eq!(reader.rest, &[0xA5], "the form knows where it ends");
        }
    }

    #[test]
    fn no_form_panics_on_bytes_of_any_kind(bytes in vec(prop_oneof![any::<u8>(), Just(0), Just(0xFF)], 0..200)) {
        for form in 0..4 {
            let bytes = [&[form][..], &bytes].concat();
            if let Ok(edges) = form::decode(&mut Reader { rest: &bytes }) {
                prop_assert!(edges.len().is_multiple_of(2) && edges.is_sorted_by(|a, b| a < b));
            }
        }
    }
}

/// As many ranges as fit into a few bytes.
#[test]
fn a_claim_of_far_too_many_ranges_is_an_error() {
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F];
    let claims = [
        // Bits: a word of every other position, 2^52 - 1 times (the lowest two bits are its kind).
        [&[0, 8][..], &huge, &[0xAA; 8]].concat(),
        // Runs: so many, of parameters 0.
        [&[1][..], &huge, &[0, 0, 0xFF]].concat(),
        // Repeats: one handled, one open, so often.
        [&[2, 1, 1, 1][..], &huge].concat(),
    ];
    let errors = claims.map(|bytes| form::decode(&mut Reader { rest: &bytes }).unwrap_err());
    let too_many = CannotDecode::Invalid { what: "it has more ranges than a set can have" };
    assert_eq!(errors, [too_many.clone(), CannotDecode::CutOff, too_many]);
}

/// These are no more than two ranges, so they are no error; but nothing may be done 2^53 times.
#[test]
fn a_claim_of_far_too_many_equal_words_is_one_range() {
    // 2^53 - 1 times a word that follows, then one time another one.
    let claim = |word: u64, last: u64| {
        let tokens = [&[0, 10][..], &[0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x3F, 0, 6]].concat();
        let words = [word.to_le_bytes(), last.to_le_bytes()].concat();
        form::decode(&mut Reader { rest: &[tokens, words].concat() })
    };
    let end = 64 * ((1 << 53) - 1);
    assert_eq!(claim(0, 1), Ok(vec![end, end + 1]));
    assert_eq!(claim(u64::MAX, 1), Ok(vec![0, end + 1]));
    assert_eq!(claim(u64::MAX, 4), Ok(vec![0, end, end + 2, end + 3]));
}

#[test]
fn the_largest_lengths_are_encoded() {
    let all = 1 << 63;
    for edges in [vec![0, all], vec![all - 1, all], vec![0, 1, 2, all - 3, all - 1, all]] {
        for (bytes, decode) in all_forms(&edges) {
            assert_eq!(decode(&mut Reader { rest: &bytes }).as_ref(), Ok(&edges), "{edges:?}");
        }
    }
}
