//! Calls as numbers.

use ledger::form::{Boundary, Ledger, Mode};

/// The synchronous calls, by the indexes of their components.
pub struct Graph<'a> {
    pub calls: Vec<(usize, usize, &'a Boundary)>,
    /// Which group each component is in. A group is only called by groups with higher numbers.
    pub group: Vec<usize>,
    pub groups: usize,
}

impl<'a> Graph<'a> {
    pub fn of(ledger: &'a Ledger) -> Self {
        let place = |name: &str| ledger.component_at(name);
        let mut calls = Vec::new();
        for boundary in &ledger.boundaries {
            if boundary.mode == Mode::Asynchronous {
                continue;
            }
            if let (Some(from), Some(to)) =
                (place(boundary.from.get_ref()), place(boundary.to.get_ref()))
            {
                calls.push((from, to, boundary));
            }
        }
        let count = ledger.components.len();
        let mut called = vec![Vec::new(); count];
        let mut callers = vec![Vec::new(); count];
        for (from, to, _) in &calls {
            called[*from].push(*to);
            callers[*to].push(*from);
        }
        // The node that finishes last calls the others. A walk against the calls from there reaches the
        // nodes of one group.
        let mut finished = Vec::with_capacity(count);
        let mut seen = vec![false; count];
        for start in 0..count {
            walk(start, &called, &mut seen, &mut |node| finished.push(node));
        }
        let mut taken = vec![false; count];
        let mut found: Vec<Vec<usize>> = Vec::new();
        for start in finished.into_iter().rev() {
            let mut members = Vec::new();
            walk(start, &callers, &mut taken, &mut |node| members.push(node));
            if !members.is_empty() {
                found.push(members);
            }
        }
        let groups = found.len();
        let mut group = vec![0; count];
        for (at, members) in found.into_iter().enumerate() {
            for member in members {
                group[member] = groups - 1 - at;
            }
        }
        Self {
            calls,
            group,
            groups,
        }
    }
}

/// Walks from a node to every unseen node that it reaches, and reports each one when the walk leaves it.
fn walk(start: usize, next: &[Vec<usize>], seen: &mut [bool], left: &mut impl FnMut(usize)) {
    if seen[start] {
        return;
    }
    seen[start] = true;
    let mut stack = vec![(start, 0)];
    while let Some((node, at)) = stack.pop() {
        if let Some(to) = next[node].get(at) {
            stack.push((node, at + 1));
            if !seen[*to] {
                seen[*to] = true;
                stack.push((*to, 0));
            }
        } else {
            left(node);
        }
    }
}
