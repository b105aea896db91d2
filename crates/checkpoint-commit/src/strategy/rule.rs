use std::time::Duration;

use super::{Bounds, Progress, Wake};

/// What a strategy is made of.
///
/// Each value has one form, so that strategies that read alike are equal: neither `Any` nor `All` contains its own kind,
/// `Always` or `Manual`, each has at least two parts, and no threshold is zero.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    Age(Duration),
    All(Vec<Self>),
    Always,
    Any(Vec<Self>),
    Bounded(Bounds),
    Bytes(u64),
    Events(u64),
    Manual,
}

impl Rule {
    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always, _) | (_, Self::Always) => Self::Always,
            (Self::Manual, rule) | (rule, Self::Manual) => rule,
            (one, other) => Self::Any(joined(one.alternatives(), other.alternatives())),
        }
    }

    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Manual, _) | (_, Self::Manual) => Self::Manual,
            (Self::Always, rule) | (rule, Self::Always) => rule,
            (one, other) => Self::All(joined(one.conditions(), other.conditions())),
        }
    }

    fn alternatives(self) -> Vec<Self> {
        if let Self::Any(rules) = self { rules } else { vec![self] }
    }

    fn conditions(self) -> Vec<Self> {
        if let Self::All(rules) = self { rules } else { vec![self] }
    }

    /// What there is to wait for; `None`: nothing, it is due.
    pub(super) fn pending(&self, progress: &Progress) -> Option<Wake> {
        match self {
            Self::Age(age) => first_event(progress).or_else(|| time(age.saturating_sub(progress.age))),
            Self::All(rules) => rules.iter().filter_map(|rule| rule.pending(progress)).reduce(Wake::or),
            Self::Always => first_event(progress),
            Self::Any(rules) => {
                rules.iter().try_fold(Wake::default(), |wake, rule| Some(wake.or(rule.pending(progress)?)))
            }
            Self::Bounded(bounds) => first_event(progress).or_else(|| bounds.pending(progress)),
            Self::Bytes(bytes) if progress.bytes < *bytes => Some(Wake::at_bytes(*bytes)),
            Self::Bytes(_) => first_event(progress),
            Self::Events(events) => (progress.events < *events).then(|| Wake::at_events(*events)),
            Self::Manual => Some(Wake::default()),
        }
    }

    pub(super) fn exceeded_by(&self, progress: &Progress) -> bool {
        match self {
            Self::Age(age) => progress.age > age.saturating_mul(2),
            Self::All(rules) => rules.iter().all(|rule| rule.exceeded_by(progress)),
            Self::Always | Self::Manual => false,
            Self::Any(rules) => rules.iter().any(|rule| rule.exceeded_by(progress)),
            Self::Bounded(bounds) => bounds.exceeded_by(progress),
            Self::Bytes(bytes) => progress.bytes > bytes.saturating_mul(2),
            Self::Events(events) => progress.events > events.saturating_mul(2),
        }
    }
}

fn joined(mut rules: Vec<Rule>, more: Vec<Rule>) -> Vec<Rule> {
    rules.extend(more);
    rules
}

/// An idle consumer waits for its first event, and not for a time that would come again and again.
fn first_event(progress: &Progress) -> Option<Wake> {
    (progress.events == 0).then(|| Wake::at_events(1))
}

fn time(left: Duration) -> Option<Wake> {
    (!left.is_zero()).then(|| Wake::after(left))
}
