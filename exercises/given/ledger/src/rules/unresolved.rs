//! B900: a name that refers to nothing, or to two things.

use crate::finding::{Finding, Rule, Severity};
use crate::form::Ledger;
use crate::value::{Names, answered};
use std::collections::HashSet;
use toml::Spanned;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B900",
    name: "unresolved-name",
    finds: "a name that the ledger does not have, or has twice",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let mut names = Lookup {
        ledger,
        facts: ledger
            .facts
            .iter()
            .map(|it| it.name.get_ref().as_str())
            .collect(),
        found: Vec::new(),
    };
    names.of_facts();
    names.of_boundaries();
    names.of_flows();
    names.twice();
    names.found
}

struct Lookup<'a> {
    ledger: &'a Ledger,
    facts: HashSet<&'a str>,
    found: Vec<Finding>,
}

impl Lookup<'_> {
    fn of_facts(&mut self) {
        let ledger = self.ledger;
        for fact in &ledger.facts {
            if let Some(by) = &fact.decided_by {
                for name in by.get_ref().0.iter().filter(|name| *name != "nobody") {
                    self.component(by, name);
                }
            }
        }
        for copy in &ledger.copies {
            self.component(&copy.at, copy.at.get_ref());
            if !self.facts.is_empty() {
                self.fact(&copy.of, copy.of.get_ref());
            }
            if let Some(from) = &copy.rebuilt_from {
                self.component(from, from.get_ref());
            }
        }
    }

    fn of_boundaries(&mut self) {
        let ledger = self.ledger;
        for boundary in &ledger.boundaries {
            self.component(&boundary.from, boundary.from.get_ref());
            self.component(&boundary.to, boundary.to.get_ref());
            let correctness = boundary.correctness.as_ref();
            if let Some(owner) = correctness.and_then(|it| it.owner.as_ref()) {
                self.component(owner, owner.get_ref());
            }
            self.facts_in(boundary.carries.as_ref());
        }
    }

    fn of_flows(&mut self) {
        let ledger = self.ledger;
        for step in ledger.flows.iter().flat_map(|flow| &flow.steps) {
            self.facts_in(step.writes.as_ref());
            self.facts_in(step.decides.as_ref());
            if ledger.crossed_by(step).is_none() {
                let (from, to) = (step.from.get_ref(), step.to.get_ref());
                let finding = Finding::at(RULE, Severity::Error, &step.from)
                    .about([from.as_str(), to])
                    .saying(format!("There is no boundary from `{from}` to `{to}`."));
                self.found.push(finding);
            }
        }
    }

    fn facts_in(&mut self, names: Option<&Spanned<Names>>) {
        if let Some(names) = names.filter(|_| !self.facts.is_empty()) {
            for name in &names.get_ref().0 {
                self.fact(names, name);
            }
        }
    }

    fn component<T>(&mut self, place: &Spanned<T>, name: &str) {
        if self.ledger.component(name).is_some() || answered(name).is_none() {
            return;
        }
        let known = self
            .ledger
            .components
            .iter()
            .map(|it| it.name.get_ref().as_str());
        let meant = suggestion(name, known);
        let finding = Finding::at(RULE, Severity::Error, place)
            .about([name])
            .saying(format!("There is no component `{name}`.{meant}"));
        self.found.push(finding);
    }

    fn fact<T>(&mut self, place: &Spanned<T>, name: &str) {
        if self.facts.contains(name) || answered(name).is_none() {
            return;
        }
        let meant = suggestion(name, self.facts.iter().copied());
        let finding = Finding::at(RULE, Severity::Error, place)
            .about([name])
            .saying(format!("There is no fact `{name}`.{meant}"));
        self.found.push(finding);
    }

    fn twice(&mut self) {
        let ledger = self.ledger;
        let mut seen = HashSet::new();
        for component in &ledger.components {
            let name = component.name.get_ref();
            if !seen.insert(name) {
                let finding = Finding::at(RULE, Severity::Error, &component.name)
                    .about([name.as_str()])
                    .saying(format!(
                        "The component `{name}` is here twice; which one is meant?"
                    ));
                self.found.push(finding);
            }
        }
        let mut seen = HashSet::new();
        for boundary in &ledger.boundaries {
            let (from, to) = (boundary.from.get_ref(), boundary.to.get_ref());
            if !seen.insert((from, to)) {
                let finding = Finding::at(RULE, Severity::Error, &boundary.from)
                    .about([from.as_str(), to])
                    .saying(format!(
                        "The boundary from `{from}` to `{to}` is here twice."
                    ));
                self.found.push(finding);
            }
        }
        let mut seen = HashSet::new();
        for flow in &ledger.flows {
            let name = flow.name.get_ref();
            if !seen.insert(name) {
                let finding = Finding::at(RULE, Severity::Error, &flow.name)
                    .about([name.as_str()])
                    .saying(format!("The flow `{name}` is here twice."));
                self.found.push(finding);
            }
        }
    }
}

/// How many names are compared to find the one that was meant.
const COMPARED: usize = 1_000;

/// ` Did you mean …?`, or nothing.
pub fn suggestion<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let limit = 1 + name.chars().count() / 4;
    let near = known
        .take(COMPARED)
        .map(|other| (distance(name, other, limit), other));
    let nearest = near.filter(|(far, _)| *far <= limit).min();
    nearest.map_or(String::new(), |(_, other)| {
        format!(" Did you mean `{other}`?")
    })
}

/// How many letters have to be put in, left out or changed; more than `limit` is told as that.
fn distance(one: &str, other: &str, limit: usize) -> usize {
    let one: Vec<char> = one.chars().take(64).collect();
    let other: Vec<char> = other.chars().take(64).collect();
    if one.len().abs_diff(other.len()) > limit {
        return limit + 1;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, a) in one.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (to, b) in other.iter().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[to + 1];
            row[to + 1] = changed.min(row[to] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
