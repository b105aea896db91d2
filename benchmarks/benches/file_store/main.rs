//! The file store next to a bare append and sync of the same bytes, and next to SQLite and redb.
//!
//! `cargo bench --bench file_store`, or with a word after `--`: only the measurements whose name has it.

#![expect(clippy::print_stdout, reason = "it is a report")]

mod contestants;
mod open;
mod size;

use std::sync::LazyLock;

use benchmarks::compare;
use contestants::{Bare, File, Redb, Sqlite};
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));

const ROUNDS: usize = 30;

fn main() {
    if open::is_only_open() {
        return;
    }
    let only = std::env::args().skip(1).find(|argument| !argument.starts_with("--")).unwrap_or_default();
    let measurements: [(&str, fn()); 5] = [
        ("single", single),
        ("tasks", tasks),
        ("batch", batch),
        ("open", open::a_million_ids),
        ("size", size::of_the_log),
    ];
    for (_, measure) in measurements.into_iter().filter(|(name, _)| name.contains(&only)) {
        measure();
    }
}

fn single() {
    let (bare, file, sqlite, redb) = (Bare::new(1), File::new(), Sqlite::new(), Redb::new());
    let contestants = vec![bare.contestant(), file.single("file store"), sqlite.contestant(1), redb.contestant(1)];
    compare("one durable write (reference: append and fdatasync of the same bytes)", ROUNDS, contestants);
}

fn tasks() {
    let (one, many) = (File::new(), File::new());
    compare("64 tasks at once (reference: one)", ROUNDS, vec![one.tasks(1), many.tasks(64)]);
}

fn batch() {
    let (bare, file, sqlite, redb) = (Bare::new(1_000), File::new(), Sqlite::new(), Redb::new());
    let contestants = vec![bare.contestant(), file.batch(1_000), sqlite.contestant(1_000), redb.contestant(1_000)];
    compare(
        "1,000 records in one durable write (reference: append and fdatasync of the same bytes)",
        ROUNDS,
        contestants,
    );
}
