use std::fs;
use std::os::unix::fs::{MetadataExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::native::Place;
use super::{Server, Started};

/// Makes a cluster with the user, the password and the database of docker-compose.yml, and becomes its server.
/// Arguments: where the programs are, the port.
const SCRIPT: &str = r#"
set -eu
programs=$1 port=$2
echo checkpoint | "$programs/initdb" --pgdata=data --username=checkpoint --pwfile=/dev/stdin \
    --auth=scram-sha-256 --encoding=UTF8 --locale=C --no-sync
echo 'CREATE DATABASE checkpoint' | "$programs/postgres" --single -D data postgres
exec "$programs/postgres" -D data -c port="$port" -c listen_addresses=127.0.0.1 -c unix_socket_directories=
"#;

pub(super) fn start() -> Result<Started, String> {
    let programs = programs()
        .ok_or("there is no initdb and postgres: `apt-get install postgresql`, or start a container engine")?;
    let place = Place::new(Server::Postgres)?;
    let port = place.port.to_string();
    let mut command = unprivileged(place.directory())?;
    command.args(["sh", "-c", SCRIPT, "postgres"]).arg(&programs).arg(&port);
    place.start(command, "INT", || answers(&programs, &port))
}

/// Where the programs of the server are: as pg_config says, or of the newest version that Debian has installed.
fn programs() -> Option<PathBuf> {
    let said = Command::new("pg_config").arg("--bindir").output().ok();
    let said = said.map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    said.into_iter()
        .chain(installed())
        .find(|programs| ["initdb", "postgres", "pg_isready"].iter().all(|program| programs.join(program).is_file()))
}

fn installed() -> impl Iterator<Item = PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut versions: Vec<_> = versions.map(|version| version.path()).collect();
    versions.sort_by_key(|path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok()));
    versions.into_iter().rev().map(|version| version.join("bin"))
}

fn answers(programs: &Path, port: &str) -> bool {
    let mut ask = Command::new(programs.join("pg_isready"));
    ask.args(["--quiet", "--host=127.0.0.1", "--dbname=checkpoint", "--username=checkpoint", "--port", port]);
    ask.stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// What runs the command in its arguments as somebody who is not root, as Postgres demands, and owns the directory.
fn unprivileged(directory: &Path) -> Result<Command, String> {
    let failed = |error| format!("{}: {error}", directory.display());
    if fs::metadata(directory).map_err(failed)?.uid() != 0 {
        return Ok(Command::new("env"));
    }
    let (user, group) = user()?;
    chown(directory, Some(user), Some(group)).map_err(failed)?;
    let mut command = Command::new("setpriv");
    command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
    Ok(command)
}

/// The numbers of the user, and of its group, that Debian's package makes, or else of nobody.
fn user() -> Result<(u32, u32), String> {
    which::which("setpriv")
        .map_err(|_| "postgres does not run as root, and there is no setpriv: run this as another user")?;
    let users = ["postgres", "nobody"].into_iter();
    let mut numbers = users.filter_map(|name| Some((number("-u", name)?, number("-g", name)?)));
    numbers
        .next()
        .ok_or_else(|| "there is no user postgres and no nobody: run this as a user who is not root".to_owned())
}

fn number(which: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([which, user]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
