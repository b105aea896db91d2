//! A place to follow files in: the real program, a directory of its own, a store of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes, also on a busy machine.
const DEADLINE: Duration = Duration::from_secs(60);

/// 500 real lines.
pub(crate) const FLIGHTS: &[u8] = include_bytes!("../../../../examples/flights.jsonl");

pub(crate) struct Place {
    pub(crate) directory: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        fs::write(self.path(name), bytes).unwrap();
        self.path(name)
    }

    pub(crate) fn append(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(bytes.as_ref()).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_default()
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.read(name)).into_owned()
    }

    /// The program in this place, with its store here.
    pub(crate) fn checkpoint(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_checkpoint"));
        command
            .args(args)
            .current_dir(self.directory.path())
            .env("CHECKPOINT_STORE", format!("file:{}", self.path("store").display()))
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        Ran(self.checkpoint(args).output().unwrap())
    }

    /// Runs it to its end, which must be a good one.
    pub(crate) fn ok(&self, args: &[&str]) -> Ran {
        let ran = self.run(args);
        ran.exits_with(0);
        ran
    }

    /// Starts it; its output goes to the file `name.out`, what it says to `name.err`.
    pub(crate) fn start(&self, name: &str, args: &[&str]) -> Running {
        let file = |ending: &str| {
            let path = self.path(&format!("{name}.{ending}"));
            OpenOptions::new().create(true).append(true).open(path).unwrap()
        };
        let child = self.checkpoint(args).stdout(file("out")).stderr(file("err")).spawn().unwrap();
        Running { child }
    }

    /// What `get` says of a position.
    pub(crate) fn position(&self, id: &str) -> Option<u64> {
        let ran = self.run(&["get", id, "--json"]);
        let json: serde_json::Value = serde_json::from_slice(&ran.0.stdout).ok()?;
        json["position"].as_u64()
    }
}

/// What a run of the program left.
pub(crate) struct Ran(pub(crate) Output);

impl Ran {
    #[track_caller]
    pub(crate) fn exits_with(&self, code: i32) -> &Self {
        assert_eq!(self.0.status.code(), Some(code), "it says: {}", self.says());
        self
    }

    /// It fails with this code and one message that has these words.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, words: &[&str]) -> &Self {
        self.exits_with(code);
        self.tells(words)
    }

    pub(crate) fn tells(&self, words: &[&str]) -> &Self {
        let says = self.says();
        for word in words {
            assert!(says.contains(word), "{word:?} is not in: {says}");
        }
        self
    }

    pub(crate) fn says(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }

    pub(crate) fn prints(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }
}

/// A program that runs; killed when it is dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
}

impl Running {
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Waits until it has ended.
    #[track_caller]
    pub(crate) fn ends(&mut self) -> ExitStatus {
        until("the program has ended", || self.child.try_wait().unwrap())
    }

    /// Interrupts it until it has ended: two signals at once may be seen as one.
    #[track_caller]
    pub(crate) fn interrupt(&mut self) -> ExitStatus {
        until("the program has ended", || {
            self.signal("-INT");
            thread::sleep(Duration::from_millis(20));
            self.child.try_wait().unwrap()
        })
    }

    /// Asks it to stop and waits until it has.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.signal("-TERM");
        let status = self.ends();
        assert_eq!(status.code(), Some(0), "{status}");
    }

    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until `look` sees something.
#[track_caller]
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(seen) = look() {
            return seen;
        }
        assert!(begun.elapsed() < DEADLINE, "waited too long until {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until there is no process with this id.
#[track_caller]
pub(crate) fn until_gone(pid: &str) {
    let alive = || Command::new("kill").args(["-0", pid.trim()]).output().unwrap().status.success();
    until("the process is gone", || (!alive()).then_some(()));
}

/// Waits until the file at `path` has these bytes.
#[track_caller]
pub(crate) fn until_file(path: &Path, bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let read = || {
        let mut now = Vec::new();
        File::open(path).and_then(|mut file| file.read_to_end(&mut now)).ok();
        now
    };
    let begun = Instant::now();
    while read() != bytes {
        // what is too much does not go away
        if read().len() > bytes.len() || begun.elapsed() > DEADLINE {
            let now = read();
            let tail = String::from_utf8_lossy(&now[now.len().saturating_sub(200)..]).into_owned();
            panic!("{} has {} bytes and not the {} expected: …{tail:?}", path.display(), now.len(), bytes.len());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// The flights `times` over, each line with a number of its own before it.
pub(crate) fn numbered_flights(times: usize) -> Vec<u8> {
    let mut all = Vec::with_capacity(times * FLIGHTS.len() * 11 / 10);
    let mut number = 0;
    for _ in 0..times {
        for line in FLIGHTS.split_inclusive(|byte| *byte == b'\n') {
            all.extend_from_slice(format!("{number} ").as_bytes());
            all.extend_from_slice(line);
            number += 1;
        }
    }
    all
}
