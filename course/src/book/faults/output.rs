//! What is wrong with the built pages: directives left over, dead links, requests to elsewhere.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use percent_encoding::percent_decode_str;

use super::problem::Problem;
use crate::book::crawl::{self, Html};
use crate::book::page;
use crate::repo::Repo;

pub(super) fn find(repo: &Repo, folder: &Path) -> Result<Vec<Problem>> {
    let mut site = BuiltPages::default();
    for path in page::files(folder)? {
        let name = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .to_string_lossy()
            .replace('\\', "/");
        let extension = path.extension().unwrap_or_default();
        if extension == "html" {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            site.pages.insert(name.clone(), Html::read(&text));
        } else if extension == "css" {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            site.styles.insert(name.clone(), crawl::loads_of_css(&text));
        }
        site.files.push(name);
    }
    let mut problems = Vec::new();
    for (name, html) in &site.pages {
        // The print page repeats all others and index.html the first; a fault named once is enough.
        let repeats = name == "print.html"
            || (name == "index.html" && !repo.book_src().join("index.md").is_file());
        if !repeats {
            site.check_page(name, html, &mut problems);
        }
    }
    for (name, loads) in &site.styles {
        for address in loads.iter().filter(|address| crawl::is_external(address)) {
            problems.push(Problem::new(
                shown(name),
                None,
                format!("loads {address}, which is not in the book"),
            ));
        }
    }
    site.check_labs(repo, &mut problems)?;
    Ok(problems)
}

#[derive(Default)]
struct BuiltPages {
    /// Every file, relative to the site's root.
    files: Vec<String>,
    pages: BTreeMap<String, Html>,
    /// What each stylesheet loads.
    styles: BTreeMap<String, Vec<String>>,
}

impl BuiltPages {
    fn check_page(&self, name: &str, html: &Html, problems: &mut Vec<Problem>) {
        let mut report = |message: String| problems.push(Problem::new(shown(name), None, message));
        for left in html.text.split("{{#").skip(1) {
            let directive: String = left
                .chars()
                .take_while(|c| !"}\n".contains(*c))
                .take(60)
                .collect();
            report(format!(
                "a reader sees `{{{{#{directive}}}}}` there: it was not replaced; write it in backticks if it is meant to be seen"
            ));
        }
        for id in &html.ids_again {
            report(format!(
                "has the id `{id}` twice, and a link leads to the first of them only"
            ));
        }
        for address in &html.loads {
            if crawl::is_external(address) {
                report(format!(
                    "loads {address}, which is not in the book: a reader may be offline, and is nobody's business"
                ));
            } else if let Err(why) = self.resolve(name, html, address) {
                report(format!("loads `{address}`, {why}"));
            }
        }
        for address in html
            .links
            .iter()
            .filter(|address| !crawl::is_external(address))
        {
            if let Err(why) = self.resolve(name, html, address) {
                report(format!("links to `{address}`, {why}"));
            }
        }
    }

    /// Whether an address inside the book leads somewhere.
    fn resolve(&self, from: &str, html: &Html, address: &str) -> Result<(), String> {
        if crawl::scheme(address).is_some() {
            return Ok(());
        }
        let (path, fragment) = address.split_once('#').unwrap_or((address, ""));
        let path = path.split('?').next().unwrap_or_default();
        let decoded = percent_decode_str(path).decode_utf8_lossy();
        let target = if decoded.is_empty() {
            from.to_owned()
        } else {
            // The 404 page is served at any depth, so its links start from the root.
            let from_root = decoded.starts_with('/') || html.base.is_some();
            let base = if from_root {
                ""
            } else {
                from.rsplit_once('/').map_or("", |(folder, _)| folder)
            };
            join(base, &decoded).ok_or_else(|| "which leads out of the book".to_owned())?
        };
        let target = if target.is_empty() || target.ends_with('/') {
            format!("{target}index.html")
        } else {
            target
        };
        if !self.files.contains(&target) {
            return Err(match target.strip_suffix(".html") {
                Some(page) => format!("but there is no page {page}.md"),
                None => format!("but there is no file {target}"),
            });
        }
        let fragment = percent_decode_str(fragment).decode_utf8_lossy();
        match self.pages.get(&target) {
            Some(page) if !fragment.is_empty() && !page.ids.contains(fragment.as_ref()) => {
                Err(format!("but nothing there has the id `{fragment}`"))
            }
            _ => Ok(()),
        }
    }

    /// A lab names its chapter, and for each invariant where to read about it.
    fn check_labs(&self, repo: &Repo, problems: &mut Vec<Problem>) -> Result<()> {
        let nowhere = Html::default();
        for lab in crate::lab::all(repo)? {
            let file = format!("exercises/{}/lab.toml", lab.folder);
            let chapter = ("its chapter".to_owned(), &lab.chapter);
            let reads = lab
                .invariants
                .iter()
                .map(|invariant| (format!("invariant {}", invariant.id), &invariant.read));
            for (what, target) in std::iter::once(chapter).chain(reads) {
                let (page, fragment) = target.split_once('#').unwrap_or((target, ""));
                let resolved = match page.strip_suffix(".md") {
                    Some(page) => self.resolve("", &nowhere, &format!("{page}.html#{fragment}")),
                    None => Err("which is no page: it should end in .md".to_owned()),
                };
                if let Err(why) = resolved {
                    problems.push(Problem::new(
                        file.as_str(),
                        None,
                        format!("{what} is at `{target}`, {why}"),
                    ));
                }
            }
        }
        Ok(())
    }
}

/// `relative` from the folder `base`; none if it leads above the root.
fn join(base: &str, relative: &str) -> Option<String> {
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in relative.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let slash = if relative.ends_with('/') && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    Some(parts.join("/") + slash)
}

/// A built page by the name of its source.
fn shown(page: &str) -> String {
    match page.strip_suffix(".html") {
        Some(source) => format!("src/{source}.md"),
        None => format!("the built {page}"),
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[test]
    fn relative_addresses_stay_below_the_root() {
        assert_eq!(
            join("scope", "../numbers.html").as_deref(),
            Some("numbers.html")
        );
        assert_eq!(join("", "../x"), None);
        assert_eq!(join("a", "./b/").as_deref(), Some("a/b/"));
    }
}
