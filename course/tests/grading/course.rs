//! A miniature course with one tiny lab, in a folder whose name has a space.

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

    /// The same, its lab divided into core and hardening, with two stages.
    pub fn staged() -> Self {
        let course = Self::sound();
        for folder in ["exercises/01-tiny/tests", "solutions/01-tiny/mistakes"] {
            fs::remove_dir_all(course.path(folder)).unwrap();
        }
        for (folder, up) in [("exercises", ""), ("solutions", "../../exercises/01-tiny/")] {
            let manifest = format!("{folder}/01-tiny/Cargo.toml");
            let old = format!("[[test]]\nname = \"grade\"\npath = \"{up}tests/grade/main.rs\"\n");
            let new = ["core", "hardening"].map(|target| {
                format!("[[test]]\nname = \"{target}\"\npath = \"{up}tests/{target}/main.rs\"\n")
            });
            course.edit(&manifest, &old, &new.concat());
        }
        course.edit(
            "exercises/01-tiny/lab.toml",
            "build = 2 }",
            "hardening = 7 }",
        );
        course.edit("exercises/01-tiny/lab.toml", "\n[[objective]]", STAGES);
        // A core has twenty tests at least.
        let many = |id: &str, name: &str, body: fn(usize) -> String| {
            let one = |at: usize| {
                let body = body(at);
                format!(
                    "/// **{id}** Number {at}.\n#[test]\nfn {name}_{at}() {{\n    {body}\n}}\n\n"
                )
            };
            (1..=10).map(one).collect::<String>()
        };
        let doubling = many("T1", "doubles", |at| {
            let twice = 2 * at;
            format!("assert_eq!(tiny::double({at}), Some({twice}), \"twice {at}\");")
        });
        let parity = many("T2", "parity_of", |at| {
            let index = at % 2;
            format!("assert_eq!(tiny::parity({at}), world::PARITIES[{index}], \"of {at}\");")
        });
        for (path, text) in [
            (
                "world/mod.rs",
                "//! Both stand on it.\n\npub const PARITIES: [&str; 2] = [\"even\", \"odd\"];\n",
            ),
            (
                "core/main.rs",
                "//! The lesson.\n\n#[path = \"../world/mod.rs\"]\nmod world;\n\nmod zdoubling;\nmod parity;\n",
            ),
            ("core/zdoubling.rs", &doubling),
            ("core/parity.rs", &format!("use crate::world;\n\n{parity}")),
            (
                "hardening/main.rs",
                "//! What a product needs besides.\n\n#[path = \"../world/mod.rs\"]\nmod world;\n\nmod limits;\n",
            ),
            ("hardening/limits.rs", LIMITS),
        ] {
            course.write(&format!("exercises/01-tiny/tests/{path}"), text);
        }
        let mistakes = "solutions/01-tiny/mistakes";
        let wraps = WRAPS.replace("stops_at_the_limit", "nothing_wraps");
        course.write(&format!("{mistakes}/limits/wraps.patch"), &wraps);
        let triples = WRAPS.replace("stops_at_the_limit", "doubles_1");
        let triples = triples.replace("Some(number.wrapping_mul(2))", "number.checked_mul(3)");
        course.write(&format!("{mistakes}/zdoubling/triples.patch"), &triples);
        let says_even = SAYS_EVEN.replace("tells_parity", "parity_of_1");
        course.write(&format!("{mistakes}/parity/says-even.patch"), &says_even);
        course.write("solutions/01-tiny/stages/zdoubling.patch", AFTER_DOUBLING);
        let locked = course.run(&["verify", "--write-starters"]);
        assert_eq!(locked.code, 0, "{}", locked.err);
        course
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
         [lib]\ndoctest = false\n[[test]]\nname = \"grade\"\npath = \"tests/grade/main.rs\"\n",
    ),
    (
        "exercises/01-tiny/lab.toml",
        r#"name = "tiny"
title = "Small numbers"
chapter = "tiny.md"
minutes = { read = 1, measure = 0, build = 2 }
prerequisites = ["counting"]

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
        "exercises/01-tiny/tests/grade/main.rs",
        r"//! Grades the lab.

mod numbers;

/// **Given** The largest number is that of its type.
#[test]
fn the_largest_is_the_types() {
    assert_eq!(tiny::LARGEST, u8::MAX);
}
",
    ),
    (
        "exercises/01-tiny/tests/grade/numbers.rs",
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

/// **T2** Even and odd.
#[test]
fn tells_parity() {
    assert_eq!((tiny::parity(6), tiny::parity(7)), ("even", "odd"));
}
"#,
    ),
    (
        "solutions/01-tiny/Cargo.toml",
        "[package]\nname = \"tiny-solution\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
         [lib]\nname = \"tiny\"\ndoctest = false\n[[test]]\nname = \"grade\"\n\
         path = \"../../exercises/01-tiny/tests/grade/main.rs\"\n",
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
    ("solutions/01-tiny/mistakes/numbers/wraps.patch", WRAPS),
    (
        "solutions/01-tiny/mistakes/numbers/says-even.patch",
        SAYS_EVEN,
    ),
];

const STAGES: &str = r#"
[[stage]]
module = "zdoubling"
title = "What fits is doubled"
minutes = 15
read = "tiny.md#doubling"

[[stage]]
module = "parity"
title = "Even and odd"
minutes = 20
read = "tiny.md#parity"

[[objective]]"#;

const LIMITS: &str = r#"use crate::world;

/// **T1** What does not fit is none.
#[test]
fn nothing_wraps() {
    assert_eq!((tiny::double(127), tiny::double(128)), (Some(254), None), "the limit");
}

/// **T2** The largest number has a parity too.
#[test]
fn the_largest_is_odd() {
    assert_eq!(tiny::parity(255), world::PARITIES[1], "parity of the largest");
}
"#;

const AFTER_DOUBLING: &str = r#"--- a/src/lib.rs
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
