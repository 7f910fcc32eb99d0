// The same for each of them: `authority` is the one under test.

use alongside::{Alongside, Nothing};
use authority::authority::{Authority, Settings, open_database, open_in};
use authority::fact::{Epoch, IdempotencyKey, OpenError, Write, WriteError};
use authority::group::Committer;
use crashdisk::{Disk, Loss};
use domain::{LessonKey, Progress, Version};
use redb::{
    Database, ReadableDatabase as _, ReadableTable as _, TableDefinition, WriteTransaction,
};
use std::sync::Arc;
use testbed::{idle, story};

const NEWS: TableDefinition<(u64, u64, u64), u32> = TableDefinition::new("news");

/// Adds a row for each fact; fails when told to.
#[derive(Debug)]
struct News {
    fails: bool,
}

impl Alongside for News {
    fn tables(&self) -> &[&str] {
        &["news"]
    }

    fn commit(
        &mut self,
        transaction: &WriteTransaction,
        facts: &[Progress],
    ) -> Result<(), redb::Error> {
        assert!(!facts.is_empty(), "There is no news without a fact.");
        let mut news = transaction.open_table(NEWS)?;
        for fact in facts {
            let Progress { key, version, .. } = fact;
            let place = (key.learner.0, key.lesson.0, version.0);
            assert!(news.insert(place, fact.steps_done)?.is_none());
        }
        if self.fails {
            return Err(redb::Error::Corrupted("told to fail".to_owned()));
        }
        Ok(())
    }
}

fn opened(disk: &Disk, fails: bool) -> (Arc<Database>, Authority, Committer) {
    let database = open_database(disk.handle()).expect("an undamaged disk");
    let shared = Arc::clone(&database);
    let (authority, committer) =
        open_in(shared, Settings::default(), News { fails }).expect("a store of its own");
    (database, authority, committer)
}

fn write(lesson: u64, expected: Option<u64>, name: &str) -> Write {
    Write {
        key: LessonKey::new(1, lesson),
        expected: expected.map(Version),
        steps_done: 7,
        completed: true,
        note: String::new(),
        idempotency_key: IdempotencyKey::new(name).expect("a short name"),
        epoch: Epoch(1),
    }
}

/// The news in the file: as many rows as there are facts.
fn news(database: &Database) -> Vec<(u64, u64, u64)> {
    let table = database.begin_read().unwrap().open_table(NEWS);
    table.map_or_else(
        |_| Vec::new(),
        |table| {
            table
                .iter()
                .unwrap()
                .map(|row| row.unwrap().0.value())
                .collect()
        },
    )
}

async fn run(authority: &Authority, committer: &mut Committer) -> Vec<Result<Version, WriteError>> {
    let writes = [
        write(1, None, "a"),
        write(1, None, "refused"),
        write(2, None, "b"),
        write(1, Some(1), "c"),
        write(1, None, "a"),
    ];
    let handed_in = writes.map(|write| {
        let authority = authority.clone();
        tokio::spawn(async move {
            authority
                .write(write)
                .await
                .map(|receipt| receipt.version())
        })
    });
    idle().await;
    committer.commit_waiting();
    let mut answers = Vec::new();
    for answer in handed_in {
        answers.push(answer.await.unwrap());
    }
    answers
}

#[test]
fn each_accepted_write_of_a_group_is_passed_on_once_and_in_its_order() {
    story(|| async {
        let disk = Disk::new();
        let (database, authority, mut committer) = opened(&disk, false);
        let answers = run(&authority, &mut committer).await;
        let accepted = answers.iter().filter(|answer| answer.is_ok()).count();
        assert_eq!(accepted, 4, "three writes and one retry");
        assert_eq!(news(&database), [(1, 1, 1), (1, 1, 2), (1, 2, 1)]);
        let repeated = tokio::spawn(async move { authority.write(write(2, None, "b")).await });
        idle().await;
        committer.commit_waiting();
        assert!(repeated.await.unwrap().is_ok());
        assert_eq!(news(&database).len(), 3, "A retry makes no news.");
    });
}

#[test]
fn at_no_point_of_a_crash_is_there_a_fact_without_its_news() {
    story(|| async {
        let disk = Disk::new();
        let (database, authority, mut committer) = opened(&disk, false);
        let before = disk.position();
        run(&authority, &mut committer).await;
        let after = disk.position();
        drop((database, authority, committer));
        let mut with = 0;
        for at in before..=after {
            for loss in Loss::ALL {
                let (database, authority, _committer) = opened(&disk.crash(at, loss), false);
                let fact = authority.reader().read(LessonKey::new(1, 2)).unwrap();
                let told = news(&database).contains(&(1, 2, 1));
                assert_eq!(fact.is_some(), told, "crash before {at}, {loss:?}");
                with += usize::from(told);
            }
        }
        assert!(with > 0, "In at least one crash the group was there already.");
    });
}

#[test]
fn when_what_commits_alongside_fails_nothing_is_committed() {
    story(|| async {
        let disk = Disk::new();
        let (database, authority, mut committer) = opened(&disk, true);
        let answers = run(&authority, &mut committer).await;
        assert!(
            answers
                .iter()
                .all(|answer| *answer == Err(WriteError::Unknown))
        );
        assert_eq!(news(&database), []);
        // What the store knows is ahead of its file now.
        let answers = run(&authority, &mut committer).await;
        assert!(
            answers
                .iter()
                .all(|answer| *answer == Err(WriteError::Stopped))
        );
        drop((database, authority, committer));
        let (_, authority, _committer) = opened(&disk, false);
        let fact = authority.reader().read(LessonKey::new(1, 2));
        assert!(fact.unwrap().is_none());
    });
}

#[test]
fn a_store_with_news_is_not_opened_without_it() {
    story(|| async {
        let disk = Disk::new();
        let (database, authority, mut committer) = opened(&disk, false);
        run(&authority, &mut committer).await;
        drop((database, authority, committer));
        let database = open_database(disk.handle()).unwrap();
        let opened = open_in(database, Settings::default(), Nothing);
        let refused = opened.err();
        assert!(
            matches!(refused, Some(OpenError::Corrupt(_))),
            "{refused:?}"
        );
    });
}
