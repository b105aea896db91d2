//! Where the bytes of a bucket go to.

use bytes::{BufMut, Bytes, BytesMut};

use crate::number::wide;

/// What is longer than this is shared and not copied.
const COPIED: usize = 4 * 1024;

const PAGE: u64 = 64 * 1024;

pub(super) trait Sink {
    fn put(&mut self, bytes: &[u8]);

    fn share(&mut self, bytes: &Bytes) {
        self.put(bytes);
    }
}

/// Only counts.
#[derive(Debug, Default)]
pub(super) struct Count {
    pub(super) bytes: u64,
    /// How many of them a [`Rope`] copies.
    pub(super) copied: u64,
}

impl Sink for Count {
    fn put(&mut self, bytes: &[u8]) {
        self.bytes += wide(bytes.len());
        self.copied += wide(bytes.len());
    }

    fn share(&mut self, bytes: &Bytes) {
        self.bytes += wide(bytes.len());
        self.copied += if bytes.len() > COPIED { 0 } else { wide(bytes.len()) };
    }
}

/// Keeps them in pieces.
#[derive(Debug)]
pub(super) struct Rope {
    pieces: Vec<Bytes>,
    page: BytesMut,
    /// How many bytes are still to be copied.
    left: u64,
}

impl Rope {
    /// For what copies so many bytes.
    pub(super) fn new(copied: u64) -> Self {
        Self { pieces: Vec::new(), page: BytesMut::new(), left: copied }
    }

    pub(super) fn finish(mut self) -> Vec<Bytes> {
        self.cut();
        self.pieces
    }

    fn cut(&mut self) {
        if !self.page.is_empty() {
            self.pieces.push(self.page.split().freeze());
        }
    }
}

impl Sink for Rope {
    /// Pages are filled to their last byte, so that they take no more than what is in them.
    fn put(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.page.len() == self.page.capacity() {
                self.cut();
                let page = usize::try_from(self.left.clamp(1, PAGE)).expect("a page is small");
                self.page = BytesMut::with_capacity(page);
            }
            let (now, later) = bytes.split_at(bytes.len().min(self.page.capacity() - self.page.len()));
            self.page.put_slice(now);
            self.left = self.left.saturating_sub(wide(now.len()));
            bytes = later;
        }
    }

    fn share(&mut self, bytes: &Bytes) {
        if bytes.len() <= COPIED {
            return self.put(bytes);
        }
        self.cut();
        self.pieces.push(bytes.clone());
    }
}
