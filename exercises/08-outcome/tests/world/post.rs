//! A post office between lab 1's client and lab 1's server: it loses, delays, repeats and reorders whole
//! frames, as the test has written down.

use super::{TestBooks, settle};
use bytes::{Buf, Bytes};
use measure::client::Client;
use measure::server::{Handler, serve};
use outcome::line::Connect;
use outcome::wallet::Wallet;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;
use testbed::peer::REPLY;
use testbed::{End, Link, RawFrame, note};
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

/// What becomes of one request, and of its reply.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Trip {
    /// It arrives, and so does the reply.
    Fine,
    /// The request is lost.
    RequestLost,
    /// The request arrives, and the reply is lost.
    ReplyLost,
    /// The request arrives twice: at once, and after this time.
    Twice(Duration),
    /// The request arrives after this time, whatever has become of the connection.
    Late(Duration),
    /// The reply arrives after this time, if the connection is still there.
    ReplyLate(Duration),
    /// The request arrives, and then the connection ends.
    ConnectionLost,
}

/// The post office, and the wallet behind it. Clones are the same one.
#[derive(Clone)]
pub struct Post(Arc<Mutex<Inside>>);

struct Inside {
    books: TestBooks,
    /// None while it restarts.
    wallet: Option<Arc<Wallet<TestBooks>>>,
    trips: VecDeque<Trip>,
    /// The tasks of each connection that is open.
    open: Vec<JoinHandle<()>>,
    /// Requests that arrived by themselves, and are with the wallet now.
    alone: Vec<AbortHandle>,
    connections: usize,
    requests: usize,
    /// Late and repeated requests that have arrived.
    strays: usize,
    down: bool,
    connecting_takes: Duration,
}

/// The half of a link's end on which replies go back to the client.
type Back = Arc<tokio::sync::Mutex<WriteHalf<End>>>;

impl Post {
    /// A post office in front of a wallet on these books.
    pub fn new(books: &TestBooks) -> Self {
        Self(Arc::new(Mutex::new(Inside {
            books: books.clone(),
            wallet: Some(Arc::new(Wallet::open(books.clone()))),
            trips: VecDeque::new(),
            open: Vec::new(),
            alone: Vec::new(),
            connections: 0,
            requests: 0,
            strays: 0,
            down: false,
            connecting_takes: Duration::ZERO,
        })))
    }

    /// What becomes of the next requests.
    pub fn next(&self, trips: &[Trip]) {
        self.inside().trips.extend(trips);
    }

    /// The wallet's process ends, with all its connections and all that it was doing. Then another one
    /// begins on the same books.
    pub async fn restart(&self) {
        note("the wallet restarts");
        {
            let mut inside = self.inside();
            for connection in inside.open.drain(..) {
                connection.abort();
            }
            for request in inside.alone.drain(..) {
                request.abort();
            }
            inside.wallet = None;
        }
        settle().await;
        let mut inside = self.inside();
        let books = inside.books.clone();
        inside.wallet = Some(Arc::new(Wallet::open(books)));
    }

    /// All connections end, and the wallet goes on.
    pub fn cut(&self) {
        note("the connection is cut");
        for connection in self.inside().open.drain(..) {
            connection.abort();
        }
    }

    /// Whether connections are refused from now on.
    pub fn set_down(&self, down: bool) {
        self.inside().down = down;
    }

    /// How long it takes to open a connection from now on.
    pub fn connecting_takes(&self, time: Duration) {
        self.inside().connecting_takes = time;
    }

    /// From now on requests and replies arrive.
    pub fn nothing_more_happens(&self) {
        self.inside().trips.clear();
    }

    /// How many connections have been opened, or were being opened.
    pub fn connections(&self) -> usize {
        self.inside().connections
    }

    /// How many requests the client has sent.
    pub fn requests(&self) -> usize {
        self.inside().requests
    }

    /// How many late and repeated requests have arrived.
    pub fn strays(&self) -> usize {
        self.inside().strays
    }

    fn inside(&self) -> MutexGuard<'_, Inside> {
        self.0
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A request arrives by itself, late or once more. Its reply is returned, unless the wallet ends first.
    async fn stray(&self, request: Bytes) -> Option<Bytes> {
        let wallet = self.inside().wallet.clone()?;
        let answer = tokio::spawn(async move { wallet.handle(request).await });
        {
            let mut inside = self.inside();
            inside.strays += 1;
            inside.alone.push(answer.abort_handle());
        }
        match answer.await {
            Ok(answer) => answer.ok(),
            Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
            Err(_) => None,
        }
    }

    /// Carries frames between the two ends of one connection until one of them closes it.
    async fn carry(self, client: End, server: End) {
        let (mut from_client, to_client) = tokio::io::split(client);
        let (mut from_server, mut to_server) = tokio::io::split(server);
        let to_client: Back = Arc::new(tokio::sync::Mutex::new(to_client));
        let trips: Mutex<HashMap<u64, Trip>> = Mutex::default();
        // What is under way to the client ends with the connection; what is under way to the wallet
        // does not.
        let mut replies = JoinSet::new();
        let requests = async {
            while let Some(frame) = read_frame(&mut from_client).await {
                let trip = {
                    let mut inside = self.inside();
                    inside.requests += 1;
                    inside.trips.pop_front().unwrap_or(Trip::Fine)
                };
                note(format!("call {} is on its way: {trip:?}", frame.id));
                trips.lock().expect("trips").insert(frame.id, trip);
                match trip {
                    Trip::RequestLost => {}
                    Trip::Fine | Trip::ReplyLost | Trip::ReplyLate(_) => {
                        let _ = to_server.write_all(&frame.bytes()).await;
                    }
                    Trip::Twice(after) => {
                        let _ = to_server.write_all(&frame.bytes()).await;
                        self.deliver_later(frame, after, None);
                    }
                    Trip::Late(after) => {
                        self.deliver_later(frame, after, Some(Arc::downgrade(&to_client)));
                    }
                    Trip::ConnectionLost => {
                        let post = self.clone();
                        tokio::spawn(async move { post.stray(frame.payload).await });
                        break;
                    }
                }
            }
        };
        let answers = async {
            while let Some(frame) = read_frame(&mut from_server).await {
                let trip = trips.lock().expect("trips").get(&frame.id).copied();
                match trip {
                    Some(Trip::ReplyLost) => {
                        note(format!("the reply to call {} is lost", frame.id));
                    }
                    Some(Trip::ReplyLate(after)) => {
                        let to_client = Arc::clone(&to_client);
                        replies.spawn(async move {
                            tokio::time::sleep(after).await;
                            note(format!("the reply to call {} arrives late", frame.id));
                            let _ = to_client.lock().await.write_all(&frame.bytes()).await;
                        });
                    }
                    _ => {
                        let _ = to_client.lock().await.write_all(&frame.bytes()).await;
                    }
                }
            }
        };
        tokio::select! {
            () = requests => {}
            () = answers => {}
        }
    }

    fn deliver_later(
        &self,
        frame: RawFrame,
        after: Duration,
        back: Option<Weak<tokio::sync::Mutex<WriteHalf<End>>>>,
    ) {
        let post = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            note(format!("call {} arrives by itself, late", frame.id));
            let payload = post.stray(frame.payload).await;
            let (Some(back), Some(payload)) = (back.and_then(|back| back.upgrade()), payload)
            else {
                return;
            };
            let reply = RawFrame {
                id: frame.id,
                kind: REPLY,
                payload,
            };
            let _ = back.lock().await.write_all(&reply.bytes()).await;
        });
    }
}

impl Connect for Post {
    async fn connect(&self) -> io::Result<Client> {
        let takes = {
            let mut inside = self.inside();
            inside.connections += 1;
            inside.connecting_takes
        };
        tokio::time::sleep(takes).await;
        let mut inside = self.inside();
        let wallet = inside.wallet.clone().filter(|_| !inside.down);
        let Some(wallet) = wallet else {
            note("the wallet cannot be reached");
            return Err(io::ErrorKind::ConnectionRefused.into());
        };
        note("a connection is opened");
        let (near, far) = (Link::new(), Link::new());
        let serving = serve(far.server, wallet);
        let carrying = self.clone().carry(near.server, far.client);
        inside.open.push(tokio::spawn(async move {
            tokio::select! {
                _ = serving => {}
                () = carrying => {}
            }
        }));
        Ok(Client::new(near.client))
    }
}

async fn read_frame(end: &mut ReadHalf<End>) -> Option<RawFrame> {
    let length = end.read_u32().await.ok()?;
    let mut body = vec![0; usize::try_from(length).ok()?];
    end.read_exact(&mut body).await.ok()?;
    let mut body = Bytes::from(body);
    Some(RawFrame {
        id: body.get_u64(),
        kind: body.get_u8(),
        payload: body,
    })
}
