//! The text form:
//!
//! ```text
//! strategy   = conditions { "or" conditions }
//! conditions = part { "and" part }
//! part       = "(" strategy ")" | "always" | "manual" | bounds | count "events" | count size | time
//! bounds     = "at most" count "redelivered" "," time "old" "," decimal "writes" "/" "s"
//! ```

use std::str::FromStr;
use std::time::Duration;

use super::cursor::Cursor;
use super::error::Fault;
use super::units::{is_time_unit, size, time};
use super::{Bounds, InvalidStrategy, Rule, Strategy};

/// Parsing is recursive: this keeps a hostile text from exhausting the stack.
const MAX_DEPTH: usize = 32;

const PART: &str = "a number above zero, `always`, `manual`, `at most` or `(`";
const COUNT: &str = "a whole number from 1 to 18446744073709551615";
const SIZE: &str = "a whole number above zero, of less than 2^64 bytes in all";
const WRITES: &str = "a number of writes a second, such as 10 or 0.5";
const TIME: &str = "a time above zero, with the largest unit first";
const UNIT: &str =
    "a unit: `events`; `h`, `m`, `s`, `ms`, `us` or `ns`; `bytes`, `kB`, `KiB`, `MB`, `MiB`, `GB` or `GiB`";
const TIME_UNIT: &str = "a unit of time: `h`, `m`, `s`, `ms`, `us` or `ns`";

const EXAMPLE: &str = "100 events or 5s";
const EXAMPLE_BYTES: &str = "1 MiB or 10s";
const EXAMPLE_NESTED: &str = "(100 events or 1 MiB) and 1s";
const EXAMPLE_TIME: &str = "1m 30s";
const EXAMPLE_BOUNDS: &str = "at most 1000 redelivered, 5s old, 10 writes/s";

impl FromStr for Strategy {
    type Err = InvalidStrategy;

    fn from_str(text: &str) -> Result<Self, InvalidStrategy> {
        let mut parser = Parser { cursor: Cursor::new(text, 0), depth: 0 };
        parser.whole().map(Self).map_err(|fault| InvalidStrategy::new(text, fault))
    }
}

struct Parser<'a> {
    cursor: Cursor<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn whole(&mut self) -> Result<Rule, Fault> {
        let rule = self.strategy()?;
        if self.cursor.token().is_empty() { Ok(rule) } else { Err(self.fault("`or`, `and` or the end", EXAMPLE)) }
    }

    fn strategy(&mut self) -> Result<Rule, Fault> {
        let mut rule = self.conditions()?;
        while self.cursor.accept("or") {
            rule = rule.or(self.conditions()?);
        }
        Ok(rule)
    }

    fn conditions(&mut self) -> Result<Rule, Fault> {
        let mut rule = self.part()?;
        while self.cursor.accept("and") {
            rule = rule.and(self.part()?);
        }
        Ok(rule)
    }

    fn part(&mut self) -> Result<Rule, Fault> {
        if self.cursor.is_at_number() {
            return self.threshold();
        }
        match self.cursor.token() {
            "(" => self.parentheses(),
            "always" => Ok(self.word(Rule::Always)),
            "at" => self.bounds(),
            "manual" => Ok(self.word(Rule::Manual)),
            _ => Err(self.fault(PART, EXAMPLE)),
        }
    }

    fn word(&mut self, rule: Rule) -> Rule {
        self.cursor.step();
        rule
    }

    fn parentheses(&mut self) -> Result<Rule, Fault> {
        if self.depth == MAX_DEPTH {
            return Err(self.fault("at most 32 parentheses within each other", EXAMPLE_NESTED));
        }
        self.depth += 1;
        self.cursor.step();
        let rule = self.strategy()?;
        self.depth -= 1;
        if self.cursor.accept(")") { Ok(rule) } else { Err(self.fault("`or`, `and` or `)`", EXAMPLE_NESTED)) }
    }

    fn threshold(&mut self) -> Result<Rule, Fault> {
        let mut unit = self.cursor;
        unit.step();
        if matches!(unit.token(), "event" | "events") {
            let events = self.count(1, COUNT, EXAMPLE)?;
            self.cursor.step();
            return Ok(Rule::Events(events));
        }
        if let Some(size) = size(unit.token()) {
            let bytes = self.count(size, SIZE, EXAMPLE_BYTES)?;
            self.cursor.step();
            return Ok(Rule::Bytes(bytes));
        }
        self.time(UNIT, EXAMPLE).map(Rule::Age)
    }

    fn bounds(&mut self) -> Result<Rule, Fault> {
        self.cursor.step();
        self.expect("most", "`most`")?;
        let redelivered = self.count(1, COUNT, EXAMPLE_BOUNDS)?;
        self.expect("redelivered", "`redelivered`")?;
        self.expect(",", "`,` and the age")?;
        let age = self.time(TIME_UNIT, EXAMPLE_BOUNDS)?;
        self.expect("old", "`old`")?;
        self.expect(",", "`,` and the writes a second")?;
        let offset = self.cursor.offset();
        let bounds = Bounds { redelivered, age, writes_per_second: self.writes_per_second()? };
        match bounds.flaw() {
            Some(expected) => Err(Fault { offset, expected, example: EXAMPLE_BOUNDS }),
            None => Ok(Rule::Bounded(bounds)),
        }
    }

    fn writes_per_second(&mut self) -> Result<f64, Fault> {
        // Floats have words too, such as `nan`: they are no numbers here.
        let number = Some(self.cursor).filter(|cursor| cursor.is_at_number());
        let writes = number.and_then(|number| number.token().parse().ok()).ok_or(self.fault(WRITES, EXAMPLE_BOUNDS))?;
        self.cursor.step();
        if !self.cursor.accept("write") {
            self.expect("writes", "`writes/s`")?;
        }
        self.expect("/", "`/s`")?;
        self.expect("s", "`s`")?;
        Ok(writes)
    }

    /// A whole number of units, of which each has `size`.
    fn count(&mut self, size: u64, expected: &'static str, example: &'static str) -> Result<u64, Fault> {
        let number: Option<u64> = self.cursor.token().parse().ok();
        match number.and_then(|number| number.checked_mul(size)) {
            None | Some(0) => Err(self.fault(expected, example)),
            Some(count) => {
                self.cursor.step();
                Ok(count)
            }
        }
    }

    /// One number with a unit or several, such as `1m 30s`.
    fn time(&mut self, units: &'static str, example: &'static str) -> Result<Duration, Fault> {
        let start = self.cursor;
        if !start.is_at_number() {
            return Err(self.fault(TIME, example));
        }
        while self.cursor.is_at_number() {
            self.cursor.step();
            if !is_time_unit(self.cursor.token()) {
                return Err(self.fault(units, example));
            }
            self.cursor.step();
        }
        time(self.cursor.since(start)).filter(|time| !time.is_zero()).ok_or(Fault {
            offset: start.offset(),
            expected: TIME,
            example: EXAMPLE_TIME,
        })
    }

    fn expect(&mut self, token: &str, expected: &'static str) -> Result<(), Fault> {
        if self.cursor.accept(token) { Ok(()) } else { Err(self.fault(expected, EXAMPLE_BOUNDS)) }
    }

    fn fault(&self, expected: &'static str, example: &'static str) -> Fault {
        Fault { offset: self.cursor.offset(), expected, example }
    }
}
