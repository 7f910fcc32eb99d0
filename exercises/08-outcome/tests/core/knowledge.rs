//! What a caller knows: after one try, and after all of them.

use crate::world::{KEY, done, reply};
use bytes::Bytes;
use measure::client::CallError;
use outcome::knowledge::{Ended, Outcome, Reason, Told, known, told};
use outcome::message::{Answer, Key, Receipt, Refusal};
use testbed::live;

const RECEIPT: Receipt = Receipt { balance: 70 };

fn replied(answer: Answer) -> Ended {
    Ended::Replied(reply(KEY, answer))
}

/// **O3** A reply about the key says what became of the command.
#[test]
fn a_reply_says_what_became_of_the_command() {
    live(|| {
        assert_eq!(told(KEY, &replied(done(70))), Told::Done(RECEIPT));
        for refusal in [Refusal::NotEnough, Refusal::Invalid, Refusal::KeyReused] {
            assert_eq!(
                told(KEY, &replied(Answer::Refused(refusal))),
                Told::Refused(refusal),
                "The wallet has decided, and says so."
            );
        }
    });
}

/// **O3** A try that surely did nothing is told apart from one that may have.
#[test]
fn a_try_that_surely_did_nothing_is_known() {
    live(|| {
        let ends = [
            Ended::Broke(CallError::NotSent),
            Ended::Broke(CallError::TooLarge { bytes: 1 << 21 }),
            replied(Answer::Expired),
        ];
        for ended in ends {
            assert_eq!(
                told(KEY, &ended),
                Told::Nothing,
                "{ended:?}: this try was not sent, or the wallet says that it did not carry it out. To call \
                 that unknown would not be wrong, but somebody would have to look into it for nothing."
            );
        }
    });
}

/// **O3** No reply in time says something about the caller's patience, and nothing about the command.
#[test]
fn a_timeout_is_not_a_failure() {
    live(|| {
        for ended in [Ended::TimedOut, Ended::Broke(CallError::Unknown)] {
            assert_eq!(
                told(KEY, &ended),
                Told::Unknown,
                "{ended:?}: no reply came. The request may be lost, or the reply, or it may be carried out \
                 in a second. A timeout does not mean that it failed."
            );
        }
    });
}

/// **O3** A server that could not answer may have had the effect before that.
#[test]
fn an_error_of_the_server_is_not_a_failure() {
    live(|| {
        for error in [CallError::Failed, CallError::Malformed] {
            assert_eq!(
                told(KEY, &Ended::Broke(error.clone())),
                Told::Unknown,
                "{error:?}: the server has no answer for this try. It may have panicked after its commit as \
                 well as before. An error is not a refusal."
            );
        }
    });
}

/// **O7** A reply with another key, or one that cannot be read, is not the answer to this call.
#[test]
fn a_reply_to_another_call_is_no_answer() {
    live(|| {
        for answer in [
            done(70),
            Answer::Refused(Refusal::NotEnough),
            Answer::Expired,
        ] {
            assert_eq!(
                told(KEY, &Ended::Replied(reply(Key(8), answer))),
                Told::Unknown,
                "The reply {answer:?} has key 8, and this call has key 7. It says what became of another \
                 wish. What became of this one is still unknown."
            );
        }
        let whole = reply(KEY, done(70));
        for bytes in [Bytes::new(), whole.slice(..whole.len() - 1)] {
            assert_eq!(
                told(KEY, &Ended::Replied(bytes)),
                Told::Unknown,
                "Bytes that are no reply say nothing, also about what was done."
            );
        }
    });
}

/// **O3** A call is unknown as long as one of its tries is, whatever the others did.
#[test]
fn one_unknown_try_keeps_the_call_unknown() {
    live(|| {
        for tries in [
            &[Told::Unknown][..],
            &[Told::Unknown, Told::Nothing],
            &[Told::Nothing, Told::Unknown, Told::Nothing],
        ] {
            assert_eq!(
                known(tries),
                Outcome::Unknown,
                "{tries:?}: a try that surely did nothing says nothing about the try before it. Who reports \
                 the last try reports a failure that may have happened."
            );
        }
        for tries in [&[][..], &[Told::Nothing], &[Told::Nothing, Told::Nothing]] {
            assert_eq!(
                known(tries),
                Outcome::Failed(Reason::NotCarriedOut),
                "{tries:?}: no try was carried out, and that is certain."
            );
        }
    });
}

/// **O3** Once the wallet has said what became of the key, the whole call is known.
#[test]
fn what_the_wallet_says_settles_the_call() {
    live(|| {
        for tries in [
            &[Told::Done(RECEIPT)][..],
            &[Told::Unknown, Told::Done(RECEIPT)],
            &[Told::Nothing, Told::Unknown, Told::Done(RECEIPT)],
        ] {
            assert_eq!(
                known(tries),
                Outcome::Done(RECEIPT),
                "{tries:?}: the wallet speaks of the key, and so of all tries with it."
            );
        }
        assert_eq!(
            known(&[Told::Unknown, Told::Refused(Refusal::NotEnough)]),
            Outcome::Failed(Reason::Refused(Refusal::NotEnough)),
            "A refusal is about the key: no try with it has had an effect, and none will. That includes the \
             one that got no reply."
        );
    });
}
