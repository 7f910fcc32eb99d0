//! The command line. Four options do not pay for a parser crate in the reader's workspace.

use std::path::PathBuf;

use crate::suite::Suite;

/// What the bench of a suite can be asked for.
pub fn help(suite: &Suite) -> String {
    let (title, what, [package, bench]) = (suite.title, suite.what, suite.command);
    format!(
        "\
{title}: measures it on this machine.

  cargo bench -p {package} --features bench --bench {bench} -- [OPTIONS]

  --quick       few and short rounds, for an impression
  --ours        the code is the course's own, not the reader's: the figures say so
  --out PATH    where the figures go (default: .course/measurements/{what}.json)
  --reference   write the course's own reference figures, and their picture where there is one
  --help        this text"
    )
}

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Args {
    pub quick: bool,
    pub reference: bool,
    /// What is measured is the course's solution, for a reader who has none yet.
    pub ours: bool,
    pub out: Option<PathBuf>,
    /// `cargo bench` says so; under `cargo test --benches` one tiny round shows that it runs.
    pub bench: bool,
}

impl Args {
    pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => parsed.quick = true,
                "--ours" => parsed.ours = true,
                "--reference" => parsed.reference = true,
                "--bench" => parsed.bench = true,
                "--out" => {
                    let path = args.next().ok_or("--out needs a path")?;
                    parsed.out = Some(path.into());
                }
                other => match other.strip_prefix("--out=") {
                    Some(path) => parsed.out = Some(path.into()),
                    None => return Err(format!("what is `{other}`?")),
                },
            }
        }
        if parsed.reference && parsed.quick {
            return Err("reference figures are not measured in a hurry: leave out --quick".into());
        }
        Ok(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, String> {
        Args::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn what_cargo_adds_is_understood() {
        let args = parse("--quick --ours --out x.json --bench").unwrap();
        assert!(args.quick && args.ours && args.bench && !args.reference);
        assert_eq!(args.out, Some("x.json".into()));
        assert_eq!(parse("--out=x.json").unwrap().out, Some("x.json".into()));
        assert_eq!(parse(""), Ok(Args::default()));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert!(parse("--quik").is_err());
        assert!(parse("--out").is_err());
        assert!(parse("--quick --reference").is_err());
    }
}
