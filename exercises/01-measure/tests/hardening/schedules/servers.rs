//! A server, handlers of all sorts, and a client in the test's hands.
//!
//! The model knows of each request which frame has to come back for it. When, and in which order, is the
//! handlers' affair.

use crate::world::handlers::Script;
use crate::world::held::{Life, held};
use bytes::Bytes;
use measure::frame::FrameError;
use measure::server::{MAX_HANDLERS, ServeError, serve};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;
use testbed::link::{Carriage, End};
use testbed::peer::{FAILURE, REPLY, REQUEST};
use testbed::{Link, RawFrame, idle, note, poll_once, soon, stories};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf, ReadHalf, WriteHalf};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

#[derive(Clone, Debug)]
enum Event {
    Ask(&'static str),
    /// More at once than may run.
    AskMany(u64),
    /// One of the handlers that wait at the gate goes on.
    Pass,
    /// Of the next request only so many bytes are sent; the rest comes with the one after it.
    Half(usize),
    /// The client takes so many bytes of replies.
    Read(usize),
    Hour,
    Idle,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    /// The client closes its sending side, between two frames.
    Closes,
    /// Within a frame.
    Tears,
    Lies,
    /// The client is gone, with both its sides.
    Vanishes,
    /// Somebody drops `serve`.
    IsDropped,
}

fn event() -> impl Strategy<Value = Event> {
    const ASKED: [&str; 13] = [
        "quick",
        "quick",
        "quick",
        "slow",
        "slow",
        "slow",
        "slow",
        "error",
        "slow error",
        "panic",
        "slow panic",
        "large",
        "",
    ];
    (0_u8..26, 0_usize..1000).prop_map(|(what, number)| match what {
        0..=7 => Event::Ask(ASKED[number % ASKED.len()]),
        8 => Event::AskMany(60 + number as u64 % 140),
        9..=13 => Event::Pass,
        14..=15 => Event::Half(1 + number % 12),
        16..=17 => Event::Read(1 + number % 40),
        18..=19 => Event::Read(1 << 16),
        20 => Event::Hour,
        _ => Event::Idle,
    })
}

#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    full_hands: AtomicUsize,
    split_requests: AtomicUsize,
    at_work_at_the_end: AtomicUsize,
}

/// **M7** Whatever requests, errors, panics, stalls and ends overlap: each request is answered once, no more
/// run than may, and nothing is held in the end.
#[test]
fn any_schedule_answers_each_request_once_within_the_bound() {
    let seen = Arc::new(Seen::default());
    let ending = prop_oneof![
        3 => Just(Ending::Closes),
        1 => Just(Ending::Tears),
        1 => Just(Ending::Lies),
        1 => Just(Ending::Vanishes),
        1 => Just(Ending::IsDropped),
    ];
    let cases = (
        vec(event(), 3..30),
        ending,
        prop_oneof![1_usize..64, Just(64 * 1024)],
        prop_oneof![1_usize..30, Just(usize::MAX)],
        any::<bool>(),
    );
    stories(cases, {
        let seen = Arc::clone(&seen);
        move |(events, ending, buffer_bytes, read_bytes, needs_flush)| {
            let seen = Arc::clone(&seen);
            let carriage = Carriage {
                buffer_bytes,
                read_bytes,
                needs_flush,
            };
            async move {
                let mut world = World::new(carriage, seen);
                for event in events {
                    world.happens(event).await;
                }
                world.ends(ending).await;
            }
        }
    });
    for (what, counter, at_least) in [
        ("a request was answered", &seen.answered, 100),
        ("as many handlers ran as may", &seen.full_hands, 5),
        ("a request came in two parts", &seen.split_requests, 5),
        (
            "handlers were at work at the end",
            &seen.at_work_at_the_end,
            5,
        ),
    ] {
        let times = counter.load(Ordering::Relaxed);
        assert!(
            times >= at_least,
            "In all schedules together, {what} {times} times: too seldom to say that it was tried."
        );
    }
}

struct World {
    script: Script,
    handler: Weak<Script>,
    life: Life,
    served: JoinHandle<Result<(), ServeError>>,
    /// `None` once the client has vanished.
    reader: Option<ReadHalf<End>>,
    sending: JoinHandle<()>,
    /// What the client wants to send goes through a task, since the server need not take it at once.
    to_send: mpsc::UnboundedSender<Send>,
    received: Vec<u8>,
    /// By id: what was asked and is not answered.
    open: HashMap<u64, &'static str>,
    next_id: u64,
    rest: Vec<u8>,
    half: Option<usize>,
    seen: Arc<Seen>,
}

enum Send {
    Bytes(Vec<u8>),
    End,
}

async fn sends(mut writer: WriteHalf<End>, mut what: mpsc::UnboundedReceiver<Send>) {
    while let Some(send) = what.recv().await {
        match send {
            Send::Bytes(bytes) => {
                let _ = writer.write_all(&bytes).await;
                let _ = writer.flush().await;
            }
            Send::End => {
                let _ = writer.shutdown().await;
            }
        }
    }
    std::future::pending::<()>().await;
}

/// What the client has for an id is its own affair: these are all over what 64 bits can be, 0 and the largest
/// among them.
fn id_of(number: u64) -> u64 {
    match number {
        1 => u64::MAX,
        number => number.wrapping_mul(0x9e37_79b9_7f4a_7c15),
    }
}

impl World {
    fn new(carriage: Carriage, seen: Arc<Seen>) -> Self {
        let (near, far, _) = Link::with(carriage).split();
        note(format!("a pipe of {} bytes", carriage.buffer_bytes));
        let (far, life) = held(far);
        let script = Script::new();
        let handler = Arc::new(script.clone());
        let weak = Arc::downgrade(&handler);
        let (reader, writer) = tokio::io::split(near);
        let (to_send, what) = mpsc::unbounded_channel();
        Self {
            script,
            handler: weak,
            life,
            served: tokio::spawn(serve(far, handler)),
            reader: Some(reader),
            sending: tokio::spawn(sends(writer, what)),
            to_send,
            received: Vec::new(),
            open: HashMap::new(),
            next_id: 0,
            rest: Vec::new(),
            half: None,
            seen,
        }
    }

    async fn happens(&mut self, event: Event) {
        match event {
            Event::Ask(what) => {
                note(format!("the client asks {}: {what:?}", id_of(self.next_id)));
                self.ask(what);
            }
            Event::AskMany(count) => {
                note(format!("the client asks \"slow\" {count} times at once"));
                for _ in 0..count {
                    self.ask("slow");
                }
            }
            Event::Pass => {
                note("a handler at the gate may go on");
                self.script.gate.let_one_pass();
            }
            Event::Half(bytes) => self.half = Some(bytes),
            Event::Read(bytes) => self.read(bytes),
            Event::Hour => {
                note("an hour passes");
                tokio::time::sleep(Duration::from_secs(3600)).await;
            }
            Event::Idle => idle().await,
        }
        let running = self.script.running();
        assert!(
            running <= MAX_HANDLERS,
            "{running} handlers run at once, and {MAX_HANDLERS} may."
        );
        if running == MAX_HANDLERS {
            self.seen.full_hands.fetch_add(1, Ordering::Relaxed);
        }
        assert!(
            !self.served.is_finished(),
            "The server has ended, and the client has done nothing to end it."
        );
    }

    fn ask(&mut self, what: &'static str) {
        let id = id_of(self.next_id);
        self.next_id += 1;
        self.open.insert(id, what);
        let mut bytes = std::mem::take(&mut self.rest);
        let frame = RawFrame {
            id,
            kind: REQUEST,
            payload: Bytes::from_static(what.as_bytes()),
        };
        bytes.extend_from_slice(&frame.bytes());
        if let Some(left_out) = self.half.take() {
            self.rest = bytes.split_off(bytes.len() - left_out);
            note(format!("(the last {left_out} bytes of that come later)"));
            self.seen.split_requests.fetch_add(1, Ordering::Relaxed);
        }
        let _ = self.to_send.send(Send::Bytes(bytes));
    }

    /// Takes up to so many bytes of what has arrived, without waiting.
    fn read(&mut self, bytes: usize) {
        let Some(reader) = &mut self.reader else {
            return;
        };
        let mut room = vec![0; bytes];
        let mut taken = 0;
        while taken < bytes {
            let mut buffer = ReadBuf::new(&mut room[taken..]);
            let read = std::future::poll_fn(|context| {
                Pin::new(&mut *reader).poll_read(context, &mut buffer)
            });
            let ready = poll_once(std::pin::pin!(read)).is_ready();
            let filled = buffer.filled().len();
            taken += filled;
            if !ready || filled == 0 {
                break;
            }
        }
        self.received.extend_from_slice(&room[..taken]);
        self.take_apart();
    }

    fn take_apart(&mut self) {
        while let Some(prefix) = self.received.first_chunk::<4>() {
            let length = u32::from_be_bytes(*prefix) as usize;
            assert!(
                (9..=1 << 20).contains(&length),
                "The client received a frame that announces {length} bytes: the stream is out of step."
            );
            if self.received.len() < 4 + length {
                return;
            }
            let frame: Vec<u8> = self.received.drain(..4 + length).collect();
            let id = u64::from_be_bytes(frame[4..12].try_into().expect("eight bytes"));
            let got = (frame[12], &frame[13..]);
            let Some(what) = self.open.remove(&id) else {
                panic!("Request {id} was answered twice, or never made.");
            };
            let fails = ["error", "panic", "large"]
                .iter()
                .any(|end| what.ends_with(end));
            let expected = if fails {
                (FAILURE, &b""[..])
            } else {
                (REPLY, what.as_bytes())
            };
            assert_eq!(got, expected, "The answer to request {id}, {what:?}.");
            self.seen.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    async fn ends(mut self, ending: Ending) {
        if matches!(ending, Ending::IsDropped | Ending::Vanishes) {
            idle().await;
            self.counts_who_is_at_work();
            if ending == Ending::IsDropped {
                note("the server is dropped");
                self.served.abort();
            } else {
                self.vanishes().await;
            }
            idle().await;
            self.nothing_is_held();
            return;
        }
        if ending != Ending::Tears || self.rest.is_empty() {
            note("the client sends the rest of its message");
            let rest = std::mem::take(&mut self.rest);
            let _ = self.to_send.send(Send::Bytes(rest));
        }
        idle().await;
        self.counts_who_is_at_work();
        match ending {
            Ending::Lies => {
                note("the client sends a length of zero");
                let _ = self.to_send.send(Send::Bytes(vec![0; 4]));
            }
            Ending::Tears => {
                note("the client closes its sending side, within a frame");
                if self.rest.is_empty() {
                    let _ = self.to_send.send(Send::Bytes(vec![0, 0]));
                } else {
                    // It was the last one that was asked.
                    self.open.remove(&id_of(self.next_id - 1));
                }
                let _ = self.to_send.send(Send::End);
            }
            _ => {
                note("the client closes its sending side");
                let _ = self.to_send.send(Send::End);
            }
        }
        note("the gate opens, and the client reads");
        self.script.gate.open();
        let mut quiet = 0;
        while !self.served.is_finished() && quiet < 50 {
            idle().await;
            let before = self.received.len() + self.open.len();
            self.read(1 << 16);
            quiet = if before == self.received.len() + self.open.len() {
                quiet + 1
            } else {
                0
            };
        }
        let asked = self.open.len();
        let ended = soon("the server to be done: all is said", &mut self.served).await;
        let ended = ended.expect("the server does not panic");
        self.read(1 << 20);
        let as_it_should = match ending {
            Ending::Closes => matches!(ended, Ok(())),
            Ending::Tears => matches!(ended, Err(ServeError::Protocol(FrameError::Torn { .. }))),
            _ => matches!(
                ended,
                Err(ServeError::Protocol(FrameError::TooShort { length: 0 }))
            ),
        };
        assert!(as_it_should, "The server ended with {ended:?}.");
        assert!(
            ending != Ending::Closes || self.open.is_empty(),
            "The server is done, and of the requests that were made before the client closed its side, {asked} have no \
             answer: {:?}.",
            self.open
        );
        idle().await;
        self.nothing_is_held();
    }

    /// To the server this looks like a client that closed its side, until it writes.
    async fn vanishes(&mut self) {
        note("the client vanishes, and the gate opens");
        let at_work = self.script.running();
        self.sending.abort();
        self.reader = None;
        self.script.gate.open();
        let ended = soon(
            "the server to be done: its client is gone",
            &mut self.served,
        )
        .await;
        let ended = ended.expect("the server does not panic");
        assert!(
            at_work == 0 || ended.is_err(),
            "{at_work} handlers were at work for a client that is gone, and what they answered could not be \
             written. Yet the server ended with {ended:?}."
        );
    }

    fn counts_who_is_at_work(&self) {
        if self.script.running() > 0 {
            self.seen.at_work_at_the_end.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn nothing_is_held(&self) {
        assert_eq!(
            self.script.running(),
            0,
            "The connection is over, and handlers are still at work for nobody."
        );
        assert_eq!(
            self.handler.strong_count(),
            0,
            "The connection is over, and something still holds its handler."
        );
        assert!(
            !self.life.is_held(),
            "The connection is over, and something still holds its stream: the client waits for an end that \
             never comes."
        );
    }
}
