//! Models that change, and models that look whether they can be used.

use std::sync::Arc;

use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Bucket, BucketError, CannotRestore, Check, Live, Model, Problem, Reason, SaveError};

use crate::models::by_hand;

/// Counts events; version 1 had the count below another key, and version 2 nothing that can be used.
#[derive(Debug, Default, PartialEq)]
struct Count<const VERSION: u32> {
    events: u64,
}

const OLD_KEY: &str = "n";
const KEY: &str = "events";

impl<const V: u32> Model for Count<V> {
    const NAME: &'static str = "count";
    const VERSION: u32 = V;

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put(if V == 1 { OLD_KEY } else { KEY }, self.events);
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        self.events = bucket.integer(if V == 1 { OLD_KEY } else { KEY })?;
        Ok(())
    }

    fn migrate(version: u32, mut bucket: Bucket) -> Result<Option<Bucket>, CannotRestore> {
        if version != 1 {
            return Ok(None);
        }
        let events: u64 = bucket.integer(OLD_KEY)?;
        bucket.remove(OLD_KEY);
        bucket.put(KEY, events);
        Ok(Some(bucket))
    }
}

/// Handles one more event, and saves.
async fn count_on<const V: u32>(store: &Arc<MemoryStore>) -> Live<Count<V>> {
    let mut live = by_hand(store).load(Count::<V>::default).await.unwrap();
    let next = live.resume_from().unwrap_or(0) + 1;
    live.apply(next, |count| count.events += 1).unwrap();
    live.save().await.unwrap();
    assert_eq!(live.model().events, live.resume_from().unwrap());
    live
}

#[tokio::test]
async fn an_older_version_is_migrated() {
    let store = Arc::new(MemoryStore::new());
    for _ in 0..3 {
        count_on::<1>(&store).await;
    }
    let live = count_on::<3>(&store).await;
    assert_eq!(live.model().events, 4);
    let kept = by_hand(&store).list().await.unwrap();
    assert_eq!((kept[0].version, kept[1].version), (3, 1));
    assert_eq!(count_on::<3>(&store).await.model().events, 5);
}

#[tokio::test]
async fn a_version_that_is_not_migrated_is_made_anew() {
    let store = Arc::new(MemoryStore::new());
    for _ in 0..3 {
        count_on::<2>(&store).await;
    }
    let live = by_hand(&store).load(Count::<3>::default).await.unwrap();
    assert_eq!((live.resume_from(), live.model()), (None, &Count::default()));
    for rejected in &live.restored().rejected {
        let reason = &rejected.reason;
        assert!(matches!(reason, Reason::Restore(CannotRestore::NotMigrated { found: 2, known: 3, .. })), "{reason}");
        assert_eq!(
            reason.to_string(),
            r#"version 2 of "count" has saved it, and version 3 does not migrate from that"#
        );
    }
    assert_eq!(live.restored().rejected.len(), 2);
}

/// After a downgrade the snapshot of the older version is used, as long as it is kept.
#[tokio::test]
async fn a_downgrade_goes_back_to_the_older_version() {
    let store = Arc::new(MemoryStore::new());
    count_on::<1>(&store).await;
    count_on::<3>(&store).await;
    let live = by_hand(&store).load(Count::<1>::default).await.unwrap();
    assert_eq!((live.resume_from(), live.model().events), (Some(1), 1));
    let reason = &live.restored().rejected[0].reason;
    assert!(matches!(reason, Reason::Restore(CannotRestore::Newer { found: 3, known: 1, .. })), "{reason}");
}

#[tokio::test]
async fn a_migration_that_fails_names_the_key() {
    #[derive(Default)]
    struct Old;
    impl Model for Old {
        const NAME: &'static str = "count";
        fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
            bucket.put(OLD_KEY, "seven");
            Ok(())
        }
        fn restore(&mut self, _bucket: &Bucket) -> Result<(), CannotRestore> {
            Ok(())
        }
    }
    let store = Arc::new(MemoryStore::new());
    let mut live = by_hand(&store).load(Old::default).await.unwrap();
    live.apply(1, |_| ()).unwrap();
    live.save().await.unwrap();
    let live = by_hand(&store).load(Count::<3>::default).await.unwrap();
    let reason = &live.restored().rejected[0].reason;
    assert_eq!(reason.to_string(), r#""n" is text, not an integer"#);
}

/// Is valid up to a limit that is not its own.
#[derive(Debug)]
struct Checked {
    events: u64,
    valid_up_to: u64,
    accepted_up_to: u64,
}

impl Model for Checked {
    const NAME: &'static str = "checked";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        bucket.put("events", self.events);
        Ok(())
    }

    fn restore(&mut self, bucket: &Bucket) -> Result<(), CannotRestore> {
        self.events = bucket.integer("events")?;
        if self.events > self.accepted_up_to {
            return Err(CannotRestore::new(format!("{} are too many", self.events)));
        }
        Ok(())
    }

    async fn check(&self) -> Check {
        tokio::task::yield_now().await;
        if self.events > self.valid_up_to { Check::Rebuild("the table is gone".to_owned()) } else { Check::Valid }
    }
}

async fn checked(valid_up_to: u64, accepted_up_to: u64) -> Live<Checked> {
    let store = Arc::new(MemoryStore::new());
    let initial = |valid_up_to, accepted_up_to| move || Checked { events: 0, valid_up_to, accepted_up_to };
    let mut live = by_hand(&store).load(initial(9, 9)).await.unwrap();
    for position in 1..=2 {
        live.apply(position, |model| model.events += 1).unwrap();
        live.save().await.unwrap();
    }
    by_hand(&store).load(initial(valid_up_to, accepted_up_to)).await.unwrap()
}

#[tokio::test]
async fn a_check_that_wants_to_rebuild_falls_back() {
    for valid_up_to in 0..3 {
        let live = checked(valid_up_to, 9).await;
        assert_eq!((live.resume_from().unwrap_or(0), live.model().events), (valid_up_to, valid_up_to));
        let rejected = &live.restored().rejected;
        assert_eq!(u64::try_from(rejected.len()).unwrap(), 2 - valid_up_to);
        for rejected in rejected {
            assert!(matches!(&rejected.reason, Reason::Check(why) if why == "the table is gone"));
            assert_eq!(rejected.reason.to_string(), "the model's check says: the table is gone");
        }
    }
}

#[tokio::test]
async fn a_model_that_does_not_accept_what_it_finds() {
    for accepted_up_to in 0..3 {
        let live = checked(9, accepted_up_to).await;
        assert_eq!((live.resume_from().unwrap_or(0), live.model().events), (accepted_up_to, accepted_up_to));
        if let Some(rejected) = live.restored().rejected.first() {
            assert_eq!(rejected.reason.to_string(), "what was saved is not accepted: 2 are too many");
        }
    }
}

/// Cannot be saved every other time.
#[derive(Debug, Default)]
struct Unwilling {
    is_willing: bool,
}

impl Model for Unwilling {
    const NAME: &'static str = "unwilling";

    fn save(&self, bucket: &mut Bucket) -> Result<(), BucketError> {
        if self.is_willing {
            return Ok(());
        }
        bucket.put_json("json", &std::collections::HashMap::from([([1_u8], 1)])).map(drop)
    }

    fn restore(&mut self, _bucket: &Bucket) -> Result<(), CannotRestore> {
        Ok(())
    }
}

#[tokio::test]
async fn a_model_that_cannot_be_saved_is_tried_again() {
    let store = Arc::new(MemoryStore::new());
    let mut live = by_hand(&store).load(Unwilling::default).await.unwrap();
    live.apply(1, |_| ()).unwrap();
    let error = live.save().await.unwrap_err();
    let SaveError::Bucket(wrong) = &error else { panic!("{error}") };
    assert!(matches!((wrong.key(), wrong.problem()), ("json", Problem::Content(_))), "{error}");
    assert_eq!((live.status().unsaved, live.status().ended), (1, None));
    assert!(by_hand(&store).list().await.unwrap().is_empty());
    live.model_mut().is_willing = true;
    live.save().await.unwrap();
    assert_eq!(live.status().unsaved, 0);
}
