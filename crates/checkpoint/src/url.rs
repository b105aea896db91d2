use std::borrow::Cow;
use std::path::PathBuf;

use checkpoint_core::{Error, ErrorKind, Operation, Result};
use percent_encoding::percent_decode_str;

/// A store URL, cut into its parts: `scheme:place?parameters`.
///
/// Somebody will put the URL of a database here, with its password. So no message quotes more than the scheme and a
/// parameter's name.
pub(crate) struct StoreUrl<'a> {
    pub(crate) scheme: &'a str,
    place: &'a str,
    parameters: Option<&'a str>,
}

impl<'a> StoreUrl<'a> {
    /// Cuts `url` up. Without a colon its scheme is empty, which is none of the known ones.
    pub(crate) fn parse(url: &'a str) -> Self {
        let (scheme, rest) = url.split_once(':').unwrap_or(("", url));
        let (place, parameters) = match rest.split_once('?') {
            Some((place, parameters)) => (place, Some(parameters)),
            None => (rest, None),
        };
        Self { scheme, place, parameters }
    }

    /// The place as a directory: after the scheme alone or after `//` and an empty host.
    pub(crate) fn directory(&self) -> Result<PathBuf> {
        self.check_parameters()?;
        let path = match self.place.strip_prefix("//") {
            Some(path) if !path.is_empty() && !path.starts_with('/') => {
                return Err(invalid(
                    "a file URL has no host: write file:DIR, or file:///DIR for an absolute directory",
                ));
            }
            Some(path) => path,
            None => self.place,
        };
        let decoded = percent_decode_str(path).decode_utf8();
        match decoded.map_err(|_| invalid("the directory of the file URL is not UTF-8 once its %XX are decoded"))? {
            Cow::Borrowed("") => Err(invalid("the file URL names no directory: write file:DIR")),
            directory => Ok(PathBuf::from(directory.into_owned())),
        }
    }

    /// Checks that nothing follows the scheme.
    pub(crate) fn bare(&self) -> Result<()> {
        self.check_parameters()?;
        match self.place {
            "" | "//" => Ok(()),
            _ => Err(invalid(format!("the store URL takes nothing after {:?}: write {}:", self.scheme, self.scheme))),
        }
    }

    /// The error of a scheme that is not among the `known` ones.
    pub(crate) fn unknown(&self, known: &[&str]) -> Error {
        let known = known.join(", ");
        // only before `//` is it surely a scheme: in `user:password@host` it is a user
        match self.place.starts_with("//") {
            true => invalid(format!("the store URL has the unknown scheme {:?}; known are {known}", self.scheme)),
            false => invalid(format!("the scheme of the store URL is not known; known are {known}")),
        }
    }

    fn check_parameters(&self) -> Result<()> {
        let Some(parameters) = self.parameters else {
            return Ok(());
        };
        let name = parameters.split_once('=').map_or("", |(name, _)| name);
        Err(invalid(format!("the {} URL has the unknown parameter {name:?}; there are no known ones", self.scheme)))
    }
}

fn invalid(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Invalid, message).with_operation(Operation::Open)
}
