//! A Java development kit that is new enough.

use std::path::{Path, PathBuf};
use std::{env, fs};

/// Elasticsearch needs it.
const OLDEST: u32 = 21;

/// Where Linux and macOS keep theirs.
const INSTALLED: [&str; 2] = ["/usr/lib/jvm", "/Library/Java/JavaVirtualMachines"];

/// The directory of a kit: of `JAVA_HOME`, of the compiler on the path, or the newest that is installed.
pub(super) fn home() -> Result<PathBuf, String> {
    let said = env::var_os("JAVA_HOME").map(PathBuf::from);
    let found = said.into_iter().chain(on_path()).find(|home| version(home) >= Some(OLDEST));
    let missing =
        || format!("there is no Java development kit {OLDEST} or newer: install one, or start a container engine");
    found.or_else(|| newest(INSTALLED.iter().flat_map(|directory| homes(directory)))).ok_or_else(missing)
}

fn on_path() -> Option<PathBuf> {
    let compiler = fs::canonicalize(which::which("javac").ok()?).ok()?;
    Some(compiler.parent()?.parent()?.to_owned())
}

fn homes(directory: &str) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    entries.flat_map(|path| [path.join("Contents/Home"), path])
}

fn newest(homes: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let versions = homes.filter_map(|home| Some((version(&home)?, home)));
    versions.filter(|(version, _)| *version >= OLDEST).max().map(|(_, home)| home)
}

/// The version of a development kit; a directory without a compiler is none.
fn version(home: &Path) -> Option<u32> {
    home.join("bin/javac").is_file().then(|| parse(&fs::read_to_string(home.join("release")).ok()?))?
}

/// `JAVA_VERSION="21.0.4"` among other lines.
fn parse(release: &str) -> Option<u32> {
    let version = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION=\""))?;
    version.split(['.', '"', '-', '+']).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_first_number() {
        assert_eq!(parse("IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"21.0.4\"\n"), Some(21));
        assert_eq!(parse("JAVA_VERSION=\"25\""), Some(25));
        assert_eq!(parse("JAVA_VERSION=\"1.8.0_402\""), Some(1));
        assert_eq!(parse("OS_NAME=\"Linux\""), None);
    }

    #[test]
    fn the_newest_that_is_new_enough_and_can_compile_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let install = |name: &str, compiler: bool| {
            let home = directory.path().join(name);
            fs::create_dir_all(home.join("bin")).unwrap();
            fs::write(home.join("release"), format!("JAVA_VERSION=\"{name}.0.1\"")).unwrap();
            if compiler {
                fs::write(home.join("bin/javac"), "").unwrap();
            }
        };
        let newest = || newest(homes(directory.path().to_str().unwrap()));
        install("17", true);
        install("99", false);
        assert_eq!(newest(), None);
        install("21", true);
        install("25", true);
        assert_eq!(newest(), Some(directory.path().join("25")));
    }
}
