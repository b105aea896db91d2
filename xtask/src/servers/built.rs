//! Servers that are built from sources in `test-servers`, once.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;

use super::interrupt;
use super::native::directory;
use super::supervisor::{Output, PAUSE, Supervised};

/// Where the sources of a server are.
pub(super) fn sources(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("test-servers").join(name)
}

/// Builds a server with the command that `build` makes, given the directory into which to build, and returns that directory.
/// Does nothing where that was done from the same files, which are those of `sources` that are named.
pub(super) fn build<Build>(name: &str, files: &[&str], build: Build) -> Result<PathBuf, String>
where
    Build: FnOnce(&Path) -> Result<Command, String>,
{
    let output = target().join("test-servers").join(name);
    once(&output, &read(&sources(name), files)?, || run(&build(&output)?))?;
    Ok(output)
}

/// Calls `build` with an empty directory `output`, unless that was done with the same input. Others wait for it.
fn once(output: &Path, input: &str, build: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", output.display());
    fs::create_dir_all(output).map_err(failed)?;
    let _locked = lock(&output.with_extension("lock"))?;
    let stamp = output.join("built-from");
    if fs::read_to_string(&stamp).is_ok_and(|built_from| built_from == input) {
        return Ok(());
    }
    fs::remove_dir_all(output).and_then(|()| fs::create_dir(output)).map_err(failed)?;
    build()?;
    fs::write(stamp, input).map_err(failed)
}

/// Until the file is dropped.
fn lock(path: &Path) -> Result<File, String> {
    let failed = |error| format!("{}: {error}", path.display());
    let file = File::create(path).map_err(failed)?;
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
            Err(TryLockError::WouldBlock) if interrupt::requested() => return Err("interrupted".to_owned()),
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
        }
    }
}

fn run(command: &Command) -> Result<(), String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |error| format!("cannot run {program}: {error}");
    let mut process = Supervised::start(command, "TERM", Output::Log, directory("build")?).map_err(failed)?;
    let status = process.wait().map_err(failed)?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{program} cannot build it ({status}); it said:{}", process.last_lines())),
    }
}

fn read(directory: &Path, files: &[&str]) -> Result<String, String> {
    let read = |file: &&str| {
        let path = directory.join(file);
        fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
    };
    files.iter().map(read).collect()
}

/// Cargo's directory for what is built.
fn target() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("");
    root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn starts_at_once_build_once_and_again_for_other_sources() {
        let directory = tempfile::tempdir().unwrap();
        let (output, builds) = (directory.path().join("server"), AtomicUsize::new(0));
        let build = |input: &str| {
            let count = || {
                builds.fetch_add(1, Ordering::Relaxed);
                fs::write(output.join("program"), input).map_err(|error| error.to_string())
            };
            once(&output, input, count).unwrap();
            assert_eq!(fs::read_to_string(output.join("program")).unwrap(), input);
        };
        thread::scope(|threads| (0..8).for_each(|_| drop(threads.spawn(|| build("old")))));
        assert_eq!(builds.load(Ordering::Relaxed), 1);
        build("new");
        assert_eq!(builds.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn what_failed_is_built_again() {
        let directory = tempfile::tempdir().unwrap();
        let output = directory.path().join("server");
        once(&output, "", || Err("no network".to_owned())).unwrap_err();
        let mut built = false;
        once(&output, "", || {
            built = true;
            Ok(())
        })
        .unwrap();
        assert!(built);
    }

    #[test]
    fn the_sources_are_there() {
        assert!(sources("mongo").join("go.sum").is_file());
        assert!(sources("elasticsearch").join("pom.xml").is_file());
    }
}
