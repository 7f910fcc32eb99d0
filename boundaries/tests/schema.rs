//! The schema that editors use for completion, compared with the form that the parser has.

use boundaries::SCHEMA;
use ledger::Ledger;
use serde_json::Value;
use std::collections::BTreeSet;

/// Tables of the form, each with a ledger that has an unknown key in it.
const TABLES: [(&str, &str); 12] = [
    ("", "zzz = 1"),
    ("limits", "[limits]\nzzz = 1"),
    ("component", "[[component]]\nzzz = 1"),
    ("fact", "[[fact]]\nzzz = 1"),
    ("copy", "[[copy]]\nzzz = 1"),
    ("boundary", "[[boundary]]\nzzz = 1"),
    ("boundary.pressure", "[[boundary]]\npressure.zzz = 1"),
    ("boundary.cost", "[[boundary]]\ncost.zzz = 1"),
    ("boundary.correctness", "[[boundary]]\ncorrectness.zzz = 1"),
    ("boundary.fallback", "[[boundary]]\nfallback.zzz = 1"),
    ("flow", "[[flow]]\nzzz = 1"),
    ("flow.step", "[[flow]]\n[[flow.step]]\nzzz = 1"),
];

fn properties(schema: &Value, path: &str) -> BTreeSet<String> {
    let mut at = schema;
    for name in path.split('.').filter(|name| !name.is_empty()) {
        at = &at["properties"][name];
        if at["items"].is_object() {
            at = &at["items"];
        }
    }
    assert_eq!(at["additionalProperties"], false, "{path}");
    let properties = at["properties"]
        .as_object()
        .unwrap_or_else(|| panic!("{path}"));
    properties.keys().cloned().collect()
}

#[test]
fn the_schema_has_the_keys_that_the_parser_has() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
    let tables = TABLES.iter().chain(&[("waiver", "[[waiver]]\nzzz = 1")]);
    for (path, text) in tables {
        let error = Ledger::parse(text).expect_err("an unknown key").to_string();
        let (_, listed) = error
            .split_once("expected ")
            .unwrap_or_else(|| panic!("{error}"));
        let keys: BTreeSet<_> = listed
            .split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect();
        assert_eq!(properties(&schema, path), keys, "of {path:?}");
    }
}
