//! Models within models.

use std::collections::BTreeMap;
use std::sync::Arc;

use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Model, Plain, Reason};
use serde::{Deserialize, Serialize};

use crate::models::by_hand;

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Delay {
    minutes: i64,
}

impl Plain for Delay {
    const NAME: &'static str = "delay";
}

/// The same in hours as it was once.
#[derive(Clone, Debug, Default, PartialEq)]
struct Hours<const VERSION: u32>(i64);

impl<const V: u32> Model for Hours<V> {
    const NAME: &'static str = "hours";
    const VERSION: u32 = V;

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put("hours", self.0);
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        self.0 = bucket.integer("hours")?;
        Ok(())
    }

    fn migrate(version: u32, mut bucket: Bucket) -> Result<Option<Bucket>, CannotRestore> {
        let hours: i64 = bucket.integer("hours")?;
        bucket.put("hours", hours * 10);
        Ok((version == 1).then_some(bucket))
    }
}

/// Parts by key, and one that is another model.
#[derive(Debug, Default, PartialEq)]
struct Carriers<const VERSION: u32> {
    delays: BTreeMap<String, Delay>,
    hours: Hours<VERSION>,
}

impl<const V: u32> Model for Carriers<V> {
    const NAME: &'static str = "carriers";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.save_part("hours", &self.hours)?;
        let delays = bucket.part("delays");
        self.delays.iter().try_for_each(|(carrier, delay)| delays.save_part(carrier, delay))
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        bucket.restore_part("hours", &mut self.hours)?;
        let delays = bucket.bucket("delays")?;
        for carrier in delays.keys() {
            delays.restore_part(carrier, self.delays.entry(carrier.to_owned()).or_default())?;
        }
        Ok(())
    }
}

fn carriers<const V: u32>() -> Carriers<V> {
    let delays = [("AA", -4), ("UA", 31)].map(|(carrier, minutes)| (carrier.to_owned(), Delay { minutes }));
    Carriers { delays: delays.into(), hours: Hours(7) }
}

fn bucket() -> Bucket {
    let mut bucket = Bucket::new();
    carriers::<1>().save(&mut bucket).unwrap();
    bucket
}

fn message<const V: u32>(bucket: &Bucket) -> String {
    Carriers::<V>::default().restore(bucket).unwrap_err().to_string()
}

#[test]
fn parts_are_restored() {
    let mut restored = Carriers::<1>::default();
    restored.restore(&bucket()).unwrap();
    assert_eq!(restored, carriers());
}

#[test]
fn a_part_is_saved_in_place_of_what_has_its_key() {
    let mut bucket = bucket();
    bucket.part("hours").put("of before", 1);
    bucket.part("hours").part("content").put("of before", 1);
    carriers::<1>().save(&mut bucket).unwrap();
    assert_eq!(bucket, self::bucket());
    bucket.put("hours", 3);
    carriers::<1>().save(&mut bucket).unwrap();
    assert_eq!(bucket, self::bucket());
}

#[test]
fn a_part_that_is_missing_or_wrong_is_named() {
    let changed = |change: &dyn Fn(&mut Bucket)| {
        let mut bucket = bucket();
        change(&mut bucket);
        message::<1>(&bucket)
    };
    type Change = fn(&mut Bucket);
    let missing: [(Change, &str); 4] = [
        (|bucket| drop(bucket.remove("hours")), r#""hours" is missing"#),
        (|bucket| drop(bucket.remove("delays")), r#""delays" is missing"#),
        (|bucket| drop(bucket.part("hours").remove("content")), r#"hours: "content" is missing"#),
        (|bucket| drop(bucket.part("hours").remove("version")), r#"hours: "version" is missing"#),
    ];
    for (change, expected) in missing {
        let message = changed(&change);
        assert!(message.starts_with(expected), "{message}");
    }
    let untyped = changed(&|bucket| {
        bucket.part("delays").part("UA").part("content").put("value", "late");
    });
    assert!(untyped.starts_with(r#"delays/UA/content: "value" "#), "{untyped}");
    let range = changed(&|bucket| {
        bucket.part("hours").put("version", -1);
    });
    assert!(range.starts_with(r#"hours: "version" "#), "{range}");
    let other = changed(&|bucket| {
        bucket.part("hours").put("model", "delay");
    });
    assert!(other.starts_with(r#"it is of "delay", not of "hours""#), "{other}");
}

#[test]
fn a_part_migrates_by_itself() {
    let mut restored = Carriers::<2>::default();
    restored.restore(&bucket()).unwrap();
    assert_eq!(restored, Carriers { hours: Hours(70), ..carriers() });

    let mut saved = Bucket::new();
    carriers::<2>().save(&mut saved).unwrap();
    assert_eq!(message::<3>(&saved), r#"version 2 of "hours" has saved it, and version 3 does not migrate from that"#);
    let downgraded = message::<1>(&saved);
    assert!(downgraded.contains(r#"version 2 of "hours" has saved it, and this program knows versions up to 1"#));
    // A migration that finds something else names it.
    saved.part("hours").put("version", 1).part("content").put("hours", "seven");
    assert_eq!(message::<2>(&saved), r#"hours/content: "hours" is text, not an integer"#);
}

#[tokio::test]
async fn through_a_store() {
    let store = Arc::new(MemoryStore::new());
    let mut live = by_hand(&store).load(Carriers::<1>::default).await.unwrap();
    live.apply(1, |model| *model = carriers()).unwrap();
    live.save().await.unwrap();
    assert_eq!(by_hand(&store).load(Carriers::<1>::default).await.unwrap().model(), &carriers());
    let migrated = by_hand(&store).load(Carriers::<2>::default).await.unwrap();
    assert_eq!(migrated.model(), &Carriers { hours: Hours(70), ..carriers() });

    let mut live = by_hand(&store).generations(1).load(Carriers::<2>::default).await.unwrap();
    live.apply(2, |_| ()).unwrap();
    live.save().await.unwrap();
    let rejected = by_hand(&store).load(Carriers::<3>::default).await.unwrap();
    assert_eq!((rejected.resume_from(), rejected.model()), (None, &Carriers::default()));
    assert!(matches!(rejected.restored().rejected[0].reason, Reason::Restore(CannotRestore::NotMigrated { .. })));
}
