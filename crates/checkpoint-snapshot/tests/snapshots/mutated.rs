//! Chunks and lists with other bytes in them, whose checksums are right: nothing panics, and no model is wrong that can be known to be.

use std::sync::Arc;

use checkpoint_core::Bytes;
use checkpoint_memory::MemoryStore;
use fastrand::Rng;

use crate::models::{Sum, by_hand};
use crate::tools::{load, plant, record, restored, save_at, split};

/// Changes as a disk or an attacker makes them.
fn mutate(bytes: &mut Vec<u8>, random: &mut Rng) {
    for _ in 0..random.usize(1..4) {
        let at = random.usize(..=bytes.len());
        match random.u8(..5) {
            0 if at < bytes.len() => bytes[at] = random.u8(..),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.u8(..8),
            2 => bytes.insert(at, random.u8(..)),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            _ => bytes.truncate(at),
        }
    }
}

/// What is between the version and the checksum is changed, and the checksum is made right.
fn resealed(snapshot: &[u8], random: &mut Rng) -> Bytes {
    let mut bytes = snapshot[5..snapshot.len() - 4].to_vec();
    mutate(&mut bytes, random);
    let bytes = [&snapshot[..5], &bytes].concat();
    let checksum = crc32fast::hash(&bytes).to_le_bytes();
    [&bytes[..], &checksum].concat().into()
}

#[tokio::test]
async fn changed_chunks() {
    let mut random = Rng::with_seed(1);
    let store = Arc::new(MemoryStore::new());
    save_at(&split(&store), [10, 20]).await;
    let names = ["~snapshot/sum/1/0", "~snapshot/sum/1/1", "~snapshot/sum/0/0"];
    let mut fallen_back = 0;
    for _ in 0..3_000 {
        let name = names[random.usize(..names.len())];
        let whole = record(&*store, name).await.state;
        let mut bytes = whole.to_vec();
        mutate(&mut bytes, &mut random);
        plant(&*store, name, bytes.clone()).await;
        let live = load(&split(&store)).await;
        assert!(bytes == whole || name.ends_with("0/0") || live.resume_from() == Some(10));
        fallen_back += u32::from(live.resume_from() == Some(10));
        plant(&*store, name, whole).await;
    }
    assert!(fallen_back > 1_000, "{fallen_back}");
}

/// With a checksum that is right nobody can know that the values are not. It must be read or rejected, and no more.
#[tokio::test]
async fn changed_snapshots_with_right_checksums() {
    const CHUNK: usize = 8; // magic, version and three numbers of one byte
    let mut random = Rng::with_seed(2);
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store), [10, 20]).await;
    let whole = record(&*store, "~snapshot/sum/1/0").await.state;
    let mut used = 0;
    for _ in 0..5_000 {
        let changed = [&whole[..CHUNK], &resealed(&whole[CHUNK..], &mut random)].concat();
        plant(&*store, "~snapshot/sum/1/0", changed).await;
        let live = by_hand(&store).load(Sum::default).await.unwrap();
        assert_eq!(live.resume_from(), Some(10 + 10 * u64::from(restored(&live).1.is_empty())));
        used += u32::from(live.resume_from() == Some(20));
    }
    assert!((50..4_000).contains(&used), "{used}: some changes are only to what a value is");
}

#[tokio::test]
async fn changed_lists_with_right_checksums() {
    let mut random = Rng::with_seed(3);
    let store = Arc::new(MemoryStore::new());
    save_at(&by_hand(&store), [10, 20]).await;
    let whole = record(&*store, "sum").await.state;
    let mut positions = [0; 3];
    for _ in 0..5_000 {
        plant(&*store, "sum", resealed(&whole, &mut random)).await;
        let live = load(&by_hand(&store)).await;
        let position = usize::try_from(live.resume_from().unwrap_or(0)).unwrap();
        positions[position / 10] += 1;
        let _answered = by_hand(&store).list().await;
    }
    assert!(positions.iter().all(|count| *count > 10), "{positions:?}");
}
