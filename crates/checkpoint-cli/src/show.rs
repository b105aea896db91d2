use std::io::{self, Write as _};
use std::time::SystemTime;

use checkpoint::Record;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// A record as other programs read it.
#[derive(Serialize)]
struct Json<'a> {
    id: &'a str,
    position: Option<u64>,
    epoch: u64,
    owner: Option<&'a str>,
    state_bytes: usize,
    updated_at: Option<String>,
}

/// One JSON object and a newline.
pub(crate) fn json_line(record: &Record) -> String {
    let json = Json {
        id: record.checkpoint.id.as_str(),
        position: record.checkpoint.position,
        epoch: record.epoch,
        owner: record.owner.as_deref(),
        state_bytes: record.state.len(),
        updated_at: record.updated_at.map(time),
    };
    serde_json::to_string(&json).expect("strings and numbers are JSON") + "\n"
}

const HEADINGS: [&str; 6] = ["ID", "POSITION", "EPOCH", "OWNER", "STATE", "UPDATED"];

/// One record as the cells of a table.
pub(crate) type Row = [String; 6];

pub(crate) fn row(record: &Record) -> Row {
    [
        printable(record.checkpoint.id.as_str()),
        record.checkpoint.position.map_or_else(|| "-".to_owned(), |position| position.to_string()),
        record.epoch.to_string(),
        record.owner.as_deref().map_or_else(|| "-".to_owned(), printable),
        format!("{} B", record.state.len()),
        record.updated_at.map_or_else(|| "-".to_owned(), time),
    ]
}

/// A record as lines of name and value.
pub(crate) fn block(record: &Record) -> String {
    HEADINGS.iter().zip(row(record)).map(|(heading, cell)| format!("{:<10}{cell}\n", heading.to_lowercase())).collect()
}

/// Rows below each other, the numbers to the right. Empty without rows.
pub(crate) fn table(rows: &[Row]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let headings = HEADINGS.map(str::to_owned);
    let all = || std::iter::once(&headings).chain(rows);
    let widths: [usize; 6] = std::array::from_fn(|column| all().map(|row| row[column].width()).max().unwrap_or(0));
    let mut text = String::new();
    for row in all() {
        let cells: Vec<String> = (0..row.len()).map(|column| cell(&row[column], column, widths[column])).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cell(text: &str, column: usize, width: usize) -> String {
    let padding = " ".repeat(width.saturating_sub(text.width()));
    match column {
        1 | 2 | 4 => padding + text,
        _ => text.to_owned() + &padding,
    }
}

/// Text that cannot do anything to a terminal: characters that steer it (line and paragraph separators, and those that
/// change the direction of writing) are shown as escapes.
pub(crate) fn printable(text: &str) -> String {
    let steers = |c: char| {
        c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().map(|c| if steers(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// Says a line on standard error; whose loss changes nothing.
pub(crate) fn say(line: &str) {
    let _ = writeln!(io::stderr(), "checkpoint: {line}");
}

/// RFC 3339 in UTC, to the second or finer where there is more.
pub(crate) fn time(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map_or_else(|_| "out of range".to_owned(), |timestamp| timestamp.to_string())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use checkpoint::{Checkpoint, CheckpointId};

    use super::*;

    fn record(id: &str, position: Option<u64>) -> Record {
        Record::new(Checkpoint::new(CheckpointId::new(id).unwrap(), position))
    }

    #[test]
    fn json_has_every_field_also_when_nothing_is_known() {
        assert_eq!(
            json_line(&record("a\"b", None)),
            "{\"id\":\"a\\\"b\",\"position\":null,\"epoch\":0,\"owner\":null,\"state_bytes\":0,\"updated_at\":null}\n"
        );
    }

    #[test]
    fn json_positions_are_exact_and_times_are_utc() {
        let mut record = record("a", Some(9_223_372_036_854_775_807));
        record.updated_at = Some(SystemTime::UNIX_EPOCH + Duration::from_micros(1_500_000));
        let line = json_line(&record);
        assert!(line.contains("\"position\":9223372036854775807,"), "{line}");
        assert!(line.contains("\"updated_at\":\"1970-01-01T00:00:01.5Z\""), "{line}");
    }

    #[test]
    fn tables_are_aligned_by_what_is_seen() {
        let table = table(&[row(&record("東京", Some(5))), row(&record("plain", Some(1234)))]);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "ID     POSITION  EPOCH  OWNER  STATE  UPDATED");
        assert_eq!(lines[1], "東京          5      0  -        0 B  -");
        assert_eq!(lines[2], "plain      1234      0  -        0 B  -");
    }

    #[test]
    fn nothing_steers_the_terminal() {
        assert_eq!(printable("a\u{202e}b\u{1b}"), "a\\u{202e}b\\u{1b}");
    }
}
