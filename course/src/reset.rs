//! `cargo course reset`: the starter again, and the reader's work kept aside.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};

use crate::lab::Lab;
use crate::repo::Repo;
use crate::starter::Starter;

/// What a reset did.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// Files that are as given again.
    pub restored: Vec<String>,
    /// Files that the starter does not have.
    pub removed: Vec<String>,
    /// Where the reader's version lies; none when there was nothing to keep.
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
            Some(bytes) => contents.push((file.path.clone(), bytes)),
            None => lost.push(file.path.clone()),
        }
    }
    ensure!(
        lost.is_empty(),
        "the starter's {} is neither in this clone's git history nor in .course/starters, so nothing \
         was changed; `git fetch --unshallow` may bring the history, or take exercises/{} from a fresh clone",
        lost.join(", "),
        lab.folder
    );
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
    let name = format!("{}-{}", lab.name, stamp(SystemTime::now()));
    let kept = repo.state_dir().join("kept");
    // Two resets within a second must not share a folder.
    let mut target = kept.join(&name);
    let mut count = 1;
    while target.exists() {
        count += 1;
        target = kept.join(format!("{name}-{count}"));
    }
    copy_folder(folder, &target)
        .with_context(|| format!("cannot keep a copy in {}", target.display()))?;
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
        } else {
            std::fs::copy(entry.path(), to.join(name))?;
        }
    }
    Ok(())
}

/// `20261123T033000Z`: sorts by time, and every file system takes it.
fn stamp(time: SystemTime) -> String {
    let seconds = time
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Days to a date by counting in eras of 400 years that begin in March.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::stamp;
    use std::time::{Duration, UNIX_EPOCH};

    #[test]
    fn stamps_are_dates() {
        let at = |seconds| stamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000Z");
        assert_eq!(at(1_709_164_800), "20240229T000000Z");
        assert_eq!(at(1_795_404_600), "20261123T033000Z");
    }
}
