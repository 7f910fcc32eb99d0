//! What ownership asks for.

use super::{kinds, placed};
use crate::world::situations::{needs, pressure};
use placement::place::Choice;
use placement::requirements::{Kind, Scope};
use testbed::live;

/// **P7** Where ownership is the only pressure, the answer is a module on the caller's thread.
#[test]
fn ownership_alone_asks_for_a_module() {
    live(|| {
        let placement = placed(&needs(&[pressure(Kind::Ownership, 6, 1)]));
        assert_eq!(
            (placement.scope, placement.module),
            (Scope::Thread, true),
            "Two teams need a line that neither crosses by accident. A module is one, and a call across it \
             can't be lost; a service is one, too, and can."
        );
        assert_eq!(
            kinds(&placement, Choice::NoModule),
            [Kind::Ownership],
            "{placement}"
        );
        let placement = placed(&needs(&[pressure(Kind::Ownership, 1, 1)]));
        assert!(
            !placement.module,
            "The releases wait no more often than is bearable."
        );
    });
}

/// **P7** With other pressures ownership still asks for its module, and for no wider scope than they do.
#[test]
fn ownership_adds_a_module_to_what_others_decide() {
    live(|| {
        let load = pressure(Kind::Load, 1_500, 0);
        let placement = placed(&needs(&[pressure(Kind::Ownership, 6, 1), load.clone()]));
        assert_eq!(
            (placement.scope, placement.module),
            (Scope::Cluster, true),
            "{placement}"
        );
        assert!(
            !placed(&needs(&[load])).module,
            "Nobody asked for a module."
        );
    });
}
