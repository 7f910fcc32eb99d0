//! Answers that vary with the request.

use crate::world::{With, World, cached, get, settle};
use edge::identity::{may_store, selects};
use testbed::{live, story};

/// **E1** A response that varies by everything is not kept, wherever the `*` is.
#[test]
fn what_varies_by_everything_answers_nobody_else() {
    live(|| {
        for lines in [
            &["*"][..],
            &["Accept, *"],
            &["Accept", "*"],
            &["*", "Accept"],
            &[" , *"],
        ] {
            let mut page = cached("a", "max-age=60");
            for line in lines {
                page = page.with("vary", line);
            }
            assert!(!may_store(&get("/"), &page.response()), "Vary: {lines:?}");
            assert!(!selects(&page.stored(), &get("/")), "Vary: {lines:?}");
        }
    });
}

/// **E1** All names on all lines of `Vary` count, in upper or lower case.
#[test]
fn every_name_on_every_line_counts() {
    live(|| {
        let request = get("/")
            .with("accept", "text/html")
            .with("accept-language", "de");
        let stored = cached("a", "max-age=60")
            .with("vary", "ACCEPT,, user-agent")
            .with("vary", "accept-language")
            .stored_for(&request);
        assert!(selects(&stored, &request));
        for (header, value) in [("accept", "text/plain"), ("accept-language", "fr")] {
            let mut other = request.clone();
            other
                .headers_mut()
                .insert(header, value.parse().expect("a value"));
            assert!(
                !selects(&stored, &other),
                "They differ in `{header}`, which `Vary` names."
            );
        }
        assert!(
            !selects(&stored, &request.with("user-agent", "curl")),
            "The first request had no `User-Agent`, and this one has one."
        );
    });
}

/// **E1** Several lines are one list, and the space around commas does not count; the order does.
#[test]
fn lists_are_compared_as_lists() {
    live(|| {
        let stored = |request: &web::Request| {
            cached("a", "max-age=60")
                .with("vary", "accept")
                .stored_for(request)
        };
        let two = get("/").with("accept", "a").with("accept", "b");
        let one = stored(&get("/").with("accept", "a ,b"));
        assert!(
            selects(&one, &two),
            "Two lines are the same as one line with a comma."
        );
        assert!(!selects(&one, &get("/").with("accept", "b, a")));
        assert!(
            !selects(&one, &get("/").with("accept", "A, b")),
            "Whether case matters in a header's value is unknown to the edge: a token in another case is different."
        );
        assert!(!selects(&one, &get("/").with("accept", "a")));
        assert!(!selects(&one, &get("/").with("accept", "a b")));
        let empty = stored(&get("/").with("accept", ""));
        assert!(
            !selects(&empty, &get("/")),
            "An empty header is not the same as a missing one."
        );
    });
}

/// **E1** Two variants of one address are kept side by side, and each serves its own.
#[test]
fn variants_are_kept_side_by_side() {
    story(|| async {
        let world = World::new();
        let ask = |language: &'static str| world.ask(get("/").with("accept-language", language));
        for language in ["de", "fr"] {
            let page = cached(language, "max-age=60").with("vary", "accept-language");
            world.origin.has("/", page);
            assert_eq!(ask(language).await.text(), language);
        }
        for language in ["de", "fr", "de"] {
            assert_eq!(
                ask(language).await.text(),
                language,
                "A reader got another reader's language."
            );
        }
        assert_eq!(world.origin.fetches(), 2);
    });
}

/// **E1** A request that waited for a fetch whose answer varies gets its own, if the two do not agree.
#[test]
fn a_shared_fetch_answers_only_those_whom_it_selects() {
    story(|| async {
        let world = World::new();
        world.origin.has(
            "/",
            cached("hallo", "max-age=60").with("vary", "accept-language"),
        );
        world.origin.hold();
        let german = world.start(get("/").with("accept-language", "de")).await;
        let french = world.start(get("/").with("accept-language", "fr")).await;
        world.origin.has(
            "/",
            cached("salut", "max-age=60").with("vary", "accept-language"),
        );
        world.origin.stop_holding();
        world.origin.release_all();
        assert_eq!(german.answer().await.text(), "hallo");
        assert_eq!(
            french.answer().await.text(),
            "salut",
            "It waited for a fetch in German, and got that answer."
        );
    });
}

/// **E1** Any client can send new header values; how much the edge keeps because of that is bounded.
#[test]
fn variants_without_number_are_not_kept_without_number() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/", cached("a", "max-age=60").with("vary", "user-agent"));
        for number in 0..200 {
            world
                .ask(get("/").with("user-agent", &number.to_string()))
                .await;
        }
        let (responses, _) = world.edge.usage();
        assert!(
            responses <= 32,
            "{responses} variants of one address are kept."
        );
        assert!(responses > 0, "None is kept: the test proves nothing.");
    });
}

/// **E8** Requests that waited for another variant fetch their own at once, not one after the other.
#[test]
fn nobody_stands_in_line_for_a_variant() {
    story(|| async {
        let world = World::new();
        world
            .origin
            .has("/", cached("a", "max-age=60").with("vary", "user-agent"));
        world.origin.hold();
        let mut asked = Vec::new();
        for agent in ["1", "2", "3", "4"] {
            asked.push(world.start(get("/").with("user-agent", agent)).await);
        }
        world.origin.release_all();
        settle().await;
        assert_eq!(
            world.origin.fetches(),
            4,
            "The first answer was for one of them; the other three must not wait for each other."
        );
        world.origin.release_all();
        for asked in asked {
            assert_eq!(asked.answer().await.text(), "a");
        }
    });
}
