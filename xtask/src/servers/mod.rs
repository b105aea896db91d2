//! The databases that tests need. Each is had in the first of these ways that is there: a URL in the environment, a container, a
//! server that is installed.

mod built;
mod compose;
mod elastic;
mod environment;
pub(crate) mod interrupt;
mod java;
pub(crate) mod keep;
mod mongo;
mod native;
mod postgres;
mod ready;
mod redis;
pub(crate) mod supervisor;
mod table;
pub(crate) mod tally;

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use clap::ValueEnum;

pub(crate) use native::directory;

/// A database that tests need.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Server {
    Elastic,
    Mongo,
    Postgres,
    Redis,
}

impl Server {
    pub(crate) const ALL: [Self; 4] = [Self::Elastic, Self::Mongo, Self::Postgres, Self::Redis];

    /// As in `CHECKPOINT_TEST_REQUIRE`.
    fn name(self) -> &'static str {
        match self {
            Self::Elastic => "elastic",
            Self::Mongo => "mongo",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }

    /// In which tests find the URL.
    fn variable(self) -> &'static str {
        match self {
            Self::Elastic => "CHECKPOINT_TEST_ELASTIC_URL",
            Self::Mongo => "CHECKPOINT_TEST_MONGO_URL",
            Self::Postgres => "CHECKPOINT_TEST_POSTGRES_URL",
            Self::Redis => "CHECKPOINT_TEST_REDIS_URL",
        }
    }

    /// The URL of one that was started here. A container and an installed server have the same users.
    fn url(self, port: u16) -> String {
        match self {
            Self::Elastic => format!("http://127.0.0.1:{port}"),
            // a replica set knows its member by another port, where that is a container's
            Self::Mongo => format!("mongodb://127.0.0.1:{port}/?directConnection=true"),
            Self::Postgres => format!("postgres://checkpoint:checkpoint@127.0.0.1:{port}/checkpoint"),
            Self::Redis => format!("redis://127.0.0.1:{port}"),
        }
    }
}

/// Says that the tests of transactions can run.
const TRANSACTIONS: (&str, &str) = ("CHECKPOINT_TEST_MONGO_TRANSACTIONS", "1");

/// A server that was started here and is stopped when this is dropped.
struct Started {
    port: u16,
    transactions: bool,
    until_dropped: Box<dyn Send>,
}

impl Started {
    fn new(port: u16, until_dropped: impl Send + 'static) -> Self {
        Self { port, transactions: false, until_dropped: Box::new(until_dropped) }
    }

    fn with_transactions(self) -> Self {
        Self { transactions: true, ..self }
    }
}

/// How a server was had.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum How {
    Compose,
    Environment,
    Native,
}

/// A server that tests can use.
struct Running {
    how: How,
    variables: Vec<(&'static str, String)>,
    took: Duration,
    _until_dropped: Option<Box<dyn Send>>,
}

/// All servers, or why they are not there.
pub(crate) struct Servers(Vec<(Server, Result<Running, String>)>);

impl Servers {
    /// Starts those that are `wanted`, all at the same time. From then on signals are requests to stop. Fails where one that is required is not there.
    pub(crate) fn start(wanted: &[Server]) -> Result<Self, String> {
        interrupt::listen()?;
        let required = &environment::required()?;
        let servers = thread::scope(|threads| {
            let starting =
                Server::ALL.map(|server| (server, threads.spawn(move || start_and_tell(server, wanted, required))));
            starting.map(|(server, thread)| (server, thread.join().unwrap_or_else(|_| Err("it panicked".to_owned()))))
        });
        let servers = Self(servers.into_iter().collect());
        if interrupt::requested() {
            return Err("interrupted".to_owned());
        }
        let missing: Vec<_> = servers.absent().filter(|server| required.contains(server)).map(Server::name).collect();
        match missing.is_empty() {
            true => Ok(servers),
            false => Err(format!("{} requires {}, see above", environment::REQUIRE, missing.join(", "))),
        }
    }

    fn absent(&self) -> impl Iterator<Item = Server> {
        self.0.iter().filter(|(_, server)| server.is_err()).map(|(server, _)| *server)
    }

    /// What tests have to find in their environment.
    pub(crate) fn variables(&self) -> impl Iterator<Item = &(&'static str, String)> {
        self.0.iter().flat_map(|(_, server)| server).flat_map(|running| &running.variables)
    }

    /// Gives a command these servers. What is required is in the environment of this process, and so in the command's.
    pub(crate) fn lend(&self, command: &mut Command) {
        for server in self.absent() {
            command.env_remove(server.variable()); // one that was not asked for
        }
        command.envs(self.variables().map(|(name, value)| (name, value)));
    }
}

impl Drop for Servers {
    /// Stops all at the same time.
    fn drop(&mut self) {
        thread::scope(|threads| self.0.drain(..).for_each(|server| drop(threads.spawn(move || drop(server)))));
    }
}

fn start_and_tell(server: Server, wanted: &[Server], required: &[Server]) -> Result<Running, String> {
    let name = server.name();
    let running = if wanted.contains(&server) { start(server) } else { Err("not asked for".to_owned()) };
    let so = if required.contains(&server) { "but required" } else { "its tests are skipped" };
    match &running {
        Ok(running) => eprintln!("{name}: {}, after {:.1} s", running.how, running.took.as_secs_f64()),
        Err(_) if interrupt::requested() => {}
        Err(reason) => eprintln!("{name}: not there, {so}: {reason}"),
    }
    running
}

fn start(server: Server) -> Result<Running, String> {
    let begun = Instant::now();
    if let Some(url) = environment::url(server) {
        let variables = vec![(server.variable(), url)];
        return Ok(Running { how: How::Environment, variables, took: begun.elapsed(), _until_dropped: None });
    }
    let (how, started) = match compose::is_there() {
        true => (How::Compose, compose::start(server)?),
        false => (How::Native, native::start(server)?),
    };
    let mut variables = vec![(server.variable(), server.url(started.port))];
    variables.extend(started.transactions.then(|| (TRANSACTIONS.0, TRANSACTIONS.1.to_owned())));
    Ok(Running { how, variables, took: begun.elapsed(), _until_dropped: Some(started.until_dropped) })
}
