/// How much is read at a time, in bytes: what a processor's cache holds.
const CHUNK: usize = 128 * 1024;

/// More than this is given back once it is not needed any more.
const KEPT: usize = 8 * CHUNK;

/// Bytes that were read and not yet handed on, cut at their newlines. Only newlines mean anything.
#[derive(Debug)]
pub(crate) struct LineBuffer {
    /// Filled up to `filled`; the rest is room to read into.
    bytes: Vec<u8>,
    filled: usize,
    /// Up to here newlines were looked for.
    scanned: usize,
    complete: Cut,
}

/// A beginning of the buffer that ends with a newline.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    pub(crate) bytes: usize,
    pub(crate) lines: usize,
}

/// The most that is handed on at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limit {
    /// At least 1.
    pub(crate) lines: usize,
    /// A single longer line is handed on all the same.
    pub(crate) bytes: usize,
}

impl LineBuffer {
    pub(crate) fn new() -> Self {
        Self { bytes: Vec::new(), filled: 0, scanned: 0, complete: Cut::default() }
    }

    /// Room to read into, a chunk of it. [`filled`](Self::filled) says how much of it was used.
    pub(crate) fn room(&mut self) -> &mut [u8] {
        let wanted = self.filled + CHUNK;
        if self.bytes.len() < wanted {
            // long lines grow by a quarter at a time, so that memory stays near what they need
            let longer = wanted + (self.filled / 4).max(CHUNK);
            self.bytes.reserve_exact(longer - self.bytes.len());
            self.bytes.resize(longer, 0);
        }
        &mut self.bytes[self.filled..wanted]
    }

    /// The first `bytes` of the room were read.
    pub(crate) fn filled(&mut self, bytes: usize) {
        self.filled += bytes;
        debug_assert!(self.filled <= self.bytes.len());
    }

    /// What was read and not taken yet.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.filled]
    }

    /// As many complete lines as there are within `limit`, and whether that is all the limit allows.
    pub(crate) fn cut(&mut self, limit: Limit) -> (Cut, bool) {
        for newline in memchr::memchr_iter(b'\n', &self.bytes[self.scanned..self.filled]) {
            let end = self.scanned + newline + 1;
            if self.complete.lines > 0 && end > limit.bytes {
                self.scanned = self.complete.bytes;
                return (self.complete, true);
            }
            self.complete = Cut { bytes: end, lines: self.complete.lines + 1 };
            if self.complete.lines >= limit.lines || end >= limit.bytes {
                self.scanned = end;
                return (self.complete, true);
            }
        }
        self.scanned = self.filled;
        (self.complete, self.complete.lines > 0 && self.filled > limit.bytes)
    }

    /// All complete lines that there are. Not to be mixed with [`cut`](Self::cut) before the next [`take`](Self::take).
    pub(crate) fn complete(&mut self) -> Cut {
        let new = &self.bytes[self.scanned..self.filled];
        if let Some(last) = memchr::memrchr(b'\n', new) {
            let lines = self.complete.lines + memchr::memchr_iter(b'\n', new).count();
            self.complete = Cut { bytes: self.scanned + last + 1, lines };
        }
        self.scanned = self.filled;
        self.complete
    }

    /// Everything, an unfinished last line too, where [`cut`](Self::cut) with the same limit is not full.
    pub(crate) fn rest(&self) -> Cut {
        let unfinished = self.filled > self.complete.bytes;
        Cut { bytes: self.filled, lines: self.complete.lines + usize::from(unfinished) }
    }

    /// The first `bytes` were handed on.
    pub(crate) fn take(&mut self, bytes: usize) {
        self.bytes.copy_within(bytes..self.filled, 0);
        self.filled -= bytes;
        self.scanned = 0;
        self.complete = Cut::default();
        if self.bytes.len() > KEPT && self.filled + CHUNK <= KEPT {
            self.bytes.truncate(KEPT);
            self.bytes.shrink_to_fit();
        }
    }
}

/// So many bytes as a length in a file.
pub(crate) fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("usize fits into u64")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: Limit = Limit { lines: 2, bytes: 1000 };

    fn push(buffer: &mut LineBuffer, bytes: &[u8]) {
        for part in bytes.chunks(CHUNK) {
            buffer.room()[..part.len()].copy_from_slice(part);
            buffer.filled(part.len());
        }
    }

    fn holding(bytes: &[u8]) -> LineBuffer {
        let mut buffer = LineBuffer::new();
        push(&mut buffer, bytes);
        buffer
    }

    #[test]
    fn lines_are_cut_at_the_limit() {
        let mut buffer = holding(b"a\nb\nc\nd");
        assert_eq!(buffer.cut(TWO), (Cut { bytes: 4, lines: 2 }, true));
        buffer.take(4);
        assert_eq!(buffer.cut(TWO), (Cut { bytes: 2, lines: 1 }, false));
        push(&mut buffer, b"d\n");
        assert_eq!(buffer.cut(TWO), (Cut { bytes: 5, lines: 2 }, true));
        assert_eq!(&buffer.bytes()[..5], b"c\ndd\n");
    }

    #[test]
    fn all_complete_lines_are_found_piece_by_piece() {
        let mut buffer = holding(b"a\nb\nc");
        assert_eq!(buffer.complete(), Cut { bytes: 4, lines: 2 });
        push(&mut buffer, b"c\n");
        assert_eq!(buffer.complete(), Cut { bytes: 7, lines: 3 });
        buffer.take(7);
        assert_eq!(buffer.complete(), Cut::default());
    }

    #[test]
    fn an_unfinished_line_is_part_of_the_rest_only() {
        let mut buffer = holding(b"a\nb");
        assert_eq!(buffer.cut(TWO), (Cut { bytes: 2, lines: 1 }, false));
        assert_eq!(buffer.rest(), Cut { bytes: 3, lines: 2 });
        let mut nothing = LineBuffer::new();
        assert_eq!(nothing.cut(TWO), (Cut::default(), false));
        assert_eq!(nothing.rest(), Cut::default());
    }

    #[test]
    fn a_batch_is_full_before_the_line_that_is_too_much() {
        let mut buffer = holding(b"12345\n12345\n12345\n");
        let limit = Limit { lines: 100, bytes: 14 };
        for _ in 0..2 {
            assert_eq!(buffer.cut(limit), (Cut { bytes: 12, lines: 2 }, true));
        }
        buffer.take(12);
        assert_eq!(buffer.cut(limit), (Cut { bytes: 6, lines: 1 }, false));
    }

    #[test]
    fn a_line_that_is_too_long_goes_alone() {
        let limit = Limit { lines: 100, bytes: 4 };
        let mut buffer = holding(b"12345678");
        assert_eq!(buffer.cut(limit), (Cut::default(), false));
        push(&mut buffer, b"9\nx\n");
        assert_eq!(buffer.cut(limit), (Cut { bytes: 10, lines: 1 }, true));
    }

    #[test]
    fn memory_follows_the_longest_line_and_comes_back() {
        let line = vec![b'x'; 20 * 1024 * 1024];
        let mut buffer = holding(&line);
        assert!(buffer.bytes.capacity() < line.len() * 3 / 2);
        assert_eq!(buffer.bytes(), line);
        buffer.take(line.len());
        assert!(buffer.bytes.capacity() <= KEPT);
    }

    #[test]
    fn nul_and_carriage_return_are_like_any_byte() {
        let mut buffer = holding(b"\0\r\n\xff\n");
        assert_eq!(buffer.cut(TWO), (Cut { bytes: 5, lines: 2 }, true));
    }
}
