use std::cmp::Reverse;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

/// The name of the followed file, and what the names of its rotated files have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Names<'a> {
    name: &'a [u8],
    /// The name without its last ending: `app` of `app.log`.
    stem: &'a [u8],
    /// The last ending with its dot, or nothing.
    ending: &'a [u8],
}

/// The order of rotated files that were changed at the same time: the older one first.
pub(crate) type Age = (Reverse<u64>, Vec<u8>);

impl<'a> Names<'a> {
    pub(crate) fn of(name: &'a OsStr) -> Self {
        let name = name.as_bytes();
        // a dot at the beginning hides a file and begins no ending
        let dot = memchr::memrchr(b'.', name).filter(|dot| *dot > 0).unwrap_or(name.len());
        Self { name, stem: &name[..dot], ending: &name[dot..] }
    }

    /// Whether `other` may be a copy of the file: `app.log.old`, `app-backup.log`, and every rotated name.
    pub(crate) fn is_alike(&self, other: &OsStr) -> bool {
        let other = other.as_bytes();
        other.starts_with(self.name) || (other.starts_with(self.stem) && other.ends_with(self.ending))
    }

    /// Whether `other` is what a rotation makes of the name: `app.log.1`, `app.log-20260101`, `app-2026-01-01.log` or
    /// `app.1.log`.
    pub(crate) fn is_rotated(&self, other: &OsStr) -> bool {
        self.stamp(other.as_bytes()).is_some()
    }

    /// Where `other` belongs among rotated files: `app.log.2` is older than `app.log.1`, `app.log-20260101` is older
    /// than `app.log-20260102`.
    pub(crate) fn age(&self, other: &OsStr) -> Age {
        let stamp = self.stamp(other.as_bytes()).unwrap_or_default();
        let digits: Vec<u8> = stamp.iter().copied().filter(u8::is_ascii_digit).collect();
        let number = std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse().ok());
        match number {
            Some(number) if digits.len() <= 4 => (Reverse(number), Vec::new()),
            _ => (Reverse(u64::MAX), stamp.to_vec()),
        }
    }

    /// The part that a rotation put in.
    fn stamp<'b>(&self, other: &'b [u8]) -> Option<&'b [u8]> {
        let suffix = other.strip_prefix(self.name);
        let infix = || other.strip_prefix(self.stem)?.strip_suffix(self.ending);
        suffix.filter(|stamp| is_stamp(stamp)).or_else(|| infix().filter(|stamp| is_stamp(stamp)))
    }
}

/// A separator, and then digits with what stands between the parts of a time.
fn is_stamp(text: &[u8]) -> bool {
    let [b'.' | b'-' | b'_', rest @ ..] = text else {
        return false;
    };
    let allowed = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'T' | b'Z');
    rest.iter().any(u8::is_ascii_digit) && rest.iter().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rotated(name: &str, other: &str) -> bool {
        Names::of(OsStr::new(name)).is_rotated(OsStr::new(other))
    }

    #[test]
    fn rotations_are_known_by_their_names() {
        for other in [
            "app.log.1",
            "app.log-20260101",
            "app.log.2026-01-01T00:00:00Z",
            "app-2026-01-01.log",
            "app.1.log",
            "app_20260101-120000.log",
        ] {
            assert!(rotated("app.log", other), "{other}");
        }
        assert!(rotated("syslog", "syslog.1"));
        assert!(rotated(".hidden", ".hidden.1"));
    }

    #[test]
    fn other_files_are_not_rotations() {
        for other in
            ["app.log", "app.log.1.gz", "app.log.gz", "app.log.old", "application.log.1", "app.log.", "app1.log", "1"]
        {
            assert!(!rotated("app.log", other), "{other}");
        }
        assert!(!rotated("syslog", "syslog1"));
    }

    #[test]
    fn copies_are_named_alike() {
        let names = Names::of(OsStr::new("app.log"));
        for other in ["app.log.1", "app.log.old", "app-backup.log", "app.log~"] {
            assert!(names.is_alike(OsStr::new(other)), "{other}");
        }
        for other in ["app.out", "other.log", "my-app.log"] {
            assert!(!names.is_alike(OsStr::new(other)), "{other}");
        }
    }

    #[test]
    fn numbers_count_back_and_dates_count_forward() {
        let names = Names::of(OsStr::new("app.log"));
        let mut others = ["app.log.1", "app.log.10", "app.log.2"];
        others.sort_by_key(|other| names.age(OsStr::new(other)));
        assert_eq!(others, ["app.log.10", "app.log.2", "app.log.1"]);
        let mut others = ["app.log-20260102", "app.log-20251231"];
        others.sort_by_key(|other| names.age(OsStr::new(other)));
        assert_eq!(others, ["app.log-20251231", "app.log-20260102"]);
    }
}
