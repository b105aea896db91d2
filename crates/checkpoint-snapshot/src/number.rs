//! Numbers of as few bytes as they need: groups of 7 bits, the lowest first; all bytes but the last have their top bit
//! set (LEB128).

/// A number as it is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Number {
    bytes: [u8; 10],
    length: usize,
}

impl Number {
    pub(crate) fn new(mut number: u64) -> Self {
        let mut encoded = Self { bytes: [0; 10], length: 1 };
        while number >= 0x80 {
            encoded.bytes[encoded.length - 1] = lowest_byte(number) | 0x80;
            encoded.length += 1;
            number >>= 7;
        }
        encoded.bytes[encoded.length - 1] = lowest_byte(number);
        encoded
    }

    /// The number of bytes, elements or whatever else is counted in memory.
    pub(crate) fn count(count: usize) -> Self {
        Self::new(wide(count))
    }
}

impl AsRef<[u8]> for Number {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// A count or a size as 64 bits.
pub(crate) fn wide(count: usize) -> u64 {
    u64::try_from(count).expect("a size has at most 64 bits")
}

pub(crate) fn lowest_byte(number: u64) -> u8 {
    number.to_le_bytes()[0]
}
