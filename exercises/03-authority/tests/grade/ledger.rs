//! The ledger: why this boundary is there, in the reader's own words.

use ledger::{FILE_NAME, Role, lab};
use std::path::Path;
use testbed::live;

/// **L1** The ledger has this boundary, and its four questions have answers that could be wrong.
#[test]
fn the_boundary_from_api_to_authority_is_answered() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let authority = lab::answered(lab, "api", "authority");
        assert_eq!(
            authority.role,
            Role::Authority,
            "The store that decides about progress is called something else in {FILE_NAME}."
        );
    });
}
