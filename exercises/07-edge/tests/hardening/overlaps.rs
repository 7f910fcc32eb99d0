//! Two things that happen at once.

use crate::world::{Mood, With, World, asking, cached, get, page, pass, seconds, settle};
use edge::identity::key;
use testbed::{note, story};
use web::OriginError;

const OLD: &str = "A client gets what was there before a write or a purge that has been answered.";

/// A fetch of the first version is in flight, and the origin has the second.
async fn overtaken(world: &World) -> crate::world::Asked {
    world.origin.has("/a", cached("one", "max-age=600"));
    world.origin.hold();
    let early = world.start(get("/a")).await;
    world.origin.stop_holding();
    world.origin.has("/a", cached("two", "max-age=600"));
    early
}

/// **E8** One address does not wait for another.
#[test]
fn a_slow_address_delays_no_other() {
    story(|| async {
        let world = World::new();
        world.origin.has("/slow", cached("slow", "max-age=60"));
        world.origin.has("/quick", cached("quick", "max-age=60"));
        world.origin.hold();
        let slow = world.start(get("/slow")).await;
        world.origin.stop_holding();
        let quick = world.start(get("/quick")).await;
        assert!(
            quick.is_done(),
            "It waits for the fetch of another address."
        );
        world.origin.release_all();
        assert_eq!(slow.answer().await.text(), "slow");
    });
}

/// **E8** An error answers all that wait for the fetch: none of them asks again.
#[test]
fn a_failed_fetch_is_not_repeated_by_each_who_waited() {
    story(|| async {
        for mood in [Mood::Failing(OriginError::TimedOut), Mood::Erring(500)] {
            let world = World::new();
            world.origin.has("/lessons", page("forty"));
            world.origin.is(mood);
            world.origin.hold();
            let mut asked = Vec::new();
            for _ in 0..10 {
                asked.push(world.start(get("/lessons")).await);
            }
            world.origin.stop_holding();
            world.origin.release_all();
            for asked in asked {
                assert!(asked.answer().await.status >= 500);
            }
            assert_eq!(
                world.origin.fetches(),
                1,
                "Ten clients waited, and each asked an origin in trouble again."
            );
        }
    });
}

/// **E7** A late fill is refused after a purge, a write and a clearing, whether or not a newer response
/// is there; and it does not remove that one.
#[test]
fn a_late_fill_is_refused_whatever_overtook_it() {
    for overtaking in ["a purge", "a write", "a clearing"] {
        for refetched in [false, true] {
            story(move || async move {
                note(format!(
                    "{overtaking} overtakes a fetch; fetched again before it lands: {refetched}"
                ));
                let world = World::new();
                let early = overtaken(&world).await;
                match overtaking {
                    "a purge" => world.purge("/a"),
                    "a write" => drop(world.ask(asking("PUT", "/a")).await),
                    _ => world.edge.clear(),
                }
                if refetched {
                    assert_eq!(world.ask(get("/a")).await.text(), "two", "{OLD}");
                }
                world.origin.release_all();
                assert_eq!(early.answer().await.text(), "one");
                let fetches = world.origin.fetches();
                assert_eq!(world.ask(get("/a")).await.text(), "two", "{OLD}");
                let more = world.origin.fetches() - fetches;
                assert_eq!(
                    more,
                    usize::from(!refetched),
                    "A late fill has removed the newer response that was there."
                );
            });
        }
    }
}

/// **E7** Clearing forgets everything.
#[test]
fn clearing_forgets_everything() {
    story(|| async {
        let world = World::new();
        for target in ["/a", "/b"] {
            world.origin.has(target, cached("one", "max-age=600"));
            world.ask(get(target)).await;
        }
        world.edge.clear();
        assert_eq!(world.edge.usage(), (0, 0));
        for target in ["/a", "/b"] {
            world.origin.has(target, cached("two", "max-age=600"));
            assert_eq!(world.ask(get(target)).await.text(), "two", "{OLD}");
        }
    });
}

/// **E7** A purge concerns its own address: no other fetch is overtaken, and nothing else is forgotten.
#[test]
fn a_purge_concerns_its_own_address() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("a", "max-age=600"));
        world.origin.has("/b", cached("b", "max-age=600"));
        world.ask(get("/a")).await;
        world.origin.hold();
        let slow = world.start(get("/b")).await;
        world.purge("/a?");
        world.purge("/c");
        world.origin.stop_holding();
        world.origin.release_all();
        slow.answer().await;
        world.ask(get("/a")).await;
        world.ask(get("/b")).await;
        assert_eq!(world.origin.fetches(), 2);
    });
}

/// **E7** A purge forgets every variant of an address.
#[test]
fn a_purge_forgets_every_variant() {
    story(|| async {
        let world = World::new();
        let says = |word: &str| {
            let page = cached(word, "max-age=600").with("vary", "accept-language");
            world.origin.has("/a", page);
        };
        let ask = |language: &'static str| world.ask(get("/a").with("accept-language", language));
        says("one");
        for language in ["de", "fr"] {
            ask(language).await;
        }
        says("two");
        world.edge.purge(&key(&get("/a")));
        for language in ["de", "fr"] {
            assert_eq!(ask(language).await.text(), "two", "{OLD}");
        }
    });
}

/// **E7** A revalidation that a purge has overtaken brings nothing back, whether it is answered by 304
/// or 200.
#[test]
fn a_revalidation_that_was_overtaken_renews_nothing() {
    for window in ["", ", stale-while-revalidate=600"] {
        story(move || async move {
            let world = World::new();
            let directives = format!("max-age=60{window}");
            world
                .origin
                .has("/a", cached("one", &directives).with("etag", "\"1\""));
            world.ask(get("/a")).await;
            pass(seconds(61)).await;
            world.origin.hold();
            let early = world.start(get("/a")).await;
            world.origin.stop_holding();
            world
                .origin
                .has("/a", cached("two", &directives).with("etag", "\"2\""));
            world.purge("/a");
            world.origin.release_all();
            assert_eq!(early.answer().await.text(), "one");
            settle().await;
            assert_eq!(
                world.ask(get("/a")).await.text(),
                "two",
                "{OLD} The origin answered \"unchanged\" before the purge, and the edge received it after."
            );
        });
    }
}

/// **E5** A write that begins and ends while a fetch is in flight is later than that fetch, and so is
/// one that began before it.
#[test]
fn a_fetch_that_began_during_a_write_is_from_before_its_end() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("one", "max-age=600"));
        world.origin.hold();
        let write = world.start(asking("PUT", "/a")).await;
        let read = world.start(get("/a")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "A read does not wait for a write."
        );
        world.origin.has("/a", cached("two", "max-age=600"));
        world.origin.release(1);
        write.answer().await;
        world.origin.stop_holding();
        world.origin.release_all();
        read.answer().await;
        assert_eq!(world.ask(get("/a")).await.text(), "two", "{OLD}");
    });
}

/// **E5** A client that leaves in the middle of a write leaves no old response behind.
#[test]
fn a_write_whose_client_has_left_invalidates_too() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("one", "max-age=600"));
        world.ask(get("/a")).await;
        world.origin.hold();
        let write = world.start(asking("POST", "/a")).await;
        world.origin.has("/a", cached("two", "max-age=600"));
        write.leave().await;
        world.origin.stop_holding();
        world.origin.release_all();
        settle().await;
        assert_eq!(
            world.ask(get("/a")).await.text(),
            "two",
            "{OLD} Its client has left, but the origin has carried it out."
        );
    });
}

/// **E5** A write that the origin refuses forgets nothing: otherwise anybody could empty the cache.
#[test]
fn a_refused_write_forgets_nothing() {
    story(|| async {
        for status in [400, 401, 403, 405, 409, 412, 428] {
            let world = World::new();
            world.origin.has("/a", cached("one", "max-age=600"));
            world.ask(get("/a")).await;
            world.origin.answers_writes(page("no").status(status));
            assert_eq!(world.ask(asking("DELETE", "/a")).await.status, status);
            world.ask(get("/a")).await;
            assert_eq!(
                world.origin.fetches(),
                2,
                "{status} means that nothing was done, but the stored response was forgotten."
            );
        }
    });
}

/// **E5** What a write has made or changed elsewhere on its host is forgotten, too, but on no other host.
#[test]
fn a_write_invalidates_where_it_points_to() {
    story(|| async {
        for (header, place, forgotten) in [
            ("location", "/b", true),
            ("content-location", "http://learn.example/b", true),
            ("location", "http://other.example/b", false),
        ] {
            let world = World::new();
            world.origin.has("/b", cached("one", "max-age=600"));
            world.ask(get("/b")).await;
            world
                .origin
                .answers_writes(page("").status(201).with(header, place));
            world.ask(asking("POST", "/a")).await;
            world.ask(get("/b")).await;
            assert_eq!(world.origin.fetches() == 3, forgotten, "{header}: {place}");
        }
    });
}

/// **E1** When the client that started the fetch has left, and the answer is private, the others still
/// get their own.
#[test]
fn a_leader_that_left_and_a_private_answer_strand_nobody() {
    story(|| async {
        let world = World::new();
        for user in ["Ada", "Bob", "Cyd"] {
            world.origin.has_for(user, "/me", cached(user, "private"));
        }
        world.origin.hold();
        let ada = world.start(get("/me").with("cookie", "Ada")).await;
        let bob = world.start(get("/me").with("cookie", "Bob")).await;
        let cyd = world.start(get("/me").with("cookie", "Cyd")).await;
        ada.leave().await;
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(
            (bob.answer().await.text(), cyd.answer().await.text()),
            ("Bob", "Cyd")
        );
    });
}

/// **E1** The origin's error page for one client is not shown to another.
#[test]
fn an_error_page_for_one_is_not_shown_to_another() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has_for("Ada", "/me", page("Ada's account is locked").status(500));
        world.origin.hold();
        let ada = world.start(get("/me").with("cookie", "Ada")).await;
        let bob = world.start(get("/me").with("cookie", "Bob")).await;
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(ada.answer().await.text(), "Ada's account is locked");
        let bob = bob.answer().await;
        assert_eq!(
            bob.status, 500,
            "He waited for a fetch that ended with 500."
        );
        assert!(!bob.text().contains("Ada"), "{}", bob.text());
    });
}

/// **E8** Requests that wait when a purge comes are answered; and those after it share one fetch, too.
#[test]
fn misses_on_both_sides_of_a_purge_are_one_fetch_each() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("one", "max-age=600"));
        world.origin.hold();
        let before = [world.start(get("/a")).await, world.start(get("/a")).await];
        world.origin.has("/a", cached("two", "max-age=600"));
        world.purge("/a");
        let after = [world.start(get("/a")).await, world.start(get("/a")).await];
        assert_eq!(world.origin.fetches(), 2);
        world.origin.release(2);
        for asked in after {
            assert_eq!(asked.answer().await.text(), "two");
        }
        world.origin.stop_holding();
        world.origin.release_all();
        for asked in before {
            assert_eq!(asked.answer().await.status, 200);
        }
        assert_eq!(world.ask(get("/a")).await.text(), "two", "{OLD}");
        assert_eq!(world.origin.fetches(), 2);
    });
}

/// **E8** A response that may not be reused without asking is fetched for each request, and none waits
/// for two fetches.
#[test]
fn what_is_never_fresh_is_fetched_for_each() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/a", cached("a", "no-cache").with("etag", "\"1\""));
        world.origin.hold();
        let mut asked = Vec::new();
        for _ in 0..4 {
            asked.push(world.start(get("/a")).await);
        }
        world.origin.release_all();
        settle().await;
        assert_eq!(
            world.origin.fetches(),
            4,
            "The waiting requests ask, all at once."
        );
        world.origin.release_all();
        for asked in asked {
            assert_eq!((asked.answer().await.text()), "a");
        }
    });
}

/// **E8** A panic on the way to the origin is a lost answer, for all that wait; and the address works
/// again afterwards.
#[test]
fn a_panic_of_the_origin_strands_nobody() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("a", "max-age=60"));
        world.origin.is(Mood::Panicking);
        world.origin.hold();
        let asked = [world.start(get("/a")).await, world.start(get("/a")).await];
        let write = world.start(asking("POST", "/b")).await;
        world.origin.stop_holding();
        world.origin.release_all();
        for asked in asked {
            assert_eq!(asked.answer().await.status, 502);
        }
        assert_eq!(write.answer().await.status, 502);
        world.origin.is(Mood::Well);
        assert_eq!(world.ask(get("/a")).await.text(), "a");
    });
}

/// **E6** A stored response replaces each kind of failure, for waiting requests as well.
#[test]
fn a_stored_answer_stands_in_for_all_who_wait() {
    story(|| async {
        for mood in [
            Mood::Failing(OriginError::Unreachable),
            Mood::Failing(OriginError::TimedOut),
            Mood::Erring(502),
            Mood::Panicking,
        ] {
            let world = World::new();
            world
                .origin
                .has("/a", cached("a", "max-age=60, stale-if-error=600"));
            world.ask(get("/a")).await;
            pass(seconds(61)).await;
            world.origin.is(mood);
            world.origin.hold();
            let asked = [world.start(get("/a")).await, world.start(get("/a")).await];
            world.origin.stop_holding();
            world.origin.release_all();
            for asked in asked {
                assert_eq!(asked.answer().await.text(), "a");
            }
            assert_eq!(world.origin.fetches(), 2);
        }
    });
}

/// **E5** A write that is answered by a redirection has been carried out: that is how forms are
/// answered.
#[test]
fn a_write_that_redirects_invalidates() {
    story(|| async {
        for status in [201, 204, 302, 303] {
            let world = World::new();
            world.origin.has("/a", cached("one", "max-age=600"));
            world.ask(get("/a")).await;
            world
                .origin
                .answers_writes(page("").status(status).with("location", "/a"));
            world.origin.has("/a", cached("two", "max-age=600"));
            world.ask(asking("POST", "/a")).await;
            assert_eq!(world.ask(get("/a")).await.text(), "two", "{OLD} ({status})");
        }
    });
}

/// **E8** The end of a fetch that was overtaken is not the end of the one that replaced it.
#[test]
fn the_end_of_an_old_fetch_does_not_hide_the_new_one() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("one", "max-age=600"));
        world.origin.hold();
        let early = world.start(get("/a")).await;
        world.origin.has("/a", cached("two", "max-age=600"));
        world.purge("/a");
        let late = world.start(get("/a")).await;
        world.origin.release(1);
        assert_eq!(early.answer().await.text(), "one");
        let joined = world.start(get("/a")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "A fetch of the page is in flight, but the end of another one has hidden it."
        );
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(
            (late.answer().await.text(), joined.answer().await.text()),
            ("two", "two")
        );
        world.ask(get("/a")).await;
        assert_eq!(
            world.origin.fetches(),
            2,
            "The second fetch's response was not kept."
        );
    });
}

/// **E7** A purge overtakes a fetch that no other request can join as well.
#[test]
fn a_purge_overtakes_fetches_that_nobody_joins() {
    story(|| async {
        let world = World::new();
        world.origin.has("/a", cached("one", "max-age=600"));
        world.origin.hold();
        let own = world
            .start(get("/a").with("cache-control", "no-cache"))
            .await;
        world.origin.has("/a", cached("two", "max-age=600"));
        world.purge("/a");
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(own.answer().await.text(), "one");
        assert_eq!(world.ask(get("/a")).await.text(), "two", "{OLD}");
    });
}
