//! Slow days and absent days, budgets, fan-out, and the product against a model.

use crate::world::{ERROR, WARNING, call, figure, figures, finds, parts, read, silent};
use proptest::prelude::*;
use review::Severity;
use review::rules::retry_amplification::check;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use testbed::{for_all, live};

const DAYS: &str = "A layer is slow or it is absent. Retries that happen on only one of the two days \
                    multiply only on that day, and the worse day counts.";
const BUDGET: &str = "A retry budget caps what a layer adds: one call, and its share of retries.";

fn tries(from: &str, to: &str, rest: &str) -> String {
    call(from, to, rest)
}

/// **R5** Retries on connecting and retries on timeouts happen on different days, and never multiply
/// each other; retries on errors happen on both.
#[test]
fn the_two_days_are_kept_apart() {
    let chain = |a: &str, b: &str| {
        parts("page client, api service, store authority")
            + &tries("page", "api", &format!("tries = 4\nretry_on = [{a}]"))
            + &tries("api", "store", &format!("tries = ⟦4⟧\nretry_on = [{b}]"))
    };
    let both = [(ERROR, "api -> store")];
    let plain = |text: String| text.replace(['⟦', '⟧'], "");
    silent(DAYS, check, &plain(chain("\"connect\"", "\"timeout\"")));
    silent(DAYS, check, &plain(chain("\"timeout\"", "\"connect\"")));
    finds(DAYS, check, &chain("\"connect\"", "\"connect\""), &both);
    finds(DAYS, check, &chain("\"timeout\"", "\"timeout\""), &both);
    finds(DAYS, check, &chain("\"error\"", "\"timeout\""), &both);
    finds(DAYS, check, &chain("\"connect\"", "\"error\""), &both);
    finds(
        DAYS,
        check,
        &chain("\"connect\", \"timeout\"", "\"timeout\""),
        &both,
    );
    silent(DAYS, check, &plain(chain("", "\"timeout\"")));
}

/// **R5** On a day without retries a boundary is not a finding, whatever arrives at it.
#[test]
fn blame_is_by_the_day() {
    let text = parts("page client, api service, store authority")
        + &tries("page", "api", "tries = ⟦6⟧\nretry_on = [\"timeout\"]")
        + &tries("api", "store", "tries = 2\nretry_on = [\"connect\"]");
    let one = [(WARNING, "page -> api")];
    finds(DAYS, check, &text, &one);
}

/// **R5** A budget of a fifth makes ten tries 1.2, and one of 0 makes them one.
#[test]
fn a_budget_caps_the_tries() {
    let chain = |budget: &str| {
        parts("page client, api service, store authority")
            + &tries("page", "api", "tries = 3")
            + &tries(
                "api",
                "store",
                &format!("tries = 10\nretry_budget = {budget}"),
            )
    };
    silent(BUDGET, check, &chain("0.2"));
    silent(BUDGET, check, &chain("0.0"));
    // 4.5 is more than 4: the products are not whole numbers.
    let text = chain("0.5").replace("= 10", "= ⟦10⟧");
    finds(BUDGET, check, &text, &[(WARNING, "api -> store")]);
    let text = chain("1.0").replace("= 10", "= ⟦10⟧");
    finds(BUDGET, check, &text, &[(WARNING, "api -> store")]);
    let text = chain("20").replace("= 10", "= ⟦10⟧");
    finds(BUDGET, check, &text, &[(ERROR, "api -> store")]);
    live(move || {
        let text = parts("page client, api service, store authority")
            + &tries("page", "api", "tries = 5\nretry_budget = 0.5")
            + &tries("api", "store", "tries = 4");
        assert_eq!(figures(check, &text), [6.0], "{BUDGET} 1.5 × 4.");
    });
}

/// **R5** Calls for one request multiply like tries, but alone they are not retries.
#[test]
fn fan_out_multiplies_and_is_no_retry() {
    const FAN: &str = "Each of a request's calls is tried again: calls × tries. A page that makes \
                       forty calls once has no retries.";
    let text = parts("page client, api service, store authority")
        + &tries("page", "api", "calls = 40")
        + &tries("api", "store", "");
    silent(FAN, check, &text);
    let text = parts("page client, api service, store authority")
        + &tries("page", "api", "calls = 3")
        + &tries("api", "store", "calls = 2\ntries = ⟦2⟧");
    finds(FAN, check, &text, &[(ERROR, "api -> store")]);
    live(move || {
        let found = figures(check, &text.replace(['⟦', '⟧'], ""));
        assert_eq!(found, [12.0], "{FAN}");
    });
}

/// **R5** A product beyond every integer type is reported and does not overflow.
#[test]
fn a_product_beyond_all_numbers_is_reported() {
    live(|| {
        let mut text = parts("n0 client");
        for at in 1..=400 {
            text += &parts(&format!("n{at} service"));
            let rest = "tries = 4294967295\ncalls = 4294967295";
            text += &tries(&format!("n{}", at - 1), &format!("n{at}"), rest);
        }
        let found = figures(check, &text);
        assert_eq!(
            found.len(),
            400,
            "Each of the 400 boundaries retries too often."
        );
        let last = found[399];
        assert!(
            last > 1e300,
            "Sixteen more digits a layer do not fit into an integer; the last is given as {last}."
        );
    });
}

/// What a finding is about, with its severity and its figure.
type Findings = BTreeMap<String, (Severity, String)>;

/// A boundary of the model, as text.
#[derive(Clone)]
struct Edge {
    from: usize,
    to: usize,
    tries: u32,
    calls: u32,
    budget: Option<u8>,
    on: u8,
}

impl Edge {
    fn budget(&self) -> Option<f64> {
        self.budget.map(|halves| f64::from(halves) * 0.5)
    }

    fn retry_on(&self) -> Vec<&'static str> {
        let kinds = ["connect", "timeout", "error"].into_iter().enumerate();
        kinds
            .filter(|(bit, _)| self.on >> bit & 1 == 1)
            .map(|(_, kind)| kind)
            .collect()
    }
}

impl fmt::Debug for Edge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, .. } = self;
        write!(f, "n{from} -> n{to} tries {}", self.tries)?;
        if self.calls > 1 {
            write!(f, ", calls {}", self.calls)?;
        }
        if let Some(budget) = self.budget() {
            write!(f, ", retry_budget {budget}")?;
        }
        if !self.retry_on().is_empty() {
            write!(f, ", retry_on {}", self.retry_on().join("+"))?;
        }
        Ok(())
    }
}

fn edges() -> impl Strategy<Value = Vec<Edge>> {
    let edge = (0..7_usize, 0..7_usize, 1..4_u32, 1..3_u32, 0..6_u8, 0..8_u8);
    let edge = edge.prop_map(|(from, to, tries, calls, budget, on)| Edge {
        from,
        to,
        tries,
        calls,
        budget: (budget < 3).then_some(budget),
        on,
    });
    prop::collection::vec(edge, 1..12)
}

/// **R5** On random graphs, with cycles, budgets, fan-out and both days, the findings are those of a
/// model that knows no graph algorithm.
#[test]
fn random_graphs_have_the_products_of_the_model() {
    live(|| {
        for_all(&edges(), |mut edges| {
            let mut seen = Vec::new();
            edges.retain(|edge| {
                let new = !seen.contains(&(edge.from, edge.to));
                seen.push((edge.from, edge.to));
                new
            });
            let expected = model(&edges);
            let ledger = read(&written(&edges));
            let found = check(&ledger);
            let found: Findings = found
                .iter()
                .map(|it| (it.key(), (it.severity, format!("{:.6}", figure(it)))))
                .collect();
            assert_eq!(
                found, expected,
                "For each boundary that retries: the largest product of a path that ends with it, on \
                 the worse of the two days. Inside a cycle there is none."
            );
        });
    });
}

fn written(edges: &[Edge]) -> String {
    let nodes = (0..7).map(|at| parts(&format!("n{at} service")));
    let edges = edges.iter().map(|edge| {
        let mut rest = format!("tries = {}\ncalls = {}\n", edge.tries, edge.calls);
        if let Some(budget) = edge.budget() {
            let _ = writeln!(rest, "retry_budget = {budget}");
        }
        if !edge.retry_on().is_empty() {
            let _ = writeln!(rest, "retry_on = {:?}", edge.retry_on());
        }
        tries(&format!("n{}", edge.from), &format!("n{}", edge.to), &rest)
    });
    nodes.chain(edges).collect()
}

fn model(edges: &[Edge]) -> Findings {
    // Which node reaches which: repeat until nothing changes.
    let mut reaches = [[false; 7]; 7];
    for _ in 0..7 {
        for edge in edges {
            reaches[edge.from][edge.to] = true;
            for row in &mut reaches {
                if row[edge.from] {
                    row[edge.to] = true;
                }
            }
        }
    }
    let in_cycle = |edge: &Edge| edge.from == edge.to || reaches[edge.to][edge.from];
    let together = |a: usize, b: usize| a == b || (reaches[a][b] && reaches[b][a]);
    let effective = |edge: &Edge, absent: bool| {
        let on = if edge.on == 0 { 7 } else { edge.on };
        let day = if absent { 0b101 } else { 0b110 };
        if on & day == 0 {
            return 1.0;
        }
        let cap = edge.budget().map_or(f64::INFINITY, |it| 1.0 + it);
        f64::from(edge.tries).min(cap)
    };
    let products = |absent: bool| {
        let mut arriving = [1.0_f64; 7];
        for _ in 0..14 {
            for edge in edges {
                if !in_cycle(edge) {
                    let product =
                        arriving[edge.from] * f64::from(edge.calls) * effective(edge, absent);
                    for (at, known) in arriving.iter_mut().enumerate() {
                        if together(at, edge.to) {
                            *known = known.max(product);
                        }
                    }
                }
            }
        }
        arriving
    };
    let (slow, absent) = (products(false), products(true));
    let mut expected = BTreeMap::new();
    for edge in edges.iter().filter(|edge| !in_cycle(edge)) {
        let on = |day: [f64; 7], is_absent| {
            let own = effective(edge, is_absent);
            let product = day[edge.from] * f64::from(edge.calls) * own;
            if own > 1.0 { product } else { 1.0 }
        };
        let worst = on(slow, false).max(on(absent, true));
        let severity = if worst > 9.0 {
            Severity::Error
        } else {
            Severity::Warning
        };
        if worst > 4.0 {
            let key = format!("n{} -> n{}", edge.from, edge.to);
            expected.insert(key, (severity, format!("{worst:.6}")));
        }
    }
    expected
}
