//! A law with everything that is derived from its Cauchy transform.

use std::sync::{Arc, OnceLock};

use num_complex::Complex64;
use rand::Rng;

use super::free_law::FreeLaw;
use super::levy::FreeLevy;
use super::named::{
    Arcsine, Discrete, FreePoisson, InfinitelyDivisible, KestenMcKay, SampleCovariance, Semicircle, Uniform,
};
use super::{consistency, direct};
use crate::error::Result;
use crate::law::{Ensemble, Singularity, SpectralLaw};
use crate::population::Atom;

/// Distance, in units of the largest absolute value in the support, from which on a transform is summed from
/// moments, and their number.
const FAR: f64 = 10.0;
const FAR_MOMENTS: usize = 17;

/// A compactly supported law, cheap to clone.
///
/// Its [`SpectralLaw`] (support, density, distribution function, quantiles) is built and certified once,
/// by [`Law::new`].
///
/// ```
/// use freespectra::Law;
/// # fn main() -> Result<(), freespectra::Error> {
/// let law = Law::marchenko_pastur(0.25)?;
/// assert!((law.spectral().support()[0][0] - 0.25).abs() < 1e-12);
/// assert!((law.cdf(law.quantile(0.3)?) - 0.3).abs() < 1e-12);
/// assert!((law.free_cumulants(3)[2] - 0.0625).abs() < 1e-12);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Law(Arc<Parts>);

#[derive(Debug)]
struct Parts {
    law: Box<dyn FreeLaw>,
    spectral: SpectralLaw,
    /// Moments for points far away, once they are asked for.
    far: OnceLock<Vec<f64>>,
}

impl Law {
    /// A law of one's own. Its parts are compared: atoms, moments, free cumulants, the Levy-Khintchine form and
    /// the random matrix have to describe the law of the Cauchy transform.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if the support is not one, [`crate::Error::NotCertified`] if the Cauchy
    /// transform is not that of a probability law on it, and [`crate::Error::Contradiction`] with the part that
    /// describes another law.
    pub fn new(law: impl FreeLaw + 'static) -> Result<Self> {
        consistency::check_shapes(&law)?;
        let spectral = direct::spectral(&law)?;
        Self::checked(law, spectral)
    }

    /// A law whose spectral law is known already, if the two agree.
    fn checked(law: impl FreeLaw + 'static, spectral: SpectralLaw) -> Result<Self> {
        consistency::check(&law, &spectral)?;
        Ok(Self::with_spectral(law, spectral))
    }

    /// A law whose spectral law comes from the same equation as all else.
    pub(super) fn with_spectral(law: impl FreeLaw + 'static, spectral: SpectralLaw) -> Self {
        Self(Arc::new(Parts { law: Box::new(law), spectral, far: OnceLock::new() }))
    }

    /// The centred semicircle of a variance, on `[-2 s, 2 s]` with `s^2 = variance`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the variance is finite and positive.
    pub fn semicircle(variance: f64) -> Result<Self> {
        Self::new(Semicircle::new(variance)?)
    }

    /// The Marchenko-Pastur law of `X^T X / n`, white data with `p / n -> ratio`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ratio is finite and positive.
    pub fn marchenko_pastur(ratio: f64) -> Result<Self> {
        Self::new(FreePoisson::marchenko_pastur(ratio)?)
    }

    /// The free Poisson law, free cumulants `rate size^n`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless rate and size are finite and positive.
    pub fn free_poisson(rate: f64, size: f64) -> Result<Self> {
        Self::new(FreePoisson::new(rate, size)?)
    }

    /// The law of the sample covariance `X^T X / n` with `p / n -> ratio`, rows with a population covariance.
    /// Eigenvalues 0 are allowed.
    ///
    /// ```
    /// use freespectra::{Law, Population};
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let population = Population::atoms(&[(1.0, 0.5), (3.0, 0.5)])?;
    /// let covariance = Law::sample_covariance(0.5, population.clone())?; // features weighted
    /// let compound = Law::compound_free_poisson(0.5, population)?; // rows weighted
    /// assert!((covariance.spectral().moment(2) - 7.0).abs() < 1e-8);
    /// assert!((compound.spectral().moment(2) - 6.5).abs() < 1e-8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ratio is finite and positive, and the population has mass
    /// above 0 and none below; errors of the solver.
    pub fn sample_covariance(ratio: f64, population: impl Into<Discrete>) -> Result<Self> {
        let law = SampleCovariance::new(ratio, population)?;
        let spectral = law.spectral().clone();
        Self::checked(law, spectral)
    }

    /// The compound free Poisson law of weighted rows `X^T T X / n`, white `X` with `p / n -> ratio` and the law of
    /// the jumps on the diagonal of `T`: free cumulants `ratio^(n-1) int t^n dT(t)`. Jumps may have either sign.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ratio is finite and positive; errors of the solver.
    pub fn compound_free_poisson(ratio: f64, jumps: impl Into<Discrete>) -> Result<Self> {
        Self::from_levy(FreeLevy::compound_poisson(ratio, &jumps.into())?)
    }

    /// The law with a rational R-transform.
    ///
    /// ```
    /// use freespectra::Law;
    /// use freespectra::free::FreeLevy;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let noisy = FreeLevy { drift: 1.0, variance: 0.5, ..FreeLevy::poisson(2.0, -0.5) };
    /// let law = Law::from_levy(noisy)?;
    /// assert!((law.spectral().mean() - 0.0).abs() < 1e-9);
    /// assert!((law.spectral().variance() - 1.0).abs() < 1e-8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// From [`FreeLevy::validated`]; errors of the solver.
    pub fn from_levy(levy: FreeLevy) -> Result<Self> {
        let levy = levy.validated()?;
        match (levy.variance, levy.jumps.as_slice()) {
            (0.0, []) => Self::atoms(&[(levy.drift, 1.0)]),
            (variance, []) => Self::semicircle(variance)?.affine(1.0, levy.drift),
            (0.0, [jump]) => {
                Self::free_poisson(jump.rate, jump.size.abs())?.affine(jump.size.signum(), levy.drift)
            }
            _ => {
                let law = InfinitelyDivisible::new(levy)?;
                let spectral = law.spectral().clone();
                Self::checked(law, spectral)
            }
        }
    }

    /// Finitely many atoms, as pairs of location and mass.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the locations are finite and the masses positive with sum 1.
    pub fn atoms(atoms: &[(f64, f64)]) -> Result<Self> {
        Self::new(Discrete::new(atoms)?)
    }

    /// The signs: mass 1/2 at 1 and -1.
    ///
    /// # Errors
    /// None: the parameters are fixed. The result is that of the other constructors.
    pub fn bernoulli() -> Result<Self> {
        Self::new(Discrete::bernoulli())
    }

    /// A projection: mass `trace` at 1, the rest at 0.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the trace is in `(0, 1)`.
    pub fn projection(trace: f64) -> Result<Self> {
        Self::new(Discrete::projection(trace)?)
    }

    /// Equal masses at given eigenvalues.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] if there is none, or one is not finite.
    pub fn eigenvalues(eigenvalues: &[f64]) -> Result<Self> {
        Self::new(Discrete::eigenvalues(eigenvalues)?)
    }

    /// The uniform law on `[low, high]`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ends are finite and increasing.
    pub fn uniform(low: f64, high: f64) -> Result<Self> {
        Self::new(Uniform::new(low, high)?)
    }

    /// The arcsine law on `[low, high]`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the ends are finite and increasing.
    pub fn arcsine(low: f64, high: f64) -> Result<Self> {
        Self::new(Arcsine::new(low, high)?)
    }

    /// The Kesten-McKay law of the regular tree of a degree.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless the degree is finite and at least 2.
    pub fn kesten_mckay(degree: f64) -> Result<Self> {
        Self::new(KestenMcKay::new(degree)?)
    }

    /// The measure itself: support, density, distribution function, quantiles, with its certificate.
    pub fn spectral(&self) -> &SpectralLaw {
        &self.0.spectral
    }

    /// Density of the continuous part.
    pub fn density(&self, x: f64) -> f64 {
        self.spectral().density(x)
    }

    /// Mass in `(-infinity, x]`.
    pub fn cdf(&self, x: f64) -> f64 {
        self.spectral().cdf(x)
    }

    /// Smallest `x` with `cdf(x) >= probability`.
    ///
    /// # Errors
    /// [`crate::Error::InvalidArgument`] unless `probability` is in `[0, 1]`.
    pub fn quantile(&self, probability: f64) -> Result<f64> {
        self.spectral().quantile(probability)
    }

    /// One random number with this law.
    pub fn sample(&self, rng: &mut (impl Rng + ?Sized)) -> f64 {
        self.spectral().sample(rng)
    }

    /// The atoms.
    pub fn point_masses(&self) -> &[Atom] {
        self.spectral().atoms()
    }

    /// `G(z) = int (z - x)^-1 mu(dx)` in either half-plane; at real points the limit from above.
    pub fn cauchy_transform(&self, z: Complex64) -> Complex64 {
        if z.im < 0.0 {
            return self.0.law.cauchy_transform(z.conj()).conj();
        }
        // A negative zero would be the other side of the axis.
        self.0.law.cauchy_transform(Complex64::new(z.re, z.im.abs()))
    }

    /// Largest absolute value in the support.
    pub(crate) fn radius(&self) -> f64 {
        let [low, high] = self.spectral().range();
        low.abs().max(high.abs())
    }

    /// Whether there are atoms alone.
    pub(crate) fn is_discrete(&self) -> bool {
        self.spectral().support().is_empty()
    }

    /// `z G(z) - 1 = int x (z - x)^-1 mu(dx)`, without the cancellation far from the support.
    pub(crate) fn excess(&self, z: Complex64) -> Complex64 {
        if z.norm() <= FAR * self.radius() {
            return z * self.cauchy_transform(z) - 1.0;
        }
        let moments = self.0.far.get_or_init(|| self.moments(FAR_MOMENTS));
        moments.iter().rev().fold(Complex64::ZERO, |sum, moment| (sum + moment) / z)
    }

    /// Moments `m_1, ..., m_count`.
    pub fn moments(&self, count: usize) -> Vec<f64> {
        self.0.law.moments(count)
    }

    /// Free cumulants `kappa_1, ..., kappa_count`.
    pub fn free_cumulants(&self, count: usize) -> Vec<f64> {
        self.0.law.free_cumulants(count)
    }

    /// Mean.
    pub fn mean(&self) -> f64 {
        self.moments(1)[0]
    }

    /// Variance.
    pub fn variance(&self) -> f64 {
        self.free_cumulants(2)[1]
    }

    /// The free Levy-Khintchine form, if the R-transform is rational.
    pub fn levy(&self) -> Option<FreeLevy> {
        self.0.law.levy()
    }

    /// Points where the law is singular in another way than a regular edge.
    pub fn singularities(&self) -> Vec<Singularity> {
        self.0.law.singularities()
    }

    /// A random matrix with this law in the limit.
    pub fn ensemble(&self) -> Ensemble {
        self.0.law.ensemble().unwrap_or_else(|| Ensemble::Rotated(self.spectral().clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_a_transform_far_away_keeps_its_digits() {
        // z G - 1 = G^2 for the standard semicircle, 1e-12 of 1 here.
        let law = Law::semicircle(1.0).unwrap();
        for z in [Complex64::new(0.0, 1e6), Complex64::new(-7e5, 7e5), Complex64::new(1e6, 0.0)] {
            let cauchy = 2.0 / (z * (1.0 + (1.0 - 4.0 / (z * z)).sqrt()));
            let error = (law.excess(z) / (cauchy * cauchy) - 1.0).norm();
            assert!(error < 1e-14, "{z}: {error:e}");
        }
    }
}
