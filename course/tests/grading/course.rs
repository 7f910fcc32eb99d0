//! A miniature course with one tiny lab of two stages, in a folder whose name has a space.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A clone of the miniature course; gone when dropped.
pub struct Course {
    _folder: TempDir,
    root: PathBuf,
}

/// What a run of the tool printed, and its exit code.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Course {
    /// Sound in every respect, with the starter's lock written.
    pub fn sound() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("my course");
        let course = Self {
            _folder: folder,
            root,
        };
        for (path, text) in FILES {
            course.write(path, text);
        }
        course.fill_the_core();
        for workspace in ["", "exercises"] {
            let status = Command::new(env!("CARGO"))
                .args(["generate-lockfile", "--offline", "--quiet"])
                .current_dir(course.root.join(workspace))
                .status();
            assert!(status.unwrap().success());
        }
        let locked = course.run(&["verify", "--write-starters"]);
        assert_eq!(locked.code, 0, "{}", locked.err);
        course
    }

    /// A core has twenty tests at least.
    fn fill_the_core(&self) {
        for of in 8..=15 {
            let twice = 2 * of;
            let doubles = format!("assert_eq!(tiny::double({of}), Some({twice}), \"twice {of}\");");
            self.add_test(TWICE, "T1", &format!("doubles_{of}"), &doubles);
        }
        for of in 8..=16 {
            let index = of % 2;
            let parity = format!("assert_eq!(tiny::parity({of}), PARITIES[{index}], \"of {of}\");");
            self.add_test(PARITY, "T2", &format!("parity_of_{of}"), &parity);
        }
    }

    /// Adds a test of that invariant to a file of tests.
    pub fn add_test(&self, path: &str, invariant: &str, name: &str, body: &str) {
        self.append(
            path,
            &format!("\n/// **{invariant}** {name}.\n#[test]\nfn {name}() {{\n    {body}\n}}\n"),
        );
    }

    /// The same with the solution in the exercise's place.
    pub fn solved() -> Self {
        let course = Self::sound();
        let solution = fs::read_to_string(course.path("solutions/01-tiny/src/lib.rs")).unwrap();
        course.write("exercises/01-tiny/src/lib.rs", &solution);
        course
    }

    /// A reader's clone of another, which is a git repository.
    pub fn cloned(origin: &Self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let course = Self {
            root: folder.path().join("my clone"),
            _folder: folder,
        };
        let cloned = Command::new("git")
            .args(["clone", "--quiet"])
            .args([&origin.root, &course.root])
            .status();
        assert!(cloned.unwrap().success());
        course
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn path(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap()
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Replaces `old`, which must be there, in a file.
    #[track_caller]
    pub fn edit(&self, path: &str, old: &str, new: &str) {
        let text = self.read(path);
        assert!(text.contains(old), "{path} has no {old:?}");
        self.write(path, &text.replacen(old, new, 1));
    }

    /// Adds to the end of a file.
    pub fn append(&self, path: &str, text: &str) {
        self.write(path, &(self.read(path) + text));
    }

    /// Runs `cargo course` with these arguments at the root.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_in("", arguments, &[])
    }

    /// Runs it in a folder, with more in the environment.
    pub fn run_in(&self, folder: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_course"));
        command
            .args(arguments)
            .current_dir(self.root.join(folder))
            .env("CARGO_NET_OFFLINE", "true")
            .env_remove("NO_COLOR")
            .env_remove("CLICOLOR_FORCE")
            .envs(variables.iter().copied());
        self.ran(command)
    }

    /// Runs git with a name and an address of its own.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) {
        let ran = self.git_ran(arguments);
        assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.err);
    }

    /// The same, for what git has to refuse or to leave unfinished.
    #[track_caller]
    pub fn git_fails(&self, arguments: &[&str]) {
        let ran = self.git_ran(arguments);
        assert_ne!(ran.code, 0, "git {arguments:?}: {}", ran.out);
    }

    /// What git answers.
    #[track_caller]
    pub fn git_says(&self, arguments: &[&str]) -> String {
        let ran = self.git_ran(arguments);
        assert_eq!(ran.code, 0, "git {arguments:?}: {}", ran.err);
        ran.out.trim().to_owned()
    }

    fn git_ran(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new("git");
        let own = [
            "user.name=A reader",
            "user.email=reader@example.org",
            "init.defaultBranch=main",
            "commit.gpgsign=false",
        ];
        for setting in own {
            command.args(["-c", setting]);
        }
        command.args(arguments).current_dir(&self.root);
        self.ran(command)
    }

    fn ran(&self, mut command: Command) -> Ran {
        // The miniature's own configuration says where to build.
        let Output {
            status,
            stdout,
            stderr,
        } = command
            .env("CARGO_TARGET_DIR", self.root.join("target"))
            .output()
            .unwrap();
        Ran {
            code: status.code().unwrap_or(-1),
            out: String::from_utf8(stdout).unwrap(),
            err: String::from_utf8(stderr).unwrap(),
        }
    }
}

impl Ran {
    /// Asserts the exit code, and that the output says all of this; line breaks are as good as spaces.
    #[track_caller]
    pub fn says(&self, code: i32, wanted: &[&str]) {
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let (out, err) = (flat(&self.out), flat(&self.err));
        let context = format!("---- stdout\n{}\n---- stderr\n{}", self.out, self.err);
        assert_eq!(self.code, code, "exit code\n{context}");
        for text in wanted {
            let found = out.contains(&flat(text)) || err.contains(&flat(text));
            assert!(found, "it does not say {text:?}\n{context}");
        }
    }

    #[track_caller]
    pub fn never_says(&self, unwanted: &[&str]) {
        for text in unwanted {
            assert!(!self.out.contains(text), "it says {text:?}\n{}", self.out);
        }
    }
}

/// The tests of the first stage.
pub const TWICE: &str = "exercises/01-tiny/tests/core/twice.rs";

/// The tests of the second, which comes before it in the alphabet.
pub const PARITY: &str = "exercises/01-tiny/tests/core/parity.rs";

const FILES: &[(&str, &str)] = &[
    (".cargo/config.toml", "[build]\ntarget-dir = \"target\"\n"),
    (
        "book.toml",
        "[book]\ntitle = \"Miniature\"\nsrc = \"src\"\n[build]\ncreate-missing = false\n\
         [preprocessor.course]\ncommand = \"unused\"\nrenderers = [\"html\"]\n",
    ),
    ("src/SUMMARY.md", "# Summary\n\n- [Tiny](tiny.md)\n"),
    (
        "src/tiny.md",
        "# Tiny\n\n## Doubling\n\n{{#invariants tiny}}\n\n## Parity\n\n{{#quiz}}\n",
    ),
    (
        "src/tiny.quiz.toml",
        "[[question]]\nid = \"one\"\nobjective = \"tiny-double\"\nprompt = \"What is 2 + 2?\"\n\
         [[question.option]]\ntext = \"4\"\nright = true\nwhy = \"Yes.\"\n\
         [[question.option]]\ntext = \"5\"\nwhy = \"No.\"\n",
    ),
    (
        "Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"solutions/*\"]\nexclude = [\"exercises\"]\n",
    ),
    (
        "exercises/Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"01-tiny\"]\n",
    ),
    (
        "exercises/01-tiny/Cargo.toml",
        "[package]\nname = \"tiny\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\ndoctest = false\n[[test]]\nname = \"core\"\npath = \"tests/core/main.rs\"\n\
         [[test]]\nname = \"hardening\"\npath = \"tests/hardening/main.rs\"\n",
    ),
    (
        "exercises/01-tiny/lab.toml",
        r#"name = "tiny"
title = "Small numbers"
chapter = "tiny.md"
minutes = { read = 1, measure = 0, hardening = 7 }
prerequisites = ["counting"]

[[stage]]
module = "twice"
title = "What fits is doubled"
minutes = 15
read = "tiny.md#doubling"

[[stage]]
module = "parity"
title = "Even and odd"
minutes = 20
read = "tiny.md#parity"

[[objective]]
id = "tiny-double"
text = "Double a number."
invariants = ["T1", "T2"]

[[invariant]]
id = "T1"
text = "What fits is doubled."
read = "tiny.md#doubling"

[[invariant]]
id = "T2"
text = "Parity is told for every number."
read = "tiny.md#parity"
"#,
    ),
    (
        "exercises/01-tiny/hints.md",
        "# Hints\n\n## `double`\n\n1. What does not fit?\n2. See `checked_mul`.\n3. One call:\n   \
         ```rust\n   number.checked_mul(2)\n   ```\n\n## `parity`\n\n1. What remains?\n2. See `%`.\n3. An `if`.\n",
    ),
    (
        "exercises/01-tiny/src/lib.rs",
        r#"//! Small numbers.

/// The largest number.
pub const LARGEST: u8 = 255;

/// Twice `number`, if that fits.
pub fn double(number: u8) -> Option<u8> {
    let _ = number;
    todo!("Double it, if that fits.")
}

/// `even` or `odd`.
pub fn parity(number: u8) -> &'static str {
    let _ = number;
    todo!("Say whether it is even or odd.")
}
"#,
    ),
    (
        "exercises/01-tiny/tests/world/mod.rs",
        "//! Both targets use it.\n\npub const PARITIES: [&str; 2] = [\"even\", \"odd\"];\n",
    ),
    (
        "exercises/01-tiny/tests/core/main.rs",
        r#"//! The lesson.

#[path = "../world/mod.rs"]
mod world;

mod twice;
mod parity;

/// **Given** The largest number is that of its type.
#[test]
fn the_largest_is_the_types() {
    assert_eq!(tiny::LARGEST, u8::MAX);
}
"#,
    ),
    (
        TWICE,
        r#"/// **T1** Small numbers are doubled.
#[test]
fn doubles() {
    assert_eq!(tiny::double(4), Some(8), "twice four");
}

/// **T1** What does not fit is none.
#[test]
fn stops_at_the_limit() {
    assert_eq!((tiny::double(127), tiny::double(128)), (Some(254), None), "the limit");
}
"#,
    ),
    (
        PARITY,
        r#"use crate::world::PARITIES;

/// **T2** Even and odd.
#[test]
fn tells_parity() {
    assert_eq!((tiny::parity(6), tiny::parity(7)), ("even", "odd"));
}
"#,
    ),
    (
        "exercises/01-tiny/tests/hardening/main.rs",
        r#"//! What a product needs as well.

#[path = "../world/mod.rs"]
mod world;

mod limits;
"#,
    ),
    (
        "exercises/01-tiny/tests/hardening/limits.rs",
        r#"use crate::world::PARITIES;

/// **T1** Nothing doubled is nothing.
#[test]
fn zero_stays() {
    assert_eq!(tiny::double(0), Some(0));
}

/// **T2** The largest number has a parity too.
#[test]
fn the_largest_is_odd() {
    assert_eq!(tiny::parity(255), PARITIES[1], "parity of the largest");
}
"#,
    ),
    (
        "solutions/01-tiny/Cargo.toml",
        "[package]\nname = \"tiny-solution\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\nname = \"tiny\"\ndoctest = false\n\
         [[test]]\nname = \"core\"\npath = \"../../exercises/01-tiny/tests/core/main.rs\"\n\
         [[test]]\nname = \"hardening\"\npath = \"../../exercises/01-tiny/tests/hardening/main.rs\"\n",
    ),
    (
        "solutions/01-tiny/src/lib.rs",
        r#"//! Small numbers.

/// The largest number.
pub const LARGEST: u8 = 255;

/// Twice `number`, if that fits.
pub fn double(number: u8) -> Option<u8> {
    number.checked_mul(2)
}

/// `even` or `odd`.
pub fn parity(number: u8) -> &'static str {
    if number & 1 == 0 { "even" } else { "odd" }
}
"#,
    ),
    ("solutions/01-tiny/mistakes/twice/wraps.patch", WRAPS),
    (
        "solutions/01-tiny/mistakes/parity/says-even.patch",
        SAYS_EVEN,
    ),
    ("solutions/01-tiny/stages/twice.patch", AFTER_TWICE),
];

const AFTER_TWICE: &str = r#"--- a/src/lib.rs
+++ b/src/lib.rs
@@ -10,5 +10,6 @@

 /// `even` or `odd`.
 pub fn parity(number: u8) -> &'static str {
-    if number & 1 == 0 { "even" } else { "odd" }
+    let _ = number;
+    todo!("Say whether it is even or odd.")
 }
"#;

pub const WRAPS: &str = r"Wrong: lets the number wrap around.
Tempts: it is shorter.
Caught by: stops_at_the_limit

diff --git a/src/lib.rs b/src/lib.rs
--- a/src/lib.rs
+++ b/src/lib.rs
@@ -5,7 +5,7 @@
 
 /// Twice `number`, if that fits.
 pub fn double(number: u8) -> Option<u8> {
-    number.checked_mul(2)
+    Some(number.wrapping_mul(2))
 }
 
 /// `even` or `odd`.
";

pub const SAYS_EVEN: &str = r#"Wrong: calls every number even.
Tempts: the first example was.
Caught by: tells_parity

diff --git a/src/lib.rs b/src/lib.rs
--- a/src/lib.rs
+++ b/src/lib.rs
@@ -10,5 +10,5 @@
 
 /// `even` or `odd`.
 pub fn parity(number: u8) -> &'static str {
-    if number & 1 == 0 { "even" } else { "odd" }
+    if number < 8 { "even" } else { "odd" }
 }
"#;
