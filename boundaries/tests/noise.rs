//! Every parser gets input that is almost right. None may panic, hang or grow.
//!
//! ```console
//! $ NOISE_CASES=1000000 cargo test --release -p boundaries --test noise -- --nocapture
//! ```
//!
//! Equal seeds (`NOISE_SEED`) make equal inputs. A failure prints the input.

use boundaries::baseline::Baseline;
use boundaries::import::{Kind, import};
use boundaries::lint::{Options, lint};
use boundaries::{diagram, output};
use ledger::{Date, Ledger};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

const CASES: u64 = 500;

/// On an idle machine, no input of this size takes a hundredth of this.
const LIMIT: Duration = Duration::from_secs(20);

const COMPOSE: &str = "services:\n  web:\n    image: shop/web\n    depends_on: [db]\n    environment:\n      - DB_URL=mysql://u:p@db:3306/x\n  db: &db { image: 'mysql:8', volumes: ['a:/b'] }\n  other: *db\n";
const MANIFEST: &str = "apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec:\n  template:\n    metadata: { labels: { app: a } }\n    spec:\n      containers:\n      - image: redis\n        env: [ { name: B_ADDR, value: 'b:80' } ]\n      volumes: [ { name: d, emptyDir: {} } ]\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nspec:\n  hosts: [a]\n  http:\n  - route: [ { destination: { host: a } } ]\n    retries: { attempts: 3, perTryTimeout: 2s, retryOn: '5xx' }\n    timeout: 1m30s\n";
const BACKSTAGE: &str = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: { name: a }\nspec: { type: service, owner: 'group:x', dependsOn: ['resource:b'] }\n";
const ZIPKIN: &str = r#"[{"parent":"a","child":"b","callCount":12,"errorCount":1},{"parent":"b","child":"kafka","callCount":9}]"#;
const BASELINE: &str = "version = 1\n\n[[finding]]\nrule = \"B401\"\nat = \"a -> b\"\n";

const WORDS: [&str; 32] = [
    "[",
    "]",
    "{",
    "}",
    "\"",
    "'",
    "\n",
    "\n\n",
    "=",
    ":",
    "- ",
    "---\n",
    "&a ",
    "*a",
    "<<: ",
    "#",
    "\\",
    "\u{0}",
    "é",
    "🦀",
    "1e999",
    "-1",
    "99999999999999999999",
    "nan",
    "2027-13-45",
    "300 ms",
    "TODO",
    "[[boundary]]\n",
    "[[flow.step]]\n",
    "tries = 4294967295\n",
    "name = \"api\"\n",
    "!!binary ",
];

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit.max(1) as u64).unwrap_or(0)
    }
}

fn noisy(seed: &str, random: &mut Random) -> String {
    let mut bytes = seed.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(7) {
            0 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap_or(0),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].repeat(1 + random.below(50));
                bytes.splice(at..at, piece);
            }
            _ => {
                let word = WORDS[random.below(WORDS.len())].as_bytes().to_vec();
                bytes.splice(at..at, word);
            }
        }
        bytes.truncate(20_000);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn try_ledger(text: &str) -> bool {
    let Ok(ledger) = Ledger::parse(text) else {
        return false;
    };
    let options = Options {
        today: Date::parse("2026-11-29").expect("a day"),
        pedantic: true,
        baseline: None,
        before: None,
    };
    let report = lint(&ledger, &options);
    for finding in &report.findings {
        assert!(
            text.get(finding.at.clone()).is_some(),
            "it points into the text"
        );
    }
    let _ = output::text::render(&report, &ledger, "x", false);
    let _ = output::json::render(&report, &ledger, "x");
    let _ = output::sarif::render(&report, &ledger, "x");
    let _ = output::github::render(&report, &ledger, "x");
    let _ = output::markdown::render(&report, &ledger, "x");
    let _ = (
        diagram::mermaid(&ledger),
        diagram::dot(&ledger),
        diagram::svg(&ledger),
    );
    true
}

fn try_import(kind: Kind, text: &str) -> bool {
    let sources = [("x".to_owned(), text.to_owned())];
    let Ok(imported) = import(Some(kind), &sources) else {
        return false;
    };
    let ledger = imported.ledger();
    let parsed = Ledger::parse(&ledger);
    assert!(
        parsed.is_ok(),
        "an import is a ledger: {parsed:?}\n{ledger}"
    );
    let _ = imported.told();
    true
}

#[test]
fn noise_breaks_no_parser() {
    let number = |name: &str, other| {
        let text = std::env::var(name).ok();
        text.and_then(|it| it.parse().ok()).unwrap_or(other)
    };
    let (cases, seed) = (number("NOISE_CASES", CASES), number("NOISE_SEED", 1));
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let platform = folder.join("../solutions/10-review/platform.boundaries.toml");
    let platform = std::fs::read_to_string(platform).expect("readable");
    let boutique = folder.join("tests/ledgers/online-boutique.toml");
    let boutique = std::fs::read_to_string(boutique).expect("readable");
    let file = tempfile::NamedTempFile::new().expect("a file");
    let seeds: [(&str, &str); 7] = [
        ("ledger", &platform),
        ("ledger", &boutique),
        ("compose", COMPOSE),
        ("kubernetes", MANIFEST),
        ("backstage", BACKSTAGE),
        ("zipkin", ZIPKIN),
        ("baseline", BASELINE),
    ];
    let mut accepted = [0_u64; 7];
    let mut slowest = Duration::ZERO;
    for _ in 0..cases {
        let which = random.below(seeds.len());
        let (what, seed) = seeds[which];
        let text = noisy(seed, &mut random);
        let begun = Instant::now();
        let tried = catch_unwind(AssertUnwindSafe(|| match what {
            "ledger" => try_ledger(&text),
            "compose" => try_import(Kind::Compose, &text),
            "kubernetes" => try_import(Kind::Kubernetes, &text),
            "backstage" => try_import(Kind::Backstage, &text),
            "zipkin" => try_import(Kind::Zipkin, &text),
            _ => {
                std::fs::write(file.path(), &text).expect("written");
                Baseline::read(file.path()).is_ok()
            }
        }));
        let took = begun.elapsed();
        slowest = slowest.max(took);
        let Ok(read) = tried else {
            panic!("{what} panicked on {text:?}");
        };
        accepted[which] += u64::from(read);
        assert!(took < LIMIT, "{what} took {took:?} for {text:?}");
    }
    println!("{cases} inputs, slowest {slowest:?}; read despite the noise:");
    for ((what, _), read) in seeds.iter().zip(accepted) {
        println!("  {what:<12} {read}");
    }
    // If nothing is read any more, the noise is too strong to test anything.
    assert!(cases < 1_000 || accepted.iter().all(|read| *read > 0));
}
