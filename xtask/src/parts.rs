use std::process::Command;
use std::time::{Duration, Instant};

/// The parts of a chore: commands that run one after the other, with the time that each took.
#[derive(Default)]
pub(crate) struct Parts {
    times: Vec<(String, Duration)>,
}

impl Parts {
    /// Runs the commands as one part: all of them, so that one run shows everything that fails.
    pub(crate) fn run(&mut self, name: &str, commands: impl IntoIterator<Item = Command>) -> Result<(), String> {
        eprintln!("\n== {name}");
        let started = Instant::now();
        let failures: Vec<_> = commands.into_iter().filter_map(|command| run(command).err()).collect();
        self.times.push((name.to_owned(), started.elapsed()));
        match failures.is_empty() {
            true => Ok(()),
            false => Err(format!("{name}: {}", failures.join("; "))),
        }
    }

    /// Prints how long each part took.
    pub(crate) fn print_times(&self) {
        eprintln!();
        for (name, time) in &self.times {
            eprintln!("{:7.1} s  {name}", time.as_secs_f64());
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
