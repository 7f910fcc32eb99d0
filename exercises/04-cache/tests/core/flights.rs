//! Many readers, one load.

use crate::world::{
    LESSON, OTHER, PLAIN, Reading, TICK, TTL, WAITED, World, each_gets, lesson, pass, roomy, settle,
};
use cache::settings::{ReadError, Settings};
use testbed::{scene, story};

/// **C5** A hundred reads that miss the same key at once are one load, and all have its value.
#[test]
fn a_hundred_misses_of_one_key_are_one_load() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let mut readings = world.start_many(50, LESSON).await;
        readings.extend(world.start_many(50, LESSON).await);
        assert_eq!(
            world.loads(),
            1,
            "A hundred reads found nothing, at about the same time. If each asks the authority, the \
             cache is absent exactly when it is needed most."
        );
        world.authority.release(1);
        each_gets(
            readings,
            Ok(1),
            "They waited for one load, and it has ended well.",
        )
        .await;
        world.authority.stop_holding();
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        assert_eq!(
            world.loads(),
            1,
            "A hundred reads shared a load, the next one came when it was done, and loaded again. What a \
             load brings is to be kept."
        );
    });
}

/// **C5** A slow key delays no other.
#[test]
fn a_slow_key_holds_up_no_other() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.change(OTHER);
        world.authority.hold();
        let slow = world.start_many(2, LESSON).await;
        let quick = world.start_many(2, OTHER).await;
        assert_eq!(
            world.authority.loads_of(OTHER),
            1,
            "There is room for 64 loads, one runs, and the reads of another lesson wait for it. What do \
             the two share?"
        );
        world.authority.release(2);
        each_gets(quick, Ok(1), "Their load has ended.").await;
        world.authority.release(1);
        each_gets(slow, Ok(1), "Their load has ended.").await;
    });
}

/// **C1** A load that has been under way for longer than the bound answers those who waited, and no
/// read that begins now.
#[test]
fn a_read_joins_no_load_that_is_older_than_the_bound() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let early = world.start(LESSON).await;
        world.authority.change(LESSON);
        pass(TTL + TICK).await;
        let late = world.start(LESSON).await;
        world.authority.release(1);
        settle().await;
        assert_eq!(early.answer().await, Ok(1), "{WAITED}");
        world.authority.release_all();
        assert_eq!(
            late.answer().await,
            Ok(2),
            "Read 2 was given the value of a load that had begun more than the bound before it. To \
             wait for a running load is to be served from it: one rule holds for both. (A load whose \
             beginning nobody noted looks as if it still waited for its place, and all may join that.)"
        );
        world.authority.stop_holding();
        assert_eq!(
            world.read(LESSON).await,
            Ok(2),
            "The old load came late, and what it brought was kept."
        );
    });
}

/// **C5** When the reader that started a load gives up, those who wait with it are answered.
#[test]
fn a_reader_that_gives_up_strands_nobody() {
    story(|| async {
        for leavers in [&[0][..], &[0, 1], &[1], &[0, 1, 2]] {
            scene(format!(
                "of four who wait for one load, those of index {leavers:?} give up"
            ));
            let world = World::at_version(1, roomy());
            world.authority.hold();
            let mut readings: Vec<_> = Vec::new();
            for _ in 0..4 {
                readings.push(Some(world.start(LESSON).await));
            }
            for leaver in leavers {
                if let Some(reading) = readings[*leaver].take() {
                    reading.give_up().await;
                }
            }
            for _ in 0..=leavers.len() {
                world.authority.release_all();
                settle().await;
            }
            let left: Vec<_> = readings.into_iter().flatten().collect();
            let why = "They waited for a load that another reader had started. That one has left, which \
                 is no reason for them to get no answer: the authority answers, and they still wait.";
            each_gets(left, Ok(1), why).await;
            let most = 1 + leavers.len();
            assert!(
                world.loads() <= most,
                "Each reader that left may have cost a load, which makes {most} at most; there were {}.",
                world.loads()
            );
        }
    });
}

/// **C5** When a load has failed, nobody who waited for it starts another one.
#[test]
fn a_failed_load_is_followed_by_no_herd() {
    story(|| async {
        let world = World::at_version(1, roomy());
        world.authority.hold();
        let readings = world.start_many(100, LESSON).await;
        world.authority.fail(1);
        settle().await;
        for _ in 0..100 {
            world.authority.release_all();
            settle().await;
        }
        assert_eq!(
            world.loads(),
            1,
            "A hundred reads waited for a load, and it failed. An authority that fails is most likely \
             overloaded; a hundred new questions, or one for each in turn, are what it needs least."
        );
        let why = "All who wait for a load hear of its failure.";
        each_gets(readings, Err(ReadError::Unavailable), why).await;
    });
}

/// **C8** No more loads run than were declared, some wait in the line, and what finds no room there is shed
/// at once. Who joins, and who hits, needs no place.
#[test]
fn beyond_the_queue_reads_are_shed_at_once() {
    story(|| async {
        let world = World::at_version(
            1,
            Settings {
                max_loads: 2,
                max_waiting_loads: 3,
                ..roomy()
            },
        );
        assert_eq!(world.read(LESSON).await, Ok(1), "{PLAIN}");
        world.authority.hold();
        let mut readings = Vec::new();
        for number in 0..5 {
            readings.push(world.start(lesson(number)).await);
        }
        assert_eq!(
            world.loads() - 1,
            2,
            "Five lessons are read, and the authority declared two loads at once: two run (which is what is \
             counted here), and three wait."
        );
        let sixth = world.start(lesson(5)).await;
        assert!(
            sixth.is_done(),
            "Two loads run, three wait, and there is room for no more. The sixth read has to learn that \
             now, and not after it has waited."
        );
        assert_eq!(
            sixth.answer().await,
            Err(ReadError::Shed),
            "It was answered at once, because there was no place for it. There is an error for that."
        );
        for number in 0..5 {
            readings.push(world.start(lesson(number)).await);
        }
        assert!(
            !readings.iter().any(Reading::is_done),
            "No load has ended, and of the ten reads of five lessons one has an answer. If it is of the \
             first five, there was no place in the line for it, which has room for three; if of the five \
             that came later, it did not join. To join needs no place, also when the load still waits."
        );
        assert_eq!(world.read(LESSON).await, Ok(1), "A hit needs no place.");
        world.let_all_go().await;
        let why = "Places became free, and those who waited had their turn.";
        each_gets(readings, Ok(0), why).await;
        assert_eq!(
            world.authority.most_running(),
            2,
            "The authority declared two loads at once, and this is how many ran at the same time."
        );
        assert_eq!(world.loads() - 1, 5, "One load for each lesson.");
        world.authority.stop_holding();
        assert_eq!(world.read(lesson(5)).await, Ok(0), "There is room again.");
    });
}
