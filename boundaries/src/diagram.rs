//! A ledger as a picture: Mermaid, DOT, or SVG in the course's colours by role.

use ledger::Ledger;
use ledger::form::{Boundary, Mode, Role};
use std::collections::HashMap;
use std::fmt::Write as _;

/// Mermaid, which GitHub draws.
pub fn mermaid(ledger: &Ledger) -> String {
    let mut text = String::from("flowchart LR\n");
    for (at, component) in ledger.components.iter().enumerate() {
        let name = mermaid_text(component.name.get_ref());
        let (open, close) = match component.role {
            Role::Authority => ("[(", ")]"),
            Role::Cache | Role::Edge => ("([", "])"),
            Role::Derived => ("[/", "/]"),
            Role::Worker => ("{{", "}}"),
            Role::Service => ("[", "]"),
            Role::Client => ("((", "))"),
        };
        let _ = writeln!(
            text,
            "  c{at}{open}\"{name}<br>{}\"{close}",
            role(component.role)
        );
    }
    for (from, to, boundary) in edges(ledger) {
        let label = mermaid_text(&label(boundary));
        let arrow = match boundary.mode {
            Mode::Asynchronous => "-.->",
            Mode::InProcess => "---",
            _ => "-->",
        };
        let label = if label.is_empty() {
            label
        } else {
            format!("|\"{label}\"|")
        };
        let _ = writeln!(text, "  c{from} {arrow}{label} c{to}");
    }
    text
}

/// DOT, for Graphviz.
pub fn dot(ledger: &Ledger) -> String {
    let mut text = String::from("digraph boundaries {\n  rankdir=LR;\n  node [shape=box];\n");
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
    for (at, component) in ledger.components.iter().enumerate() {
        let name = quoted(component.name.get_ref());
        let colour = colour(component.role);
        let _ = writeln!(
            text,
            "  c{at} [label=\"{name}\\n{}\", color=\"{colour}\"];",
            role(component.role)
        );
    }
    for (from, to, boundary) in edges(ledger) {
        let style = match boundary.mode {
            Mode::Asynchronous => "dashed",
            Mode::InProcess => "bold",
            _ => "solid",
        };
        let label = quoted(&label(boundary));
        let _ = writeln!(
            text,
            "  c{from} -> c{to} [label=\"{label}\", style={style}];"
        );
    }
    text + "}\n"
}

/// SVG, in columns by a component's distance from where requests come in.
pub fn svg(ledger: &Ledger) -> String {
    const WIDE: usize = 190;
    const HIGH: usize = 80;
    let columns = columns(ledger);
    let mut filled: HashMap<usize, usize> = HashMap::new();
    let places: Vec<_> = columns
        .iter()
        .map(|column| {
            let row = filled.entry(*column).or_default();
            *row += 1;
            (20 + column * WIDE, 20 + (*row - 1) * HIGH)
        })
        .collect();
    let width = 20 + WIDE * (1 + columns.iter().max().copied().unwrap_or(0));
    let height = 20 + HIGH * filled.values().max().copied().unwrap_or(1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         font-family=\"system-ui, sans-serif\" font-size=\"13\">\n<title>{} components and {} \
         boundaries</title>\n",
        ledger.components.len(),
        ledger.boundaries.len()
    );
    for (from, to, boundary) in edges(ledger) {
        let ((x1, y1), (x2, y2)) = (places[from], places[to]);
        let dashes = match boundary.mode {
            Mode::Asynchronous => " stroke-dasharray=\"5 4\"",
            _ => "",
        };
        let thick = if boundary.mode == Mode::InProcess {
            3
        } else {
            1
        };
        let (x1, x2) = if x1 < x2 {
            (x1 + 130, x2)
        } else {
            (x1, x2 + 130)
        };
        let (y1, y2) = (y1 + 22, y2 + 22);
        let _ = writeln!(
            text,
            "<line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\" stroke=\"currentColor\" \
             stroke-width=\"{thick}\"{dashes}/><circle cx=\"{x2}\" cy=\"{y2}\" r=\"3\" \
             fill=\"currentColor\"/>"
        );
    }
    for (component, (x, y)) in ledger.components.iter().zip(&places) {
        let name: String = component.name.get_ref().chars().take(17).collect();
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"{y}\" width=\"130\" height=\"44\" rx=\"6\" fill=\"none\" \
             stroke=\"{}\" stroke-width=\"2\"/><text x=\"{}\" y=\"{}\" fill=\"currentColor\">{}</text>\
             <text x=\"{}\" y=\"{}\" fill=\"currentColor\" font-size=\"11\">{}</text>",
            colour(component.role),
            x + 8,
            y + 18,
            xml(&name),
            x + 8,
            y + 35,
            role(component.role)
        );
    }
    text + "</svg>\n"
}

/// The boundaries whose ends are components.
fn edges(ledger: &Ledger) -> impl Iterator<Item = (usize, usize, &Boundary)> {
    ledger.boundaries.iter().filter_map(|boundary| {
        let from = ledger.component_at(boundary.from.get_ref())?;
        let to = ledger.component_at(boundary.to.get_ref())?;
        Some((from, to, boundary))
    })
}

/// How many calls a component is from where requests come in, on the shortest path.
fn columns(ledger: &Ledger) -> Vec<usize> {
    let count = ledger.components.len();
    let mut called = vec![false; count];
    let mut next = vec![Vec::new(); count];
    for (from, to, _) in edges(ledger) {
        called[to] |= from != to;
        next[from].push(to);
    }
    let mut column = vec![usize::MAX; count];
    let mut now: Vec<_> = (0..count).filter(|at| !called[*at]).collect();
    for depth in 0.. {
        let mut later = Vec::new();
        for at in now {
            if column[at] == usize::MAX {
                column[at] = depth;
                later.extend(&next[at]);
            }
        }
        now = later;
        if now.is_empty() {
            // A cycle that nothing leads into has to begin somewhere.
            match column.iter().position(|it| *it == usize::MAX) {
                Some(at) => now.push(at),
                None => break,
            }
        }
    }
    // Columns may have gaps where a cycle began late.
    let mut used: Vec<_> = column.clone();
    used.sort_unstable();
    used.dedup();
    column
        .iter()
        .map(|it| used.binary_search(it).unwrap_or_default())
        .collect()
}

fn label(boundary: &Boundary) -> String {
    let mut parts = Vec::new();
    if let Some(tries) = &boundary.tries {
        parts.push(format!("{} tries", tries.get_ref().0));
    }
    if let Some(timeout) = &boundary.timeout {
        parts.push(timeout.get_ref().to_string());
    }
    parts.join(", ")
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Authority => "authority",
        Role::Cache => "cache",
        Role::Derived => "derived view",
        Role::Worker => "worker",
        Role::Edge => "edge",
        Role::Service => "service",
        Role::Client => "client",
    }
}

/// The course's hues, which are the same in every figure of the book.
fn colour(role: Role) -> &'static str {
    match role {
        Role::Authority => "#1d4f91",
        Role::Cache => "#8a5300",
        Role::Derived => "#1a6b3c",
        Role::Worker => "#6f3aa8",
        Role::Edge => "#a82861",
        Role::Service | Role::Client => "#6f7988",
    }
}

fn mermaid_text(text: &str) -> String {
    text.replace('"', "#quot;").replace(['\n', '<', '>'], " ")
}

fn xml(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
