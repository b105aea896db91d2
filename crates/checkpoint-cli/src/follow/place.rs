use std::hash::Hasher;

use checkpoint::{Bytes, CheckpointId};
use serde::{Deserialize, Serialize};
use siphasher::sip::SipHasher13;

use crate::error::{CliError, Result};

/// How much of a file's beginning tells it from another one, in bytes.
pub(crate) const HEAD_BYTES: usize = 1024;

/// The version of [`Place`] that we write.
const VERSION: u32 = 1;

/// What the id of the second record ends with.
const FILE_ID_SUFFIX: &str = "#file";

/// A hash of a file's first bytes: it holds for as long as the file only grows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// How many bytes it covers, 0 to [`HEAD_BYTES`].
    pub(crate) bytes: usize,
    /// SipHash-1-3 of them under the key 0, in hexadecimal.
    hash: String,
}

/// What a file is known by, under whatever name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Mark {
    pub(crate) inode: u64,
    pub(crate) fingerprint: Fingerprint,
}

/// Where a logical position lies: the state of the second record, `<id>#file`.
///
/// The physical offset in the file is the position minus `base`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Place {
    version: u32,
    /// The logical offset at which the file begins.
    pub(crate) base: u64,
    /// The file that is being read.
    pub(crate) file: Mark,
    /// The rotated files beside it that were there before it: they are not read.
    pub(crate) older: Vec<Mark>,
}

impl Fingerprint {
    /// Of all of `head`, the first bytes of a file.
    pub(crate) fn of(head: &[u8]) -> Self {
        let head = &head[..head.len().min(HEAD_BYTES)];
        Self { bytes: head.len(), hash: Self::hash(head) }
    }

    /// The same in every release and on every machine.
    pub(crate) fn hash(bytes: &[u8]) -> String {
        let mut hasher = SipHasher13::new();
        hasher.write(bytes);
        format!("{:016x}", hasher.finish())
    }

    /// Whether `head` may be the beginning of the same file, which can have grown.
    pub(crate) fn matches(&self, head: &[u8]) -> bool {
        head.get(..self.bytes).is_some_and(|covered| Self::of(covered) == *self)
    }
}

impl Mark {
    pub(crate) fn new(inode: u64, head: &[u8]) -> Self {
        Self { inode, fingerprint: Fingerprint::of(head) }
    }

    /// Whether a file with this inode and beginning is the marked one. The device is not asked for: files in one
    /// directory are on one device, and its number may change with a restart of the machine.
    pub(crate) fn is(&self, inode: u64, head: &[u8]) -> bool {
        self.inode == inode && self.fingerprint.matches(head)
    }
}

impl Place {
    pub(crate) fn new(base: u64, file: Mark, older: Vec<Mark>) -> Self {
        Self { version: VERSION, base, file, older }
    }

    pub(crate) fn to_state(&self) -> Bytes {
        serde_json::to_vec(self).expect("numbers and strings are JSON").into()
    }

    /// What the record `id` holds; `None` if its state is empty: it was claimed and never written.
    pub(crate) fn from_state(id: &CheckpointId, state: &[u8]) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        if state.is_empty() {
            return Ok(None);
        }
        let unreadable = |error: serde_json::Error| {
            CliError::because(format!("checkpoint {id:?} does not hold what follow keeps there"), &error)
        };
        let version = serde_json::from_slice::<Versioned>(state).map_err(unreadable)?.version;
        if version > VERSION {
            return Err(CliError::failed(format!(
                "checkpoint {id:?} was written by a newer release (format {version}, this one knows {VERSION}): update"
            )));
        }
        serde_json::from_slice(state).map(Some).map_err(unreadable)
    }
}

/// The id of the second record of `id`.
pub(crate) fn file_id(id: &CheckpointId) -> Result<CheckpointId> {
    let longest = CheckpointId::MAX_BYTES - FILE_ID_SUFFIX.len();
    if id.as_str().len() > longest {
        return Err(CliError::usage(format!(
            "the id of a followed file has at most {longest} bytes, this one has {}: {id:?}",
            id.as_str().len()
        )));
    }
    if id.as_str().ends_with(FILE_ID_SUFFIX) {
        return Err(CliError::usage(format!(
            "an id that ends in {FILE_ID_SUFFIX} is what follow keeps beside another one: {id:?}; use another id"
        )));
    }
    let file = CheckpointId::new(format!("{id}{FILE_ID_SUFFIX}"));
    file.map_err(|error| CliError::because(format!("checkpoint {id:?}"), &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> CheckpointId {
        CheckpointId::new(text).unwrap()
    }

    #[test]
    fn a_fingerprint_holds_while_the_file_grows() {
        let fingerprint = Fingerprint::of(b"one\n");
        assert!(fingerprint.matches(b"one\n"));
        assert!(fingerprint.matches(b"one\ntwo\n"));
        assert!(!fingerprint.matches(b"one"));
        assert!(!fingerprint.matches(b"two\none\n"));
        assert!(Fingerprint::of(b"").matches(b"anything"));
    }

    #[test]
    fn a_fingerprint_covers_the_first_kilobyte() {
        let mut long = vec![b'x'; 2000];
        let fingerprint = Fingerprint::of(&long);
        assert_eq!(fingerprint.bytes, HEAD_BYTES);
        long[1500] = b'y';
        assert!(fingerprint.matches(&long));
        long[1000] = b'y';
        assert!(!fingerprint.matches(&long));
    }

    #[test]
    fn the_hash_is_the_same_in_every_release() {
        assert_eq!(
            serde_json::to_string(&Place::new(7, Mark::new(3, b"a line\n"), Vec::new())).unwrap(),
            "{\"version\":1,\"base\":7,\"file\":{\"inode\":3,\"fingerprint\":{\"bytes\":7,\"hash\":\"62d4d487e9565975\"}},\
             \"older\":[]}"
        );
    }

    #[test]
    fn a_place_comes_back_as_it_was() {
        let place = Place::new(7, Mark::new(3, b"abc"), vec![Mark::new(4, b""), Mark::new(5, b"x")]);
        assert_eq!(Place::from_state(&id("a#file"), &place.to_state()).unwrap(), Some(place));
        assert_eq!(Place::from_state(&id("a#file"), b"").unwrap(), None);
    }

    #[test]
    fn what_we_do_not_understand_is_refused_by_name() {
        for (state, says) in [("{}", "does not hold"), ("{\"version\":2,\"new\":1}", "newer release")] {
            let refused = Place::from_state(&id("a#file"), state.as_bytes()).unwrap_err().to_string();
            assert!(refused.contains(says) && refused.contains("a#file"), "{refused}");
        }
    }

    #[test]
    fn the_second_id_must_fit() {
        assert_eq!(file_id(&id("a")).unwrap().as_str(), "a#file");
        assert!(file_id(&id(&"x".repeat(507))).is_ok());
        assert!(file_id(&id(&"x".repeat(508))).is_err());
        assert!(file_id(&id("a#file")).is_err());
    }
}
