//! Lab 3's authority with lab 5's outbox in its transaction, and the path from there to a worker.

use authority::authority::{Authority, Settings, open_database, open_in};
use authority::fact::{Epoch, IdempotencyKey, Write, WriteError};
use authority::group::Committer;
use crashdisk::{Disk, Loss};
use domain::{LessonKey, Version};
use outbox::effects::Analytics;
use outbox::inbox::Inbox;
use outbox::outbox::{Outbox, Rows as _};
use outbox::relay::Relay;
use outbox::stream::Stream;
use outbox::worker::{self, Step, Worker};
use redb::Database;
use std::sync::Arc;
use std::time::Duration;
use testbed::{idle, story};

const BOUND: u64 = 5;

fn opened(disk: &Disk) -> (Outbox, Authority, Committer) {
    let database = open_database(disk.handle()).expect("an undamaged disk");
    let outbox = Outbox::open(Arc::clone(&database), BOUND).expect("an outbox");
    let (authority, committer) =
        open_in(database, Settings::default(), outbox.alongside(|| 7)).expect("a store of its own");
    (outbox, authority, committer)
}

async fn write(
    authority: &Authority,
    committer: &mut Committer,
    lessons: impl IntoIterator<Item = u64>,
) -> Vec<Result<Version, WriteError>> {
    let handed_in: Vec<_> = lessons
        .into_iter()
        .map(|lesson| {
            let write = Write {
                key: LessonKey::new(1, lesson),
                expected: None,
                steps_done: 7,
                completed: true,
                note: String::new(),
                idempotency_key: IdempotencyKey::new(format!("lesson {lesson}")).expect("short"),
                epoch: Epoch(1),
            };
            let authority = authority.clone();
            tokio::spawn(async move { authority.write(write).await.map(|done| done.version()) })
        })
        .collect();
    idle().await;
    while committer.commit_waiting() > 0 {}
    let mut answers = Vec::new();
    for answer in handed_in {
        answers.push(answer.await.expect("a caller"));
    }
    answers
}

#[test]
fn what_the_authority_accepts_reaches_a_worker() {
    story(|| async {
        let (outbox, authority, mut committer) = opened(&Disk::new());
        write(&authority, &mut committer, [1, 2, 3, 2]).await;
        let stream = Stream::open(Disk::new().handle()).unwrap();
        Relay::new(outbox.clone(), stream.clone()).step().unwrap();
        assert_eq!(outbox.waiting(), Ok(0));
        let database = Database::builder().create_with_backend(Disk::new().handle());
        let database = Arc::new(database.unwrap());
        let inbox = Inbox::open(Arc::clone(&database), "analytics").unwrap();
        let consumer = stream.consumer("analytics").unwrap();
        let settings = worker::Settings::default();
        let mut worker = Worker::new(consumer, inbox, Box::new(Analytics), settings);
        while worker.step(Duration::ZERO).unwrap() != Step::Idle(None) {}
        for lesson in 1..=3 {
            assert_eq!(
                Analytics::of(&*database, lesson).unwrap(),
                (1, 1),
                "lesson {lesson}"
            );
        }
    });
}

#[test]
fn a_crash_leaves_a_fact_with_its_news_or_neither() {
    story(|| async {
        let disk = Disk::new();
        let (outbox, authority, mut committer) = opened(&disk);
        let begun = disk.position();
        write(&authority, &mut committer, [1, 2, 3]).await;
        let ended = disk.position();
        drop((outbox, authority, committer));
        for at in begun..=ended {
            for loss in Loss::ALL {
                let (outbox, authority, _committer) = opened(&disk.crash(at, loss));
                let rows = outbox.unsent(9).unwrap();
                for lesson in 1..=3 {
                    let key = LessonKey::new(1, lesson);
                    let fact = authority.reader().read(key).unwrap();
                    let news = rows.iter().any(|row| row.message.id.key == key);
                    assert_eq!(
                        fact.is_some(),
                        news,
                        "lesson {lesson}, before {at}, {loss:?}"
                    );
                }
            }
        }
    });
}

/// The authority cannot know why the part that commits alongside failed, so it stops. The program that
/// assembles the two checks `Outbox::waiting` first, and refuses a command before the bound is reached.
#[test]
fn a_full_outbox_stops_the_authority_and_loses_nothing() {
    story(|| async {
        let disk = Disk::new();
        let (outbox, authority, mut committer) = opened(&disk);
        write(&authority, &mut committer, 1..=BOUND).await;
        let full = write(&authority, &mut committer, [99]).await;
        assert_eq!(full, [Err(WriteError::Unknown)]);
        assert_eq!(outbox.waiting(), Ok(BOUND));
        drop((outbox, authority, committer));
        let (outbox, authority, mut committer) = opened(&disk);
        assert_eq!(outbox.waiting(), Ok(BOUND));
        assert_eq!(
            authority.reader().read(LessonKey::new(1, 99)).unwrap(),
            None
        );
        let numbers: Vec<u64> = outbox
            .unsent(9)
            .unwrap()
            .iter()
            .map(|row| row.number)
            .collect();
        outbox.mark_sent(&numbers).unwrap();
        let again = write(&authority, &mut committer, [99]).await;
        assert_eq!(
            again,
            [Ok(Version(1))],
            "The same key, as soon as there is room."
        );
    });
}
