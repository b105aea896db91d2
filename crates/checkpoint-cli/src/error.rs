use std::error::Error as StdError;
use std::io::{self, Write as _};

/// What every part of the command returns.
pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

/// Why the command ends without having done what it was asked: the message for people, the exit code for scripts.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct CliError {
    exit: Exit,
    message: String,
}

/// The exit codes, other than 0 for done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something failed: the message says what.
    Failed,
    /// The command line asks for something that cannot be.
    Usage,
    /// COMMAND failed for good.
    GaveUp,
    /// Another `follow` claimed the id.
    Fenced,
}

impl CliError {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    pub(crate) fn gave_up(message: impl Into<String>) -> Self {
        Self { exit: Exit::GaveUp, message: message.into() }
    }

    pub(crate) fn fenced(message: impl Into<String>) -> Self {
        Self { exit: Exit::Fenced, message: message.into() }
    }

    /// A failure and what is behind it.
    pub(crate) fn because(what: impl AsRef<str>, cause: &dyn StdError) -> Self {
        Self::failed(format!("{}: {}", what.as_ref(), chain(cause)))
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) {
        // nobody is left to be told when standard error is closed
        let _ = writeln!(io::stderr(), "checkpoint: {self}");
    }

    /// The exit code for scripts.
    pub(crate) fn code(&self) -> u8 {
        match self.exit {
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::GaveUp => 3,
            Exit::Fenced => 4,
        }
    }

    #[cfg(test)]
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }
}

impl From<checkpoint::Error> for CliError {
    fn from(error: checkpoint::Error) -> Self {
        Self::failed(chain(&error))
    }
}

/// An error and its sources in one line.
pub(crate) fn chain(error: &dyn StdError) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        // some errors repeat their source in their own message
        if !line.contains(&cause_text) {
            line = format!("{line}: {cause_text}");
        }
        source = cause.source();
    }
    line
}

/// For what cannot be written to standard output.
#[expect(clippy::needless_pass_by_value, reason = "a function for map_err")]
pub(crate) fn cannot_print(error: io::Error) -> CliError {
    CliError::because("cannot write to standard output", &error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sources_are_part_of_the_message() {
        let error = checkpoint::Error::new(checkpoint::ErrorKind::Unavailable, "cannot write")
            .with_source(io::Error::other("no space left"));
        assert_eq!(CliError::from(error).to_string(), "cannot write: no space left");
    }
}
