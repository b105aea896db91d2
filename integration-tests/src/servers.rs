//! The databases that tests need. `cargo xtask test` starts them and says where they are.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fmt, thread};

/// Names of servers, with commas between them, without which tests fail.
const REQUIRE: &str = "CHECKPOINT_TEST_REQUIRE";

/// The file in which tests say what servers they use, one after the other.
const TALLY: &str = "CHECKPOINT_TEST_TALLY";

/// A database that tests need.
#[expect(clippy::exhaustive_enums, reason = "tests name each")]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Server {
    /// `CHECKPOINT_TEST_ELASTIC_URL`, such as `http://127.0.0.1:9200`.
    Elastic,
    /// `CHECKPOINT_TEST_MONGO_URL`, such as `mongodb://127.0.0.1:27017/?directConnection=true`. Where the server has
    /// transactions, `CHECKPOINT_TEST_MONGO_TRANSACTIONS` is 1.
    Mongo,
    /// `CHECKPOINT_TEST_POSTGRES_URL`, such as `postgres://checkpoint:checkpoint@127.0.0.1:5432/checkpoint`. The user is a
    /// superuser with a password.
    Postgres,
    /// `CHECKPOINT_TEST_REDIS_URL`, such as `redis://127.0.0.1:6379`.
    Redis,
}

impl Server {
    fn variable(self) -> String {
        format!("CHECKPOINT_TEST_{}_URL", self.to_string().to_uppercase())
    }
}

/// As in `CHECKPOINT_TEST_REQUIRE`.
impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Elastic => "elastic",
            Self::Mongo => "mongo",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        })
    }
}

/// Where a server is, or nothing, and a word on standard error, where the test that asks has to be skipped. The test counts
/// as run on this server: call it in the test itself, not in a thread that it starts.
///
/// # Panics
///
/// When the server is not there and `CHECKPOINT_TEST_REQUIRE` names it.
pub fn url(server: Server) -> Option<String> {
    let variable = server.variable();
    let url = env::var(&variable).ok().filter(|url| !url.is_empty());
    if url.is_some() {
        count(server);
        return url;
    }
    let required = env::var(REQUIRE).unwrap_or_default();
    assert!(!names(&required, server), "{variable} is not set and {REQUIRE} names {server}: run `cargo xtask test`");
    eprintln!("skipped: {variable} is not set; `cargo xtask test` starts the server");
    None
}

/// Whether transactions can be tested on the MongoDB server: it is a replica set.
pub fn mongo_has_transactions() -> bool {
    env::var("CHECKPOINT_TEST_MONGO_TRANSACTIONS").is_ok_and(|value| value == "1")
}

fn names(required: &str, server: Server) -> bool {
    required.split(',').any(|name| name.trim() == server.to_string())
}

fn count(server: Server) {
    if let Some(file) = env::var_os(TALLY) {
        append(Path::new(&file), server, &test()).expect("the file of CHECKPOINT_TEST_TALLY can be appended to");
    }
}

/// One write, since other processes append, too.
fn append(file: &Path, server: Server, test: &str) -> io::Result<()> {
    let line = format!("{server} {test}\n");
    File::options().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

/// A name for the test that runs now. Tests have threads that are named after them, unless they run one after the other: then
/// each call counts.
fn test() -> String {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let program = env::current_exe().unwrap_or_default();
    match thread::current().name() {
        None | Some("main") => format!("{} {}", program.display(), CALLS.fetch_add(1, Ordering::Relaxed)),
        Some(name) => format!("{} {name}", program.display()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_variable_is_named_after_its_server() {
        assert_eq!(Server::Elastic.variable(), "CHECKPOINT_TEST_ELASTIC_URL");
    }

    #[test]
    fn names_are_separated_by_commas() {
        assert!(names("postgres, elastic", Server::Elastic));
        assert!(!names("postgres,elasticsearch", Server::Elastic));
        assert!(!names("", Server::Elastic));
    }

    #[test]
    fn each_use_appends_a_line_that_names_the_test() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("tally");
        append(&file, Server::Redis, &test()).unwrap();
        append(&file, Server::Mongo, &test()).unwrap();
        let lines = fs::read_to_string(file).unwrap();
        let lines: Vec<_> = lines.lines().map(|line| line.split_once(' ').unwrap()).collect();
        assert_eq!(lines.iter().map(|(server, _)| *server).collect::<Vec<_>>(), ["redis", "mongo"]);
        assert!(lines[0].1.ends_with("each_use_appends_a_line_that_names_the_test") && lines[0].1 == lines[1].1);
    }
}
