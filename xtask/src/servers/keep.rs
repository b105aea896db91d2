//! Servers for somebody at a terminal.

use std::io::{self, Write};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;

use super::supervisor::PAUSE;
use super::{Server, Servers, interrupt};
use crate::parts::Parts;

/// Starts all servers, prints where they are as lines for a shell, and keeps them until standard input ends or somebody wants
/// everything to end.
pub(crate) fn run(parts: &mut Parts) {
    let Some(servers) = parts.time("servers", || Servers::start(&Server::ALL)) else { return };
    parts.time("keep", || keep(&servers));
}

fn keep(servers: &Servers) -> Result<(), String> {
    print(servers).map_err(|error| format!("cannot print the variables: {error}"))?;
    eprintln!("running until Ctrl-C or the end of standard input");
    wait()
}

fn print(servers: &Servers) -> io::Result<()> {
    let mut output = io::stdout().lock();
    for (name, value) in servers.variables() {
        writeln!(output, "export {name}={}", quoted(value))?;
    }
    output.flush()
}

/// In single quotes, as a shell takes any text: a URL from the environment may have anything in it.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\'', r"'\''"))
}

fn wait() -> Result<(), String> {
    let (reader, ended) = channel();
    thread::spawn(move || {
        let _ = reader.send(io::copy(&mut io::stdin(), &mut io::sink())); // nobody listens after Ctrl-C
    });
    loop {
        if interrupt::requested() {
            return Err("interrupted".to_owned());
        }
        match ended.recv_timeout(PAUSE) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(_) | Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_reads_what_was_quoted() {
        let value = "postgres://a:b'c$(d)@127.0.0.1/?e=f&g \"h\"";
        let output = Command::new("sh").args(["-c", &format!("printf %s {}", quoted(value))]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), value);
    }
}
