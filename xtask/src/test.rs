use std::process::Command;

use crate::parts::{Parts, cargo};

/// The servers that tests need, each a profile of docker-compose.yml. A test whose server is not listed here says that it
/// is skipped; one whose server is listed fails without it.
const SERVERS: &[&str] = &[];

pub(crate) fn run(parts: &mut Parts) {
    for server in SERVERS {
        parts.run(&format!("start {server}"), [start(server)]);
    }
    let mut test = cargo("test --all-features --no-fail-fast");
    test.env("CHECKPOINT_TEST_REQUIRE", SERVERS.join(","));
    parts.run("tests", [test]);
}

fn start(server: &str) -> Command {
    let mut compose = Command::new("docker");
    compose.args(["compose", "--profile", server, "up", "--detach", "--wait"]);
    compose
}
