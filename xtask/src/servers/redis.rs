use std::process::Command;

use super::native::Place;
use super::{Server, Started, ready};

/// As durable as the one of docker-compose.yml: an append-only file, synced each second, and no snapshots.
pub(super) fn start() -> Result<Started, String> {
    let server = which::which("redis-server")
        .map_err(|_| "redis-server is not on the path: `apt-get install redis-server`, or start a container engine")?;
    let place = Place::new(Server::Redis)?;
    let port = place.port;
    let mut command = Command::new(server);
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
    command.args(["--appendonly", "yes", "--appendfsync", "everysec"]);
    place.start(command, "TERM", move || ready::answers(port, b"PING\r\n", |answer| answer == b"+PONG\r\n"))
}
