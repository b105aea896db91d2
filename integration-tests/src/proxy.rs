//! A TCP proxy in front of a server, which breaks connections when it is told to.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;
use url::Url;

/// What the proxy does to the connections. What is said of requests holds for those with `marker` in them, such as the id
/// of a checkpoint, so that handshakes and heartbeats pass; every request has the empty marker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the tests are in this package")]
pub enum Fault {
    /// None: everything is passed on.
    None,
    /// A request is passed on and its answer is thrown away: as soon as the server begins to answer, so it has acted, both
    /// connections are closed.
    AnswerLost {
        /// In which requests.
        marker: Vec<u8>,
    },
    /// A request is not passed on, both connections are closed instead. Of a large one the beginning may have been passed
    /// on.
    CutBefore {
        /// In which requests.
        marker: Vec<u8>,
    },
    /// Every piece of an answer waits for so long before it is passed on.
    DelayAnswers(Duration),
    /// Answers wait until there is another fault.
    HoldAnswers,
    /// Connecting is refused, and the connections that there were are closed.
    Refuse,
}

/// Listens on a port of its own, on the loopback interface, until it is dropped.
#[derive(Debug)]
pub struct Proxy {
    url: String,
    /// Bound and not listening: keeps the port, and a connection to it is refused.
    port: TcpSocket,
    wiring: Wiring,
    fault: watch::Sender<Fault>,
    listening: Option<Listening>,
}

/// What every connection needs.
#[derive(Clone, Debug)]
struct Wiring {
    server: Arc<str>,
    fault: watch::Receiver<Fault>,
    round_trips: Arc<AtomicU64>,
}

/// The task that accepts; when `stop` is dropped it closes all connections and ends.
#[derive(Debug)]
struct Listening {
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Starts a proxy in front of the server that `url` names, at `default_port` where the URL has none.
    ///
    /// # Panics
    ///
    /// Where the URL has no host.
    pub async fn in_front_of(url: &str, default_port: u16) -> Self {
        let mut url = Url::parse(url).expect("a URL");
        let host = url.host_str().expect("the URL has a host");
        let server = format!("{host}:{}", url.port().unwrap_or(default_port)).into();
        let port = bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
        let address = port.local_addr().expect("it is bound");
        url.set_host(Some("127.0.0.1")).expect("the URL has a host");
        url.set_port(Some(address.port())).expect("the URL has a host");
        let (fault, faults) = watch::channel(Fault::None);
        let wiring = Wiring { server, fault: faults, round_trips: Arc::default() };
        let mut proxy = Self { url: url.into(), port, wiring, fault, listening: None };
        proxy.listen();
        proxy
    }

    /// The URL of the server, by way of this proxy.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Does `fault` from now on: when this returns, it holds for every connection.
    pub async fn switch(&mut self, fault: Fault) {
        let refuse = fault == Fault::Refuse;
        self.fault.send_replace(fault);
        match (refuse, self.listening.take()) {
            (true, Some(Listening { stop, task })) => {
                drop(stop);
                task.await.expect("nothing in it panics");
            }
            (false, None) => self.listen(),
            (_, unchanged) => self.listening = unchanged,
        }
    }

    /// How many requests were passed on so far that followed an answer or were the first ones of their connection: a
    /// client that waits for each answer makes one round trip a request.
    pub fn round_trips(&self) -> u64 {
        self.wiring.round_trips.load(Ordering::SeqCst)
    }

    fn listen(&mut self) {
        let address = self.port.local_addr().expect("it is bound");
        let listener = bind(address).and_then(|socket| socket.listen(1024)).expect("the port is kept for this");
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(accept(listener, self.wiring.clone(), stopped));
        self.listening = Some(Listening { stop, task });
    }
}

/// Binds to a port that others of this user may bind to as well.
fn bind(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.set_reuseport(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn accept(listener: TcpListener, wiring: Wiring, mut stopped: oneshot::Receiver<()>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            Ok((client, _)) = listener.accept() => drop(connections.spawn(connect(client, wiring.clone()))),
            Some(_) = connections.join_next() => {}
        }
    }
    drop(listener);
    connections.shutdown().await;
}

/// One connection: both sides are closed when either is, or when a fault cuts it.
async fn connect(mut client: TcpStream, wiring: Wiring) {
    let Ok(mut server) = TcpStream::connect(&*wiring.server).await else { return };
    if client.set_nodelay(true).and(server.set_nodelay(true)).is_err() {
        return; // closed already
    }
    let turn = Turn::default();
    let (from_client, to_client) = client.split();
    let (from_server, to_server) = server.split();
    tokio::select! {
        _ = pass_requests(from_client, to_server, &wiring, &turn) => {}
        _ = pass_answers(from_server, to_client, wiring.fault.clone(), &turn) => {}
    }
}

/// What the two directions of a connection know of each other.
#[derive(Default)]
struct Turn {
    /// A request was passed on since the last answer.
    asked: AtomicBool,
    /// The next answer is thrown away.
    answer_is_lost: AtomicBool,
}

async fn pass_requests(
    mut client: ReadHalf<'_>,
    mut server: WriteHalf<'_>,
    wiring: &Wiring,
    turn: &Turn,
) -> io::Result<()> {
    let (mut buffer, mut request) = (vec![0; 64 << 10], Vec::new());
    loop {
        let piece = read(&mut client, &mut buffer).await?;
        if !turn.asked.swap(true, Ordering::SeqCst) {
            wiring.round_trips.fetch_add(1, Ordering::SeqCst);
            request.clear();
        }
        request.extend_from_slice(piece);
        match &*wiring.fault.borrow() {
            Fault::CutBefore { marker } if contains(&request, marker) => return Ok(()),
            Fault::AnswerLost { marker } if contains(&request, marker) => {
                turn.answer_is_lost.store(true, Ordering::SeqCst);
            }
            _ => {}
        }
        server.write_all(piece).await?;
    }
}

async fn pass_answers(
    mut server: ReadHalf<'_>,
    mut client: WriteHalf<'_>,
    mut fault: watch::Receiver<Fault>,
    turn: &Turn,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        let piece = read(&mut server, &mut buffer).await?;
        if turn.answer_is_lost.load(Ordering::SeqCst) {
            return Ok(());
        }
        turn.asked.store(false, Ordering::SeqCst);
        wait(&mut fault).await;
        client.write_all(piece).await?;
    }
}

/// Some bytes; the end of the stream is an error.
async fn read<'b>(stream: &mut ReadHalf<'_>, buffer: &'b mut [u8]) -> io::Result<&'b [u8]> {
    match stream.read(buffer).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        length => Ok(&buffer[..length]),
    }
}

/// As long as the fault wants an answer to wait.
async fn wait(fault: &mut watch::Receiver<Fault>) {
    let now = fault.borrow().clone();
    match now {
        Fault::DelayAnswers(delay) => sleep(delay).await,
        Fault::HoldAnswers => {
            let _ = fault.wait_for(|fault| *fault != Fault::HoldAnswers).await; // fails where the proxy is gone
        }
        Fault::None | Fault::AnswerLost { .. } | Fault::CutBefore { .. } | Fault::Refuse => {}
    }
}

fn contains(request: &[u8], marker: &[u8]) -> bool {
    memchr::memmem::find(request, marker).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers every byte with the next one, and counts what it was sent.
    async fn server() -> (String, Arc<AtomicU64>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("test://user:word@{}/path?a=b", listener.local_addr().unwrap());
        let received = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&received);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                tokio::spawn(async move {
                    while let Ok(byte) = client.read_u8().await {
                        counter.fetch_add(1, Ordering::SeqCst);
                        client.write_u8(byte + 1).await.unwrap();
                    }
                });
            }
        });
        (url, received)
    }

    async fn client(proxy: &Proxy) -> io::Result<TcpStream> {
        let url = Url::parse(proxy.url()).unwrap();
        TcpStream::connect((url.host_str().unwrap(), url.port().unwrap())).await
    }

    async fn ask(client: &mut TcpStream, byte: u8) -> io::Result<u8> {
        client.write_u8(byte).await?;
        client.read_u8().await
    }

    #[tokio::test]
    async fn everything_is_passed_on_and_round_trips_are_counted() {
        let (url, _) = server().await;
        let proxy = Proxy::in_front_of(&url, 1).await;
        assert!(proxy.url().starts_with("test://user:word@127.0.0.1:") && proxy.url().ends_with("/path?a=b"));
        let (mut one, mut two) = (client(&proxy).await.unwrap(), client(&proxy).await.unwrap());
        for byte in 0..10 {
            assert_eq!(ask(&mut one, byte).await.unwrap(), byte + 1);
            assert_eq!(ask(&mut two, byte).await.unwrap(), byte + 1);
        }
        assert_eq!(proxy.round_trips(), 20);
    }

    #[tokio::test]
    async fn a_cut_request_never_arrives_and_a_lost_answer_means_that_it_did() {
        let (url, received) = server().await;
        let mut proxy = Proxy::in_front_of(&url, 1).await;
        proxy.switch(Fault::CutBefore { marker: vec![7] }).await;
        let mut one = client(&proxy).await.unwrap();
        assert_eq!(ask(&mut one, 3).await.unwrap(), 4);
        assert!(ask(&mut one, 7).await.is_err());
        assert_eq!(received.load(Ordering::SeqCst), 1);

        proxy.switch(Fault::AnswerLost { marker: vec![7] }).await;
        let mut two = client(&proxy).await.unwrap();
        assert_eq!(ask(&mut two, 3).await.unwrap(), 4);
        assert!(ask(&mut two, 7).await.is_err());
        assert_eq!(received.load(Ordering::SeqCst), 3);
    }

    #[tokio::test]
    async fn refused_connections_come_back_with_the_next_fault() {
        let (url, _) = server().await;
        let mut proxy = Proxy::in_front_of(&url, 1).await;
        let mut before = client(&proxy).await.unwrap();
        proxy.switch(Fault::Refuse).await;
        assert!(ask(&mut before, 1).await.is_err());
        assert_eq!(client(&proxy).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        proxy.switch(Fault::None).await;
        assert_eq!(ask(&mut client(&proxy).await.unwrap(), 1).await.unwrap(), 2);
    }

    #[tokio::test]
    async fn held_answers_arrive_when_they_are_let_go() {
        let (url, received) = server().await;
        let mut proxy = Proxy::in_front_of(&url, 1).await;
        proxy.switch(Fault::HoldAnswers).await;
        let mut client = client(&proxy).await.unwrap();
        client.write_u8(1).await.unwrap();
        while received.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(client.try_read(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        proxy.switch(Fault::DelayAnswers(Duration::from_millis(1))).await;
        assert_eq!(client.read_u8().await.unwrap(), 2);
        assert_eq!(ask(&mut client, 5).await.unwrap(), 6);
    }
}
