//! The table in front of the values: the shapes of structs, and the names of variants.

use std::ops::Range;

use super::Error;
use super::pages::Pages;
use super::tree::Tree;
use crate::read::{Flaw, Reader};

/// What the table says, borrowed from it.
#[derive(Debug)]
pub(super) struct Table<'de> {
    /// Fields of all shapes, one shape after the other.
    fields: Vec<&'de str>,
    shapes: Vec<Range<usize>>,
    variants: Vec<&'de str>,
}

pub(super) fn write(shapes: &Tree, variants: &Tree) -> Vec<u8> {
    let mut table = Pages::default();
    table.number(shapes.paths().len());
    for names in shapes.paths() {
        let [name, fields @ ..] = &names[..] else { continue };
        table.text(name);
        table.number(fields.len());
        fields.iter().for_each(|field| table.text(field));
    }
    table.number(variants.paths().len());
    for names in variants.paths() {
        // The first one is the name of the enum.
        names.iter().skip(1).for_each(|name| table.text(name));
    }
    table.behind(&[])
}

impl<'de> Table<'de> {
    /// Takes at most 48 times the memory of the bytes: a name has at least one, and 16 here, in a vector that doubles.
    pub(super) fn read(bytes: &'de [u8]) -> Result<(Self, Reader<'de>), Error> {
        let mut reader = Reader { rest: bytes };
        let mut table = Self { fields: Vec::new(), shapes: Vec::new(), variants: Vec::new() };
        for _ in 0..reader.count()? {
            reader.text()?;
            let start = table.fields.len();
            table.read_fields(&mut reader)?;
            table.shapes.push(start..table.fields.len());
        }
        for _ in 0..reader.count()? {
            table.variants.push(reader.text()?);
        }
        Ok((table, reader))
    }

    fn read_fields(&mut self, reader: &mut Reader<'de>) -> Result<(), Flaw> {
        for _ in 0..reader.count()? {
            self.fields.push(reader.text()?);
        }
        Ok(())
    }

    /// The names of the fields of a shape.
    #[inline]
    pub(super) fn shape(&self, number: usize) -> Result<&[&'de str], Flaw> {
        let fields = self.shapes.get(number).and_then(|range| self.fields.get(range.clone()));
        fields.ok_or(Flaw::Invalid("the shape of a struct is unknown"))
    }

    pub(super) fn variant(&self, number: usize) -> Result<&'de str, Flaw> {
        self.variants.get(number).copied().ok_or(Flaw::Invalid("the name of a variant is unknown"))
    }
}
