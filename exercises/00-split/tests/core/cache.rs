//! Stage 2: a cache that may vanish at any moment.

use crate::world::{BEGIN, COMPLETE, Desk, LESSON, OTHER, page_of, story, version, versions};
use domain::{LessonKey, Version};
use evening::{Link, NoAnswer};
use split::cache::Cache;
use split::session::Session;
use story::{note, scene};

/// A desk, the link to it, and a cache at this end.
fn world() -> (Desk, Link, Cache) {
    let desk = Desk::default();
    let link = desk.link();
    let cache = Cache::new(link.clone());
    (desk, link, cache)
}

/// A session that was told nothing.
fn anybody() -> Session {
    Session::default()
}

/// **S3** A miss crosses once, a hit crosses nothing, and "not begun" is an answer like any other.
#[test]
fn a_miss_crosses_once_and_a_hit_crosses_nothing() {
    story(|| {
        let (desk, link, mut cache) = world();
        desk.changes(LESSON, BEGIN);
        for (key, expected) in [(LESSON, 1), (OTHER, 0)] {
            let before = link.crossings();
            for read in 1..=3 {
                let seen = cache.read(&anybody(), key).map(version);
                assert_eq!(seen, Ok(expected), "Read {read}, where 0 is \"not begun\".");
                assert_eq!(
                    link.crossings() - before,
                    1,
                    "Crossings after read {read} of a fact that nobody changed. The first read asks \
                     the authority, and its answer stays, even when it is \"not begun\": most lessons \
                     on most pages are not begun."
                );
            }
        }
    });
}

/// **S3** A page of forty lessons crosses once; shown again, it does not cross at all.
#[test]
fn a_page_of_forty_lessons_crosses_once() {
    story(|| {
        let (desk, link, mut cache) = world();
        let keys = page_of(40);
        desk.changes(keys[0], BEGIN);
        desk.changes(keys[39], BEGIN);
        let expected: Vec<u64> = (0..40).map(|at| u64::from(at % 39 == 0)).collect();
        let theirs = LessonKey::new(2, 1);
        cache.read(&anybody(), theirs).expect("an answer");
        let before = link.crossings();
        let page = cache.page(&anybody(), &keys).expect("an answer");
        assert_eq!(versions(&page), expected, "The versions on the page.");
        assert_eq!(
            link.crossings() - before,
            1,
            "Crossings of a page of forty lessons. They fit into one request. A loop over single reads gives \
             the same answers, and with an authority that is 5 ms away it takes 200 ms instead of 5."
        );
        let page = cache.page(&anybody(), &keys).expect("an answer");
        assert_eq!(
            versions(&page),
            expected,
            "The versions on the page, shown again."
        );
        assert_eq!(
            link.crossings() - before,
            1,
            "Crossings after the same page was shown again. Every lesson was there, \"not begun\" as \
             well, so nothing had to be asked. An empty request crosses like any other."
        );
        for key in [keys[7], theirs] {
            assert_eq!(cache.read(&anybody(), key).map(version), Ok(0));
        }
        assert_eq!(
            link.crossings() - before,
            1,
            "Crossings after two more reads: of a lesson of the page, and of one that another learner \
             had read before. A page leaves entries like any other read, and removes none."
        );
    });
}

/// **S3** A page asks for what is missing, each lesson once, and for nothing else; its answers are in
/// the order of the keys.
#[test]
fn a_page_asks_only_for_what_is_missing() {
    story(|| {
        let (desk, link, mut cache) = world();
        desk.changes(LESSON, BEGIN);
        desk.changes(LESSON, COMPLETE);
        let third = LessonKey::new(1, 3);
        desk.changes(third, BEGIN);
        cache.read(&anybody(), OTHER).expect("an answer");
        let keys = [third, OTHER, LESSON, third];
        let page = cache.page(&anybody(), &keys).expect("an answer");
        assert_eq!(
            versions(&page),
            [1, 0, 2, 1],
            "The versions of lessons 3, 2, 1 and 3 again, where 0 is \"not begun\"."
        );
        assert_eq!(
            (link.crossings(), link.asked()),
            (2, 3),
            "Crossings, and lessons asked for in all of them. One lesson was read before; of the page's \
             four places two were missing, one of them twice."
        );
        assert_eq!(cache.page(&anybody(), &[]), Ok(Vec::new()));
        assert_eq!(link.crossings(), 2, "An empty page has nothing to ask for.");
    });
}

/// **S2** Emptied before every read, the cache gives the same answers. What changes is the number of
/// crossings.
#[test]
fn emptying_the_cache_changes_no_answer() {
    story(|| {
        let day = |emptied: bool| {
            let (desk, link, mut cache) = world();
            let mut seen = Vec::new();
            for step in 0..30 {
                let key = LessonKey::new(1, 1 + step * 7 % 4);
                if step % 6 == 5 {
                    desk.changes(key, BEGIN);
                    cache.forget(key);
                }
                if emptied {
                    note("the cache is emptied");
                    cache.clear();
                }
                seen.push(cache.read(&anybody(), key).map(version));
                let page = cache.page(&anybody(), &page_of(4));
                seen.extend(
                    page.expect("an answer")
                        .into_iter()
                        .map(|fact| Ok(version(fact))),
                );
            }
            (seen, link.crossings())
        };
        scene("a day when the cache is left alone");
        let (kept, few) = day(false);
        scene("the same day, emptied before each read");
        let (emptied, many) = day(true);
        assert_eq!(
            emptied, kept,
            "What the same reads saw. A cache that holds something which exists nowhere else is not a \
             cache."
        );
        assert!(
            few < many,
            "Crossings: {few} on the day when the cache was left alone, {many} on the day when it was \
             emptied before each read. Is anything kept at all?"
        );
    });
}

/// **S4** A session that was told of a write never reads below it, even in front of a cache that was not
/// told.
#[test]
fn who_was_told_never_reads_below() {
    story(|| {
        let (desk, link, mut cache) = world();
        desk.changes(LESSON, BEGIN);
        cache.read(&anybody(), LESSON).expect("an answer");
        cache.read(&anybody(), OTHER).expect("an answer");
        let mut session = Session::default();
        for key in [LESSON, OTHER] {
            let done = desk.changes(key, COMPLETE);
            session.told(key, done.version);
        }
        note("the session was told of both changes, this cache of none");
        let lesson = "The learner completed the lesson on the phone, and was told so. Now the laptop \
                      shows it as open, because another process answers, whose cache has an older \
                      version. An entry below what *this* session was told must not serve it.";
        assert_eq!(cache.read(&session, LESSON).map(version), Ok(2), "{lesson}");
        let page = cache.page(&session, &[LESSON, OTHER]).expect("an answer");
        assert_eq!(versions(&page), [2, 1], "{lesson}");
        assert_eq!(
            link.crossings(),
            4,
            "Two reads before the changes, one read and one page after them."
        );
        cache.page(&session, &[LESSON, OTHER]).expect("an answer");
        assert_eq!(
            link.crossings(),
            4,
            "What came is at the session's floor, so it serves this session as well."
        );
        for key in [LESSON, OTHER] {
            let again = desk.changes(key, BEGIN);
            session.told(key, again.version);
        }
        note("the session was told of two more changes");
        let page = cache.page(&session, &[LESSON, OTHER]).expect("an answer");
        assert_eq!(versions(&page), [3, 2], "{lesson}");
        assert_eq!(
            link.crossings(),
            5,
            "Both lessons of the page were there, but too old for this session. They count as missing, \
             and everything that is missing is loaded in the page's one crossing."
        );
    });
}

/// **S4** Acknowledgements may arrive in any order; the highest counts, separately for each lesson.
#[test]
fn the_highest_acknowledgement_counts() {
    story(|| {
        let mut session = Session::default();
        for told in [2, 5, 3] {
            note(format!("the session is told of version {told}"));
            session.told(LESSON, Version(told));
        }
        session.told(OTHER, Version(1));
        assert_eq!(
            session.floor(LESSON),
            Some(Version(5)),
            "The session was told of versions 2, 5 and 3, in this order: two requests were in flight \
             at once, and the answer to the earlier one came last."
        );
        assert_eq!(session.floor(OTHER), Some(Version(1)));
        assert_eq!(session.floor(LessonKey::new(2, 1)), None);
    });
}

/// **S2** An error is not an entry, and removes none: the next read asks again, and a session that may
/// be served from an entry still is.
#[test]
fn an_error_is_no_entry_and_removes_none() {
    story(|| {
        let (desk, link, mut cache) = world();
        let begun = desk.changes(LESSON, BEGIN);
        desk.changes(OTHER, COMPLETE);
        cache.read(&anybody(), LESSON).expect("an answer");
        let mut told = Session::default();
        told.told(LESSON, Version(begun.version.0 + 1));
        desk.silent(true);
        for (session, key) in [(anybody(), OTHER), (told, LESSON)] {
            let before = link.crossings();
            assert_eq!(
                cache.read(&session, key),
                Err(NoAnswer),
                "The authority had to be asked, and gave no answer. Any other result is made up."
            );
            assert_eq!(
                link.crossings() - before,
                1,
                "Crossings of one read that got no answer. Whether to ask again is the caller's decision."
            );
        }
        assert_eq!(
            cache.read(&anybody(), LESSON).map(version),
            Ok(1),
            "Somebody else's read got no answer. This one needs no answer: there is an entry that it \
             may be served from."
        );
        desk.silent(false);
        let before = link.crossings();
        assert_eq!(
            cache.read(&anybody(), OTHER).map(version),
            Ok(1),
            "The authority is back, and the lesson is completed. One second without an answer must not \
             become a minute, or a day, of \"not begun\"."
        );
        assert_eq!(link.crossings() - before, 1);
    });
}

/// **S2** A page is answered completely or not at all: an entry for half of it is not enough.
#[test]
fn half_a_page_is_no_answer() {
    story(|| {
        let (desk, _link, mut cache) = world();
        desk.changes(LESSON, BEGIN);
        desk.changes(OTHER, COMPLETE);
        cache.read(&anybody(), LESSON).expect("an answer");
        desk.silent(true);
        assert_eq!(
            cache.page(&anybody(), &[LESSON, OTHER]),
            Err(NoAnswer),
            "One of two lessons was in the cache, and the authority is away. \"Not begun\" for the \
             other would be a wrong answer that looks like a right one."
        );
        assert_eq!(
            cache
                .page(&anybody(), &[LESSON])
                .map(|page| versions(&page)),
            Ok(vec![1]),
            "Everything on this page was in the cache, so nothing had to be asked."
        );
        desk.silent(false);
        let page = cache.page(&anybody(), &[LESSON, OTHER]);
        assert_eq!(page.map(|page| versions(&page)), Ok(vec![1, 1]));
    });
}
