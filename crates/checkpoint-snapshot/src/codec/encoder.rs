//! Writes values.

use bytes::Bytes;
use serde::Serialize;
use serde::ser::Serializer;

use super::compound::{Compound, Fields};
use super::pages::Pages;
use super::tree::{ROOT, Tree};
use super::{Error, MAX_DEPTH, table, tag};
use crate::number::{lowest_byte, wide};

#[derive(Debug, Default)]
pub(super) struct Encoder {
    pub(super) pages: Pages,
    /// The shapes of structs: below a struct's name its fields, one below the other.
    pub(super) shapes: Tree,
    /// The variants of enums, below the enum's name.
    variants: Tree,
    depth: usize,
    /// Behind the last `Some`: what stands here is in it.
    some: Option<usize>,
}

impl Encoder {
    pub(super) fn finish(self) -> Bytes {
        let table = table::write(&self.shapes, &self.variants);
        self.pages.behind(&table).into()
    }

    /// Whatever can be in itself is entered and left again.
    #[inline]
    pub(super) fn enter(&mut self) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::too_deep());
        }
        self.depth += 1;
        Ok(())
    }

    #[inline]
    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// `n` as it is, or for −1 − n.
    #[inline]
    fn integer(&mut self, tag: u8, n: u64) {
        let zeros = usize::try_from(n.leading_zeros() / 8).expect("at most 8");
        let length = (8 - zeros).max(1);
        self.pages.tagged(tag + lowest_byte(wide(length - 1)), n, length);
    }

    fn integer_128(&mut self, tag: u8, n: u128) {
        self.pages.push(tag);
        self.pages.extend(&n.to_le_bytes());
    }

    /// Nothing and `Some` of nothing would be the same bytes: so what is in a `Some` and could be nothing is marked.
    fn mark_some(&mut self) {
        if self.some == Some(self.pages.position()) {
            self.pages.push(tag::SOME);
        }
    }

    fn nothing(&mut self) {
        self.mark_some();
        self.pages.push(tag::NOTHING);
    }

    fn variant(&mut self, tag: u8, name: &'static str, variant: &'static str) {
        let node = self.variants.child(ROOT, name);
        let node = self.variants.child(node, variant);
        self.pages.push(tag);
        let number = self.variants.number(node);
        self.pages.number(number);
    }
}

impl<'a> Serializer for &'a mut Encoder {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Compound<'a>;
    type SerializeMap = Compound<'a>;
    type SerializeStruct = Fields<'a>;
    type SerializeStructVariant = Fields<'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.pages.push(if value { tag::TRUE } else { tag::FALSE });
        Ok(())
    }

    fn serialize_i8(self, value: i8) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Error> {
        self.serialize_i64(value.into())
    }

    #[inline]
    fn serialize_i64(self, value: i64) -> Result<(), Error> {
        match u64::try_from(value) {
            Ok(natural) => self.serialize_u64(natural),
            Err(_) => {
                self.integer(tag::NEGATIVE, (!value).unsigned_abs());
                Ok(())
            }
        }
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        match (i64::try_from(value), u128::try_from(value)) {
            (Ok(narrow), _) => return self.serialize_i64(narrow),
            (_, Ok(natural)) => return self.serialize_u128(natural),
            _ => self.integer_128(tag::NEGATIVE_128, (!value).unsigned_abs()),
        }
        Ok(())
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    #[inline]
    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        if value <= tag::SMALL.into() {
            self.pages.push(lowest_byte(value));
        } else {
            self.integer(tag::NATURAL, value);
        }
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        match u64::try_from(value) {
            Ok(narrow) => self.serialize_u64(narrow)?,
            Err(_) => self.integer_128(tag::NATURAL_128, value),
        }
        Ok(())
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.pages.tagged(tag::FLOAT_32, value.to_bits().into(), 4);
        Ok(())
    }

    #[inline]
    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        self.pages.tagged(tag::FLOAT_64, value.to_bits(), 8);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    #[inline]
    fn serialize_str(self, value: &str) -> Result<(), Error> {
        if value.len() < tag::SHORTS {
            self.pages.push(tag::SHORT_TEXT + lowest_byte(wide(value.len())));
            self.pages.extend(value.as_bytes());
        } else {
            self.pages.push(tag::TEXT);
            self.pages.text(value);
        }
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        self.pages.push(tag::BYTES);
        self.pages.number(value.len());
        self.pages.extend(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.nothing();
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.enter()?;
        self.mark_some();
        self.some = Some(self.pages.position());
        value.serialize(&mut *self)?;
        self.leave();
        Ok(())
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.nothing();
        Ok(())
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), Error> {
        self.nothing();
        Ok(())
    }

    fn serialize_unit_variant(self, name: &'static str, _index: u32, variant: &'static str) -> Result<(), Error> {
        self.variant(tag::VARIANT, name, variant);
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _name: &'static str, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.enter()?;
        self.variant(tag::FULL_VARIANT, name, variant);
        value.serialize(&mut *self)?;
        self.leave();
        Ok(())
    }

    fn serialize_seq(self, length: Option<usize>) -> Result<Compound<'a>, Error> {
        Compound::begin(self, tag::LIST, tag::OPEN_LIST, length)
    }

    fn serialize_tuple(self, length: usize) -> Result<Compound<'a>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_struct(self, _name: &'static str, length: usize) -> Result<Compound<'a>, Error> {
        self.serialize_seq(Some(length))
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        length: usize,
    ) -> Result<Compound<'a>, Error> {
        self.variant(tag::FULL_VARIANT, name, variant);
        self.serialize_seq(Some(length))
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Compound<'a>, Error> {
        Compound::begin(self, tag::MAP, tag::OPEN_MAP, length)
    }

    fn serialize_struct(self, name: &'static str, _length: usize) -> Result<Fields<'a>, Error> {
        Fields::begin(self, name)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        _index: u32,
        variant: &'static str,
        _length: usize,
    ) -> Result<Fields<'a>, Error> {
        self.variant(tag::FULL_VARIANT, name, variant);
        Fields::begin(self, variant)
    }
}
