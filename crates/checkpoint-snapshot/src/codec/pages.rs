//! Bytes that grow in pages. A vector that doubles would hold three times what is in it for a moment; pages are put
//! together once, at the end.

use super::tag;
use crate::number::{Number, lowest_byte, wide};

/// A page is full from here on. What is written at once may go beyond.
const PAGE: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(super) struct Pages {
    full: Vec<Vec<u8>>,
    /// How many bytes the full pages have.
    before: usize,
    current: Vec<u8>,
}

impl Pages {
    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        self.current.push(byte);
    }

    #[inline]
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        self.current.extend_from_slice(bytes);
    }

    /// A tag and the lowest `length` bytes of a number. Copying a fixed number of bytes is quicker.
    #[inline]
    pub(super) fn tagged(&mut self, tag: u8, number: u64, length: usize) {
        let mut bytes = [tag; 9];
        bytes[1..].copy_from_slice(&number.to_le_bytes());
        let end = self.current.len() + 1 + length;
        self.current.extend_from_slice(&bytes);
        self.current.truncate(end);
    }

    pub(super) fn number(&mut self, number: usize) {
        self.extend(Number::count(number).as_ref());
    }

    pub(super) fn text(&mut self, text: &str) {
        self.number(text.len());
        self.extend(text.as_bytes());
    }

    /// How many bytes there are.
    #[inline]
    pub(super) fn position(&self) -> usize {
        self.before + self.current.len()
    }

    /// Begins a new page where the current one is full: to be called now and then.
    #[inline]
    pub(super) fn turn(&mut self) {
        if self.current.len() >= PAGE {
            self.begin();
        }
    }

    #[cold]
    fn begin(&mut self) {
        self.before += self.current.len();
        let page = Vec::with_capacity(PAGE + PAGE / 16);
        self.full.push(std::mem::replace(&mut self.current, page));
    }

    /// Puts the shape of a struct where a byte was left for it.
    #[inline]
    pub(super) fn set_shape(&mut self, position: usize, shape: usize) {
        let tag = lowest_byte(wide(shape)).wrapping_add(tag::SHORT_STRUCT);
        match position.checked_sub(self.before).and_then(|offset| self.current.get_mut(offset)) {
            Some(byte) if shape < tag::SHORTS => *byte = tag,
            _ => self.set_far_shape(position, shape),
        }
    }

    /// The same where the byte is in a page that is full, or does not suffice.
    #[cold]
    fn set_far_shape(&mut self, position: usize, shape: usize) {
        let mut bytes = vec![tag::STRUCT];
        if shape < tag::SHORTS {
            bytes[0] = tag::SHORT_STRUCT + lowest_byte(wide(shape));
        } else {
            bytes.extend(Number::count(shape).as_ref());
        }
        if let Some(offset) = position.checked_sub(self.before) {
            self.current.splice(offset..=offset, bytes);
            return;
        }
        let mut end = self.before;
        self.before += bytes.len() - 1;
        for page in self.full.iter_mut().rev() {
            let start = end - page.len();
            if position >= start {
                page.splice(position - start..=position - start, bytes);
                return;
            }
            end = start;
        }
    }

    /// All of it behind other bytes.
    pub(super) fn behind(self, front: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(front.len() + self.position());
        bytes.extend_from_slice(front);
        for page in self.full.into_iter().chain([self.current]) {
            bytes.extend_from_slice(&page);
        }
        bytes
    }
}

impl std::io::Write for Pages {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.turn();
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
