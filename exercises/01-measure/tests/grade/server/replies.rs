//! What is answered, and how it crosses back.

use super::{connected, connected_over, reply};
use crate::handlers::Script;
use std::collections::HashSet;
use testbed::link::Carriage;
use testbed::story;

/// **M7** A request that arrives byte by byte is answered like any other.
#[test]
fn a_request_in_single_bytes_is_answered() {
    story(|| async {
        let one_byte = Carriage {
            read_bytes: 1,
            ..Carriage::default()
        };
        let (mut client, _, _) = connected_over(one_byte, Script::new());
        client.request(5, "byte by byte").await;
        client.request(6, "again").await;
        let answers = HashSet::from([client.recv().await.id, client.recv().await.id]);
        assert_eq!(answers, HashSet::from([5, 6]));
    });
}

/// **M7** A reply carries the id of the request that it answers, whatever that is.
#[test]
fn a_reply_carries_its_requests_id() {
    story(|| async {
        let (mut client, _, _) = connected(Script::new());
        for id in [0, 7, 7, u64::MAX, 1 << 40] {
            for payload in ["hello", ""] {
                client.request(id, payload).await;
                assert_eq!(
                    client.recv().await,
                    reply(id, payload),
                    "The reply to request {id}, which this handler answers with what it was asked."
                );
            }
        }
    });
}

/// **M5** A reply is one frame and one write back.
#[test]
fn a_reply_is_one_frame_and_one_write() {
    story(|| async {
        let (mut client, _, meters) = connected(Script::new());
        for calls in 1..=50 {
            client.request(calls as u64, vec![b'x'; calls * 200]).await;
            client.recv().await;
            let sent = meters.replies();
            assert_eq!(sent.frames, calls);
            assert!(
                sent.writes <= calls,
                "{calls} replies took {} writes; each is a system call.",
                sent.writes
            );
        }
    });
}

/// **M5** What is written is also flushed: a frame that waits in a buffer has not crossed.
#[test]
fn a_reply_is_flushed() {
    story(|| async {
        let needs_flush = Carriage {
            needs_flush: true,
            ..Carriage::default()
        };
        let (mut client, _, _) = connected_over(needs_flush, Script::new());
        for id in 0..3 {
            client.request(id, "hello").await;
            let answer = client
                .expect("a reply over a stream that sends when it is flushed")
                .await;
            assert_eq!(answer, reply(id, "hello"));
        }
    });
}
