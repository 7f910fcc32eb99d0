//! Stage 2: what a reply rests on, and what it waits for.

use crate::world::{ERROR, call, edge, finds, parts, silent, step};
use review::rules::{async_in_contract, cache_as_database};

const VANISHES: &str = "What may be emptied at any moment decides nothing, can be filled again, and is \
                        never all that a reply rests on.";
const LATER: &str = "A reply waits for no worker and no message: otherwise it is as slow as they are, \
                     and fails when they do.";

fn system(rest: &str) -> String {
    parts(
        "api service, store authority, cache cache, edge edge, stream service, mailer worker, view derived",
    ) + &call("api", "store", "")
        + &edge("in-process", "api", "cache", "")
        + &call("api", "view", "")
        + &edge("asynchronous", "api", "stream", "")
        + &edge("asynchronous", "stream", "mailer", "")
        + &call("api", "mailer", "")
        + rest
}

/// **R3** A cache or an edge that decides a fact is found, at its name.
#[test]
fn a_cache_that_decides_is_found() {
    let text = system(
        r#"
[[fact]]
name = "progress"
decided_by = ⟦"cache"⟧
[[fact]]
name = "session"
decided_by = ⟦["store", "edge"]⟧
[[fact]]
name = "mail"
decided_by = "store"
"#,
    );
    let both = [(ERROR, "progress -> cache"), (ERROR, "session -> edge")];
    finds(VANISHES, cache_as_database::check, &text, &both);
}

/// **R3** A cached copy that cannot be rebuilt is found.
#[test]
fn a_cached_copy_without_a_source_is_found() {
    let text = system(
        r#"
[[copy]]
of = "progress"
at = ⟦"cache"⟧
stale_at_most = "5 s"
[[copy]]
of = "pages"
at = "edge"
rebuilt_from = ⟦"edge"⟧
[[copy]]
of = "likes"
at = "cache"
rebuilt_from = ⟦"TODO"⟧
"#,
    );
    let all = [
        (ERROR, "progress -> cache"),
        (ERROR, "pages -> edge"),
        (ERROR, "likes -> cache"),
    ];
    finds(VANISHES, cache_as_database::check, &text, &all);
}

/// **R3** A flow whose only writes before the reply are to caches is found, at the last of them.
#[test]
fn a_reply_that_rests_on_a_cache_is_found() {
    let text = system("[[flow]]\nname = \"complete\"\n")
        + &step("api", "store", "")
        + &step("api", "cache", "writes = \"progress\"").replace("\"cache\"", "⟦\"cache\"⟧")
        + &step("api", "store", "writes = \"progress\"\nafter_reply = true")
        + "[[flow]]\nname = \"draft\"\n"
        + &step("api", "cache", "writes = \"draft\"")
        + &step("api", "edge", "writes = \"draft\"").replace("\"edge\"", "⟦\"edge\"⟧");
    let both = [(ERROR, "complete -> cache"), (ERROR, "draft -> edge")];
    finds(VANISHES, cache_as_database::check, &text, &both);
}

/// **R9** A cache that is filled from an authority, or written in addition to it, is fine: no finding.
#[test]
fn a_cache_that_may_vanish_is_left_alone() {
    let text = system(
        r#"
[[fact]]
name = "progress"
decided_by = "store"
[[copy]]
of = "progress"
at = "cache"
rebuilt_from = "store"
[[copy]]
of = "totals"
at = "view"
[[flow]]
name = "complete"
"#,
    ) + &step("api", "store", "writes = \"progress\"")
        + &step("api", "cache", "writes = \"progress\"")
        + "[[flow]]\nname = \"look\"\n"
        + &step("api", "cache", "")
        + "[[flow]]\nname = \"forget\"\n"
        + &step("api", "cache", "writes = \"progress\"\nafter_reply = true");
    silent(
        "If it is written in addition to the authority, only read, or written after the reply, a cache may vanish.",
        cache_as_database::check,
        &text,
    );
}

/// **R4** A step before the reply that goes to a worker, or over an asynchronous boundary, is found.
#[test]
fn a_reply_that_waits_for_what_comes_later_is_found() {
    let text = system("[[flow]]\nname = \"complete\"\n")
        + &step("api", "store", "writes = \"progress\"")
        + &step("api", "stream", "").replace("\"stream\"", "⟦\"stream\"⟧")
        + &step("api", "mailer", "writes = \"mail\"").replace("\"mailer\"", "⟦\"mailer\"⟧")
        + &step("stream", "mailer", "").replace("\"mailer\"", "⟦\"mailer\"⟧");
    // The last one goes to a worker by a message, and is one finding.
    let all = [
        (ERROR, "complete -> api -> stream"),
        (ERROR, "complete -> api -> mailer"),
        (ERROR, "complete -> stream -> mailer"),
    ];
    finds(LATER, async_in_contract::check, &text, &all);
}

/// **R4** After the reply, and by synchronous calls to services, a flow may go anywhere.
#[test]
fn what_comes_after_the_reply_may_take_its_time() {
    let text = system("[[flow]]\nname = \"complete\"\n")
        + &step("api", "store", "writes = \"progress\"")
        + &step("api", "view", "")
        + &step("api", "stream", "after_reply = true")
        + &step("stream", "mailer", "after_reply = true");
    silent(
        "After the reply no user waits.",
        async_in_contract::check,
        &text,
    );
}
