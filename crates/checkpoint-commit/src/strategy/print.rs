use std::fmt;

use super::units::{write_bytes, write_count, write_time};
use super::{Bounds, Rule};

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Age(age) => write_time(f, *age),
            Self::All(rules) => write_joined(f, rules, " and "),
            Self::Always => f.write_str("always"),
            Self::Any(rules) => write_joined(f, rules, " or "),
            Self::Bounded(bounds) => bounds.fmt(f),
            Self::Bytes(bytes) => write_bytes(f, *bytes),
            Self::Events(events) => write_count(f, *events, "event"),
            Self::Manual => f.write_str("manual"),
        }
    }
}

fn write_joined(f: &mut fmt::Formatter<'_>, rules: &[Rule], operator: &str) -> fmt::Result {
    for (index, rule) in rules.iter().enumerate() {
        if index > 0 {
            f.write_str(operator)?;
        }
        match rule {
            // Within `and` they must have parentheses, or the text would say something else; a bounded one is easier to
            // read in them. What is within `or` never is an `Any`.
            Rule::Any(_) | Rule::Bounded(_) => write!(f, "({rule})")?,
            _ => write!(f, "{rule}")?,
        }
    }
    Ok(())
}

/// As a strategy has it: `at most 1000 redelivered, 5s old, 10 writes/s`.
impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} redelivered, ", self.redelivered)?;
        write_time(f, self.age)?;
        let writes = self.writes_per_second;
        let noun = if writes.to_bits() == 1.0_f64.to_bits() { "write" } else { "writes" };
        write!(f, " old, {writes} {noun}/s")
    }
}
