//! Receipts: what is remembered of an event that was given up.

use std::time::{Duration, SystemTime};

use checkpoint_core::MAX_POSITION;

use super::CannotDecode;
use super::error::invalid;
use super::number::{self, Reader};

/// The longest reason of a receipt, in bytes.
pub const MAX_REASON_BYTES: usize = 256;

/// What is remembered of an event that was skipped: nobody handled it, but the consumer went on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The position of the event.
    pub position: u64,
    /// Why it was skipped: at most [`MAX_REASON_BYTES`] bytes.
    pub reason: String,
    /// When it was skipped, to the millisecond.
    pub at: SystemTime,
    /// How often somebody tried to handle it.
    pub attempts: u32,
}

impl Receipt {
    /// A receipt as it will be stored: the reason is cut to [`MAX_REASON_BYTES`], the time to the millisecond. A time
    /// before 1970 becomes the first one of 1970.
    pub fn new(position: u64, reason: impl Into<String>, at: SystemTime, attempts: u32) -> Self {
        let mut reason = reason.into();
        reason.truncate(reason.floor_char_boundary(MAX_REASON_BYTES));
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds(at));
        Self { position, reason, at, attempts }
    }

    pub(super) fn encode(&self, bytes: &mut Vec<u8>) {
        let reason = &self.reason[..self.reason.floor_char_boundary(MAX_REASON_BYTES)];
        number::put(bytes, self.position);
        number::put(bytes, milliseconds(self.at));
        number::put(bytes, self.attempts.into());
        number::put_bytes(bytes, reason.as_bytes());
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, CannotDecode> {
        let position = reader.number()?;
        if position > MAX_POSITION {
            return invalid("a position is beyond 2^63 - 1");
        }
        let at = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(reader.number()?));
        let Some(at) = at else { return invalid("the time of a receipt is too far away") };
        let Ok(attempts) = u32::try_from(reader.number()?) else {
            return invalid("a receipt has more than 2^32 - 1 attempts");
        };
        let Ok(reason) = str::from_utf8(reader.bytes()?) else {
            return invalid("the reason of a receipt is not UTF-8");
        };
        Ok(Self { position, reason: reason.to_owned(), at, attempts })
    }
}

/// Milliseconds since 1970.
fn milliseconds(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
