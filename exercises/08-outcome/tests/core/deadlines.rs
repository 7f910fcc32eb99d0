//! How much time is left.

use crate::world::{ms, pass, timed};
use outcome::deadline::Deadline;
use std::cell::Cell;
use std::time::Duration;
use testbed::{note, story};

/// **O5** A deadline is an instant: what is left of it shrinks, and at that instant nothing is left.
#[test]
fn what_is_left_shrinks_until_nothing_is() {
    story(|| async {
        let deadline = Deadline::within(ms(1_000));
        assert_eq!(deadline.left(), Some(ms(1_000)));
        pass(ms(400)).await;
        assert_eq!(
            deadline.left(),
            Some(ms(600)),
            "A deadline does not begin anew when somebody looks at it. That is a timeout."
        );
        pass(ms(599)).await;
        assert_eq!(deadline.left(), Some(ms(1)));
        pass(ms(1)).await;
        assert_eq!(
            deadline.left(),
            None,
            "At the deadline nothing is left, and nothing has to begin any more."
        );
        pass(ms(1)).await;
        assert_eq!(deadline.left(), None);
    });
}

/// **O5** What travels is what is left, rounded down: at each hop it is less.
#[test]
fn what_is_left_travels_from_hop_to_hop() {
    story(|| async {
        let at_the_api = Deadline::within(ms(1_000));
        pass(ms(300)).await;
        note(format!("the API passes on {} ms", at_the_api.left_ms()));
        let at_the_wallet = Deadline::within(ms(at_the_api.left_ms()));
        pass(ms(300)).await;
        note(format!(
            "the wallet passes on {} ms",
            at_the_wallet.left_ms()
        ));
        assert_eq!(at_the_wallet.left_ms(), 400);
        pass(ms(500)).await;
        assert_eq!(
            at_the_wallet.left_ms(),
            0,
            "Beyond the deadline nothing is left for anybody."
        );
        for (left, passed_on) in [(1_900, 1), (1_000, 1), (999, 0), (1, 0)] {
            let deadline = Deadline::within(Duration::from_micros(left));
            assert_eq!(
                deadline.left_ms(),
                passed_on,
                "{left} µs are left. Rounded up, each hop gets time that nobody has, and a request can \
                 wander for ever with its last millisecond."
            );
        }
    });
}

/// **O5** Work whose time is over is not begun.
#[test]
fn expired_work_is_not_begun() {
    story(|| async {
        let deadline = Deadline::within(ms(10));
        pass(ms(10)).await;
        let begun = Cell::new(false);
        let ran = deadline
            .run(async {
                begun.set(true);
            })
            .await;
        assert!(
            !begun.get(),
            "The deadline had passed, and the work was begun all the same. tokio's `timeout` polls its \
             future first and looks at the clock afterwards: what the work does before its first wait has \
             then been done, for nobody."
        );
        assert_eq!(ran, None, "Work that was not begun has no result.");
    });
}

/// **O4** Work is cut off at its deadline, and not before.
#[test]
fn work_is_cut_off_at_its_deadline() {
    story(|| async {
        let short = Deadline::within(ms(100)).run(pass(ms(60)));
        assert_eq!(timed(short).await, (Some(()), ms(60)));
        let deadline = Deadline::within(ms(100));
        pass(ms(30)).await;
        let long = deadline.run(pass(ms(5_000)));
        assert_eq!(
            timed(long).await,
            (None, ms(70)),
            "30 of its 100 ms had passed, so the work had 70."
        );
    });
}
