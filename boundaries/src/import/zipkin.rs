//! Dependency links of Zipkin, and of Jaeger, which wraps them in `data`: the only imported format with
//! real calls, and how often they were made. It does not show what did not run or is not instrumented.

use super::Imported;
use serde_json::Value;

pub(super) fn read(file: &str, text: &str, found: &mut Imported) -> Result<(), String> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let line = error.line().max(1);
        format!("{file}:{line}: {error}")
    })?;
    let links = value.as_array().or_else(|| value["data"].as_array());
    let links = links.ok_or_else(|| format!("{file}:1: no list of dependency links"))?;
    for (at, link) in links.iter().enumerate() {
        let (Some(from), Some(to)) = (link["parent"].as_str(), link["child"].as_str()) else {
            return Err(format!(
                "{file}:1: link {} has no `parent` and `child`",
                at + 1
            ));
        };
        let origin = format!("{file} link {}", at + 1);
        for name in [from, to] {
            let technology = super::technology::of(name);
            let part = found.part(name, origin.clone());
            part.role.get_or_insert(technology.role);
        }
        let calls = link["callCount"].as_u64().unwrap_or(0);
        let errors = link["errorCount"].as_u64().unwrap_or(0);
        let messages = super::technology::of(to).carries_messages;
        if let Some(line) = found.line(from, to, origin) {
            line.mode = Some(if messages { "asynchronous" } else { "network" });
            line.notes.insert(format!(
                "{calls} calls and {errors} errors were seen: a figure for a pressure, once it has a period"
            ));
        }
    }
    Ok(())
}
