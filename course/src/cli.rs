//! The command line of `cargo course`.
//!
//! Exit codes: 0 when all holds, 1 when something does not, 2 when the command could not be carried
//! out at all.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};

use crate::check;
use crate::grade::{Limits, Stop, Stopped};
use crate::hint::{self, Depth};
use crate::lab;
use crate::measure::MeasureArgs;
use crate::platform::PlatformArgs;
use crate::repo::Repo;
use crate::reset;
use crate::serve::{LOOPBACK, PORT, ServeOptions};
use crate::terminal::{HEADING, Terminal, painted};
use crate::verify::{self, Part, Shard};
use crate::way::Way;
use records::moment;

const EXAMPLES: &str = "\
Examples:
  cargo course                    read the book, with your grades in it
  cargo course status             where you stand, and what is next
  cargo course check measure      what holds in lab 1, what does not, and what to do next
  cargo course hint measure       when stuck
  cargo course measure --quick    your machine's own figures

Exit codes: 0 all holds, 1 something does not, 2 the command could not be carried out.";

/// Hybrid by Design: read, measure, build, be graded.
#[derive(Debug, Parser)]
#[command(name = "cargo course", bin_name = "cargo course", version, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the book with live reload and live grades (what happens without a command)
    #[command(
        after_help = "Examples:\n  cargo course serve\n  cargo course serve --port 4000 --no-open\n  cargo course serve --host 0.0.0.0 --no-open   from inside a container"
    )]
    Serve(ServeArgs),
    /// Build the book into book/
    #[command(after_help = "Example:\n  cargo course build")]
    Build,
    /// Where you stand: every lab, what held when it was last graded, and the one next step
    #[command(after_help = "\
Compiles nothing: it prints what `check` and `serve` found last, and what has changed since.

Examples:
  cargo course status
  cargo course status --json

Exit codes: 0 every lab holds, 1 one does not, or nobody knows, 2 the labs cannot be read.")]
    Status(StatusArgs),
    /// Grade a lab: what holds, what does not, what to do next
    #[command(after_help = "\
Without LAB: the lab of the current folder; elsewhere all labs, and the first open one in full.

Examples:
  cargo course check
  cargo course check measure
  cargo course check 1 --json
  cargo course check split --hardening   the core and the hardening; later checks and saves grade both

Exit codes: 0 what was graded holds, 1 something does not, 2 there is no such lab or no cargo.")]
    Check(CheckArgs),
    /// Show a hint, then the next: a question, a pointer, the shape of the answer
    #[command(after_help = "\
Examples:
  cargo course hint measure             the topics
  cargo course hint measure encode      the next hint about `encode`
  cargo course hint measure 2 --again   what topic 2 has shown so far")]
    Hint(HintArgs),
    /// Measure what things cost on this machine, for your own figures in the book
    #[command(
        after_help = "Examples:\n  cargo course measure --quick     the ladder alone, in a few seconds once built\n  cargo course measure             the ladder in full, and the labs that you have begun\n  cargo course measure authority   one lab"
    )]
    Measure(MeasureArgs),
    /// Bring back a lab's starter; a copy of your work is kept
    #[command(after_help = "\
The whole lab folder is copied to .course/kept/ first. The starter comes from git's history, even if
you have committed your own work since.

Example:
  cargo course reset measure")]
    Reset(ResetArgs),
    /// Run public tests from elsewhere against a lab's code: a score, not a grade
    #[command(after_help = "\
For `edge`: the HTTP cache tests (npm `http-cache-tests`, installed below target/), against our edge and
against nginx and Varnish where they are installed. It needs node and npm, and takes half a minute for each
cache.

Examples:
  cargo course conformance edge
  cargo course conformance edge --own --alone    your edge, and no other cache

Exit codes: 0 whatever the score is, 2 when the tests could not be run.")]
    Conformance(ConformanceArgs),
    /// Run the platform: edge, API, cache, authority, stream, workers and view, and the page that shows them
    #[command(after_help = "\
Builds what is needed, starts it, prints one loopback address and opens it. Ctrl-C ends all of it, and the
next start finds everything that was acknowledged, in .course/platform/.

Examples:
  cargo course platform
  cargo course platform --load 50 --seed 7
  cargo course platform --port 5000 --no-open")]
    Platform(PlatformArgs),
    /// For maintainers: prove that the course is sound
    #[command(after_help = "\
Parts:
  starters    each compiles without a warning, and each graded test fails on it by its todo
  solutions   each passes the same tests, under strict clippy
  stages      the code after each is green on the stages so far, and red by todos beyond
  mistakes    each applies, compiles, and is rejected by the test that it names
  book        anchors, links and directives resolve, and nothing is logged
  coverage    invariants have tests, objectives have invariants and questions, stubs have hints,
              locks agree

Examples:
  cargo course verify
  cargo course verify measure --only mistakes --thorough
  cargo course verify --write-starters    after a deliberate change to a starter or its tests")]
    Verify(VerifyArgs),
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// The port to listen on; if it is in use, another one is picked
    #[arg(long, default_value_t = PORT)]
    port: u16,
    /// The address to listen on; anything but loopback shows your work to everybody who can reach this machine
    #[arg(long, value_name = "ADDRESS", default_value_t = LOOPBACK)]
    host: IpAddr,
    /// Do not open a browser
    #[arg(long)]
    no_open: bool,
    /// Check the files once a second, for systems that do not report changes
    #[arg(long)]
    poll: bool,
}

impl Default for ServeArgs {
    fn default() -> Self {
        Self {
            port: PORT,
            host: LOOPBACK,
            no_open: false,
            poll: false,
        }
    }
}

#[derive(Debug, Args)]
struct StatusArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// A lab: its name, its number or its folder
    lab: Option<String>,
    /// Grade the hardening too, even while the core is red
    #[arg(long, alias = "all")]
    hardening: bool,
    /// Print JSON, as the served book reads it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// No grade depends on these; they stop what would never end.
#[derive(Debug, Args)]
struct LimitArgs {
    /// Seconds that one test may run
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    test_limit: Option<u64>,
    /// Seconds that a build may take
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    build_limit: Option<u64>,
}

impl LimitArgs {
    fn within(&self, limits: Limits) -> Limits {
        Limits {
            test: self.test_limit.map_or(limits.test, Duration::from_secs),
            build: self.build_limit.map_or(limits.build, Duration::from_secs),
            ..limits
        }
    }
}

#[derive(Debug, Args)]
struct HintArgs {
    /// A lab: its name, its number or its folder
    #[arg(default_value = "", hide_default_value = true)]
    lab: String,
    /// A topic: its number, or a word of its title
    topic: Option<String>,
    /// Show all hints of the topic, or of the lab
    #[arg(long, conflicts_with = "again")]
    all: bool,
    /// Show again what has been shown, and nothing more
    #[arg(long)]
    again: bool,
}

#[derive(Debug, Args)]
struct ResetArgs {
    /// A lab: its name, its number or its folder
    lab: String,
}

#[derive(Debug, Args)]
struct ConformanceArgs {
    /// The lab; `edge` is the only one with such tests
    #[arg(value_parser = ["edge"])]
    lab: String,
    /// Your own edge instead of the course's
    #[arg(long)]
    own: bool,
    /// Without the other caches
    #[arg(long)]
    alone: bool,
}

#[derive(Debug, Args)]
struct VerifyArgs {
    /// Only this lab (and the whole book)
    lab: Option<String>,
    /// Only this part
    #[arg(long, value_name = "PART", value_enum)]
    only: Vec<Part>,
    /// Run all tests on each mistake, not only the one that has to reject it: shows which others reject it,
    /// which of them hang or die, and which tests no mistake needs
    #[arg(long)]
    thorough: bool,
    /// Prove again what was proven on this machine before and has not changed since
    #[arg(long)]
    afresh: bool,
    /// Only the Kth of N equal parts, so that N machines can share the work
    #[arg(long, value_name = "K/N")]
    shard: Option<Shard>,
    /// Take the labs as they are now for the starters, and write their starter.lock
    #[arg(long, conflicts_with = "only")]
    write_starters: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

/// Runs the command line.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli
        .command
        .unwrap_or_else(|| Command::Serve(ServeArgs::default())))
    {
        Ok(code) => code,
        Err(error) if error.is::<Stopped>() => {
            anstream::eprintln!("stopped");
            ExitCode::from(2)
        }
        Err(error) => {
            let word = painted(crate::terminal::BAD, "error:");
            anstream::eprintln!("{word} {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    let repo = Repo::find()?;
    match command {
        Command::Serve(args) => {
            let options = ServeOptions {
                port: args.port,
                host: args.host,
                open: !args.no_open,
                poll: args.poll,
            };
            crate::serve::run(&repo, options)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Build => {
            let built = crate::book::build::build(&repo)?;
            for warning in &built.warnings {
                anstream::eprintln!("{} {warning}", painted(crate::terminal::OPEN, "warning:"));
            }
            anstream::println!("The book is in {}.", repo.relative(&built.folder));
            Ok(if built.warnings.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::from(1)
            })
        }
        Command::Status(args) => status(&repo, &args),
        Command::Check(args) => {
            let limits = args.limits.within(Limits::default());
            let labs = lab::meant(&repo, args.lab.as_deref())?;
            let request = check::CheckRequest {
                labs,
                hardening: args.hardening,
                json: args.json,
                limits,
            };
            check::run(&repo, &request, &stop_on_interrupt()?)
        }
        Command::Hint(args) => {
            let lab = lab::named(&repo, &args.lab)?;
            let depth = match (args.all, args.again) {
                (true, _) => Depth::All,
                (_, true) => Depth::Again,
                _ => Depth::Next,
            };
            anstream::print!("{}", hint::run(&repo, &lab, args.topic.as_deref(), depth)?);
            Ok(ExitCode::SUCCESS)
        }
        Command::Measure(args) => crate::measure::run(&repo, &args),
        Command::Platform(args) => crate::platform::run(&repo, &args),
        Command::Reset(args) => {
            let lab = lab::named(&repo, &args.lab)?;
            let done = reset::run(&repo, &lab)?;
            anstream::print!("{}", reset_text(&repo, &lab, &done));
            Ok(ExitCode::SUCCESS)
        }
        Command::Conformance(args) => {
            crate::conformance::run(&repo, args.own, args.alone, &stop_on_interrupt()?)
        }
        Command::Verify(args) => {
            let labs = match args.lab {
                Some(name) => vec![lab::named(&repo, &name)?],
                None => lab::all(&repo)?,
            };
            if args.write_starters {
                return verify::write_starters(&repo, &labs);
            }
            let mut request =
                verify::ProofRequest::new(labs, &args.only, args.limits.within(verify::LIMITS));
            request.thorough = args.thorough;
            request.afresh = args.afresh;
            request.shard = args.shard.unwrap_or_default();
            verify::run(&repo, &request, &stop_on_interrupt()?)
        }
    }
}

fn status(repo: &Repo, args: &StatusArgs) -> Result<ExitCode> {
    let way = Way::remembered(repo)?;
    if args.json {
        anstream::println!("{}", serde_json::to_string_pretty(&way)?);
    } else {
        let now = moment::seconds(SystemTime::now());
        anstream::print!("{}", way.text(Terminal::of_stdout(), now));
    }
    Ok(if way.all_hold() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(1)
    })
}

fn reset_text(repo: &Repo, lab: &lab::Lab, done: &reset::Done) -> String {
    let terminal = Terminal::of_stdout();
    let Some(kept) = &done.kept else {
        return format!(
            "Lab {} is as given already; nothing was changed.\n",
            lab.name
        );
    };
    let mut out = format!(
        "{}\n",
        painted(HEADING, &format!("Lab {} is as given again.", lab.name))
    );
    for path in &done.restored {
        let _ = writeln!(out, "  restored  {path}");
    }
    for path in &done.removed {
        let _ = writeln!(out, "  removed   {path}");
    }
    let line = format!(
        "Your version, whole, is in {}. To have it back, copy that over exercises/{}.",
        repo.relative(kept),
        lab.folder
    );
    out.push_str(&terminal.wrapped("", "  ", &line));
    out
}

/// A flag that Ctrl-C raises: the children run in groups of their own, where it does not reach them.
fn stop_on_interrupt() -> Result<Stop> {
    let stop = Stop::new();
    let raised = stop.clone();
    ctrlc::set_handler(move || raised.stop()).context("cannot listen for Ctrl-C")?;
    Ok(stop)
}
