//! Random lives of a model: whatever happens, what is restored is what the events up to its position make of it.

use std::iter::repeat_n;
use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::{CheckpointStore, Operation};
use checkpoint_memory::MemoryStore;
use checkpoint_testkit::{Fault, FaultyStore};
use proptest::prelude::*;
use tokio::time::timeout;

use crate::models::{Sum, handle, plant, split, whole};

#[derive(Clone, Debug)]
enum Step {
    Handle(u64),
    Save,
    /// The process is killed in a save, at this write.
    Die(usize),
    /// The write of this number fails in this way.
    Fail(usize, Fault),
    /// A byte of one of the records is flipped, and the process starts again.
    Damage {
        record: usize,
        byte: usize,
    },
    Rewind(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop::sample::select(vec![
        Fault::Refuse,
        Fault::LoseCall,
        Fault::LoseAnswer,
        Fault::HangBefore,
        Fault::HangAfter,
    ]);
    prop_oneof![
        4 => (1..5_u64).prop_map(Step::Handle),
        4 => Just(Step::Save),
        2 => (0..12_usize).prop_map(Step::Die),
        2 => (0..12_usize, fault).prop_map(|(at, fault)| Step::Fail(at, fault)),
        2 => (0..12_usize, 0..100_usize).prop_map(|(record, byte)| Step::Damage { record, byte }),
        1 => (0..40_u64).prop_map(Step::Rewind),
    ]
}

async fn live_through(steps: Vec<Step>) {
    let memory = Arc::new(MemoryStore::new());
    let store = Arc::new(FaultyStore::new(Arc::clone(&memory)));
    let snapshots = split(&store);
    let mut live = snapshots.load(Sum::default).await.unwrap();
    for step in steps {
        match step {
            Step::Handle(events) => {
                let last = live.resume_from().unwrap_or(0) + events;
                handle(&mut live, last);
                continue;
            }
            Step::Save => {
                live.save().await.unwrap();
                continue;
            }
            Step::Fail(at, fault) => {
                store.script(Operation::Write, repeat_n(Fault::None, at).chain([fault]));
                let _either = live.save().await;
                store.script(Operation::Write, []);
                continue;
            }
            Step::Die(at) => {
                store.script(Operation::Write, repeat_n(Fault::None, at).chain([Fault::HangAfter]));
                let _killed = timeout(Duration::from_secs(1), live.save()).await;
                store.script(Operation::Write, []);
            }
            Step::Damage { record, byte } => {
                let mut records = memory.list("~", None, 100).await.unwrap();
                records.extend(memory.list("", None, 100).await.unwrap());
                let record = records.swap_remove(record % records.len());
                let mut state = record.state.to_vec();
                if let Some(byte) = byte.checked_rem(state.len()) {
                    state[byte] ^= 1;
                    plant(&memory, record.checkpoint.id.as_str(), state).await;
                }
            }
            Step::Rewind(position) => {
                let fits = snapshots.list().await.is_ok();
                assert_eq!(snapshots.rewind(Some(position)).await.is_ok(), fits);
            }
        }
        drop(live);
        live = snapshots.load(Sum::default).await.unwrap();
        whole(&live);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn what_is_restored_is_right(steps in prop::collection::vec(step(), 1..25)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(live_through(steps));
    }
}
