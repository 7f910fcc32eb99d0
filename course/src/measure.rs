//! `cargo course measure`: runs what a lab measures with the reader's own code, and says where to
//! look.
//!
//! The measuring is done by a bench of the lab, which `cargo bench` runs too. This adds nothing to the
//! figures; it only knows the command.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};

use crate::book::figures;
use crate::cargo;
use crate::lab::{self, Lab, Measure};
use crate::repo::Repo;
use crate::starter::Starter;
use crate::way::LADDER_PAGE;

/// Where the book shows the figures, below `src/`.
const PAGE: &str = "numbers.md";

/// Arguments of `cargo course measure`.
#[derive(Debug, Default, clap::Args)]
pub struct MeasureArgs {
    /// The lab, by name or number, or what it measures; all that you have begun if left out
    pub lab: Option<String>,
    /// Few and short rounds: a few seconds once built, with wider spreads. Without LAB, only the ladder
    #[arg(long)]
    pub quick: bool,
    /// For maintainers: measure the solutions, and replace the course's reference figures and
    /// their picture
    #[arg(long, conflicts_with = "quick")]
    pub reference: bool,
}

/// Runs the benches, one after the other.
///
/// # Errors
/// When there is no such lab, it measures nothing, or cargo cannot be started.
pub fn run(repo: &Repo, args: &MeasureArgs) -> Result<ExitCode> {
    let chosen = chosen(repo, args)?;
    let mut failed = Vec::new();
    for (lab, measure) in &chosen {
        eprintln!("\nLab {}, {}: {}", lab.number, lab.name, measure.figures);
        let code = Code::to_measure(repo, args, lab, measure);
        if let Code::Ours { why, .. } = &code {
            eprintln!("{why}, so the framed call that is measured is ours.");
            eprintln!("The first time, some fifty crates are compiled: a minute or so.");
        } else {
            eprintln!("The first time, this compiles with optimisation: a minute or two.");
        }
        let mut command = command(repo, args, lab, measure, &code);
        let status = command.status().context("cannot start cargo")?;
        if !status.success() {
            failed.push(lab.name.as_str());
        }
    }
    if !failed.is_empty() {
        eprintln!(
            "\nNot measured: {}; the lines above say why.",
            failed.join(", ")
        );
        return Ok(ExitCode::FAILURE);
    }
    println!("{}", where_to_look(repo, args));
    Ok(ExitCode::SUCCESS)
}

/// Whose code is measured.
#[derive(Debug, PartialEq, Eq)]
enum Code {
    Readers,
    /// The solution, by the bench.
    Reference,
    /// The solution, by a program of its own that builds little, and why.
    Ours {
        package: String,
        why: String,
    },
}

impl Code {
    /// Our solution replaces a call that the reader has not built, unless the lab was asked for by name:
    /// then the reader wants figures of their own code.
    fn to_measure(repo: &Repo, args: &MeasureArgs, lab: &Lab, measure: &Measure) -> Self {
        if args.reference {
            return Self::Reference;
        }
        let Some(package) = measure.ours.clone().filter(|_| args.lab.is_none()) else {
            return Self::Readers;
        };
        let why = match lab.stubs(repo).map(|stubs| stubs.len()) {
            Ok(0) => return Self::Readers,
            Ok(1) => format!("Lab {} has one function to write yet", lab.number),
            Ok(n) => format!("Lab {} has {n} functions to write yet", lab.number),
            Err(error) => format!("Lab {} cannot be read ({error:#})", lab.number),
        };
        Self::Ours { package, why }
    }
}

/// The labs to measure. Without a name: unless it has to be quick, each in which the reader has written
/// code, and in the end the first, most of whose rungs need none. Building the others would cost a
/// newcomer minutes to learn that they are not built.
fn chosen(repo: &Repo, args: &MeasureArgs) -> Result<Vec<(Lab, Measure)>> {
    let measurable: Vec<(Lab, Measure)> = lab::all(repo)?
        .into_iter()
        .filter_map(|lab| {
            let measure = lab.measure.clone()?;
            Some((lab, measure))
        })
        .collect();
    let Some(name) = &args.lab else {
        let mut measurable = measurable.into_iter();
        let ladder = measurable.next();
        let mut chosen = Vec::new();
        for (lab, measure) in measurable {
            if args.reference || (!args.quick && Starter::of(repo, &lab)?.code_begun(repo)) {
                chosen.push((lab, measure));
            } else if !args.quick {
                eprintln!(
                    "Lab {}, {}: not begun and left out; `cargo course measure {}` measures what needs no code of yours.",
                    lab.number, lab.name, lab.name
                );
            }
        }
        // Last, so that the terminal ends with what every reader looks for.
        chosen.extend(ladder);
        return Ok(chosen);
    };
    if let Some(found) = measurable
        .iter()
        .find(|(_, measure)| measure.figures == *name)
    {
        return Ok(vec![found.clone()]);
    }
    let lab = lab::named(repo, name)?;
    if let Some(measure) = lab.measure.clone() {
        return Ok(vec![(lab, measure)]);
    }
    let known: Vec<&str> = measurable
        .iter()
        .map(|(lab, _)| lab.name.as_str())
        .collect();
    bail!(
        "lab {} has nothing to measure; these have: {}",
        lab.name,
        known.join(", ")
    )
}

fn command(repo: &Repo, args: &MeasureArgs, lab: &Lab, measure: &Measure, code: &Code) -> Command {
    let workspace = match code {
        Code::Readers => repo.exercises(),
        Code::Reference | Code::Ours { .. } => repo.root().to_owned(),
    };
    let mut command = cargo::command(&workspace);
    let package = match code {
        Code::Readers => lab.name.clone(),
        Code::Reference => lab.solution_package(),
        Code::Ours { package, .. } => package.clone(),
    };
    if let Code::Ours { .. } = code {
        // The profile of `cargo bench`, so that a later one finds these crates compiled.
        command.args(["run", "--profile", "bench", "--package", &package, "--"]);
        command.args(["--bench", "--ours"]);
    } else {
        command.args(["bench", "--package", &package]);
        command.args(["--features", "bench", "--bench", &measure.bench, "--"]);
    }
    if args.reference {
        command.arg("--reference");
    }
    // Named here because this is where the book reads it.
    command
        .arg("--out")
        .arg(figures(repo, args, &measure.figures));
    if args.quick {
        command.arg("--quick");
    }
    command
}

fn figures(repo: &Repo, args: &MeasureArgs, what: &str) -> PathBuf {
    if args.reference {
        figures::reference_file(repo, what)
    } else {
        figures::readers_file(repo, what)
    }
}

fn where_to_look(repo: &Repo, args: &MeasureArgs) -> String {
    let src = repo.book_src();
    let page = repo.relative(&src.join(PAGE));
    if args.reference {
        return format!("The book's reference figures are these from now on; see {page}.");
    }
    if args.quick && args.lab.is_none() && src.join(LADDER_PAGE).is_file() {
        let page = repo.relative(&src.join(LADDER_PAGE));
        return format!(
            "The book now draws your ladder on the page \"Measure a boundary\" ({page}). If `cargo course` runs, it has it already."
        );
    }
    format!(
        "The book now shows them beside the reference, page \"Your numbers\" ({page}): run `cargo course`, or reload the page."
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const STUB: &str = "pub fn f() {\n    todo!(\"Write it\")\n}\n";

    /// A course of three labs: one that was begun, one that was not, and one that measures nothing.
    fn course() -> (tempfile::TempDir, Repo) {
        let folder = tempfile::tempdir().unwrap();
        let repo = Repo::at(folder.path().join("a course"));
        let labs = [
            (
                "01-measure",
                "[measure]\nbench = \"ladder\"\nfigures = \"ladder\"\nours = \"our-ladder\"\n",
            ),
            ("03-authority", "[measure]\nbench = \"commits\"\n"),
            ("04-cache", ""),
        ];
        for (lab, measure) in labs {
            let folder = repo.exercises().join(lab);
            fs::create_dir_all(folder.join("src")).unwrap();
            let (_, name) = lab.split_once('-').unwrap();
            let toml = format!(
                "name = \"{name}\"\ntitle = \"T\"\nchapter = \"c.md\"\nminutes = {{ read = 1, measure = 1 }}\n{measure}"
            );
            fs::write(folder.join("lab.toml"), toml).unwrap();
            fs::write(folder.join("src/lib.rs"), STUB).unwrap();
            let lab = lab::named(&repo, name).unwrap();
            Starter::from_tree(&repo, &lab).unwrap().write().unwrap();
        }
        (folder, repo)
    }

    fn names(repo: &Repo, args: &MeasureArgs) -> Vec<String> {
        let chosen = chosen(repo, args).unwrap().into_iter();
        chosen.map(|(lab, _)| lab.name).collect()
    }

    fn of(lab: &str) -> MeasureArgs {
        MeasureArgs {
            lab: Some(lab.to_owned()),
            ..MeasureArgs::default()
        }
    }

    fn words(repo: &Repo, args: &MeasureArgs) -> (String, Vec<String>) {
        let (lab, measure) = chosen(repo, args).unwrap().remove(0);
        let code = Code::to_measure(repo, args, &lab, &measure);
        let command = command(repo, args, &lab, &measure, &code);
        let folder = command.get_current_dir().unwrap().display().to_string();
        let words = command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned());
        (folder, words.collect())
    }

    #[test]
    fn without_a_lab_what_was_begun_is_measured_and_the_ladder_always() {
        let (_folder, repo) = course();
        let all = MeasureArgs::default();
        assert_eq!(names(&repo, &all), ["measure"]);
        // Without git, what is pristine is kept when a lab is graded.
        let lab = lab::named(&repo, "authority").unwrap();
        Starter::of(&repo, &lab).unwrap().remember(&repo);
        let lib = repo.exercises().join("03-authority/src/lib.rs");
        fs::write(
            &lib,
            format!("//! Mine.\n\n// A thought.\n/// Documented.\n{STUB}"),
        )
        .unwrap();
        assert_eq!(names(&repo, &all), ["measure"], "a comment is no code");
        fs::write(&lib, "done\n").unwrap();
        assert_eq!(names(&repo, &all), ["authority", "measure"]);
        let quick = MeasureArgs {
            quick: true,
            ..MeasureArgs::default()
        };
        assert_eq!(names(&repo, &quick), ["measure"], "the ladder alone");
    }

    #[test]
    fn our_call_stands_in_until_the_readers_is_built() {
        let (_folder, repo) = course();
        let quick = MeasureArgs {
            quick: true,
            ..MeasureArgs::default()
        };
        let (folder, of_ours) = words(&repo, &quick);
        assert!(folder.ends_with("a course"), "{folder}");
        let out = figures::readers_file(&repo, "ladder");
        let expected = "run --profile bench --package our-ladder -- --bench --ours --out";
        assert_eq!(of_ours[..9].join(" "), expected);
        assert_eq!(
            of_ours[9..],
            [out.display().to_string(), "--quick".to_owned()]
        );
        let (folder, by_name) = words(&repo, &of("measure"));
        assert!(folder.ends_with("exercises"), "asked for theirs: {folder}");
        assert!(!by_name.contains(&"--ours".to_owned()));
        let lib = repo.exercises().join("01-measure/src/lib.rs");
        fs::write(&lib, "pub fn f() {}\n").unwrap();
        assert_eq!(words(&repo, &quick).1[0], "bench", "theirs is built");
        fs::write(&lib, "pub fn f( {\n").unwrap();
        assert_eq!(words(&repo, &quick).1[0], "run", "theirs is no Rust yet");
    }

    #[test]
    fn a_lab_is_named_by_its_name_its_number_or_its_figures() {
        let (_folder, repo) = course();
        assert_eq!(names(&repo, &of("ladder")), ["measure"]);
        assert_eq!(names(&repo, &of("3")), ["authority"]);
        let error = chosen(&repo, &of("cache")).unwrap_err().to_string();
        assert!(
            error.contains("nothing to measure; these have: measure, authority"),
            "{error}"
        );
        assert!(chosen(&repo, &of("banana")).is_err());
    }

    #[test]
    fn a_reader_measures_their_own_code() {
        let (_folder, repo) = course();
        let args = MeasureArgs {
            quick: true,
            ..of("authority")
        };
        let (folder, words) = words(&repo, &args);
        assert!(folder.ends_with("exercises"), "{folder}");
        let out = figures::readers_file(&repo, "authority");
        assert_eq!(
            words[1..],
            [
                "--package",
                "authority",
                "--features",
                "bench",
                "--bench",
                "commits",
                "--",
                "--out",
                &out.display().to_string(),
                "--quick"
            ]
        );
    }

    #[test]
    fn the_reference_is_every_solution_measured_in_full() {
        let (_folder, repo) = course();
        let args = MeasureArgs {
            reference: true,
            ..MeasureArgs::default()
        };
        assert_eq!(names(&repo, &args), ["authority", "measure"]);
        let (folder, words) = words(&repo, &args);
        assert!(folder.ends_with("a course"), "{folder}");
        assert!(words.contains(&"authority-solution".to_owned()));
        assert!(words.contains(&"--reference".to_owned()));
        assert!(
            words.ends_with(&[figures::reference_file(&repo, "authority")
                .display()
                .to_string()])
        );
    }
}
