//! Stage 4: the API, which connects the roles.

use crate::world::{
    BEGIN, COMPLETE, Desk, LESSON, OTHER, expecting, fact, happens, page_of, story, version,
    versions,
};
use domain::{LessonKey, Offset, Version};
use evening::{Feed, Link, Lost, Refused, Store};
use split::api::Api;
use split::session::Session;
use split::worker::{View, Worker};
use story::{note, scene};

/// A desk, the link to it, the feed of another log, and an API process in front of them.
fn world() -> (Desk, Link, Feed, Api) {
    let desk = Desk::default();
    let link = desk.link();
    let feed = Feed::of(&Store::default());
    let api = process(&link, &feed);
    (desk, link, feed, api)
}

fn process(link: &Link, feed: &Feed) -> Api {
    Api::new(link.clone(), Worker::new(feed.clone(), View::default()))
}

/// **S1** The authority has stored what the API acknowledges; a change that never reached the authority,
/// or got no answer, is not acknowledged, and is not sent again without the caller's knowledge.
#[test]
fn only_the_authority_acknowledges() {
    story(|| {
        let (desk, link, _feed, mut api) = world();
        let mut session = Session::default();
        let done = api.record(&mut session, LESSON, None, COMPLETE);
        assert_eq!(done, Ok(fact(LESSON, 1, COMPLETE)));
        assert_eq!(desk.fact(LESSON), done.ok(), "It was acknowledged.");
        for lost in [Lost::Request, Lost::Reply] {
            let before = (desk.heard(), link.crossings());
            note(format!("the next {lost:?} gets lost"));
            link.lose_next(lost);
            assert_eq!(
                api.record(&mut session, OTHER, None, COMPLETE),
                Err(Refused::NoAnswer),
                "\"The cache has it, so it is saved\": the authority has not said so, and only the \
                 authority can."
            );
            let heard = usize::from(lost == Lost::Reply);
            assert_eq!(
                (desk.heard() - before.0, link.crossings() - before.1),
                (heard, 1),
                "Changes that reached the authority, and crossings. A change that the API sends again \
                 by itself may be applied twice."
            );
        }
        assert_eq!(
            session.floor(OTHER),
            None,
            "The session was told nothing of it."
        );
    });
}

/// **S2** After a change, however it ended, no read is served from what the cache knew before: not when it
/// was acknowledged, not when the reply is lost, and not when it was refused.
#[test]
fn however_a_change_ends_the_cache_knows_nothing_from_before_it() {
    story(|| {
        for end in ["acknowledged", "without an answer", "refused"] {
            scene(format!("a change that will end {end}"));
            let (desk, link, _feed, mut api) = world();
            desk.changes(LESSON, BEGIN);
            api.page(&Session::default(), &page_of(3))
                .expect("an answer");
            match end {
                "without an answer" => {
                    note("the authority will answer, and the reply will get lost");
                    link.lose_next(Lost::Reply);
                }
                "refused" => _ = desk.changes(LESSON, COMPLETE),
                _ => {}
            }
            let answer = api.record(&mut Session::default(), LESSON, Some(Version(1)), COMPLETE);
            assert_eq!(answer.is_ok(), end == "acknowledged", "{answer:?}");
            assert!(!link.loss_is_pending(), "The authority was not asked.");
            // Another session: it was told nothing, so no floor protects it.
            let seen = api.read(&Session::default(), LESSON).map(version);
            assert_eq!(
                seen,
                Ok(2),
                "The change ended {end}. The fact is at version 2, and the cache knew version 1 \
                 before. Whoever was refused, or got no answer, reads before trying again; with an old \
                 entry they would be refused for ever."
            );
        }
    });
}

/// **S3** A change makes the cache forget one lesson, and leaves the others where they are.
#[test]
fn a_change_costs_no_other_lesson_its_entry() {
    story(|| {
        let (_desk, link, _feed, mut api) = world();
        let session = Session::default();
        api.page(&session, &page_of(40)).expect("an answer");
        let done = api.record(&mut Session::default(), LESSON, None, COMPLETE);
        assert!(done.is_ok(), "{done:?}");
        let (crossings, asked) = (link.crossings(), link.asked());
        let page = api.page(&session, &page_of(40)).expect("an answer");
        assert_eq!(versions(&page)[..3], [1, 0, 0]);
        assert!(
            link.crossings() - crossings <= 1 && link.asked() - asked <= 1,
            "The page asked for {} of its forty lessons again, after one of them was changed. \
             Forgetting everything is correct, but with each change it gives up what the cache is for.",
            link.asked() - asked
        );
    });
}

/// **S2** The cache has no say in a command: the authority is asked, and decides by what *it* has.
#[test]
fn the_cache_has_no_say_in_a_command() {
    story(|| {
        let (desk, link, _feed, mut api) = world();
        let mut session = Session::default();
        desk.changes(LESSON, BEGIN);
        api.read(&session, LESSON).expect("an answer");
        let theirs = desk.changes(LESSON, BEGIN);
        note("the cache knows version 1, and the caller version 2");
        let before = link.crossings();
        assert_eq!(
            api.record(&mut session, LESSON, Some(theirs.version), COMPLETE),
            Ok(fact(LESSON, 3, COMPLETE)),
            "The caller expects what the fact really is. Only a look into the cache says otherwise."
        );
        let current = desk.fact(LESSON);
        assert_eq!(
            api.record(&mut session, LESSON, Some(theirs.version), BEGIN),
            Err(Refused::Stale { current }),
            "The caller expects version 2 again, and the session was told of version 3. What is sent \
             is what the caller expects, not what a cache or a session here knows better."
        );
        assert_eq!(
            link.crossings() - before,
            2,
            "Two commands are two crossings: each asks the authority, once, and looks nothing up first."
        );
        api.read(&session, LESSON).expect("an answer");
        desk.changes(LESSON, BEGIN);
        let (current, before) = (desk.fact(LESSON), link.crossings());
        assert_eq!(
            api.record(&mut session, LESSON, Some(Version(3)), COMPLETE),
            Err(Refused::Stale { current }),
            "The caller expects what the cache knows, and the fact has moved on."
        );
        assert_eq!(link.crossings() - before, 1, "The authority was asked.");
    });
}

/// **S4** A learner who was told of a change by one process reads it in another one, whose cache is
/// older. No session is told of what was not acknowledged.
#[test]
fn what_was_acknowledged_goes_with_the_session() {
    story(|| {
        let (desk, link, feed, mut laptop) = world();
        let mut phone = process(&link, &feed);
        let mut session = Session::default();
        assert_eq!(laptop.read(&session, LESSON), Ok(None));
        let done = phone.record(&mut session, LESSON, None, COMPLETE);
        assert!(done.is_ok(), "{done:?}");
        note(
            "the phone's process has acknowledged version 1; the laptop's cache says \"not begun\"",
        );
        assert_eq!(
            laptop.read(&session, LESSON).map(version),
            Ok(1),
            "The learner was told \"completed\" a moment ago. Was the session told?"
        );
        desk.changes(LESSON, BEGIN);
        let refused = phone.record(&mut session, LESSON, Some(Version(1)), BEGIN);
        assert!(refused.is_err(), "{refused:?}");
        assert_eq!(
            session.floor(LESSON),
            Some(Version(1)),
            "A refusal acknowledges nothing."
        );
    });
}

/// A learner's day, as the learner sees it.
fn day(api: &mut Api, link: &Link) -> (Vec<String>, usize) {
    let mut session = Session::default();
    let before = link.crossings();
    let mut said = Vec::new();
    for step in 0..12 {
        let key = LessonKey::new(1, 1 + step % 3);
        let seen = api.read(&session, key).map(version);
        said.push(format!("{seen:?}"));
        let expected = seen.ok().and_then(expecting);
        let change = if step % 2 == 0 { COMPLETE } else { BEGIN };
        said.push(format!(
            "{:?}",
            api.record(&mut session, key, expected, change)
        ));
        said.push(format!(
            "{:?}",
            api.record(&mut session, key, expected, BEGIN)
        ));
        said.push(format!("{:?}", api.page(&session, &page_of(3))));
    }
    (said, link.crossings() - before)
}

/// **S5** With the worker stopped, every command and every read answers the same, with as many
/// crossings; and no command waits for it.
#[test]
fn with_the_worker_stopped_every_command_answers_the_same() {
    story(|| {
        scene("a day with a worker that runs");
        let (_desk, link, feed, mut api) = world();
        api.worker().run().expect("a feed that delivers");
        let pulls = feed.pulls();
        let usual = day(&mut api, &link);
        let asked = feed.pulls() - pulls;
        scene("the same day with the worker stopped");
        let (_desk, link, feed, mut api) = world();
        feed.stop();
        let stopped = day(&mut api, &link);
        assert_eq!(
            stopped, usual,
            "What a learner was told on the two days, and the crossings. A late dashboard is no reason \
             to refuse a learner."
        );
        assert_eq!(
            (asked, feed.pulls()),
            (0, 0),
            "How often the feed was asked during the commands of each day. A command that runs the \
             worker makes every learner wait for a dashboard."
        );
    });
}

/// **S6** No command and no read asks the view: with a view that is wrong from top to bottom, everything
/// answers the same.
#[test]
fn no_command_asks_the_view() {
    story(|| {
        scene("a day with an empty view");
        let (_desk, link, feed, mut api) = world();
        let usual = day(&mut api, &link);
        scene("the same day with a view that is wrong");
        let (_desk, link, _feed, _api) = world();
        let store = Store::default();
        for _ in 0..50 {
            for key in page_of(3) {
                happens(&store, key, COMPLETE);
            }
        }
        let mut view = View::default();
        for (at, event) in (0..).zip(store.events()) {
            view.apply(Offset(at), &event);
        }
        let mut api = Api::new(link.clone(), Worker::new(feed, view));
        let wrong = day(&mut api, &link);
        assert_eq!(
            wrong, usual,
            "What a learner was told on the two days, and the crossings. The view says that everything \
             was completed long ago. It may say anything: it decides nothing."
        );
        let (row, next) = api.dashboard(LESSON.lesson);
        assert_eq!(
            (row.changes, next),
            (50, Offset(150)),
            "The dashboard shows what the view says, and how far it has come."
        );
    });
}
