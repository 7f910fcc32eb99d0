//! What the model knows, and how events happen to it.

use super::{Ending, Event, Seen, count};
use crate::world::held::{Life, held};
use bytes::Bytes;
use measure::client::{CallError, Client};
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use testbed::link::{Carriage, End, Meters};
use testbed::peer::{FAILURE, REPLY, REQUEST};
use testbed::{Link, RawFrame, idle, note, poll_once};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

pub(super) type Answer = Result<Bytes, CallError>;

/// Somebody who calls.
pub(super) struct Caller {
    pub(super) request: Bytes,
    pub(super) waits: Waits,
    /// What the server has said to it first.
    pub(super) said: Option<Answer>,
    /// Whether the end was known when it called.
    pub(super) too_late: bool,
}

pub(super) enum Waits {
    /// In a task of its own.
    Actively(tokio::task::JoinHandle<Answer>),
    /// Polled once and not again.
    Asleep(Pin<Box<dyn Future<Output = Answer> + Send>>),
    /// Has its answer, or has left.
    Left,
    Done,
}

pub(super) struct World {
    pub(super) client: Option<Client>,
    pub(super) life: Life,
    pub(super) far: Option<End>,
    pub(super) callers: Vec<Caller>,
    pub(super) meters: Meters,
    pub(super) read_bytes: usize,
    /// What the server has received and not yet taken apart.
    pub(super) received: Vec<u8>,
    /// The caller of each id.
    pub(super) ids: HashMap<u64, usize>,
    /// Those whose whole frame the server has.
    pub(super) arrived: HashSet<usize>,
    /// What the server has still to send of a message.
    pub(super) rest: Vec<u8>,
    pub(super) half: Option<usize>,
    pub(super) over: Option<Ending>,
    /// Whether everything has got as far as it can since the last message.
    pub(super) settled: bool,
    pub(super) seen: Arc<Seen>,
}

impl World {
    pub(super) fn new(carriage: Carriage, seen: Arc<Seen>) -> Self {
        let (near, far, meters) = Link::with(carriage).split();
        note(format!(
            "a pipe of {} bytes{}",
            carriage.buffer_bytes,
            if carriage.needs_flush {
                ", which sends when it is flushed"
            } else {
                ""
            }
        ));
        let (near, life) = held(near);
        Self {
            client: Some(Client::new(near)),
            life,
            far: Some(far),
            callers: Vec::new(),
            meters,
            read_bytes: 0,
            received: Vec::new(),
            ids: HashMap::new(),
            arrived: HashSet::new(),
            rest: Vec::new(),
            half: None,
            over: None,
            settled: true,
            seen,
        }
    }

    pub(super) async fn happens(&mut self, event: Event) {
        match event {
            Event::Call(bytes) => self.call(bytes, false).await,
            Event::Sleep(bytes) => self.call(bytes, true).await,
            Event::Wake(which) => {
                let asleep = |caller: &Caller| matches!(caller.waits, Waits::Asleep(_));
                if let Some(caller) = self.pick(which, asleep) {
                    self.wake(caller);
                }
            }
            Event::Leave(which) => self.leave(which),
            Event::Read(bytes) => self.read(bytes),
            Event::Reply(which) => self.answer(which, REPLY).await,
            Event::Fail(which) => self.answer(which, FAILURE).await,
            Event::Repeat(which) => self.repeat(which).await,
            Event::Stray(number) => self.stray(number).await,
            Event::Half(bytes) => self.half = Some(bytes),
            Event::Hour => {
                note("an hour passes");
                tokio::time::sleep(Duration::from_secs(3600)).await;
                self.look();
            }
            Event::Idle => {
                idle().await;
                self.look();
            }
            Event::End(ending) => self.end(ending).await,
        }
    }

    pub(super) fn pick(&self, which: usize, of: impl Fn(&Caller) -> bool) -> Option<usize> {
        let these: Vec<usize> = (0..self.callers.len())
            .filter(|at| of(&self.callers[*at]))
            .collect();
        (!these.is_empty()).then(|| these[which % these.len()])
    }

    pub(super) async fn call(&mut self, bytes: usize, sleeps: bool) {
        let number = self.callers.len();
        // Each caller's request has a length of its own, and its number in each byte.
        let length = 100 * number + bytes.min(99) + if bytes == 700 { 7000 } else { 0 };
        let request = Bytes::from(vec![u8::try_from(number).expect("few callers"); length]);
        let client = self.client.clone().expect("a client");
        let asked = request.clone();
        let mut call: Pin<Box<dyn Future<Output = Answer> + Send>> =
            Box::pin(async move { client.call(asked).await });
        note(format!(
            "caller {number} asks with {length} bytes{}",
            if sleeps {
                ", and is not polled again"
            } else {
                ""
            }
        ));
        let over = self.over.is_some() && self.settled;
        let waits = if sleeps {
            match poll_once(Pin::new(&mut call)) {
                Poll::Pending => Waits::Asleep(call),
                // To be judged when it looks.
                Poll::Ready(answer) => Waits::Asleep(Box::pin(async { answer })),
            }
        } else {
            Waits::Actively(tokio::spawn(call))
        };
        self.callers.push(Caller {
            request,
            waits,
            said: None,
            too_late: over,
        });
        if over {
            idle().await;
            if let Waits::Asleep(_) = self.callers[number].waits {
                self.wake(number);
            }
            self.look();
            let caller = &self.callers[number];
            assert!(
                matches!(caller.waits, Waits::Done),
                "The connection had ended before caller {number} called, and it still waits."
            );
        } else if !sleeps {
            tokio::task::yield_now().await;
        }
    }

    pub(super) fn wake(&mut self, number: usize) {
        let Waits::Asleep(call) = &mut self.callers[number].waits else {
            return;
        };
        if let Poll::Ready(answer) = poll_once(Pin::new(call)) {
            note(format!("caller {number} wakes up, and has an answer"));
            if self.callers[number].said.is_some() {
                count(&self.seen.slept_through);
            }
            self.done(number, &answer);
        } else {
            note(format!("caller {number} wakes up, and waits on"));
        }
    }

    pub(super) fn leave(&mut self, which: usize) {
        let waits = |caller: &Caller| matches!(caller.waits, Waits::Actively(_) | Waits::Asleep(_));
        let Some(number) = self.pick(which, waits) else {
            return;
        };
        match std::mem::replace(&mut self.callers[number].waits, Waits::Left) {
            Waits::Actively(task) => task.abort(),
            asleep => drop(asleep),
        }
        note(format!("caller {number} gives up"));
        let under_way = self.received.len() + self.meters.requests().bytes > self.read_bytes;
        if !self.arrived.contains(&number) && under_way {
            count(&self.seen.left_half_sent);
        }
    }

    /// Takes what is in the pipe, without waiting, and lets nobody else run meanwhile.
    pub(super) fn read(&mut self, bytes: usize) {
        let Some(far) = &mut self.far else { return };
        let mut taken = 0;
        let mut room = vec![0; bytes];
        loop {
            let mut buffer = ReadBuf::new(&mut room[taken..]);
            let read =
                std::future::poll_fn(|context| Pin::new(&mut *far).poll_read(context, &mut buffer));
            let ready = poll_once(std::pin::pin!(read)).is_ready();
            let filled = buffer.filled().len();
            taken += filled;
            if !ready || filled == 0 || taken == bytes {
                break;
            }
        }
        self.read_bytes += taken;
        self.received.extend_from_slice(&room[..taken]);
        self.take_apart();
    }

    pub(super) fn take_apart(&mut self) {
        while let Some(prefix) = self.received.first_chunk::<4>() {
            let length = u32::from_be_bytes(*prefix) as usize;
            assert!(
                (9..=1 << 20).contains(&length),
                "The server received a frame that announces {length} bytes: an earlier one was torn."
            );
            if self.received.len() < 4 + length {
                return;
            }
            let frame: Vec<u8> = self.received.drain(..4 + length).collect();
            let id = u64::from_be_bytes(frame[4..12].try_into().expect("eight bytes"));
            let (kind, payload) = (frame[12], &frame[13..]);
            assert_eq!(
                kind, REQUEST,
                "A client sends requests, and this is a frame of kind {kind}."
            );
            let whose =
                (0..self.callers.len()).find(|number| self.callers[*number].request == payload);
            let Some(number) = whose else {
                panic!(
                    "The server received a request of {} bytes that nobody has made: a frame was torn, or \
                     two were mixed.",
                    payload.len()
                );
            };
            note(format!(
                "the server received caller {number}'s request, id {id}"
            ));
            assert!(
                self.arrived.insert(number),
                "Caller {number}'s request crossed twice."
            );
            assert!(
                self.ids.insert(id, number).is_none(),
                "Id {id} was used twice: a late reply to the first will answer the second."
            );
        }
    }

    pub(super) async fn answer(&mut self, which: usize, kind: u8) {
        let mut open: Vec<(u64, usize)> =
            self.ids.iter().map(|(id, number)| (*id, *number)).collect();
        open.retain(|(_, number)| self.callers[*number].said.is_none());
        open.sort_unstable();
        let Some(&(id, number)) = (!open.is_empty()).then(|| &open[which % open.len()]) else {
            return;
        };
        self.say(id, number, kind).await;
    }

    pub(super) async fn repeat(&mut self, which: usize) {
        let mut told: Vec<(u64, usize)> =
            self.ids.iter().map(|(id, number)| (*id, *number)).collect();
        told.retain(|(_, number)| {
            let caller = &self.callers[*number];
            caller.said.is_some() || matches!(caller.waits, Waits::Left)
        });
        told.sort_unstable();
        if !told.is_empty() {
            let (id, number) = told[which % told.len()];
            self.say(id, number, REPLY).await;
        }
    }

    pub(super) async fn say(&mut self, id: u64, number: usize, kind: u8) {
        if self.over.is_some() {
            return;
        }
        let times = self.callers[number]
            .said
            .as_ref()
            .map_or("first", |_| "again");
        let payload = if kind == REPLY {
            Bytes::from(format!("to {number}, {times}"))
        } else {
            Bytes::new()
        };
        let what = if kind == REPLY { "replies to" } else { "fails" };
        note(format!("the server {what} caller {number}, {times}"));
        if matches!(self.callers[number].waits, Waits::Left) {
            count(&self.seen.late_replies);
        }
        self.send(id, kind, payload.clone()).await;
        let answer = if kind == REPLY {
            Ok(payload)
        } else {
            Err(CallError::Failed)
        };
        self.callers[number].said.get_or_insert(answer);
    }

    /// Says something that nobody has asked; once everybody's request has arrived, also about the ids that the next
    /// calls may get.
    async fn stray(&mut self, number: u64) {
        if self.over.is_some() {
            return;
        }
        let in_advance = number.is_multiple_of(2) && self.has_everything().await;
        let latest = self.ids.keys().max().copied();
        let ids = match latest {
            Some(latest) if in_advance => [1, 2].map(|step| latest.wrapping_add(step)),
            _ => [1 << 40, 1 << 41].map(|far| far + number),
        };
        note(format!(
            "the server says something to {ids:?}, which nobody has asked"
        ));
        self.send(ids[0], REPLY, Bytes::from_static(b"made up"))
            .await;
        self.send(ids[1], FAILURE, Bytes::new()).await;
        if in_advance {
            count(&self.seen.in_advance);
            // A client reads it now, or it may be taken for the reply of a call that is made meanwhile.
            idle().await;
            self.look();
        }
    }

    /// The server reads on. Is no call on its way any more, and no message half sent?
    async fn has_everything(&mut self) -> bool {
        self.half = None;
        self.send_the_rest().await;
        loop {
            idle().await;
            let before = self.read_bytes;
            self.read(1 << 16);
            if before == self.read_bytes {
                break;
            }
        }
        self.look();
        (0..self.callers.len()).all(|number| {
            let waits = &self.callers[number].waits;
            self.arrived.contains(&number) || matches!(waits, Waits::Left | Waits::Done)
        })
    }

    /// Sends a message, or its first part only if that was wished.
    pub(super) async fn send(&mut self, id: u64, kind: u8, payload: Bytes) {
        if self.over.is_some() {
            return;
        }
        let mut bytes = std::mem::take(&mut self.rest);
        let frame = RawFrame { id, kind, payload }.bytes();
        bytes.extend_from_slice(&frame);
        if let Some(first) = self.half.take() {
            let left_out = first.min(frame.len() - 1);
            self.rest = bytes.split_off(bytes.len() - left_out);
            note(format!("(the last {left_out} bytes of that come later)"));
            count(&self.seen.split_replies);
        }
        self.push(&bytes).await;
    }

    /// The client reads at all times, or this waits for ever.
    pub(super) async fn push(&mut self, bytes: &[u8]) {
        let far = self.far.as_mut().expect("the server is there");
        let room =
            "room for what the server sends (a client reads at all times, also while it writes)";
        let _ = testbed::soon(room, far.write_all(bytes)).await;
        let _ = testbed::soon(room, far.flush()).await;
        self.settled = false;
    }

    pub(super) async fn send_the_rest(&mut self) {
        if self.over.is_none() && !self.rest.is_empty() {
            note("the server sends the rest of its message");
            let rest = std::mem::take(&mut self.rest);
            self.push(&rest).await;
        }
    }

    pub(super) async fn end(&mut self, ending: Ending) {
        if self.over.is_some() {
            return;
        }
        idle().await;
        self.look();
        // What the client had written before: nobody else runs meanwhile.
        self.read(1 << 20);
        if !self.received.is_empty() {
            count(&self.seen.ended_half_sent);
        }
        match ending {
            Ending::Closes => {
                note("the server closes its sending side");
                let _ = self.far.as_mut().expect("there").shutdown().await;
            }
            Ending::Vanishes => {
                note("the server vanishes");
                self.far = None;
            }
            Ending::Lies => {
                self.send_the_rest().await;
                note("the server sends a length of zero");
                self.push(&[0; 8]).await;
            }
        }
        self.over = Some(ending);
        self.settled = false;
        idle().await;
        self.look();
        self.settled = true;
        let room = 1 << 20;
        self.read(room);
        assert!(
            !self.life.is_held(),
            "The connection has ended, and the client still holds its stream: the server's side of it will \
             never be closed."
        );
    }
}
