//! Who can make what: the compiler is asked.

use crate::world::{Running, assert_done, lesson, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use testbed::{live, story};

/// What other roles may do. It has to compile, or the refusals below mean nothing.
const MAY: &str = "
    pub fn look(reader: &Reader, key: LessonKey) -> Option<Record> { reader.read(key).ok().flatten() }
    pub fn keep(record: &Record) -> (Record, Version) { (record.clone(), record.progress().version) }
    pub fn listen(reader: &Reader) -> Changes { reader.changes() }
    pub fn wish(authority: &Authority, write: Write) { let _ = authority.write(write); }
    pub fn lend(authority: &Authority) -> Reader { authority.reader() }
    pub fn parse() { deserialises::<IdempotencyKey>() }
";

/// What no other role may do, and what would follow if it could. Each is on a line of its own.
const MAY_NOT: [(&str, &str); 29] = [
    (
        "fn f(reader: &Reader, write: Write) { let _ = reader.write(write); }",
        LOOKS_AND_WRITES,
    ),
    (
        "fn f() { converts::<Reader, Authority>() }",
        LOOKS_AND_WRITES,
    ),
    (
        "fn f() { converts::<&Reader, Authority>() }",
        LOOKS_AND_WRITES,
    ),
    (
        "fn f(reader: &Reader) -> &Authority { reader }",
        LOOKS_AND_WRITES,
    ),
    ("fn f() { refers::<Reader, Authority>() }", LOOKS_AND_WRITES),
    (
        "fn f() { borrows::<Reader, Authority>() }",
        LOOKS_AND_WRITES,
    ),
    (
        "fn f(reader: &Reader) { let _ = &reader.authority; }",
        LOOKS_AND_WRITES,
    ),
    ("fn f() { let _ = Reader::authority; }", LOOKS_AND_WRITES),
    (
        "fn f(record: &mut Record, it: Progress) { record.progress = it; }",
        CHANGES_FACTS,
    ),
    (
        "fn f(record: &mut Record, it: Version) { record.version = it; }",
        CHANGES_FACTS,
    ),
    (
        "fn f(record: &mut Record, it: String) { record.note = it; }",
        CHANGES_FACTS,
    ),
    (
        "fn f() { refers_mutably::<Record, String>() }",
        CHANGES_FACTS,
    ),
    ("fn f() { let _ = Record::note_mut; }", CHANGES_FACTS),
    ("fn f() { let _ = Record::progress_mut; }", CHANGES_FACTS),
    ("fn f() { let _ = Record::default(); }", MAKES_FACTS),
    ("fn f() { let _ = Record::new; }", MAKES_FACTS),
    ("fn f() { converts::<Progress, Record>() }", MAKES_FACTS),
    ("fn f() { converts::<Write, Record>() }", MAKES_FACTS),
    ("fn f() { converts::<&Write, Record>() }", MAKES_FACTS),
    (
        "fn f() { converts::<(Progress, String), Record>() }",
        MAKES_FACTS,
    ),
    ("fn f() { parses::<Record>() }", MAKES_FACTS),
    ("fn f() { decodes::<Record>() }", MAKES_FACTS),
    ("fn f() { deserialises::<Record>() }", MAKES_FACTS),
    ("fn f() { let _ = Receipt::default(); }", MAKES_PROMISES),
    ("fn f() { let _ = Receipt::new; }", MAKES_PROMISES),
    (
        "fn f() { converts::<(LessonKey, Version), Receipt>() }",
        MAKES_PROMISES,
    ),
    ("fn f() { converts::<Progress, Receipt>() }", MAKES_PROMISES),
    ("fn f() { deserialises::<Receipt>() }", MAKES_PROMISES),
    (
        "fn f(receipt: &mut Receipt, it: Version) { receipt.version = it; }",
        MAKES_PROMISES,
    ),
];

const LOOKS_AND_WRITES: &str = "whoever may look may write, and any cache can become an authority";
const CHANGES_FACTS: &str =
    "whoever holds a fact can change it, and nobody sees that it is none any more";
const MAKES_FACTS: &str = "others can make a fact that the authority has not decided";
const MAKES_PROMISES: &str = "a cache can acknowledge a write that the authority never saw";

/// **A1** Only the authority makes facts and promises: for every other role, the code that would does
/// not compile.
#[test]
fn what_other_roles_may_not_do_does_not_compile() {
    story(|| async {
        // The types cannot be used until something can be written.
        let mut running = Running::new();
        let answer = running.write(write(lesson(1), 0, "first")).await;
        assert_done(&answer, lesson(1), 1, "A new store takes a first write.");
        assert!(running.read(lesson(1)).is_some(), "And shows it.");
    });
    live(|| {
        let compiler = Compiler::new();
        let refused = compiler.refused(&MAY_NOT.map(|(code, _)| code));
        for ((code, follows), refused) in MAY_NOT.iter().zip(refused) {
            assert!(
                refused,
                "Outside of the lab's crate this compiles, and so {follows}:\n        {code}"
            );
        }
    });
}

/// Compiles small pieces of code against the lab's library, as it was built for this test.
struct Compiler {
    rustc: PathBuf,
    libraries: PathBuf,
    out: PathBuf,
    /// What the code may name, with the library that it is in.
    externs: Vec<String>,
}

impl Compiler {
    /// A compiler with the libraries that this test was built with.
    ///
    /// A target folder may hold several of each name: the solution's library is called as the
    /// exercise's, and a dependency may have been built with other features. Each library has a list of
    /// its sources beside it, and only those which fit each other compile what has to compile.
    fn new() -> Self {
        let libraries = libraries();
        let beside_cargo = format!("rustc{}", env::consts::EXE_SUFFIX);
        let beside_cargo = Path::new(env!("CARGO")).with_file_name(beside_cargo);
        let rustc = if beside_cargo.is_file() {
            beside_cargo
        } else {
            "rustc".into()
        };
        let out = env::temp_dir().join(format!("authority-roles-{}", std::process::id()));
        fs::create_dir_all(&out).expect("a folder for temporary files");
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs");
        // How much of the path to our own sources a list knows. It begins at the workspace's root, and
        // so another workspace's may fit as well, and be shorter.
        let own = |list: &str| {
            let (_, sources) = list.lines().next()?.split_once(": ")?;
            let mut sources = sources.split(' ').map(Path::new);
            let source = sources.find(|source| source.ends_with("src/lib.rs"))?;
            own.ends_with(source).then(|| source.components().count())
        };
        let mut compiler = Self {
            rustc,
            out,
            externs: Vec::new(),
            libraries,
        };
        let mut complaint = String::new();
        for authority in compiler.built("authority", own) {
            for domain in compiler.built("domain", |_| Some(0)) {
                for serde in compiler.built("serde", |_| Some(0)) {
                    let named = [
                        ("authority", &authority),
                        ("domain", &domain),
                        ("serde", &serde),
                    ];
                    compiler.externs = named
                        .map(|(name, path)| format!("{name}={}", path.display()))
                        .to_vec();
                    match compiler.check(MAY) {
                        Ok(()) => return compiler,
                        Err(message) => complaint = message,
                    }
                }
            }
        }
        panic!("What every role may do does not compile:\n{complaint}");
    }

    /// The libraries of this name, those first whose list of sources fits best, and then the one that
    /// was built last.
    fn built(&self, name: &str, fits: impl Fn(&str) -> Option<usize>) -> Vec<PathBuf> {
        let rank = |path: &Path| {
            let file = path.file_name()?.to_str()?;
            let hash = file.strip_prefix(&format!("lib{name}-"))?;
            let hash = hash.strip_suffix(".rlib")?;
            let list = self.libraries.join(format!("{name}-{hash}.d"));
            let list = fs::read_to_string(list).unwrap_or_default();
            Some((fits(&list)?, fs::metadata(path).ok()?.modified().ok()?))
        };
        let mut found: Vec<_> = fs::read_dir(&self.libraries)
            .expect("the folder of this test")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter_map(|path| Some((rank(&path)?, path)))
            .collect();
        found.sort();
        found.into_iter().rev().map(|(_, path)| path).collect()
    }

    /// Whether `code` compiles; if not, why.
    fn check(&self, code: &str) -> Result<(), String> {
        let complaints = self.complaints(code);
        if complaints.is_empty() {
            Ok(())
        } else {
            Err(complaints)
        }
    }

    /// For each of these lines, whether the compiler refuses it.
    fn refused(&self, lines: &[&str]) -> Vec<bool> {
        let code: Vec<String> = (0..)
            .zip(lines)
            .map(|(n, line)| line.replacen("fn f(", &format!("pub fn f{n}("), 1))
            .collect();
        let complaints = self.complaints(&code.join("\n"));
        let first = 1 + IMPORTS.matches('\n').count();
        let refused = |n: usize| complaints.contains(&format!("{SOURCE}:{}:", first + n));
        (0..lines.len()).map(refused).collect()
    }

    /// What the compiler says against `code`, each error with its line; nothing if it compiles.
    fn complaints(&self, code: &str) -> String {
        fs::write(self.out.join(SOURCE), format!("{IMPORTS}{code}")).expect("a temporary file");
        let mut rustc = Command::new(&self.rustc);
        rustc
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
            .args(["--error-format=short", "--color=never"]);
        for folder in [&self.libraries, &of_the_host(&self.libraries)] {
            rustc.arg(format!("-Ldependency={}", folder.display()));
        }
        for library in &self.externs {
            rustc.args(["--extern", library]);
        }
        let output = rustc
            .current_dir(&self.out)
            .arg(SOURCE)
            .output()
            .expect("the compiler that built this test");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match (output.status.success(), said.is_empty()) {
            (true, _) => String::new(),
            (false, false) => said,
            (false, true) => "the compiler failed without a word".to_owned(),
        }
    }
}

/// The file that is compiled.
const SOURCE: &str = "roles.rs";

/// What stands before the code under test: names, and one function for each way to make one thing of
/// another.
const IMPORTS: &str = "#![allow(unused)]
use authority::authority::{Authority, Reader};
use authority::changes::Changes;
use authority::fact::{IdempotencyKey, Receipt, Record, Write};
use domain::{LessonKey, Progress, Version};
fn converts<A, B>() where A: TryInto<B> {}
fn refers<A, B>() where A: AsRef<B> {}
fn refers_mutably<A, B>() where A: AsMut<B> {}
fn borrows<A, B>() where A: std::borrow::Borrow<B> {}
fn parses<A>() where A: std::str::FromStr {}
fn decodes<A>() where A: for<'b> TryFrom<&'b [u8]> {}
fn deserialises<A>() where A: serde::de::DeserializeOwned {}
";

/// The folder of the libraries: this test's own, or, if it was moved, where cargo built it.
fn libraries() -> PathBuf {
    let exe = env::current_exe().expect("a test has a file");
    let beside = exe.parent().expect("in a folder").to_owned();
    let profile = if cfg!(debug_assertions) {
        "debug"
    } else {
        "release"
    };
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name(profile);
    let built = built.join("deps");
    if beside.ends_with("deps") || !built.is_dir() {
        beside
    } else {
        built
    }
}

/// Where the macros are that these libraries were made with: if cargo was given a target to build for,
/// they are beside that target's folder, since a macro runs in the compiler.
fn of_the_host(libraries: &Path) -> PathBuf {
    let profile = libraries.parent().and_then(Path::file_name);
    let host = libraries.ancestors().nth(3).zip(profile);
    host.map_or_else(
        || libraries.to_owned(),
        |(folder, profile)| folder.join(profile).join("deps"),
    )
}

impl Drop for Compiler {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.out);
    }
}
