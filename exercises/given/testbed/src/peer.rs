//! The other side of a connection, played by the test.
//!
//! A test of the client plays the server, and a test of the server plays the client, one frame at a time
//! and as badly as it likes: late, twice, for no call, torn. The codec here is written from the format
//! alone and shares nothing with the reader's.

use crate::link::End;
use crate::story::{note, soon};
use bytes::{BufMut, Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// A request's kind byte.
pub const REQUEST: u8 = 0;
/// A reply's kind byte.
pub const REPLY: u8 = 1;
/// A failure's kind byte.
pub const FAILURE: u8 = 2;

/// A frame as it is on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RawFrame {
    /// Which call it belongs to.
    pub id: u64,
    /// [`REQUEST`], [`REPLY`], [`FAILURE`], or anything that a test expects to be refused.
    pub kind: u8,
    /// What it carries.
    pub payload: Bytes,
}

impl RawFrame {
    /// The frame's bytes, length first.
    ///
    /// # Panics
    /// When the payload is too long for a length of four bytes.
    #[must_use]
    pub fn bytes(&self) -> Bytes {
        let length = u32::try_from(9 + self.payload.len()).expect("a test's frame fits in a u32");
        let mut bytes = BytesMut::new();
        bytes.put_u32(length);
        bytes.put_u64(self.id);
        bytes.put_u8(self.kind);
        bytes.put_slice(&self.payload);
        bytes.freeze()
    }
}

/// One side of a connection, played by a test.
pub struct Peer {
    end: End,
    name: &'static str,
}

impl Peer {
    /// Plays the server at this end.
    #[must_use]
    pub fn server(end: End) -> Self {
        Self {
            end,
            name: "server",
        }
    }

    /// Plays the client at this end.
    #[must_use]
    pub fn client(end: End) -> Self {
        Self {
            end,
            name: "client",
        }
    }

    /// The next frame.
    ///
    /// # Panics
    /// When none comes, or the stream ends first.
    pub async fn recv(&mut self) -> RawFrame {
        let wanted = format!("a frame to reach the {}", self.name);
        self.expect(&wanted).await
    }

    /// The next frame, which should be `wanted`.
    ///
    /// # Panics
    /// With `wanted`, when no frame comes or the stream ends first.
    pub async fn expect(&mut self, wanted: &str) -> RawFrame {
        match soon(wanted, self.try_recv()).await {
            Some(frame) => frame,
            None => panic!(
                "Waited in vain for {wanted}: the stream to the {} has ended.",
                self.name
            ),
        }
    }

    /// The next frame; `None` once the stream has ended between two frames.
    ///
    /// # Panics
    /// When the stream ends within a frame, or a frame announces more than four mebibytes.
    pub async fn try_recv(&mut self) -> Option<RawFrame> {
        let length = match self.end.read_u32().await {
            Ok(length) => length as usize,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return None,
            Err(error) => panic!("The {} could not read: {error}", self.name),
        };
        assert!(
            (9..=4 << 20).contains(&length),
            "The {} was sent a frame that announces {length} bytes: the stream is out of sync.",
            self.name
        );
        let mut body = vec![0; length];
        if let Err(error) = self.end.read_exact(&mut body).await {
            panic!(
                "The stream to the {} ended within a frame: {error}",
                self.name
            );
        }
        let mut body = Bytes::from(body);
        let id = bytes::Buf::get_u64(&mut body);
        let kind = bytes::Buf::get_u8(&mut body);
        note(format!(
            "the {} received {} {id}, {} bytes",
            self.name,
            name_of(kind),
            body.len()
        ));
        Some(RawFrame {
            id,
            kind,
            payload: body,
        })
    }

    /// Discards some of what has arrived, and waits if nothing has.
    pub async fn skip(&mut self) {
        let mut thrown_away = [0; 4096];
        if !matches!(self.end.read(&mut thrown_away).await, Ok(1..)) {
            std::future::pending::<()>().await;
        }
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: RawFrame) {
        note(format!(
            "the {} sent {} {}, {} bytes",
            self.name,
            name_of(frame.kind),
            frame.id,
            frame.payload.len()
        ));
        self.send_bytes(&frame.bytes()).await;
    }

    /// Sends a request.
    pub async fn request(&mut self, id: u64, payload: impl Into<Bytes>) {
        self.send(RawFrame {
            id,
            kind: REQUEST,
            payload: payload.into(),
        })
        .await;
    }

    /// Sends a reply to the call `id`.
    pub async fn reply(&mut self, id: u64, payload: impl Into<Bytes>) {
        self.send(RawFrame {
            id,
            kind: REPLY,
            payload: payload.into(),
        })
        .await;
    }

    /// Sends the call `id` a failure of its handler.
    pub async fn failure(&mut self, id: u64) {
        self.send(RawFrame {
            id,
            kind: FAILURE,
            payload: Bytes::new(),
        })
        .await;
    }

    /// Sends bytes as they are.
    ///
    /// # Panics
    /// When they cannot be written because the other side stops reading.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        let wanted = format!("room for what the {} sends", self.name);
        // A stream that the other side has closed is not the sender's mistake: a test that cares sees it
        // in what comes back.
        let _ = soon(&wanted, self.end.write_all(bytes)).await;
        let _ = soon(&wanted, self.end.flush()).await;
    }

    /// Closes the sending side; what the other side sends can still be read.
    pub async fn finish(&mut self) {
        note(format!("the {} closed its sending side", self.name));
        let _ = self.end.shutdown().await;
    }

    /// Closes the connection, both ways at once.
    pub fn vanish(self) {
        note(format!("the {} vanished", self.name));
    }
}

fn name_of(kind: u8) -> String {
    match kind {
        REQUEST => "request".to_owned(),
        REPLY => "the reply to".to_owned(),
        FAILURE => "a failure for".to_owned(),
        other => format!("a frame of unknown kind {other} for"),
    }
}
