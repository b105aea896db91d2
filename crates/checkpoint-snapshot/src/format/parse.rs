//! Reads a bucket.

use std::sync::Arc;

use bytes::Bytes;

use super::body::{BYTES, FALSE, FLOAT, JSON, NATURAL, NEGATIVE, PART, PART_ENTRIES, SERDE, TEXT, TRUE};
use super::error::invalid;
use super::{CannotDecode, MAX_DEPTH};
use crate::Bucket;
use crate::bucket::{Kind, Place};
use crate::read::{Reader, text};

#[derive(Debug)]
pub(super) struct Parser<'a> {
    /// What the values are slices of.
    whole: &'a Bytes,
    reader: Reader<'a>,
    /// How many entries may still come.
    entries: u64,
}

impl<'a> Parser<'a> {
    /// The bytes of the reader are some of `whole`.
    pub(super) fn new(whole: &'a Bytes, reader: Reader<'a>, entries: u64) -> Self {
        Self { whole, reader, entries }
    }

    pub(super) fn end(&self) -> Result<(), CannotDecode> {
        if self.reader.rest.is_empty() { Ok(()) } else { invalid("something follows behind its end") }
    }

    /// How many entries were announced and did not come.
    pub(super) fn entries_left(&self) -> u64 {
        self.entries
    }

    pub(super) fn bucket(&mut self, place: Option<Arc<Place>>, depth: usize) -> Result<Bucket, CannotDecode> {
        if depth > MAX_DEPTH {
            return invalid("its parts are nested too deep");
        }
        let mut bucket = Bucket::at(place);
        let mut previous = None;
        for _ in 0..u64::from_le_bytes(self.reader.array()?) {
            let key = self.reader.text()?;
            if previous.is_some_and(|previous| previous >= key) {
                return invalid("its keys are not in order");
            }
            previous = Some(key);
            let kind = self.value(&bucket, key, depth)?;
            bucket.insert(key, kind);
        }
        Ok(bucket)
    }

    fn value(&mut self, bucket: &Bucket, key: &str, depth: usize) -> Result<Kind, CannotDecode> {
        let tag = self.reader.byte()?;
        self.count(if tag == PART { PART_ENTRIES } else { 1 })?;
        Ok(match tag {
            FALSE => Kind::Bool(false),
            TRUE => Kind::Bool(true),
            NATURAL => Kind::Natural(self.reader.number()?),
            NEGATIVE => match i64::try_from(self.reader.number()?) {
                Ok(number) => Kind::Negative(!number),
                Err(_) => return invalid("an integer is below -2^63"),
            },
            FLOAT => Kind::Float(u64::from_le_bytes(self.reader.array()?)),
            TEXT => Kind::Text(self.text()?),
            BYTES => Kind::Bytes(self.bytes()?),
            JSON => Kind::Json(self.text()?),
            SERDE => Kind::Serde(self.bytes()?),
            PART => Kind::Part(self.bucket(Some(bucket.place_of(key)), depth + 1)?),
            _ => return invalid("the kind of a value is unknown"),
        })
    }

    fn count(&mut self, entries: u64) -> Result<(), CannotDecode> {
        match self.entries.checked_sub(entries) {
            Some(left) => self.entries = left,
            None => return invalid("it has more entries than it announces"),
        }
        Ok(())
    }

    fn bytes(&mut self) -> Result<Bytes, CannotDecode> {
        Ok(self.whole.slice_ref(self.reader.bytes()?))
    }

    fn text(&mut self) -> Result<Bytes, CannotDecode> {
        let bytes = self.reader.bytes()?;
        text(bytes)?;
        Ok(self.whole.slice_ref(bytes))
    }
}
