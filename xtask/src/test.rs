use std::process::Command;

use crate::parts::{Parts, cargo, shown, succeeded};
use crate::servers::supervisor::{Output, Supervised};
use crate::servers::tally::{self, Tally};
use crate::servers::{Server, Servers, directory};

/// All tests, on those of the `wanted` servers that are there. A test whose server is not there says that it is skipped; nothing runs where
/// `CHECKPOINT_TEST_REQUIRE` names such a server.
pub(crate) fn run(parts: &mut Parts, wanted: &[Server]) {
    let Some(servers) = parts.time("servers", || Servers::start(wanted)) else { return };
    let mut tally = Tally::default();
    parts.time("tests", || run_on(&servers, &mut tally));
    parts.run("every order in which threads can meet", [loom()]);
    eprintln!("\n{}", servers.table(&tally));
}

fn run_on(servers: &Servers, tally: &mut Tally) -> Result<(), String> {
    let mut test = cargo("test --all-features --no-fail-fast");
    servers.lend(&mut test);
    let shown = shown(&test);
    eprintln!("+ {shown}");
    let directory = directory("tests")?;
    let file = directory.path().join("tally");
    test.env(tally::VARIABLE, &file);
    let failed = |error| format!("cannot run `{shown}`: {error}");
    let mut tests = Supervised::start(&test, "TERM", Output::Here, directory).map_err(failed)?;
    let status = tests.wait().map_err(failed)?;
    *tally = Tally::read(&file);
    succeeded(status, &shown)
}

/// What threads share in the commit engine, under loom. It is another build of all that is below, so in a directory of its own.
fn loom() -> Command {
    let mut test = cargo("test --quiet --release --package checkpoint-commit --lib --target-dir target/loom");
    test.env("RUSTFLAGS", "--cfg loom");
    test
}
