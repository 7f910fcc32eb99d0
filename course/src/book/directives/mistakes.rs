//! `{{#mistakes LAB}}`: the mistakes that a lab's tests are proven to catch, each folded.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use super::Context;
use crate::book::html;
use crate::book::page::slug;

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let lab = context.lab("mistakes", arguments)?;
    let mistakes = lab.mistakes(context.repo)?;
    ensure!(
        !mistakes.is_empty(),
        "solutions/{}/mistakes holds no patch",
        lab.folder
    );
    let mut out = String::from("<div class=\"hc-mistakes\">");
    for mistake in &mistakes {
        let rows = [
            ("Why it tempts".to_owned(), html::inline(&mistake.tempts)),
            (
                "Caught by".to_owned(),
                format!("<code>{}</code>", html::escape(&mistake.caught_by)),
            ),
        ];
        let _ = write!(
            out,
            "<details class=\"hc-mistake\" id=\"mistake-{}-{}\"><summary>{}</summary>{}<pre><code class=\"language-diff\">{}</code></pre></details>",
            slug(&lab.name),
            slug(&mistake.name),
            html::inline(&mistake.wrong),
            html::definitions("hc-about", &rows),
            html::escape(readable(&mistake.diff).trim_end()),
        );
    }
    Ok(out + "</div>")
}

/// Lines to keep around a change: enough to find the place, and a page of forty diffs stays light.
const CONTEXT: usize = 1;

/// The diff without what only git reads: `git apply` needs line numbers and context, a reader needs
/// the file, the function and the change.
fn readable(diff: &str) -> String {
    let lines: Vec<&str> = diff.lines().collect();
    let is_change = |line: &str| {
        (line.starts_with('+') && !line.starts_with("+++ "))
            || (line.starts_with('-') && !line.starts_with("--- "))
    };
    let mut kept = String::new();
    for (index, line) in lines.iter().enumerate() {
        let near = &lines[index.saturating_sub(CONTEXT)..lines.len().min(index + CONTEXT + 1)];
        if let Some(file) = line.strip_prefix("+++ ") {
            kept.push_str(file.strip_prefix("b/").unwrap_or(file));
        } else if let Some(hunk) = line.strip_prefix("@@ ") {
            let function = hunk.split_once("@@").map_or("", |(_, function)| function);
            kept.push_str("@@");
            kept.push_str(function);
        } else if is_change(line)
            || (line.starts_with(' ') && near.iter().any(|near| is_change(near)))
        {
            kept.push_str(line);
        } else {
            continue;
        }
        kept.push('\n');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn a_reader_sees_the_file_the_function_and_the_change() {
        let diff = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1,5 +1,5 @@ fn f() {\n far\n near\n-old\n+new\n \n far\n";
        assert_eq!(
            readable(diff),
            "src/a.rs\n@@ fn f() {\n near\n-old\n+new\n \n"
        );
    }
}
