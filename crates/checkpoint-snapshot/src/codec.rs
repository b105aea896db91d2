//! Any type of serde as bytes that describe themselves. `FORMAT.md` has them one by one.
//!
//! Fields and variants are written by name, so that a program which has others still reads them; but each name is written
//! once, in a table in front of the values, as a map of a million small structs would consist of names otherwise.

mod compound;
mod decoder;
mod encoder;
mod error;
mod pages;
mod parts;
mod table;
mod tag;
mod tree;
mod variant;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

pub(crate) use error::Error;

use decoder::Decoder;
use encoder::Encoder;
use pages::Pages;
use table::Table;

/// How deep values may be nested: as deep as in JSON by `serde_json`.
pub(crate) const MAX_DEPTH: usize = 128;

/// Takes at most twice the memory of the result.
pub(crate) fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, Error> {
    let mut encoder = Encoder::default();
    value.serialize(&mut encoder)?;
    Ok(encoder.finish())
}

/// JSON, in pages as well.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, serde_json::Error> {
    let mut pages = Pages::default();
    serde_json::to_writer(&mut pages, value)?;
    Ok(pages.behind(&[]).into())
}

/// Never panics, and takes no memory on the word of a length that is wrong.
pub(crate) fn decode<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, Error> {
    let (table, reader) = Table::read(bytes)?;
    let mut decoder = Decoder::new(reader, &table);
    let value = T::deserialize(&mut decoder)?;
    decoder.end()?;
    Ok(value)
}
