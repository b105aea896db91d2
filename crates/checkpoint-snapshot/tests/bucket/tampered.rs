//! Snapshots whose checksum is right, and whose content is not.

use bytes::Bytes;
use checkpoint_snapshot::format::{CannotDecode, MAX_DEPTH, decode};

use crate::memory::{MOST, allocated};

/// A snapshot of this content, from its flags on.
pub(crate) fn snapshot(content: &[u8]) -> Bytes {
    let bytes = [b"\xABSNP\x01", content].concat();
    let checksum = crc32fast::hash(&bytes);
    [&bytes[..], &checksum.to_le_bytes()].concat().into()
}

/// A bucket that says that it has so many entries.
fn bucket(entries: u64, content: &[u8]) -> Vec<u8> {
    [&[0, 0, 1], &entries.to_le_bytes()[..], content].concat()
}

fn message(content: &[u8]) -> String {
    decode(&snapshot(content)).unwrap_err().to_string()
}

#[test]
fn what_contradicts_itself_is_refused() {
    let last = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    let nested = [&[0, 9, 1, 0, 0, 0, 0, 0, 0, 0].repeat(MAX_DEPTH)[..], &[0, 9, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
    for (content, expected) in [
        (vec![4, 0, 1], "its flags are unknown"),
        (vec![0, 1, 0xFF, 1], "a text is not UTF-8"),
        (vec![0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F], "the version of its model is above 2^32 - 1"),
        ([&[2, 0, 1][..], &last, &[1]].concat(), "the snapshot was cut off"),
        (
            [&[2, 0, 1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1][..], &[0; 8]].concat(),
            "its position is above",
        ),
        (vec![0, 0x80, 0, 1], "a number has more bytes than it needs"),
        ([&[0, 0xFF], &last[..], &[1]].concat(), "a number has more than 64 bits"),
        (bucket(1, &[]), "cut off"),
        (bucket(u64::MAX, &[0, 0]), "cut off"),
        (bucket(0, &[0]), "something follows behind its end"),
        (bucket(2, &[0, 0, 0, 0]), "its keys are not in order"),
        (bucket(2, &[1, b'b', 0, 1, b'a', 0]), "its keys are not in order"),
        (bucket(1, &[0, 10]), "the kind of a value is unknown"),
        (bucket(1, &[1, 0xFF, 0]), "a text is not UTF-8"),
        (bucket(1, &[0, 5, 1, 0xFF]), "a text is not UTF-8"),
        (bucket(1, &[0, 7, 1, 0xFF]), "a text is not UTF-8"),
        (bucket(1, &[0, 3, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]), "an integer is below -2^63"),
        (bucket(1, &[0, 6, 5, 1, 2]), "cut off"),
        (bucket(1, &[&[0, 6], &last[..], &[1]].concat()), "cut off"),
        (bucket(1, &nested), "its parts are nested too deep"),
    ] {
        let message = message(&content);
        assert!(message.contains(expected), "{message} for {content:?}");
    }
}

/// A compressed bucket that announces these sizes.
fn bomb(bytes: u64, entries: u64, content: &[u8], padding: usize) -> Bytes {
    let compressed = zstd::bulk::compress(content, 1).unwrap();
    let mut snapshot_content = vec![1, 0, 1];
    for mut number in [bytes, entries, u64::try_from(compressed.len()).unwrap()] {
        while number >= 0x80 {
            snapshot_content.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        snapshot_content.push(number.to_le_bytes()[0]);
    }
    snapshot_content.extend(compressed);
    snapshot_content.extend(vec![0; padding]);
    snapshot(&snapshot_content)
}

/// What is a bucket of one text, and what it has in all.
fn long(length: u64) -> Vec<u8> {
    let content = bucket(1, &[0, 6, 0x80, 0x80, 0x40]);
    [&content[3..], &vec![b'a'; usize::try_from(length).unwrap()][..]].concat()
}

#[test]
fn bombs_are_refused_before_they_expand() {
    let content = long(1 << 20);
    let length = u64::try_from(content.len()).unwrap();
    let refused = |snapshot: &Bytes, expected: &str| {
        let (result, bytes) = allocated(|| decode(snapshot));
        let message = result.unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
        assert!(bytes <= MOST * snapshot.len(), "{bytes} for {}", snapshot.len());
    };
    refused(&bomb(length, 1, &content, 0), "its bucket would be too large for it");
    refused(&bomb(u64::MAX, u64::MAX, &content, 0), "its bucket would be too large for it");
    // Too small a size is announced, or too large a one.
    refused(&bomb(1_000, 1, &content, 0), "cannot be decompressed to the size that it announces");
    refused(&bomb(length + 1, 1, &content, 1 << 15), "cannot be decompressed to the size that it announces");
    refused(&bomb(length, 0, &content, 1 << 15), "it has more entries than it announces");
    refused(&bomb(length, 2, &content, 1 << 15), "it has fewer entries than it announces");
    // Entries that would take more memory than they have bytes.
    let flags: Vec<u8> = (0..100_u8).flat_map(|key| [1, key, 1]).collect();
    let flags = bucket(100, &flags)[3..].to_vec();
    refused(&bomb(flags.len().try_into().unwrap(), 100, &flags, 0), "its bucket would be too large for it");

    assert!(decode(&bomb(length, 1, &content, 1 << 15)).is_ok());
}

#[test]
fn only_zeros_fill_up() {
    let content = long(1 << 20);
    let mut bytes = bomb(content.len().try_into().unwrap(), 1, &content, 1 << 15).to_vec();
    bytes.truncate(bytes.len() - 4);
    *bytes.last_mut().unwrap() = 1;
    let error = decode(&snapshot(&bytes[5..])).unwrap_err();
    assert_eq!(error, CannotDecode::Invalid { what: "something follows behind its end" });
}
