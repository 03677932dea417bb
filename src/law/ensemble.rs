//! Random matrices whose spectra tend to a law.

use serde::{Deserialize, Serialize};

use super::SpectralLaw;
use crate::error::{Error, Result, positive};
use crate::population::Population;

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
        /// Law of the eigenvalues of `Sigma`.
        population: Population,
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
}

impl Ensemble {
    /// Checks the parameters, which a literal or a file may have set to anything.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one is not finite, or a variance or a ratio is not positive.
    pub fn validate(&self) -> Result<()> {
        match self {
            Self::Wigner { variance } => positive("variance", *variance).map(drop),
            Self::Wishart { ratio, .. } => positive("ratio", *ratio).map(drop),
            Self::Rotated(_) => Ok(()),
            Self::Affine { scale, shift, of } => {
                for (argument, value) in [("scale", *scale), ("shift", *shift)] {
                    if !value.is_finite() {
                        return Err(Error::argument(argument, value, "a finite number"));
                    }
                }
                of.validate()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_parameters_are_refused() {
        let wigner = |variance| Ensemble::Wigner { variance };
        let affine = |scale, shift, of| Ensemble::Affine { scale, shift, of: Box::new(of) };
        for bad in [
            wigner(0.0),
            wigner(f64::NAN),
            Ensemble::Wishart { ratio: -0.5, population: Population::identity() },
            Ensemble::Wishart { ratio: f64::INFINITY, population: Population::identity() },
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
            of: Box::new(Ensemble::Wishart { ratio: 0.5, population: Population::identity() }),
        };
        let text = serde_json::to_string(&ensemble).unwrap();
        assert_eq!(serde_json::from_str::<Ensemble>(&text).unwrap(), ensemble);
    }
}
