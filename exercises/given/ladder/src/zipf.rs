//! Keys as real readers choose them: a few lessons are read all the time, and most hardly ever.
//!
//! Even choices flatter no cache and say nothing about one. The sequence is drawn beforehand, because
//! drawing takes longer than a hit, and from a fixed seed, because hit rates are counts and should
//! be the same in every run.

/// Draws `draws` of the keys `0..keys`, the key of rank r as often as 1 / r^`skew`.
///
/// Ranks are scattered over the keys, so that neighbours in a tree or a table are not both popular.
///
/// # Panics
/// When there are no keys.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "keys are thousands, and a draw is below the sum of their weights"
)]
pub fn draw(keys: u64, skew: f64, draws: usize, seed: u64) -> Vec<u64> {
    assert!(keys > 0, "there is nothing to draw from");
    let mut sums = Vec::with_capacity(keys as usize);
    let mut sum = 0.0;
    for rank in 1..=keys {
        sum += (rank as f64).powf(-skew);
        sums.push(sum);
    }
    let mut random = Random(seed);
    let key_of = scattered(keys, &mut random);
    (0..draws)
        .map(|_| {
            let wanted = random.share() * sum;
            let rank = sums.partition_point(|sum| *sum < wanted);
            key_of[rank.min(key_of.len() - 1)]
        })
        .collect()
}

/// All keys, shuffled.
#[expect(
    clippy::cast_possible_truncation,
    reason = "below the length of a vector"
)]
fn scattered(keys: u64, random: &mut Random) -> Vec<u64> {
    let mut all: Vec<u64> = (0..keys).collect();
    for last in (1..all.len()).rev() {
        let other = random.next() % (last as u64 + 1);
        all.swap(last, other as usize);
    }
    all
}

/// SplitMix64: ten lines, and good enough to choose lessons with.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are all that fit")]
    fn share(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn popular_keys_come_as_often_as_their_rank_says() {
        let draws = draw(1000, 0.99, 200_000, 7);
        assert!(draws.iter().all(|key| *key < 1000));
        let mut times = vec![0_u32; 1000];
        for key in draws {
            times[usize::try_from(key).unwrap()] += 1;
        }
        times.sort_unstable_by(|a, b| b.cmp(a));
        // The first of 1,000 has a weight of 1 of about 7.7, the tenth a tenth of that.
        assert!((24_000..28_000).contains(&times[0]), "{}", times[0]);
        assert!((2_300..3_000).contains(&times[9]), "{}", times[9]);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        assert_eq!(draw(50, 0.99, 100, 1), draw(50, 0.99, 100, 1));
        assert_ne!(draw(50, 0.99, 100, 1), draw(50, 0.99, 100, 2));
    }
}
