//! Why a value cannot be written or read.

use std::fmt::{Display, Write};

use serde::de::{Expected, Unexpected};

use crate::read::Flaw;

/// Names the field, and what was wrong there. Boxed, as it stands in every result of a hot path.
#[derive(Debug)]
pub(crate) struct Error(Box<Inner>);

#[derive(Debug)]
struct Inner {
    what: String,
    /// From the innermost to the outermost.
    path: Vec<Step>,
}

/// A step on the way to a value. Keys of maps are data, and may be secret: they are counted and not named.
#[derive(Debug)]
pub(super) enum Step {
    Entry(usize),
    Field(String),
    Index(usize),
}

impl Error {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(Box::new(Inner { what: what.into(), path: Vec::new() }))
    }

    pub(super) fn too_deep() -> Self {
        Self::new(format!("it is nested deeper than {} values", super::MAX_DEPTH))
    }

    #[cold]
    pub(super) fn in_field(self, name: &str) -> Self {
        self.at(Step::Field(name.to_owned()))
    }

    #[cold]
    pub(super) fn at(mut self, step: Step) -> Self {
        self.0.path.push(step);
        self
    }
}

impl From<Flaw> for Error {
    #[cold]
    fn from(flaw: Flaw) -> Self {
        match flaw {
            Flaw::CutOff => Self::new("it was cut off"),
            Flaw::Invalid(what) => Self::new(what),
        }
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, step) in self.0.path.iter().rev().enumerate() {
            match step {
                Step::Entry(entry) => write!(f, "[entry {entry}]")?,
                Step::Field(field) if index == 0 => f.write_str(field)?,
                Step::Field(field) => write!(f, ".{field}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        if !self.0.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.0.what)
    }
}

impl std::error::Error for Error {}

impl serde::ser::Error for Error {
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }
}

impl serde::de::Error for Error {
    #[cold]
    fn custom<T: Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    #[cold]
    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("it is {}, not {expected}", kind(found)))
    }

    #[cold]
    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("{} does not fit, expected {expected}", kind(found)))
    }
}

/// What was found, without its value.
fn kind(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(_) => "a bool".to_owned(),
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "an integer".to_owned(),
        Unexpected::Float(_) => "a float".to_owned(),
        Unexpected::Char(_) | Unexpected::Str(_) => "text".to_owned(),
        Unexpected::Bytes(_) => "bytes".to_owned(),
        Unexpected::Unit | Unexpected::Option => "nothing".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map or struct".to_owned(),
        other => {
            let mut name = String::new();
            write!(name, "{other}").expect("a string takes everything");
            name
        }
    }
}
