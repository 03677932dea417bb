//! Integrals of a function that is resolved by Legendre series on panels, and the inverse of their sum.
//!
//! A panel is halved until the last of [`NODES`] coefficients are rounding; the antiderivative is then a series of
//! one term more, and the Gauss rule on the same nodes integrates the function times anything as smooth.

use std::sync::OnceLock;

use crate::quadrature::gauss_legendre;

/// Nodes and coefficients of a panel.
pub(crate) const NODES: usize = 16;

/// Last coefficients, relative to the largest value on the panel, that are rounding: they add up to an error of one
/// unit in the last place of the mass.
const ROUNDING: f64 = 64.0 * f64::EPSILON;

/// Last coefficients below this, relative to the largest value, which halving does not shrink by more than the
/// second, are the rounding of the function.
const NOISE: f64 = 1e-11;
const SHRINKING: f64 = 0.03;

/// Most halvings: down to the rounding of angles.
const HALVINGS: usize = 45;

/// Panels from which on none is halved.
const MOST: usize = 4096;

/// Cells of the table in which the inverse starts.
const CELLS: usize = 8;

/// Steps of the safeguarded Newton iteration; two are enough nearly everywhere.
const STEPS: usize = 12;

/// A nonnegative function on an interval, by its series and its integral.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Panel {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Integral over all panels before this one.
    pub(crate) before: f64,
    /// The function times the weights of the Gauss rule.
    pub(crate) masses: [f64; NODES],
    /// Legendre coefficients of the function times half the width.
    rate: [f64; NODES],
    /// Legendre coefficients of the integral from `low`.
    integral: [f64; NODES + 1],
    /// The integral from `low` at the ends of equal cells.
    table: [f64; CELLS + 1],
}

/// Panels on which `f` is resolved, over adjacent intervals, `scale` being about the size of the whole integral.
pub(crate) fn resolve(f: &dyn Fn(f64) -> f64, breaks: &[f64], scale: f64) -> Vec<Panel> {
    let mut panels = Vec::new();
    // Intervals, with the last coefficients of what they are halves of.
    let mut waiting: Vec<([f64; 2], f64)> =
        breaks.windows(2).map(|pair| ([pair[0], pair[1]], f64::INFINITY)).collect();
    for halvings in 0..=HALVINGS {
        // A function that is nothing but rounding would be halved everywhere.
        let last = halvings == HALVINGS || panels.len() + waiting.len() > MOST;
        let mut halves = Vec::new();
        for ([low, high], before) in waiting {
            let panel = Panel::new(f, low, high);
            let middle = 0.5 * (low + high);
            match panel.unresolved(before, scale) {
                Some(tail) if !last && low < middle && middle < high => {
                    halves.extend([([low, middle], tail), ([middle, high], tail)]);
                }
                _ => panels.push(panel),
            }
        }
        waiting = halves;
    }
    panels.sort_by(|a, b| a.low.total_cmp(&b.low));
    let mut before = 0.0;
    for panel in &mut panels {
        panel.before = before;
        before += panel.mass();
    }
    panels
}

impl Panel {
    fn new(f: &dyn Fn(f64) -> f64, low: f64, high: f64) -> Self {
        let mut panel = Self {
            low,
            high,
            before: 0.0,
            masses: [0.0; NODES],
            rate: [0.0; NODES],
            integral: [0.0; NODES + 1],
            table: [0.0; CELLS + 1],
        };
        for ((mass, (at, weight)), values) in panel.masses.iter_mut().zip(nodes((low, high))).zip(legendre())
        {
            *mass = weight * f(at);
            for (k, (c, value)) in panel.rate.iter_mut().zip(values).enumerate() {
                *c += (k as f64 + 0.5) * *mass * value;
            }
        }
        // int_-1^x P_k = (P_(k+1) - P_(k-1)) / (2 k + 1).
        for (k, &c) in panel.rate.iter().enumerate() {
            let term = c / (2 * k + 1) as f64;
            panel.integral[k + 1] += term;
            panel.integral[k.saturating_sub(1)] -= if k == 0 { -term } else { term };
        }
        for cell in 1..=CELLS {
            let at = panel.integral_to(2.0 * cell as f64 / CELLS as f64 - 1.0);
            panel.table[cell] = at.max(panel.table[cell - 1]);
        }
        panel
    }

    /// The last coefficients if they are not rounding; `before` are those of the interval that this one is a half of.
    fn unresolved(&self, before: f64, scale: f64) -> Option<f64> {
        let sizes = self.masses.iter().zip(rule()).map(|(mass, node)| mass.abs() / node.1);
        let largest = sizes.fold(0.0, f64::max);
        let tail = self.rate[NODES - 1].abs().max(self.rate[NODES - 2].abs());
        // Half an interval has 2^-NODES of the coefficients, or a quarter of them where the function is rounded.
        let rounded = tail <= NOISE * largest && tail > SHRINKING * before;
        let settled = tail <= (ROUNDING * largest).max(f64::EPSILON * scale) || rounded;
        (!settled && !tail.is_nan()).then_some(tail)
    }

    /// The integral over the panel.
    pub(crate) fn mass(&self) -> f64 {
        self.table[CELLS]
    }

    /// The integral from the low end to a parameter in the panel.
    pub(crate) fn mass_to(&self, at: f64) -> f64 {
        let s = (2.0 * at - self.low - self.high) / (self.high - self.low);
        if s >= 1.0 { self.mass() } else { self.integral_to(s).clamp(0.0, self.mass()) }
    }

    fn integral_to(&self, s: f64) -> f64 {
        clenshaw(&self.integral, s)
    }

    /// The parameter up to which the integral from the low end is `mass`.
    ///
    /// Safeguarded Newton iteration from a table: next to an end at which the function vanishes from the power law
    /// through the nearest entry, elsewhere from the chord.
    pub(crate) fn inverse(&self, mass: f64) -> f64 {
        let cell = self.table[1..CELLS].partition_point(|&entry| entry < mass);
        let at = |cell: usize| 2.0 * cell as f64 / CELLS as f64 - 1.0;
        let (mut low, mut high) = (at(cell), at(cell + 1));
        let share = ((mass - self.table[cell]) / (self.table[cell + 1] - self.table[cell])).clamp(0.0, 1.0);
        let width = high - low;
        let power = |mass: f64, s: f64| (clenshaw(&self.rate, s) * width / mass).clamp(1.0, 8.0).recip();
        let mut s = match cell {
            0 => low + width * share.powf(power(self.table[1], high)),
            _ if cell == CELLS - 1 => {
                let left = self.table[CELLS] - self.table[CELLS - 1];
                high - width * (1.0 - share).powf(power(left, low))
            }
            _ => low + width * share,
        };
        for _ in 0..STEPS {
            let excess = self.integral_to(s) - mass;
            if excess > 0.0 {
                high = s;
            } else {
                low = s;
            }
            let step = excess / clenshaw(&self.rate, s);
            let next = s - step;
            // Past a bracket, or where the function is 0 to rounding.
            let next = if low <= next && next <= high { next } else { 0.5 * (low + high) };
            // The step after this one is of the size of its square.
            let done = (next - s).abs() < 1e-8;
            s = next;
            if done {
                break;
            }
        }
        0.5 * (self.low + self.high + s * (self.high - self.low))
    }
}

/// Gauss nodes and weights on an interval.
pub(crate) fn nodes((low, high): (f64, f64)) -> impl Iterator<Item = (f64, f64)> {
    let half = 0.5 * (high - low);
    rule().iter().map(move |(node, weight)| (low + half * (1.0 + node), half * weight))
}

fn rule() -> &'static [(f64, f64)] {
    static RULE: OnceLock<Vec<(f64, f64)>> = OnceLock::new();
    RULE.get_or_init(|| gauss_legendre(NODES))
}

/// `P_0` to `P_(n-1)` at each node of the rule.
pub(crate) fn legendre() -> &'static [[f64; NODES]] {
    static VALUES: OnceLock<Vec<[f64; NODES]>> = OnceLock::new();
    VALUES.get_or_init(|| {
        let at = |&(x, _): &(f64, f64)| {
            let mut values = [1.0; NODES];
            values[1] = x;
            for k in 2..NODES {
                let n = k as f64;
                values[k] = ((2.0 * n - 1.0) * x * values[k - 1] - (n - 1.0) * values[k - 2]) / n;
            }
            values
        };
        rule().iter().map(at).collect()
    })
}

/// A Legendre series at `s`, from its last coefficient down.
fn clenshaw(coefficients: &[f64], s: f64) -> f64 {
    const RATIOS: [(f64, f64); NODES + 1] = {
        let mut ratios = [(0.0, 0.0); NODES + 1];
        let mut k = 0;
        while k <= NODES {
            let n = k as f64;
            ratios[k] = ((2.0 * n + 1.0) / (n + 1.0), (n + 1.0) / (n + 2.0));
            k += 1;
        }
        ratios
    };
    let (mut next, mut after) = (0.0, 0.0);
    for (c, (first, second)) in coefficients.iter().zip(RATIOS).rev() {
        (next, after) = (c + first * s * next - second * after, next);
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrals_of_an_oscillation_and_of_a_peak() {
        let panels = resolve(&|x| 1.0 + (40.0 * x).sin(), &[0.0, 1.0, 3.0], 3.0);
        let last = &panels[panels.len() - 1];
        assert!((last.before + last.mass() - 3.0 - (1.0 - 120.0f64.cos()) / 40.0).abs() < 1e-14);
        let panels = resolve(&|x| 1e-6 / (x * x + 1e-12), &[0.0, 1.0], 1.0);
        for at in [1e-7, 1e-6, 1e-3, 0.9] {
            let panel = &panels[panels.partition_point(|panel| panel.high < at)];
            assert!((panel.before + panel.mass_to(at) - (at * 1e6).atan()).abs() < 2e-15, "{at}");
        }
    }

    #[test]
    fn a_rounded_function_is_not_followed() {
        let rounded = |x: f64| 1.0 + x * x + 1e-13 * (1e9 * x).sin();
        let panels = resolve(&rounded, &[0.0, 1.0], 1.0);
        let mass: f64 = panels.iter().map(Panel::mass).sum();
        assert!(panels.len() <= 8 && (mass - 4.0 / 3.0).abs() < 1e-12, "{} {mass}", panels.len());
        // Nor is one with rounding that is too large to be told from peaks.
        let rough = |x: f64| 1.0 + 1e-6 * (1e12 * x * x).sin();
        let panels = resolve(&rough, &[0.0, 1.0], 1.0);
        let mass: f64 = panels.iter().map(Panel::mass).sum();
        assert!(panels.len() <= 2 * MOST && (mass - 1.0).abs() < 1e-7, "{} {mass}", panels.len());
    }

    #[test]
    fn the_inverse_next_to_a_zero_of_the_function() {
        // x^2 (1 - x): a triple zero of the integral at 0, a double one of what is left at 1.
        let panels = resolve(&|x| x * x * (1.0 - x), &[0.0, 1.0], 1.0);
        let integral = |x: f64| x.powi(3) / 3.0 - x.powi(4) / 4.0;
        for x in [1e-3, 0.01, 0.3, 0.5, 0.9, 0.999] {
            let found = panels[0].inverse(integral(x));
            assert!((integral(found) - integral(x)).abs() < 1e-16, "{x} {found}");
        }
    }
}
