use std::time::SystemTime;

use checkpoint_core::Outcome::{self, Ahead, Stored};
use checkpoint_core::{CheckpointId, Mode, Record, Write};

/// One broken promise each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    AcceptsAnyPosition,
    AcceptsAnyState,
    BatchAnswersInIdOrder,
    BatchChecksLate,
    BatchDeadlocks,
    BatchForgetsTheRest,
    BatchRefusesNothing,
    BatchStopsAtLoser,
    BatchTakesDuplicates,
    CalledWhatItLacks,
    ClaimAddsTwo,
    ClaimFencesNobody,
    ClaimForgets,
    ClaimIsNotAtomic,
    ClaimIsTorn,
    ClaimWraps,
    ComparesAsText,
    ContendsInWrite,
    CreatesWithEpoch,
    CutsIds,
    CutsOwners,
    CutsStates,
    DeleteKeepsState,
    DeleteSaysNothing,
    EpochIn32Bits,
    EpochIsNotRaised,
    ExpectOverwrites,
    FirstWritesCollide,
    ForgetsOnReopen,
    GoesBack,
    IdsAsPaths,
    IdsIgnoreCase,
    IdsTrimmed,
    IgnoresEpoch,
    KeepsOldState,
    ListIgnoresCase,
    ListMissesBorder,
    ListRepeatsBorder,
    ListShowsAllForZero,
    ListShowsBeside,
    ListWithoutState,
    LosesOwner,
    LosesState,
    ModeBeforeEpoch,
    NeverCreates,
    NoTime,
    NoneReplaces,
    OpeningsApart,
    OverwriteAdvances,
    PositionsAsDoubles,
    PrefixIsPattern,
    ReadCreates,
    RefusalIsUnsure,
    RefusesEqual,
    StateAsText,
    StaysLocked,
    TouchesWhenRefusing,
    WriteDeletesFirst,
    WriteIsNotAtomic,
    WriteIsTorn,
    ZeroIsNone,
}

impl Flaw {
    /// Whether a call does not come to an end.
    pub(crate) fn hangs(self) -> bool {
        matches!(self, Self::BatchDeadlocks | Self::StaysLocked)
    }
}

/// What a store with `flaw` answers.
pub(crate) fn decide(flaw: Option<Flaw>, write: &Write, current: Option<&Record>) -> Outcome {
    let (new, held) = (write.checkpoint.position, current.and_then(|record| record.checkpoint.position));
    let contract = write.decide(current);
    let instead = |mode| Write::new(write.checkpoint.clone(), mode).with_epoch(write.epoch).decide(current);
    let unfenced = || write.clone().with_epoch(current.map_or(0, |record| record.epoch)).decide(current);
    match (flaw, write.mode, held) {
        (Some(Flaw::GoesBack), Mode::Advance, _) => instead(Mode::Overwrite),
        (Some(Flaw::RefusesEqual), Mode::Advance, Some(held)) if new == Some(held) && contract == Stored => Ahead(held),
        (Some(Flaw::NoneReplaces), Mode::Advance, _) if new.is_none() => instead(Mode::Overwrite),
        (Some(Flaw::ZeroIsNone), Mode::Advance, Some(0)) => instead(Mode::Overwrite),
        (Some(Flaw::ComparesAsText), Mode::Advance, Some(held)) => match new {
            Some(new) if new.to_string() >= held.to_string() => instead(Mode::Overwrite),
            _ => Ahead(held),
        },
        (Some(Flaw::ExpectOverwrites), Mode::Expect(_), _) => instead(Mode::Overwrite),
        (Some(Flaw::OverwriteAdvances), Mode::Overwrite, _) => instead(Mode::Advance),
        (Some(Flaw::CreatesWithEpoch), _, _) if current.is_none() => unfenced(),
        (Some(Flaw::IgnoresEpoch), _, _) if current.is_some() => unfenced(),
        (Some(Flaw::ModeBeforeEpoch), _, _) if !unfenced().is_stored() => unfenced(),
        _ => contract,
    }
}

/// What a store with `flaw` holds after a write.
pub(crate) fn record(flaw: Option<Flaw>, write: &Write, current: Option<&Record>) -> Record {
    let mut record = write.record(current, SystemTime::now());
    match flaw {
        Some(Flaw::CutsStates) => record.state.truncate(65_535),
        Some(Flaw::EpochIn32Bits) => record.epoch = record.epoch.min(u64::from(u32::MAX)),
        Some(Flaw::EpochIsNotRaised) => record.epoch = current.map_or(0, |current| current.epoch),
        Some(Flaw::KeepsOldState) if write.state.is_empty() => {
            record.state = current.map_or_else(Default::default, |current| current.state.clone());
        }
        Some(Flaw::LosesOwner) => record.owner = None,
        Some(Flaw::LosesState) => record.state.clear(),
        Some(Flaw::NoTime) => record.updated_at = None,
        Some(Flaw::PositionsAsDoubles) => record.checkpoint.position = record.checkpoint.position.map(as_double),
        Some(Flaw::StateAsText) => record.state = String::from_utf8_lossy(&record.state).into_owned().into(),
        _ => {}
    }
    record
}

/// The nearest smaller number that a double holds: with 53 bits.
fn as_double(position: u64) -> u64 {
    let lost = 11_u32.saturating_sub(position.leading_zeros());
    position >> lost << lost
}

/// The id under which a store with `flaw` keeps the record of `id`.
pub(crate) fn key(flaw: Option<Flaw>, id: &CheckpointId) -> CheckpointId {
    let key = match flaw {
        Some(Flaw::CutsIds) => id.as_str().chars().take(255).collect(),
        Some(Flaw::IdsAsPaths) => id.as_str().replace("//", "/"),
        Some(Flaw::IdsIgnoreCase) => id.as_str().to_lowercase(),
        Some(Flaw::IdsTrimmed) => id.as_str().trim_end().to_owned(),
        _ => return id.clone(),
    };
    CheckpointId::new(key).expect("a part of a good id is a good id")
}

/// Whether `text` begins as the pattern says, as SQL's `LIKE` would have it.
pub(crate) fn begins_like(pattern: &str, text: &str) -> bool {
    let mut rest = pattern.chars();
    match rest.next() {
        None => true,
        Some('%') => text.char_indices().any(|(at, _)| begins_like(rest.as_str(), &text[at..])),
        Some(wanted) => {
            let mut text = text.chars();
            text.next().is_some_and(|c| c == wanted || wanted == '_') && begins_like(rest.as_str(), text.as_str())
        }
    }
}
