//! Numbers with units: bytes by hand, because the libraries for them round; times by jiff.

use std::fmt;
use std::time::Duration;

use jiff::fmt::friendly::{SpanParser, SpanPrinter};

/// What has two spellings is printed in the first. From large to small.
const SIZES: [(&str, u64); 10] = [
    ("GiB", 1 << 30),
    ("GB", 1_000_000_000),
    ("MiB", 1 << 20),
    ("MB", 1_000_000),
    ("KiB", 1 << 10),
    ("kB", 1_000),
    ("KB", 1_000),
    ("bytes", 1),
    ("byte", 1),
    ("B", 1),
];

/// How many bytes `unit` has; `None` where it is not a unit of bytes.
pub(super) fn size(unit: &str) -> Option<u64> {
    SIZES.iter().find(|(name, _)| *name == unit).map(|(_, size)| *size)
}

/// Exact: in the largest unit of which it is a whole number.
pub(super) fn write_bytes(f: &mut fmt::Formatter<'_>, bytes: u64) -> fmt::Result {
    match SIZES.iter().find(|(_, size)| bytes.is_multiple_of(*size)) {
        Some((unit, size)) if *size > 1 => write!(f, "{} {unit}", bytes / size),
        _ => write_count(f, bytes, "byte"),
    }
}

/// `1 event`, but `2 events`.
pub(super) fn write_count(f: &mut fmt::Formatter<'_>, count: u64, noun: &str) -> fmt::Result {
    write!(f, "{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `None` where it is not a time, or one that is too long.
pub(super) fn time(text: &str) -> Option<Duration> {
    SpanParser::new().parse_unsigned_duration(text).ok()
}

pub(super) fn is_time_unit(unit: &str) -> bool {
    time(&format!("1{unit}")).is_some()
}

/// Exact to the nanosecond, in a form that [`time`] reads.
pub(super) fn write_time(f: &mut fmt::Formatter<'_>, time: Duration) -> fmt::Result {
    f.write_str(&SpanPrinter::new().unsigned_duration_to_string(&time))
}
