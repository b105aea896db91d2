use std::fmt;

use checkpoint_core::{CheckpointId, Operation, Result};
use redis::{Cmd, ServerErrorKind, Value};

use crate::connection::Node;
use crate::error::to_error;
use crate::script::READ;
use crate::store::{RedisStore, during};

/// A setting of the server with which checkpoints may get lost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Advice {
    /// The setting's name.
    pub setting: &'static str,
    /// What it is set to.
    pub value: String,
    /// What may get lost, and what to set instead.
    pub advice: &'static str,
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is {}: {}", self.setting, self.value, self.advice)
    }
}

impl RedisStore {
    /// Does what the other stores' `migrate` does: after it, the store can be used. In Redis nothing has to be created,
    /// so it only asks whether the server answers.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](checkpoint_core::ErrorKind::Unavailable) and [`Denied`](checkpoint_core::ErrorKind::Denied).
    pub async fn migrate(&self) -> Result<()> {
        let asking = async {
            for node in self.nodes().await? {
                self.ask_node(&node, redis::cmd("PING")).await?;
            }
            Ok(())
        };
        asking.await.map_err(during(Operation::Migrate))
    }

    /// Changes nothing. Checks that the store may run its scripts, and says with which of the server's settings
    /// checkpoints may get lost: `appendonly`, `appendfsync` (where the server tells it: it needs the permission for
    /// `CONFIG GET`), and `maxmemory-policy`. Of a cluster, every primary is asked.
    ///
    /// # Errors
    ///
    /// [`Denied`](checkpoint_core::ErrorKind::Denied) where the store may not run scripts or `INFO`,
    /// [`Unavailable`](checkpoint_core::ErrorKind::Unavailable) where the server cannot be reached.
    pub async fn verify(&self) -> Result<Vec<Advice>> {
        let asking = async {
            self.run_a_script().await?;
            let mut advice = Vec::new();
            for node in self.nodes().await? {
                let settings = Settings { info: self.info(&node).await?, appendfsync: self.appendfsync(&node).await? };
                advice.extend(settings.advice().filter(|new| !advice.contains(new)).collect::<Vec<_>>());
            }
            Ok(advice)
        };
        asking.await.map_err(during(Operation::Verify))
    }

    async fn run_a_script(&self) -> Result<()> {
        let key = self.key(&CheckpointId::new("verify")?);
        let answers = READ.run(&self.connection, [self.call_for(&READ, &key)]).await;
        answers.into_iter().try_for_each(|answer| answer.map(drop).map_err(|error| to_error(&error)))
    }

    async fn info(&self, node: &Node) -> Result<String> {
        let mut text = String::new();
        for section in ["persistence", "memory"] {
            let mut command = redis::cmd("INFO");
            command.arg(section);
            let answer = self.ask_node(node, command).await?;
            text += &redis::from_redis_value::<String>(answer).map_err(|error| to_error(&error.into()))?;
        }
        Ok(text)
    }

    /// None where the server does not tell, as with many hosted ones.
    async fn appendfsync(&self, node: &Node) -> Result<Option<String>> {
        let mut command = redis::cmd("CONFIG");
        command.arg("GET").arg("appendfsync");
        match self.connection.ask(node, command).await {
            Ok(answer) => Ok(redis::from_redis_value::<(String, String)>(answer).ok().map(|(_, value)| value)),
            Err(error) if is_refused(&error) => Ok(None),
            Err(error) => Err(to_error(&error)),
        }
    }

    async fn nodes(&self) -> Result<Vec<Node>> {
        self.connection.nodes().await.map_err(|error| to_error(&error))
    }

    async fn ask_node(&self, node: &Node, command: Cmd) -> Result<Value> {
        self.connection.ask(node, command).await.map_err(|error| to_error(&error))
    }
}

/// Hosted servers say `NOPERM`, or that they do not know the command.
fn is_refused(error: &redis::RedisError) -> bool {
    let kind = error.kind();
    kind == ServerErrorKind::NoPerm.into() || kind == ServerErrorKind::ResponseError.into()
}

/// What one server tells of itself.
struct Settings {
    info: String,
    appendfsync: Option<String>,
}

impl Settings {
    fn advice(&self) -> impl Iterator<Item = Advice> {
        let appends = self.told("aof_enabled").is_none_or(|enabled| enabled == "1");
        let appendonly = (!appends)
            .then_some(("no", "when the server ends, what was stored since its last snapshot is lost: set it to yes"));
        let appendfsync = self.appendfsync.as_deref().filter(|value| appends && *value != "always").map(|value| {
            (value, "when the machine ends, what was stored in the last second or so is lost: set it to always where that is too much")
        });
        let policy = self.told("maxmemory_policy").filter(|policy| policy.starts_with("allkeys"));
        let policy = policy
            .map(|policy| (policy, "when memory is short, the server throws checkpoints away: set it to noeviction"));
        let all = [("appendonly", appendonly), ("appendfsync", appendfsync), ("maxmemory-policy", policy)];
        let advice = |(setting, found): (_, Option<(&str, _)>)| {
            found.map(|(value, advice)| Advice { setting, value: value.to_owned(), advice })
        };
        all.map(advice).into_iter().flatten()
    }

    fn told(&self, name: &str) -> Option<&str> {
        self.info.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(aof: u8, fsync: Option<&str>, policy: &str) -> Vec<&'static str> {
        let info =
            format!("# Persistence\r\naof_enabled:{aof}\r\n# Memory\r\nmaxmemory:0\r\nmaxmemory_policy:{policy}\r\n");
        Settings { info, appendfsync: fsync.map(str::to_owned) }.advice().map(|advice| advice.setting).collect()
    }

    #[test]
    fn what_may_lose_checkpoints_is_named() {
        assert_eq!(settings(1, Some("always"), "noeviction"), [""; 0]);
        assert_eq!(settings(1, None, "volatile-lru"), [""; 0]); // evicts keys that expire, which checkpoints do not
        assert_eq!(settings(1, Some("everysec"), "noeviction"), ["appendfsync"]);
        assert_eq!(settings(0, Some("everysec"), "allkeys-lru"), ["appendonly", "maxmemory-policy"]);
    }
}
