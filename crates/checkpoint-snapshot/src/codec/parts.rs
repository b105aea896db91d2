//! Reads what consists of other values.

use serde::de::value::BorrowedStrDeserializer;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess};

use super::Error;
use super::decoder::Decoder;
use super::error::Step;

/// How many elements or entries are to come.
#[derive(Clone, Copy, Debug)]
pub(super) enum Length {
    Left(usize),
    /// As many as there are in front of an end.
    Open,
    /// The end was read.
    Over,
}

/// The elements of a list, or the entries of a map.
#[derive(Debug)]
pub(super) struct Entries<'a, 'de, 't> {
    decoder: &'a mut Decoder<'de, 't>,
    length: Length,
    index: usize,
}

impl<'a, 'de, 't> Entries<'a, 'de, 't> {
    pub(super) fn new(decoder: &'a mut Decoder<'de, 't>, length: Length) -> Self {
        Self { decoder, length, index: 0 }
    }

    /// Whether there is another one; then it has to be read.
    #[inline]
    fn more(&mut self) -> bool {
        match &mut self.length {
            Length::Left(0) | Length::Over => return false,
            Length::Left(left) => *left -= 1,
            Length::Open => {
                if self.decoder.at_end() {
                    self.length = Length::Over;
                    return false;
                }
            }
        }
        self.index += 1;
        true
    }

    /// At least how many bytes each entry has is `each`.
    fn hint(&self, each: usize) -> Option<usize> {
        match self.length {
            Length::Left(left) => Some(left.min(self.decoder.left() / each)),
            Length::Open => None,
            Length::Over => Some(0),
        }
    }

    pub(super) fn end(mut self) -> Result<(), Error> {
        if self.more() { Err(Error::new("it has more elements than are asked for")) } else { Ok(()) }
    }
}

impl<'de> SeqAccess<'de> for &mut Entries<'_, 'de, '_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !self.more() {
            return Ok(None);
        }
        let value = seed.deserialize(&mut *self.decoder);
        value.map(Some).map_err(|error| error.at(Step::Index(self.index - 1)))
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint(1)
    }
}

impl<'de> MapAccess<'de> for &mut Entries<'_, 'de, '_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !self.more() {
            return Ok(None);
        }
        let key = seed.deserialize(&mut *self.decoder);
        key.map(Some).map_err(|error| error.at(Step::Entry(self.index - 1)))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.decoder).map_err(|error| error.at(Step::Entry(self.index - 1)))
    }

    fn size_hint(&self) -> Option<usize> {
        self.hint(2)
    }
}

/// The fields of a struct: their names are in its shape.
#[derive(Debug)]
pub(super) struct Fields<'a, 'de, 't, 's> {
    decoder: &'a mut Decoder<'de, 't>,
    names: &'s [&'de str],
    name: &'de str,
}

impl<'a, 'de, 't, 's> Fields<'a, 'de, 't, 's> {
    pub(super) fn new(decoder: &'a mut Decoder<'de, 't>, names: &'s [&'de str]) -> Self {
        Self { decoder, names, name: "" }
    }

    /// Reads fields to their end.
    pub(super) fn one<T>(
        decoder: &'a mut Decoder<'de, 't>,
        names: &'s [&'de str],
        read: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut fields = Self::new(decoder, names);
        let value = read(&mut fields)?;
        fields.end()?;
        Ok(value)
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        if self.names.is_empty() { Ok(()) } else { Err(Error::new("it has more fields than are asked for")) }
    }
}

impl<'de> MapAccess<'de> for &mut Fields<'_, 'de, '_, '_> {
    type Error = Error;

    #[inline]
    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some((name, rest)) = self.names.split_first() else { return Ok(None) };
        (self.name, self.names) = (name, rest);
        seed.deserialize(BorrowedStrDeserializer::new(name)).map(Some)
    }

    #[inline]
    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(&mut *self.decoder).map_err(|error| error.in_field(self.name))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.names.len())
    }
}
