//! Whether a server answers yet.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

/// A port on the loopback interface that nobody uses.
pub(crate) fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address.map(|address| address.port()).map_err(|error| format!("there is no free port: {error}"))
}

/// Sends a request to a port on the loopback interface, and says whether the answer, as far as it has come, is the one that is
/// waited for.
pub(crate) fn answers(port: u16, request: &[u8], expected: impl Fn(&[u8]) -> bool) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else { return false };
    let limited = stream.set_read_timeout(Some(Duration::from_secs(5)));
    if limited.and_then(|()| stream.write_all(request)).is_err() {
        return false;
    }
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    loop {
        match stream.read(&mut part) {
            Ok(0) | Err(_) => return false,
            Ok(length) => answer.extend_from_slice(&part[..length]),
        }
        if expected(&answer) {
            return true;
        }
    }
}

/// Whether `part` is somewhere in `whole`.
pub(crate) fn contains(whole: &[u8], part: &[u8]) -> bool {
    whole.windows(part.len()).any(|window| window == part)
}
