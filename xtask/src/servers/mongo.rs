use std::path::Path;
use std::process::Command;

use super::native::Place;
use super::{Server, Started, built, ready};

const FILES: &[&str] = &["go.mod", "go.sum", "front.go", "main.go", "update.go"];

/// `mongod`, or else what test-servers/mongo is.
pub(super) fn start() -> Result<Started, String> {
    match which::which("mongod") {
        Ok(server) => start_mongod(Command::new(server)),
        Err(_) => start_built(),
    }
}

/// A replica set of one, since transactions need a replica set.
fn start_mongod(mut command: Command) -> Result<Started, String> {
    let place = Place::new(Server::Mongo)?;
    let port = place.port;
    command.arg("--dbpath").arg(place.directory()).args(["--replSet", "rs0", "--nounixsocket"]);
    command.args(["--bind_ip", "127.0.0.1", "--port", &port.to_string()]);
    let started = place.start(command, "TERM", move || is_primary(port) || initiate(port))?;
    Ok(started.with_transactions())
}

fn start_built() -> Result<Started, String> {
    let built = built::build("mongo", FILES, go)?;
    let place = Place::new(Server::Mongo)?;
    let port = place.port;
    let mut command = Command::new(built.join("mongo"));
    command.arg(format!("127.0.0.1:{port}")).arg(place.directory());
    place.start(command, "TERM", move || is_primary(port))
}

fn go(output: &Path) -> Result<Command, String> {
    let go = which::which("go").map_err(|_| {
        "there is no mongod, and no Go with which to build a server that speaks its protocol: install one of them \
         (https://go.dev/dl, 1.24 or newer), or start a container engine"
    })?;
    let mut command = Command::new(go);
    command.arg("build").arg("-o").arg(output.join("mongo")).arg(".").current_dir(built::sources("mongo"));
    Ok(command)
}

fn is_primary(port: u16) -> bool {
    let hello = message(b"\x10hello\0\x01\0\0\0");
    ready::answers(port, &hello, |answer| ready::contains(answer, b"\x08isWritablePrimary\0\x01"))
}

/// Asks a member of a replica set to begin one. It is not primary yet; once it is, this is not called again.
fn initiate(port: u16) -> bool {
    let initiate = message(b"\x03replSetInitiate\0\x05\0\0\0\0");
    ready::answers(port, &initiate, |answer| !answer.is_empty());
    false
}

/// A command to the database `admin`, given as an element of BSON, as an `OP_MSG`.
fn message(command: &[u8]) -> Vec<u8> {
    let database = b"\x02$db\0\x06\0\0\0admin\0";
    let document = with_length(&[command, database, b"\0"].concat());
    let (request, answer_to, operation, flags, kind) = ([1, 0, 0, 0], [0; 4], 2013_u32.to_le_bytes(), [0; 4], [0]);
    with_length(&[&request[..], &answer_to, &operation, &flags, &kind, &document].concat())
}

/// BSON and the protocol both begin with the length, which counts itself.
fn with_length(content: &[u8]) -> Vec<u8> {
    let length = u32::try_from(content.len() + 4).expect("a short message");
    [&length.to_le_bytes()[..], content].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_as_the_protocol_has_it() {
        let message = message(b"\x10hello\0\x01\0\0\0");
        let (header, document) = message.split_at(21);
        assert_eq!(header, b"\x34\0\0\0\x01\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0\0");
        assert_eq!(document, b"\x1f\0\0\0\x10hello\0\x01\0\0\0\x02$db\0\x06\0\0\0admin\0\0");
    }
}
