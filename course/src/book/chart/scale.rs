//! From values to places on an axis, and which values get a label.

/// More labels than this on an axis of measured values run into each other.
const MOST_LABELS: usize = 10;

/// An axis between two places of the drawing.
pub struct Scale {
    low: f64,
    high: f64,
    logarithmic: bool,
    from: f64,
    to: f64,
    ticks: Vec<f64>,
}

impl Scale {
    /// An axis that ends where its values do, and has a label at each if they are few.
    pub fn of_values(
        values: impl Iterator<Item = f64>,
        logarithmic: bool,
        from: f64,
        to: f64,
    ) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let low = values.first().copied().unwrap_or(0.0);
        let high = values.last().copied().unwrap_or(1.0);
        let mut scale = Self {
            low,
            high,
            logarithmic: logarithmic && low > 0.0,
            from,
            to,
            ticks: Vec::new(),
        };
        // On a straight axis the values crowd where they are dense: there, round steps are better.
        scale.ticks = if scale.logarithmic && values.len() <= MOST_LABELS {
            values
        } else if scale.logarithmic {
            decades(low, high)
        } else {
            round_steps(low, high)
        };
        scale
    }

    /// An axis of what was measured: from zero, or from one power of ten to another.
    pub fn from_zero(
        values: impl Iterator<Item = f64> + Clone,
        logarithmic: bool,
        from: f64,
        to: f64,
    ) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(0.0, f64::max);
        if logarithmic && least > 0.0 && least.is_finite() {
            let low = 10_f64.powf(least.log10().floor());
            let high = 10_f64.powf(most.log10().ceil()).max(low * 10.0);
            return Self {
                low,
                high,
                logarithmic: true,
                from,
                to,
                ticks: decades(low, high),
            };
        }
        let ticks = round_steps(0.0, if most > 0.0 { most } else { 1.0 });
        let step = ticks.get(1).copied().unwrap_or(1.0);
        let high = (most / step).ceil().max(1.0) * step;
        Self {
            low: 0.0,
            high,
            logarithmic: false,
            from,
            to,
            ticks: round_steps(0.0, high),
        }
    }

    /// The place of a value; one beyond the axis is placed at its end.
    pub fn at(&self, value: f64) -> f64 {
        let share = if self.logarithmic {
            (value.max(f64::MIN_POSITIVE) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        let share = if share.is_finite() { share } else { 0.5 };
        self.from + (self.to - self.from) * share.clamp(0.0, 1.0)
    }

    /// The values that get a label.
    pub fn ticks(&self) -> impl Iterator<Item = f64> + '_ {
        self.ticks.iter().copied()
    }
}

/// The powers of ten of an axis, with halves and fifths between them where they are few.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let few = (high / low).log10() < 2.5;
    let between: &[f64] = if few { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let mut ticks = Vec::new();
    let mut decade = 10_f64.powf(low.log10().floor());
    while decade <= high * 1.001 {
        let of_decade = between.iter().map(|part| decade * part);
        ticks.extend(of_decade.filter(|tick| (low * 0.999..=high * 1.001).contains(tick)));
        decade *= 10.0;
    }
    ticks
}

/// Four to eight steps of one, two or five times a power of ten.
fn round_steps(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if span <= 0.0 || !span.is_finite() {
        return vec![low];
    }
    let magnitude = 10_f64.powf((span / 4.0).log10().floor());
    let step = [5.0, 2.0, 1.0]
        .map(|part| part * magnitude)
        .into_iter()
        .find(|step| span / step >= 4.0)
        .unwrap_or(magnitude);
    let mut ticks = Vec::new();
    let mut tick = (low / step).ceil();
    while tick * step <= high + step * 1e-6 {
        ticks.push(tick * step);
        tick += 1.0;
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len()
            && a.iter()
                .zip(b)
                .all(|(a, b)| (a - b).abs() < 1e-6 * b.max(1.0))
    }

    #[test]
    fn labels_are_round_and_few() {
        assert!(near(
            &round_steps(0.0, 100.0),
            &[0.0, 20.0, 40.0, 60.0, 80.0, 100.0]
        ));
        assert!(near(&round_steps(0.0, 0.9), &[0.0, 0.2, 0.4, 0.6, 0.8]));
        assert!(near(&decades(1.0, 1e4), &[1.0, 10.0, 100.0, 1e3, 1e4]));
        assert!(near(&decades(10.0, 100.0), &[10.0, 20.0, 50.0, 100.0]));
    }

    #[test]
    fn equal_factors_are_equal_steps_on_a_logarithmic_axis() {
        let scale = Scale::of_values([1.0, 16.0, 256.0].into_iter(), true, 0.0, 80.0);
        assert!((scale.at(16.0) - 40.0).abs() < 1e-9);
        assert!(near(&scale.ticks, &[1.0, 16.0, 256.0]));
    }

    #[test]
    fn an_axis_of_figures_starts_at_zero_and_holds_them_all() {
        let scale = Scale::from_zero([12.0, 93.0].into_iter(), false, 100.0, 0.0);
        assert!((scale.at(0.0) - 100.0).abs() < 1e-9);
        assert!(scale.at(93.0) > 0.0 && scale.at(1e9) >= 0.0);
        // No values, or only zeros, still make an axis.
        assert!(
            Scale::from_zero([0.0].into_iter(), true, 1.0, 0.0)
                .at(0.0)
                .is_finite()
        );
        assert!(
            Scale::of_values(std::iter::empty(), true, 0.0, 1.0)
                .at(3.0)
                .is_finite()
        );
        assert!(
            Scale::of_values([5.0].into_iter(), true, 0.0, 1.0)
                .at(5.0)
                .is_finite()
        );
    }
}
