//! The command `boundaries`.

use boundaries::baseline::{self, Baseline};
use boundaries::lint::{Options, Report, identity, lint};
use boundaries::{SCHEMA, day, diagram, import, output, rules, source};
use clap::{Args, Parser, Subcommand, ValueEnum};
use ledger::{Date, Ledger, Severity};
use std::collections::HashSet;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Finds the boundaries of a system that do not earn their place.
///
/// Exit status: 0 if nothing was found, 1 if something was, 2 for wrong use or a file that cannot be
/// read.
#[derive(Parser)]
#[command(name = "boundaries", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Look for faults in a ledger
    Lint(Lint),
    /// Print a rule's page: what it finds, how, and when no change is needed
    Explain {
        /// An id (B301) or a name (retry-amplification)
        rule: String,
    },
    /// List the rules
    Rules,
    /// Start a ledger, empty or from descriptions that you have
    Init(Init),
    /// Draw a ledger
    Diagram {
        /// The ledger
        #[arg(default_value = ledger::FILE_NAME)]
        file: PathBuf,
        /// The format to draw it in
        #[arg(long, value_enum, default_value_t = Picture::Mermaid)]
        format: Picture,
    },
    /// Keep today's findings as known, or remove those that are gone
    Baseline {
        #[command(subcommand)]
        what: OfBaseline,
    },
    /// Print the ledger's JSON Schema, for editors
    Schema,
}

#[derive(Args)]
struct Lint {
    /// The ledger
    #[arg(default_value = ledger::FILE_NAME)]
    file: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The severity from which on it fails
    #[arg(long, value_enum, default_value_t = Level::Warning)]
    fail_on: Level,
    /// Show notes as well
    #[arg(long)]
    pedantic: bool,
    /// Show only what was not found in this revision of git, such as `main`
    #[arg(long, value_name = "REV")]
    against: Option<String>,
    /// The day that counts as today, for tests: 2027-03-01
    #[arg(long, value_name = "DATE", value_parser = date)]
    today: Option<Date>,
}

#[derive(Args)]
struct Init {
    /// The files' format; recognised if left out
    #[arg(long, value_enum)]
    from: Option<import::Kind>,
    /// The descriptions
    files: Vec<PathBuf>,
    /// Where to write; `-` is the standard output
    #[arg(long, short, default_value = ledger::FILE_NAME)]
    output: PathBuf,
}

#[derive(Subcommand)]
enum OfBaseline {
    /// Write all of today's findings into the baseline next to the ledger
    Write(Beside),
    /// Remove entries that are no longer found
    Prune(Beside),
}

#[derive(Args)]
struct Beside {
    /// The ledger
    #[arg(default_value = ledger::FILE_NAME)]
    file: PathBuf,
    /// The day that counts as today, for tests: 2027-03-01
    #[arg(long, value_name = "DATE", value_parser = date)]
    today: Option<Date>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Text,
    Json,
    Sarif,
    Github,
    Markdown,
}

#[derive(Clone, Copy, ValueEnum)]
enum Picture {
    Mermaid,
    Dot,
    Svg,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Error,
    Warning,
    Note,
    Never,
}

/// The result of a run: the text to print, and whether anything was found.
type Outcome = Result<(String, bool), String>;

fn main() -> ExitCode {
    let outcome = match Cli::parse().what {
        What::Lint(options) => run_lint(&options),
        What::Explain { rule } => explain(&rule),
        What::Rules => Ok((list(), false)),
        What::Init(options) => init(&options),
        What::Diagram { file, format } => draw(&file, format),
        What::Baseline { what } => match what {
            OfBaseline::Write(beside) => write_baseline(&beside),
            OfBaseline::Prune(beside) => prune_baseline(&beside),
        },
        What::Schema => Ok((SCHEMA.to_owned(), false)),
    };
    match outcome {
        Ok((text, found)) => {
            // The reader may have stopped, like `head`.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
            ExitCode::from(u8::from(found))
        }
        Err(why) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {why}");
            ExitCode::from(2)
        }
    }
}

fn read(file: &Path) -> Result<Ledger, String> {
    let text = source::text(file).map_err(|error| {
        let hint = if file.as_os_str() == "-" || file.exists() {
            ""
        } else {
            "; `boundaries init` begins one"
        };
        format!("{error}{hint}")
    })?;
    source::ledger(file, &text).map_err(|error| error.to_string())
}

fn run_lint(options: &Lint) -> Outcome {
    let ledger = read(&options.file)?;
    let baseline = match &options.against {
        Some(_) => None,
        None => Baseline::read(&beside(&options.file)).map_err(|error| error.to_string())?,
    };
    let before = options
        .against
        .as_ref()
        .map(|revision| ledger_at(revision, &options.file))
        .transpose()?;
    let report = lint(
        &ledger,
        &Options {
            today: options.today.unwrap_or_else(day::today),
            pedantic: options.pedantic || matches!(options.fail_on, Level::Note),
            baseline: baseline.as_ref(),
            before: before.as_ref(),
        },
    );
    let file = options.file.display().to_string();
    let text = match options.format {
        Format::Text => {
            let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            output::text::render(&report, &ledger, &file, colour)
        }
        Format::Json => output::json::render(&report, &ledger, &file),
        Format::Sarif => output::sarif::render(&report, &ledger, &file),
        Format::Github => output::github::render(&report, &ledger, &file),
        Format::Markdown => output::markdown::render(&report, &ledger, &file),
    };
    let fails = match options.fail_on {
        Level::Error => report.fails(Severity::Error),
        Level::Warning => report.fails(Severity::Warning),
        Level::Note => report.fails(Severity::Note),
        Level::Never => false,
    };
    Ok((text, fails))
}

/// The ledger in a revision of git; an empty one if it has none there.
fn ledger_at(revision: &str, file: &Path) -> Result<Ledger, String> {
    let folder = file.parent().filter(|it| !it.as_os_str().is_empty());
    let name = file
        .file_name()
        .ok_or("--against needs a file, not the standard input")?
        .to_string_lossy();
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.current_dir(folder.unwrap_or(Path::new(".")));
        let done = command.args(arguments).output();
        done.map_err(|error| format!("git cannot be run: {error}"))
    };
    let at = format!("{revision}^{{commit}}");
    let known = git(&["rev-parse", "--verify", "--quiet", "--end-of-options", &at])?;
    if !known.status.success() {
        return Err(format!("git knows no revision `{revision}` here"));
    }
    let shown = git(&["show", "--end-of-options", &format!("{revision}:./{name}")])?;
    if !shown.status.success() {
        return Ok(Ledger::default());
    }
    let text = String::from_utf8_lossy(&shown.stdout);
    // A file that was not a ledger then had no findings: all of today's are new.
    Ok(Ledger::parse(&text).unwrap_or_default())
}

fn explain(rule: &str) -> Outcome {
    match rules::named(rule) {
        Ok(known) => Ok((known.page.to_owned(), false)),
        Err(meant) => Err(format!("there is no rule `{rule}`.{meant}")),
    }
}

fn list() -> String {
    rules::ALL.iter().fold(String::new(), |text, known| {
        let rule = known.rule;
        text + &format!("{} {:<26} {}\n", rule.id, rule.name, rule.finds)
    })
}

fn init(options: &Init) -> Outcome {
    let to_stdout = options.output.as_os_str() == "-";
    if !to_stdout && options.output.exists() {
        return Err(format!(
            "{} exists already, and is left unchanged; `--output -` prints instead",
            options.output.display()
        ));
    }
    if options.files.is_empty() {
        if options.from.is_some() {
            return Err("--from needs the files to read".to_owned());
        }
        return write(&options.output, import::EMPTY, "");
    }
    let mut sources = Vec::new();
    for file in &options.files {
        let text = source::text(file).map_err(|error| error.to_string())?;
        sources.push((file.display().to_string(), text));
    }
    let imported = import::import(options.from, &sources)?;
    let text = imported.ledger();
    // An importer always writes a ledger, whatever it has read.
    Ledger::parse(&text).map_err(|error| format!("this import is not a ledger: {error}"))?;
    write(&options.output, &text, &imported.told())
}

fn write(output: &Path, text: &str, told: &str) -> Outcome {
    if output.as_os_str() == "-" {
        let _ = std::io::stderr().lock().write_all(told.as_bytes());
        return Ok((text.to_owned(), false));
    }
    std::fs::write(output, text).map_err(|error| cannot_write(output, &error))?;
    let lines = text.lines().count();
    Ok((
        format!("{told}wrote {} ({lines} lines)\n", output.display()),
        false,
    ))
}

fn cannot_write(file: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be written: {error}", file.display())
}

fn draw(file: &Path, format: Picture) -> Outcome {
    let ledger = read(file)?;
    let text = match format {
        Picture::Mermaid => diagram::mermaid(&ledger),
        Picture::Dot => diagram::dot(&ledger),
        Picture::Svg => diagram::svg(&ledger),
    };
    Ok((text, false))
}

fn beside(ledger: &Path) -> PathBuf {
    ledger.with_file_name(baseline::FILE_NAME)
}

/// The findings without any baseline, except notes.
fn found(options: &Beside) -> Result<Report, String> {
    let ledger = read(&options.file)?;
    let today = options.today.unwrap_or_else(day::today);
    let without = Options {
        today,
        pedantic: false,
        baseline: None,
        before: None,
    };
    Ok(lint(&ledger, &without))
}

fn write_baseline(options: &Beside) -> Outcome {
    let report = found(options)?;
    // A broken exception cannot be excepted: it has to be fixed.
    let kept = report
        .findings
        .iter()
        .filter(|it| it.rule.id != rules::STALE.id);
    let baseline = Baseline::of(kept.map(identity));
    let file = beside(&options.file);
    std::fs::write(&file, baseline.text()).map_err(|error| cannot_write(&file, &error))?;
    let told = format!(
        "{} findings are known now, in {}\n",
        baseline.len(),
        file.display()
    );
    Ok((told, false))
}

fn prune_baseline(options: &Beside) -> Outcome {
    let file = beside(&options.file);
    let baseline = Baseline::read(&file).map_err(|error| error.to_string())?;
    let baseline = baseline.ok_or_else(|| format!("there is no {}", file.display()))?;
    let report = found(options)?;
    let all: HashSet<_> = report.findings.iter().map(identity).collect();
    let pruned = baseline.pruned(&all);
    std::fs::write(&file, pruned.text()).map_err(|error| cannot_write(&file, &error))?;
    let gone = baseline.len() - pruned.len();
    Ok((
        format!(
            "{gone} removed, {} left in {}\n",
            pruned.len(),
            file.display()
        ),
        false,
    ))
}

fn date(text: &str) -> Result<Date, String> {
    Date::parse(text).ok_or_else(|| "a day is written as 2027-03-01".to_owned())
}
