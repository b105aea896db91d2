use checkpoint_core::{Error, ErrorKind, Operation, Result};

/// What the index is called if nothing is said: as Eventuous calls its own.
pub(crate) const DEFAULT_INDEX: &str = "checkpoint";

/// What the alias is called: the index and this.
const ALIAS_SUFFIX: &str = "-write";

/// The longest name that Elasticsearch takes, in bytes.
const MAX_BYTES: usize = 255;

/// The index, and the alias that every write goes through.
///
/// Elasticsearch creates an index that is missing when something is written to it, with a mapping of its own guess, also where
/// the write itself is refused. It does not where the write asks for an alias: so an index that was not set up, or was
/// dropped, stays missing, and no write needs a look first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(crate) index: String,
    pub(crate) alias: String,
}

impl Names {
    pub(crate) fn new(index: &str) -> Result<Self> {
        let alias = format!("{index}{ALIAS_SUFFIX}");
        let refused = |c: char| c.is_uppercase() || c.is_control() || " \\/*?\"<>|,#:".contains(c);
        let wrong = if index.is_empty() || index == "." || index == ".." {
            "it needs a name"
        } else if index.starts_with(['-', '_', '+']) {
            "it must not begin with -, _ or +"
        } else if index.contains(refused) {
            "it must be in lower case, without spaces and any of \\ / * ? \" < > | , # :"
        } else if alias.len() > MAX_BYTES {
            "it is too long: together with the -write of its alias it may have 255 bytes"
        } else {
            return Ok(Self { index: index.to_owned(), alias });
        };
        Err(Error::new(ErrorKind::Invalid, format!("{index:?} cannot be an index: {wrong}"))
            .with_operation(Operation::Open))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_elasticsearch_takes_is_taken() {
        for index in ["checkpoint", "a", "größe-1_2", "a.b", &"x".repeat(249)] {
            let names = Names::new(index).unwrap();
            assert_eq!((names.index.as_str(), names.alias), (index, format!("{index}-write")));
        }
    }

    #[test]
    fn what_it_refuses_is_invalid_before_anything_is_sent() {
        let long = "x".repeat(250);
        for index in ["", ".", "..", "-a", "_a", "+a", "A", "a b", "a/b", "a*", "a,b", "a#b", "a:b", "a\n", &long] {
            let refused = Names::new(index).unwrap_err();
            assert_eq!((refused.kind(), refused.operation()), (ErrorKind::Invalid, Some(Operation::Open)), "{index:?}");
        }
    }
}
