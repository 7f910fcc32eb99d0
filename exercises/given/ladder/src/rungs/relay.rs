//! Distance, injected: a relay between client and server that holds every chunk of bytes for half
//! of the round trip, each way, and does not touch it otherwise.
//!
//! Neither side's runtime sleeps for it: tokio's timer counts in milliseconds, and a delay inside
//! the measured code would be no distance. The relay is threads of the server's process. Chunks
//! overlap as they do on a long cable: the next one is read while the last is still on its way.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// What the figure includes in addition to the distance.
pub const NOTE: &str = "a relay holds the bytes back, half the round trip each way; \
                        its own work (two more hops) is in the figure";

/// A sleeping thread wakes late, by some 60 µs or more; the rest of the time is spun away. The
/// spinning yields, so on one CPU it is in nobody's way.
const SPIN: Duration = Duration::from_micros(150);

/// What a chunk can hold; more than any socket hands over at once here.
const CHUNK_BYTES: usize = 64 * 1024;

/// Starts a relay to `server` that adds `round_trip`, and says where it listens.
pub fn start(server: SocketAddr, round_trip: Duration) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // A connection that fails is closed, and the client's call reports it.
            let _ = connect(client, server, round_trip / 2);
        }
    });
    Ok(address)
}

fn connect(client: TcpStream, server: SocketAddr, one_way: Duration) -> std::io::Result<()> {
    let server = TcpStream::connect(server)?;
    for stream in [&client, &server] {
        stream.set_nodelay(true)?;
    }
    carry(client.try_clone()?, server.try_clone()?, one_way);
    carry(server, client, one_way);
    Ok(())
}

/// Carries bytes one way: one thread reads and stamps, the other waits and writes.
fn carry(mut from: TcpStream, mut to: TcpStream, one_way: Duration) {
    let (send, chunks) = mpsc::channel::<(Instant, Vec<u8>)>();
    std::thread::spawn(move || {
        let mut buffer = vec![0; CHUNK_BYTES];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let due = Instant::now() + one_way;
            if send.send((due, buffer[..read].to_vec())).is_err() {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        for (due, chunk) in chunks {
            wait_until(due);
            if to.write_all(&chunk).is_err() {
                break;
            }
        }
        // The end of the stream travels too. A stream that is closed already needs no closing.
        let _ = to.shutdown(Shutdown::Write);
    });
}

fn wait_until(due: Instant) {
    let left = due.saturating_duration_since(Instant::now());
    if let Some(sleep) = left.checked_sub(SPIN) {
        std::thread::sleep(sleep);
    }
    while Instant::now() < due {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_arrive_unchanged_in_order_and_not_before_their_time() {
        let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let round_trip = Duration::from_millis(4);
        let relay = start(server.local_addr().unwrap(), round_trip).unwrap();
        let mut client = TcpStream::connect(relay).unwrap();
        let (mut arrived, _) = server.accept().unwrap();

        let sent_at = Instant::now();
        client.write_all(b"first").unwrap();
        client.write_all(b", second").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut heard = String::new();
        arrived.read_to_string(&mut heard).unwrap();
        assert_eq!(heard, "first, second");
        arrived.write_all(b"answer").unwrap();
        drop(arrived);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "answer");
        // A lower bound only: how late it came is the machine's affair.
        assert!(sent_at.elapsed() >= round_trip);
    }
}
