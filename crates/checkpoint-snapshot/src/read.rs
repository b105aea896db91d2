//! Reads from the front of bytes: nothing is taken that is not there, and no length is believed.

/// What is wrong with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// They end where more must follow.
    CutOff,
    /// They say something that is never written.
    Invalid(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    pub(crate) rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn byte(&mut self) -> Result<u8, Flaw> {
        let (byte, rest) = self.rest.split_first().ok_or(Flaw::CutOff)?;
        self.rest = rest;
        Ok(*byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Flaw> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Flaw::CutOff)?;
        self.rest = rest;
        Ok(*array)
    }

    /// A number in groups of 7 bits, written with as few of them as there can be.
    pub(crate) fn number(&mut self) -> Result<u64, Flaw> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let group = u64::from(byte & 0x7F);
            if group << shift >> shift != group {
                break;
            }
            number |= group << shift;
            if byte == 0 && shift > 0 {
                return Err(Flaw::Invalid("a number has more bytes than it needs"));
            }
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Flaw::Invalid("a number has more than 64 bits"))
    }

    /// How many of something follow, each of which has one byte at least.
    pub(crate) fn count(&mut self) -> Result<usize, Flaw> {
        let count = usize::try_from(self.number()?).map_err(|_| Flaw::CutOff)?;
        if count > self.rest.len() { Err(Flaw::CutOff) } else { Ok(count) }
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Flaw> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Flaw::CutOff)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The next bytes, as many as the number in front of them says.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Flaw> {
        let length = self.count()?;
        self.take(length)
    }

    /// The next bytes, as many as the number in front of them says, as text.
    pub(crate) fn text(&mut self) -> Result<&'a str, Flaw> {
        text(self.bytes()?)
    }
}

pub(crate) fn text(bytes: &[u8]) -> Result<&str, Flaw> {
    str::from_utf8(bytes).map_err(|_| Flaw::Invalid("a text is not UTF-8"))
}
