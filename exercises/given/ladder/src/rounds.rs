//! Taking turns and comparing.
//!
//! A machine's speed drifts by half between two runs, but hardly between two slices of one round.
//! So what is compared is measured in the same round, the order changes from round to round, and
//! the result is the median of the rounds' ratios with their spread.

/// The order in which `n` things are measured in a round: everyone comes first once, and every
/// second round runs backwards, so that nothing always follows the same neighbour.
pub fn order(n: usize, round: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).map(|i| (i + round) % n).collect();
    if round % 2 == 1 {
        order.reverse();
    }
    order
}

/// A median and what lies around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Half of the rounds are below it.
    pub median: f64,
    /// The lowest, once the lowest tenth of the rounds is left out.
    pub low: f64,
    /// The highest, once the highest tenth of the rounds is left out.
    pub high: f64,
}

impl Spread {
    /// The spread of some rounds' values; `None` of no rounds.
    ///
    /// A tenth is left out at each end: in thirty rounds on a desktop something else always ran
    /// in one or two. With fewer than ten rounds nothing is left out.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        values.sort_by(f64::total_cmp);
        let n = values.len();
        let cut = n / 10;
        Some(Self {
            median: f64::midpoint(*values.get(n.checked_sub(1)? / 2)?, values[n / 2]),
            low: values[cut],
            high: values[n - 1 - cut],
        })
    }

    /// The spread of the ratios of two sides that were measured in the same rounds.
    pub fn of_ratios(side: &[f64], base: &[f64]) -> Option<Self> {
        Self::of(side.iter().zip(base).map(|(side, base)| side / base))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_every_round_everyone_has_a_turn_and_nobody_keeps_the_same_place() {
        let orders: Vec<_> = (0..4).map(|round| order(4, round)).collect();
        for order in &orders {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, [0, 1, 2, 3]);
        }
        assert_eq!(orders[0], [0, 1, 2, 3]);
        assert_eq!(orders[1], [0, 3, 2, 1]);
        assert_eq!(orders[2], [2, 3, 0, 1]);
        assert_eq!(order(0, 3), Vec::<usize>::new());
    }

    #[test]
    fn the_ratio_is_paired_before_the_median_is_taken() {
        // The machine slows down threefold in mid-run; the ratio does not notice.
        let base = [10.0, 10.0, 30.0, 30.0, 30.0];
        let side = [15.0, 15.0, 45.0, 45.0, 45.0];
        let spread = Spread::of_ratios(&side, &base).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (1.5, 1.5, 1.5));
    }

    #[test]
    fn a_tenth_is_left_out_at_each_end() {
        let spread = Spread::of((1..=20).map(f64::from)).unwrap();
        assert_eq!((spread.low, spread.median, spread.high), (3.0, 10.5, 18.0));
        let few = Spread::of([7.0, 1.0, 2.0]).unwrap();
        assert_eq!((few.low, few.median, few.high), (1.0, 2.0, 7.0));
    }

    #[test]
    fn no_rounds_have_no_spread() {
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([f64::NAN]), None);
    }
}
