//! B603: a copy of one user's fact that anybody may get.

use crate::finding::{Finding, Rule, Severity};
use crate::form::{Audience, Copy, Ledger, Role};

/// See the module.
pub const RULE: Rule = Rule {
    id: "B603",
    name: "identity-blind-edge",
    finds: "a copy of a fact that is for one user or tenant, in a shared place, whose key has no identity in it",
};

/// Finds them.
pub fn check(ledger: &Ledger) -> Vec<Finding> {
    let copies = ledger.copies.iter();
    copies.filter_map(|copy| blind(ledger, copy)).collect()
}

fn blind(ledger: &Ledger, copy: &Copy) -> Option<Finding> {
    let shared = matches!(ledger.role(copy.at.get_ref())?, Role::Edge | Role::Cache);
    let fact = ledger.fact(copy.of.get_ref())?;
    let audience = fact.audience.as_ref()?;
    // A user's key is narrower than the tenant's, so it separates tenants as well.
    let (whom, keys): (_, &[&str]) = match audience.get_ref() {
        Audience::Public => return None,
        Audience::Tenant => ("tenant", &["tenant", "user"]),
        Audience::User => ("user", &["user"]),
    };
    let by = copy.keyed_by.as_ref();
    let keyed = by.is_some_and(|by| by.get_ref().0.iter().any(|by| keys.contains(&by.as_str())));
    (shared && !keyed && !copy.private).then(|| {
        let (of, at) = (copy.of.get_ref(), copy.at.get_ref());
        let names = [of.as_str(), at];
        let finding = by.map_or_else(
            || Finding::at(RULE, Severity::Error, &copy.at),
            |by| Finding::at(RULE, Severity::Error, by),
        );
        finding.about(names).see(audience, "whom the fact is for").saying(format!(
            "`{of}` is for one {whom}, but `{at}` would give it to anybody with the same key. Put \
             \"{whom}\" into `keyed_by`, or say `private = true`."
        ))
    })
}
