use std::process::{Command, ExitCode};
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
    match status.success() {
        true => Ok(()),
        false => Err(format!("`{shown}` failed: {status}")),
    }
}

fn shown(command: &Command) -> String {
    let words = command.get_args().map(|word| word.to_string_lossy());
    let program = command.get_program().to_string_lossy();
    let program = program.rsplit('/').next().unwrap_or_default().to_owned();
    words.fold(program, |shown, word| shown + " " + &word)
}
