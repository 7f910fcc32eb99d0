//! Who may be given what was meant for whom.

use crate::world::{Page, With, asking, cached, get, page};
use edge::identity::{key, may_store, selects};
use testbed::{live, note};
use web::Request;

/// Asks whether the response may be kept, and adds the answer to the story.
fn kept(request: &Request, page: &Page) -> bool {
    let kept = may_store(request, &page.response());
    let (asked, said) = (request.headers(), &page.headers);
    let status = page.status;
    note(format!(
        "asked {asked:?}, answered {status} {said:?}: kept {kept}"
    ));
    kept
}

const LEAK: &str = "The cache would keep this response and give it to the next client that asks. It \
                    was made for the client that asked first.";

const BAD_MOMENT: &str = "is a moment's failure of the origin, and every client would get it";

/// **E1** The key is what is asked for: host, path and query, not who asks or how.
#[test]
fn the_key_is_host_path_and_query() {
    live(|| {
        let one = key(&get("/lessons?course=1"));
        assert_eq!(
            key(&get("/lessons?course=1").with("cookie", "learner=2")),
            one,
            "The client is not part of the address."
        );
        assert_eq!(key(&asking("HEAD", "/lessons?course=1")), one);
        let other = |request: Request, why: &str| assert_ne!(key(&request), one, "{why}");
        other(
            get("/lessons?course=2"),
            "The query is part of what is asked for.",
        );
        other(get("/lessons"), "Without the query it is another address.");
        other(get("/Lessons?course=1"), "Paths may differ only in case.");
        let mut elsewhere = get("/lessons?course=1");
        elsewhere
            .headers_mut()
            .insert("host", "other.example".parse().expect("a host"));
        other(elsewhere, "Two sites share this edge, but not their pages.");
    });
}

/// **E1** What a response calls private is never kept.
#[test]
fn a_private_response_is_not_kept() {
    live(|| {
        assert!(
            kept(&get("/"), &cached("the news", "max-age=60")),
            "An answer for no one in particular, with a lifetime, is what a shared cache is for."
        );
        for private in ["private, max-age=60", "public, private, max-age=60"] {
            assert!(!kept(&get("/"), &cached("Ada's", private)), "{LEAK}");
        }
        assert!(
            !kept(
                &get("/"),
                &cached("Ada's", "private=\"set-cookie\", max-age=60")
            ),
            "{LEAK} That `private` names a field makes no difference to a cache that cannot remove the field."
        );
    });
}

/// **E2** An answer to a request with credentials is kept only with permission.
#[test]
fn an_answer_to_somebody_is_kept_only_with_permission() {
    live(|| {
        for header in ["authorization", "cookie"] {
            let request = get("/progress").with(header, "Ada");
            assert!(
                !kept(&request, &cached("Ada's", "max-age=60")),
                "{LEAK} `max-age` says for how long, not for whom; the request had `{header}`."
            );
            for permission in ["public, max-age=60", "s-maxage=60"] {
                assert!(
                    kept(&request, &cached("the course", permission)),
                    "`{permission}` means that it is for everybody, whoever asked."
                );
            }
        }
    });
}

/// **E2** A response that sets a cookie is made for somebody.
#[test]
fn a_response_that_sets_a_cookie_is_kept_only_with_permission() {
    live(|| {
        let response = |directives| cached("hello", directives).with("set-cookie", "session=Ada");
        assert!(
            !kept(&get("/"), &response("max-age=60")),
            "{LEAK} The cookie goes with it, and every client that gets it is Ada from then on."
        );
        assert!(kept(&get("/"), &response("public, max-age=60")));
    });
}

/// **E1** A response that either side forbids keeping is not kept, and neither is a partial answer.
#[test]
fn what_is_not_to_be_kept_or_not_whole_is_not_kept() {
    live(|| {
        let fresh = cached("a", "max-age=60");
        assert!(
            !kept(&get("/"), &cached("a", "no-store, max-age=60")),
            "`no-store` forbids it, whatever other directives say."
        );
        assert!(
            !kept(&get("/").with("cache-control", "no-store"), &fresh),
            "A request may say it as well."
        );
        assert!(
            !kept(&asking("POST", "/"), &fresh),
            "Only responses to GET are kept."
        );
        let partial = [
            (206, "is a part, and the next client wants the whole"),
            (
                304,
                "means `what you have is still good`, and the next client has nothing",
            ),
            (500, BAD_MOMENT),
            (502, BAD_MOMENT),
            (503, BAD_MOMENT),
            (504, BAD_MOMENT),
        ];
        for (status, why) in partial {
            assert!(
                !kept(&get("/"), &fresh.clone().status(status)),
                "The {status} was kept, and everybody would get it for a minute. It {why}."
            );
        }
        for status in [200, 203, 301, 404, 410] {
            assert!(
                kept(&get("/"), &fresh.clone().status(status)),
                "{status} is an answer."
            );
        }
    });
}

/// **E1** A stored response serves only requests that agree in what `Vary` names.
#[test]
fn a_response_serves_those_who_agree_in_what_it_varies_by() {
    live(|| {
        let german = get("/").with("accept-language", "de");
        let stored = cached("Guten Tag", "max-age=60")
            .with("vary", "Accept-Language")
            .stored_for(&german);
        assert!(
            selects(&stored, &german.clone().with("user-agent", "another")),
            "`Vary` names `Accept-Language` alone, and in that the two agree."
        );
        assert!(
            !selects(&stored, &get("/").with("accept-language", "fr")),
            "A client that asked for French would be answered in German."
        );
        assert!(
            !selects(&stored, &get("/")),
            "A client that names no language has not asked for German."
        );
        let any = page("hello").stored_for(&german);
        assert!(
            selects(&any, &get("/")),
            "Without `Vary` it answers all of them."
        );
    });
}
