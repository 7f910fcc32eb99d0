//! A client, callers of all sorts, and a server in the test's hands.
//!
//! The model knows of each caller what it asked, what was sent to it, and which of its bytes have left.
//! Beside it there is no connection.

use crate::world::held::{Life, held};
use bytes::Bytes;
use measure::client::{CallError, Client};
use proptest::collection::vec;
use proptest::prelude::*;
use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;
use testbed::link::{Carriage, End, Meters};
use testbed::peer::{FAILURE, REPLY, REQUEST};
use testbed::{Link, RawFrame, idle, note, poll_once, stories};
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

type Answer = Result<Bytes, CallError>;

/// What may happen next. A number picks one of those whom it may happen to.
#[derive(Clone, Debug)]
enum Event {
    /// Somebody calls, and waits.
    Call(usize),
    /// Somebody calls, is polled once, and does something else.
    Sleep(usize),
    /// A caller that slept looks whether there is an answer.
    Wake(usize),
    /// A caller gives up.
    Leave(usize),
    /// The server reads up to so many bytes.
    Read(usize),
    Reply(usize),
    Fail(usize),
    /// The server repeats what it has said to somebody, or says it to somebody who has left.
    Repeat(usize),
    /// The server replies to nobody.
    Stray(u64),
    /// Of the server's next message, only so many bytes are sent before the next event.
    Half(usize),
    /// Nothing for an hour.
    Hour,
    /// Everything gets as far as it can.
    Idle,
    End(Ending),
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ending {
    Closes,
    Vanishes,
    Lies,
}

fn event() -> impl Strategy<Value = Event> {
    (0_u8..34, 0_usize..1000).prop_map(|(what, number)| match what {
        // A question of no bytes, of a few, or of more than most pipes hold.
        0..=5 => Event::Call([0, number % 60, 700][number % 3]),
        6..=7 => Event::Sleep(number % 60),
        8..=9 => Event::Wake(number),
        10..=12 => Event::Leave(number),
        13..=15 => Event::Read(1 + number % 30),
        16..=17 => Event::Read(4096),
        18..=22 => Event::Reply(number),
        23 => Event::Fail(number),
        24..=25 => Event::Repeat(number),
        26 => Event::Stray((1 << 40) + number as u64),
        27 => Event::Half(1 + number % 19),
        28 => Event::Hour,
        _ => Event::Idle,
    })
}

fn ending() -> impl Strategy<Value = Option<Ending>> {
    prop_oneof![
        2 => Just(None),
        1 => Just(Some(Ending::Closes)),
        2 => Just(Some(Ending::Vanishes)),
        1 => Just(Some(Ending::Lies)),
    ]
}

/// How often what matters has happened in all schedules together.
#[derive(Default)]
struct Seen {
    answered: AtomicUsize,
    left_half_sent: AtomicUsize,
    late_replies: AtomicUsize,
    slept_through: AtomicUsize,
    split_replies: AtomicUsize,
    ended_half_sent: AtomicUsize,
    not_sent: AtomicUsize,
}

fn count(counter: &AtomicUsize) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// **M4** Whatever calls, replies, cancellations, stalls and ends overlap: each caller gets its own answer or
/// the truth about its call, no frame is torn, and nothing is held in the end.
#[test]
fn any_schedule_gives_each_caller_its_answer_or_the_truth() {
    let seen = Arc::new(Seen::default());
    let cases = (
        vec(event(), 4..50),
        ending(),
        vec(event(), 0..6),
        prop_oneof![1_usize..64, Just(64 * 1024)],
        prop_oneof![1_usize..30, Just(usize::MAX)],
        any::<bool>(),
    );
    stories(cases, {
        let seen = Arc::clone(&seen);
        move |(mut events, ending, after, buffer_bytes, read_bytes, needs_flush)| {
            events.extend(ending.map(Event::End));
            events.extend(after);
            let carriage = Carriage {
                buffer_bytes,
                read_bytes,
                needs_flush,
            };
            let seen = Arc::clone(&seen);
            async move {
                let mut world = World::new(carriage, seen);
                for event in events {
                    world.happens(event).await;
                }
                world.ends().await;
            }
        }
    });
    for (what, counter) in [
        ("a call was answered", &seen.answered),
        (
            "a caller left while its frame was under way",
            &seen.left_half_sent,
        ),
        ("a reply came to a caller that had left", &seen.late_replies),
        ("a caller slept through its reply", &seen.slept_through),
        ("a reply came in two parts", &seen.split_replies),
        ("the connection ended within a frame", &seen.ended_half_sent),
        ("a call was not sent", &seen.not_sent),
    ] {
        let times = counter.load(Ordering::Relaxed);
        assert!(
            times >= 5,
            "In all schedules together, {what} {times} times: too seldom to say that it was tried."
        );
    }
}

/// Somebody who calls.
struct Caller {
    request: Bytes,
    waits: Waits,
    /// What the server has said to it first.
    said: Option<Answer>,
    /// Whether the end was known when it called.
    too_late: bool,
}

enum Waits {
    /// In a task of its own.
    Actively(tokio::task::JoinHandle<Answer>),
    /// Polled once and not again.
    Asleep(Pin<Box<dyn Future<Output = Answer> + Send>>),
    /// Has its answer, or has left.
    Left,
    Done,
}

struct World {
    client: Option<Client>,
    life: Life,
    far: Option<End>,
    callers: Vec<Caller>,
    meters: Meters,
    read_bytes: usize,
    /// What the server has received and not yet taken apart.
    received: Vec<u8>,
    /// The caller of each id.
    ids: HashMap<u64, usize>,
    /// Those whose whole frame the server has.
    arrived: HashSet<usize>,
    /// What the server has still to send of a message.
    rest: Vec<u8>,
    half: Option<usize>,
    over: Option<Ending>,
    /// Whether everything has got as far as it can since the last message.
    settled: bool,
    seen: Arc<Seen>,
}

impl World {
    fn new(carriage: Carriage, seen: Arc<Seen>) -> Self {
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

    async fn happens(&mut self, event: Event) {
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
            Event::Stray(id) => {
                note(format!(
                    "the server says something to {id}, which nobody has asked"
                ));
                let kind = if id % 2 == 0 { REPLY } else { FAILURE };
                self.send(id, kind, Bytes::new()).await;
            }
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

    fn pick(&self, which: usize, of: impl Fn(&Caller) -> bool) -> Option<usize> {
        let these: Vec<usize> = (0..self.callers.len())
            .filter(|at| of(&self.callers[*at]))
            .collect();
        (!these.is_empty()).then(|| these[which % these.len()])
    }

    async fn call(&mut self, bytes: usize, sleeps: bool) {
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

    fn wake(&mut self, number: usize) {
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

    fn leave(&mut self, which: usize) {
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
    fn read(&mut self, bytes: usize) {
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

    fn take_apart(&mut self) {
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

    async fn answer(&mut self, which: usize, kind: u8) {
        let mut open: Vec<(u64, usize)> =
            self.ids.iter().map(|(id, number)| (*id, *number)).collect();
        open.retain(|(_, number)| self.callers[*number].said.is_none());
        open.sort_unstable();
        let Some(&(id, number)) = (!open.is_empty()).then(|| &open[which % open.len()]) else {
            return;
        };
        self.say(id, number, kind).await;
    }

    async fn repeat(&mut self, which: usize) {
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

    async fn say(&mut self, id: u64, number: usize, kind: u8) {
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

    /// Sends a message, or its first part only if that was wished.
    async fn send(&mut self, id: u64, kind: u8, payload: Bytes) {
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
    async fn push(&mut self, bytes: &[u8]) {
        let far = self.far.as_mut().expect("the server is there");
        let room =
            "room for what the server sends (a client reads at all times, also while it writes)";
        let _ = testbed::soon(room, far.write_all(bytes)).await;
        let _ = testbed::soon(room, far.flush()).await;
        self.settled = false;
    }

    async fn send_the_rest(&mut self) {
        if self.over.is_none() && !self.rest.is_empty() {
            note("the server sends the rest of its message");
            let rest = std::mem::take(&mut self.rest);
            self.push(&rest).await;
        }
    }

    async fn end(&mut self, ending: Ending) {
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

    /// Everything has got as far as it can: what can be said of each caller?
    fn look(&mut self) {
        self.settled = true;
        let mut waiting = (0, 0);
        for number in 0..self.callers.len() {
            if let Waits::Actively(task) = &mut self.callers[number].waits {
                if task.is_finished() {
                    match poll_once(Pin::new(task)) {
                        Poll::Ready(Ok(answer)) => self.done(number, &answer),
                        other => panic!("Caller {number} ended with {other:?}."),
                    }
                } else {
                    waiting.0 += 1;
                    waiting.1 += 1;
                }
            } else if let Waits::Asleep(_) = self.callers[number].waits {
                waiting.1 += 1;
                waiting.0 +=
                    usize::from(self.callers[number].said.is_none() && self.over.is_none());
            }
            let caller = &self.callers[number];
            if let (Waits::Actively(_), Some(said)) = (&caller.waits, &caller.said) {
                assert!(
                    !self.rest.is_empty(),
                    "Caller {number} was told {said:?}, and still waits."
                );
            }
            assert!(
                self.over.is_none() || !matches!(caller.waits, Waits::Actively(_)),
                "The connection has ended, and caller {number} still waits."
            );
        }
        let in_flight = self.client.as_ref().map_or(0, Client::in_flight);
        assert!(
            self.client.is_none() || (waiting.0..=waiting.1).contains(&in_flight),
            "{} callers wait, and `in_flight` says {in_flight}.",
            waiting.1
        );
    }

    fn done(&mut self, number: usize, answer: &Answer) {
        let said = self.callers[number].said.clone();
        self.judge(number, answer, said);
        self.callers[number].waits = Waits::Done;
    }

    fn judge(&mut self, number: usize, answer: &Answer, said: Option<Answer>) {
        note(format!("caller {number} is told {answer:?}"));
        let arrived = self.arrived.contains(&number);
        match answer {
            Ok(_) | Err(CallError::Failed) => {
                count(&self.seen.answered);
                assert_eq!(
                    Some(answer),
                    said.as_ref(),
                    "Caller {number} got an answer that is not the first which the server gave to it."
                );
            }
            Err(CallError::NotSent) => {
                count(&self.seen.not_sent);
                assert!(
                    self.over.is_some(),
                    "Caller {number} was told `NotSent`, and the connection lives."
                );
                assert!(
                    !arrived,
                    "Caller {number}'s request had arrived, and it was told `NotSent`."
                );
                // The length of a frame that has begun tells whose it is, once it is there.
                if let Some(prefix) = self.received.first_chunk::<4>() {
                    let begun = u32::from_be_bytes(*prefix) as usize;
                    assert_ne!(
                        begun,
                        9 + self.callers[number].request.len(),
                        "{} bytes of caller {number}'s frame had left, and it was told `NotSent`.",
                        self.received.len()
                    );
                }
            }
            Err(CallError::Unknown) => {
                assert!(
                    !self.callers[number].too_late,
                    "The end was known when caller {number} called, and it was told `Unknown`: nobody dares to \
                     repeat that elsewhere, though nothing was sent."
                );
                assert!(
                    self.over.is_some(),
                    "Caller {number} was told `Unknown`, and the connection lives."
                );
                let all_said = said.is_some() && self.rest.is_empty();
                assert!(
                    !all_said || self.over == Some(Ending::Vanishes),
                    "Caller {number}'s answer came before the end, and it was told `Unknown`."
                );
            }
            other => panic!("Caller {number} was told {other:?}, which nobody has said."),
        }
    }

    /// The last act: those who sleep look, the server reads and answers all, and nothing is held.
    async fn ends(mut self) {
        if self.over.is_none() {
            note("the server reads everything, and answers all who still wait");
            self.half = None;
            self.send_the_rest().await;
            loop {
                idle().await;
                let before = (self.received.len(), self.arrived.len());
                self.read(1 << 16);
                // Some take their turn to write only when they are polled.
                for number in 0..self.callers.len() {
                    self.wake(number);
                }
                if before == (self.received.len(), self.arrived.len()) {
                    break;
                }
            }
            assert!(
                self.received.is_empty(),
                "{} bytes of a frame have arrived, and its rest never comes.",
                self.received.len()
            );
            for number in 0..self.callers.len() {
                let waits = matches!(
                    self.callers[number].waits,
                    Waits::Actively(_) | Waits::Asleep(_)
                );
                assert!(
                    !waits || self.arrived.contains(&number),
                    "Caller {number} waits, the server has read everything, and its request never came."
                );
            }
            while self
                .ids
                .values()
                .any(|number| self.callers[*number].said.is_none())
            {
                self.answer(0, REPLY).await;
            }
        }
        idle().await;
        self.look();
        for number in 0..self.callers.len() {
            if let Waits::Asleep(_) = self.callers[number].waits {
                self.wake(number);
            }
            let caller = &self.callers[number];
            assert!(
                matches!(caller.waits, Waits::Done | Waits::Left),
                "Caller {number} still waits, though all is said or over."
            );
        }
        assert_eq!(
            self.client.as_ref().map_or(0, Client::in_flight),
            0,
            "Nobody waits any more."
        );
        self.client = None;
        note("the last client is dropped");
        idle().await;
        assert!(
            !self.life.is_held(),
            "The last client is gone, nobody waits, and the stream is still held."
        );
    }
}
