//! A client that does little else but send: HTTP/1.1 over connections that are kept.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{ORIGIN, PASSWORD, address};

/// How many answers had which status.
pub(crate) type Statuses = BTreeMap<u16, usize>;

/// Status and length of the answer that `bytes` begins with, once it is whole.
pub(crate) fn whole_answer(bytes: &[u8]) -> Option<(u16, usize)> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).expect("a head in ASCII");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let length = |line: &str| {
        line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))?.1.trim().parse().ok()
    };
    let body: usize = head.lines().find_map(length).expect("a length");
    (bytes.len() >= end + body).then_some((status, end + body))
}

/// A request to sign in, as bytes.
pub(crate) fn sign_in_request(email: &str, password: &str) -> Vec<u8> {
    let body = format!(r#"{{"email":"{email}","password":"{password}"}}"#);
    let host = ORIGIN.trim_start_matches("http://");
    let length = body.len();
    format!(
        "POST /auth/sign-in HTTP/1.1\r\nhost: {host}\r\norigin: {ORIGIN}\r\nuser-agent: benchmark\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// One connection.
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).await.expect("the server is there");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, buffer: Vec::with_capacity(4_096) }
    }

    /// Sends a request and answers with the status that came back.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> u16 {
        self.stream.write_all(request).await.expect("the server reads");
        self.buffer.clear();
        loop {
            if let Some((status, _)) = whole_answer(&self.buffer) {
                return status;
            }
            let read = self.stream.read_buf(&mut self.buffer).await.expect("the server answers");
            assert!(read > 0, "the server has hung up");
        }
    }
}

/// Makes `ops` sign-ins, so many at a time, of so many people. All must succeed.
pub(crate) async fn sign_ins(server: SocketAddr, at_a_time: usize, ops: usize, people: usize) {
    let next = Arc::new(AtomicUsize::new(0));
    let lanes: Vec<_> = (0..at_a_time)
        .map(|_| {
            let next = next.clone();
            tokio::spawn(async move {
                let mut connection = Connection::open(server).await;
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= ops {
                        break;
                    }
                    let status = connection.exchange(&sign_in_request(&address("u", number % people), PASSWORD)).await;
                    assert_eq!(status, 200, "a sign-in over HTTP");
                }
            })
        })
        .collect();
    for lane in lanes {
        lane.await.expect("signed in");
    }
}

/// Signs in, so many at a time, until told to stop; answers how that went.
pub(crate) async fn sign_ins_until(
    server: SocketAddr,
    at_a_time: usize,
    people: usize,
    stop: Arc<AtomicBool>,
) -> Statuses {
    let lanes: Vec<_> = (0..at_a_time)
        .map(|lane| {
            let stop = stop.clone();
            tokio::spawn(async move {
                let (mut connection, mut statuses, mut number) = (Connection::open(server).await, Vec::new(), lane);
                while !stop.load(Ordering::Relaxed) {
                    let request = sign_in_request(&address("u", number % people), PASSWORD);
                    statuses.push(connection.exchange(&request).await);
                    number += at_a_time;
                }
                statuses
            })
        })
        .collect();
    let mut all = Vec::new();
    for lane in lanes {
        all.extend(lane.await.expect("a lane"));
    }
    count(all)
}

/// Sends all requests at once, each on a connection of its own that is open before.
pub(crate) async fn wave(server: SocketAddr, requests: Vec<Vec<u8>>) -> Statuses {
    let mut open = Vec::with_capacity(requests.len());
    for request in requests {
        open.push((Connection::open(server).await, request));
    }
    let sent: Vec<_> = open
        .into_iter()
        .map(|(mut connection, request)| tokio::spawn(async move { connection.exchange(&request).await }))
        .collect();
    let mut statuses = Vec::with_capacity(sent.len());
    for one in sent {
        statuses.push(one.await.expect("an answer"));
    }
    count(statuses)
}

fn count(statuses: impl IntoIterator<Item = u16>) -> Statuses {
    statuses.into_iter().fold(Statuses::new(), |mut counts, status| {
        *counts.entry(status).or_default() += 1;
        counts
    })
}

/// `200: 64, 503: 436`.
pub(crate) fn describe(statuses: &Statuses) -> String {
    statuses.iter().map(|(status, count)| format!("{status}: {count}")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_body_is() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1";
        assert_eq!(whole_answer(answer), Some((200, answer.len() - 8)));
        assert_eq!(whole_answer(&answer[..39]), None);
        assert_eq!(whole_answer(b"HTTP/1.1 200 OK\r\n"), None);
    }
}
