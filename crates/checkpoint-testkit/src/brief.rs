//! Records and writes in messages: on one line, with the beginning of a long state only.

use std::fmt;

use checkpoint_core::{Record, Write};

pub(crate) struct Brief<'a, T: ?Sized>(pub(crate) &'a T);
pub(crate) struct BriefList<'a, T>(pub(crate) &'a [T]);

/// How many bytes of a state are shown, and how many entries of a list.
const SHOWN: usize = 24;

/// Where the next line of a message goes on, below the first.
pub(crate) const NEW_LINE: &str = "\n             ";

impl fmt::Display for Brief<'_, Record> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { checkpoint, epoch, owner, state, .. } = self.0;
        let (id, position) = (&checkpoint.id, checkpoint.position);
        write!(f, "{id:?} at {position:?}, epoch {epoch}, owner {owner:?}, state {}", Brief(&state[..]))
    }
}

impl fmt::Display for Brief<'_, Write> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Write { checkpoint, mode, epoch, state, .. } = self.0;
        let (id, position) = (&checkpoint.id, checkpoint.position);
        write!(f, "{id:?} to {position:?}, {mode:?}, epoch {epoch}, state {}", Brief(&state[..]))
    }
}

impl fmt::Display for Brief<'_, [u8]> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.0;
        match bytes.get(..SHOWN) {
            Some(beginning) => write!(f, "\"{}…\" ({} bytes)", beginning.escape_ascii(), bytes.len()),
            None => write!(f, "\"{}\"", bytes.escape_ascii()),
        }
    }
}

impl<'a, T> fmt::Display for BriefList<'a, T>
where
    Brief<'a, T>: fmt::Display,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.0.len())?;
        for entry in self.0.iter().take(SHOWN) {
            write!(f, "{NEW_LINE}{}", Brief(entry))?;
        }
        if self.0.len() > SHOWN { write!(f, "{NEW_LINE}…") } else { Ok(()) }
    }
}
