//! B301: retries that multiply.

use crate::calls::Calls;
use ledger::form::{Boundary, RetryOn};
use ledger::{Finding, Ledger, Rule, Severity};
use petgraph::algo::kosaraju_scc;
use petgraph::visit::EdgeRef;

/// See the module.
pub const RULE: Rule = Rule {
    id: "B301",
    name: "retry-amplification",
    finds: "a boundary whose tries, times those of every layer above it, are too many",
};

/// A bad day. The two do not combine: a layer is slow or it is absent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Day {
    /// Connections are accepted, but answers do not arrive in time.
    Slow,
    /// Nothing accepts a connection.
    Absent,
}

/// How often one call tries on such a day, including the first try, within its retry budget.
pub fn tries_on(boundary: &Boundary, day: Day) -> f64 {
    let tries = boundary.tries.as_ref().map_or(1, |it| it.get_ref().0);
    // On either day the layers above get an error.
    let retries = boundary.retry_on.as_ref().is_none_or(|on| {
        on.get_ref().iter().any(|on| match on {
            RetryOn::Connect => day == Day::Absent,
            RetryOn::Timeout => day == Day::Slow,
            RetryOn::Error => true,
        })
    });
    if !retries {
        return 1.0;
    }
    let budget = boundary.retry_budget.as_ref();
    let allowed = budget.map_or(f64::INFINITY, |ratio| 1.0 + ratio.get_ref().0);
    f64::from(tries).min(allowed)
}

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let calls = Calls::of(ledger);
    let slow = products(&calls, Day::Slow);
    let absent = products(&calls, Day::Absent);
    let limits = ledger.limits;
    let found = calls.graph.edge_indices().filter_map(|edge| {
        let boundary = calls.graph[edge];
        let (slow, absent) = (slow[edge.index()]?, absent[edge.index()]?);
        // Only a boundary that retries on that day causes the product.
        let blame = |day, product| if tries_on(boundary, day) > 1.0 { product } else { 1.0 };
        let (slow, absent) = (blame(Day::Slow, slow), blame(Day::Absent, absent));
        let worst = slow.max(absent);
        if worst <= limits.tries_warning {
            return None;
        }
        let severity = if worst > limits.tries_error {
            Severity::Error
        } else {
            Severity::Warning
        };
        let tries = boundary.tries.as_ref()?;
        let (from, to) = (boundary.from.get_ref(), boundary.to.get_ref());
        Some(
            Finding::at(RULE, severity, tries)
                .about([from.as_str(), to])
                .with_figure(worst)
                .saying(format!(
                    "One action at the top can become {worst:.0} calls here ({slow:.0} when `{to}` is \
                     slow, {absent:.0} when it is absent). Retry at one layer, or give the others a \
                     `retry_budget`."
                )),
        )
    });
    found.collect()
}

// ANCHOR: products
/// For each boundary, the largest product of calls and tries over a path that ends with it; `None`
/// inside a cycle, which has no largest one.
///
/// One pass over the graph in the order of its calls, with each cycle treated as one place. Listing the
/// paths instead would take time that doubles with each diamond.
fn products(calls: &Calls<'_>, day: Day) -> Vec<Option<f64>> {
    let graph = &calls.graph;
    let cycles = kosaraju_scc(graph);
    let mut place = vec![0; graph.node_count()];
    for (at, cycle) in cycles.iter().enumerate() {
        for node in cycle {
            place[node.index()] = at;
        }
    }
    let mut arriving = vec![1.0_f64; cycles.len()];
    let mut products = vec![None; graph.edge_count()];
    // In this order callees come first.
    for (at, cycle) in cycles.iter().enumerate().rev() {
        for edge in cycle.iter().flat_map(|node| graph.edges(*node)) {
            let to = place[edge.target().index()];
            if to == at {
                continue;
            }
            let boundary = edge.weight();
            let calls = boundary.calls.as_ref().map_or(1, |it| it.get_ref().0);
            let product = arriving[at] * f64::from(calls) * tries_on(boundary, day);
            products[edge.id().index()] = Some(product);
            arriving[to] = arriving[to].max(product);
        }
    }
    products
}
// ANCHOR_END: products
