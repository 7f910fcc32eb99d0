//! Large, deep and odd ledgers.

use crate::world::{call, parts, read};
use review::{Severity, review, rules};
use std::process::Command;
use testbed::live;

/// **R9** A chain of five thousand calls overflows no stack.
///
/// A stack overflow ends the process, and every other test with it, so this test has its own process.
#[test]
fn a_deep_chain_overflows_no_stack() {
    const CHILD: &str = "REVIEW_DEEP_CHAIN";
    if std::env::var_os(CHILD).is_some() {
        return a_deep_chain();
    }
    live(|| {
        let this = std::env::current_exe().expect("the test's program");
        let child = Command::new(this)
            .args([
                "--exact",
                "scale::a_deep_chain_overflows_no_stack",
                "--nocapture",
            ])
            .env(CHILD, "1")
            .output()
            .expect("a process of its own");
        let said = String::from_utf8_lossy(&child.stderr).into_owned();
        if let Some(todo) = said
            .lines()
            .find(|it| it.starts_with("not yet implemented"))
        {
            panic!("{todo}");
        }
        assert!(
            child.status.success(),
            "A chain of {DEPTH} calls has to be checked without recursion that deep: a thread's stack \
             has room for a few thousand calls.\n{said}"
        );
    });
}

const DEPTH: usize = 5_000;

fn a_deep_chain() {
    let mut text = parts("n0 client");
    for at in 1..=DEPTH {
        text += &parts(&format!("n{at} service"));
        let tries = if at == DEPTH { "tries = 5" } else { "" };
        text += &call(&format!("n{}", at - 1), &format!("n{at}"), tries);
    }
    let ledger = read(&text);
    let found = rules::retry_amplification::check(&ledger);
    assert_eq!(
        found.len(),
        1,
        "The last of {DEPTH} calls tries five times."
    );
    let circles = rules::distributed_monolith::cycles(&ledger);
    assert_eq!(circles, [], "A chain has no cycle, however long it is.");
}

/// **R9** A boundary or step with unknown names is another rule's finding, and breaks none of these.
#[test]
fn names_that_stand_for_nothing_break_no_rule() {
    live(|| {
        let text = call(
            "ghost",
            "phantom",
            "tries = 9\ntimeout = \"1 s\"\naccess = \"write\"",
        ) + "[[copy]]\nof = \"x\"\nat = \"nowhere\"\nstale_at_most = \"1 s\"\n"
            + "[[fact]]\nname = \"x\"\ndecided_by = \"nobody\"\n"
            + "[[flow]]\nname = \"empty\"\ndeadline = \"1 s\"\nobjective = 0.999\n"
            + "[[flow]]\nname = \"lost\"\ndeadline = \"1 s\"\nobjective = 0.999\n"
            + "[[flow.step]]\nfrom = \"a\"\nto = \"b\"\nwrites = \"x\"\n";
        let ledger = read(&text);
        let found = review(&ledger);
        let other = found
            .iter()
            .filter(|it| !["B401", "B403"].contains(&it.rule.id));
        assert_eq!(other.count(), 0, "{found:#?}");
        assert_eq!(
            review(&read("")),
            [],
            "An empty ledger has nothing wrong in it."
        );
    });
}

/// **R9** Findings come worst first, and then in the order of the file.
#[test]
fn the_worst_comes_first() {
    live(|| {
        let text = parts("page client, api service, store authority")
            + &call("page", "api", "tries = 3\ntimeout = \"3 s\"")
            + &call(
                "api",
                "store",
                "tries = 3\ntimeout = \"1 s\"\nper_try = \"900 ms\"",
            );
        let found = review(&read(&text));
        let order: Vec<_> = found.iter().map(|it| (it.severity, it.at.start)).collect();
        let mut sorted = order.clone();
        sorted.sort_by_key(|(severity, at)| (std::cmp::Reverse(*severity), *at));
        assert_eq!(
            order, sorted,
            "A reader of only the first lines has to see the worst."
        );
        let both = [Severity::Error, Severity::Warning];
        for severity in both {
            assert!(order.iter().any(|(it, _)| *it == severity), "{found:#?}");
        }
    });
}
