//! Who can make what: the compiler is asked.

use crate::running::{Running, assert_done, assert_holds, lesson, write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};
use testbed::{live, scene, story};

/// **A1** What is read is what was written, as the version that the authority gave it.
#[test]
fn a_write_becomes_a_record() {
    story(|| async {
        let mut running = Running::new();
        assert_eq!(running.read(lesson(1)), None, "Nobody has written it yet.");
        for version in 1..=3 {
            let write = write(lesson(1), version - 1, &format!("write {version}"));
            let answer = running.write(write.clone()).await;
            assert_done(
                &answer,
                lesson(1),
                version,
                "Its turn and its expectation are right.",
            );
            let record = running.read(lesson(1)).expect("It was acknowledged.");
            assert_holds(
                &record,
                &write,
                version,
                "What is read is what was written.",
            );
        }
        assert_eq!(
            running.read(lesson(2)),
            None,
            "Another lesson is another fact."
        );
        let other = domain::LessonKey::new(2, 1);
        assert_eq!(
            running.read(other),
            None,
            "Another learner's is another fact."
        );
    });
}

/// What other roles may do. It has to compile, or the refusals below mean nothing.
const MAY: &str = "
    pub fn look(reader: &Reader, key: LessonKey) -> Option<Record> { reader.read(key).ok().flatten() }
    pub fn keep(record: &Record) -> (Record, Version) { (record.clone(), record.progress().version) }
    pub fn listen(reader: &Reader) -> Changes { reader.changes() }
    pub fn wish(authority: &Authority, write: Write) { let _ = authority.write(write); }
    pub fn lend(authority: &Authority) -> Reader { authority.reader() }
    pub fn parse() { parsed::<IdempotencyKey>() }
";

/// What no other role may do, and what would follow if it could.
const MAY_NOT: [(&str, &str); 9] = [
    (
        "pub fn f(reader: &Reader, write: Write) { let _ = reader.write(write); }",
        "whoever may look may write: any cache can become a second authority",
    ),
    (
        "pub fn f(reader: Reader) -> Authority { reader.into() }",
        "a reader turns into an authority",
    ),
    (
        "pub fn f(reader: &Reader) -> &Authority { reader }",
        "a reader hands out the authority behind it",
    ),
    (
        "pub fn f(mut record: Record, progress: Progress) -> Record { record.progress = progress; record }",
        "anybody can change a fact in his hands, and nobody sees that it is no fact any more",
    ),
    (
        "pub fn f() -> Record { Record::default() }",
        "anybody can make a fact out of nothing",
    ),
    (
        "pub fn f(progress: Progress) -> Record { progress.into() }",
        "whoever knows a version number can make a fact of it",
    ),
    (
        "pub fn f() { parsed::<Record>() }",
        "bytes from anywhere become facts",
    ),
    (
        "pub fn f() { parsed::<Receipt>() }",
        "bytes from anywhere become promises of the authority",
    ),
    (
        "pub fn f(key: LessonKey, version: Version) -> Receipt { Receipt { key, version } }",
        "a cache can acknowledge a write that the authority never saw",
    ),
];

/// **A1** Only the authority makes facts and promises: for every other role, the code that would does
/// not compile.
#[test]
fn what_other_roles_may_not_do_does_not_compile() {
    story(|| async {
        // The types are no one's yet as long as nothing can be written.
        let mut running = Running::new();
        let answer = running.write(write(lesson(1), 0, "first")).await;
        assert_done(&answer, lesson(1), 1, "A new store takes a first write.");
        assert!(running.read(lesson(1)).is_some(), "And shows it.");
    });
    live(|| {
        let compiler = Compiler::new();
        for (code, follows) in MAY_NOT {
            scene(format!("somebody outside writes: {code}"));
            assert!(
                compiler.check(code).is_err(),
                "This compiles, and so {follows}:\n        {code}"
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
        let imports = "#![allow(unused)]\n\
            use authority::authority::{Authority, Reader};\n\
            use authority::changes::Changes;\n\
            use authority::fact::{IdempotencyKey, Receipt, Record, Write};\n\
            use domain::{LessonKey, Progress, Version};\n\
            fn parsed<T: serde::de::DeserializeOwned>() {}\n";
        let source = self.out.join("roles.rs");
        fs::write(&source, format!("{imports}{code}")).expect("a temporary file");
        let mut rustc = Command::new(&self.rustc);
        rustc
            .args(["--edition=2024", "--crate-type=lib", "--emit=metadata"])
            .args(["--color=never", "-L"])
            .arg(format!("dependency={}", self.libraries.display()));
        for library in &self.externs {
            rustc.args(["--extern", library]);
        }
        let output = rustc
            .arg("--out-dir")
            .arg(&self.out)
            .arg(&source)
            .output()
            .expect("the compiler that built this test");
        if output.status.success() {
            Ok(())
        } else {
            Err(String::from_utf8_lossy(&output.stderr).into_owned())
        }
    }
}

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

impl Drop for Compiler {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.out);
    }
}
