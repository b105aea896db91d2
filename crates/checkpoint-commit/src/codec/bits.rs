//! The form for sets without much order, and for patterns whose period divides 64: the bitmap, in which runs of equal
//! words are written once.
//!
//! First the tokens, each a number whose lowest two bits are its [`Kind`] and whose others count words; then the words
//! of those tokens that have some.

use std::ops::ControlFlow;

use checkpoint_core::MAX_POSITION;

use super::CannotDecode;
use super::blocks::{Blocks, visit};
use super::edges::Edges;
use super::error::invalid;
use super::number::{self, Reader};
use super::open_set::MAX_EDGES;
use super::piece::Piece;

/// The blocks that all positions together have.
const MAX_BLOCKS: u64 = MAX_POSITION / 64 + 1;

/// What a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Words in which everything was handled.
    Handled,
    /// Words in which everything is open.
    Open,
    /// Words as they follow.
    Plain,
    /// One word as it follows, several times.
    Repeated,
}

/// Makes the tokens for blocks that come in rising order.
#[derive(Debug)]
pub(super) struct Tokens {
    bytes: Vec<u8>,
    /// The token that may still become longer.
    kind: Kind,
    count: u64,
    /// The last word of a token that has some.
    word: u64,
    /// How many words the tokens have.
    words: usize,
    /// The block behind the last one.
    next: u64,
}

impl Tokens {
    pub(super) fn new() -> Self {
        Self { bytes: Vec::new(), kind: Kind::Handled, count: 0, word: 0, words: 0, next: 0 }
    }

    /// Takes the next blocks, and says whether their word is to be appended to the words.
    pub(super) fn push(&mut self, blocks: Blocks) -> bool {
        if blocks.first > self.next {
            self.extend(Kind::Handled, blocks.first - self.next);
        }
        self.next = blocks.first + blocks.count;
        if blocks.open == u64::MAX {
            self.extend(Kind::Open, blocks.count);
            return false;
        }
        self.word(blocks.open)
    }

    fn word(&mut self, word: u64) -> bool {
        match self.kind {
            Kind::Repeated if word == self.word => self.count += 1,
            Kind::Plain if word == self.word => {
                // The word is there already, as the last plain one.
                self.count -= 1;
                self.start(Kind::Repeated, 2);
            }
            Kind::Plain | Kind::Repeated | Kind::Handled | Kind::Open => {
                self.extend(Kind::Plain, 1);
                self.word = word;
                self.words += 1;
                return true;
            }
        }
        false
    }

    fn extend(&mut self, kind: Kind, count: u64) {
        if self.kind == kind {
            self.count += count;
        } else {
            self.start(kind, count);
        }
    }

    fn start(&mut self, kind: Kind, count: u64) {
        if self.count > 0 {
            number::put(&mut self.bytes, self.count << 2 | self.kind.code());
        }
        (self.kind, self.count) = (kind, count);
    }

    /// The tokens as bytes, behind their length.
    fn finish(mut self) -> Vec<u8> {
        self.start(Kind::Handled, 0);
        let mut bytes = Vec::with_capacity(self.bytes.len() + 2);
        number::put_bytes(&mut bytes, &self.bytes);
        bytes
    }

    /// How many bytes this form has.
    pub(super) fn size(self) -> usize {
        let words = self.words;
        self.finish().len() + 8 * words
    }
}

impl Kind {
    fn code(self) -> u64 {
        match self {
            Self::Handled => 0,
            Self::Open => 1,
            Self::Plain => 2,
            Self::Repeated => 3,
        }
    }

    fn of(token: u64) -> Self {
        match token & 3 {
            0 => Self::Handled,
            1 => Self::Open,
            2 => Self::Plain,
            _ => Self::Repeated,
        }
    }
}

/// The set in this form.
pub(super) fn encode<'a>(base: u64, pieces: impl Iterator<Item = Piece<'a>>) -> Vec<u8> {
    let mut tokens = Tokens::new();
    let mut words = Vec::new();
    visit(base, pieces, |blocks| {
        if tokens.push(blocks) {
            words.extend_from_slice(&blocks.open.to_le_bytes());
        }
        ControlFlow::Continue(())
    });
    let mut bytes = tokens.finish();
    bytes.append(&mut words);
    bytes
}

/// The edges of a set in this form. What they are is not checked further.
pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Vec<u64>, CannotDecode> {
    let mut tokens = Reader { rest: reader.bytes()? };
    let mut decoder = Decoder::default();
    while !tokens.rest.is_empty() {
        decoder.token(tokens.number()?, reader)?;
    }
    decoder.list.extend(decoder.edges.finish());
    Ok(decoder.list)
}

#[derive(Default)]
struct Decoder {
    /// The block behind the last one.
    next: u64,
    edges: Edges,
    list: Vec<u64>,
}

impl Decoder {
    fn token(&mut self, token: u64, words: &mut Reader<'_>) -> Result<(), CannotDecode> {
        let count = token >> 2;
        let end = self.next.checked_add(count).filter(|end| *end <= MAX_BLOCKS);
        let Some(end) = end else { return invalid("a position is beyond 2^63 - 1") };
        match Kind::of(token) {
            Kind::Handled => self.equal(end, 0),
            Kind::Open => self.equal(end, u64::MAX),
            Kind::Repeated => self.equal(end, words.word()?),
            Kind::Plain => (self.next..end).try_for_each(|_| self.push(1, words.word()?)),
        }
    }

    /// The same word up to the block `end`. Only where it brings edges, of which there are not too many, is it looked at
    /// more than once: a few bytes can claim that it comes 2^57 times.
    fn equal(&mut self, end: u64, word: u64) -> Result<(), CannotDecode> {
        match word {
            0 => self.next = end,
            u64::MAX if self.next < end => self.push(end - self.next, word)?,
            _ => (self.next..end).try_for_each(|_| self.push(1, word))?,
        }
        Ok(())
    }

    fn push(&mut self, count: u64, open: u64) -> Result<(), CannotDecode> {
        let list = &mut self.list;
        if list.len() > MAX_EDGES - 64 {
            return invalid("it has more ranges than a set can have");
        }
        list.reserve(65);
        self.edges.push(Blocks { first: self.next, count, open }, |edge| list.push(edge));
        self.next += count;
        Ok(())
    }
}
