//! The reader's way through the course: where each lab stands, and the one next step.
//!
//! `cargo course status` prints it, `cargo course` prints it when it starts and serves it to the book's
//! page. Nothing is compiled for it: it looks at what was remembered of each lab's last grade, and
//! whether the files are still those.

mod text;

use std::collections::BTreeSet;

use anyhow::Result;
use serde::Serialize;

use crate::book::measured::Measured;
use crate::book::predict;
use crate::grade::{Report, StageReport, Verdict};
use crate::lab::inputs::Input;
use crate::lab::{self, Lab, Minutes, Whose};
use crate::memory::{self, Files, Memory, Recalled};
use crate::repo::Repo;
use crate::starter::Starter;

/// Where the book draws the ladder on the first evening, below `src/`.
pub(crate) const LADDER_PAGE: &str = "evening/measure.md";

/// The page that ends the first evening.
const TAKE_ALONG: &str = "evening/take-along.md";

/// The whole course, as one reader stands in it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Way {
    /// What there is to do on the first evening; none once its lab is done, or where the course has none.
    pub evening: Option<Evening>,
    /// In the course's order.
    pub labs: Vec<Standing>,
    pub next: Next,
    /// What could not be read, which does no harm.
    pub notes: Vec<String>,
}

/// The first evening: lab 0, stage by stage, and a first measurement.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Evening {
    pub lab: String,
    pub title: String,
    pub minutes: u32,
    /// The stages of its lab, in order.
    pub stages: Vec<EveningStage>,
    /// The day of the reader's own ladder; none where there is none yet.
    pub measured: Option<String>,
}

/// One stage of the first evening.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct EveningStage {
    pub title: String,
    pub minutes: u32,
    pub holds: bool,
}

/// Where one lab stands.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Standing {
    pub name: String,
    pub number: u8,
    pub title: String,
    /// Its chapter, relative to the book's `src/`.
    pub chapter: String,
    pub minutes: Minutes,
    pub mark: Mark,
    /// In a few words: `3 of 8 invariants hold`.
    pub stands: String,
    /// When it was graded, in seconds since 1970; none if that is not known.
    pub graded_at: Option<u64>,
    /// What has changed since then, in words.
    pub changed: Vec<String>,
    /// The day of the reader's last measurement; none where there is none.
    pub measured: Option<String>,
    /// Whether it measures anything.
    pub measures: bool,
    /// The earlier labs that it builds on.
    pub builds_on: Vec<Earlier>,
    /// The reader took the course's solution of it for the labs that build on it.
    pub left_out: bool,
}

/// An earlier lab that another builds on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Earlier {
    pub name: String,
    /// Whether the course's solution is taken instead of the reader's.
    pub ours: bool,
}

/// A lab's standing at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Mark {
    /// Every invariant holds, and nothing has changed since.
    Holds,
    /// The core holds, and nothing has changed since: enough for the next lab.
    Core,
    /// It was begun.
    Open,
    /// It is as it was given.
    Fresh,
}

impl Mark {
    /// Whether a reader may go on from here.
    pub fn is_done(self) -> bool {
        matches!(self, Self::Holds | Self::Core)
    }
}

/// The one thing to do now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Next {
    /// The lab that it is about; none when the course is done.
    pub lab: Option<String>,
    /// A sentence that ends in a colon where a command or a page follows.
    pub sentence: String,
    /// What to type.
    pub command: Option<String>,
    /// Where to read, relative to the book's `src/`: `scope/measure.md#frames`.
    pub page: Option<String>,
}

/// What is known of a lab's grade.
pub(crate) enum LastGrade {
    Nothing,
    /// There is something that cannot be used, and why.
    Unusable(String),
    Graded {
        report: Box<Report>,
        at: Option<u64>,
        changed: Vec<Input>,
    },
}

impl LastGrade {
    /// From the disk.
    pub fn remembered(repo: &Repo, lab: &Lab) -> Self {
        match memory::recall(repo, lab) {
            Recalled::Nothing => Self::Nothing,
            Recalled::Unusable(why) => Self::Unusable(why),
            Recalled::Known(memory) => {
                let Memory {
                    report,
                    graded_at,
                    files,
                    ..
                } = *memory;
                Self::Graded {
                    changed: files.changed(&Files::of(repo, lab)),
                    report: Box::new(report),
                    at: Some(graded_at),
                }
            }
        }
    }
}

impl Way {
    /// As it is remembered.
    ///
    /// # Errors
    /// When the labs cannot be listed.
    pub fn remembered(repo: &Repo) -> Result<Self> {
        let labs = lab::all(repo)?;
        Ok(Self::of(repo, &labs, |lab| {
            LastGrade::remembered(repo, lab)
        }))
    }

    /// The same, by what the caller knows of each lab.
    pub fn of(repo: &Repo, labs: &[Lab], known: impl Fn(&Lab) -> LastGrade) -> Self {
        let measured = Measured::readers(repo);
        let mut notes = Vec::new();
        let mut places: Vec<LabState<'_>> = labs
            .iter()
            .map(|lab| LabState::of(repo, lab, known(lab), &measured, &mut notes))
            .collect();
        let replaced: BTreeSet<String> = places
            .iter()
            .flat_map(|place| &place.standing.builds_on)
            .filter(|earlier| earlier.ours)
            .map(|earlier| earlier.name.clone())
            .collect();
        for LabState { standing, .. } in &mut places {
            standing.left_out = replaced.contains(&standing.name) && !standing.mark.is_done();
        }
        let evening = places.first().and_then(|first| first.evening(&places));
        let unmeasured = evening.as_ref().is_some_and(|to_do| {
            to_do.measured.is_none() && places[0].standing.mark == Mark::Fresh
        });
        let page = |name: &str| repo.book_src().join(name).is_file();
        let next = if unmeasured && page(LADDER_PAGE) {
            Next {
                lab: None,
                sentence: "Guess what a call to another process costs, then measure it".to_owned(),
                command: Some(format!("{} --quick", predict::MEASURE)),
                page: Some(LADDER_PAGE.to_owned()),
            }
        } else {
            let first_done = places.first().is_some_and(LabState::is_first_and_done);
            let rest_fresh = |place: &LabState<'_>| place.standing.mark == Mark::Fresh;
            let mut next = next(&places);
            if first_done && places[1..].iter().all(rest_fresh) && page(TAKE_ALONG) {
                next = Next {
                    sentence: "The first evening is done: read what to take along, which also says what is next"
                        .to_owned(),
                    page: Some(TAKE_ALONG.to_owned()),
                    ..next
                };
            }
            next
        };
        Self {
            evening,
            labs: places.into_iter().map(|place| place.standing).collect(),
            next,
            notes,
        }
    }

    /// Whether every lab holds, or its core does.
    pub fn all_hold(&self) -> bool {
        self.labs.iter().all(|lab| lab.mark.is_done())
    }
}

/// A lab, how it stands, and what the next step depends on.
struct LabState<'a> {
    lab: &'a Lab,
    standing: Standing,
    /// The first stage that does not hold, with its number from 1.
    open: Option<(usize, StageReport)>,
    /// The titles of the stages that held when they were graded.
    holding: Vec<String>,
    compiles: bool,
}

impl<'a> LabState<'a> {
    fn of(
        repo: &Repo,
        lab: &'a Lab,
        known: LastGrade,
        measured: &Measured,
        notes: &mut Vec<String>,
    ) -> Self {
        let begun = Starter::of(repo, lab).map_or(true, |starter| starter.begun());
        let mut standing = Standing {
            name: lab.name.clone(),
            number: lab.number,
            title: lab.title.clone(),
            chapter: lab.chapter.clone(),
            minutes: lab.minutes,
            mark: if begun { Mark::Open } else { Mark::Fresh },
            stands: if begun {
                "begun, and not graded yet".to_owned()
            } else {
                "not begun".to_owned()
            },
            graded_at: None,
            changed: Vec::new(),
            measured: lab
                .measure
                .as_ref()
                .and_then(|measure| measured.day(&measure.figures)),
            measures: lab.measure.is_some(),
            builds_on: builds_on(repo, lab),
            left_out: false,
        };
        let (mut open, mut compiles) = (None, true);
        let mut holding = Vec::new();
        match known {
            LastGrade::Nothing => {}
            LastGrade::Unusable(why) => notes.push(format!(
                "{why}; the next grade of lab {} replaces it",
                lab.name
            )),
            // The grade of an untouched starter says nothing that "not begun" doesn't.
            LastGrade::Graded { report, .. } if !begun && !report.core => {}
            LastGrade::Graded {
                report,
                at,
                changed,
            } => {
                standing.stands = stands(&report);
                standing.graded_at = at;
                standing.changed = changed.iter().map(words).collect();
                compiles = report.verdict != Verdict::DoesNotCompile;
                if changed.is_empty() {
                    if report.all_hold() {
                        standing.mark = Mark::Holds;
                    } else if report.core {
                        standing.mark = Mark::Core;
                    }
                }
                let stages = report.stages.iter().filter(|stage| stage.holds);
                holding = stages.map(|stage| stage.title.clone()).collect();
                open = report
                    .stage()
                    .map(|(number, stage)| (number, stage.clone()));
            }
        }
        Self {
            lab,
            standing,
            open,
            holding,
            compiles,
        }
    }

    fn is_first_and_done(&self) -> bool {
        self.lab.number == 0 && self.standing.mark.is_done()
    }

    /// What there is to do on the first evening, if this is its lab and not done.
    fn evening(&self, places: &[Self]) -> Option<Evening> {
        let lab = self.lab;
        if lab.number != 0 || self.standing.mark.is_done() {
            return None;
        }
        let holding = |title: &str| self.holding.iter().any(|known| known == title);
        let stages = lab.stages.iter().map(|stage| EveningStage {
            title: stage.title.clone(),
            minutes: stage.minutes,
            holds: holding(&stage.title),
        });
        // Bare `measure --quick` measures for the first lab that measures at all.
        let measuring = places.iter().find(|place| place.standing.measures);
        Some(Evening {
            lab: lab.name.clone(),
            title: lab.title.clone(),
            minutes: lab.minutes.total(),
            stages: stages.collect(),
            measured: measuring.and_then(|place| place.standing.measured.clone()),
        })
    }

    fn next(&self) -> Next {
        let (lab, standing) = (self.lab, &self.standing);
        let check = Some(format!("cargo course check {}", lab.name));
        let of_lab = |sentence: String, command, page: Option<&str>| Next {
            lab: Some(lab.name.clone()),
            sentence,
            command,
            page: page.map(str::to_owned),
        };
        let named = format!("lab {}, {}", lab.number, lab.name);
        if standing.mark == Mark::Fresh {
            let sentence = format!("Begin {named}: read its chapter, and predict before you run");
            return of_lab(sentence, None, Some(&lab.chapter));
        }
        if standing.graded_at.is_none() {
            return of_lab(format!("Grade {named}"), check, None);
        }
        if !standing.changed.is_empty() {
            let changed = joined(&standing.changed);
            let have = if standing.changed.len() == 1 && !changed.ends_with('s') {
                "has"
            } else {
                "have"
            };
            let sentence = format!("Grade {named}, again: {changed} {have} changed since");
            return of_lab(sentence, check, None);
        }
        match &self.open {
            _ if !self.compiles => of_lab(
                format!("Make {named}, compile; this shows the first error"),
                check,
                None,
            ),
            Some((number, stage)) => of_lab(
                format!(
                    "Go on with {named}: stage {number} of {}, {}",
                    lab.stages.len(),
                    stage.title
                ),
                check,
                Some(&stage.read),
            ),
            None => of_lab(format!("See what is still missing in {named}"), check, None),
        }
    }
}

/// The lab that was begun and worked on last; else the first that was not begun.
fn next(places: &[LabState<'_>]) -> Next {
    let wanted = || places.iter().filter(|place| !place.standing.left_out);
    let begun = wanted()
        .filter(|place| place.standing.mark == Mark::Open)
        // Of those graded at the same second, the first.
        .rev()
        .max_by_key(|place| place.standing.graded_at);
    let fresh = || wanted().find(|place| place.standing.mark == Mark::Fresh);
    if let Some(place) = begun.or_else(fresh) {
        return place.next();
    }
    if let Some(place) = wanted().find(|place| place.standing.mark == Mark::Core) {
        let lab = place.lab;
        return Next {
            lab: Some(lab.name.clone()),
            sentence: format!(
                "Every core is done. If you want more, harden lab {}, {}",
                lab.number, lab.name
            ),
            command: Some(format!("cargo course check {} --hardening", lab.name)),
            page: None,
        };
    }
    let sentence = if places.is_empty() {
        "This clone has no labs"
    } else {
        "Every lab that you took on holds. Compare your code with ours, in solutions/"
    };
    Next {
        lab: None,
        sentence: sentence.to_owned(),
        command: None,
        page: None,
    }
}

fn stands(report: &Report) -> String {
    match report.verdict {
        Verdict::DoesNotCompile => "did not compile".to_owned(),
        Verdict::TimedOut => "its tests did not come to an end".to_owned(),
        _ => by_stage(report),
    }
}

/// How a lab stands by its stages.
pub(crate) fn by_stage(report: &Report) -> String {
    let stages = report.stages.len();
    match (report.stage(), &report.hardening) {
        (Some((number, stage)), _) => format!(
            "stage {number} of {stages}: {} of {} hold",
            stage.passed, stage.of
        ),
        (None, Some(hardening)) if hardening.holds => "core and hardening hold".to_owned(),
        (None, Some(hardening)) if hardening.graded => format!(
            "core done; hardening: {} of {} hold",
            hardening.passed, hardening.of
        ),
        (None, _) if report.core => "core done".to_owned(),
        (None, _) => format!("all {stages} stages hold"),
    }
}

fn builds_on(repo: &Repo, lab: &Lab) -> Vec<Earlier> {
    let needs = lab.needs(repo).into_iter();
    needs
        .filter(|needed| needed.whose != Whose::Given)
        .map(|needed| Earlier {
            name: needed.name,
            ours: needed.whose == Whose::Ours,
        })
        .collect()
}

fn words(changed: &Input) -> String {
    match changed {
        Input::Code => "your code".to_owned(),
        Input::Ledger => "boundaries.toml".to_owned(),
        Input::Tests => "the tests".to_owned(),
        Input::Given => "what is given".to_owned(),
        Input::Lab(name) => format!("lab {name}, on which it builds,"),
    }
}

/// `a`, `a and b`, `a, b and c`.
pub(crate) fn joined(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
