//! Reads values. They describe themselves, so what a type asks for matters little: its visitor says what it accepts.

use serde::de::{Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::parts::{Entries, Fields, Length};
use super::table::Table;
use super::variant::{Unit, Variant};
use super::{Error, MAX_DEPTH, tag};
use crate::read::{Flaw, Reader};

#[derive(Debug)]
pub(super) struct Decoder<'de, 't> {
    reader: Reader<'de>,
    table: &'t Table<'de>,
    depth: usize,
}

impl<'de, 't> Decoder<'de, 't> {
    pub(super) fn new(reader: Reader<'de>, table: &'t Table<'de>) -> Self {
        Self { reader, table, depth: 0 }
    }

    pub(super) fn end(&self) -> Result<(), Error> {
        if self.reader.rest.is_empty() { Ok(()) } else { Err(Error::new("something follows behind its end")) }
    }

    /// How many bytes are left: no list has more elements.
    pub(super) fn left(&self) -> usize {
        self.reader.rest.len()
    }

    /// Whether what is open ends here.
    pub(super) fn at_end(&mut self) -> bool {
        let ends = self.reader.rest.first() == Some(&tag::END);
        if ends {
            self.reader.rest = &self.reader.rest[1..];
        }
        ends
    }

    /// Reads what can be in itself.
    #[inline]
    pub(super) fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::too_deep());
        }
        self.depth += 1;
        let value = read(self);
        self.depth -= 1;
        value
    }

    #[inline]
    fn integer(&mut self, length: u8) -> Result<u64, Flaw> {
        let length = usize::from(length) + 1;
        // The bytes that follow are cut off: eight of them are read in one step.
        if let Some(word) = self.reader.rest.first_chunk::<8>() {
            self.reader.rest = &self.reader.rest[length..];
            return Ok(u64::from_le_bytes(*word) & (u64::MAX >> (64 - 8 * length)));
        }
        let mut word = [0; 8];
        word[..length].copy_from_slice(self.reader.take(length)?);
        Ok(u64::from_le_bytes(word))
    }

    /// The next value, if it is an integer from 0 on. Types that ask for one have mostly that.
    #[inline]
    fn natural(&mut self) -> Result<Option<u64>, Flaw> {
        match self.reader.rest {
            [tag @ ..=tag::SMALL, rest @ ..] => {
                self.reader.rest = rest;
                Ok(Some((*tag).into()))
            }
            [tag @ tag::NATURAL..tag::NEGATIVE, rest @ ..] => {
                self.reader.rest = rest;
                self.integer(*tag - tag::NATURAL).map(Some)
            }
            _ => Ok(None),
        }
    }

    #[inline]
    fn text(&mut self, length: usize) -> Result<&'de str, Flaw> {
        crate::read::text(self.reader.take(length)?)
    }

    #[inline]
    fn shape(&mut self, tag: u8) -> Result<&'t [&'de str], Flaw> {
        let number = if tag == tag::STRUCT {
            usize::try_from(self.reader.number()?).unwrap_or(usize::MAX)
        } else {
            usize::from(tag - tag::SHORT_STRUCT)
        };
        self.table.shape(number)
    }

    fn variant(&mut self) -> Result<&'de str, Flaw> {
        let number = usize::try_from(self.reader.number()?).unwrap_or(usize::MAX);
        self.table.variant(number)
    }

    fn list<V: Visitor<'de>>(&mut self, length: Length, visitor: V) -> Result<V::Value, Error> {
        self.nested(|decoder| {
            let mut entries = Entries::new(decoder, length);
            let value = visitor.visit_seq(&mut entries)?;
            entries.end()?;
            Ok(value)
        })
    }

    fn map<V: Visitor<'de>>(&mut self, length: Length, visitor: V) -> Result<V::Value, Error> {
        self.nested(|decoder| {
            let mut entries = Entries::new(decoder, length);
            let value = visitor.visit_map(&mut entries)?;
            entries.end()?;
            Ok(value)
        })
    }

    #[inline]
    fn fields<V: Visitor<'de>>(&mut self, tag: u8, visitor: V) -> Result<V::Value, Error> {
        let shape = self.shape(tag)?;
        self.nested(|decoder| {
            let mut fields = Fields::new(decoder, shape);
            let value = visitor.visit_map(&mut fields)?;
            fields.end()?;
            Ok(value)
        })
    }

    /// What a type that asks for one kind does not mostly find. Apart, so that what it does find is inlined.
    #[cold]
    fn any<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    /// What is not frequent.
    fn other<V: Visitor<'de>>(&mut self, tag: u8, visitor: V) -> Result<V::Value, Error> {
        match tag {
            tag::NATURAL_128 => visitor.visit_u128(u128::from_le_bytes(self.reader.array()?)),
            tag::NEGATIVE_128 => match i128::try_from(u128::from_le_bytes(self.reader.array()?)) {
                Ok(number) => visitor.visit_i128(!number),
                Err(_) => Err(Flaw::Invalid("an integer is below -2^127").into()),
            },
            tag::NOTHING => visitor.visit_unit(),
            tag::SOME => self.nested(|decoder| visitor.visit_some(decoder)),
            tag::FALSE => visitor.visit_bool(false),
            tag::TRUE => visitor.visit_bool(true),
            tag::FLOAT_32 => visitor.visit_f32(f32::from_le_bytes(self.reader.array()?)),
            tag::BYTES => visitor.visit_borrowed_bytes(self.reader.bytes()?),
            tag::LIST => {
                let length = Length::Left(self.reader.count()?);
                self.list(length, visitor)
            }
            tag::MAP => {
                let length = Length::Left(self.reader.count()?);
                self.map(length, visitor)
            }
            tag::OPEN_LIST => self.list(Length::Open, visitor),
            tag::OPEN_MAP => self.map(Length::Open, visitor),
            tag::VARIANT => visitor.visit_borrowed_str(self.variant()?),
            tag::FULL_VARIANT => {
                let name = self.variant()?;
                self.nested(|decoder| Fields::one(decoder, &[name], |fields| visitor.visit_map(fields)))
            }
            _ => Err(Flaw::Invalid("the kind of a value is unknown").into()),
        }
    }
}

impl<'de> Deserializer<'de> for &mut Decoder<'de, '_> {
    type Error = Error;

    #[inline]
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let tag = self.reader.byte()?;
        match tag {
            ..=tag::SMALL => visitor.visit_u64(tag.into()),
            tag::NATURAL..tag::NEGATIVE => visitor.visit_u64(self.integer(tag - tag::NATURAL)?),
            tag::NEGATIVE..tag::NATURAL_128 => {
                let n = self.integer(tag - tag::NEGATIVE)?;
                match i64::try_from(n) {
                    Ok(number) => visitor.visit_i64(!number),
                    Err(_) => visitor.visit_i128(!i128::from(n)),
                }
            }
            tag::FLOAT_64 => visitor.visit_f64(f64::from_le_bytes(self.reader.array()?)),
            tag::SHORT_TEXT..tag::SHORT_STRUCT => {
                visitor.visit_borrowed_str(self.text(usize::from(tag - tag::SHORT_TEXT))?)
            }
            tag::TEXT => visitor.visit_borrowed_str(self.reader.text()?),
            tag::STRUCT | tag::SHORT_STRUCT..tag::VARIANT => self.fields(tag, visitor),
            _ => self.other(tag, visitor),
        }
    }

    #[inline]
    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.natural()? {
            Some(number) => visitor.visit_u64(number),
            None => self.any(visitor),
        }
    }

    #[inline]
    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    #[inline]
    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    #[inline]
    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_u64(visitor)
    }

    #[inline]
    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.reader.rest {
            [tag::FLOAT_64, rest @ ..] if rest.len() >= 8 => {
                self.reader.rest = rest;
                visitor.visit_f64(f64::from_le_bytes(self.reader.array()?))
            }
            _ => self.any(visitor),
        }
    }

    #[inline]
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.reader.rest.first() {
            Some(tag @ tag::SHORT_STRUCT..tag::VARIANT) => {
                self.reader.byte()?;
                self.fields(*tag, visitor)
            }
            _ => self.any(visitor),
        }
    }

    /// What is there and not nothing is some: so a field can become optional later.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.reader.rest.first() {
            Some(&tag::NOTHING) => {
                self.reader.byte()?;
                visitor.visit_none()
            }
            Some(&tag::SOME) => {
                self.reader.byte()?;
                self.nested(|decoder| visitor.visit_some(decoder))
            }
            _ => self.nested(|decoder| visitor.visit_some(decoder)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _name: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A text is a variant with nothing in it: so what was a text can become an enum later.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.reader.byte()? {
            tag::VARIANT => visitor.visit_enum(Unit(self.variant()?)),
            tag::FULL_VARIANT => {
                let name = self.variant()?;
                self.nested(|decoder| visitor.visit_enum(Variant { name, decoder }))
            }
            tag::TEXT => visitor.visit_enum(Unit(self.reader.text()?)),
            tag @ tag::SHORT_TEXT..tag::SHORT_STRUCT => {
                visitor.visit_enum(Unit(self.text(usize::from(tag - tag::SHORT_TEXT))?))
            }
            _ => Err(Error::new("it is not a variant of an enum")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i128 u8 u16 u128 f32 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        identifier ignored_any
    }
}
