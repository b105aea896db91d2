//! Where the table is: names that are checked once and then quoted wherever they are used.

use std::fmt;

use checkpoint_core::{Error, ErrorKind, Operation, Result};

use crate::STORE;

/// The longest name, in bytes: PostgreSQL cuts longer ones short.
const MAX_BYTES: usize = 63;

/// The name of a schema, a table or a column: taken literally, and shown in quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// Checks the name of a `what`, such as "schema".
    pub(crate) fn new(what: &str, name: impl Into<String>) -> Result<Self> {
        let name = name.into();
        let wrong = if name.is_empty() {
            "must not be empty".to_owned()
        } else if name.len() > MAX_BYTES {
            format!("has at most {MAX_BYTES} bytes, this one has {}", name.len())
        } else if name.chars().any(char::is_control) {
            format!("must not contain control characters: {name:?}")
        } else {
            return Ok(Self(name));
        };
        let message = format!("the name of the {what} {wrong}");
        Err(Error::new(ErrorKind::Invalid, message).with_store(STORE).with_operation(Operation::Open))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.replace('"', "\"\""))
    }
}

/// The table, in a schema or in the first schema of the connection's search path that has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) schema: Option<Name>,
    pub(crate) name: Name,
}

impl Table {
    /// As SQL has it, within a text in quotes.
    pub(crate) fn literal(&self) -> String {
        format!("'{}'", self.to_string().replace('\'', "''"))
    }
}

impl Default for Table {
    fn default() -> Self {
        Self { schema: None, name: Name("checkpoints".to_owned()) }
    }
}

/// As SQL has it.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.schema {
            Some(schema) => write!(f, "{schema}.{}", self.name),
            None => self.name.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted() {
        let schema = Some(Name::new("schema", "my \"own\"").unwrap());
        let table = Table { schema, name: Name::new("table", "it's").unwrap() };
        assert_eq!(table.to_string(), r#""my ""own"""."it's""#);
        assert_eq!(table.literal(), r#"'"my ""own"""."it''s"'"#);
        assert_eq!(Table::default().to_string(), r#""checkpoints""#);
    }

    #[test]
    fn a_bad_name_is_invalid() {
        for name in ["", "a\0b", "a\nb", &"x".repeat(64)] {
            let error = Name::new("table", name).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Invalid, "{name:?}");
            assert!(error.to_string().starts_with("postgres store, open: the name of the table "), "{error}");
        }
    }
}
