//! The cache's entry in `boundaries.toml`.

use ledger::{FILE_NAME, Role, lab};
use std::path::Path;
use testbed::live;

/// **L1** The ledger has the boundary from the API to the cache, with four answers that could be wrong,
/// and calls the cache a cache.
#[test]
fn the_boundary_to_the_cache_is_answered_for() {
    live(|| {
        let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
        let cache = lab::answered(lab, "api", "cache");
        assert_eq!(
            cache.role,
            Role::Cache,
            "{FILE_NAME} says what the component `cache` is to the facts that it holds. It decides none \
             of them, and a restart may empty it."
        );
    });
}
