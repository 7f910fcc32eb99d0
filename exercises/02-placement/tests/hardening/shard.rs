//! What arrives at a shard may be anything.

use crate::world::histories::regular;
use crate::world::shards::{Counting, on_shards, swell};
use crate::world::unharmed;
use placement::sharded::{Refused, Worker};
use story::{Picks, note, scene, search};
use testbed::live;
use testbed::memory::Watch;

/// More than any honest answer about 2,048 lessons takes, in any form that was tried.
const GENEROUS_BYTES: usize = 160 << 20;

/// Both requests of a real exchange with one shard.
fn requests() -> [Vec<u8>; 2] {
    let history = regular(12, 4);
    let mut shards = Counting::new(1);
    on_shards(&history, 3, &mut shards).expect("the shard answers");
    let sent: Vec<Vec<u8>> = shards.sent.concat();
    sent.try_into().expect("two rounds with one shard")
}

/// A worker that has to come to an end.
fn ask(worker: &mut Worker, request: &[u8]) -> Result<Vec<u8>, Refused> {
    unharmed("A shard", || worker.handle(request))
}

/// Whether a shard that is handed `changed` in the place of request `round` reserves no more than it is worth.
#[track_caller]
fn reserves_little(whole: &[Vec<u8>; 2], round: usize, changed: &[u8], what: &str) {
    let mut worker = Worker::new();
    if round == 1 {
        ask(&mut worker, &whole[0]).expect("the first request is whole");
    }
    let watch = Watch::start();
    let _ = ask(&mut worker, changed);
    assert!(
        watch.largest_bytes() <= GENEROUS_BYTES,
        "{what}, and {} bytes were reserved at once.",
        watch.largest_bytes()
    );
}

/// **P8** A request that is cut short is refused, wherever it is cut.
#[test]
fn a_torn_request_is_refused() {
    live(|| {
        for (round, request) in requests().iter().enumerate() {
            for keep in 0..request.len() {
                scene(format!(
                    "request {} ends after {keep} of {} bytes",
                    round + 1,
                    request.len()
                ));
                let mut worker = Worker::new();
                if round == 1 {
                    worker
                        .handle(&requests()[0])
                        .expect("the first request is whole");
                }
                let answer = ask(&mut worker, &request[..keep]);
                assert_eq!(answer, Err(Refused), "Half a request was answered.");
            }
        }
    });
}

/// **P8** Whatever the bytes are: no panic, and no memory that they are not worth.
#[test]
fn no_bytes_stop_a_shard() {
    live(|| {
        let whole = requests();
        let mut tried = 0;
        for (round, request) in whole.iter().enumerate() {
            for at in 0..request.len().min(80) {
                for change in [1, 0x7f, 0x80, 0xff] {
                    let mut changed = request.clone();
                    changed[at] ^= change;
                    scene(format!(
                        "request {}, byte {at} changed by {change:#x}",
                        round + 1
                    ));
                    reserves_little(&whole, round, &changed, "One byte was changed");
                    tried += 1;
                }
            }
        }
        for (round, request) in whole.iter().enumerate() {
            for at in 0..request.len().min(80) {
                // A number of 32 bits, as a varint and as it is.
                for large in [
                    &[0xff, 0xff, 0xff, 0xff, 0x0f][..],
                    &[0xff, 0xff, 0xff, 0xff][..],
                ] {
                    for wide in [1, 2, 4, 8] {
                        let mut changed = request.clone();
                        changed.splice(at..(at + wide).min(request.len()), large.iter().copied());
                        scene(format!(
                            "request {}, a large number at byte {at}",
                            round + 1
                        ));
                        reserves_little(&whole, round, &changed, "A number was made large");
                        tried += 1;
                    }
                }
            }
        }
        note(format!("{tried} changed requests"));
        for noise in [&[][..], &[0; 40], &[0xff; 40], b"GET / HTTP/1.1\r\n\r\n"] {
            let mut worker = Worker::new();
            let _ = ask(&mut worker, noise);
        }
    });
}

/// What a shard is asked, of several nights in any order.
#[derive(Clone, Copy, Debug)]
enum Request {
    Count(usize),
    Score(usize),
    Torn(usize),
}

/// **P1** A shard answers about the rows that it had last, whatever it was asked before, and however a night
/// ended.
#[test]
fn a_shard_answers_about_its_last_rows() {
    live(|| {
        // Of each night the two requests, and the answers of a shard that was asked nothing else.
        let nights: Vec<[(Vec<u8>, Vec<u8>); 2]> = [(12, 4), (3, 4), (12, 2)]
            .map(|(learners, each)| {
                let mut shards = Counting::new(1);
                on_shards(&regular(learners, each), 3, &mut shards).expect("the shard answers");
                let mut worker = Worker::new();
                [0, 1].map(|round: usize| {
                    let request = shards.sent[round][0].clone();
                    let answer = ask(&mut worker, &request).expect("the request is whole");
                    (request, answer)
                })
            })
            .to_vec();
        let request = |picks: &mut Picks| {
            let night = usize::try_from(picks.below(3)).expect("small");
            picks.one_of(&[
                Request::Count(night),
                Request::Score(night),
                Request::Torn(night),
            ])
        };
        search(60, 12, request, |requests| {
            let mut worker = Worker::new();
            // Whose rows it has, and whether it may have dropped them over a request that is none.
            let (mut last, mut unsure) = (None, false);
            for &request in requests {
                note(format!("{request:?}, of the nights 0 to 2"));
                match request {
                    Request::Count(night) => {
                        let [(request, answer), _] = &nights[night];
                        assert_eq!(
                            ask(&mut worker, request).as_ref(),
                            Ok(answer),
                            "A new night's rows are counted by themselves, whatever came before."
                        );
                        (last, unsure) = (Some(night), false);
                    }
                    Request::Score(night) => {
                        let [_, (request, answer)] = &nights[night];
                        let found = ask(&mut worker, request);
                        if last.is_none() {
                            assert_eq!(found, Err(Refused), "Nobody has told it any rows yet.");
                        } else if last == Some(night) {
                            assert!(
                                found.as_ref() == Ok(answer) || (unsure && found.is_err()),
                                "It has the rows of that night, and the answer is another one than that of \
                                 a shard that was asked nothing else: {} bytes, {} expected.",
                                found.map_or(0, |found| found.len()),
                                answer.len()
                            );
                        }
                    }
                    Request::Torn(night) => {
                        let [(request, _), _] = &nights[night];
                        let found = ask(&mut worker, &request[..request.len() - 1]);
                        assert_eq!(found, Err(Refused), "Most of a request is none.");
                        unsure = true;
                    }
                }
            }
        });
    });
}

/// **P8** A number that is far too large is worth no memory, and a refused request no trust: what comes
/// after it stops nobody either.
#[test]
fn a_swollen_request_is_worth_no_memory() {
    live(|| {
        let whole = requests();
        for (round, request) in whole.iter().enumerate() {
            let end = request.len();
            for at in (0..end.min(60)).chain(end.max(90) - 30..end.max(90)) {
                for fixed in [false, true] {
                    scene(format!("request {}, from byte {at}: {fixed}", round + 1));
                    let mut changed = request.clone();
                    swell(&mut changed, at, fixed);
                    let mut worker = Worker::new();
                    ask(&mut worker, &whole[0]).expect("the first request is whole");
                    let watch = Watch::start();
                    let _ = ask(&mut worker, &changed);
                    let _ = ask(&mut worker, &whole[1]);
                    assert!(
                        watch.largest_bytes() <= GENEROUS_BYTES,
                        "One number was changed, and {} bytes were reserved at once.",
                        watch.largest_bytes()
                    );
                }
            }
        }
    });
}

/// **P8** A row that was changed on the way is refused or counted, and does not stop what follows.
#[test]
fn a_request_after_a_changed_one_stops_nobody() {
    live(|| {
        let whole = requests();
        for at in 0..whole[0].len() {
            for byte in [1, 0xff, 0x10, 0x7f].map(|more| whole[0][at].wrapping_add(more)) {
                scene(format!("request 1, byte {at} changed to {byte:#x}"));
                let mut changed = whole[0].clone();
                changed[at] = byte;
                let mut worker = Worker::new();
                let _ = ask(&mut worker, &changed);
                let _ = ask(&mut worker, &whole[1]);
            }
        }
    });
}

/// **P8** A number that would do for a lesson, and is beyond the most lessons there may be, is worth no table.
#[test]
fn more_lessons_than_there_may_be_are_worth_no_memory() {
    live(|| {
        let whole = requests();
        let request = &whole[0];
        // 10,000 and 65,535, as text, as a varint and as it is, in two, four and eight bytes.
        let numbers: [&[u8]; 6] = [
            &[0x90, 0x4e],
            &[0x10, 0x27],
            &[0xff, 0xff, 0x03],
            &[0xff, 0xff],
            b"10000",
            b"65535",
        ];
        for at in 0..request.len() {
            for (number, replaced) in numbers
                .into_iter()
                .flat_map(|n| [1, 2].map(|replaced| (n, replaced)))
            {
                scene(format!(
                    "request 1, {number:x?} in place of {replaced} bytes at {at}"
                ));
                let mut changed = request.clone();
                changed.splice(
                    at..(at + replaced).min(request.len()),
                    number.iter().copied(),
                );
                let mut worker = Worker::new();
                let watch = Watch::start();
                let _ = ask(&mut worker, &changed);
                let _ = ask(&mut worker, &whole[1]);
                assert!(
                    watch.largest_bytes() <= GENEROUS_BYTES,
                    "One number was made 10,000 or 65,535, and {} bytes were reserved at once. A history has \
                     2,048 lessons at most, though a lesson's number has 16 bits.",
                    watch.largest_bytes()
                );
            }
        }
    });
}

/// **P8** A shard that lives for long holds no more than its last rows.
#[test]
fn a_shard_forgets_what_it_is_not_asked_about() {
    live(|| {
        let history = regular(600, 6);
        let mut shards = Counting::new(1);
        on_shards(&history, 3, &mut shards).expect("the shard answers");
        let whole: Vec<Vec<u8>> = shards.sent.concat();
        let mut worker = Worker::new();
        let night = |worker: &mut Worker| {
            for request in &whole {
                ask(worker, request).expect("the requests are whole");
            }
        };
        night(&mut worker);
        let watch = Watch::start();
        for _ in 0..50 {
            night(&mut worker);
        }
        assert!(
            watch.grown_bytes() <= 32 * 1024,
            "After fifty nights about the same 600 learners the shard holds {} bytes more than after the first.",
            watch.grown_bytes()
        );
    });
}
