//! Backstage catalog entities: owners, and stated dependencies.

use super::Imported;
use super::compose::possible;
use super::technology;
use super::yaml::Document;
use serde_json::Value;

pub(super) fn read(file: &str, _text: &str, documents: &[Document], found: &mut Imported) {
    let mut wants = Vec::new();
    for document in documents {
        let value = &document.value;
        let kind = value["kind"].as_str().unwrap_or("");
        let Some(name) = value["metadata"]["name"].as_str() else {
            continue;
        };
        if !["Component", "Resource"].contains(&kind) {
            continue;
        }
        let spec = &value["spec"];
        let origin = format!("{file}:{}", document.line);
        let part = found.part(name, origin.clone());
        part.scope = Some("cluster");
        part.owner = spec["owner"].as_str().map(short);
        let type_ = spec["type"].as_str().unwrap_or("");
        part.role = Some(match (kind, type_) {
            ("Resource", "database") => "authority",
            (_, "website") => "client",
            _ => technology::of(name).role,
        });
        if let Some(system) = spec["system"].as_str() {
            part.notes.insert(format!("system {}", short(system)));
        }
        let on = spec["dependsOn"].as_array().into_iter().flatten();
        for on in on.filter_map(Value::as_str) {
            wants.push((name.to_owned(), short(on), origin.clone()));
        }
    }
    for (name, on, origin) in wants {
        let part = found.part(&on, format!("{origin} dependsOn"));
        part.role.get_or_insert(technology::of(&on).role);
        possible(found, &name, &on, format!("{origin} dependsOn"));
    }
}

/// `resource:default/artists-db` is `artists-db`.
fn short(reference: &str) -> String {
    let name = reference.rsplit(['/', ':']).next().unwrap_or(reference);
    name.to_owned()
}
