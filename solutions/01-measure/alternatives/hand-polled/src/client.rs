//! One state under a lock, and futures that look at it.

use crate::frame::{self, CallId, Frame, Kind, MAX_PAYLOAD_BYTES};
use bytes::{Buf, Bytes, BytesMut};
use std::collections::{BTreeMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

pub use ours::client::{CallError, MAX_IN_FLIGHT};

type Answer = Result<Bytes, CallError>;

/// How much may wait to be written before requests stay with their callers' entries.
const ROOM: usize = 32 * 1024;

/// A connection to a server.
#[derive(Debug)]
pub struct Client(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    clients: usize,
    over: bool,
    next: u64,
    /// Those who wait for a place, in the order in which they came.
    line: VecDeque<u64>,
    line_wakers: BTreeMap<u64, Waker>,
    /// Those who have one.
    calls: BTreeMap<u64, Call>,
    /// Of these, those whose frame is not yet among the bytes to be written.
    unsent: VecDeque<u64>,
    out: BytesMut,
    driver: Option<Waker>,
}

#[derive(Debug, Default)]
struct Call {
    request: Option<Bytes>,
    answer: Option<Answer>,
    waker: Option<Waker>,
}

impl State {
    fn wake_the_driver(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Wakes everybody in line: whoever is polled first takes the place that came free.
    fn wake_the_line(&mut self) {
        let wakers = std::mem::take(&mut self.line_wakers);
        let line: Vec<u64> = self.line.iter().copied().collect();
        for ticket in line {
            if let Some(waker) = wakers.get(&ticket) {
                waker.wake_by_ref();
            }
        }
    }

    fn settle(&mut self, id: u64, answer: Answer) {
        if let Some(call) = self.calls.get_mut(&id)
            && call.answer.is_none()
        {
            call.answer = Some(answer);
            if let Some(waker) = call.waker.take() {
                waker.wake();
            }
        }
    }

    fn end(&mut self) {
        self.over = true;
        self.out = BytesMut::new();
        self.unsent.clear();
        let ids: Vec<(u64, bool)> = (self.calls.iter_mut())
            .map(|(id, call)| (*id, call.request.take().is_some()))
            .collect();
        for (id, untouched) in ids {
            let certain = if untouched {
                CallError::NotSent
            } else {
                CallError::Unknown
            };
            self.settle(id, Err(certain));
        }
        self.wake_the_line();
    }

    /// Makes bytes of requests while there is room.
    fn fill(&mut self) {
        while self.out.len() < ROOM {
            let Some(id) = self.unsent.pop_front() else {
                return;
            };
            let Some(payload) = self.calls.get_mut(&id).and_then(|call| call.request.take()) else {
                continue;
            };
            let kind = Kind::Request;
            let frame = Frame {
                id: CallId(id),
                kind,
                payload,
            };
            // Its size was judged before it had a place.
            let _ = frame::encode(&frame, &mut self.out);
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clone for Client {
    fn clone(&self) -> Self {
        lock(&self.0).clients += 1;
        Self(Arc::clone(&self.0))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let mut state = lock(&self.0);
        state.clients -= 1;
        if state.clients == 0 {
            state.wake_the_driver();
        }
    }
}

/// What a caller has: first a ticket in the line, then an id. Gives both back.
struct Mine<'a> {
    state: &'a Mutex<State>,
    ticket: Option<u64>,
    id: Option<u64>,
}

impl Drop for Mine<'_> {
    fn drop(&mut self) {
        let mut state = lock(self.state);
        if let Some(ticket) = self.ticket {
            state.line.retain(|other| *other != ticket);
            state.line_wakers.remove(&ticket);
        }
        if let Some(id) = self.id {
            state.calls.remove(&id);
            state.wake_the_line();
        }
    }
}

impl Client {
    /// Takes over a connected stream.
    pub fn new<S>(stream: S) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let state = Arc::new(Mutex::new(State {
            clients: 1,
            ..State::default()
        }));
        tokio::spawn(drive(stream, Arc::clone(&state)));
        Self(state)
    }

    /// Sends one request and waits for its reply.
    ///
    /// # Errors
    /// As the lab says.
    pub async fn call(&self, request: Bytes) -> Answer {
        let bytes = request.len();
        if bytes > MAX_PAYLOAD_BYTES {
            return Err(CallError::TooLarge { bytes });
        }
        let mut request = Some(request);
        let mut mine = Mine {
            state: &self.0,
            ticket: None,
            id: None,
        };
        poll_fn(|context| mine.poll(&mut request, context)).await
    }

    /// How many calls have a place.
    pub fn in_flight(&self) -> usize {
        lock(&self.0).calls.len()
    }
}

impl Mine<'_> {
    fn poll(&mut self, request: &mut Option<Bytes>, context: &mut Context<'_>) -> Poll<Answer> {
        let mut state = lock(self.state);
        if let Some(id) = self.id {
            let call = state
                .calls
                .get_mut(&id)
                .expect("it is removed with its caller");
            if let Some(answer) = call.answer.take() {
                return Poll::Ready(answer);
            }
            call.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        if state.over {
            return Poll::Ready(Err(CallError::NotSent));
        }
        if state.calls.len() >= MAX_IN_FLIGHT {
            let next = state.next;
            let ticket = *self.ticket.get_or_insert(next);
            if ticket == next {
                state.next += 1;
                state.line.push_back(ticket);
            }
            state.line_wakers.insert(ticket, context.waker().clone());
            return Poll::Pending;
        }
        if let Some(ticket) = self.ticket.take() {
            state.line.retain(|other| *other != ticket);
            state.line_wakers.remove(&ticket);
        }
        let id = state.next;
        state.next += 1;
        self.id = Some(id);
        let waker = Some(context.waker().clone());
        let call = Call {
            request: request.take(),
            answer: None,
            waker,
        };
        state.calls.insert(id, call);
        state.unsent.push_back(id);
        state.wake_the_driver();
        Poll::Pending
    }
}

/// Ends the state with the driver, whatever ends that.
struct Driven(Arc<Mutex<State>>);

impl Drop for Driven {
    fn drop(&mut self) {
        lock(&self.0).end();
    }
}

async fn drive<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, state: Arc<Mutex<State>>) {
    let driven = Driven(state);
    let mut inbox = BytesMut::new();
    let mut room = vec![0; 8 * 1024];
    let mut dirty = false;
    poll_fn(|context| {
        let mut state = lock(&driven.0);
        // Entries of callers that are gone.
        if state.unsent.len() > 4 * MAX_IN_FLIGHT {
            let State { unsent, calls, .. } = &mut *state;
            unsent.retain(|id| calls.contains_key(id));
        }
        loop {
            let mut buffer = ReadBuf::new(&mut room);
            match Pin::new(&mut stream).poll_read(context, &mut buffer) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(()),
            }
            inbox.extend_from_slice(buffer.filled());
            loop {
                match frame::decode(&mut inbox) {
                    Ok(None) => break,
                    Ok(Some(frame)) if frame.kind == Kind::Reply => {
                        state.settle(frame.id.0, Ok(frame.payload));
                    }
                    Ok(Some(frame)) if frame.kind == Kind::Failure => {
                        state.settle(frame.id.0, Err(CallError::Failed));
                    }
                    _ => return Poll::Ready(()),
                }
            }
        }
        if state.clients == 0 {
            return Poll::Ready(());
        }
        loop {
            state.fill();
            if state.out.is_empty() {
                break;
            }
            match Pin::new(&mut stream).poll_write(context, &state.out) {
                Poll::Ready(Ok(written @ 1..)) => {
                    state.out.advance(written);
                    dirty = true;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => break,
            }
        }
        if dirty && state.out.is_empty() {
            match Pin::new(&mut stream).poll_flush(context) {
                Poll::Ready(Ok(())) => dirty = false,
                Poll::Ready(Err(_)) => return Poll::Ready(()),
                Poll::Pending => {}
            }
        }
        state.driver = Some(context.waker().clone());
        Poll::<()>::Pending
    })
    .await;
}
