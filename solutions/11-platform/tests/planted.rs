//! The observer, tested like a grader: each planted fault is reported by its own row, and by no other.

use ours::Ours;
use platform::doubles::{Doubles, Leak};
use platform::observer::Row;
use platform::planted::{Fault, Planted};
use platform::scenario::{gauntlet, in_virtual_time};
use platform::stage::{Assembly, Ground, Stage};

/// How many visits there are per second.
const RATE: f64 = 2.0;

/// The rows that a run breaks, and what led to the first.
fn reported(assembly: &dyn Assembly) -> (Vec<&'static str>, String) {
    in_virtual_time(async {
        let stage = Stage::set(assembly, &Ground::Memory, 11).expect("the parts start");
        stage.connect_in_process();
        gauntlet(&stage, 11, RATE)
            .await
            .expect("each part comes up again");
        let broken = stage.observer().broken();
        let board = stage.observer().board();
        let rows = board.rows.iter().filter(|row| row.standing.broken > 0);
        let story = rows
            .map(|row| format!("{}: {:#?}", row.says, row.standing))
            .collect::<Vec<_>>()
            .concat();
        (broken.iter().map(|row| row.id()).collect(), story)
    })
}

fn finds(what: &str, assembly: &dyn Assembly, row: Row) {
    let (rows, story) = reported(assembly);
    assert_eq!(
        rows,
        [row.id()],
        "{what} has to be reported by `{}` alone.\n{story}",
        row.id()
    );
    assert!(
        story.contains("what:"),
        "{what} is reported without a step that led to it"
    );
}

macro_rules! faults {
    ($($test:ident: $fault:ident => $row:ident;)*) => {
        $(#[test]
        fn $test() {
            let right = Ours::default();
            let planted = Planted { right: &right, fault: Fault::$fault };
            finds(stringify!($fault), &planted, Row::$row);
        })*

        #[test]
        fn every_fault_is_tried() {
            assert_eq!(Fault::ALL.len(), [$(Fault::$fault),*].len());
        }
    };
}

faults! {
    a_cache_that_acknowledges: CacheAcknowledges => Durable;
    an_authority_that_answers_before_it_commits: AnswersBeforeCommit => Durable;
    a_cache_that_shows_what_is_about_to_be_written: CacheAhead => NotAhead;
    a_late_fill_that_stays: LateFill => Fresh;
    a_cache_that_forgets_what_a_session_was_told: ReadsBack => Session;
    a_cache_that_decides: CacheDecides => Decides;
    an_unknown_outcome_that_is_told_as_a_failure: UnknownAsFailed => Unknown;
    an_edge_that_retries: EdgeRetries => Attempts;
    an_edge_that_shares_a_private_answer: EdgeShares => Private;
    an_edge_that_keeps_a_course_for_ever: EdgeForever => Edge;
    an_edge_that_mixes_assets_up: EdgeMixes => Edge;
}

macro_rules! leaks {
    ($($test:ident: $leak:expr => $row:ident;)*) => {
        $(#[test]
        fn $test() {
            let leak = $leak;
            finds(stringify!($leak), &Doubles { leak: Some(leak) }, Row::$row);
        })*
    };
}

leaks! {
    a_relay_that_skips_a_row: Leak::Skips(20) => Accounts;
    a_worker_that_acts_twice: Leak::Twice(20) => OneEffect;
    a_worker_that_takes_a_later_version_first: Leak::Swaps(1) => Order;
    a_view_that_goes_back: Leak::Back(20) => View;
    a_view_that_never_says_that_it_is_late: Leak::NeverLate => View;
    a_relay_that_publishes_what_is_not_committed: Leak::Announces => Announced;
}

#[test]
fn the_doubles_without_a_fault_break_nothing() {
    let (rows, story) = reported(&Doubles::default());
    assert!(rows.is_empty(), "{story}");
}
