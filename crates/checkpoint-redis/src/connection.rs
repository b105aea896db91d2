use std::fmt;

use redis::aio::{ConnectionLike, ConnectionManager, MultiplexedConnection};
#[cfg(feature = "cluster")]
use redis::cluster_async::ClusterConnection;
#[cfg(feature = "cluster")]
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{Cmd, Pipeline, RedisResult, Value};

/// What the server answered to one command.
pub(crate) type Answer = RedisResult<Value>;

/// A connection that a store can use. All its tasks share it, and their requests do not wait for one another.
///
/// How long a request may take, and how often connecting is tried, is set where the connection is made.
#[derive(Clone)]
#[non_exhaustive]
pub enum Connection {
    /// To a cluster. It repeats requests of its own accord where a connection breaks: see the crate's page.
    #[cfg(feature = "cluster")]
    Cluster(ClusterConnection),
    /// To one server, connecting again when the connection is lost.
    Manager(ConnectionManager),
    /// To one server. When the connection is lost, every call fails.
    Multiplexed(MultiplexedConnection),
}

/// A server that holds keys of its own.
pub(crate) enum Node {
    /// The only one.
    Only,
    /// A primary of a cluster.
    #[cfg(feature = "cluster")]
    Primary { host: String, port: u16 },
}

impl Connection {
    /// Sends all commands at once and answers for each, in order.
    pub(crate) async fn send(&self, commands: &Pipeline) -> Vec<Answer> {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => send_apart(connection, commands).await,
            Self::Manager(connection) => send_together(connection.clone(), commands).await,
            Self::Multiplexed(connection) => send_together(connection.clone(), commands).await,
        }
    }

    /// Sends one command to one of the [`nodes`](Self::nodes).
    pub(crate) async fn ask(&self, node: &Node, command: Cmd) -> Answer {
        let answer = match (self, node) {
            #[cfg(feature = "cluster")]
            (Self::Cluster(connection), Node::Primary { host, port }) => {
                let routing = SingleNodeRoutingInfo::ByAddress { host: host.clone(), port: *port };
                connection.clone().route_command(command, RoutingInfo::SingleNode(routing)).await
            }
            #[cfg(feature = "cluster")]
            (Self::Cluster(connection), Node::Only) => connection.clone().req_packed_command(&command).await,
            (Self::Manager(connection), _) => connection.clone().req_packed_command(&command).await,
            (Self::Multiplexed(connection), _) => connection.clone().req_packed_command(&command).await,
        };
        answer.and_then(Value::extract_error)
    }

    /// The servers that hold the keys together.
    pub(crate) async fn nodes(&self) -> RedisResult<Vec<Node>> {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(connection) => primaries(connection).await,
            Self::Manager(_) | Self::Multiplexed(_) => Ok(vec![Node::Only]),
        }
    }

    /// Whether a script may use keys of different slots.
    pub(crate) fn is_one_server(&self) -> bool {
        match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => false,
            Self::Manager(_) | Self::Multiplexed(_) => true,
        }
    }
}

/// One pipeline: one round trip.
async fn send_together(mut connection: impl ConnectionLike, commands: &Pipeline) -> Vec<Answer> {
    match commands.query_async::<Vec<Value>>(&mut connection).await {
        Ok(values) => values.into_iter().map(refused).collect(),
        Err(error) => vec![Err(error); commands.len()],
    }
}

/// A command that the server refused is an answer within a pipeline.
fn refused(value: Value) -> Answer {
    match value {
        Value::ServerError(error) => Err(error.into()),
        value => Ok(value),
    }
}

/// Each command to the server of its key, all at once.
#[cfg(feature = "cluster")]
async fn send_apart(connection: &ClusterConnection, commands: &Pipeline) -> Vec<Answer> {
    let send = |command: &Cmd| {
        let (mut connection, command) = (connection.clone(), command.clone());
        async move { connection.req_packed_command(&command).await.and_then(refused) }
    };
    futures_util::future::join_all(commands.cmd_iter().map(send)).await
}

#[cfg(feature = "cluster")]
async fn primaries(connection: &ClusterConnection) -> RedisResult<Vec<Node>> {
    let everyone = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
    let answers = connection.clone().route_command(redis::cmd("PING"), everyone).await?;
    let by_address: Vec<(String, Value)> = redis::from_redis_value(answers)?;
    by_address.into_iter().map(|(address, _)| primary(&address)).collect()
}

#[cfg(feature = "cluster")]
fn primary(address: &str) -> RedisResult<Node> {
    let parsed = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
    let Some((host, port)) = parsed else {
        return Err((redis::ErrorKind::UnexpectedReturnType, "a node of the cluster has no host:port").into());
    };
    Ok(Node::Primary { host: host.to_owned(), port })
}

#[cfg(feature = "cluster")]
impl From<ClusterConnection> for Connection {
    fn from(connection: ClusterConnection) -> Self {
        Self::Cluster(connection)
    }
}

impl From<ConnectionManager> for Connection {
    fn from(connection: ConnectionManager) -> Self {
        Self::Manager(connection)
    }
}

impl From<MultiplexedConnection> for Connection {
    fn from(connection: MultiplexedConnection) -> Self {
        Self::Multiplexed(connection)
    }
}

/// Without the address, as a URL may have been its source.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            #[cfg(feature = "cluster")]
            Self::Cluster(_) => "Cluster",
            Self::Manager(_) => "Manager",
            Self::Multiplexed(_) => "Multiplexed",
        };
        f.debug_struct(name).finish_non_exhaustive()
    }
}
