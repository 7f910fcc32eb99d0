//! The boundaries as a graph (given).

use ledger::form::{Boundary, Ledger, Mode};
use petgraph::graph::{DiGraph, NodeIndex};

/// The calls whose caller waits for an answer: the components, and the boundaries between them that
/// are not asynchronous.
///
/// A boundary with an end that is not a component of the ledger is left out: that is a finding of
/// another rule. A node's weight is the component's index in [`Ledger::components`].
pub struct Calls<'a> {
    /// The graph, for [`petgraph::algo`].
    pub graph: DiGraph<usize, &'a Boundary>,
}

impl<'a> Calls<'a> {
    /// The calls of a ledger.
    pub fn of(ledger: &'a Ledger) -> Self {
        let edges = ledger.boundaries.len();
        let mut graph = DiGraph::with_capacity(ledger.components.len(), edges);
        for at in 0..ledger.components.len() {
            graph.add_node(at);
        }
        for boundary in &ledger.boundaries {
            let from = ledger.component_at(boundary.from.get_ref());
            let to = ledger.component_at(boundary.to.get_ref());
            if let (Some(from), Some(to)) = (from, to)
                && boundary.mode != Mode::Asynchronous
            {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(to), boundary);
            }
        }
        Self { graph }
    }
}
