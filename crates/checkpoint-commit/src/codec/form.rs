//! The form of a set: the one that is the smallest, or nearly so.

use std::ops::ControlFlow;

use super::blocks::visit;
use super::edges::Edges;
use super::error::invalid;
use super::number::Reader;
use super::piece::Piece;
use super::survey::Survey;
use super::{CannotDecode, bits, repeats, runs};

const BITS: u8 = 0;
const RUNS: u8 = 1;
const REPEATS: u8 = 2;

/// A bitmap of at most so many bytes is small enough: no other form is tried.
const SMALL: usize = 16;

/// What is regular takes no more bytes than this as repeats, what takes more is not regular.
const REGULAR: usize = 1024;

/// The form and what belongs to it. Other threads may complete events meanwhile: each form is written in one pass over
/// the pieces, so that it is consistent in itself.
pub(super) fn encode<'a, I>(base: u64, pieces: &I, survey: Survey) -> (u8, Vec<u8>)
where
    I: Iterator<Item = Piece<'a>> + Clone,
{
    let as_bits = || (BITS, bits::encode(base, pieces.clone()));
    if survey.bits <= SMALL {
        return as_bits();
    }
    let estimate = usize::try_from(survey.runs).map_or(survey.bits, |runs| runs.min(survey.bits));
    let limit = estimate.min(REGULAR);
    let as_repeats = match &survey.list {
        Some(edges) => repeats::encode(edges, limit),
        None => repeats::encode_pieces(base, pieces.clone(), limit),
    };
    if let Some(bytes) = as_repeats {
        return (REPEATS, bytes);
    }
    // Runs take longer than bits, so they have to be smaller by an eighth.
    if estimate + estimate / 8 > survey.bits {
        return as_bits();
    }
    let bytes = runs::encode(&survey.list.unwrap_or_else(|| edges(base, pieces.clone())));
    if bytes.len() < survey.bits { (RUNS, bytes) } else { as_bits() }
}

fn edges<'a>(base: u64, pieces: impl Iterator<Item = Piece<'a>>) -> Vec<u64> {
    let mut list = Vec::new();
    let mut edges = Edges::default();
    visit(base, pieces, |blocks| {
        edges.push(blocks, |edge| list.push(edge));
        ControlFlow::Continue(())
    });
    list.extend(edges.finish());
    list
}

/// The edges of a set, from its form on.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<u64>, CannotDecode> {
    match reader.byte()? {
        BITS => bits::decode(reader),
        RUNS => runs::decode(reader),
        REPEATS => repeats::decode(reader),
        _ => invalid("the form of its open set is unknown"),
    }
}
