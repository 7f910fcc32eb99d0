//! Whose reply a reply is.

use crate::world::client::{answer, connected, ok, start};
use measure::client::CallError;
use testbed::peer::REQUEST;
use testbed::{idle, note, story};

/// **M3** Each call gets the reply that carries its id, whatever order replies come in.
#[test]
fn replies_find_their_calls_in_any_order() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let second = start(&client, "second?").await;
        let (a, b) = (server.recv().await, server.recv().await);
        assert_eq!(
            (a.payload.as_ref(), b.payload.as_ref()),
            (&b"first?"[..], &b"second?"[..])
        );
        assert_ne!(a.id, b.id, "Two calls that are open at once need two ids.");
        assert_eq!(
            (a.kind, b.kind),
            (REQUEST, REQUEST),
            "A client sends requests."
        );
        server.reply(b.id, "second!").await;
        server.reply(a.id, "first!").await;
        assert_eq!(
            answer(first).await,
            ok("first!"),
            "The first call got another call's reply."
        );
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "The second call got another call's reply."
        );
    });
}

/// **M3** A reply that comes a second time answers nobody.
#[test]
fn a_repeated_reply_answers_no_other_call() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let a = server.recv().await;
        server.reply(a.id, "first!").await;
        assert_eq!(answer(first).await, ok("first!"));
        let second = start(&client, "second?").await;
        let b = server.recv().await;
        server.reply(a.id, "first!").await;
        idle().await;
        server.reply(b.id, "second!").await;
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "The reply to the first call came twice. It belongs to nobody now: the second call must not \
             take it, and the connection must not end over it."
        );
    });
}

/// **M3** The reply to a call that was given up answers no other call, and the connection goes on.
#[test]
fn a_reply_after_the_caller_gave_up_answers_no_other_call() {
    story(|| async {
        let (client, mut server, _) = connected();
        let given_up = start(&client, "first?").await;
        let a = server.recv().await;
        given_up.abort();
        note("the first caller gave up");
        let second = start(&client, "second?").await;
        let b = server.recv().await;
        server.reply(a.id, "first!").await;
        idle().await;
        server.reply(b.id, "second!").await;
        assert_eq!(
            answer(second).await,
            ok("second!"),
            "The late reply was for the call that was given up. It belongs to nobody now: the second call \
             must not take it, and the connection must not end over it."
        );
    });
}

/// **M3** A failure reaches the caller whose call failed, and no other.
#[test]
fn a_failure_reaches_its_own_caller() {
    story(|| async {
        let (client, mut server, _) = connected();
        let first = start(&client, "first?").await;
        let second = start(&client, "second?").await;
        let (a, b) = (server.recv().await, server.recv().await);
        server.failure(a.id).await;
        assert_eq!(
            answer(first).await,
            Err(CallError::Failed),
            "The server said that it failed."
        );
        server.reply(b.id, "second!").await;
        assert_eq!(answer(second).await, ok("second!"));
    });
}
