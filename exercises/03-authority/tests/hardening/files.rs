//! The file itself: damaged, of somebody else, half made, or open elsewhere.

use crate::world::{Running, assert_done, assert_holds, keeping_all, lesson, write};
use authority::authority::{Authority, open_file};
use authority::fact::{OpenError, Write};
use authority::group::Committer;
use crashdisk::{Disk, Loss};
use redb::{Database, ReadableDatabase, TableDefinition, TableHandle as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, process};
use testbed::{idle, note, scene, soon, story};

/// A file's name that nobody else uses; the file is removed at the end.
pub struct Temporary(pub PathBuf);

impl Temporary {
    pub fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("authority-{}-{count}.redb", process::id());
        Self(env::temp_dir().join(name))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// **A2** A disk that fails when the store is opened is an error, and the store is not made anew.
#[test]
fn a_disk_that_fails_at_opening_is_an_error() {
    story(|| async {
        let mut running = Running::new();
        assert!(running.write(write(lesson(1), 0, "kept")).await.is_ok());
        let disk = running.disk.crash(running.disk.position(), Loss::Kept);
        disk.fail_syncs(1);
        let opened = Running::try_on(&disk, keeping_all());
        note(format!("opening said {:?}", opened.as_ref().err()));
        let failed = matches!(opened, Err(OpenError::Disk(_)));
        assert!(
            failed || opened.is_ok(),
            "The disk failed; it is not corrupt, nor in use."
        );
        drop(opened);
        disk.fail_syncs(0);
        let after = Running::on(&disk, keeping_all());
        assert_eq!(
            after.version(lesson(1)),
            1,
            "A disk that failed once has cost a record."
        );
        let full = Disk::new();
        full.set_capacity_bytes(Some(1000));
        let opened = Running::try_on(&full, keeping_all());
        assert!(
            matches!(opened, Err(OpenError::Disk(_))),
            "There is no room for a store, and opening it said {:?}.",
            opened.err()
        );
    });
}

/// **A2** A file that is not whole is refused when it is opened, before anybody reads a wrong fact.
#[test]
fn a_damaged_file_is_refused_and_never_read() {
    story(|| async {
        let mut running = Running::new();
        let writes: Vec<Write> = (1..=20)
            .map(|n| write(lesson(n), 0, &format!("write {n}")))
            .collect();
        let answers = running.write_all(writes.clone()).await;
        assert!(answers.iter().all(Result::is_ok), "All of them are new.");
        let disk = running.disk.clone();
        drop(running);
        let image = disk.image();
        let mut refused = 0;
        let used: Vec<usize> = (0..image.len()).filter(|at| image[*at] != 0).collect();
        for at in used.iter().step_by(used.len() / 150) {
            scene(format!(
                "the store was closed, and byte {at} of its file has changed since"
            ));
            let mut damaged = image.clone();
            damaged[*at] ^= 0x10;
            refused += usize::from(!holds_or_refuses(&Disk::holding(damaged), &writes));
        }
        assert!(
            refused > 10,
            "Of 150 files with a changed byte, only {refused} were refused. The rest were luck."
        );
    });
}

/// **A2** What is no store is refused, and left as it was.
#[test]
fn what_is_no_store_is_refused_and_left_alone() {
    story(|| async {
        let mut running = Running::new();
        assert!(running.write(write(lesson(1), 0, "kept")).await.is_ok());
        let disk = running.disk.clone();
        drop(running);
        let whole = disk.image();
        let strangers = [
            ("a text", b"learner 1, lesson 1: done\n".repeat(40)),
            ("three bytes", vec![1, 2, 3]),
            ("zeroes", vec![0; 8192]),
            (
                "noise",
                (0..100_000_u32)
                    .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
                    .collect(),
            ),
            (
                "the first half of a store",
                whole[..whole.len() / 2].to_vec(),
            ),
        ];
        for (what, bytes) in strangers {
            scene(format!("the file holds {what}"));
            let disk = Disk::holding(bytes.clone());
            match opened(&disk) {
                Ok(_) => panic!("A file that holds {what} was taken for a store."),
                Err(error) => assert!(
                    matches!(error, OpenError::Corrupt(_)),
                    "The file holds {what}, and the error says: {error}"
                ),
            }
            assert!(
                disk.image() == bytes,
                "The file holds {what}, perhaps somebody's data, and it was changed."
            );
        }
    });
}

/// **A2** A file of another program is refused, also if the same engine has written it, and gets no table of ours.
#[test]
fn a_file_of_another_program_stays_its_own() {
    story(|| async {
        const USERS: TableDefinition<u64, &str> = TableDefinition::new("users");
        let mut running = Running::new();
        assert!(running.write(write(lesson(1), 0, "kept")).await.is_ok());
        let disk = Disk::new();
        let database = || Database::builder().create_with_backend(disk.handle());
        let fill = || -> Result<(), redb::Error> {
            let database = database()?;
            let transaction = database.begin_write()?;
            transaction.open_table(USERS)?.insert(1, "somebody")?;
            transaction.commit()?;
            Ok(())
        };
        fill().expect("a new disk");
        note("another program has a file with its users");
        let refused = opened(&disk).err();
        assert!(
            matches!(refused, Some(OpenError::Corrupt(_))),
            "The file holds the users of another program, and opening it said {refused:?}. (None is a store.)"
        );
        let tables = || -> Result<Vec<String>, redb::Error> {
            let database = database()?;
            let reading = database.begin_read()?;
            let tables = reading.list_tables()?;
            Ok(tables.map(|table| table.name().to_owned()).collect())
        };
        assert_eq!(
            tables().expect("its own file"),
            ["users"],
            "The other program opens its file again. (Left: the tables that are in it now.)"
        );
    });
}

/// **A3** A crash while the store is made for the first time leaves a store or something that is refused.
#[test]
fn a_crash_while_the_store_is_made_is_no_panic() {
    story(|| async {
        let made = Running::new();
        for at in 0..=made.disk.position() {
            for loss in Loss::ALL {
                scene(format!(
                    "the power failed after {at} operations of a new disk, with {loss:?}"
                ));
                let disk = made.disk.crash(at, loss);
                match opened(&disk) {
                    Err(OpenError::Corrupt(_)) => {}
                    Err(error) => {
                        panic!("Nothing is wrong with the disk, and the error says: {error}")
                    }
                    Ok(mut running) => {
                        let answer = running.write(write(lesson(1), 0, "first")).await;
                        assert_done(&answer, lesson(1), 1, "A new store takes a first write.");
                    }
                }
            }
        }
    });
}

/// What opening says, if it does not panic.
fn opened(disk: &Disk) -> Result<Running, OpenError> {
    let opened = catch_unwind(AssertUnwindSafe(|| Running::try_on(disk, keeping_all())));
    opened.unwrap_or_else(|_| {
        panic!(
            "Opening what is not a whole store panicked, somewhere below. Have the engine check all of \
             the file before it uses any of it."
        )
    })
}

/// Whether the store on this disk opens and holds what was written. If it opens it has to.
fn holds_or_refuses(disk: &Disk, writes: &[Write]) -> bool {
    let running = match opened(disk) {
        Err(OpenError::Corrupt(_)) => return false,
        Err(error) => panic!("The file is damaged, and the error says: {error}"),
        Ok(running) => running,
    };
    for write in writes {
        let read = catch_unwind(AssertUnwindSafe(|| running.reader().read(write.key)));
        let Ok(Ok(Some(record))) = read else {
            panic!(
                "The damaged file was opened, and reading then gave {:?}. Look at the whole file \
                 when it is opened: the engine can.",
                read.map_err(|_| "a panic")
            );
        };
        assert_holds(
            &record,
            write,
            1,
            "The damaged file was opened, and a wrong fact was read from it.",
        );
    }
    true
}

/// Writes lesson 1, and sees to it that this is acknowledged.
async fn written_through((authority, committer): &mut (Authority, Committer)) {
    let authority = authority.clone();
    let first = tokio::spawn(async move { authority.write(write(lesson(1), 0, "first")).await });
    idle().await;
    committer.commit_waiting();
    let answer = soon("a write to be answered", first)
        .await
        .expect("no panic");
    assert_done(&answer, lesson(1), 1, "A new file takes a first write.");
}

/// **A2** One file has one authority: a second one is refused while the first is there.
#[test]
fn a_second_opening_of_the_same_file_is_refused() {
    story(|| async {
        let file = Temporary::new();
        let mut first = open_file(&file.0, keeping_all()).expect("a new file");
        written_through(&mut first).await;
        let second = open_file(&file.0, keeping_all());
        assert!(
            matches!(second, Err(OpenError::InUse)),
            "The file is open already, and opening it again said {:?}.",
            second.err()
        );
        let (authority, committer) = first;
        let reader = authority.reader();
        drop((authority, committer));
        let second = open_file(&file.0, keeping_all());
        assert!(
            matches!(second, Err(OpenError::InUse)),
            "Somebody still reads from the file, and opening it again said {:?}.",
            second.err()
        );
        drop(reader);
        let third = open_file(&file.0, keeping_all());
        let Ok((authority, _)) = third else {
            panic!("The first is gone, and its file is still locked.");
        };
        let kept = authority.reader().read(lesson(1)).expect("readable");
        assert!(
            kept.is_some(),
            "It was acknowledged, and the file was closed."
        );
        let nowhere = file.0.join("below/a/file");
        let nowhere = open_file(&nowhere, keeping_all());
        assert!(
            matches!(nowhere, Err(OpenError::Disk(_))),
            "There is no such folder, and opening said {:?}.",
            nowhere.err()
        );
    });
}

/// **A2** Whoever only listens keeps no file.
#[test]
fn a_listener_keeps_no_file() {
    story(|| async {
        let file = Temporary::new();
        let mut store = open_file(&file.0, keeping_all()).expect("a new file");
        written_through(&mut store).await;
        let mut changes = store.0.reader().changes();
        drop(store);
        let second = open_file(&file.0, keeping_all());
        assert!(
            second.is_ok(),
            "Authority, reader and committer are gone, and opening the file again said {:?}. Somebody who \
             listens to changes has no business with the file.",
            second.err()
        );
        assert_eq!(soon("the end", changes.next()).await, None);
    });
}
