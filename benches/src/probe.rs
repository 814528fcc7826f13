//! Requests at a fixed pace, each one timed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::client::whole_answer;

/// Threads, each with a connection of its own.
const PROBES: u32 = 2;
/// Pace of each.
const EVERY: Duration = Duration::from_millis(4);

/// Sends `request` at a fixed pace for so long; answers how long each answer took, in nanoseconds.
///
/// A request that is due while the last one is still waited for counts from when it was due: a server that stands
/// still for 100 ms is not seen once, but by every request that should have been made meanwhile.
pub(crate) fn run(server: SocketAddr, request: &[u8], lasting: Duration) -> Vec<f64> {
    let begin = Instant::now();
    let probes: Vec<_> = (0..PROBES)
        .map(|number| {
            let (request, first) = (request.to_vec(), begin + EVERY * number / PROBES);
            std::thread::spawn(move || probe(server, &request, first, begin + lasting))
        })
        .collect();
    probes.into_iter().flat_map(|probe| probe.join().expect("a probe")).collect()
}

fn probe(server: SocketAddr, request: &[u8], first: Instant, end: Instant) -> Vec<f64> {
    let mut stream = TcpStream::connect(server).expect("the server is there");
    stream.set_nodelay(true).expect("no delay");
    let (mut times, mut due) = (Vec::new(), first);
    while due < end {
        let ahead = due.checked_duration_since(Instant::now());
        if let Some(ahead) = ahead {
            std::thread::sleep(ahead);
        }
        // Waking late is the client's delay, not the server's; being late from the last answer is the server's.
        let started = if ahead.is_some() { Instant::now() } else { due };
        exchange(&mut stream, request);
        times.push(started.elapsed().as_nanos() as f64);
        due += EVERY;
    }
    times
}

fn exchange(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).expect("the server reads");
    let (mut answer, mut part) = (Vec::with_capacity(2_048), [0; 2_048]);
    loop {
        if let Some((status, _)) = whole_answer(&answer) {
            assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
            return;
        }
        let read = stream.read(&mut part).expect("the server answers");
        assert!(read > 0, "the server has hung up");
        answer.extend_from_slice(&part[..read]);
    }
}
