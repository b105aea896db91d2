use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};

/// The parts of a chore: commands that run one after the other. All of them run, so that one run shows everything that
/// fails.
#[derive(Default)]
pub(crate) struct Parts {
    times: Vec<(String, Duration)>,
    failures: Vec<String>,
}

impl Parts {
    /// Runs the commands as one part.
    pub(crate) fn run(&mut self, name: &str, commands: impl IntoIterator<Item = Command>) {
        eprintln!("\n== {name}");
        let started = Instant::now();
        self.failures.extend(commands.into_iter().filter_map(|command| run(command).err()));
        self.times.push((name.to_owned(), started.elapsed()));
    }

    /// Does some work as one part. There is nothing where it failed.
    pub(crate) fn time<T>(&mut self, name: &str, work: impl FnOnce() -> Result<T, String>) -> Option<T> {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let result = work();
        self.times.push((name.to_owned(), started.elapsed()));
        result.map_err(|failure| self.failures.push(failure)).ok()
    }

    /// Prints how long each part took and what failed.
    pub(crate) fn finish(self) -> ExitCode {
        eprintln!();
        for (name, time) in &self.times {
            eprintln!("{:7.1} s  {name}", time.as_secs_f64());
        }
        for failure in &self.failures {
            eprintln!("error: {failure}");
        }
        match self.failures.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        }
    }
}

/// `cargo` with arguments, as words.
pub(crate) fn cargo(arguments: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(arguments.split_whitespace());
    cargo
}

fn run(mut command: Command) -> Result<(), String> {
    let shown = shown(&command);
    eprintln!("+ {shown}");
    let status = command.status().map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    succeeded(status, &shown)
}

/// Fails with a message where a command did.
pub(crate) fn succeeded(status: ExitStatus, shown: &str) -> Result<(), String> {
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{shown}` failed: {status}")),
    }
}

/// A command as somebody would type it.
pub(crate) fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    words.fold(program, |shown, word| shown + " " + &word)
}
