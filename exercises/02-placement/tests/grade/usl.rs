//! The law of what more shards bring.

mod curve;
mod fit;

use placement::usl::Usl;
use proptest::prelude::*;

fn law(curve: &Usl, shards: u32) -> f64 {
    let n = f64::from(shards);
    curve.lambda * n / (1.0 + curve.sigma * (n - 1.0) + curve.kappa * n * (n - 1.0))
}

/// Curves as they are met: little contention to much, some without one or the other.
fn curves() -> impl Strategy<Value = Usl> {
    let share = |most: f64| prop_oneof![1 => Just(0.0), 4 => 0.0..most];
    (1.0..1e6, share(0.6), share(0.03)).prop_map(|(lambda, sigma, kappa)| Usl {
        lambda,
        sigma,
        kappa,
    })
}
