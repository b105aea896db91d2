//! Servers of docker-compose.yml, in containers of a project of their own: those that somebody uses for other things stay as
//! they are, and so do their volumes.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::LazyLock;

use super::native::directory;
use super::ready::free_port;
use super::supervisor::{Output, Supervised};
use super::{Server, Started};

/// Whether there is a container engine that answers, and the plugin.
pub(super) fn is_there() -> bool {
    static ANSWER: LazyLock<bool> = LazyLock::new(|| ["info", "compose version"].into_iter().all(succeeds));
    *ANSWER
}

fn succeeds(question: &str) -> bool {
    let mut docker = Command::new("docker");
    docker.args(question.split(' ')).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    docker.status().is_ok_and(|status| status.success())
}

pub(super) fn start(server: Server) -> Result<Started, String> {
    let failed = |error: io::Error| format!("cannot run docker: {error}");
    let project = Project { server, port: free_port()? };
    let containers = Containers::down_afterwards(&project).map_err(failed)?;
    let up = project.compose(&["up", "--detach", "--wait"]);
    let mut up = Supervised::start(&up, "INT", Output::Log, directory("compose")?).map_err(failed)?;
    let status = up.wait().map_err(failed)?;
    if !status.success() {
        return Err(format!("docker compose cannot start it ({status}); it said:{}", up.last_lines()));
    }
    let started = Started::new(project.port, containers);
    Ok(if server == Server::Mongo { started.with_transactions() } else { started })
}

struct Project {
    server: Server,
    port: u16,
}

impl Project {
    fn compose(&self, arguments: &[&str]) -> Command {
        let profile = self.profile();
        let mut docker = Command::new("docker");
        let name = format!("checkpoint-test-{profile}-{}", process::id());
        docker.args(["compose", "--project-name", &name, "--profile", profile]).args(arguments);
        docker.env(format!("{}_PORT", profile.to_uppercase()), self.port.to_string());
        docker.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name(""));
        docker
    }

    /// Also the name of the service.
    fn profile(&self) -> &'static str {
        match self.server {
            Server::Elastic => "elasticsearch",
            Server::Mongo => "mongo",
            Server::Postgres => "postgres",
            Server::Redis => "redis",
        }
    }
}

/// Takes the containers down when dropped, and when this process ends in any other way.
struct Containers(Child);

/// A line says that this process still runs, and so nobody is starting containers. Where it does not come, an `up` that was
/// stopped may have been about to make one.
const SCRIPT: &str = r#"read -r _ || { "$@"; sleep 3; }; exec "$@""#;

impl Containers {
    fn down_afterwards(project: &Project) -> io::Result<Self> {
        let down = project.compose(&["down", "--volumes"]);
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "down"]).arg(down.get_program()).args(down.get_args());
        shell.envs(down.get_envs().filter_map(|(name, value)| Some((name, value?))));
        shell.current_dir(down.get_current_dir().unwrap_or(Path::new(".")));
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        shell.spawn().map(Self)
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        let told = self.0.stdin.take().map_or(Ok(()), |mut pipe| pipe.write_all(b"down\n"));
        match told.and_then(|()| self.0.wait()) {
            Ok(status) if status.success() => {}
            Ok(status) => eprintln!("`docker compose down` failed: {status}"),
            Err(error) => eprintln!("`docker compose down` failed: {error}"),
        }
    }
}
