//! Kubernetes manifests: workloads, the services in front of them, and addresses in their environment.
//!
//! Addresses in a `ConfigMap` are ignored: one that all workloads share would give each of them every
//! address.

use super::Imported;
use super::compose::possible;
use super::technology::{self, addresses, is_for_address};
use super::yaml::{Document, line_of};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

const WORKLOADS: [&str; 6] = [
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Pod",
    "Job",
    "CronJob",
];

/// A workload of the file.
struct Workload<'a> {
    name: &'a str,
    pod: &'a Value,
    labels: &'a Value,
    line: usize,
    kind: &'a str,
}

pub(super) fn read(file: &str, text: &str, documents: &[Document], found: &mut Imported) {
    let workloads: Vec<_> = documents.iter().filter_map(workload).collect();
    let mut hosts: BTreeMap<&str, &str> = BTreeMap::new();
    for document in documents {
        let value = &document.value;
        let Some(name) = value["metadata"]["name"].as_str() else {
            continue;
        };
        if value["kind"] == "Service" {
            let selector = &value["spec"]["selector"];
            let behind = workloads.iter().find(|it| selects(selector, it.labels));
            if let Some(behind) = behind {
                hosts.insert(name, behind.name);
            }
        }
    }
    for workload in &workloads {
        hosts.entry(workload.name).or_insert(workload.name);
        describe(file, workload, found);
    }
    let mut strings: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for workload in &workloads {
        for (variable, value) in environment(workload.pod) {
            for address in addresses(&value) {
                let host = address.host.split('.').next().unwrap_or(address.host);
                let said = address.port || (value == address.host && is_for_address(&variable));
                if let (Some(to), true) = (hosts.get(host), said) {
                    let line = line_of(text, workload.line, &value);
                    let origin = format!("{file}:{line} address in {variable}");
                    possible(found, workload.name, to, origin);
                }
            }
            if value.contains("://") && technology::of(&value).role == "authority" {
                strings.entry(value).or_default().insert(workload.name);
            }
        }
    }
    outside(file, text, &strings, &hosts, found);
}

/// Stores that are named only by an address, and that several workloads use.
fn outside(
    file: &str,
    text: &str,
    strings: &BTreeMap<String, BTreeSet<&str>>,
    hosts: &BTreeMap<&str, &str>,
    found: &mut Imported,
) {
    for (value, users) in strings {
        let all = addresses(value);
        let Some(address) = all.first() else {
            continue;
        };
        let technology = technology::of(value);
        if !hosts.contains_key(address.host) && technology.role == "authority" {
            let line = line_of(text, 1, value);
            let part = found.part(address.host, format!("{file}:{line}"));
            part.role = Some("authority");
            part.notes
                .insert("named only by an address; no file describes it".to_owned());
            for user in users {
                possible(found, user, address.host, format!("{file}:{line} address"));
            }
        }
        if users.len() > 1 {
            let users: Vec<_> = users.iter().copied().collect();
            found.notes.push(format!(
                "{} have the same address of `{}`: do several of them write there?",
                users.join(", "),
                address.host
            ));
        }
    }
}

fn workload(document: &Document) -> Option<Workload<'_>> {
    let value = &document.value;
    let kind = value["kind"]
        .as_str()
        .filter(|kind| WORKLOADS.contains(kind))?;
    let name = value["metadata"]["name"].as_str()?;
    let spec = &value["spec"];
    let (pod, labels) = match kind {
        "Pod" => (spec, &value["metadata"]["labels"]),
        "CronJob" => {
            let template = &spec["jobTemplate"]["spec"]["template"];
            (&template["spec"], &template["metadata"]["labels"])
        }
        _ => (
            &spec["template"]["spec"],
            &spec["template"]["metadata"]["labels"],
        ),
    };
    Some(Workload {
        name,
        pod,
        labels,
        line: document.line,
        kind,
    })
}

fn selects(selector: &Value, labels: &Value) -> bool {
    let Some(selector) = selector.as_object() else {
        return false;
    };
    !selector.is_empty()
        && selector
            .iter()
            .all(|(key, value)| &labels[key.as_str()] == value)
}

fn describe(file: &str, workload: &Workload<'_>, found: &mut Imported) {
    let containers = || workload.pod["containers"].as_array().into_iter().flatten();
    let images: Vec<_> = containers().filter_map(|it| it["image"].as_str()).collect();
    let empty = workload.pod["volumes"].as_array().into_iter().flatten();
    let empty = empty.filter(|it| !it["emptyDir"].is_null());
    let empty: Vec<_> = empty.filter_map(|it| it["name"].as_str()).collect();
    let part = found.part(workload.name, format!("{file}:{}", workload.line));
    let all = images.join(" ");
    let technology = technology::of(if all.is_empty() { workload.name } else { &all });
    part.role = Some(match workload.kind {
        "Job" | "CronJob" => "worker",
        _ => technology.role,
    });
    part.scope = Some("cluster");
    for image in images {
        part.notes.insert(format!("image {image}"));
    }
    let holds = matches!(technology.role, "authority" | "cache");
    if holds && !empty.is_empty() {
        part.notes.insert(format!(
            "its volume `{}` is an emptyDir: what it holds is gone with its pod. May it be?",
            empty.join("`, `")
        ));
    }
}

/// The variables and arguments of a pod's containers.
fn environment(pod: &Value) -> Vec<(String, String)> {
    let containers = pod["containers"].as_array().into_iter().flatten();
    let mut all = Vec::new();
    for container in containers {
        let variables = container["env"].as_array().into_iter().flatten();
        all.extend(variables.filter_map(|it| {
            let name = it["name"].as_str()?;
            Some((name.to_owned(), it["value"].as_str()?.to_owned()))
        }));
        for key in ["args", "command"] {
            let words = container[key].as_array().into_iter().flatten();
            let words = words.filter_map(Value::as_str);
            all.extend(words.map(|it| (key.to_owned(), it.to_owned())));
        }
    }
    all
}
