//! What the environment says about servers.

use std::env;

use super::Server;

/// Names of servers, with commas between them, without which tests fail.
pub(crate) const REQUIRE: &str = "CHECKPOINT_TEST_REQUIRE";

/// The URL of a server that somebody else runs.
pub(crate) fn url(server: Server) -> Option<String> {
    env::var(server.variable()).ok().filter(|url| !url.is_empty())
}

/// The servers without which tests fail.
pub(crate) fn required() -> Result<Vec<Server>, String> {
    parse(&env::var(REQUIRE).unwrap_or_default())
}

fn parse(names: &str) -> Result<Vec<Server>, String> {
    let names = names.split(',').map(str::trim).filter(|name| !name.is_empty());
    names.map(named).collect()
}

fn named(name: &str) -> Result<Server, String> {
    let server = Server::ALL.into_iter().find(|server| server.name() == name);
    let known = || Server::ALL.map(Server::name).join(", ");
    server.ok_or_else(|| format!("{REQUIRE} names {name:?}, which is no server: use {}", known()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_separated_by_commas() {
        assert_eq!(parse(""), Ok(vec![]));
        assert_eq!(parse("redis, postgres,"), Ok(vec![Server::Redis, Server::Postgres]));
    }

    #[test]
    fn a_name_that_is_no_server_is_refused() {
        let error = parse("postgres,elasticsearch").unwrap_err();
        assert!(error.contains("\"elasticsearch\"") && error.contains("elastic, mongo"), "{error}");
    }
}
