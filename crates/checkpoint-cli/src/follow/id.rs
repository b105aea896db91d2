use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use checkpoint::CheckpointId;

use super::place::{Fingerprint, file_id};

/// The id of a file that the user gave none: `follow:` and its absolute path. Where that is not allowed (too long, or
/// not plain text) it is what can be kept of the path's end, and a hash of the whole of it.
pub(crate) fn default_id(absolute: &Path) -> CheckpointId {
    let whole = absolute.to_str().and_then(|path| CheckpointId::new(format!("follow:{path}")).ok());
    whole.filter(|id| file_id(id).is_ok()).unwrap_or_else(|| shortened(absolute))
}

/// The most characters of the path in a shortened id: at most 4 bytes each.
const KEPT: usize = 100;

fn shortened(absolute: &Path) -> CheckpointId {
    let path = absolute.as_os_str().to_string_lossy();
    let plain: Vec<char> = path.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    let end: String = plain[plain.len().saturating_sub(KEPT)..].iter().collect();
    let hash = Fingerprint::hash(absolute.as_os_str().as_bytes());
    CheckpointId::new(format!("follow:…{end}~{hash}")).expect("it is short and without control characters")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::*;

    #[test]
    fn a_path_is_its_own_id() {
        assert_eq!(default_id(Path::new("/var/log/app.log")).as_str(), "follow:/var/log/app.log");
    }

    #[test]
    fn a_path_that_is_no_id_is_told_from_others_by_a_hash() {
        let long = |last: &str| format!("/{}/{last}", "x".repeat(600));
        let ids = [
            default_id(Path::new(&long("a"))),
            default_id(Path::new(&format!("/y{}", long("a")))),
            default_id(Path::new("/a\nb")),
            default_id(Path::new(OsStr::from_bytes(b"/a\xffb"))),
            default_id(Path::new("/log#file")),
        ];
        for (n, id) in ids.iter().enumerate() {
            assert!(file_id(id).is_ok(), "{id}");
            assert!(ids[..n].iter().all(|other| other != id), "{id}");
        }
    }
}
