//! Compose files: services, what their images suggest, and addresses in their environment.

use super::Imported;
use super::technology::{self, addresses, is_for_address};
use super::yaml::{Blocks, Document};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn read(file: &str, text: &str, documents: &[Document], found: &mut Imported) {
    let services = documents
        .iter()
        .filter_map(|it| it.value["services"].as_object());
    let services: Vec<_> = services.flatten().collect();
    let names: BTreeSet<&str> = services.iter().map(|(name, _)| name.as_str()).collect();
    let mut strings: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let environments: Vec<_> = services
        .iter()
        .map(|(_, service)| environment(service))
        .collect();
    let blocks = Blocks::under("services", text);
    for (name, service) in &services {
        let line = blocks.line(name);
        describe(format!("{file}:{line}"), name, service, found);
    }
    for ((name, service), environment) in services.iter().zip(&environments) {
        for (on, line) in started_after(service, name, &blocks) {
            if names.contains(on.as_str()) {
                let origin = format!("{file}:{line} depends_on (a start order, and no call)");
                possible(found, name, &on, origin);
            }
        }
        for (variable, value) in environment {
            for address in addresses(value) {
                let whole = value == address.host;
                let said =
                    address.port || (whole && is_for_address(variable)) || variable.is_empty();
                if names.contains(address.host) && said && address.host != name.as_str() {
                    let line = blocks.line_with(name, &[variable, address.host]);
                    let origin = format!("{file}:{line} address in {variable}");
                    possible(found, name, address.host, origin);
                }
            }
            if value.contains("://") && technology::of(value).role == "authority" {
                // Each of them may log in under its own name.
                let place = value.rsplit_once('@').map_or(value.as_str(), |it| it.1);
                strings.entry(place).or_default().push(name);
            }
        }
    }
    for (value, users) in strings {
        let shared: BTreeSet<_> = users.iter().copied().collect();
        if let (true, Some(address)) = (shared.len() > 1, addresses(value).first()) {
            let users: Vec<_> = shared.into_iter().collect();
            found.notes.push(format!(
                "{} have the same address of `{}`: do several of them write there?",
                users.join(", "),
                address.host
            ));
        }
    }
}

fn describe(origin: String, name: &str, service: &Value, found: &mut Imported) {
    let image = service["image"].as_str().unwrap_or("");
    let technology = technology::of(if image.is_empty() { name } else { image });
    let part = found.part(name, origin);
    part.role = Some(technology.role);
    part.scope = Some("machine");
    if !image.is_empty() {
        part.notes.insert(format!("image {image}"));
    }
    if technology.watches {
        part.notes
            .insert("watches the system, and serves no user".to_owned());
    }
    let durable = service["volumes"]
        .as_array()
        .is_some_and(|it| !it.is_empty());
    if matches!(technology.role, "authority" | "cache") && !durable {
        part.notes
            .insert("no volume: what it holds is gone with its container. May it be?".to_owned());
    }
}

/// A boundary that an address or a start order allows.
pub(super) fn possible(found: &mut Imported, from: &str, to: &str, origin: String) {
    let image = found
        .parts
        .get(to)
        .map(|part| part.notes.iter().cloned().collect::<String>());
    let technology = technology::of(&format!("{to} {}", image.unwrap_or_default()));
    if let Some(line) = found.line(from, to, origin) {
        line.mode = Some(if technology.carries_messages {
            "asynchronous"
        } else {
            "network"
        });
        if technology.watches {
            line.notes
                .insert("telemetry, probably: no user waits for it".to_owned());
        }
    }
}

/// The services that are started before this one, with the lines that say so.
fn started_after(service: &Value, service_name: &str, blocks: &Blocks<'_>) -> Vec<(String, usize)> {
    let names: Vec<String> = match &service["depends_on"] {
        Value::Array(list) => list
            .iter()
            .filter_map(|it| it.as_str().map(str::to_owned))
            .collect(),
        Value::Object(map) => map.keys().cloned().collect(),
        _ => Vec::new(),
    };
    let links = service["links"].as_array().into_iter().flatten();
    let links = links.filter_map(|it| it.as_str()?.split(':').next().map(str::to_owned));
    let all = names.into_iter().chain(links);
    all.map(|name| {
        let at = blocks.line_with(service_name, &["depends_on", &name]);
        (name, at)
    })
    .collect()
}

/// The variables of a service, as a list or a map, and its command as a variable without a name.
fn environment(service: &Value) -> Vec<(String, String)> {
    let told = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let mut all = Vec::new();
    match &service["environment"] {
        Value::Array(list) => {
            let texts = list.iter().filter_map(Value::as_str);
            let pairs = texts.filter_map(|it| it.split_once('='));
            all.extend(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())));
        }
        Value::Object(map) => {
            let pairs = map
                .iter()
                .filter_map(|(name, value)| Some((name.clone(), told(value)?)));
            all.extend(pairs);
        }
        _ => {}
    }
    for key in ["command", "entrypoint"] {
        match &service[key] {
            Value::String(text) => all.push((key.to_owned(), text.clone())),
            Value::Array(list) => {
                let texts = list.iter().filter_map(told);
                all.extend(texts.map(|text| (key.to_owned(), text)));
            }
            _ => {}
        }
    }
    all
}
