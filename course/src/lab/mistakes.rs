//! Plausible mistakes: patches against the solution, with a header that says what is wrong, in a folder
//! for the test module that catches them.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// A mistake that a reader is likely to make, as a patch against the solution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The patch's file name without `.patch`.
    pub name: String,
    /// Its folder: the test module that catches it. Empty for a test in no module.
    pub module: String,
    /// What is wrong, as a half sentence about the code.
    pub wrong: String,
    /// Why it tempts.
    pub tempts: String,
    /// The test that must reject it.
    pub caught_by: String,
    /// The diff, without the header.
    pub diff: String,
}

impl Mistake {
    /// The patch, relative to the lab's `mistakes/`.
    pub fn file(&self) -> String {
        match self.module.as_str() {
            "" => format!("{}.patch", self.name),
            module => format!("{module}/{}.patch", self.name),
        }
    }
}

/// Every patch in `folder` and the folders in it by name, each with an error of its own if its header is
/// malformed.
pub(super) fn read_each(folder: &Path) -> Result<Vec<(String, Result<Mistake>)>> {
    let mut mistakes = Vec::new();
    read_in(folder, "", &mut mistakes)?;
    mistakes.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(mistakes)
}

fn read_in(
    folder: &Path,
    module: &str,
    mistakes: &mut Vec<(String, Result<Mistake>)>,
) -> Result<()> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries {
        let path = entry?.path();
        if module.is_empty() && path.is_dir() {
            let module = path.file_name().unwrap_or_default().to_string_lossy();
            read_in(&path, &module, mistakes)?;
        } else if path
            .extension()
            .is_some_and(|extension| extension == "patch")
        {
            let name = path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            let mistake = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))
                .and_then(|text| {
                    parse(&name, module, &text)
                        .with_context(|| format!("the header of {name}.patch is malformed"))
                });
            mistakes.push((name, mistake));
        }
    }
    Ok(())
}

/// Three lines, a blank one, the diff. A long line of the header may continue in indented lines.
fn parse(name: &str, module: &str, text: &str) -> Result<Mistake> {
    let text = text.replace("\r\n", "\n");
    let Some((header, diff)) = text.split_once("\n\n") else {
        bail!("a blank line must divide the header from the diff");
    };
    let diff = diff.trim_start_matches('\n');
    if !(diff.starts_with("diff --git ") || diff.starts_with("--- ")) {
        bail!("after the header comes a diff, as `git diff` prints it");
    }
    let mut fields: Vec<(&str, String)> = Vec::new();
    for line in header.lines() {
        if let (true, Some((_, value))) = (line.starts_with(' '), fields.last_mut()) {
            value.push(' ');
            value.push_str(line.trim());
        } else if let Some((field, value)) = line.split_once(':') {
            fields.push((field.trim(), value.trim().to_owned()));
        } else {
            bail!("`{line}` is not of the form `Wrong: …`");
        }
    }
    let mut wanted = ["Wrong", "Tempts", "Caught by"].into_iter();
    for (field, value) in &fields {
        match wanted.next() {
            Some(expected) if expected == *field && !value.is_empty() => {}
            Some(expected) if expected == *field => bail!("`{expected}:` says nothing"),
            Some(expected) => bail!("expected a line `{expected}: …`, found `{field}:`"),
            None => bail!("`{field}:` is a line too many"),
        }
    }
    if let Some(missing) = wanted.next() {
        bail!("the line `{missing}: …` is missing");
    }
    let mut values = fields.into_iter().map(|(_, value)| value);
    let mut next = || values.next().unwrap_or_default();
    let (wrong, tempts, caught_by) = (next(), next(), next());
    let caught_by = caught_by.trim_matches('`');
    if let Some((_, function)) = caught_by.rsplit_once("::") {
        bail!("`Caught by:` takes the function's name alone: `{function}`");
    }
    Ok(Mistake {
        name: name.to_owned(),
        module: module.to_owned(),
        wrong,
        tempts,
        caught_by: caught_by.to_owned(),
        diff: diff.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    const DIFF: &str = "diff --git a/src/lib.rs b/src/lib.rs\n";

    #[test]
    fn reads_a_header_and_its_continuation() {
        let text =
            format!("Wrong: trusts\n  the peer\nTempts: it is short\nCaught by: `b`\n\n{DIFF}");
        let mistake = parse("trusting", "a", &text).unwrap();
        assert_eq!(mistake.wrong, "trusts the peer");
        assert_eq!(
            (mistake.caught_by.as_str(), mistake.file().as_str()),
            ("b", "a/trusting.patch")
        );
        assert_eq!(mistake.diff, DIFF);
    }

    #[test]
    fn says_what_a_malformed_header_lacks() {
        let said = |header: &str| {
            parse("m", "", &format!("{header}\n\n{DIFF}"))
                .unwrap_err()
                .to_string()
        };
        assert!(said("Wrong: a\nTempts: b").contains("`Caught by: …` is missing"));
        assert!(said("Wrong: a\nTempted: b\nCaught by: c").contains("expected a line `Tempts: …`"));
        assert!(said("Wrong: a\nTempts:\nCaught by: c").contains("says nothing"));
        assert!(said("Wrong: a\nTempts: b\nCaught by: m::c").contains("name alone: `c`"));
        assert!(said("Wrong: a\nTempts: b\nCaught by: c\nMore: d").contains("too many"));
        assert!(
            parse("m", "", "Wrong: a")
                .unwrap_err()
                .to_string()
                .contains("blank line")
        );
    }
}
