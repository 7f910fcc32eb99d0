//! Stage 5: the three boundaries of the split, and the four questions.

use crate::ledger::{Entry, Ledger, NAME};
use crate::world::story;

/// The boundaries that the split has, and the role of the component at which each ends.
const BOUNDARIES: [(&str, &str, &str); 3] = [
    ("api", "authority", "authority"),
    ("api", "cache", "cache"),
    ("authority", "worker", "worker"),
];

/// The four questions, with the fields that answer them.
const QUESTIONS: [(&str, &[&str]); 4] = [
    (
        "Which pressure does it relieve, and what shows that it is there?",
        &["pressure.kind", "pressure.metric", "pressure.value"],
    ),
    ("Which new latency or failure mode appears?", &["cost.adds"]),
    ("Who owns correctness now?", &["correctness.owner"]),
    (
        "What happens when this layer is slow, and when it is absent?",
        &["fallback.when_slow", "fallback.when_absent"],
    ),
];

/// Fails if an answer of this boundary has the wrong form, or a form that could never be wrong.
fn judge(boundary: &Entry) {
    let at = boundary.place();
    let value = boundary.get("pressure.value");
    assert!(
        value.is_empty() || value.contains(|c: char| c.is_ascii_digit()),
        "{at}: `pressure.value` has no number in it. Without one, nothing can show that the pressure \
         is gone, so nothing can ever justify removing the boundary."
    );
    let slow = boundary.get("fallback.when_slow");
    let absent = boundary.get("fallback.when_absent");
    assert!(
        slow.is_empty() || !slow.eq_ignore_ascii_case(absent),
        "{at}: `when_slow` and `when_absent` are the same sentence. An absent layer fails at once; a \
         slow one keeps every caller waiting, or lets the backlog grow."
    );
}

/// **S8** Each boundary of the split answers the four questions, with answers that could be wrong.
#[test]
fn each_boundary_answers_the_four_questions() {
    story(|| {
        let ledger = Ledger::read();
        let mut open = None;
        for (from, to, role) in BOUNDARIES {
            let (Some(boundary), Some(component)) =
                (ledger.boundary(from, to), ledger.component(to))
            else {
                todo!(
                    "Write the component `{to}` and the boundary from `{from}` to `{to}` into {NAME}, and \
                     answer its four questions."
                );
            };
            assert_eq!(
                component.get("role"),
                role,
                "{NAME} must give the component `{to}` its role for the facts that pass through it."
            );
            judge(boundary);
            for (question, fields) in QUESTIONS {
                for field in fields {
                    if boundary.get(field).is_empty() {
                        open.get_or_insert((boundary.place(), question, *field));
                    }
                }
            }
        }
        if let Some((at, question, field)) = open {
            todo!("Answer the four questions. {at}: `{field}` is empty. {question}");
        }
    });
}

/// **S8** No boundary of the ledger lets a copy decide.
#[test]
fn no_boundary_lets_a_copy_decide() {
    story(|| {
        let ledger = Ledger::read();
        let view = ledger
            .component("view")
            .map_or("derived", |view| view.get("role"));
        assert_eq!(
            view, "derived",
            "{NAME} must give the component `view` its role for the facts that pass through it. The \
             view is derived from events and can be rebuilt; another word in the ledger does not let \
             it decide."
        );
        for boundary in ledger.boundaries() {
            let owner = boundary.get("correctness.owner");
            let role = ledger.component(owner).map(|owner| owner.get("role"));
            let purpose = boundary.get("pressure.metric");
            assert!(
                boundary.get("to") != "view"
                    || role != Some("authority")
                    || !purpose.contains("certificate"),
                "{}: `correctness.owner` has another name now, but the boundary is still for \
                 \"{purpose}\". The view is asked, and a decision is made from its answer. Whoever is \
                 asked decides, whatever name the ledger has.",
                boundary.place()
            );
            if owner.is_empty() || role == Some("authority") {
                continue;
            }
            let planted = boundary.get("from") == "api" && boundary.get("to") == "view";
            if planted && role == Some("derived") {
                todo!(
                    "One boundary in {NAME} has all its answers and is bad. Use the four questions to \
                     find it, and take it out or change what it is for."
                );
            }
            let what = role.map_or("no component of the ledger".to_owned(), |role| {
                format!("a component whose role is `{role}`")
            });
            panic!(
                "{}: correctness is owned by `{owner}`, which is {what}. When two copies differ, only an \
                 authority can be right.",
                boundary.place()
            );
        }
    });
}
