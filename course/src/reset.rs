//! `cargo course reset`: brings back the starter, and keeps a copy of the reader's work.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};

use crate::lab::Lab;
use crate::repo::Repo;
use crate::starter::Starter;
use records::moment;

/// What a reset did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// Files that were restored.
    pub restored: Vec<String>,
    /// Files that the starter does not have.
    pub removed: Vec<String>,
    /// Where the reader's version is kept; none when there was nothing to keep.
    pub kept: Option<PathBuf>,
}

/// Restores the starter of `lab`. Nothing is changed unless everything can be.
pub(crate) fn run(repo: &Repo, lab: &Lab) -> Result<Done> {
    let starter = Starter::of(repo, lab)?;
    ensure!(
        !starter.files().is_empty(),
        "exercises/{}/starter.lock is not there, so nothing tells what the starter was; \
         take the folder from a fresh clone instead",
        lab.folder
    );
    let folder = lab.dir(repo);
    let mut contents = Vec::new();
    let mut lost = Vec::new();
    for file in starter.changed() {
        match Starter::content(repo, file) {
            Ok(bytes) => contents.push((file.path.clone(), bytes)),
            Err(why) => lost.push((file.path.clone(), why)),
        }
    }
    if let Some((_, why)) = lost.first() {
        let files: Vec<&str> = lost.iter().map(|(path, _)| path.as_str()).collect();
        bail!(
            "the starter's {} cannot be had, so nothing was changed ({why}); or take exercises/{} from a \
             fresh clone",
            files.join(", "),
            lab.folder
        );
    }
    let removed = starter.added()?;
    if contents.is_empty() && removed.is_empty() {
        return Ok(Done {
            restored: Vec::new(),
            removed,
            kept: None,
        });
    }
    let kept = keep(repo, lab, &folder)?;
    for (path, bytes) in &contents {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder))?;
        std::fs::write(&path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    }
    for path in &removed {
        let path = folder.join(path);
        std::fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
    }
    let restored = contents.into_iter().map(|(path, _)| path).collect();
    Ok(Done {
        restored,
        removed,
        kept: Some(kept),
    })
}

fn keep(repo: &Repo, lab: &Lab, folder: &Path) -> Result<PathBuf> {
    let name = format!(
        "{}-{}",
        lab.name,
        moment::stamp(moment::seconds(SystemTime::now()))
    );
    let kept = repo.state_dir().join("kept");
    // Two resets within a second must not share a folder.
    let mut target = kept.join(&name);
    let mut count = 1;
    while target.exists() {
        count += 1;
        target = kept.join(format!("{name}-{count}"));
    }
    if let Err(error) = copy_folder(folder, &target) {
        // Half a copy would later be taken for a whole one.
        let _ = std::fs::remove_dir_all(&target);
        return Err(error).with_context(|| format!("cannot keep a copy in {}", target.display()));
    }
    Ok(target)
}

pub(crate) fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_dir() {
            if name != "target" {
                copy_folder(&entry.path(), &to.join(name))?;
            }
        } else if entry.path().exists() {
            std::fs::copy(entry.path(), to.join(name))?;
        }
        // Otherwise it is a link to nowhere, such as an editor's mark that a file is open: nothing to keep.
    }
    Ok(())
}
