//! The whole ladder end to end, one tiny round, with an RPC of a few lines: once in good health
//! and once with each way in which a reader's may break. No time is asserted.
//!
//! The ladder starts its own executable again as client and server, so this test is a program:
//! started without the variable below it starts itself, once for each case, and looks at the file
//! of figures.

use std::future::pending;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use ladder::Rpc;
use ladder::child::{Probe, Seat, Side};
use ladder::cpus::Placement;
use ladder::derived;
use ladder::record::{Figure, Record, Status};
use ladder::suite::{Axis, Curve, Rung, Series, Suite};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;

/// Which case a process plays; its children inherit it.
const CASE: &str = "LADDER_SMOKE_CASE";

fn main() -> ExitCode {
    if std::env::var_os(CASE).is_some() {
        return if ["curve", "curve-todo", "derived-todo"]
            .into_iter()
            .any(case)
        {
            ladder::main_deriving(&tallies(), halve)
        } else {
            ladder::main::<Tiny>()
        };
    }
    let folder = std::env::temp_dir().join(format!("ladder-smoke-{}", std::process::id()));
    a_ladder_in_good_health_is_measured_whole(&folder);
    a_todo_is_not_built_and_the_rest_is_measured(&folder);
    a_call_that_hangs_is_given_up(&folder);
    a_server_that_panics_is_quoted(&folder);
    a_batch_that_lacks_answers_is_not_measured(&folder);
    a_curve_has_a_point_for_each_place_and_a_todo_none(&folder);
    std::fs::remove_dir_all(&folder).expect("the temporary folder can be removed");
    println!("smoke: 6 cases passed");
    ExitCode::SUCCESS
}

fn a_ladder_in_good_health_is_measured_whole(folder: &Path) {
    let (record, output) = run(folder, "healthy");
    for figure in &record.rungs {
        // A container may have one CPU only.
        let may_lack = figure.placement == Placement::TwoCpus;
        assert!(figure.status == Status::Measured || may_lack, "{figure:?}");
        if figure.status == Status::Measured {
            assert!(figure.p50_ns.is_some_and(|ns| ns > 0.0), "{figure:?}");
            assert!(figure.samples > 0 && figure.rounds == 1, "{figure:?}");
            assert!(figure.ratio.is_some(), "{figure:?}");
        }
    }
    assert!(!record.noise.is_empty());
    assert!(output.contains("function calls fit"), "{output}");
}

fn a_todo_is_not_built_and_the_rest_is_measured(folder: &Path) {
    let (record, output) = run(folder, "todo");
    for figure in of_the_rpc(&record) {
        assert_eq!(figure.status, Status::NotBuilt, "{figure:?}");
        assert_eq!(figure.message, "Give the call a number");
    }
    assert!(raw_tcp(&record).p50_ns.is_some());
    assert_eq!(
        output.matches("Give the call a number").count(),
        1,
        "{output}"
    );
    assert!(!output.contains("panicked"), "{output}");
}

fn a_call_that_hangs_is_given_up(folder: &Path) {
    let (record, _) = run(folder, "hang");
    for figure in of_the_rpc(&record) {
        assert_eq!(figure.status, Status::Unavailable, "{figure:?}");
        assert!(figure.message.starts_with("no answer within"), "{figure:?}");
    }
    assert!(raw_tcp(&record).p50_ns.is_some());
}

fn a_server_that_panics_is_quoted(folder: &Path) {
    let (record, _) = run(folder, "panic");
    for figure in of_the_rpc(&record) {
        assert!(figure.message.contains("no lessons left"), "{figure:?}");
    }
    assert!(raw_tcp(&record).p50_ns.is_some());
}

fn a_batch_that_lacks_answers_is_not_measured(folder: &Path) {
    let (record, _) = run(folder, "short");
    for figure in of_the_rpc(&record) {
        let expected = match figure.id.as_str() {
            "batch-100" => Status::Unavailable,
            _ => Status::Measured,
        };
        assert_eq!(figure.status, expected, "{figure:?}");
    }
}

fn a_curve_has_a_point_for_each_place_and_a_todo_none(folder: &Path) {
    let (record, output) = run(folder, "curve");
    assert_eq!(record.what, "tallies");
    let [curve] = record.curves.as_slice() else {
        panic!("{:?}", record.curves);
    };
    let ys = |at: usize| -> Vec<_> {
        let points = &curve.series[at].points;
        points.iter().map(|p| (p.x, p.y)).collect()
    };
    assert_eq!(ys(0), [(1.0, 2.0), (10.0, 20.0)]);
    assert_eq!(ys(1), [(1.0, 1.0), (10.0, 10.0)], "derived");
    let [base, twice] = record.rungs.as_slice() else {
        panic!("{:?}", record.rungs);
    };
    assert_eq!(base.counts.get("turns"), Some(&7));
    assert!(twice.ratio.as_ref().is_some_and(|ratio| ratio.to == "base"));
    assert!(
        output.contains("counted in one process: 7 turns"),
        "{output}"
    );

    let (record, output) = run(folder, "curve-todo");
    let series = &record.curves[0].series[0];
    assert_eq!(series.status, Status::NotBuilt);
    assert!(series.points.is_empty());
    assert!(output.contains("not built yet: Count them"), "{output}");

    let (record, output) = run(folder, "derived-todo");
    let [measured, halved] = record.curves[0].series.as_slice() else {
        panic!("{:?}", record.curves);
    };
    assert_eq!(measured.status, Status::Measured);
    assert_eq!(halved.status, Status::NotBuilt);
    assert_eq!(halved.message, "Halve them");
    assert!(!output.contains("panicked"), "{output}");
}

fn run(folder: &Path, case: &str) -> (Record, String) {
    let out: PathBuf = folder.join(case).join("figures.json");
    let exe = std::env::current_exe().expect("this program knows its own path");
    let output = Command::new(exe)
        .env(CASE, case)
        .arg("--out")
        .arg(&out)
        .output()
        .expect("this program can be started again");
    let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
    let text = text.concat();
    assert!(output.status.success(), "{case}: {text}");
    let record = Record::read(&out).expect("the figures were written");
    (record, text)
}

/// Where there is one CPU only, the second placement is unavailable whatever the RPC does.
fn of_the_rpc(record: &Record) -> impl Iterator<Item = &Figure> {
    let of_rpc = |f: &&Figure| f.id.starts_with("rpc") || f.id.ends_with("-100");
    let mut figures = record.rungs.iter().filter(of_rpc).peekable();
    assert!(figures.peek().is_some());
    figures.filter(|figure| figure.message != "this process may use only one CPU")
}

fn raw_tcp(record: &Record) -> &Figure {
    let mut rungs = record.rungs.iter();
    rungs
        .find(|figure| figure.id == "tcp-loopback")
        .expect("the raw rung is always there")
}

/// A suite of another kind: nothing crosses, and what counts is counted.
fn tallies() -> Suite {
    let within = |id, title| Rung {
        base: "base",
        ..Rung::within(id, turn, title, title)
    };
    let axis = Axis {
        name: "turns",
        unit: "",
        logarithmic: false,
    };
    let series = Series {
        title: "doubled",
        side: Side {
            id: "doubled",
            server: None,
            client: turn,
        },
        at: &[1, 10],
        least: 1,
        once: true,
        value: |samples| samples.counted("turns") / 3.5,
    };
    Suite {
        what: "tallies",
        title: "Tallies",
        against: "the base",
        command: ["none", "none"],
        rungs: vec![within("base", "base"), within("twice", "twice")],
        curves: vec![Curve {
            id: "doubling",
            title: "Turns",
            x: axis,
            y: axis,
            series: vec![series],
        }],
        lessons: |_| Vec::new(),
        picture: None,
    }
}

/// A line that follows from the measured one.
fn halve(record: &mut Record) {
    derived::add(record, "doubling", "halved", "halved", |curve| {
        if case("derived-todo") {
            todo!("Halve them");
        }
        let points = curve.series[0].points.iter();
        Ok(points.map(|p| derived::exact(p.x, p.y / 2.0)).collect())
    });
}

/// Seven turns a slice, or seven for each place on the axis.
fn turn(seat: &Seat) -> Result<Probe, String> {
    let turns = 7 * seat.at.max(1);
    if seat.at > 0 && case("curve-todo") {
        todo!("Count them");
    }
    Ok(Box::new(move |mut slice| {
        slice.count("turns", turns);
        slice.keep_now(Duration::from_micros(turns), 1);
        Ok(slice)
    }))
}

/// One byte asks for that many bytes.
struct Tiny;

impl Rpc for Tiny {
    type Client = Mutex<TcpStream>;

    fn connect(stream: TcpStream) -> Self::Client {
        if case("todo") {
            todo!("Give the call a number");
        }
        Mutex::new(stream)
    }

    async fn serve(mut stream: TcpStream) {
        while let Ok(n) = stream.read_u8().await {
            if case("hang") {
                pending::<()>().await;
            }
            assert!(!case("panic"), "no lessons left");
            let n = if case("short") { n.min(99) } else { n };
            if stream.write_all(&[7; 255][..n.into()]).await.is_err() {
                break;
            }
            if case("short") && n == 99 {
                break;
            }
        }
    }

    async fn one(client: &Self::Client) -> bool {
        Self::many(client, 1).await == 1
    }

    async fn many(client: &Self::Client, n: usize) -> usize {
        let asked = u8::try_from(n).expect("the ladder asks for a hundred at most");
        let mut stream = client.lock().await;
        if stream.write_u8(asked).await.is_err() {
            return 0;
        }
        let mut answered = 0;
        while answered < n && stream.read_u8().await.is_ok() {
            answered += 1;
        }
        answered
    }
}

fn case(name: &str) -> bool {
    std::env::var(CASE).is_ok_and(|case| case == name)
}
