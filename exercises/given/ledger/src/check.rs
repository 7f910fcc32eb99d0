//! Distinguishing an answer from a wish.
//!
//! No program can say whether an answer is true. It can check whether an answer *could be false*, which
//! is what is usually missing in practice: a pressure without a figure, a cache that owns the truth, one
//! sentence for two different bad days.

use crate::form::{Boundary, Ledger, Role};
use crate::value::answered;
use std::fmt;
use toml::Spanned;

/// What is wrong with a ledger, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Complaint {
    /// The line of the entry that it is about, from 1.
    pub line: usize,
    /// Which entry.
    pub entry: String,
    /// What is wrong.
    pub problem: Problem,
}

/// What can be wrong with an entry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Problem {
    /// A question has no answer yet.
    Unanswered {
        /// The question.
        question: &'static str,
        /// The field that is empty.
        field: &'static str,
    },
    /// The pressure has no figure.
    NoFigure,
    /// The owner of correctness is no authority.
    WrongOwner {
        /// The name.
        owner: String,
        /// Its role; `None` if the ledger has no such component.
        role: Option<Role>,
    },
    /// Slow and absent have the same answer.
    SameDay,
    /// A boundary names a component that the ledger does not have.
    UnknownComponent {
        /// The name.
        name: String,
    },
    /// The same entry is here twice.
    Twice,
}

impl Complaint {
    /// Whether an answer is only still to be written.
    pub fn is_unanswered(&self) -> bool {
        matches!(self.problem, Problem::Unanswered { .. })
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, {}: ", self.line, self.entry)?;
        match &self.problem {
            Problem::Unanswered { question, field } => {
                write!(f, "`{field}` is empty. {question}")
            }
            Problem::NoFigure => write!(
                f,
                "`pressure.value` has no number in it. Without one, nothing can show that the pressure \
                 is gone, so nothing can ever justify removing the boundary."
            ),
            Problem::WrongOwner { owner, role: None } => write!(
                f,
                "correctness is owned by {owner:?}, which is not a component of this ledger."
            ),
            Problem::WrongOwner {
                owner,
                role: Some(role),
            } => write!(
                f,
                "correctness is owned by {owner:?}, whose role is {role:?}. When two copies differ, \
                 only an authority can be right."
            ),
            Problem::SameDay => write!(
                f,
                "`when_slow` and `when_absent` are the same sentence. An absent layer fails at once; a \
                 slow one keeps every caller waiting, or lets the backlog grow."
            ),
            Problem::UnknownComponent { name } => {
                write!(f, "there is no component {name:?}.")
            }
            Problem::Twice => write!(f, "it is here twice; which one is meant?"),
        }
    }
}

impl Ledger {
    /// Everything that is wrong with the ledger, in its own order.
    pub fn complaints(&self) -> Vec<Complaint> {
        let components = self.components.iter().enumerate();
        let twice = components
            .filter(|(at, component)| {
                self.components[..*at]
                    .iter()
                    .any(|earlier| earlier.name.get_ref() == component.name.get_ref())
            })
            .map(|(_, component)| Complaint {
                line: self.line_of(&component.name),
                entry: format!("component {}", component.name.get_ref()),
                problem: Problem::Twice,
            });
        let boundaries = self.boundaries.iter().enumerate();
        let unfit = boundaries.flat_map(|(at, boundary)| {
            let mut problems = self.problems_of(boundary);
            let same = |earlier: &Boundary| {
                earlier.from.get_ref() == boundary.from.get_ref()
                    && earlier.to.get_ref() == boundary.to.get_ref()
            };
            if self.boundaries[..at].iter().any(same) {
                problems.push(Problem::Twice);
            }
            problems
                .into_iter()
                .map(|problem| self.complaint(boundary, problem))
        });
        twice.chain(unfit).collect()
    }

    /// What is wrong with one boundary.
    pub fn complaints_about(&self, boundary: &Boundary) -> Vec<Complaint> {
        let problems = self.problems_of(boundary).into_iter();
        problems
            .map(|problem| self.complaint(boundary, problem))
            .collect()
    }

    fn complaint(&self, boundary: &Boundary, problem: Problem) -> Complaint {
        Complaint {
            line: self.line_of(&boundary.from),
            entry: format!("{} → {}", boundary.from.get_ref(), boundary.to.get_ref()),
            problem,
        }
    }

    fn problems_of(&self, boundary: &Boundary) -> Vec<Problem> {
        let mut problems = Vec::new();
        for end in [&boundary.from, &boundary.to] {
            if self.component(end.get_ref()).is_none() {
                problems.push(Problem::UnknownComponent {
                    name: end.get_ref().clone(),
                });
            }
        }
        let questions = questions(boundary);
        let unanswered = questions.iter().filter(|(_, _, answer)| answer.is_none());
        problems
            .extend(unanswered.map(|(question, field, _)| Problem::Unanswered { question, field }));
        let value = boundary.pressure.as_ref().and_then(|it| it.value.as_ref());
        if value
            .is_some_and(|it| answered(&it.get_ref().text).is_some() && !it.get_ref().has_figure())
        {
            problems.push(Problem::NoFigure);
        }
        let correctness = boundary.correctness.as_ref();
        let owner = text(correctness.and_then(|it| it.owner.as_ref()));
        if let Some(owner) = owner
            && self.role(owner) != Some(Role::Authority)
        {
            problems.push(Problem::WrongOwner {
                owner: owner.to_owned(),
                role: self.role(owner),
            });
        }
        let fallback = boundary.fallback.as_ref();
        let slow = text(fallback.and_then(|it| it.when_slow.as_ref()));
        let absent = text(fallback.and_then(|it| it.when_absent.as_ref()));
        if let (Some(slow), Some(absent)) = (slow, absent)
            && slow.eq_ignore_ascii_case(absent)
        {
            problems.push(Problem::SameDay);
        }
        problems
    }
}

/// An answer, if there is one.
fn text(field: Option<&Spanned<String>>) -> Option<&str> {
    field.and_then(|field| answered(field.get_ref()))
}

/// The four questions, each with its fields and their values.
fn questions(boundary: &Boundary) -> [(&'static str, &'static str, Option<&str>); 6] {
    let asks_pressure =
        "Which pressure does this boundary relieve, and what shows that it is there?";
    let asks_day = "What happens when this layer is slow, and when it is absent?";
    let pressure = boundary.pressure.as_ref();
    let fallback = boundary.fallback.as_ref();
    let value = pressure.and_then(|it| it.value.as_ref());
    [
        (
            asks_pressure,
            "pressure.metric",
            text(pressure.and_then(|it| it.metric.as_ref())),
        ),
        (
            asks_pressure,
            "pressure.value",
            value.and_then(|it| answered(&it.get_ref().text)),
        ),
        (
            "Which new latency or failure mode appears?",
            "cost.adds",
            text(boundary.cost.as_ref().and_then(|it| it.adds.as_ref())),
        ),
        (
            "Who owns correctness now?",
            "correctness.owner",
            text(
                boundary
                    .correctness
                    .as_ref()
                    .and_then(|it| it.owner.as_ref()),
            ),
        ),
        (
            asks_day,
            "fallback.when_slow",
            text(fallback.and_then(|it| it.when_slow.as_ref())),
        ),
        (
            asks_day,
            "fallback.when_absent",
            text(fallback.and_then(|it| it.when_absent.as_ref())),
        ),
    ]
}
