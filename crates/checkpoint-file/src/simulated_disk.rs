//! A disk that remembers what is only in the page cache, and fails or loses power at any step.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::disk::{Access, Disk, LogFile};

const SECTOR: usize = 64;

/// What happens when the steps are used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Power fails: nothing works any more until the machine is started again.
    Crash,
    /// This step fails, half done; the next ones work.
    Error,
}

/// The disk and the page cache of one machine.
#[derive(Clone, Debug, Default)]
struct Machine {
    files: Vec<File>,
    /// Which file bears the log's name: for programs, and on the disk.
    log: Option<usize>,
    log_on_disk: Option<usize>,
    steps: usize,
    fault: Option<(usize, Fault)>,
    crashed: bool,
}

#[derive(Clone, Debug, Default)]
struct File {
    cached: Vec<u8>,
    durable: Vec<u8>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct SimulatedDisk {
    machine: Arc<Mutex<Machine>>,
    open: Option<usize>,
    replacement: Option<usize>,
}

impl SimulatedDisk {
    /// Another program on the same machine.
    pub(crate) fn another(&self) -> Self {
        Self { machine: Arc::clone(&self.machine), open: None, replacement: None }
    }

    pub(crate) fn steps(&self) -> usize {
        self.machine.lock().unwrap().steps
    }

    /// Lets the step with this number meet a fault.
    pub(crate) fn fail_at(&self, step: usize, fault: Fault) {
        self.machine.lock().unwrap().fault = Some((step, fault));
    }

    /// No step fails any more.
    pub(crate) fn repair(&self) {
        self.machine.lock().unwrap().fault = None;
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.machine.lock().unwrap().crashed
    }

    /// The machine after the power came back: of what was not synced, any sector may have reached the disk.
    pub(crate) fn restarted(&self, random: &mut fastrand::Rng) -> Self {
        let before = self.machine.lock().unwrap().clone();
        let log = if random.bool() { before.log } else { before.log_on_disk };
        let files = before.files.iter().map(|file| file.after_power_failure(random)).collect();
        let machine = Machine { files, log, log_on_disk: log, ..Machine::default() };
        Self { machine: Arc::new(Mutex::new(machine)), open: None, replacement: None }
    }

    /// Counts a step. Where a fault is due, `half` does what can be seen of the failing step.
    fn step(&self, half: impl FnOnce(&mut Machine), whole: impl FnOnce(&mut Machine)) -> io::Result<()> {
        let mut machine = self.machine.lock().unwrap();
        if machine.crashed {
            return Err(io::Error::other("the machine is off"));
        }
        machine.steps += 1;
        match machine.fault {
            Some((step, fault)) if step == machine.steps => {
                half(&mut machine);
                machine.crashed = fault == Fault::Crash;
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => {
                whole(&mut machine);
                Ok(())
            }
        }
    }

    fn look<T>(&self, look: impl FnOnce(&Machine) -> T) -> io::Result<T> {
        let machine = self.machine.lock().unwrap();
        if machine.crashed { Err(io::Error::other("the machine is off")) } else { Ok(look(&machine)) }
    }

    fn write(&self, file: Option<usize>, bytes: &[u8], offset: Option<u64>) -> io::Result<()> {
        let write = |machine: &mut Machine, bytes: &[u8]| {
            let cached = &mut machine.files[file.unwrap()].cached;
            let start = offset.map_or(cached.len(), |offset| usize::try_from(offset).unwrap());
            let end = start + bytes.len();
            cached.resize(cached.len().max(end), 0);
            cached[start..end].copy_from_slice(bytes);
        };
        self.step(|machine| write(machine, &bytes[..bytes.len() / 2]), |machine| write(machine, bytes))
    }

    fn sync_file(&self, file: Option<usize>) -> io::Result<()> {
        let sync = |machine: &mut Machine| {
            let file = &mut machine.files[file.unwrap()];
            file.durable.clone_from(&file.cached);
        };
        self.step(|_| {}, sync)
    }

    fn file(machine: &Machine, number: usize) -> LogFile {
        let length = u64::try_from(machine.files[number].cached.len()).unwrap();
        LogFile { device: 1, inode: u64::try_from(number).unwrap() + 1, length }
    }
}

impl File {
    fn after_power_failure(&self, random: &mut fastrand::Rng) -> Self {
        let lengths = [self.durable.len(), self.cached.len()];
        let length = match random.u8(0..3) {
            0 => lengths[0],
            1 => lengths[1],
            _ => random.usize(lengths[0].min(lengths[1])..=lengths[0].max(lengths[1])),
        };
        let mut bytes = vec![0; length];
        for start in (0..length).step_by(SECTOR) {
            let survivor = if random.bool() { &self.cached } else { &self.durable };
            let end = length.min(start + SECTOR).min(survivor.len());
            if start < end {
                bytes[start..end].copy_from_slice(&survivor[start..end]);
            }
        }
        // What was synced and not overwritten is there, whatever else became of the sector.
        let kept = self.durable.iter().zip(&self.cached).take_while(|(durable, cached)| durable == cached).count();
        let kept = kept.min(length);
        bytes[..kept].copy_from_slice(&self.durable[..kept]);
        Self { cached: bytes.clone(), durable: bytes }
    }
}

impl Disk for SimulatedDisk {
    fn log_path(&self) -> &Path {
        Path::new("simulated/log")
    }

    fn lock(&mut self, _: Access) -> io::Result<()> {
        self.look(|_| ())
    }

    fn unlock(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn log_file(&mut self) -> io::Result<LogFile> {
        self.look(|machine| machine.log.map(|log| Self::file(machine, log)))?.ok_or(io::ErrorKind::NotFound.into())
    }

    fn open_log(&mut self) -> io::Result<LogFile> {
        self.open = self.look(|machine| machine.log)?;
        self.step(|_| {}, |machine| machine.log_on_disk = machine.log)?;
        self.log_file()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.look(|machine| {
            let cached = &machine.files[self.open.unwrap()].cached;
            let start = usize::try_from(offset).unwrap().min(cached.len());
            let end = cached.len().min(start + buffer.len());
            buffer[..end - start].copy_from_slice(&cached[start..end]);
            end - start
        })
    }

    fn append(&mut self, bytes: &[u8], end: u64) -> io::Result<()> {
        self.write(self.open, bytes, Some(end))
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let (open, length) = (self.open.unwrap(), usize::try_from(length).unwrap());
        self.step(|_| {}, |machine| machine.files[open].cached.truncate(length))
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_file(self.open)
    }

    fn begin_replacement(&mut self) -> io::Result<()> {
        self.step(|_| {}, |machine| machine.files.push(File::default()))?;
        self.replacement = Some(self.look(|machine| machine.files.len() - 1)?);
        Ok(())
    }

    fn replace(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(self.replacement, bytes, None)
    }

    fn fill_in(&mut self, start: &[u8]) -> io::Result<()> {
        self.write(self.replacement, start, Some(0))
    }

    fn end_replacement(&mut self) -> io::Result<LogFile> {
        self.sync_file(self.replacement)?;
        let replacement = self.replacement.unwrap();
        self.step(|_| {}, |machine| machine.log = Some(replacement))?;
        self.open = self.replacement.take();
        self.step(|_| {}, |machine| machine.log_on_disk = machine.log)?;
        self.look(|machine| Self::file(machine, replacement))
    }

    fn abandon_replacement(&mut self) {
        self.replacement = None;
    }
}
