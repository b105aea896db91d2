//! Numbers and bytes in a row: how they are written and read.

use super::CannotDecode;
use super::error::invalid;

/// Appends a number in groups of 7 bits, the lowest first; all bytes but the last have their top bit set (LEB128).
pub(super) fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(lowest_byte(number) | 0x80);
        number >>= 7;
    }
    bytes.push(lowest_byte(number));
}

/// Appends bytes behind their length.
pub(super) fn put_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    put(bytes, length(content));
    bytes.extend_from_slice(content);
}

/// How many bytes there are.
pub(super) fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).expect("a length has at most 64 bits")
}

fn lowest_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// Reads from the front of bytes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    pub(super) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn byte(&mut self) -> Result<u8, CannotDecode> {
        let (byte, rest) = self.rest.split_first().ok_or(CannotDecode::CutOff)?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(super) fn number(&mut self) -> Result<u64, CannotDecode> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = u64::from(self.byte()?);
            let group = byte & 0x7F;
            if group << shift >> shift != group {
                break;
            }
            number |= group << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        invalid("a number has more than 64 bits")
    }

    /// The next bytes, as many as the number in front of them says.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], CannotDecode> {
        let length = usize::try_from(self.number()?).map_err(|_| CannotDecode::CutOff)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(CannotDecode::CutOff)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next 64 bits, the lowest byte first.
    pub(super) fn word(&mut self) -> Result<u64, CannotDecode> {
        let (word, rest) = self.rest.split_first_chunk().ok_or(CannotDecode::CutOff)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*word))
    }
}
