//! Spectra of polynomials in independent random matrices.

use std::collections::BTreeMap;

use super::draws::Draws;
use crate::error::{Error, Result};
use crate::finite::ensemble::{check_size, numbers_to_sample, sample_ensemble};
use crate::finite::polynomial::HalfPolynomial;
use crate::finite::spectrum::SampledSpectrum;
use crate::law::Ensemble;
use crate::polynomial::{Polynomial, Variable};

/// Settings of a simulation: a self-adjoint polynomial in independent random matrices. By default it
/// takes 8 draws with seed 0.
///
/// ```
/// use freespectra::finite::PolynomialMonteCarlo;
/// use freespectra::law::Ensemble;
/// use freespectra::polynomial::Polynomial;
/// # fn main() -> Result<(), freespectra::Error> {
/// let [x, y] = Polynomial::variables(["x", "y"])?;
/// let wigner = Ensemble::Wigner { variance: 1.0 };
/// let ensembles = [("x", wigner.clone()), ("y", wigner)];
/// let simulation = PolynomialMonteCarlo::new(&x * &y + &y * &x, &ensembles, 20)?.with_draws(3)?;
/// assert_eq!(simulation.run(None)?.pooled().len(), 3 * 20);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct PolynomialMonteCarlo {
    polynomial: Polynomial,
    half: HalfPolynomial,
    /// One for each variable of the polynomial, in order of the names.
    ensembles: Vec<Ensemble>,
    features: usize,
    draws: Draws,
}

impl PolynomialMonteCarlo {
    /// The polynomial in `features x features` matrices of the ensembles that go with the names of its
    /// variables. Other names are allowed, and nothing is sampled for them.
    ///
    /// # Errors
    /// [`Error::NotSelfAdjoint`]; [`Error::InvalidArgument`] if a variable has no ensemble or a name has
    /// two, an ensemble or a name is invalid, the degree is above 256, or `features` is less than 2 or
    /// beyond memory.
    pub fn new(polynomial: Polynomial, ensembles: &[(&str, Ensemble)], features: usize) -> Result<Self> {
        if features < 2 {
            return Err(Error::argument("features", features, "at least 2"));
        }
        check_size("features", features)?;
        let half = HalfPolynomial::new(&polynomial)?;
        let mut named = BTreeMap::new();
        for (name, ensemble) in ensembles {
            ensemble.validate()?;
            if named.insert(Variable::new(name)?, ensemble).is_some() {
                return Err(Error::argument("ensembles", format!("two for {name}"), "one for each variable"));
            }
        }
        let of = |variable: &Variable| match named.get(variable) {
            Some(&ensemble) => Ok(ensemble.clone()),
            None => {
                let value = format!("none for {}", variable.name());
                Err(Error::argument("ensembles", value, format!("one for each variable of {polynomial}")))
            }
        };
        let ensembles = polynomial.occurring().iter().map(of).collect::<Result<_>>()?;
        Ok(Self { polynomial, half, ensembles, features, draws: Draws::default() })
    }

    /// Number of independent draws.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is 0.
    pub fn with_draws(mut self, draws: usize) -> Result<Self> {
        self.draws = self.draws.with_count(draws)?;
        Ok(self)
    }

    /// Seed; the same seed gives the same eigenvalues on any number of threads.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.draws.seed = seed;
        self
    }

    /// The polynomial.
    pub fn polynomial(&self) -> &Polynomial {
        &self.polynomial
    }

    /// Number of rows of the matrices.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Approximate peak memory of one draw in bytes; as many draws are under way as there are threads.
    ///
    /// It holds a `p x p` matrix for each variable, and 1 to `degree + 1` in the evaluation. Sampling a
    /// matrix with a basis of its own takes 3, a Wishart matrix also its data.
    pub fn bytes_per_draw(&self) -> usize {
        let matrix = self.features.saturating_mul(self.features);
        let variables = self.ensembles.len();
        let largest = self.ensembles.iter().map(|ensemble| numbers_to_sample(ensemble, self.features)).max();
        let sampling =
            largest.unwrap_or(0).saturating_add(matrix.saturating_mul(variables.saturating_sub(1)));
        let evaluation = matrix.saturating_mul(self.half.matrices(variables));
        sampling.max(evaluation).saturating_mul(size_of::<f64>())
    }

    /// Runs all draws on the current rayon pool, each on one thread. A draw samples the matrices of the
    /// variables in order of their names.
    ///
    /// `progress` is told the number of finished draws after each of them, from any thread.
    ///
    /// # Errors
    /// [`Error::Eigenvalues`] if the polynomial overflows; otherwise as for [`sample_ensemble`].
    pub fn run(&self, progress: Option<&(dyn Fn(usize) + Sync)>) -> Result<SampledSpectrum> {
        let eigenvalues = self.draws.each(progress, |_, mut rng| {
            let sample = |ensemble| sample_ensemble(ensemble, self.features, &mut rng);
            let matrices = self.ensembles.iter().map(sample).collect::<Result<_>>()?;
            self.half.eigenvalues(self.features, matrices)
        })?;
        Ok(SampledSpectrum { features: self.features, seed: self.draws.seed, eigenvalues })
    }
}
