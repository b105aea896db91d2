use std::iter;
use std::process::Command;

use crate::packages::Package;
use crate::parts::{Parts, cargo};

pub(crate) fn run(parts: &mut Parts) {
    let packages = Package::all();
    parts.run("format", [cargo("fmt --all --check")]);
    parts.run("clippy, per crate", packages.iter().map(clippy));
    parts.run("each crate and each feature alone", packages.iter().flat_map(alone));
    parts.run("documentation", [doc()]);
}

fn clippy(package: &Package) -> Command {
    strict(&format!("--package {} --all-targets --all-features", package.name))
}

/// The crate without features, then with each of them: what builds in the workspace may do so only because another
/// crate turns a feature on.
fn alone(package: &Package) -> impl Iterator<Item = Command> {
    let bare = format!("--package {} --no-default-features", package.name);
    let each = package.features().map(|feature| format!("{bare} --features {feature}")).collect::<Vec<_>>();
    iter::once(bare).chain(each).map(|selection| strict(&selection))
}

/// Clippy, which checks as `cargo check` does and can fail on warnings without building all dependencies again.
fn strict(selection: &str) -> Command {
    cargo(&format!("clippy --quiet {selection} -- -D warnings"))
}

fn doc() -> Command {
    let mut doc = cargo("doc --quiet --workspace --no-deps --all-features");
    doc.env("RUSTDOCFLAGS", "-D warnings");
    doc
}
