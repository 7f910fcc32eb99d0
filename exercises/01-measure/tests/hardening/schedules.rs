//! Any order of events, against a model.

use crate::world::client::{answer, connected_over, start_bytes};
use bytes::Bytes;
use proptest::collection::vec;
use proptest::prelude::*;
use testbed::link::Carriage;
use testbed::stories;

/// **M3** In every order, with repeats and strangers between, over every chunking, each call that is
/// still waited for gets its own reply.
#[test]
fn no_noise_misleads_a_reply() {
    let script = (1_usize..12, vec((any::<u8>(), 0_u8..4), 0..40), 1_usize..30);
    stories(script, |(calls, noise, read_bytes)| {
        noisy_replies(calls, noise, read_bytes)
    });
}

async fn noisy_replies(calls: usize, noise: Vec<(u8, u8)>, read_bytes: usize) {
    let (client, mut server, _) = connected_over(Carriage {
        read_bytes,
        ..Carriage::default()
    });
    let mut open = Vec::new();
    for number in 0..calls {
        let request = Bytes::from(format!("call {number}"));
        let call = start_bytes(&client, request.clone()).await;
        let frame = server.recv().await;
        assert_eq!(frame.payload, request);
        open.push(Some((frame.id, request, call)));
    }
    let stranger = open.iter().flatten().fold(0, |all, (id, ..)| all ^ id) ^ (1 << 62);
    let mut answered = Vec::new();
    let mut given_up = Vec::new();
    for (which, what) in noise {
        let slot = &mut open[usize::from(which) % calls];
        match (what, slot.take()) {
            (0, Some((id, request, call))) => {
                server.reply(id, request.clone()).await;
                assert_eq!(
                    answer(call).await,
                    Ok(request),
                    "A call got another call's reply."
                );
                answered.push(id);
            }
            (1, Some((id, _, call))) => {
                call.abort();
                given_up.push(id);
            }
            (2, taken) => {
                *slot = taken;
                for id in answered.iter().chain(&given_up) {
                    server.reply(*id, "again").await;
                }
            }
            (_, taken) => {
                *slot = taken;
                server.reply(stranger, "to nobody").await;
            }
        }
    }
    for (id, request, call) in open.into_iter().flatten() {
        server.reply(id, request.clone()).await;
        assert_eq!(
            answer(call).await,
            Ok(request),
            "A call got another call's reply."
        );
    }
}
