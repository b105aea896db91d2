//! Random histories: whatever is called in whatever order, the store answers as the contract does.

use std::fmt;

use checkpoint_core::{CheckpointId, MAX_EPOCH, MAX_POSITION, Mode, Operation, Write};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;
use proptest::test_runner::{Config, TestRunner};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::task::block_in_place;

use crate::compared::Compared;
use crate::model::Step;
use crate::{Place, Profile};

/// The checkpoints of a history: few, so that the calls meet.
const NAMES: [&str; 3] = ["a", "a%", "B"];
const CALLS: usize = 30;

/// Thousands of random histories of up to 30 calls: after each call the store's answer and its record are the
/// contract's. A history that fails is shrunk to a short one.
///
/// Needs a multi-threaded runtime.
pub async fn random_histories_agree_with_the_contract(place: &Place) {
    let config = Config { cases: place.profile().histories(), failure_persistence: None, ..Config::default() };
    let store = Compared::open_twice(place, "every answer is the one that `Write::decide` gives").await;
    let numbered = Mutex::new((0, store));
    let runtime = Handle::current();
    let result = block_in_place(|| {
        let histories = vec(any_call(place.profile()), 1..=CALLS);
        TestRunner::new(config).run(&histories, |history| {
            runtime.block_on(async {
                let (number, store) = &mut *numbered.lock().await;
                *number += 1;
                let names = Names { place, history: format!("h{number}/") };
                run(store, &names, history).await.map_err(TestCaseError::fail)
            })
        })
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

/// Makes the calls of a history on checkpoints that no other history uses.
async fn run(store: &mut Compared<'_>, names: &Names<'_>, history: Vec<Call>) -> Result<(), String> {
    store.forget();
    for call in history {
        match call.step(names) {
            Some(step) => drop(store.compare(&step).await?),
            None => store.reopen().await,
        }
    }
    Ok(())
}

#[derive(Clone, Debug)]
enum Call {
    Claim(usize, &'static str),
    Delete(usize),
    List { prefix: &'static str, after: Option<usize>, limit: usize },
    Read(usize),
    Reopen,
    Write(Draft),
    WriteMany(Vec<Draft>),
}

/// A write whose id is still a number.
#[derive(Clone)]
struct Draft {
    id: usize,
    position: Option<u64>,
    mode: Mode,
    epoch: u64,
    state: Vec<u8>,
}

struct Names<'a> {
    place: &'a Place,
    history: String,
}

impl Names<'_> {
    fn id(&self, number: usize) -> CheckpointId {
        self.place.id(&format!("{}{}", self.history, NAMES[number]))
    }
}

impl Call {
    /// The call to make; `None` is to open the place again.
    fn step(self, names: &Names<'_>) -> Option<Step> {
        Some(match self {
            Self::Claim(id, owner) => Step::Claim(names.id(id), owner.to_owned()),
            Self::Delete(id) => Step::Delete(names.id(id)),
            Self::List { prefix, after, limit } => {
                let prefix = names.place.prefix(&format!("{}{prefix}", names.history));
                Step::List { prefix, after: after.map(|id| names.id(id)), limit }
            }
            Self::Read(id) => Step::Read(names.id(id)),
            Self::Reopen => return None,
            Self::Write(draft) => Step::Write(draft.write(names)),
            Self::WriteMany(drafts) => Step::WriteMany(drafts.into_iter().map(|draft| draft.write(names)).collect()),
        })
    }
}

/// On one line, so that a shrunk history is easy to read.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { id, position, mode, epoch, state } = self;
        write!(f, "{:?} to {position:?}, {mode:?}, epoch {epoch}, state {state:?}", NAMES[*id])
    }
}

impl Draft {
    fn write(self, names: &Names<'_>) -> Write {
        let checkpoint = super::at(&names.id(self.id), self.position);
        Write::new(checkpoint, self.mode).with_epoch(self.epoch).with_state(self.state)
    }
}

/// Any call that the store has. What it lacks is left to a case of its own.
fn any_call(profile: &Profile) -> impl Strategy<Value = Call> + use<> {
    let id = || 0..NAMES.len();
    let mut calls = vec![
        (10, id().prop_map(Call::Read).boxed()),
        (60, any_draft().prop_map(Call::Write).boxed()),
        (20, vec(any_draft(), 0..=4).prop_map(Call::WriteMany).boxed()),
    ];
    if profile.supports(Operation::Claim) {
        let owner = prop::sample::select(vec!["a:1", "b:1", "", "not\nallowed"]);
        calls.push((20, (id(), owner).prop_map(|(id, owner)| Call::Claim(id, owner)).boxed()));
    }
    if profile.supports(Operation::Delete) {
        calls.push((10, id().prop_map(Call::Delete).boxed()));
    }
    if profile.supports(Operation::List) {
        let prefix = prop::sample::select(vec!["", "a", "a%", "b"]);
        let list = (prefix, prop::option::of(id()), 0..=4_usize);
        calls.push((10, list.prop_map(|(prefix, after, limit)| Call::List { prefix, after, limit }).boxed()));
    }
    if profile.durable {
        calls.push((1, Just(Call::Reopen).boxed()));
    }
    Union::new_weighted(calls)
}

fn any_draft() -> impl Strategy<Value = Draft> {
    let state = prop_oneof![3 => vec(any::<u8>(), 0..=3), 1 => Just(Vec::new())];
    (0..NAMES.len(), any_position(), any_mode(), any_epoch(), state)
        .prop_map(|(id, position, mode, epoch, state)| Draft { id, position, mode, epoch, state })
}

fn any_mode() -> impl Strategy<Value = Mode> {
    prop_oneof![4 => Just(Mode::Advance), 3 => any_position().prop_map(Mode::Expect), 2 => Just(Mode::Overwrite)]
}

/// Mostly few and small ones, so that they meet; some that are hard to hold, and some that are out of range.
fn any_position() -> impl Strategy<Value = Option<u64>> {
    let hard = vec![9, 10, 1 << 53, (1 << 53) + 1, MAX_POSITION - 1, MAX_POSITION];
    prop_oneof![
        12 => (0..4_u64).prop_map(Some),
        4 => Just(None),
        4 => prop::sample::select(hard).prop_map(Some),
        1 => Just(Some(MAX_POSITION + 1)),
    ]
}

fn any_epoch() -> impl Strategy<Value = u64> {
    prop_oneof![
        16 => Just(0_u64),
        16 => 1..4_u64,
        1 => prop::sample::select(vec![MAX_EPOCH - 1, MAX_EPOCH, MAX_EPOCH + 1]),
    ]
}
