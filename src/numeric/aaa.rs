//! The AAA algorithm on the real line: support points chosen one after the other where the error is largest,
//! weights of the barycentric form by linear least squares (Nakatsukasa, Sete and Trefethen, SIAM J. Sci. Comput.
//! 40, 2018).
//!
//! Every value has a tolerance of its own, by which its row of the Loewner matrix
//! `(f_i - f_k) / ((x_i - x_k) e_i)` is divided: values that are known badly, or matter little, do not call for
//! poles. Poles between the data are removed by a lower degree or by fewer support points.

use super::rational::{Node, Place, Rational};
use super::singular::smallest_singular_vector;

/// Degrees next to the best one that are tried for one without poles.
const NEXT_BEST: usize = 4;

/// How often support points next to poles are dropped.
const DROPS: usize = 3;

/// Fits that miss their target by this factor lack data, and what poles they have is of no interest.
const HOPELESS: f64 = 1e3;

/// A fit without poles may be worse than the best one by this factor.
const PRICE: f64 = 100.0;

/// Values of a function with the errors that are allowed for them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Data<'a> {
    /// Where.
    pub(crate) places: &'a [Place],
    /// The values.
    pub(crate) values: &'a [f64],
    /// Absolute errors.
    pub(crate) tolerances: &'a [f64],
    /// How much of these is for errors of the values themselves.
    pub(crate) noises: &'a [f64],
}

/// A rational function fitted to data.
#[derive(Debug, Clone)]
pub(crate) struct Fit {
    /// The function.
    pub(crate) rational: Rational,
    /// Largest error in units of the tolerances.
    pub(crate) error: f64,
    /// Indices of the support points in the data, in the order in which they were chosen.
    pub(crate) support: Vec<usize>,
    /// Real poles in the interval that could not be avoided.
    pub(crate) poles: Vec<Place>,
}

/// Fits the data to `target` tolerances by a function with at most `largest` support points and without poles in
/// `interval`, starting from the support points of an earlier fit.
pub(crate) fn fit(
    data: Data<'_>,
    earlier: &[usize],
    target: f64,
    largest: usize,
    interval: [Place; 2],
) -> Fit {
    let tried = Greedy::new(data).run(earlier, target, largest);
    let best = tried[0].error;
    if best > HOPELESS * target {
        return tried[0].clone().with_poles(data, interval);
    }
    let mut first = None;
    for candidate in tried.into_iter().take(NEXT_BEST) {
        let candidate = candidate.with_poles(data, interval);
        let accepted = if candidate.poles.is_empty() {
            (candidate.error <= (PRICE * best).max(1.0)).then(|| candidate.clone())
        } else {
            candidate.without_support_at_poles(data, interval).filter(|f| f.error <= (PRICE * best).max(1.0))
        };
        if let Some(fit) = accepted {
            return fit;
        }
        first.get_or_insert(candidate);
    }
    first.unwrap_or_else(|| unreachable!("there is always a function of degree 0"))
}

impl Fit {
    fn with_poles(mut self, data: Data<'_>, interval: [Place; 2]) -> Self {
        self.poles = self.rational.real_poles(interval, data.places);
        self
    }

    /// Drops the support points nearest to the poles, as long as there are some.
    fn without_support_at_poles(&self, data: Data<'_>, interval: [Place; 2]) -> Option<Self> {
        let mut fit = self.clone();
        for _ in 0..DROPS {
            for pole in fit.poles.clone() {
                let distance = |&k: &usize| pole.minus(data.places[k]).abs();
                let nearest = (0..fit.support.len())
                    .min_by(|&i, &j| distance(&fit.support[i]).total_cmp(&distance(&fit.support[j])))?;
                if fit.support.len() > 2 {
                    fit.support.remove(nearest);
                }
            }
            let mut greedy = Greedy::new(data);
            fit.support.iter().for_each(|&k| greedy.add(k));
            fit = greedy.fit().with_poles(data, interval);
            if fit.poles.is_empty() {
                return Some(fit);
            }
        }
        None
    }
}

/// The state of the greedy choice.
struct Greedy<'a> {
    data: Data<'a>,
    support: Vec<usize>,
    is_support: Vec<bool>,
    /// `1 / (x_i - z_k)`, 0 at the support point itself, column by column.
    cauchy: Vec<Vec<f64>>,
}

impl<'a> Greedy<'a> {
    fn new(data: Data<'a>) -> Self {
        let is_support = vec![false; data.places.len()];
        Self { data, support: Vec::new(), is_support, cauchy: Vec::new() }
    }

    fn add(&mut self, k: usize) {
        let column = self
            .data
            .places
            .iter()
            .enumerate()
            .map(|(i, place)| if i == k { 0.0 } else { place.minus(self.data.places[k]).recip() });
        self.cauchy.push(column.collect());
        self.support.push(k);
        self.is_support[k] = true;
    }

    /// All fits on the way, best first.
    fn run(mut self, earlier: &[usize], target: f64, largest: usize) -> Vec<Fit> {
        let Data { values, .. } = self.data;
        for &k in earlier {
            self.add(k);
        }
        if earlier.is_empty() {
            let mut sorted = values.to_vec();
            sorted.sort_by(f64::total_cmp);
            let median = sorted[sorted.len() / 2];
            self.add(self.worst(&values.iter().map(|_| median).collect::<Vec<_>>()).0);
        }
        let mut tried: Vec<Fit> = Vec::new();
        loop {
            let weights = self.weights();
            let fitted = self.values(&weights);
            let (worst, error) = self.worst(&fitted);
            tried.push(self.assemble(weights, error));
            let rows = values.len() - self.support.len();
            let full = self.support.len() >= largest.min(values.len()) || rows <= self.support.len() + 1;
            if error <= target || full {
                break;
            }
            self.add(worst);
        }
        tried.sort_by(|a, b| a.error.total_cmp(&b.error));
        tried
    }

    /// The fit on the support points as they are.
    fn fit(&self) -> Fit {
        let weights = self.weights();
        let error = self.worst(&self.values(&weights)).1;
        self.assemble(weights, error)
    }

    fn assemble(&self, weights: Vec<f64>, error: f64) -> Fit {
        let Data { places, values, .. } = self.data;
        let node = |(&k, weight)| Node { place: places[k], value: values[k], weight };
        let rational = Rational::new(self.support.iter().zip(weights).map(node).collect());
        Fit { rational, error, support: self.support.clone(), poles: Vec::new() }
    }

    /// The weights that make `f_i sum_k w_k / (x_i - z_k) - sum_k w_k f_k / (x_i - z_k)` smallest. Columns are
    /// scaled to the same size, without which a weight that is smaller than others by all digits would have none.
    fn weights(&self) -> Vec<f64> {
        let Data { values, tolerances, .. } = self.data;
        let rows: Vec<usize> = (0..values.len()).filter(|&i| !self.is_support[i]).collect();
        let column = |(&k, cauchy): (&usize, &Vec<f64>)| -> Vec<f64> {
            rows.iter().map(|&i| (values[i] - values[k]) * cauchy[i] / tolerances[i]).collect()
        };
        let mut columns: Vec<Vec<f64>> = self.support.iter().zip(&self.cauchy).map(column).collect();
        let sizes: Vec<f64> = columns
            .iter()
            .map(|column| column.iter().fold(0.0, |m: f64, entry| m.max(entry.abs())))
            // That of a constant function is 0 as it is.
            .map(|size| if size > f64::MIN_POSITIVE.sqrt() { size } else { 1.0 })
            .collect();
        for (column, size) in columns.iter_mut().zip(&sizes) {
            column.iter_mut().for_each(|entry| *entry /= size);
        }
        let scaled = smallest_singular_vector(columns);
        scaled.iter().zip(sizes).map(|(weight, size)| weight / size).collect()
    }

    /// The fitted values, those of the support exactly.
    fn values(&self, weights: &[f64]) -> Vec<f64> {
        let values = self.data.values;
        let mut sums = vec![(0.0, 0.0); values.len()];
        for ((&k, cauchy), weight) in self.support.iter().zip(&self.cauchy).zip(weights) {
            for (sum, c) in sums.iter_mut().zip(cauchy) {
                let term = weight * c;
                *sum = (sum.0 + term * values[k], sum.1 + term);
            }
        }
        let quotient = |(i, (numerator, denominator)): (usize, (f64, f64))| {
            if self.is_support[i] { values[i] } else { numerator / denominator }
        };
        sums.into_iter().enumerate().map(quotient).collect()
    }

    /// The next support point, and the largest error in units of the tolerances. The point is the one of the
    /// largest error times the part of its tolerance that is not noise: the function takes the values of its
    /// support exactly, errors included.
    fn worst(&self, fitted: &[f64]) -> (usize, f64) {
        let Data { values, tolerances, noises, .. } = self.data;
        let (mut next, mut largest) = ((0, -1.0), 0.0f64);
        for i in (0..values.len()).filter(|&i| !self.is_support[i]) {
            let error = (values[i] - fitted[i]).abs() / tolerances[i];
            let error = if error.is_nan() { f64::INFINITY } else { error };
            let score = error * (1.0 - noises[i] / tolerances[i]);
            if score > next.1 {
                next = (i, score);
            }
            largest = largest.max(error);
        }
        (next.0, largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit_to(f: impl Fn(f64) -> f64, points: &[f64], tolerance: impl Fn(f64) -> f64) -> Fit {
        let places: Vec<Place> = points.iter().map(|&x| Place::on_line(x)).collect();
        let values: Vec<f64> = points.iter().map(|&x| f(x)).collect();
        let tolerances: Vec<f64> = points.iter().map(|&x| tolerance(x)).collect();
        let noises = vec![0.0; points.len()];
        let data = Data { places: &places, values: &values, tolerances: &tolerances, noises: &noises };
        let ends = [places[0], places[places.len() - 1]];
        fit(data, &[], 1.0, points.len() / 2, ends)
    }

    fn grid(count: usize) -> Vec<f64> {
        (0..count).map(|i| -1.0 + 2.0 * i as f64 / (count - 1) as f64).collect()
    }

    #[test]
    fn a_rational_function_is_found_with_its_degree_and_poles() {
        let fit = fit_to(|x| (x + 0.5) / ((x - 1.25) * (x * x + 0.04)), &grid(40), |_| 1e-12);
        assert_eq!(fit.rational.degree(), 3);
        assert!(fit.poles.is_empty());
        let mut poles = fit.rational.poles().unwrap();
        poles.sort_by(|a, b| a.im.total_cmp(&b.im));
        for (pole, (re, im)) in poles.iter().zip([(0.0, -0.2), (1.25, 0.0), (0.0, 0.2)]) {
            assert!((pole.re - re).abs() + (pole.im - im).abs() < 1e-11, "{pole}");
        }
    }

    #[test]
    fn the_exponential_needs_the_degree_that_is_known() {
        // Type (n, n) on [-1, 1] errs by about n!^2 / (2^(2n+1) (2n)! (2n+1)!): 1.5e-13 at n = 5.
        let fit = fit_to(f64::exp, &grid(60), |_| 1e-11);
        assert!((4..=6).contains(&fit.rational.degree()), "{}", fit.rational.degree());
        for x in [-0.987_65, 0.123_45, 0.765_43] {
            assert!((fit.rational.eval(Place::on_line(x)) - f64::exp(x)).abs() < 2e-11);
        }
    }

    #[test]
    fn rows_that_may_err_call_for_no_poles() {
        // Noise of 1e-6 next to one end, none elsewhere.
        let noise = |x: f64| if x < -0.8 { 1e-6 } else { 0.0 };
        let noisy = |x: f64| f64::exp(x) + noise(x) * (1e4 * x).sin();
        let told = fit_to(noisy, &grid(60), |x| noise(x).max(1e-11) * 1.5);
        assert!(told.rational.degree() <= 6 && told.error <= 1.0, "{}", told.rational.degree());
        assert!((told.rational.eval(Place::on_line(0.1)) - f64::exp(0.1)).abs() < 2e-11);
        let untold = fit_to(noisy, &grid(60), |_| 1.5e-11);
        assert!(untold.rational.degree() > 8, "{}", untold.rational.degree());
    }

    /// Integrals of the function divide by powers of the weight.
    #[test]
    fn a_constant_has_an_ordinary_weight() {
        let function = fit_to(|_| 0.5, &grid(20), |_| 1e-12).rational;
        let [node] = function.nodes() else { panic!("{}", function.nodes().len()) };
        assert!((1e-3..1e3).contains(&node.weight.abs()), "{:e}", node.weight);
    }

    #[test]
    fn weights_of_different_sizes_keep_their_digits() {
        // 1 / (u + 1e-13) relative to itself over 16 decades: one weight is 1e-13 of the other.
        let f = |u: f64| 1.0 / (u + 1e-13);
        let at = |i: usize| 10f64.powf(-16.0 + 16.0 * i as f64 / 39.0);
        let places: Vec<Place> = (0..40).map(|i| Place { low: at(i), high: 1.0 - at(i) }).collect();
        let values: Vec<f64> = (0..40).map(|i| f(at(i))).collect();
        let tolerances: Vec<f64> = values.iter().map(|value| 1e-13 * value).collect();
        let data = Data { places: &places, values: &values, tolerances: &tolerances, noises: &[0.0; 40] };
        let fit = fit(data, &[], 1.0, 20, [places[0], places[39]]);
        assert!(fit.rational.degree() == 1 && fit.error <= 1.0, "{} {}", fit.rational.degree(), fit.error);
    }

    #[test]
    fn values_with_errors_are_no_support_points() {
        // Errors in the left half, as large as is told.
        let grid = grid(60);
        let places: Vec<Place> = grid.iter().map(|&x| Place::on_line(x)).collect();
        let noises: Vec<f64> = grid.iter().map(|&x| if x < 0.0 { 1e-7 } else { 0.0 }).collect();
        let values: Vec<f64> =
            grid.iter().zip(&noises).map(|(&x, e)| x.exp() + e * (1e4 * x).sin()).collect();
        let tolerances: Vec<f64> = noises.iter().map(|noise| noise + 1e-11).collect();
        let ends = [places[0], places[59]];
        let told = Data { places: &places, values: &values, tolerances: &tolerances, noises: &noises };
        let untold = Data { noises: &[0.0; 60], ..told };
        let [told, untold] = [told, untold].map(|data| fit(data, &[], 1.0, 30, ends));
        assert!(told.rational.degree() < untold.rational.degree() && told.rational.degree() <= 7);
        let noisy = told.support.iter().filter(|&&k| grid[k] < 0.0).count();
        assert!(noisy <= 1, "{noisy} of {}", told.support.len());
    }

    #[test]
    fn no_poles_are_left_between_the_data() {
        // Noise a hundred times the tolerance: the best fit in the data has spurious poles.
        let noisy = |x: f64| 1.0 / (2.0 + x) + 1e-9 * (5e3 * x).sin();
        let fit = fit_to(noisy, &grid(50), |_| 1e-11);
        assert!(fit.poles.is_empty());
        for i in 0..2000 {
            let x = -1.0 + f64::from(i) / 1000.0;
            let error = fit.rational.eval(Place::on_line(x)) - 1.0 / (2.0 + x);
            assert!(error.abs() < 1e-6, "{x} {error:e}");
        }
    }

    #[test]
    fn an_earlier_support_is_taken_up() {
        let points = grid(60);
        let places: Vec<Place> = points.iter().map(|&x| Place::on_line(x)).collect();
        let values: Vec<f64> = points.iter().map(|&x| f64::exp(x)).collect();
        let data = Data { places: &places, values: &values, tolerances: &[1e-11; 60], noises: &[0.0; 60] };
        let fit = fit(data, &[3, 30, 57], 1.0, 20, [places[0], places[59]]);
        assert_eq!(fit.support[..3], [3, 30, 57]);
        assert!(fit.error <= 1.0 && fit.rational.degree() <= 7);
    }
}
