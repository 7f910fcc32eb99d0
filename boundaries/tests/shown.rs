//! What the book and the README show of the command is what it prints. `BOUNDARIES_WRITE=1` writes the
//! files anew.

use std::fs;
use std::path::Path;
use std::process::Command;

const SHOWN: [(&str, &[&str]); 5] = [
    ("bookinfo", &["lint", "bookinfo.toml"]),
    ("booksapp", &["lint", "booksapp.toml"]),
    ("planted", &["lint", "planted.toml"]),
    (
        "online-boutique",
        &["lint", "online-boutique.imported.toml"],
    ),
    (
        "online-boutique-answered",
        &["lint", "online-boutique.toml"],
    ),
];

#[test]
fn what_is_shown_is_what_is_printed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outputs = root.join("../src/boundaries/output");
    let write = std::env::var_os("BOUNDARIES_WRITE").is_some();
    for (name, arguments) in SHOWN {
        let output = Command::new(env!("CARGO_BIN_EXE_boundaries"))
            .current_dir(root.join("tests/ledgers"))
            .args(arguments)
            .args(["--today", "2026-11-29"])
            .output()
            .expect("it runs");
        let printed = String::from_utf8(output.stdout).expect("text");
        assert!(
            !printed.is_empty(),
            "{name}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let file = outputs.join(format!("{name}.txt"));
        if write {
            fs::write(&file, &printed).expect("written");
        }
        let shown = fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(
            shown,
            printed,
            "{} is behind; BOUNDARIES_WRITE=1 writes it",
            file.display()
        );
    }
}
