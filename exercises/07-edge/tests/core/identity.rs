//! Who may be given what was meant for whom.

use crate::world::{Page, With, asking, cached, get, page};
use edge::identity::{key, may_store, selects};
use testbed::{live, note};
use web::Request;

/// Asks whether the response may be kept, and says so in the story.
fn kept(request: &Request, page: &Page) -> bool {
    let kept = may_store(request, &page.response());
    let (asked, said) = (request.headers(), &page.headers);
    let status = page.status;
    note(format!(
        "asked {asked:?}, answered {status} {said:?}: kept {kept}"
    ));
    kept
}

const LEAK: &str = "A shared cache may keep this, and it will give it to whoever asks next. It was made \
                    for the one who asked first.";

const BAD_MOMENT: &str = "is the origin's bad moment, and it would become everybody's";

/// **E1** The key is what is asked for: host, path and query, and not who asks or how.
#[test]
fn the_key_is_host_path_and_query() {
    live(|| {
        let one = key(&get("/lessons?course=1"));
        assert_eq!(
            key(&get("/lessons?course=1").with("cookie", "learner=2")),
            one,
            "Who asks is no part of the address."
        );
        assert_eq!(key(&asking("HEAD", "/lessons?course=1")), one);
        let other = |request: Request, why: &str| assert_ne!(key(&request), one, "{why}");
        other(
            get("/lessons?course=2"),
            "The query says what is asked for.",
        );
        other(get("/lessons"), "Without the query it is another address.");
        other(get("/Lessons?course=1"), "Paths may differ in case alone.");
        let mut elsewhere = get("/lessons?course=1");
        elsewhere
            .headers_mut()
            .insert("host", "other.example".parse().expect("a host"));
        other(elsewhere, "Two sites share this edge, and not their pages.");
    });
}

/// **E1** What a response calls private is never kept.
#[test]
fn a_private_response_is_not_kept() {
    live(|| {
        assert!(
            kept(&get("/"), &cached("the news", "max-age=60")),
            "An answer to nobody in particular, with a lifetime, is what a shared cache is for."
        );
        for private in ["private, max-age=60", "public, private, max-age=60"] {
            assert!(!kept(&get("/"), &cached("Ada's", private)), "{LEAK}");
        }
        assert!(
            !kept(
                &get("/"),
                &cached("Ada's", "private=\"set-cookie\", max-age=60")
            ),
            "{LEAK} That `private` names a field makes no difference to a cache that cannot take it out."
        );
    });
}

/// **E2** An answer to somebody who said who they are is kept only with permission.
#[test]
fn an_answer_to_somebody_is_kept_only_with_permission() {
    live(|| {
        for header in ["authorization", "cookie"] {
            let request = get("/progress").with(header, "Ada");
            assert!(
                !kept(&request, &cached("Ada's", "max-age=60")),
                "{LEAK} `max-age` says how long, and not for whom; the request had `{header}`."
            );
            for permission in ["public, max-age=60", "s-maxage=60"] {
                assert!(
                    kept(&request, &cached("the course", permission)),
                    "`{permission}` says that it is for everybody, whoever asked."
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
            "{LEAK} With it goes the cookie, and whoever gets it is Ada from then on."
        );
        assert!(kept(&get("/"), &response("public, max-age=60")));
    });
}

/// **E1** What either side says not to keep is not kept; what is no whole answer neither.
#[test]
fn what_is_not_to_be_kept_or_not_whole_is_not_kept() {
    live(|| {
        let fresh = cached("a", "max-age=60");
        assert!(
            !kept(&get("/"), &cached("a", "no-store, max-age=60")),
            "`no-store` means what it says, whatever else is said."
        );
        assert!(
            !kept(&get("/").with("cache-control", "no-store"), &fresh),
            "A request may say it as well."
        );
        assert!(
            !kept(&asking("POST", "/"), &fresh),
            "Only what GET brings is kept."
        );
        let partial = [
            (206, "is a part. The next one wants the whole"),
            (
                304,
                "says `what you have is still good`, to one who has something. The next one has nothing",
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
            "Who asked for French would be answered in German."
        );
        assert!(
            !selects(&stored, &get("/")),
            "Who names no language has not asked for German."
        );
        let any = page("hello").stored_for(&german);
        assert!(
            selects(&any, &get("/")),
            "Without `Vary` it answers all of them."
        );
    });
}
