//! Servers that are installed on this machine, on free ports and with throw-away directories.

use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::ready::free_port;
use super::supervisor::{Output, PAUSE, Supervised};
use super::{Server, Started, elastic, interrupt, mongo, postgres, redis};

/// How long a server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) fn start(server: Server) -> Result<Started, String> {
    match server {
        Server::Elastic => elastic::start(),
        Server::Mongo => mongo::start(),
        Server::Postgres => postgres::start(),
        Server::Redis => redis::start(),
    }
}

/// Where a server is going to run.
pub(super) struct Place {
    directory: TempDir,
    pub(super) port: u16,
}

impl Place {
    pub(super) fn new(server: Server) -> Result<Self, String> {
        Ok(Self { directory: directory(server.name())?, port: free_port()? })
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Starts a server there, and waits until it is ready. `stop` is the signal on which it ends, without its `SIG`.
    pub(super) fn start(self, mut command: Command, stop: &str, ready: impl Fn() -> bool) -> Result<Started, String> {
        command.current_dir(self.directory.path());
        let process = Supervised::start(&command, stop, Output::Log, self.directory);
        let mut process = process.map_err(|error| format!("cannot start it: {error}"))?;
        wait_until(ready, &mut process).map_err(|error| format!("{error}{}", process.last_lines()))?;
        Ok(Started::new(self.port, process))
    }
}

fn wait_until(ready: impl Fn() -> bool, process: &mut Supervised) -> Result<(), String> {
    let deadline = Instant::now() + PATIENCE;
    while !ready() {
        if interrupt::requested() {
            return Err("interrupted".to_owned());
        }
        if let Some(status) = process.ended().map_err(|error| error.to_string())? {
            return Err(format!("it ended ({status}) before it was ready; it said:"));
        }
        if Instant::now() > deadline {
            return Err(format!("it was not ready within {} s; it said:", PATIENCE.as_secs()));
        }
        sleep(PAUSE);
    }
    Ok(())
}

/// A throw-away directory.
pub(crate) fn directory(purpose: &str) -> Result<TempDir, String> {
    let directory = tempfile::Builder::new().prefix(&format!("checkpoint-{purpose}-")).tempdir();
    directory.map_err(|error| format!("cannot make a directory below {}: {error}", std::env::temp_dir().display()))
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::net::TcpListener;
    use std::path::PathBuf;
    use std::thread;

    use super::*;
    use crate::servers::ready;

    fn start(script: &str, ready: impl Fn() -> bool) -> (PathBuf, Result<Started, String>) {
        let place = Place::new(Server::Redis).unwrap();
        let directory = place.directory().to_owned();
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        (directory, place.start(command, "TERM", ready))
    }

    #[test]
    fn a_server_that_does_not_come_up_says_why_and_leaves_nothing() {
        let (directory, started) = start("echo 'address already in use'; exit 3", || false);
        let error = started.err().unwrap();
        assert!(error.contains("exit status: 3") && error.ends_with("\n    address already in use"), "{error}");
        assert!(!directory.exists());
    }

    #[test]
    fn a_server_that_is_ready_runs_until_it_is_dropped() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.write_all(b"+PONG\r\n").unwrap();
        });
        let (directory, started) =
            start("exec sleep 600", || ready::answers(port, b"PING\r\n", |it| it == b"+PONG\r\n"));
        answer.join().unwrap();
        assert!(directory.exists());
        drop(started.unwrap());
        assert!(!directory.exists());
    }
}
