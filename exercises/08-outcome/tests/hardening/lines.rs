//! One connection for many callers, which ends.

use crate::world::{ADA, KEY, Post, TestBooks, Trip, done, ms, pass, settle, spend};
use bytes::Bytes;
use measure::client::CallError;
use outcome::caller::Transport;
use outcome::line::Line;
use outcome::message::{Key, Reply, Request, from_bytes, to_bytes};
use std::sync::Arc;
use testbed::{note, poll_once, soon, story};
use tokio::task::JoinHandle;

fn request(key: Key) -> Bytes {
    to_bytes(&Request {
        key,
        left_ms: 60_000,
        command: spend(1),
    })
}

fn world() -> (TestBooks, Post, Arc<Line<Post>>) {
    let books = TestBooks::with(&[(ADA, 100)]);
    let post = Post::new(&books);
    let line = Arc::new(Line::new(post.clone()));
    (books, post, line)
}

fn start(line: &Arc<Line<Post>>, key: Key) -> JoinHandle<Result<Bytes, CallError>> {
    let line = Arc::clone(line);
    tokio::spawn(async move { line.send(request(key)).await })
}

/// **O8** Many callers that come at once have one connection opened for all of them.
#[test]
fn one_connection_is_opened_for_all() {
    story(|| async {
        let (books, post, line) = world();
        post.connecting_takes(ms(50));
        let calls: Vec<_> = (1..=20).map(|number| start(&line, Key(number))).collect();
        for call in calls {
            let reply = soon("a reply", call).await.expect("no panic");
            assert!(reply.is_ok(), "{reply:?}");
        }
        assert_eq!(books.times(-1), 20);
        assert_eq!(
            post.connections(),
            1,
            "Twenty callers found no connection, and each opened one. When a server has restarted they are \
             a thousand, and it has other things to do."
        );
    });
}

/// **O8** Who learns late that a connection was lost does not take away the one that has replaced it.
#[test]
fn a_late_loss_leaves_the_new_connection_alone() {
    story(|| async {
        let (_, post, line) = world();
        post.next(&[Trip::ReplyLost, Trip::ReplyLost]);
        let mut late = Box::pin(line.send(request(Key(1))));
        assert!(poll_once(late.as_mut()).is_pending());
        settle().await;
        assert!(poll_once(late.as_mut()).is_pending());
        let early = start(&line, Key(2));
        settle().await;
        post.cut();
        let early = soon("the loss", early).await.expect("no panic");
        assert_eq!(early, Err(CallError::Unknown));
        note("one caller has noticed the loss; the other one is not being polled");
        let next = soon("a reply", line.send(request(Key(3)))).await;
        assert!(next.is_ok(), "{next:?}");
        assert_eq!(post.connections(), 2);
        note("now the other one notices");
        let late = soon("the loss", late).await;
        assert_eq!(late, Err(CallError::Unknown));
        let after = soon("a reply", line.send(request(Key(4)))).await;
        assert!(after.is_ok(), "{after:?}");
        assert_eq!(
            post.connections(),
            2,
            "The connection that was lost had been replaced already. The late caller took its successor \
             away, and a third one was opened."
        );
    });
}

/// **O8** Whoever opens the connection may leave; those who wait for it are not stranded.
#[test]
fn an_opener_that_leaves_strands_nobody() {
    story(|| async {
        let (_, post, line) = world();
        post.connecting_takes(ms(50));
        let opener = start(&line, Key(1));
        settle().await;
        let waiting = start(&line, Key(2));
        pass(ms(10)).await;
        opener.abort();
        note("the caller that was opening the connection has left");
        let reply = soon("a reply for the one who waited", waiting).await;
        let reply = reply.expect("no panic").expect("a reply");
        let reply: Reply = from_bytes(&reply).expect("a `Reply`");
        assert_eq!((reply.key, reply.answer), (Key(2), done(99)));
    });
}

/// **O3** When no connection can be opened nothing was sent, and that is known; later it works again.
#[test]
fn what_could_not_be_sent_was_not_sent() {
    story(|| async {
        let (books, post, line) = world();
        post.set_down(true);
        assert_eq!(
            line.send(request(KEY)).await,
            Err(CallError::NotSent),
            "No connection could be opened, so not a byte of the request has left. That is certain, and worth \
             saying."
        );
        assert_eq!(
            line.send(request(KEY)).await,
            Err(CallError::NotSent),
            "The second request has a connection tried for it as well: the first refusal is not kept."
        );
        post.set_down(false);
        let reply = soon("a reply", line.send(request(KEY))).await;
        assert!(reply.is_ok(), "{reply:?}");
        assert_eq!(books.times(-1), 1);
    });
}

/// **O8** A request without an answer is no reason to replace the connection that others use.
#[test]
fn an_answer_that_fails_ends_no_connection() {
    story(|| async {
        let (_, post, line) = world();
        let failed = soon("an end", line.send(Bytes::from_static(b"no request"))).await;
        assert_eq!(failed, Err(CallError::Failed));
        let call = start(&line, Key(1));
        settle().await;
        call.abort();
        let reply = soon("a reply", line.send(request(Key(2)))).await;
        assert!(reply.is_ok(), "{reply:?}");
        assert_eq!(
            post.connections(),
            1,
            "The server had no answer to one request, and one caller has left. The connection is fine."
        );
    });
}

/// **O8** One request is sent once: the line leaves trying again to whoever counts the tries.
#[test]
fn the_line_does_not_try_again() {
    story(|| async {
        let (books, post, line) = world();
        post.next(&[Trip::ConnectionLost]);
        let ended = soon("an end", line.send(request(Key(1)))).await;
        pass(ms(1_000)).await;
        assert_eq!(
            (ended, post.requests(), books.times(-1)),
            (Err(CallError::Unknown), 1, 1),
            "A layer below the caller tried again by itself. Three such layers with three tries each make \
             27 of one."
        );
    });
}
