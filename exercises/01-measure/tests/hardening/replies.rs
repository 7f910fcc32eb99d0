//! Whose reply a reply is, over a long life.

use crate::world::client::{answer, connected, crowd, ok, start};
use measure::client::MAX_IN_FLIGHT;
use std::collections::HashSet;
use testbed::{note, scene, story};

/// **M3** An id is never used twice on a connection, whether the call that had it was answered, given up, or
/// still waits: a reply may be very late.
#[test]
fn an_id_is_never_used_twice() {
    story(|| async {
        let (client, mut server, _) = connected();
        let slow = start(&client, "slow?").await;
        let slow_id = server.recv().await.id;
        let mut seen = HashSet::from([slow_id]);
        let mut given_up = Vec::new();
        // More calls than sixteen bits count.
        for round in 0..66 {
            scene(format!(
                "round {round}: a thousand calls, while the first one still waits"
            ));
            let mut calls = crowd(&client, MAX_IN_FLIGHT - 1);
            let mut ids = Vec::new();
            for _ in 1..MAX_IN_FLIGHT {
                let id = server.recv().await.id;
                assert!(
                    seen.insert(id),
                    "A call has id {id}, which an earlier one had. If that one's reply is still on its way, it \
                     will answer this call."
                );
                ids.push(id);
            }
            if round % 3 == 0 {
                note("all of this round give up");
                calls.shutdown().await;
                given_up.extend(ids);
                continue;
            }
            note(
                "a reply comes late, for somebody who gave up in an earlier round; then those of this round",
            );
            let late = given_up.pop().expect("the first round gave up");
            server.reply(late, "late!").await;
            for id in ids {
                server.reply(id, "!").await;
            }
            while let Some(answer) = calls.join_next().await {
                assert_eq!(answer.expect("no panic"), ok("!"));
            }
        }
        server.reply(slow_id, "slow!").await;
        assert_eq!(
            answer(slow).await,
            ok("slow!"),
            "The first call of all has waited through 67,000 others, and was never given up."
        );
    });
}
