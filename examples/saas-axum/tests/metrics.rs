//! The example shows its metrics where it was told to, and nowhere else.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]
#![expect(clippy::disallowed_methods, reason = "starting a process is what this test is about")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

/// A running process; ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut connection = TcpStream::connect(address).unwrap();
    write!(connection, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_are_at_a_port_of_their_own() {
    // Free a moment ago: nobody else in this test takes it.
    let metrics = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_saas-axum"));
    command.env("DATA_DIR", data.path()).env("PORT", "0").env("METRICS", metrics.to_string());
    let mut process = Process(command.stdout(Stdio::piped()).spawn().unwrap());
    let mut said = BufReader::new(process.0.stdout.take().unwrap());
    let mut lines = said.by_ref().lines().map_while(Result::ok);
    let port: u16 = lines.find_map(|line| line.strip_prefix("Listening on http://localhost:")?.parse().ok()).unwrap();
    assert!(lines.any(|line| line.trim() == format!("metrics  http://{metrics}/metrics")));

    let public = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(get(public, "/auth/ready").starts_with("HTTP/1.1 200"));
    let answer = get(metrics, "/metrics");
    for shown in [
        "# HELP usermgmt_commits_total Change sets that were given to the store.",
        "usermgmt_commits_total{result=\"ok\"} 1",
        "usermgmt_http_requests_total{route=\"/ready\",method=\"GET\",status=\"200\"} 1",
        "usermgmt_http_request_seconds_bucket{route=\"/ready\",method=\"GET\",le=\"10\"} 1",
        "usermgmt_session_checks_total{from=\"cache\",found=\"yes\"} 0",
    ] {
        assert!(answer.contains(shown), "{shown}\n{answer}");
    }
    for path in ["/metrics", "/auth/metrics"] {
        let answer = get(public, path);
        assert!(!answer.contains("usermgmt_commits_total") && !answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}
