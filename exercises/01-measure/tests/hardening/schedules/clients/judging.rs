//! What can be said of each caller, in between and in the end.

use super::world::{Answer, Waits, World};
use super::{Ending, count};
use measure::client::{CallError, Client};
use std::pin::Pin;
use std::task::Poll;
use testbed::peer::REPLY;
use testbed::{idle, note, poll_once};

impl World {
    /// Everything has got as far as it can: what can be said of each caller?
    pub(super) fn look(&mut self) {
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

    pub(super) fn done(&mut self, number: usize, answer: &Answer) {
        self.judge(number, answer);
        self.callers[number].waits = Waits::Done;
    }

    pub(super) fn judge(&self, number: usize, answer: &Answer) {
        let said = self.callers[number].said.as_ref();
        note(format!("caller {number} is told {answer:?}"));
        let arrived = self.arrived.contains(&number);
        match answer {
            Ok(_) | Err(CallError::Failed) => {
                count(&self.seen.answered);
                assert_eq!(
                    Some(answer),
                    said,
                    "Caller {number} got an answer that is not the first which the server gave to it."
                );
            }
            Err(CallError::NotSent) => {
                count(&self.seen.not_sent);
                assert!(
                    self.over.is_some(),
                    "Caller {number} was told `NotSent`, and nothing has ended the connection."
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
                    "Caller {number} was told `Unknown`, and nothing has ended the connection."
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
    pub(super) async fn ends(mut self) {
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
            // Those who have left are never answered.
            let mut open: Vec<(u64, usize)> = (self.ids.iter())
                .map(|(id, number)| (*id, *number))
                .collect();
            open.sort_unstable();
            for (id, number) in open {
                let caller = &self.callers[number];
                if caller.said.is_none() && !matches!(caller.waits, Waits::Left) {
                    self.say(id, number, REPLY).await;
                }
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
