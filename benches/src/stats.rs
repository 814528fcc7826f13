//! The little statistics that the figures need.

/// The quantile `q` of these values.
pub(crate) fn quantile(values: &[f64], q: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    assert!(!sorted.is_empty(), "nothing was measured");
    let place = q * (sorted.len() - 1) as f64;
    let (below, share) = (place.floor() as usize, place.fract());
    let above = (below + 1).min(sorted.len() - 1);
    sorted[below] * (1.0 - share) + sorted[above] * share
}

/// The median.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// What a Mann–Whitney test says about two samples.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Comparison {
    /// Standard score; positive if the first sample is the slower one.
    pub(crate) z: f64,
    /// Probability of a score at least so far from zero if there is no difference.
    pub(crate) p: f64,
    /// Rank-biserial correlation, from -1 to 1: by how much more often a value of the first sample is the greater one
    /// of a pair than the smaller one.
    pub(crate) effect: f64,
}

/// Compares two samples by ranks. Equal values share their mean rank; the variance is corrected for them.
pub(crate) fn mann_whitney(first: &[f64], second: &[f64]) -> Comparison {
    let mut all: Vec<(f64, bool)> =
        first.iter().map(|v| (*v, true)).chain(second.iter().map(|v| (*v, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n1, n2) = (first.len() as f64, second.len() as f64);
    let (mut ranks, mut ties, mut at) = (0.0, 0.0, 0);
    while at < all.len() {
        let equal = all[at..].iter().take_while(|(value, _)| *value == all[at].0).count();
        let mean_rank = at as f64 + (equal as f64 + 1.0) / 2.0;
        ranks += mean_rank * all[at..at + equal].iter().filter(|(_, is_first)| *is_first).count() as f64;
        ties += (equal as f64).powi(3) - equal as f64;
        at += equal;
    }
    let u = ranks - n1 * (n1 + 1.0) / 2.0;
    let n = n1 + n2;
    let variance = n1 * n2 / 12.0 * (n + 1.0 - ties / (n * (n - 1.0)));
    let z = if variance > 0.0 { (u - n1 * n2 / 2.0) / variance.sqrt() } else { 0.0 };
    Comparison { z, p: two_sided(z), effect: 2.0 * u / (n1 * n2) - 1.0 }
}

/// The smallest rank-biserial effect that a comparison of samples of this size finds four times in five, when it is
/// made `comparisons` times at `alpha` in all.
pub(crate) fn detectable_effect(samples: usize, alpha: f64, comparisons: usize) -> f64 {
    let n = samples as f64;
    let spread = ((2.0 * n + 1.0) / (3.0 * n * n)).sqrt();
    (score(alpha / comparisons as f64) + 0.842) * spread
}

/// By how much a sample like `values` would have to be slower to show this effect.
pub(crate) fn shift_for_effect(values: &[f64], effect: f64) -> f64 {
    let (mut low, mut high) = (0.0, quantile(values, 0.99) - quantile(values, 0.01));
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        let shifted: Vec<f64> = values.iter().map(|value| value + middle).collect();
        if mann_whitney(&shifted, values).effect < effect { low = middle } else { high = middle }
    }
    high
}

/// The standard score that is exceeded in either direction with probability `p`.
fn score(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 10.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if two_sided(middle) > p { low = middle } else { high = middle }
    }
    high
}

/// Probability that a standard normal value is at least so far from zero (Numerical Recipes, `erfcc`; relative error
/// below 1.2e-7).
fn two_sided(z: f64) -> f64 {
    let x = z.abs() / std::f64::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.5 * x);
    let terms = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let polynomial = terms.iter().rev().fold(0.0, |sum, term| sum * t + term);
    t * (-x * x + polynomial).exp()
}

/// A generator for the order of measurements: seeded, so that a run can be repeated.
pub(crate) struct Order(u64);

impl Order {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    /// Shuffles (Fisher–Yates over xorshift64).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            items.swap(last, (self.0 % (last as u64 + 1)) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours() {
        let values = [4.0, 1.0, 3.0, 2.0];
        assert_eq!((median(&values), quantile(&values, 0.0), quantile(&values, 1.0)), (2.5, 1.0, 4.0));
    }

    #[test]
    fn the_test_agrees_with_a_worked_example() {
        // U of (1..=5) against (3..=7) is 4.5; with ties the standard deviation is 4.7434 (scipy: p = 0.0917).
        let first: Vec<f64> = (1..=5).map(f64::from).collect();
        let second: Vec<f64> = (3..=7).map(f64::from).collect();
        let found = mann_whitney(&first, &second);
        assert!((found.effect + 0.64).abs() < 1e-9, "{found:?}");
        assert!((found.p - 0.0917).abs() < 5e-3, "{found:?}");
        assert!((score(0.05) - 1.96).abs() < 1e-2 && (two_sided(3.29) - 0.001).abs() < 1e-4);
    }

    #[test]
    fn what_can_be_detected_is_a_shift_that_has_the_effect() {
        let values: Vec<f64> = (0..1_000).map(f64::from).collect();
        let effect = detectable_effect(values.len(), 0.001, 4);
        let shift = shift_for_effect(&values, effect);
        assert!(shift > 50.0 && shift < 100.0, "{effect} {shift}");
    }

    #[test]
    fn shuffling_keeps_everything() {
        let mut items: Vec<u32> = (0..20).collect();
        Order::new(7).shuffle(&mut items);
        assert_ne!(items, (0..20).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..20).collect::<Vec<_>>());
    }
}
