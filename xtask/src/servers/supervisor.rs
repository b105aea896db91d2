//! Commands that do not outlive this process, even if it is killed.

use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::interrupt;

/// Between two looks at something that says nothing by itself.
pub(crate) const PAUSE: Duration = Duration::from_millis(20);

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/servers/supervise.sh");

/// How long a command may take to stop, in tenths of a second.
const PATIENCE: u16 = 100;

/// Where a command prints.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Output {
    /// Where this process does.
    Here,
    /// Into a file in the command's directory.
    Log,
}

/// A command in a process group of its own, which Ctrl-C does not reach, with a directory that is removed after it. Stopped
/// when dropped, and when this process ends in any other way.
pub(crate) struct Supervised {
    process: Child,
    directory: TempDir,
}

impl Supervised {
    /// `stop` is the signal that asks this command to end, without its `SIG`. It gets no standard input.
    pub(crate) fn start(command: &Command, stop: &str, output: Output, directory: TempDir) -> io::Result<Self> {
        let mut shell = Command::new("sh");
        shell.args([SCRIPT, stop, &PATIENCE.to_string()]).arg(directory.path());
        shell.arg(command.get_program()).args(command.get_args());
        shell.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if output == Output::Log {
            let log = File::create(log_in(&directory))?;
            shell.stdout(log.try_clone()?).stderr(log);
        }
        let process = shell.stdin(Stdio::piped()).process_group(0).spawn()?;
        Ok(Self { process, directory })
    }

    /// How the command ended, if it has.
    pub(crate) fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        self.process.try_wait()
    }

    /// Waits for the command to end by itself or, once somebody wants everything to end, stops it.
    pub(crate) fn wait(&mut self) -> io::Result<ExitStatus> {
        loop {
            if interrupt::requested() {
                return self.process.wait(); // which closes its standard input first
            }
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            sleep(PAUSE);
        }
    }

    /// The directory that is removed after the command.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The end of what the command printed into its log: enough to tell why it failed.
    pub(crate) fn last_lines(&self) -> String {
        let log = fs::read(log_in(&self.directory)).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().map(|line| format!("\n    {line}")).collect();
        lines[lines.len().saturating_sub(20)..].concat()
    }
}

impl Drop for Supervised {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        if let Err(error) = self.process.wait() {
            eprintln!("cannot wait for process {}: {error}", self.process.id());
        }
        // the supervisor removes it last
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.directory().exists() && Instant::now() < deadline {
            sleep(PAUSE);
        }
    }
}

fn log_in(directory: &TempDir) -> PathBuf {
    directory.path().join("log")
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEADLINE: Duration = Duration::from_secs(60);

    /// Prints the number of the process once it can be stopped.
    const FOREVER: &str = "echo $$; while :; do sleep 0.05; done";

    fn start(script: &str) -> Supervised {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Supervised::start(&command, "TERM", Output::Log, TempDir::new().unwrap()).unwrap()
    }

    /// What the command has written into a file of its directory, once it ends with a newline.
    fn written(supervised: &Supervised, file: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        while Instant::now() < deadline {
            let text = fs::read_to_string(supervised.directory().join(file)).unwrap_or_default();
            if text.ends_with('\n') {
                return text.trim().to_owned();
            }
            sleep(PAUSE);
        }
        panic!("nothing was written: {}", supervised.last_lines());
    }

    fn runs(process: &str) -> bool {
        Command::new("kill").args(["-0", process]).stderr(Stdio::null()).status().unwrap().success()
    }

    #[test]
    fn a_command_that_ends_leaves_its_status_and_its_last_lines() {
        let mut supervised = start("echo no room >&2; exit 3");
        assert_eq!(supervised.wait().unwrap().code(), Some(3));
        assert_eq!(supervised.last_lines(), "\n    no room");
    }

    #[test]
    fn dropping_asks_the_command_to_end_and_removes_its_directory() {
        let elsewhere = TempDir::new().unwrap();
        let told = elsewhere.path().join("told");
        let script = format!("trap 'echo asked >{}; exit' TERM\n{FOREVER}", told.display());
        let supervised = start(&script);
        let (process, directory) = (written(&supervised, "log"), supervised.directory().to_owned());
        assert!(runs(&process));
        drop(supervised);
        assert!(!runs(&process) && !directory.exists());
        assert_eq!(fs::read_to_string(told).unwrap(), "asked\n");
    }

    #[test]
    fn what_a_command_has_started_ends_with_it() {
        let supervised = start("sleep 600 & echo $!; exit 1");
        let process = written(&supervised, "log");
        assert!(runs(&process));
        drop(supervised);
        let deadline = Instant::now() + DEADLINE;
        while runs(&process) {
            assert!(Instant::now() < deadline, "process {process} still runs");
            sleep(PAUSE);
        }
    }
}
