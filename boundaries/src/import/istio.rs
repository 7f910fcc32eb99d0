//! What a mesh does with calls: tries and timeouts, of Istio's virtual services and the Gateway API.
//!
//! `attempts` counts retries in both, so N of them are N + 1 tries. Without it, Istio makes two retries,
//! which are three tries; the Gateway API promises none.

use super::Imported;
use super::yaml::Document;
use serde_json::Value;

/// What a mesh does with calls to one host.
#[derive(Clone, Debug)]
pub struct Route {
    host: String,
    origin: String,
    tries: u64,
    per_try: Option<String>,
    timeout: Option<String>,
    retry_on: Option<String>,
    note: &'static str,
}

pub(super) fn read(file: &str, _text: &str, documents: &[Document], found: &mut Imported) {
    for document in documents {
        let value = &document.value;
        let origin = format!("{file}:{}", document.line);
        match value["kind"].as_str() {
            Some("VirtualService") => virtual_service(value, &origin, found),
            Some("HTTPRoute") => http_route(value, &origin, found),
            _ => {}
        }
    }
}

fn virtual_service(value: &Value, origin: &str, found: &mut Imported) {
    let hosts = value["spec"]["hosts"].as_array().into_iter().flatten();
    let hosts: Vec<_> = hosts.filter_map(Value::as_str).collect();
    for rule in value["spec"]["http"].as_array().into_iter().flatten() {
        let targets = rule["route"].as_array().into_iter().flatten();
        let mut targets: Vec<_> = targets
            .filter_map(|it| it["destination"]["host"].as_str())
            .collect();
        if targets.is_empty() {
            targets.clone_from(&hosts);
        }
        targets.sort_unstable();
        targets.dedup();
        let retries = &rule["retries"];
        let attempts = retries["attempts"].as_u64();
        for target in targets {
            found.routes.push(Route {
                host: short(target),
                origin: origin.to_owned(),
                tries: attempts
                    .unwrap_or(2)
                    .saturating_add(1)
                    .min(u64::from(u32::MAX)),
                per_try: duration(&retries["perTryTimeout"]),
                timeout: duration(&rule["timeout"]),
                retry_on: match attempts {
                    None => Some("[\"connect\", \"error\"]".to_owned()),
                    Some(_) => retries["retryOn"].as_str().and_then(retry_on),
                },
                note: match attempts {
                    None => "no retries written: Istio then makes 2, which are 3 tries",
                    Some(_) => "Istio's `attempts` counts retries: tries are one more",
                },
            });
        }
    }
}

fn http_route(value: &Value, origin: &str, found: &mut Imported) {
    for rule in value["spec"]["rules"].as_array().into_iter().flatten() {
        let targets = rule["backendRefs"].as_array().into_iter().flatten();
        let attempts = rule["retry"]["attempts"].as_u64();
        for target in targets.filter_map(|it| it["name"].as_str()) {
            let timeouts = &rule["timeouts"];
            found.routes.push(Route {
                host: short(target),
                origin: origin.to_owned(),
                tries: attempts.unwrap_or(0).saturating_add(1).min(u64::from(u32::MAX)),
                per_try: duration(&timeouts["backendRequest"]),
                timeout: duration(&timeouts["request"]),
                retry_on: None,
                note: "the Gateway API's `attempts` counts retries; an implementation may make some \
                       where none are written",
            });
        }
    }
}

/// Adds to the boundaries to a host what the mesh does with their calls.
pub(super) fn apply(found: &mut Imported) {
    let routes = std::mem::take(&mut found.routes);
    for route in &routes {
        let callers: Vec<_> = found
            .lines
            .keys()
            .filter(|(_, to)| *to == route.host)
            .cloned()
            .collect();
        let lines = if callers.is_empty() {
            // The caller is not stated: the mesh stands for any caller.
            let part = found.part(&route.host, route.origin.clone());
            part.scope = Some("cluster");
            let mesh = found.part("mesh", route.origin.clone());
            mesh.role = Some("client");
            mesh.notes
                .insert("stands for any caller; no file names the callers".to_owned());
            vec![("mesh".to_owned(), route.host.clone())]
        } else {
            callers
        };
        for (from, to) in lines {
            let origin = format!("{} route", route.origin);
            if let Some(line) = found.line(&from, &to, origin) {
                line.mode.get_or_insert("network");
                line.values.insert("tries", route.tries.to_string());
                let quoted = |text: &String| format!("\"{text}\"");
                for (key, value) in [
                    ("per_try", route.per_try.as_ref().map(quoted)),
                    ("timeout", route.timeout.as_ref().map(quoted)),
                    ("retry_on", route.retry_on.clone()),
                ] {
                    if let Some(value) = value {
                        line.values.insert(key, value);
                    }
                }
                line.notes.insert(route.note.to_owned());
            }
        }
    }
}

/// `reviews.prod.svc.cluster.local` is `reviews`.
fn short(host: &str) -> String {
    host.split('.').next().unwrap_or(host).to_owned()
}

/// `1m30s`, `250ms`, `2s` as a duration of the ledger.
fn duration(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let mut milliseconds = 0.0_f64;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let unit: String = rest[end..]
            .chars()
            .take_while(char::is_ascii_alphabetic)
            .collect();
        milliseconds += number
            * match unit.as_str() {
                "ms" => 1.0,
                "s" => 1_000.0,
                "m" => 60_000.0,
                "h" => 3_600_000.0,
                _ => return None,
            };
        rest = &rest[end + unit.len()..];
    }
    (milliseconds > 0.0 && milliseconds < 1e12).then(|| format!("{milliseconds} ms"))
}

/// Envoy's conditions, in the ledger's three kinds.
fn retry_on(conditions: &str) -> Option<String> {
    let mut kinds = Vec::new();
    for condition in conditions.split(',').map(str::trim) {
        let some: &[&str] = match condition {
            "connect-failure" | "refused-stream" => &["connect"],
            "gateway-error" | "5xx" | "reset" | "retriable-4xx" => &["error", "timeout"],
            "unavailable" | "cancelled" | "resource-exhausted" | "internal" => &["error"],
            "deadline-exceeded" => &["timeout"],
            _ => &[],
        };
        for kind in some {
            if !kinds.contains(kind) {
                kinds.push(*kind);
            }
        }
    }
    let kinds: Vec<_> = kinds.iter().map(|kind| format!("\"{kind}\"")).collect();
    (!kinds.is_empty()).then(|| format!("[{}]", kinds.join(", ")))
}
