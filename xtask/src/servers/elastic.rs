use std::path::Path;
use std::process::Command;

use super::native::Place;
use super::{Server, Started, built, java, ready};

const FILES: &[&str] =
    &["pom.xml", "src/org/elasticsearch/node/SingleNode.java", "src/org/elasticsearch/plugins/GivenPlugins.java"];

/// A node made of the published jars: see test-servers/elasticsearch.
pub(super) fn start() -> Result<Started, String> {
    let java = java::home()?;
    let built = built::build("elasticsearch", FILES, |output| maven(&java, output))?;
    let place = Place::new(Server::Elastic)?;
    let port = place.port;
    let mut command = Command::new(java.join("bin/java"));
    // a tenth of the heap is for writes, of which the largest state takes five times its size
    command.args(["-Xms1g", "-Xmx1g", "-XX:+UseSerialGC", "-XX:+ExitOnOutOfMemoryError"]);
    // what a virtual machine leaves in the directory for all temporary files, it leaves there when it is killed
    command.args(["-XX:-UsePerfData", &format!("-Djava.io.tmpdir={}", place.directory().display())]);
    command.args(["--enable-native-access=ALL-UNNAMED", "-cp"]);
    command.arg(format!("{0}/classes:{0}/jars/*", built.display())).arg("org.elasticsearch.node.SingleNode");
    command.arg(place.directory()).arg(port.to_string());
    place.start(command, "TERM", move || is_healthy(port))
}

fn maven(java: &Path, output: &Path) -> Result<Command, String> {
    let maven = which::which("mvn")
        .map_err(|_| "mvn is not on the path: `apt-get install maven`, or start a container engine")?;
    let mut command = Command::new(maven);
    command.args(["--quiet", "--batch-mode", "process-classes"]).arg(format!("-Doutput={}", output.display()));
    command.current_dir(built::sources("elasticsearch")).env("JAVA_HOME", java);
    Ok(command)
}

fn is_healthy(port: u16) -> bool {
    let request = b"GET /_cluster/health?wait_for_status=yellow&timeout=1s HTTP/1.0\r\n\r\n";
    ready::answers(port, request, |answer| ready::contains(answer, b" 200 OK\r\n"))
}
