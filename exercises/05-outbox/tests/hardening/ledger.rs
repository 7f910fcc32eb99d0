//! The entries in `boundaries.toml`: from the authority to the stream, and from there to the workers.

use ledger::{FILE_NAME, Role, lab};
use std::path::Path;
use testbed::live;

/// **L1** The ledger has both boundaries, with four answers each that could be wrong, and calls neither the
/// stream nor the workers an authority.
#[test]
fn the_boundaries_to_the_stream_and_to_the_workers_are_answered_for() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        for (from, to) in [("authority", "stream"), ("stream", "workers")] {
            let component = lab::answered(lab, from, to);
            assert_eq!(
                component.role,
                Role::Worker,
                "{FILE_NAME} says what the component `{to}` is to the facts that pass through it. It works on \
                 what was decided elsewhere, later, and decides none of them."
            );
        }
    });
}
