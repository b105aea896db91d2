//! The form for sets in which most events are handled, or most are open: the lengths of the runs, handled and open in
//! turn, as Rice codes with one parameter for each kind.

use super::CannotDecode;
use super::error::invalid;
use super::number::{self, Reader, length};
use super::open_set::MAX_EDGES;
use super::rice::{BitReader, BitWriter, Magnitudes};

/// The set in this form.
pub(super) fn encode(edges: &[u64]) -> Vec<u8> {
    let lengths = || LessOne::of(edges);
    let handled = Magnitudes::of(lengths().step_by(2)).best_parameter();
    let open = Magnitudes::of(lengths().skip(1).step_by(2)).best_parameter();
    let mut bytes = Vec::new();
    number::put(&mut bytes, u64::try_from(edges.len() / 2).expect("a length has at most 64 bits"));
    bytes.extend([handled, open]);
    let mut bits = BitWriter::default();
    for (length, parameter) in lengths().zip([handled, open].into_iter().cycle()) {
        bits.put(length, parameter);
    }
    bytes.append(&mut bits.finish());
    bytes
}

/// The edges of a set in this form.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<u64>, CannotDecode> {
    let ranges = reader.number()?;
    let parameters = [reader.byte()?, reader.byte()?];
    if parameters.iter().any(|parameter| *parameter > 63) {
        return invalid("a parameter is above 63");
    }
    // A range takes 2 bits at least: what claims more is cut off, and nothing is allocated for it.
    if ranges > 4 * length(reader.rest) {
        return Err(CannotDecode::CutOff);
    }
    let count = usize::try_from(2 * ranges).expect("there are as many bits");
    if count > MAX_EDGES {
        return invalid("it has more ranges than a set can have");
    }
    let mut bits = BitReader::new(reader.rest);
    let mut edges = Vec::with_capacity(count);
    let mut next = 0_u64;
    for parameter in parameters.into_iter().cycle().take(count) {
        let Some(edge) = next.checked_add(bits.number(parameter)?).filter(|edge| *edge < u64::MAX) else {
            return invalid("a position is beyond 2^63 - 1");
        };
        edges.push(edge);
        next = edge + 1;
    }
    reader.rest = bits.finish()?;
    Ok(edges)
}

/// The lengths of runs, less the one that each has at least. The first run, which may be empty, is as it is.
struct LessOne<'a> {
    edges: std::slice::Iter<'a, u64>,
    /// The smallest edge that may come next.
    next: u64,
}

impl<'a> LessOne<'a> {
    fn of(edges: &'a [u64]) -> Self {
        Self { edges: edges.iter(), next: 0 }
    }
}

impl Iterator for LessOne<'_> {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let edge = *self.edges.next()?;
        let length = edge - self.next;
        self.next = edge + 1;
        Some(length)
    }
}
