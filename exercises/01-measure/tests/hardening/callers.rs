//! Those who share a connection: they leave at any moment, sleep, and wait for each other.

use crate::world::client::{answer, connected, connected_over, fill, ok, start, start_bytes};
use bytes::Bytes;
use measure::client::MAX_IN_FLIGHT;
use std::time::Duration;
use testbed::link::Carriage;
use testbed::memory::Watch;
use testbed::peer::REPLY;
use testbed::{RawFrame, idle, note, poll_once, scene, soon, story};

/// So many callers that each of them is noticed in a mebibyte.
const GIVEN_UP: usize = 40_000;

/// What a thousand callers wait for, and what it usually means if they do so in vain.
const DEADLOCK: &str = "one of a thousand calls to be answered (if both sides write, and neither \
                        reads before it is done, both wait for ever)";

/// **M4** Calls that are given up leave no memory behind, even if they are never answered.
#[test]
fn calls_that_are_given_up_leave_nothing_behind() {
    story(|| async {
        let (client, mut server, _) = connected();
        let watch = Watch::start();
        for _ in 0..GIVEN_UP {
            {
                let call = client.call(Bytes::from_static(b"?"));
                tokio::pin!(call);
                assert!(poll_once(call.as_mut()).is_pending());
                tokio::task::yield_now().await;
            }
            // Some clients send what was given up meanwhile, and some don't bother: either is fine.
            while tokio::time::timeout(Duration::ZERO, server.skip())
                .await
                .is_ok()
            {}
        }
        assert!(
            watch.grown_bytes() <= 1 << 20,
            "{GIVEN_UP} callers gave up, and {} bytes are still held for them: some table remembers \
             every call until its reply comes, and these never come.",
            watch.grown_bytes()
        );
        idle().await;
        while tokio::time::timeout(Duration::ZERO, server.skip())
            .await
            .is_ok()
        {}
        let last = start(&client, "last?").await;
        let request = server.recv().await;
        server.reply(request.id, "last!").await;
        assert_eq!(
            answer(last).await,
            ok("last!"),
            "The connection must still work."
        );
    });
}

/// **M4** Calls that are given up behind a server that reads nothing do not pile up either.
#[test]
fn calls_that_are_given_up_behind_a_stall_do_not_pile_up() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            buffer_bytes: 16,
            ..Carriage::default()
        });
        let watch = Watch::start();
        note("20,000 callers ask for 1 KiB each, and give up; the server reads nothing");
        for _ in 0..20_000 {
            let call = client.call(Bytes::from(vec![b'x'; 1024]));
            tokio::pin!(call);
            let _ = poll_once(call.as_mut());
            tokio::task::yield_now().await;
        }
        assert!(
            watch.grown_bytes() <= 4 << 20,
            "20,000 callers gave up, and {} bytes of their requests are still held: a queue takes \
             in what nobody waits for, and nothing bounds it.",
            watch.grown_bytes()
        );
        let last = start(&client, "last?").await;
        loop {
            let request = server.recv().await;
            if request.payload == "last?" {
                server.reply(request.id, "last!").await;
                break;
            }
        }
        assert_eq!(
            answer(last).await,
            ok("last!"),
            "The connection must still work."
        );
    });
}

/// **M4** There is no time limit in a call: not for a place, not for a reply, and not for the rest of one.
#[test]
fn a_call_waits_for_as_long_as_its_caller() {
    story(|| async {
        let (client, mut server, _) = connected();
        let mut calls = fill(&client);
        idle().await;
        let in_line = start(&client, "in line?").await;
        tokio::time::sleep(Duration::from_secs(12 * 60 * 60)).await;
        note(
            "all places are taken, and one caller waits for one; twelve hours later the server replies",
        );
        for _ in 0..=MAX_IN_FLIGHT {
            let request = server
                .expect("the requests of twelve hours ago, and the one that waited for a place")
                .await;
            server.reply(request.id, "!").await;
        }
        assert_eq!(
            answer(in_line).await,
            ok("!"),
            "It is the caller who decides how long is too long, by dropping the call: also in line."
        );
        while let Some(answer) = calls.join_next().await {
            assert_eq!(
                answer.expect("no panic"),
                ok("!"),
                "It is the caller who decides how long is too long, by dropping the call."
            );
        }
        for cut in [1, 4, 13, 17] {
            scene(format!(
                "the server sends {cut} bytes of a reply, and then nothing for an hour"
            ));
            let call = start(&client, "slow?").await;
            let request = server.recv().await;
            let reply = RawFrame {
                id: request.id,
                kind: REPLY,
                payload: Bytes::from_static(b"slow!"),
            };
            server.send_bytes(&reply.bytes()[..cut]).await;
            tokio::time::sleep(Duration::from_secs(60 * 60)).await;
            server.send_bytes(&reply.bytes()[cut..]).await;
            assert_eq!(
                answer(call).await,
                ok("slow!"),
                "Half a reply and then nothing is a slow reply."
            );
        }
        tokio::time::sleep(Duration::from_secs(6 * 60 * 60)).await;
        scene("six hours later the connection is used again");
        let call = start(&client, "still there?").await;
        let request = server
            .expect("a request over a connection that was quiet for six hours")
            .await;
        server.reply(request.id, "").await;
        assert_eq!(
            answer(call).await,
            ok(""),
            "A reply may carry nothing, and is one."
        );
    });
}

/// **M4** A thousand callers share one connection through a narrow pipe, and all are answered.
#[test]
fn a_thousand_callers_share_a_narrow_connection() {
    story(|| async {
        // The server reads one request, writes its reply, and only then reads on: so a client that
        // does not read while it writes stops both.
        let (client, mut server, meters) = connected_over(Carriage {
            buffer_bytes: 64,
            read_bytes: 7,
            ..Carriage::default()
        });
        tokio::spawn(async move {
            while let Some(request) = server.try_recv().await {
                server.reply(request.id, request.payload).await;
            }
        });
        let calls: Vec<_> = (0..1000)
            .map(|number| {
                let client = client.clone();
                tokio::spawn(async move {
                    let request = Bytes::from(format!("caller {number}"));
                    (client.call(request.clone()).await, request)
                })
            })
            .collect();
        for call in calls {
            let (reply, request) = soon(DEADLOCK, call).await.expect("no caller panics");
            assert_eq!(reply, Ok(request), "A caller got another caller's reply.");
        }
        assert_eq!(meters.requests().frames, 1000);
    });
}

/// **M4** A caller that is not polled, or leaves, while it waits for a place keeps one from the others at most, and
/// only until it is gone.
#[test]
fn callers_that_sleep_or_leave_in_line_keep_a_place_each_at_most() {
    story(|| async {
        let (client, mut server, meters) = connected();
        let calls = fill(&client);
        idle().await;
        let leaves = start(&client, "leaves").await;
        let mut asleep = Vec::new();
        for _ in 0..10 {
            let mut call = Box::pin(client.call(Bytes::from_static(b"asleep?")));
            assert!(poll_once(call.as_mut()).is_pending());
            asleep.push(call);
        }
        let waiting = start(&client, "waiting?").await;
        leaves.abort();
        note(
            "all places are taken; in line are one who gives up, ten who are not polled, and then one who is",
        );
        for _ in 0..=asleep.len() {
            let request = server.recv().await;
            server.reply(request.id, "!").await;
        }
        idle().await;
        let sent = meters.requests().frames;
        assert!(
            sent > MAX_IN_FLIGHT,
            "Eleven places have come free: ten for those who sleep, if they like, and one for the one who waits. Yet \
             no request was sent."
        );
        for _ in 0..sent {
            let request = server.recv().await;
            if request.payload == "waiting?" {
                server.reply(request.id, "waited!").await;
                break;
            }
        }
        assert_eq!(answer(waiting).await, ok("waited!"));

        scene(
            "those who sleep give up, whether a place had come free for them or not, and so does everybody",
        );
        drop((asleep, calls));
        idle().await;
        assert_eq!(
            client.in_flight(),
            0,
            "Nobody waits any more. A place that was handed to somebody in line who left before taking it has \
             to be handed on."
        );
        let before = meters.requests().frames;
        let _calls = fill(&client);
        idle().await;
        for _ in before..before + MAX_IN_FLIGHT {
            server.recv().await;
        }
        assert_eq!(
            client.in_flight(),
            MAX_IN_FLIGHT,
            "All places are free again, and that many calls fit."
        );
    });
}

/// **M4** Callers that are not polled behind a stalled server hold up nobody when it reads on.
#[test]
fn callers_that_sleep_behind_a_stall_hold_up_nobody() {
    story(|| async {
        let (client, mut server, _) = connected_over(Carriage {
            buffer_bytes: 64,
            ..Carriage::default()
        });
        let mut calls = Vec::new();
        for _ in 0..40 {
            calls.push(start_bytes(&client, Bytes::from(vec![b'x'; 16 * 1024])).await);
        }
        let mut asleep = Vec::new();
        for _ in 0..200 {
            let mut call = Box::pin(client.call(Bytes::from_static(b"asleep?")));
            assert!(poll_once(call.as_mut()).is_pending());
            asleep.push(call);
        }
        let last = start(&client, "awake?").await;
        note(
            "the server reads nothing; forty large calls, two hundred callers who are not polled again, and \
             then one who is",
        );
        idle().await;
        loop {
            let request = server
                .expect(
                    "the request of the caller who is awake (does each room in a queue go to one who sleeps, and \
                     never takes it?)",
                )
                .await;
            if request.payload == "awake?" {
                server.reply(request.id, "awake!").await;
                break;
            }
        }
        assert_eq!(answer(last).await, ok("awake!"));
    });
}
