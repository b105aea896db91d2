//! Anything that can happen, in any order: the model that is restored is always that of all events up to its position.

use std::sync::Arc;
use std::time::Duration;

use checkpoint_core::Operation;
use checkpoint_memory::MemoryStore;
use checkpoint_snapshot::{Live, Snapshots};
use checkpoint_testkit::{Fault, FaultyStore};
use proptest::prelude::*;
use tokio::time::timeout;

use crate::models::{Sum, handle};
use crate::tools::{all_records, load, plant, split};

#[derive(Clone, Debug)]
enum Step {
    /// More events.
    Handle(u64),
    Save,
    /// A save that ends with the process, after so many writes.
    Crash(usize, bool),
    /// A fault of one write of a save.
    Fault(usize, Fault),
    /// A record has another byte, by index of record and byte.
    Damage(usize, usize),
    Reload,
    /// To a position so far back.
    Rewind(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let fault = prop::sample::select(vec![
        Fault::LoseAnswer,
        Fault::LoseCall,
        Fault::Refuse,
        Fault::HangBefore,
        Fault::HangAfter,
    ]);
    prop_oneof![
        4 => (1_u64..20).prop_map(Step::Handle),
        4 => Just(Step::Save),
        2 => (0_usize..12, any::<bool>()).prop_map(|(writes, is_done)| Step::Crash(writes, is_done)),
        2 => (0_usize..12, fault).prop_map(|(writes, fault)| Step::Fault(writes, fault)),
        1 => (any::<usize>(), any::<usize>()).prop_map(|(record, byte)| Step::Damage(record, byte)),
        2 => Just(Step::Reload),
        1 => (0_u64..40).prop_map(Step::Rewind),
    ]
}

struct World {
    store: Arc<FaultyStore<MemoryStore>>,
    live: Live<Sum>,
    /// The last position that was acknowledged, as long as nothing was damaged.
    acknowledged: Option<u64>,
}

fn snapshots(store: &Arc<FaultyStore<MemoryStore>>) -> Snapshots {
    split(store).store_timeout(Duration::from_secs(1))
}

impl World {
    async fn new() -> Self {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let live = load(&snapshots(&store)).await;
        Self { store, live, acknowledged: None }
    }

    async fn step(&mut self, step: Step) {
        match step {
            Step::Handle(events) => {
                let last = self.live.resume_from().unwrap_or(0) + events;
                handle(&mut self.live, last);
            }
            Step::Save => self.save().await,
            Step::Crash(writes, is_done) => {
                let fault = if is_done { Fault::HangAfter } else { Fault::HangBefore };
                self.script(writes, std::iter::repeat(fault));
                let _killed = timeout(Duration::from_millis(500), self.live.save()).await;
                self.store.script(Operation::Write, []);
                self.reload().await;
            }
            Step::Fault(writes, fault) => {
                self.script(writes, [fault]);
                let _in_doubt = self.live.save().await;
                self.store.script(Operation::Write, []);
                assert_eq!(self.live.status().ended, None);
            }
            Step::Damage(record, byte) => self.damage(record, byte).await,
            Step::Reload => self.reload().await,
            Step::Rewind(back) => self.rewind(back).await,
        }
    }

    fn script<I>(&self, writes: usize, faults: I)
    where
        I: IntoIterator<Item = Fault>,
        I::IntoIter: Send + 'static,
    {
        self.store.script(Operation::Write, std::iter::repeat_n(Fault::None, writes).chain(faults));
    }

    async fn save(&mut self) {
        if self.live.status().ended.is_none() {
            self.live.save().await.unwrap();
            self.acknowledged = self.live.resume_from();
        }
    }

    async fn reload(&mut self) {
        self.live = load(&snapshots(&self.store)).await;
        assert!(self.live.resume_from() >= self.acknowledged, "what was acknowledged is there");
    }

    /// The process that damages nothing but a record is not noticed before the next load.
    async fn damage(&mut self, record: usize, byte: usize) {
        let records = all_records(&*self.store).await;
        let record = &records[record % records.len()];
        let mut state = record.state.to_vec();
        if !state.is_empty() {
            let at = byte % state.len();
            state[at] ^= 0x10;
            plant(&*self.store, record.checkpoint.id.as_str(), state).await;
        }
        self.acknowledged = None;
        self.reload().await;
    }

    async fn rewind(&mut self, back: u64) {
        let position = self.live.resume_from().and_then(|position| position.checked_sub(back));
        if let Ok(generation) = snapshots(&self.store).rewind(position).await {
            let to = generation.and_then(|generation| generation.position);
            assert!(to <= position);
            self.acknowledged = None;
            self.reload().await;
            assert!(self.live.resume_from() <= to);
        } else {
            self.reload().await; // the list is damaged, and the model made anew
            assert_eq!(self.live.resume_from(), None);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_model_is_right_whatever_happens(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            for step in steps {
                world.step(step).await;
                assert_eq!(world.live.model(), &Sum::up_to(world.live.resume_from().unwrap_or(0)));
            }
            world.reload().await;
            let last = world.live.resume_from().unwrap_or(0) + 1;
            handle(&mut world.live, last);
            world.save().await;
            world.reload().await;
            assert_eq!(world.live.resume_from(), Some(last), "it can always be saved");
        });
    }
}
