//! Cargo, as the tool calls it: builds a package's tests and reads what the compiler says.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::lab::Target;
use crate::process::{self, End, Stop};

/// A test executable that cargo has built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestBinary {
    /// The target's name, such as `core`.
    pub target: String,
    /// Whether it is the library's own unit tests rather than an integration test.
    pub of_library: bool,
    pub executable: PathBuf,
}

impl TestBinary {
    /// Which of these targets it is, if any.
    pub fn grades(&self, targets: &[Target]) -> Option<Target> {
        let target = Target::of(&self.target).filter(|_| !self.of_library)?;
        targets.contains(&target).then_some(target)
    }
}

/// A remark of the compiler about our own code (cargo does not pass on those about dependencies).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub is_error: bool,
    /// The first line, such as ``unused variable: `frame` ``.
    pub headline: String,
    /// `file:line` of the first marked place.
    pub place: String,
    /// As rustc prints it.
    pub rendered: String,
}

/// What came of a build.
#[derive(Debug)]
pub(crate) enum Built {
    Tests(Vec<TestBinary>),
    /// It does not compile, or cargo refused: the errors, as they were printed.
    Broken(Vec<String>),
    TimedOut,
    Stopped,
}

#[derive(Debug)]
pub(crate) struct Build {
    pub outcome: Built,
    pub diagnostics: Vec<Diagnostic>,
}

impl Build {
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics
            .iter()
            .filter(|diagnostic| !diagnostic.is_error)
    }
}

/// `cargo`, to be run in `folder`.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    // `cargo run` has set these for the tool; they are not about the package that is built here.
    for (name, _) in std::env::vars_os() {
        let name_text = name.to_string_lossy();
        if name_text.starts_with("CARGO_PKG_") || name_text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
        .env_remove("CARGO_PRIMARY_PACKAGE")
        .env_remove("CARGO_BIN_NAME");
    command
}

/// Builds tests of `package` in the workspace at `workspace`: those of these targets, or all where none
/// is named.
pub(crate) fn build_tests(
    workspace: &Path,
    package: &str,
    targets: &[&str],
    limit: Duration,
    stop: &Stop,
    echo: Option<fn(&str)>,
) -> Result<Build> {
    read_build(tests_of(workspace, package, targets), limit, stop, echo)
}

/// The same into a target folder of its own, and without progress.
pub(crate) fn build_tests_into(
    folder: Option<&Path>,
    workspace: &Path,
    package: &str,
    targets: &[&str],
    limit: Duration,
    stop: &Stop,
) -> Result<Build> {
    let mut cargo = tests_of(workspace, package, targets);
    if let Some(folder) = folder {
        cargo.arg("--target-dir").arg(folder);
    }
    read_build(cargo, limit, stop, None)
}

fn tests_of(workspace: &Path, package: &str, targets: &[&str]) -> Command {
    let mut cargo = command(workspace);
    cargo.args([
        "test",
        "--no-run",
        "--message-format=json",
        "--package",
        package,
    ]);
    for target in targets {
        cargo.args(["--test", target]);
    }
    cargo
}

/// Runs clippy over all targets of `packages`; warnings are errors.
pub(crate) fn clippy(
    workspace: &Path,
    packages: &[String],
    limit: Duration,
    stop: &Stop,
) -> Result<Build> {
    let mut cargo = command(workspace);
    cargo.args([
        "clippy",
        "--all-targets",
        "--all-features",
        "--message-format=json",
    ]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    cargo.args(["--", "-D", "warnings"]);
    read_build(cargo, limit, stop, None)
}

/// Passes on the lines of cargo that explain why a reader waits.
pub(crate) fn echo_progress(line: &str) {
    let word = line.split_whitespace().next().unwrap_or_default();
    if matches!(
        word,
        "Compiling" | "Downloading" | "Downloaded" | "Updating" | "Blocking"
    ) {
        anstream::eprint!("{line}");
    }
}

fn read_build(
    cargo: Command,
    limit: Duration,
    stop: &Stop,
    echo: Option<fn(&str)>,
) -> Result<Build> {
    let finished = process::run(cargo, limit, stop, echo)
        .context("cannot run cargo; is Rust installed and `cargo` in the PATH?")?;
    let mut diagnostics = Vec::new();
    let mut tests = Vec::new();
    for line in finished.stdout.lines() {
        // What is not JSON was printed by a build script or a wrapper.
        match serde_json::from_str::<Message>(line) {
            Ok(Message::Compiler { message }) => diagnostics.extend(message.diagnostic()),
            Ok(Message::Artifact {
                target,
                profile,
                executable: Some(executable),
            }) if profile.test => {
                tests.push(TestBinary {
                    of_library: !target.kind.iter().any(|kind| kind == "test"),
                    target: target.name,
                    executable,
                });
            }
            _ => {}
        }
    }
    // The library is compiled twice, with and without its unit tests, and warns twice.
    let mut seen = std::collections::HashSet::new();
    diagnostics.retain(|diagnostic: &Diagnostic| seen.insert(diagnostic.rendered.clone()));
    let outcome = match finished.end {
        End::Stopped => Built::Stopped,
        End::TimedOut => Built::TimedOut,
        End::Exited(status) if status.success() => Built::Tests(tests),
        End::Exited(_) => Built::Broken(complaint(&diagnostics, &finished.stderr)),
    };
    Ok(Build {
        outcome,
        diagnostics,
    })
}

/// The compiler's errors; where there are none, what cargo itself said.
fn complaint(diagnostics: &[Diagnostic], stderr: &str) -> Vec<String> {
    let errors: Vec<String> = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.is_error)
        .map(|diagnostic| diagnostic.rendered.trim_end().to_owned())
        .collect();
    if !errors.is_empty() {
        return errors;
    }
    let from = stderr.find("error").unwrap_or(0);
    vec![stderr[from..].trim_end().to_owned()]
}

#[derive(Deserialize)]
#[serde(tag = "reason")]
enum Message {
    #[serde(rename = "compiler-message")]
    Compiler { message: Rustc },
    #[serde(rename = "compiler-artifact")]
    Artifact {
        target: BuiltTarget,
        profile: Profile,
        executable: Option<PathBuf>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Rustc {
    level: String,
    message: String,
    #[serde(default)]
    rendered: Option<String>,
    #[serde(default)]
    spans: Vec<Span>,
}

#[derive(Deserialize)]
struct Span {
    file_name: String,
    line_start: u32,
    is_primary: bool,
}

#[derive(Deserialize)]
struct BuiltTarget {
    name: String,
    kind: Vec<String>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

impl Rustc {
    fn diagnostic(self) -> Option<Diagnostic> {
        let is_error = self.level.starts_with("error");
        // Not "aborting due to 2 previous errors" or "3 warnings emitted": those point nowhere.
        let summary = self.spans.is_empty()
            && (self.message.starts_with("aborting due to") || self.message.ends_with("emitted"));
        if summary || !(is_error || self.level == "warning") {
            return None;
        }
        let place = self
            .spans
            .iter()
            .find(|span| span.is_primary)
            .map(|span| format!("{}:{}", span.file_name, span.line_start))
            .unwrap_or_default();
        Some(Diagnostic {
            is_error,
            rendered: self.rendered.unwrap_or_else(|| self.message.clone()),
            headline: self.message,
            place,
        })
    }
}
