//! Addresses, in every spelling.

use crate::world::{World, cached, get};
use edge::identity::key;
use testbed::{live, story};

/// **E1** One host in several spellings is one host.
#[test]
fn a_host_is_the_same_in_any_case_and_with_its_usual_port() {
    live(|| {
        let named = |host: &str| {
            let mut request = get("/a");
            request
                .headers_mut()
                .insert("host", host.parse().expect("a host"));
            key(&request)
        };
        let one = named("learn.example");
        assert_eq!(named("Learn.Example"), one);
        assert_eq!(named("learn.example:80"), one);
        assert_ne!(
            named("learn.example:8080"),
            one,
            "Another port is another server."
        );
    });
}

/// **E1** A host in the target overrides the header, because the origin reads it the same way.
#[test]
fn a_target_with_a_host_overrides_the_header() {
    live(|| {
        let mut absolute = get("http://other.example/a?b=1");
        let one = key(&absolute);
        absolute.headers_mut().remove("host");
        assert_eq!(key(&absolute), one);
        assert_eq!(
            (one.host.as_str(), one.target.as_str()),
            ("other.example", "/a?b=1")
        );
        let bare = key(&get("http://other.example"));
        assert_eq!(bare.target, "/", "A target without a path is the root.");
    });
}

/// **E1** Two hosts, or two queries, are two addresses to the whole edge.
#[test]
fn hosts_and_queries_are_not_mixed_up() {
    story(|| async {
        let world = World::new();
        for course in ["1", "2"] {
            let target = format!("/lessons?course={course}");
            world.origin.has(&target, cached(course, "max-age=60"));
        }
        for _ in 0..2 {
            for course in ["1", "2"] {
                let target = format!("/lessons?course={course}");
                assert_eq!(world.ask(get(&target)).await.text(), course);
            }
        }
        assert_eq!(world.origin.fetches(), 2);
        let mut elsewhere = get("/lessons?course=1");
        elsewhere
            .headers_mut()
            .insert("host", "other.example".parse().expect("a host"));
        world.ask(elsewhere).await;
        assert_eq!(
            world.origin.fetches(),
            3,
            "Another host asked for the same path, and got this one's page."
        );
    });
}
