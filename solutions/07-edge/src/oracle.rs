//! Our decisions compared with those of `http-cache-semantics` 3.0.0, on generated requests and
//! responses.
//!
//! Wherever the two differ, one of the exceptions below has to say why; and each exception has to occur,
//! otherwise it would excuse anything. The library covers less: it does not know
//! `stale-while-revalidate`, and answers whether a response is fresh, but not what to do otherwise.

use crate::decision::{Decision, decide};
use crate::identity::{may_store, selects};
use crate::stored::Stored;
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy};
use proptest::prelude::{Strategy, prop_oneof};
use proptest::sample::{select, subsequence};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};
use testbed::{for_all, live};
use web::http::header::{self, HeaderName, HeaderValue};
use web::http::{HeaderMap, Response, StatusCode};
use web::{Body, Bytes, Directives, Request};

/// Why the two may differ, and in which cases.
type Exception = (&'static str, fn(&Case) -> bool);

/// Where ours differs from the library, and which section decides it. The sections are RFC 9111's.
const STORING: [Exception; 4] = [
    // 3.5 speaks of `Authorization`. Ours asks for the same permission where there is a cookie.
    ("cookies are identities, too", |case| {
        case.asked.contains_key(header::COOKIE) || case.said.contains_key(header::SET_COOKIE)
    }),
    // 3.5 takes `must-revalidate` for permission, and allows a cache to be stricter.
    ("must-revalidate says when, not to whom", |case| {
        case.asked.contains_key(header::AUTHORIZATION) && case.directives().must_revalidate
    }),
    // 4.1: what varies by everything matches no request; the library stores it and never uses it.
    ("what varies by everything cannot be used", |case| {
        case.said.get(header::VARY).is_some_and(|vary| vary == "*")
    }),
    // 3: what a status means decides whether a cache stores it. A server error should not be stored; and
    // the library knows fewer statuses.
    ("statuses", |case| {
        case.status.is_server_error() || case.status == StatusCode::IM_A_TEAPOT
    }),
];

const SERVING: [Exception; 4] = [
    // 3 and 7.3 leave it to the cache. The library requires `public` where a cookie is set; ours accepts
    // `s-maxage` as well, since it is meant for shared caches.
    ("s-maxage is permission for what sets a cookie", |case| {
        case.said.contains_key(header::SET_COOKIE) && case.directives().s_maxage.is_some()
    }),
    // 4.2.4: no stale response where `no-cache` (5.2.2.4), `proxy-revalidate` (5.2.2.8) or `s-maxage`
    // (5.2.2.10) of the response forbids it. The library lets the client's `max-stale` override them.
    ("max-stale overrides nothing", |case| {
        let said = case.directives();
        case.client().max_stale.is_some()
            && (said.no_cache || said.proxy_revalidate || said.s_maxage.is_some())
    }),
    // 5.2.2.8: `proxy-revalidate` is about stale responses. The library treats it as a lifetime of zero.
    ("proxy-revalidate begins when freshness ends", |case| {
        case.directives().proxy_revalidate
    }),
    // 5.2.1.2: "by no more than" includes the bound itself.
    ("max-stale includes its bound", |case| {
        case.client().max_stale.is_some()
    }),
];

#[derive(Clone, Debug)]
struct Case {
    asked: HeaderMap,
    /// What the later request adds.
    later: HeaderMap,
    status: StatusCode,
    said: HeaderMap,
    age: u64,
}

impl Case {
    fn directives(&self) -> Directives {
        Directives::of(&self.said)
    }

    fn client(&self) -> Directives {
        Directives::of(&self.later)
    }
}

/// A request for the one page of these tests.
fn asking(headers: &HeaderMap) -> Request {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = "http://learn.example/lessons".parse().expect("an address");
    *request.headers_mut() = headers.clone();
    request
}

fn headers(lines: Vec<(&'static str, String)>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        let name = HeaderName::from_static(name);
        headers.append(name, HeaderValue::from_str(&value).expect("visible ASCII"));
    }
    headers
}

fn some(from: &'static [&'static str]) -> impl Strategy<Value = String> {
    subsequence(from, 0..=3).prop_map(|some| some.join(", "))
}

fn cases() -> impl Strategy<Value = Case> {
    let asked = select(vec![
        vec![],
        vec![],
        vec![("cookie", "session=1".to_owned())],
        vec![("authorization", "Bearer ada".to_owned())],
        vec![("accept-language", "de".to_owned())],
        vec![("cache-control", "no-store".to_owned())],
    ]);
    let later = prop_oneof![
        some(&["max-stale", "no-cache", "max-age=20", "max-age=0"]),
        some(&["max-stale=10", "min-fresh=5", "no-cache", "max-age=90"]),
        some(&["only-if-cached", "max-stale=40", "max-age=70"]),
    ];
    let said = some(&[
        "public",
        "private",
        "no-store",
        "no-cache",
        "must-revalidate",
        "proxy-revalidate",
        "s-maxage=30",
    ]);
    let more = select(vec![
        vec![],
        vec![],
        vec![("vary", "*".to_owned())],
        vec![("vary", "accept-language".to_owned())],
        vec![("set-cookie", "session=2".to_owned())],
        vec![("age", "15".to_owned())],
        vec![("age", "100".to_owned())],
    ]);
    let status = select(vec![
        200u16, 200, 200, 203, 204, 301, 404, 410, 206, 418, 500, 503,
    ]);
    let language = select(vec!["", "de", "fr"]);
    let age = select(vec![
        0u64, 1, 20, 29, 30, 39, 40, 59, 60, 61, 70, 71, 100, 1000,
    ]);
    (asked, later, said, more, status, language, age).prop_map(
        |(asked, later, said, more, status, language, age)| {
            let mut later = vec![("cache-control", later)];
            if !language.is_empty() {
                later.push(("accept-language", language.to_owned()));
            }
            let control = [said, "max-age=60".to_owned()];
            let control = control.into_iter().filter(|one| !one.is_empty());
            let control = control.collect::<Vec<_>>().join(", ");
            let mut said = vec![("cache-control", control)];
            said.extend(more);
            Case {
                asked: headers(asked),
                later: headers(later),
                status: StatusCode::from_u16(status).expect("a status"),
                said: headers(said),
                age,
            }
        },
    )
}

/// Compares the two decisions, and notes the exceptions that were needed.
fn compare(case: &Case, noted: &RefCell<BTreeSet<&'static str>>) {
    let request = asking(&case.asked);
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = case.status;
    *response.headers_mut() = case.said.clone();
    let received_at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let options = CacheOptions {
        shared: true,
        cache_heuristic: 0.0,
        immutable_min_time_to_live: Duration::ZERO,
        ignore_cargo_cult: false,
    };
    let policy = CachePolicy::new_options(&request, &response, received_at, options);
    let excused = |exceptions: &[Exception]| {
        let found = exceptions.iter().find(|(_, holds)| holds(case));
        found
            .map(|(name, _)| noted.borrow_mut().insert(name))
            .is_some()
    };

    let ours = may_store(&request, &response.clone().map(Body::from));
    let theirs = policy.is_storable();
    assert!(
        ours == theirs || excused(&STORING),
        "ours keeps it: {ours}; the library: {theirs}; {case:?}"
    );
    if !(ours && theirs) {
        return;
    }
    let later = asking(&case.later);
    let now = received_at + Duration::from_secs(case.age);
    let stored = Stored {
        request: case.asked.clone(),
        response,
        requested_at: received_at,
        received_at,
    };
    let ours = selects(&stored, &later) && decide(&later, Some(&stored), now) == Decision::Serve;
    let theirs = matches!(policy.before_request(&later, now), BeforeRequest::Fresh(_));
    assert!(
        ours == theirs || excused(&SERVING),
        "ours serves it at {} s: {ours}; the library: {theirs}; {case:?}",
        case.age
    );
}

/// Ours and the library agree except where a stated exception says why.
#[test]
fn we_differ_from_the_library_only_where_the_rfc_says_so() {
    live(|| {
        let used = RefCell::new(BTreeSet::new());
        for_all(&cases_in_bulk(), |cases| {
            for case in &cases {
                compare(case, &used);
            }
        });
        let all = STORING.iter().chain(&SERVING).map(|(name, _)| *name);
        let idle: Vec<_> = all.filter(|name| !used.borrow().contains(name)).collect();
        assert!(idle.is_empty(), "Exceptions that excuse nothing: {idle:?}");
    });
}

/// Many cases at a time: about six thousand in all.
fn cases_in_bulk() -> impl Strategy<Value = Vec<Case>> {
    proptest::collection::vec(cases(), 50)
}
