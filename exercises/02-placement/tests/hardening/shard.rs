//! The bytes that arrive at a shard may be anything.

use crate::world::histories::regular;
use crate::world::shards::{Counting, on_shards};
use crate::world::unharmed;
use placement::fabric::Threads;
use placement::sharded::{Refused, Worker};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use story::{Picks, note, scene, search};
use testbed::live;
use testbed::memory::Watch;

/// More than an answer about 2,048 lessons takes, in any form that was tried.
const GENEROUS_BYTES: usize = 160 << 20;

/// Both requests of a real exchange with one shard.
fn requests() -> [Vec<u8>; 2] {
    let history = regular(12, 4);
    let mut shards = Counting::new(1);
    on_shards(&history, 3, &mut shards).expect("the shard answers");
    let sent: Vec<Vec<u8>> = shards.sent.concat();
    sent.try_into().expect("two rounds with one shard")
}

/// A worker that has to return.
fn ask(worker: &mut Worker, request: &[u8]) -> Result<Vec<u8>, Refused> {
    unharmed("A shard", || worker.handle(request))
}

/// What may become of a request on the way: changed bytes, and numbers that became large ones, as text, as a
/// varint, or in two, four or eight bytes.
fn changed(request: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let end = request.len();
    for at in (0..end.min(90)).chain(end.max(120) - 30..end) {
        for more in [1, 0x10, 0x7f, 0x80, 0xff] {
            let mut other = request.to_vec();
            other[at] = other[at].wrapping_add(more);
            all.push((format!("{more:#x} added to byte {at}"), other));
        }
        // 10,000 and 65,535 would do for a lesson; the last three are the largest `u32`, or begin with it.
        let numbers: [&[u8]; 8] = [
            &[0x90, 0x4e],
            &[0x10, 0x27],
            &[0xff, 0xff, 0x03],
            &[0xff, 0xff],
            b"10000",
            b"65535",
            &[0xff, 0xff, 0xff, 0xff, 0x0f],
            &[0xff, 0xff, 0xff, 0xff],
        ];
        for number in numbers {
            for replaced in [1, 2, 4, 8] {
                let mut other = request.to_vec();
                let to = end.min(at + replaced);
                other.splice(at..to, number.iter().copied());
                all.push((
                    format!("{number:x?} in place of {replaced} bytes at {at}"),
                    other,
                ));
            }
        }
    }
    all
}

/// **P8** Whatever the bytes are: no panic, and no memory beyond what a request can need; and the request after it
/// does no harm either.
#[test]
fn no_bytes_stop_a_shard() {
    live(|| {
        let whole = requests();
        for (round, request) in whole.iter().enumerate() {
            for (what, other) in changed(request) {
                scene(format!("request {}, {what}", round + 1));
                let mut worker = Worker::new();
                if round == 1 {
                    ask(&mut worker, &whole[0]).expect("the first request is whole");
                }
                let watch = Watch::start();
                let _ = ask(&mut worker, &other);
                let _ = ask(&mut worker, &whole[1]);
                assert!(
                    watch.largest_bytes() <= GENEROUS_BYTES,
                    "Some bytes were changed, and {} bytes were reserved at once. A history has 2,048 lessons at \
                     most, though a lesson's number has 16 bits.",
                    watch.largest_bytes()
                );
            }
        }
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
    /// A night's first or second request, of which so many hundredths arrive.
    Torn(usize, bool, usize),
}

/// **P1** A shard answers about the rows that it got last, whatever it was asked before, and however a night
/// ended; and refuses a request that is cut short.
#[test]
fn a_shard_answers_about_its_last_rows() {
    live(|| {
        // For each night the two requests, and the answers of a shard that was asked nothing else.
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
            let below = |picks: &mut Picks, end| usize::try_from(picks.below(end)).expect("small");
            let (night, hundredths) = (below(picks, 3), below(picks, 100));
            let second = picks.once_in(3);
            picks.one_of(&[
                Request::Count(night),
                Request::Score(night),
                Request::Torn(night, second, hundredths),
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
                            assert_eq!(found, Err(Refused), "It has no rows yet.");
                        } else if last == Some(night) {
                            assert!(
                                found.as_ref() == Ok(answer) || (unsure && found.is_err()),
                                "It has the rows of that night, and its answer differs from that of a shard \
                                 that was asked nothing else: {} bytes, {} expected.",
                                found.map_or(0, |found| found.len()),
                                answer.len()
                            );
                        }
                    }
                    Request::Torn(night, second, hundredths) => {
                        let (request, _) = &nights[night][usize::from(second)];
                        let found = ask(&mut worker, &request[..request.len() * hundredths / 100]);
                        assert_eq!(found, Err(Refused), "A part of a request is not a request.");
                        unsure = true;
                    }
                }
            }
        });
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

/// Notes when it is dropped, as late as a thread may be.
struct Late(Arc<AtomicBool>);

impl Drop for Late {
    fn drop(&mut self) {
        for _ in 0..1_000 {
            thread::yield_now();
        }
        self.0.store(true, Ordering::SeqCst);
    }
}

/// **Given** When the threads' owner has dropped them, they have ended.
#[test]
fn no_thread_outlives_its_fabric() {
    live(|| {
        let ended = Arc::new(AtomicBool::new(false));
        let late = Arc::new(Late(Arc::clone(&ended)));
        drop(Threads::start(1, move |_| {
            let _ = &late;
        }));
        assert!(
            ended.load(Ordering::SeqCst),
            "The fabric is gone, and its thread still runs: it would take part in whatever is measured next."
        );
    });
}
