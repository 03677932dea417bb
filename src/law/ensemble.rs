//! Random matrices whose spectra tend to a law.

use serde::{Deserialize, Serialize};

use super::{SpectralLaw, free_cumulants, moments_from_free_cumulants};
use crate::error::{Error, Result, positive};

/// A symmetric random matrix of any size `p`, whose spectrum tends to a law as `p` grows.
///
/// The distribution of each is invariant under rotations, so independent ones are asymptotically free
/// (Voiculescu, Invent. Math. 104, 1991; Collins and Sniady, Commun. Math. Phys. 264, 2006). Sampled by
/// [`sample_ensemble`](crate::finite::sample_ensemble).
///
/// ```
/// use freespectra::law::Ensemble;
/// # fn main() -> Result<(), freespectra::Error> {
/// let centred = Ensemble::Affine { scale: 1.0, shift: -2.0, of: Box::new(Ensemble::Wigner { variance: 1.0 }) };
/// centred.validate()?;
/// assert!(Ensemble::Wigner { variance: -1.0 }.validate().is_err());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ensemble {
    /// Gaussian orthogonal ensemble: independent centred Gaussian entries of variance `variance / p` off
    /// the diagonal and twice that on it. The law is the semicircle on `[-2 s, 2 s]`, `s^2 = variance`.
    Wigner {
        /// Variance of the law, finite and positive.
        variance: f64,
    },
    /// Sample covariance `X^T X / n` of `n = p / ratio` rows, `X = G Sigma^{1/2}` with standard Gaussian
    /// `G`. The eigenvectors of `Sigma` are uniformly distributed: with a fixed basis, two such matrices
    /// would not be free. The law is that of Marchenko and Pastur, generalised to the population.
    Wishart {
        /// Limit of `p / n`, finite and positive.
        ratio: f64,
        /// Law of the eigenvalues of `Sigma`, without mass below 0; its quantiles are taken.
        population: SpectralLaw,
    },
    /// Weighted rows `X^T T X / n`, with `n = p / ratio` rows of standard Gaussian entries and in the diagonal
    /// `T` the quantiles of the law of the weights, of either sign. The law is compound free Poisson.
    WeightedRows {
        /// Limit of `p / n`, finite and positive.
        ratio: f64,
        /// Law of the weights.
        weights: SpectralLaw,
    },
    /// `Q D Q^T` with a uniformly distributed orthogonal `Q`, and in the diagonal `D` the quantiles of
    /// the law at `(i + 1/2) / p`, `i = 0, ..., p - 1`.
    Rotated(SpectralLaw),
    /// `scale M + shift I` for another ensemble `M`.
    Affine {
        /// Factor, finite.
        scale: f64,
        /// Multiple of the identity, finite.
        shift: f64,
        /// The ensemble of `M`.
        of: Box<Ensemble>,
    },
    /// The sum of independent matrices.
    Sum(
        /// At least one.
        Vec<Ensemble>,
    ),
}

impl Ensemble {
    /// Checks the parameters, which a literal or a file may have set to anything.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one is not finite, a variance or a ratio is not positive, a population has
    /// mass below 0, or a sum is empty.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Wigner { variance } => positive("variance", *variance).map(drop),
            Self::Wishart { ratio, population } => {
                positive("ratio", *ratio)?;
                let [low, _] = population.range();
                if low >= 0.0 {
                    return Ok(());
                }
                Err(Error::argument("population", format!("mass from {low}"), "no mass below 0"))
            }
            Self::WeightedRows { ratio, .. } => positive("ratio", *ratio).map(drop),
            Self::Rotated(_) => Ok(()),
            Self::Affine { scale, shift, of } => {
                for (argument, value) in [("scale", *scale), ("shift", *shift)] {
                    if !value.is_finite() {
                        return Err(Error::argument(argument, value, "a finite number"));
                    }
                }
                of.validate()
            }
            Self::Sum(terms) if terms.is_empty() => {
                Err(Error::argument("terms", "none", "at least one term of a sum"))
            }
            Self::Sum(terms) => terms.iter().try_for_each(Self::validate),
        }
    }

    /// The free cumulants `kappa_1, ..., kappa_count` of the law.
    ///
    /// Those of weighted rows are `ratio^(n-1) int t^n dT(t)`. A sample covariance has, up to zeros, the
    /// eigenvalues of its companion `X X^T / n`, in which the features are the rows: moments are `1 / ratio` times
    /// those of the companion, whose free cumulants are `ratio int t^n dH(t)`.
    ///
    /// ```
    /// use freespectra::Population;
    /// use freespectra::law::Ensemble;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let population = Population::atoms(&[(1.0, 0.5), (3.0, 0.5)])?;
    /// let wishart = Ensemble::Wishart { ratio: 0.5, population: population.clone().into() };
    /// assert_eq!(wishart.free_cumulants(2), [2.0, 3.0]);
    /// let rows = Ensemble::WeightedRows { ratio: 0.5, weights: population.into() };
    /// assert_eq!(rows.free_cumulants(2), [2.0, 2.5]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn free_cumulants(&self, count: usize) -> Vec<f64> {
        let orders = 1..=count as i32;
        match self {
            Self::Wigner { variance } => orders.map(|n| if n == 2 { *variance } else { 0.0 }).collect(),
            Self::Wishart { ratio, population } => {
                let companion: Vec<f64> = orders.map(|n| ratio * population.moment(n)).collect();
                let moments = moments_from_free_cumulants(&companion).into_iter();
                free_cumulants(&moments.map(|moment| moment / ratio).collect::<Vec<_>>())
            }
            Self::WeightedRows { ratio, weights } => {
                orders.map(|n| ratio.powi(n - 1) * weights.moment(n)).collect()
            }
            Self::Rotated(law) => free_cumulants(&orders.map(|n| law.moment(n)).collect::<Vec<_>>()),
            Self::Affine { scale, shift, of } => {
                let shift = |n| if n == 1 { *shift } else { 0.0 };
                orders
                    .zip(of.free_cumulants(count))
                    .map(|(n, kappa)| scale.powi(n) * kappa + shift(n))
                    .collect()
            }
            Self::Sum(terms) => {
                let add = |sum: Vec<f64>, term: &Self| {
                    sum.into_iter().zip(term.free_cumulants(count)).map(|(a, b)| a + b).collect()
                };
                terms.iter().fold(vec![0.0; count], add)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::population::{Atom, Population};

    #[test]
    fn bad_parameters_are_refused() {
        let wigner = |variance| Ensemble::Wigner { variance };
        let point = |location| SpectralLaw::discrete(&[Atom { location, mass: 1.0 }]).unwrap();
        let affine = |scale, shift, of| Ensemble::Affine { scale, shift, of: Box::new(of) };
        for bad in [
            wigner(0.0),
            wigner(f64::NAN),
            Ensemble::Wishart { ratio: -0.5, population: Population::identity().into() },
            Ensemble::Wishart { ratio: f64::INFINITY, population: Population::identity().into() },
            Ensemble::Wishart { ratio: 1.0, population: point(-1.0) },
            Ensemble::WeightedRows { ratio: 0.0, weights: point(-1.0) },
            Ensemble::Sum(Vec::new()),
            Ensemble::Sum(vec![wigner(1.0), wigner(-1.0)]),
            affine(f64::NAN, 0.0, wigner(1.0)),
            affine(1.0, f64::INFINITY, wigner(1.0)),
            affine(1.0, 0.0, wigner(-1.0)),
        ] {
            assert!(matches!(bad.validate(), Err(Error::InvalidArgument { .. })), "{bad:?}");
        }
        affine(0.0, -3.0, wigner(2.0)).validate().unwrap();
    }

    #[test]
    fn ensembles_can_be_written_and_read() {
        let ensemble = Ensemble::Affine {
            scale: 2.0,
            shift: 1.0,
            of: Box::new(Ensemble::Wishart { ratio: 0.5, population: Population::identity().into() }),
        };
        let text = serde_json::to_string(&ensemble).unwrap();
        assert_eq!(serde_json::from_str::<Ensemble>(&text).unwrap(), ensemble);
    }
}
