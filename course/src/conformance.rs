//! The public HTTP cache tests, against the edge of lab 7 and against other caches beside it.
//!
//! They give a score and never a grade: they take real seconds, they need node and npm, and their own
//! authors say that passing all of them means nothing. What they are good for is the table: the same tests,
//! on the same day and machine, for a few hundred lines of a lab and for two caches that half the Web
//! stands behind.
//!
//! Nothing of them is part of this repository: npm installs them below `target/`, once.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::process::{self, Stop};
use crate::repo::Repo;

/// The suite as npm has it. The version is part of what a score means.
const PACKAGE: &str = "http-cache-tests";
const VERSION: &str = "0.4.5";

const ORIGIN: &str = include_str!("conformance/origin.mjs");
const RUN: &str = include_str!("conformance/run.mjs");

/// How long a server may take to listen.
const LISTENS: Duration = Duration::from_secs(10);

/// How long one run of the tests may take: they need half a minute.
const RUNS: Duration = Duration::from_secs(300);

/// How long an installation or a build may take.
const BUILDS: Duration = Duration::from_secs(900);

/// One of the public tests, and what came of it.
#[derive(Debug, Clone, Deserialize)]
struct CacheTest {
    id: String,
    suite: String,
    kind: String,
    /// Only a browser can run it.
    browser: bool,
    passed: bool,
    said: String,
}

/// A cache that is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contender {
    /// The course's solution of lab 7, or the reader's own.
    Edge {
        own: bool,
    },
    Nginx,
    Varnish,
}

impl Contender {
    fn name(self) -> &'static str {
        match self {
            Self::Edge { own: true } => "your edge",
            Self::Edge { own: false } => "our edge",
            Self::Nginx => "nginx",
            Self::Varnish => "Varnish",
        }
    }
}

/// Runs the tests against the course's edge, or the reader's `own`, and what else is installed; prints
/// the table.
///
/// # Errors
/// When node or npm are missing, or something cannot be installed, built or started.
pub fn run(repo: &Repo, own: bool, alone: bool, stop: &Stop) -> Result<ExitCode> {
    for tool in ["node", "npm"] {
        if version(tool, "--version").is_none() {
            bail!("{tool} is not installed: the public cache tests are written for it");
        }
    }
    let folder = repo.root().join("target").join(PACKAGE);
    let suite = installed(&folder, stop)?;
    let edge = built(repo, &folder, own, stop)?;
    let mut contenders = vec![(Contender::Edge { own }, String::new())];
    if !alone {
        let others = [
            (Contender::Nginx, version("nginx", "-v")),
            (Contender::Varnish, version("varnishd", "-V")),
        ];
        for (contender, version) in others {
            match version {
                Some(version) => contenders.push((contender, version)),
                None => anstream::eprintln!("{} is not installed, and left out", contender.name()),
            }
        }
    }
    let mut columns = Vec::new();
    for (contender, version) in contenders {
        anstream::eprintln!("running the tests against {} …", contender.name());
        let run = tempfile::Builder::new()
            .prefix("run-")
            .tempdir_in(&folder)?;
        let results = results(contender, &edge, &suite, run.path(), stop)
            .with_context(|| format!("cannot test {}", contender.name()))?;
        let heading = [contender.name(), &version].join(" ").trim().to_owned();
        columns.push((heading, results));
    }
    anstream::print!("{}", table(&columns));
    Ok(ExitCode::SUCCESS)
}

/// The folder of the tests, which npm has put below `folder`.
fn installed(folder: &Path, stop: &Stop) -> Result<PathBuf> {
    let suite = folder.join("node_modules").join(PACKAGE);
    let manifest = suite.join("package.json");
    let wanted = format!("\"version\": \"{VERSION}\"");
    let there = fs::read_to_string(&manifest).is_ok_and(|text| text.contains(&wanted));
    if !there {
        fs::create_dir_all(folder)?;
        // Without one, npm looks for a project in the folders above.
        fs::write(folder.join("package.json"), "{\"private\": true}\n")?;
        anstream::eprintln!("installing {PACKAGE} {VERSION} below target/ …");
        let mut npm = Command::new("npm");
        npm.current_dir(folder)
            .args(["install", "--no-audit", "--no-fund", "--ignore-scripts"])
            .arg(format!("{PACKAGE}@{VERSION}"));
        let done = process::run(npm, BUILDS, stop, None)?;
        if !done.succeeded() {
            bail!("npm cannot install {PACKAGE}: {}", done.stderr.trim());
        }
    }
    fs::write(folder.join("origin.mjs"), ORIGIN)?;
    fs::write(folder.join("run.mjs"), RUN)?;
    Ok(suite)
}

/// The edge as a command. Both workspaces call it `edge` and build it into one folder, so that it is
/// copied away at once.
fn built(repo: &Repo, folder: &Path, own: bool, stop: &Stop) -> Result<PathBuf> {
    let (workspace, package) = if own {
        (repo.exercises(), "edge")
    } else {
        (repo.root().to_owned(), "edge-solution")
    };
    anstream::eprintln!("building {package} …");
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(&workspace)
        .args(["build", "--package", package, "--features", "server"])
        .args(["--bin", "edge", "--message-format", "json"]);
    let done = process::run(cargo, BUILDS, stop, None)?;
    if !done.succeeded() {
        bail!("{package} does not compile: cargo build -p {package} --features server says why");
    }
    let made = done
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| Some(message.get("executable")?.as_str()?.to_owned()))
        .next_back()
        .context("cargo did not build a command")?;
    let copy = folder.join(format!("edge{}", std::env::consts::EXE_SUFFIX));
    fs::copy(made, &copy)?;
    Ok(copy)
}

/// A server that is stopped when this is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let child = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?;
        Ok(Self(child))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Varnish and nginx have a child each, and end it when they are asked to; a kill would leave it.
        #[cfg(unix)]
        {
            use rustix::process::{Pid, Signal, kill_process};
            let id = i32::try_from(self.0.id()).ok().and_then(Pid::from_raw);
            if id.is_some_and(|id| kill_process(id, Signal::TERM).is_ok()) {
                let begun = Instant::now();
                while begun.elapsed() < Duration::from_secs(5) {
                    if matches!(self.0.try_wait(), Ok(Some(_))) {
                        return;
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            }
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the tests against one cache.
fn results(
    contender: Contender,
    edge: &Path,
    suite: &Path,
    run: &Path,
    stop: &Stop,
) -> Result<Vec<CacheTest>> {
    let scripts = suite
        .ancestors()
        .nth(2)
        .context("the tests have a folder")?;
    let mut node = Command::new("node");
    node.arg(scripts.join("origin.mjs"))
        .arg(suite)
        .stdout(Stdio::piped());
    let mut origin = Running::start(&mut node)?;
    let said = origin.0.stdout.take().context("the origin has an output")?;
    let mut port = String::new();
    BufReader::new(said).read_line(&mut port)?;
    let origin_port: u16 = port.trim().parse().context("the origin does not start")?;

    let port = free_port()?;
    let mut command = command(contender, edge, run, port, origin_port)?;
    let _cache = Running::start(command.stdout(Stdio::null()))?;
    listens(port)?;

    let mut node = Command::new("node");
    node.args([
        OsStr::new("--no-warnings"),
        scripts.join("run.mjs").as_os_str(),
    ])
    .arg(suite)
    .arg(format!("http://127.0.0.1:{port}"));
    let done = process::run(node, RUNS, stop, None)?;
    if !done.succeeded() {
        bail!("the tests did not finish: {}", done.stderr.trim());
    }
    serde_json::from_str(&done.stdout).context("the tests' output cannot be read")
}

/// How a cache is started: on loopback, with a folder of its own and nothing of the system's.
fn command(
    contender: Contender,
    edge: &Path,
    run: &Path,
    port: u16,
    origin: u16,
) -> Result<Command> {
    let at = run.display();
    Ok(match contender {
        Contender::Edge { .. } => {
            let mut command = Command::new(edge);
            command.args([format!("127.0.0.1:{port}"), format!("127.0.0.1:{origin}")]);
            command
        }
        Contender::Nginx => {
            let file = run.join("nginx.conf");
            // As the suite's own configuration has it, but for places and ports.
            let text = format!(
                "daemon off;\nworker_processes 1;\npid {at}/pid;\nerror_log {at}/error.log;\n\
                 events {{ worker_connections 1024; }}\n\
                 http {{\n  access_log off;\n\
                 \x20 client_body_temp_path {at}/b;\n  proxy_temp_path {at}/p;\n\
                 \x20 fastcgi_temp_path {at}/f;\n  uwsgi_temp_path {at}/u;\n  scgi_temp_path {at}/s;\n\
                 \x20 proxy_cache_path {at}/c levels=1:2 keys_zone=c:8m;\n\
                 \x20 server {{\n    listen 127.0.0.1:{port};\n\
                 \x20   location / {{\n      proxy_pass http://127.0.0.1:{origin};\n\
                 \x20     proxy_cache c;\n      proxy_cache_revalidate on;\n    }}\n  }}\n}}\n"
            );
            fs::write(&file, text)?;
            let mut command = Command::new("nginx");
            command.arg("-c").arg(file);
            command
        }
        Contender::Varnish => {
            let mut command = Command::new("varnishd");
            command
                .args(["-F", "-j", "none", "-s", "malloc,64m", "-n"])
                .arg(run.join("v"))
                .args(["-a", &format!("127.0.0.1:{port}")])
                .args(["-b", &format!("127.0.0.1:{origin}")]);
            command
        }
    })
}

/// The first line in which a program states its version, if it is there.
fn version(program: &str, argument: &str) -> Option<String> {
    let said = Command::new(program).arg(argument).output().ok()?;
    let text = [said.stdout, said.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let rest = &text[digits..];
    let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'));
    Some(rest[..end.unwrap_or(rest.len())].to_owned())
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

fn listens(port: u16) -> Result<()> {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if begun.elapsed() > LISTENS {
            bail!("it does not listen on port {port}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// The scores: required tests by suite, then the sums of each kind, then what our edge does not pass.
fn table(columns: &[(String, Vec<CacheTest>)]) -> String {
    let mut out = String::new();
    let mut line = |name: &str, cells: Vec<String>| {
        let _ = write!(out, "{name:<24}");
        for (cell, (heading, _)) in cells.iter().zip(columns) {
            let _ = write!(out, "  {cell:>width$}", width = heading.len().max(10));
        }
        out.push('\n');
    };
    line(
        "",
        columns.iter().map(|(heading, _)| heading.clone()).collect(),
    );
    let passed = |results: &[CacheTest], picks: &dyn Fn(&CacheTest) -> bool| {
        let picked = results.iter().filter(|one| !one.browser && picks(one));
        let (mut passed, mut all) = (0, 0);
        for one in picked {
            all += 1;
            passed += usize::from(one.passed);
        }
        (passed, all)
    };
    let Some((_, first)) = columns.first() else {
        return out;
    };
    let mut suites = BTreeMap::new();
    for (at, one) in first.iter().enumerate() {
        if one.kind == "required" && !one.browser {
            suites.entry(one.suite.as_str()).or_insert(at);
        }
    }
    let mut in_order: Vec<_> = suites.into_iter().collect();
    in_order.sort_by_key(|(_, at)| *at);
    for (suite, _) in in_order {
        let picks = |one: &CacheTest| one.kind == "required" && one.suite == suite;
        let cells = columns.iter().map(|(_, results)| {
            let (passed, all) = passed(results, &picks);
            format!("{passed}/{all}")
        });
        line(suite, cells.collect());
    }
    for (kind, title) in [
        ("required", "required, all"),
        ("optimal", "optimal, all"),
        ("check", "behaviour, yes"),
    ] {
        let cells = columns.iter().map(|(_, results)| {
            let (passed, all) = passed(results, &|one: &CacheTest| one.kind == kind);
            format!("{passed}/{all}")
        });
        line(title, cells.collect());
    }
    let failed = first
        .iter()
        .filter(|one| one.kind == "required" && !one.browser && !one.passed);
    let failed: Vec<String> = failed
        .map(|one| format!("  {}: {}\n", one.id, one.said))
        .collect();
    if !failed.is_empty() {
        out.push_str("\nRequired, and not passed by the first column:\n");
        out.extend(failed);
    }
    let browser = first.iter().filter(|one| one.browser).count();
    let required = first
        .iter()
        .filter(|one| one.browser && one.kind == "required");
    let required = required.count();
    let _ = writeln!(
        out,
        "\n{PACKAGE} {VERSION}; {browser} tests for browsers alone are left out, of which {required} are \
         required. This is a score, and no grade."
    );
    out
}
