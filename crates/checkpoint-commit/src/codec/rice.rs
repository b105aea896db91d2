//! Rice codes, packed bit by bit: short for numbers that are mostly of one magnitude.
//!
//! With parameter `k` a number is its upper part, `number >> k`, as that many 0 bits and a 1, then its lower `k` bits.
//! A number whose upper part is [`ESCAPE`] or more is `ESCAPE` 0 bits, then its 64 bits: so one that is far larger than
//! the others costs 12 bytes, and no more. Bits fill each byte from the lowest one on.

use super::CannotDecode;
use super::error::invalid;

/// The upper part from which on a number is written plainly. Its 0 bits and the 1 fit into 32 bits.
const ESCAPE: u32 = 32;

/// How often numbers of each magnitude occur, to find the parameter that suits them.
#[derive(Debug)]
pub(super) struct Magnitudes {
    /// By how many bits a number has: how many there are, and their sum.
    counts: [(u64, u64); 65],
}

impl Magnitudes {
    pub(super) fn of(numbers: impl Iterator<Item = u64>) -> Self {
        let mut counts = [(0, 0); 65];
        for number in numbers {
            let bits = usize::try_from(u64::BITS - number.leading_zeros()).expect("at most 64");
            let (count, sum) = &mut counts[bits];
            *count += 1;
            *sum += number;
        }
        Self { counts }
    }

    /// The parameter with which the numbers become the shortest.
    pub(super) fn best_parameter(&self) -> u8 {
        (0..64).min_by_key(|parameter| self.bits_at_most(*parameter)).expect("there are 64")
    }

    fn bits_at_most(&self, parameter: u8) -> u64 {
        let (k, escape) = (u32::from(parameter), u64::from(ESCAPE));
        let bits = (0..).zip(self.counts).map(|(magnitude, (count, sum)): (u32, (u64, u64))| {
            // Above this every number escapes, below it none does, as `ESCAPE` is a power of two.
            let escapes = magnitude > k + ESCAPE.trailing_zeros();
            if escapes { count * (escape + 64) } else { (sum >> k) + count * (u64::from(k) + 1) }
        });
        bits.fold(0, u64::saturating_add)
    }
}

/// Appends bits to bytes.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that are not in `bytes` yet, always less than 32.
    pending: u64,
    pending_bits: u32,
}

impl BitWriter {
    /// Appends a number with parameter `k`, which is below 64.
    pub(super) fn put(&mut self, number: u64, k: u8) {
        let upper = number >> k;
        if upper < u64::from(ESCAPE) {
            self.put_bits(1 << upper, u32::try_from(upper).expect("below 32") + 1);
            self.put_wide(number & !(u64::MAX << k), u32::from(k));
        } else {
            self.put_bits(0, ESCAPE);
            self.put_wide(number, 64);
        }
    }

    fn put_wide(&mut self, value: u64, bits: u32) {
        if bits > 32 {
            self.put_bits(value & u64::from(u32::MAX), 32);
            self.put_bits(value >> 32, bits - 32);
        } else {
            self.put_bits(value, bits);
        }
    }

    /// Appends at most 32 bits.
    fn put_bits(&mut self, value: u64, bits: u32) {
        self.pending |= value << self.pending_bits;
        self.pending_bits += bits;
        if self.pending_bits >= 32 {
            self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..4]);
            self.pending >>= 32;
            self.pending_bits -= 32;
        }
    }

    /// The bytes; what is left of the last one is 0.
    pub(super) fn finish(mut self) -> Vec<u8> {
        let bytes = usize::try_from(self.pending_bits.div_ceil(8)).expect("at most 4");
        self.bytes.extend_from_slice(&self.pending.to_le_bytes()[..bytes]);
        self.bytes
    }
}

/// Reads bits from bytes.
#[derive(Debug)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    /// How many bits of the first byte have been read, below 8.
    read: u32,
}

impl<'a> BitReader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, read: 0 }
    }

    /// The next number with parameter `k`, which is below 64.
    pub(super) fn number(&mut self, k: u8) -> Result<u64, CannotDecode> {
        let zeros = self.peek().trailing_zeros();
        if zeros >= ESCAPE {
            self.skip(ESCAPE)?;
            return self.wide(64);
        }
        self.skip(zeros + 1)?;
        let upper = u64::from(zeros);
        if upper << k >> k != upper {
            return invalid("a number has more than 64 bits");
        }
        Ok(upper << k | self.wide(u32::from(k))?)
    }

    /// What follows the byte that was begun last; its other bits must be 0.
    pub(super) fn finish(mut self) -> Result<&'a [u8], CannotDecode> {
        let left = (8 - self.read) % 8;
        if self.take(left)? != 0 {
            return invalid("there are bits behind the last number");
        }
        Ok(self.bytes)
    }

    fn wide(&mut self, bits: u32) -> Result<u64, CannotDecode> {
        if bits <= 32 {
            return self.take(bits);
        }
        let low = self.take(32)?;
        Ok(self.take(bits - 32)? << 32 | low)
    }

    /// The next bits, at most 32.
    fn take(&mut self, bits: u32) -> Result<u64, CannotDecode> {
        let value = self.peek() & !(u64::MAX << bits);
        self.skip(bits)?;
        Ok(value)
    }

    /// At least the next 57 bits; behind the end there are zeros.
    fn peek(&self) -> u64 {
        let word = self.bytes.first_chunk().copied().unwrap_or_else(|| {
            let mut word = [0; 8];
            word[..self.bytes.len()].copy_from_slice(self.bytes);
            word
        });
        u64::from_le_bytes(word) >> self.read
    }

    fn skip(&mut self, bits: u32) -> Result<(), CannotDecode> {
        let read = self.read + bits;
        let whole = usize::try_from(read / 8).expect("at most 5");
        let rest = self.bytes.get(whole..).ok_or(CannotDecode::CutOff)?;
        if rest.is_empty() && !read.is_multiple_of(8) {
            return Err(CannotDecode::CutOff);
        }
        (self.bytes, self.read) = (rest, read % 8);
        Ok(())
    }
}
