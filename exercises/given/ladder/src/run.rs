//! One run: measure, write, show.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::args::Args;
use crate::figures;
use crate::lines;
use crate::machine;
use crate::measure::{self, Plan};
use crate::record::{FORMAT, Record};
use crate::suite::Suite;
use crate::table;

/// Who measured the figures that come with the course.
const AUTHORS: &str = "the course's authors";

/// Measures, writes and shows.
pub fn run(suite: &Suite, derive: fn(&mut Record), args: &Args) -> ExitCode {
    match try_run(suite, derive, args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {error}", suite.what);
            ExitCode::FAILURE
        }
    }
}

fn try_run(suite: &Suite, derive: fn(&mut Record), args: &Args) -> io::Result<()> {
    let root = root();
    let out = out(suite, args, &root);
    let build = machine::build();
    if args.reference && !build.optimised {
        return Err(io::Error::other(
            "reference figures need an optimised build: use cargo bench",
        ));
    }
    let folder = out.parent().unwrap_or(&root);
    let plan = Plan::of(args);
    let measured = measure::measure(suite, folder, plan);
    let mut record = Record {
        format: FORMAT,
        what: suite.what.to_owned(),
        by: args.reference.then(|| AUTHORS.to_owned()),
        measured_at: records::moment::now(),
        quick: plan.quick,
        ours: args.ours,
        machine: machine::here(),
        build,
        noise: figures::noise(&measured),
        rungs: figures::rungs(&measured, folder),
        curves: figures::curves(suite, &measured),
    };
    derive(&mut record);
    println!("{}", table::table(&record, suite));
    for lesson in (suite.lessons)(&record) {
        print!("{}", lines::wrapped("- ", &lesson));
    }
    if args.bench || args.out.is_some() {
        record.write(&out, !args.reference)?;
        println!("\nFigures written to {}", shown(&out, &root));
    }
    if let Some((picture, draw)) = suite.picture.filter(|_| args.reference) {
        let picture = root.join(picture);
        fs::write(&picture, draw(&record))?;
        println!("Picture written to {}", shown(&picture, &root));
    }
    Ok(())
}

fn out(suite: &Suite, args: &Args, root: &Path) -> PathBuf {
    let folder = if args.reference {
        "course/reference"
    } else {
        ".course/measurements"
    };
    let default = || root.join(folder).join(format!("{}.json", suite.what));
    args.out.clone().unwrap_or_else(default)
}

/// The repository: cargo passes a bench the folder of its package; run by hand it is where this was
/// built.
fn root() -> PathBuf {
    let built = Path::new(env!("CARGO_MANIFEST_DIR"));
    let package = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    package
        .iter()
        .flat_map(|package| package.ancestors())
        .chain(built.ancestors())
        .find(|folder| folder.join("exercises/given/ladder").is_dir())
        .unwrap_or(built)
        .to_owned()
}

fn shown(path: &Path, root: &Path) -> String {
    let shown = path.strip_prefix(root).unwrap_or(path);
    shown.display().to_string()
}
