//! `cargo course measure`: runs the ladder with the reader's own RPC, and says where to look.
//!
//! What measures is the bench of lab 1, which `cargo bench` runs as well. This adds nothing to the
//! figures; it only knows the command by heart.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::book::ladder::Ladder;
use crate::cargo;
use crate::repo::Repo;

/// Where the book shows the figures, below `src/`.
const PAGE: &str = "numbers.md";

/// Arguments of `cargo course measure`.
#[derive(Debug, Default, clap::Args)]
pub struct MeasureArgs {
    /// Few and short rounds: a few seconds once built, with wider spreads
    #[arg(long)]
    pub quick: bool,
    /// For maintainers: measure the solution, and replace the course's reference figures and
    /// their picture
    #[arg(long, conflicts_with = "quick")]
    pub reference: bool,
}

/// Runs the ladder.
///
/// # Errors
/// When cargo cannot be started.
pub fn run(repo: &Repo, args: &MeasureArgs) -> Result<ExitCode> {
    let mut bench = bench(repo, args);
    eprintln!("The first time this builds with optimisation, which takes a minute or two.");
    let status = bench.status().context("cannot start cargo")?;
    if !status.success() {
        eprintln!("\nThe ladder was not measured; the lines above say why.");
        return Ok(ExitCode::FAILURE);
    }
    println!("{}", where_to_look(repo, args));
    Ok(ExitCode::SUCCESS)
}

fn bench(repo: &Repo, args: &MeasureArgs) -> Command {
    let (workspace, package) = if args.reference {
        (repo.root().to_owned(), "measure-solution")
    } else {
        (repo.exercises(), "measure")
    };
    let mut command = cargo::command(&workspace);
    command.args(["bench", "--package", package]);
    command.args(["--features", "bench", "--bench", "ladder", "--"]);
    if args.reference {
        command.arg("--reference");
    } else {
        // Named here because this is where the book reads it.
        command.arg("--out").arg(figures(repo, args));
    }
    if args.quick {
        command.arg("--quick");
    }
    command
}

fn figures(repo: &Repo, args: &MeasureArgs) -> PathBuf {
    if args.reference {
        Ladder::reference_file(repo)
    } else {
        Ladder::readers_file(repo)
    }
}

fn where_to_look(repo: &Repo, args: &MeasureArgs) -> String {
    let page = repo.relative(&repo.book_src().join(PAGE));
    let file = repo.relative(&figures(repo, args));
    if args.reference {
        format!("The book's reference figures are those of {file} from now on; see {page}.")
    } else {
        format!(
            "The book now shows them beside the reference, page \"Your numbers\" ({page}): run `cargo course`, or reload the page."
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(args: &MeasureArgs) -> (String, Vec<String>) {
        let command = bench(&Repo::at(PathBuf::from("/a course")), args);
        let folder = command.get_current_dir().unwrap().display().to_string();
        let words = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned());
        (folder, words.collect())
    }

    #[test]
    fn a_reader_measures_their_own_rpc() {
        let (folder, words) = words(&MeasureArgs {
            quick: true,
            reference: false,
        });
        assert!(folder.ends_with("exercises"), "{folder}");
        let after: Vec<_> = words.iter().skip_while(|word| *word != "--").collect();
        let out = Ladder::readers_file(&Repo::at(PathBuf::from("/a course")));
        assert_eq!(
            after,
            ["--", "--out", &out.display().to_string(), "--quick"]
        );
        assert!(words.contains(&"measure".to_owned()));
    }

    #[test]
    fn the_reference_is_the_solution_measured_in_full() {
        let (folder, words) = words(&MeasureArgs {
            quick: false,
            reference: true,
        });
        assert_eq!(folder, "/a course");
        assert!(words.contains(&"measure-solution".to_owned()));
        assert!(words.ends_with(&["--".to_owned(), "--reference".to_owned()]));
    }
}
