//! Power fails, or the disk refuses, at every single step of random histories: what was answered is there, what was
//! refused is not, and what is unknown is one or the other, whole.

use std::collections::BTreeMap;

use checkpoint_core::{Applied, Checkpoint, CheckpointId, Operation, Record, Write};

use crate::disk::Disk;
use crate::failure::Failure;
use crate::log::Log;
use crate::simulated_disk::{Fault, SimulatedDisk};

const IDS: [&str; 3] = ["a", "b", "c"];
const CALLS: usize = 12;

/// What an id's record may be: position, epoch, state.
type Value = Option<(Option<u64>, u64, Vec<u8>)>;

/// All that each id may hold: one value, or more after a call whose effect is not known.
#[derive(Clone, Debug)]
struct Model(BTreeMap<&'static str, Vec<Value>>);

impl Model {
    fn new() -> Self {
        Self(IDS.iter().map(|id| (*id, vec![None])).collect())
    }

    /// Checks what the log holds; from then on, just that is expected.
    fn check(&mut self, log: &mut Log<SimulatedDisk>, when: &str) {
        for (id, allowed) in &mut self.0 {
            let held = value(log.read(&CheckpointId::new(*id).unwrap()).unwrap());
            assert!(allowed.contains(&held), "{when}: {id} holds {held:?}, but may hold {allowed:?}");
            *allowed = vec![held];
        }
    }
}

fn value(record: Option<Record>) -> Value {
    record.map(|record| (record.checkpoint.position, record.epoch, record.state.to_vec()))
}

/// One random change of one id; returns what it is meant to hold afterwards.
fn change(
    log: &mut Log<SimulatedDisk>,
    call: usize,
    model: &mut Model,
    random: &mut fastrand::Rng,
) -> Result<(), Failure> {
    let before = model.clone();
    let mut staged = log.begin()?;
    for name in random.choose_multiple(IDS.iter(), 2) {
        let id = CheckpointId::new(*name).unwrap();
        let current = before.0[name].last().unwrap().clone();
        let after = match random.u8(0..8) {
            0 => {
                let _ = log.delete(&id, &mut staged);
                None
            }
            1 => value(Some(log.claim(&id, "host:1", &mut staged)?)),
            _ => {
                let epoch = current.map_or(0, |(_, epoch, _)| epoch);
                let position = u64::try_from(call).unwrap();
                let state = vec![random.u8(..); random.usize(0..200)];
                let write = Write::overwrite(Checkpoint::new(id.clone(), position)).with_epoch(epoch);
                let stored = log.write(&write.with_state(state.clone()), &mut staged);
                assert!(stored.is_stored(), "{stored:?}");
                Some((Some(position), epoch, state))
            }
        };
        model.0.get_mut(name).unwrap().push(after);
    }
    let done = log.finish(staged);
    match &done {
        Ok(()) => model.0.values_mut().for_each(|values| drop(values.drain(..values.len() - 1))),
        Err(failure) if failure.to_error(Operation::Write).applied() == Applied::No => *model = before,
        Err(_) => {}
    }
    done
}

fn open(disk: &SimulatedDisk) -> Result<Log<SimulatedDisk>, Failure> {
    let mut log = Log::open(disk.another())?;
    log.slack = 300;
    Ok(log)
}

/// Runs a history with one fault at `step`; says whether it was met.
fn run(seed: u64, step: usize, fault: Fault) -> bool {
    let mut random = fastrand::Rng::with_seed(seed);
    let (disk, mut model) = (SimulatedDisk::default(), Model::new());
    disk.fail_at(step, fault);
    let when = format!("seed {seed}, step {step}, {fault:?}");
    let mut log = open(&disk);
    for call in 0..CALLS {
        let Ok(log) = &mut log else {
            // The fault met the opening; without a crash, the next try works.
            log = open(&disk);
            continue;
        };
        let done = change(log, call, &mut model, &mut random);
        if disk.has_crashed() {
            break;
        }
        if done.is_err() {
            model.check(log, &when);
        }
    }
    let met = disk.steps() >= step;
    disk.repair();
    let disk = if disk.has_crashed() { disk.restarted(&mut random) } else { disk };
    let mut log = open(&disk).unwrap_or_else(|failure| panic!("{when}: {failure:?}"));
    model.check(&mut log, &when);
    change(&mut log, CALLS, &mut model, &mut random).unwrap();
    let disk = disk.restarted(&mut random);
    model.check(&mut open(&disk).unwrap(), &when);
    met
}

fn every_step(fault: Fault) {
    for seed in 0..150 {
        let steps = (1..).take_while(|step| run(seed, *step, fault)).count();
        assert!(steps > CALLS, "the history of seed {seed} has {steps} steps only");
    }
}

#[test]
fn nothing_is_lost_when_power_fails_at_any_step() {
    every_step(Fault::Crash);
}

#[test]
fn nothing_is_lost_when_the_disk_fails_at_any_step() {
    every_step(Fault::Error);
}

#[test]
fn lines_that_a_killed_program_did_not_sync_are_no_damage_when_they_are_lost() {
    let id = CheckpointId::new("a").unwrap();
    let write = |position| Write::advance(Checkpoint::new(id.clone(), position)).with_state(vec![7; 100]);
    for seed in 0..500 {
        let mut random = fastrand::Rng::with_seed(seed);
        let disk = SimulatedDisk::default();
        let (mut killed, mut other) = (open(&disk).unwrap(), open(&disk).unwrap());
        let mut staged = killed.begin().unwrap();
        assert!(killed.write(&write(1), &mut staged).is_stored());
        killed.disk.append(staged.lines.bytes(), killed.end).unwrap();
        drop(killed);

        let mut staged = other.begin().unwrap();
        assert!(other.write(&write(2), &mut staged).is_stored());
        disk.fail_at(disk.steps() + 2, Fault::Crash);
        other.finish(staged).unwrap_err();
        assert!(disk.has_crashed());
        let mut log = open(&disk.restarted(&mut random)).unwrap_or_else(|failure| panic!("seed {seed}: {failure:?}"));
        let position = log.read(&id).unwrap().and_then(|record| record.checkpoint.position);
        assert!(position.is_none_or(|position| position <= 2), "seed {seed}: {position:?}");
    }
}
