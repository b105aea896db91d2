//! How many tests ran on which server. The tests say it: see `integration_tests::servers`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Names the file to which a test appends a line when it uses a server: the server's name, a space, the test.
pub(crate) const VARIABLE: &str = "CHECKPOINT_TEST_TALLY";

/// The tests on each server, by its name.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<String, BTreeSet<String>>);

impl Tally {
    /// No tests have run where there is no such file.
    pub(crate) fn read(file: &Path) -> Self {
        fs::read_to_string(file).map(|lines| Self::parse(&lines)).unwrap_or_default()
    }

    fn parse(lines: &str) -> Self {
        let mut tally = Self::default();
        for (server, test) in lines.lines().filter_map(|line| line.split_once(' ')) {
            tally.0.entry(server.to_owned()).or_default().insert(test.to_owned());
        }
        tally
    }

    pub(crate) fn tests(&self, server: &str) -> usize {
        self.0.get(server).map_or(0, BTreeSet::len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_counts_once_on_each_server() {
        let tally = Tally::parse("redis open::a\nredis open::a\npostgres open::a\nredis open::b\n");
        assert_eq!((tally.tests("redis"), tally.tests("postgres"), tally.tests("mongo")), (2, 1, 0));
    }
}
