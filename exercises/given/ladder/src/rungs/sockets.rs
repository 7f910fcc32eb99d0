//! The raw sockets: blocking threads, no framing, no serialisation. What is left is the price of
//! the boundary itself, and no protocol on top of it can be cheaper.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use super::MESSAGE_BYTES;
use crate::child::{Probe, Seat};

/// A closed connection keeps its port for a minute, and a system has some 16 to 28 thousand of
/// them: at a hundred a slice a whole run uses a few thousand.
pub const CONNECTIONS_A_SLICE: u64 = 100;

pub fn echo_tcp(_: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| e.to_string())?;
    let address = listener.local_addr().map_err(|e| e.to_string())?;
    announce(&address.to_string());
    loop {
        let (stream, _) = listener.accept().map_err(|e| e.to_string())?;
        stream.set_nodelay(true).map_err(|e| e.to_string())?;
        echo(stream);
    }
}

pub fn ping_tcp(seat: &Seat) -> Result<Probe, String> {
    ping(connect(&seat.address)?)
}

pub fn connect_each_time(seat: &Seat) -> Result<Probe, String> {
    let address = seat.address.clone();
    exchange(&mut connect(&address)?)?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            slice.time(|| exchange(&mut connect(&address)?))?;
        }
        Ok(slice)
    }))
}

#[cfg(unix)]
pub fn echo_unix(_: &Seat, announce: &dyn Fn(&str)) -> Result<(), String> {
    use std::os::unix::net::UnixListener;
    // A path below the repository may be longer than the hundred bytes that a socket's may have.
    let path = std::env::temp_dir().join(format!("ladder-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    announce(
        path.to_str()
            .ok_or("the temporary folder's path is not UTF-8")?,
    );
    let accepted = listener.accept();
    // Connected is connected: the name is not needed again.
    let _ = std::fs::remove_file(&path);
    echo(accepted.map_err(|e| e.to_string())?.0);
    Ok(())
}

#[cfg(unix)]
pub fn ping_unix(seat: &Seat) -> Result<Probe, String> {
    ping(std::os::unix::net::UnixStream::connect(&seat.address).map_err(|e| e.to_string())?)
}

#[cfg(not(unix))]
pub fn echo_unix(_: &Seat, _: &dyn Fn(&str)) -> Result<(), String> {
    Err("this system has no Unix sockets that the standard library knows of".to_owned())
}

#[cfg(not(unix))]
pub fn ping_unix(_: &Seat) -> Result<Probe, String> {
    Err("this system has no Unix sockets that the standard library knows of".to_owned())
}

fn connect(address: &str) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(address).map_err(|e| format!("cannot connect: {e}"))?;
    stream.set_nodelay(true).map_err(|e| e.to_string())?;
    Ok(stream)
}

/// Sends back what comes, until the other side closes.
fn echo(mut stream: impl Read + Write) {
    let mut message = [0; MESSAGE_BYTES];
    while stream.read_exact(&mut message).is_ok() && stream.write_all(&message).is_ok() {}
}

fn ping(mut stream: impl Read + Write + 'static) -> Result<Probe, String> {
    exchange(&mut stream)?;
    Ok(Box::new(move |mut slice| {
        while slice.goes_on() {
            slice.time(|| exchange(&mut stream))?;
        }
        Ok(slice)
    }))
}

fn exchange(stream: &mut (impl Read + Write)) -> Result<(), String> {
    let mut message = [7; MESSAGE_BYTES];
    stream
        .write_all(&message)
        .and_then(|()| stream.read_exact(&mut message))
        .map_err(|e| e.to_string())
}
