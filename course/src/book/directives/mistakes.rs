//! `{{#mistakes LAB}}`: the mistakes that a lab's tests are proven to catch, each folded, by the tests that
//! catch them and in the chapter's order.

use std::fmt::Write as _;

use anyhow::{Result, ensure};

use crate::book::context::Context;
use crate::book::html;
use crate::book::page::slug;
use crate::lab::{Lab, Mistake};

pub(super) fn render(context: &Context<'_>, arguments: &str) -> Result<String> {
    let lab = context.lab("mistakes", arguments)?;
    let mut mistakes = lab.mistakes(context.repo)?;
    ensure!(
        !mistakes.is_empty(),
        "solutions/{}/mistakes holds no patch",
        lab.folder
    );
    let order = order(context, &lab)?;
    let place = |module: &str| {
        let at = order.iter().position(|known| known == module);
        at.unwrap_or(usize::MAX)
    };
    mistakes.sort_by_key(|mistake| (place(&mistake.module), mistake.module.clone()));

    let mut out = String::from("<div class=\"hc-mistakes\">");
    for group in mistakes.chunk_by(|a, b| a.module == b.module) {
        let (lab, module) = (slug(&lab.name), html::escape(&group[0].module));
        if module.is_empty() {
            render_each(&mut out, &lab, group);
            continue;
        }
        let _ = write!(
            out,
            "<h2 id=\"mistakes-{lab}-{}\">Caught by <code>{module}::</code></h2>",
            slug(&module)
        );
        render_each(&mut out, &lab, group);
    }
    Ok(out + "</div>")
}

/// The test modules in the order of the test files, which is that of the chapter.
fn order(context: &Context<'_>, lab: &Lab) -> Result<Vec<String>> {
    let mut modules: Vec<String> = Vec::new();
    for test in lab.tests(context.repo)? {
        if !modules.iter().any(|known| known == test.module()) {
            modules.push(test.module().to_owned());
        }
    }
    Ok(modules)
}

fn render_each(out: &mut String, lab: &str, mistakes: &[Mistake]) {
    for mistake in mistakes {
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
            lab,
            slug(&mistake.name),
            html::inline(&mistake.wrong),
            html::definitions("hc-about", &rows),
            html::escape(readable(&mistake.diff).trim_end()),
        );
    }
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
