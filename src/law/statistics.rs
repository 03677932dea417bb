//! A law as a random variable: what statistics asks of one, many points at a time, and the traits of other crates.

use rand::Rng;
use rand_distr::Distribution;

use super::spectral::SpectralLaw;
use crate::error::{Error, Result};

impl SpectralLaw {
    /// Densities at many points, as [`SpectralLaw::density`].
    ///
    /// ```
    /// use freespectra::Law;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let law = Law::semicircle(1.0)?.spectral().clone();
    /// let density = law.densities(&[-2.5, 0.0, 1.0]);
    /// assert_eq!(density[0], 0.0);
    /// assert!((density[1] - 1.0 / std::f64::consts::PI).abs() < 1e-14);
    /// # Ok(())
    /// # }
    /// ```
    pub fn densities(&self, points: &[f64]) -> Vec<f64> {
        points.iter().map(|&x| self.density(x)).collect()
    }

    /// The distribution function at many points, as [`SpectralLaw::cdf`].
    pub fn cdfs(&self, points: &[f64]) -> Vec<f64> {
        points.iter().map(|&x| self.cdf(x)).collect()
    }

    /// Many quantiles, as [`SpectralLaw::quantile`].
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless all probabilities are in `[0, 1]`.
    pub fn quantiles(&self, probabilities: &[f64]) -> Result<Vec<f64>> {
        probabilities.iter().map(|&probability| self.quantile(probability)).collect()
    }

    /// Standard deviation.
    pub fn std_dev(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Skewness, the third moment about the mean in units of the standard deviation; NaN for a single atom.
    pub fn skewness(&self) -> f64 {
        self.standardised(3)
    }

    /// Excess kurtosis, the fourth moment about the mean in units of the standard deviation, less 3 (that of the normal law);
    /// -1 for the semicircle, NaN for a single atom.
    pub fn kurtosis(&self) -> f64 {
        self.standardised(4) - 3.0
    }

    fn standardised(&self, order: i32) -> f64 {
        let (mean, deviation) = (self.mean(), self.std_dev());
        self.integrate(|x| ((x - mean) / deviation).powi(order))
    }

    /// Differential entropy `-int rho log rho`, in nats, to six digits or more; minus infinity for a law with atoms.
    pub fn entropy(&self) -> f64 {
        if !self.atoms.is_empty() {
            return f64::NEG_INFINITY;
        }
        self.integrate(|x| match self.density(x) {
            // The ends of intervals, where the integrand has the weight 0.
            density if density > 0.0 && density.is_finite() => -density.ln(),
            _ => 0.0,
        })
    }

    /// The smallest `x` with half of the mass at or below it.
    pub fn median(&self) -> f64 {
        self.quantile_within(0.5)
    }

    /// The interval with this much of the mass in it and the same mass on either side of it.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `confidence` is in `[0, 1]`.
    pub fn interval(&self, confidence: f64) -> Result<[f64; 2]> {
        if !(0.0..=1.0).contains(&confidence) {
            return Err(Error::argument("confidence", confidence, "in [0, 1]"));
        }
        Ok([0.5 * (1.0 - confidence), 0.5 * (1.0 + confidence)].map(|p| self.quantile_within(p)))
    }
}

/// Random numbers by inversion.
impl Distribution<f64> for SpectralLaw {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        Self::sample(self, rng)
    }
}

/// The traits of statrs. Of a law with atoms `pdf` is the density of the rest of it, as [`SpectralLaw::density`].
#[cfg(feature = "statrs")]
mod for_statrs {
    use statrs::statistics::{Distribution, Max, Median, Min};

    use super::SpectralLaw;

    impl statrs::distribution::ContinuousCDF<f64, f64> for SpectralLaw {
        fn cdf(&self, x: f64) -> f64 {
            Self::cdf(self, x)
        }

        /// # Panics
        /// As the trait demands, unless `p` is in `[0, 1]`.
        fn inverse_cdf(&self, p: f64) -> f64 {
            assert!((0.0..=1.0).contains(&p), "a probability is in [0, 1], not {p}");
            self.quantile_within(p)
        }
    }

    impl statrs::distribution::Continuous<f64, f64> for SpectralLaw {
        fn pdf(&self, x: f64) -> f64 {
            self.density(x)
        }

        fn ln_pdf(&self, x: f64) -> f64 {
            self.density(x).ln()
        }
    }

    impl Min<f64> for SpectralLaw {
        fn min(&self) -> f64 {
            self.range()[0]
        }
    }

    impl Max<f64> for SpectralLaw {
        fn max(&self) -> f64 {
            self.range()[1]
        }
    }

    impl Median<f64> for SpectralLaw {
        fn median(&self) -> f64 {
            Self::median(self)
        }
    }

    impl Distribution<f64> for SpectralLaw {
        fn mean(&self) -> Option<f64> {
            Some(Self::mean(self))
        }

        fn variance(&self) -> Option<f64> {
            Some(Self::variance(self))
        }

        fn skewness(&self) -> Option<f64> {
            Some(Self::skewness(self))
        }

        fn entropy(&self) -> Option<f64> {
            Some(Self::entropy(self))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::free::Law;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() <= 1e-11 * (1.0 + b.abs()), "{a} {b}");
    }

    #[test]
    fn statistics_of_laws_with_closed_forms() {
        let semicircle = Law::semicircle(4.0).unwrap().spectral().clone();
        close(semicircle.std_dev(), 2.0);
        close(semicircle.skewness(), 0.0);
        close(semicircle.kurtosis(), -1.0);
        close(semicircle.median(), 0.0);
        // Radius 4: log(4 pi) - 1 / 2.
        close(semicircle.entropy(), (4.0 * std::f64::consts::PI).ln() - 0.5);
        let arcsine = Law::arcsine(0.0, 1.0).unwrap().spectral().clone();
        close(arcsine.kurtosis(), -1.5);
        // The logarithm at a hard edge costs digits.
        assert!((arcsine.entropy() - (std::f64::consts::PI / 4.0).ln()).abs() < 1e-6);
        // sin^2(pi p / 2).
        let [low, high] = arcsine.interval(0.5).unwrap();
        close(low, (std::f64::consts::PI / 8.0).sin().powi(2));
        close(high, (3.0 * std::f64::consts::PI / 8.0).sin().powi(2));
        // Marchenko-Pastur of ratio c: skewness sqrt(c), excess kurtosis c - 1.
        let poisson = Law::marchenko_pastur(0.3).unwrap().spectral().clone();
        close(poisson.skewness(), 0.3f64.sqrt());
        close(poisson.kurtosis(), 0.3 - 1.0);
        let two = Law::atoms(&[(-1.0, 0.25), (3.0, 0.75)]).unwrap().spectral().clone();
        close(two.skewness(), -2.0 / 3f64.sqrt());
        assert_eq!((two.median(), two.entropy()), (3.0, f64::NEG_INFINITY));
        assert!(two.interval(1.5).is_err());
    }

    #[test]
    fn many_points_are_single_points() {
        let law = Law::marchenko_pastur(2.0).unwrap().spectral().clone();
        let root = 2f64.sqrt();
        let edges = [(1.0 - root).powi(2), (1.0 + root).powi(2)];
        let exact = |x: f64| ((x - edges[0]) * (edges[1] - x)).sqrt() / (4.0 * std::f64::consts::PI * x);
        for (x, density) in [0.5, 1.0, 4.0].into_iter().zip(law.densities(&[0.5, 1.0, 4.0])) {
            close(density, exact(x));
        }
        // Half of the mass is at 0.
        assert_eq!(law.cdfs(&[-1.0, 0.0, 0.1, 7.0])[..3], [0.0, 0.5, 0.5]);
        assert_eq!(law.quantiles(&[0.0, 0.4]).unwrap(), [0.0, 0.0]);
        close(law.quantiles(&[1.0]).unwrap()[0], edges[1]);
        assert!(law.quantiles(&[0.5, 1.1]).is_err());
    }

    #[test]
    fn random_numbers_with_atoms() {
        use rand::SeedableRng;
        let law = Law::marchenko_pastur(2.0).unwrap().spectral().clone();
        let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
        let numbers: Vec<f64> = Distribution::sample_iter(&law, &mut rng).take(40_000).collect();
        let (mean, zeros) =
            (numbers.iter().sum::<f64>() / 4e4, numbers.iter().filter(|x| **x == 0.0).count());
        // Four standard deviations, sqrt(2) / 200 of the mean and 100 of the count.
        assert!((mean - 1.0).abs() < 4.0 * 2f64.sqrt() / 200.0, "{mean}");
        assert!(zeros.abs_diff(20_000) < 400, "{zeros}");
    }

    #[cfg(feature = "statrs")]
    #[test]
    fn the_traits_of_statrs() {
        use statrs::distribution::{Continuous, ContinuousCDF};
        use statrs::statistics::{Max, Min};
        let law = Law::semicircle(1.0).unwrap().spectral().clone();
        close(Continuous::pdf(&law, 1.0), 3f64.sqrt() / (2.0 * std::f64::consts::PI));
        close(ContinuousCDF::cdf(&law, 0.0), 0.5);
        close(ContinuousCDF::inverse_cdf(&law, 0.5), 0.0);
        close(ContinuousCDF::sf(&law, 2.0), 0.0);
        assert_eq!((Min::min(&law), Max::max(&law)), (-2.0, 2.0));
        close(statrs::statistics::Distribution::variance(&law).unwrap(), 1.0);
    }
}
