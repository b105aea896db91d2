//! Writes what consists of other values.

use serde::Serialize;
use serde::ser;

use super::encoder::Encoder;
use super::tree::ROOT;
use super::{Error, tag};

/// A list, tuple or map.
#[derive(Debug)]
pub(super) struct Compound<'a> {
    encoder: &'a mut Encoder,
    /// How many elements or entries are still to come, where it was said.
    left: Option<usize>,
}

impl<'a> Compound<'a> {
    pub(super) fn begin(encoder: &'a mut Encoder, tag: u8, open_tag: u8, length: Option<usize>) -> Result<Self, Error> {
        encoder.enter()?;
        if let Some(length) = length {
            encoder.pages.push(tag);
            encoder.pages.number(length);
        } else {
            encoder.pages.push(open_tag);
        }
        Ok(Self { encoder, left: length })
    }

    /// Writes what counts: an element, or the key of an entry.
    #[inline]
    fn next<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        if let Some(left) = &mut self.left {
            *left = left.checked_sub(1).ok_or_else(miscounted)?;
        }
        self.encoder.pages.turn();
        value.serialize(&mut *self.encoder)
    }

    #[inline]
    fn finish(self) -> Result<(), Error> {
        match self.left {
            None => self.encoder.pages.push(tag::END),
            Some(0) => {}
            Some(_) => return Err(miscounted()),
        }
        self.encoder.leave();
        Ok(())
    }
}

#[cold]
fn miscounted() -> Error {
    Error::new("its Serialize announces another number of elements than it writes, correct that")
}

impl ser::SerializeSeq for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeTuple for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeTupleVariant for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next(value)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.encoder)
    }

    fn end(self) -> Result<(), Error> {
        self.finish()
    }
}

/// A struct. Which shape it has is only known when all fields were there: so its first byte is left open until then.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    encoder: &'a mut Encoder,
    position: usize,
    node: usize,
}

impl<'a> Fields<'a> {
    #[inline]
    pub(super) fn begin(encoder: &'a mut Encoder, name: &'static str) -> Result<Self, Error> {
        encoder.enter()?;
        let position = encoder.pages.position();
        let node = encoder.shapes.child(ROOT, name);
        encoder.pages.push(tag::SHORT_STRUCT);
        Ok(Self { encoder, position, node })
    }

    #[inline]
    fn next<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.encoder.pages.turn();
        self.node = self.encoder.shapes.child(self.node, name);
        value.serialize(&mut *self.encoder)
    }

    #[inline]
    fn finish(self) {
        let shape = self.encoder.shapes.number(self.node);
        self.encoder.pages.set_shape(self.position, shape);
        self.encoder.leave();
    }
}

impl ser::SerializeStruct for Fields<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.next(name, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

impl ser::SerializeStructVariant for Fields<'_> {
    type Ok = ();
    type Error = Error;

    #[inline]
    fn serialize_field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        self.next(name, value)
    }

    #[inline]
    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}
