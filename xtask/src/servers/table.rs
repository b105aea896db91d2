//! What is printed at the end.

use std::fmt;

use super::tally::Tally;
use super::{How, Servers};

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Compose => "compose",
            Self::Environment => "environment",
            Self::Native => "native",
        })
    }
}

impl Servers {
    /// How each server was had, and how many tests ran there.
    pub(crate) fn table(&self, tally: &Tally) -> String {
        let rows = self.0.iter().map(|(server, running)| {
            let how = running.as_ref().map_or_else(|_| "not there".to_owned(), |running| running.how.to_string());
            row(server.name(), &how, &tally.tests(server.name()).to_string())
        });
        [row("server", "how", "tests")].into_iter().chain(rows).collect()
    }
}

fn row(server: &str, how: &str, tests: &str) -> String {
    format!("{server:10}{how:12}{tests:>6}\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Running, Server};
    use super::*;

    #[test]
    fn each_server_has_a_row() {
        let running = Running { how: How::Environment, variables: vec![], took: Duration::ZERO, _until_dropped: None };
        let absent = Err("no such program".to_owned());
        let servers = Servers(vec![(Server::Elastic, absent), (Server::Redis, Ok(running))]);
        let expected = "server    how          tests\n\
                        elastic   not there        0\n\
                        redis     environment      0\n";
        assert_eq!(servers.table(&Tally::default()), expected);
    }
}
