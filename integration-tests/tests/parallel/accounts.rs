//! What all lives together must come to.

use std::collections::HashMap;

use crate::lives::{LastWords, Life, Stored};

/// The number of the life in which a position was handled last.
type LastHandled = HashMap<u64, usize>;

pub(crate) fn check(lives: &[Life], last: u64) {
    let end = &lives.last().unwrap().stored;
    assert_eq!((end.position, &end.state.open), (last, &None), "the last life came to the end");
    let all = handled_and_stored(lives, last);
    assert!((1..=last).all(|position| all.contains_key(&position)), "a flight was not handled");
    each_death_cost_what_was_said(lives, &all);
}

/// What is stored was handled, stays stored, and is not handled again.
fn handled_and_stored(lives: &[Life], last: u64) -> LastHandled {
    let mut all = LastHandled::new();
    let mut before: Option<&Stored> = None;
    for (number, life) in lives.iter().enumerate() {
        for position in &life.handled {
            assert!(all.insert(*position, number) != Some(number), "{position} was handled twice in life {number}");
            assert!(
                !before.is_some_and(|stored| stored.is_handled(*position)),
                "{position} is stored, and comes again in life {number}"
            );
        }
        for position in 1..=last {
            let stored = life.stored.is_handled(position);
            assert!(
                !stored || all.contains_key(&position),
                "{position} is stored in life {number}, and was not handled"
            );
            assert!(stored || !before.is_some_and(|before| before.is_handled(position)), "{position} is open again");
        }
        before = Some(&life.stored);
    }
    all
}

/// Whatever a life has handled and not stored is handled again in some later one, as the last one comes to the end: so
/// the repeats of its flights are those that it announced.
fn each_death_cost_what_was_said(lives: &[Life], all: &LastHandled) {
    let (mut in_flight, mut arrived) = (0, 0);
    for (number, life) in lives.iter().enumerate() {
        let repeated = life.handled.iter().filter(|position| all[position] > number).count();
        let repeated = u64::try_from(repeated).unwrap();
        let Some(LastWords { stored, redelivered, redelivered_at_least }) = life.last_words else { continue };
        if life.stored.position > stored {
            assert_eq!(repeated, redelivered_at_least, "life {number}, whose last write arrived");
        } else {
            let said = [redelivered, redelivered_at_least];
            assert!(said.contains(&repeated), "life {number}: {repeated} repeated, and it said {said:?}");
        }
        in_flight += u32::from(redelivered != redelivered_at_least);
        arrived += u32::from(repeated != redelivered);
    }
    let repeated = lives.iter().map(|life| life.handled.len()).sum::<usize>() - all.len();
    eprintln!(
        "{repeated} repeats of {} flights; {in_flight} writes were in flight, {arrived} of them arrived",
        all.len()
    );
}
