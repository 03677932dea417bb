//! Distributions of the i.i.d. entries of the data, all with mean 0 and variance 1.
//!
//! The limiting spectrum does not depend on the distribution (universality); how fast it is
//! approached does. One file per distribution; [`Entries`] registers them.

mod gaussian;
mod rademacher;
mod student;
mod uniform;

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Distribution of one entry, scaled to mean 0 and variance 1.
///
/// ```
/// use freespectra::finite::Entries;
/// # fn main() -> Result<(), freespectra::Error> {
/// let entries: Entries = "student:5".parse()?;
/// assert_eq!(entries, Entries::StudentT { degrees_of_freedom: 5.0 });
/// assert_eq!(entries.to_string(), "student:5");
/// assert!("student:2".parse::<Entries>().is_err()); // infinite variance
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Entries {
    /// Standard normal.
    #[default]
    Gaussian,
    /// Signs `+1` and `-1` with probability 1/2 each.
    Rademacher,
    /// Uniform on `[-sqrt(3), sqrt(3)]`.
    Uniform,
    /// Student's t divided by its standard deviation `sqrt(nu / (nu - 2))`. With `nu <= 4` the
    /// fourth moment is infinite: the bulk of the spectrum still converges, its largest
    /// eigenvalues do not stay at the edge (Bai, Silverstein and Yin, J. Multivariate Anal. 26,
    /// 1988).
    StudentT {
        /// Degrees of freedom `nu`, finite and greater than 2.
        degrees_of_freedom: f64,
    },
}

impl Entries {
    /// Checks the parameters, which a literal or a file may have set to anything.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless the degrees of freedom are finite and greater than 2.
    pub fn validate(self) -> Result<Self> {
        match self {
            Self::StudentT { degrees_of_freedom: nu } if !(nu.is_finite() && nu > 2.0) => {
                Err(Error::argument("degrees_of_freedom", nu, "a finite number greater than 2"))
            }
            _ => Ok(self),
        }
    }

    /// Overwrites `target` with independent draws.
    ///
    /// # Errors
    /// As [`Entries::validate`].
    pub fn fill(self, target: &mut [f64], rng: &mut impl Rng) -> Result<()> {
        match self.validate()? {
            Self::Gaussian => gaussian::fill(target, rng),
            Self::Rademacher => rademacher::fill(target, rng),
            Self::Uniform => uniform::fill(target, rng),
            Self::StudentT { degrees_of_freedom } => student::fill(degrees_of_freedom, target, rng)?,
        }
        Ok(())
    }
}

impl fmt::Display for Entries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gaussian => f.write_str("gaussian"),
            Self::Rademacher => f.write_str("rademacher"),
            Self::Uniform => f.write_str("uniform"),
            Self::StudentT { degrees_of_freedom } => write!(f, "student:{degrees_of_freedom}"),
        }
    }
}

impl FromStr for Entries {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "gaussian" => Ok(Self::Gaussian),
            "rademacher" => Ok(Self::Rademacher),
            "uniform" => Ok(Self::Uniform),
            _ => match text.strip_prefix("student:").map(str::parse) {
                Some(Ok(degrees_of_freedom)) => Self::StudentT { degrees_of_freedom }.validate(),
                _ => Err(Error::argument(
                    "entries",
                    format!("{text:?}"),
                    "gaussian, rademacher, uniform or student:NU with NU > 2",
                )),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finite::draw_stream;

    const ALL: [Entries; 4] = [
        Entries::Gaussian,
        Entries::Rademacher,
        Entries::Uniform,
        Entries::StudentT { degrees_of_freedom: 12.0 },
    ];

    #[test]
    fn mean_variance_and_fourth_moment() {
        const DRAWS: usize = 400_000;
        // Exact fourth moments; for Student's t it is 3 (nu - 2) / (nu - 4).
        for (entries, fourth) in ALL.into_iter().zip([3.0, 1.0, 1.8, 3.75]) {
            let mut values = vec![f64::NAN; DRAWS];
            entries.fill(&mut values, &mut draw_stream(7, 0)).unwrap();
            let moment = |k: i32| values.iter().map(|x| x.powi(k)).sum::<f64>() / DRAWS as f64;
            // Five standard errors of a mean of unit-variance terms, of squares (variance
            // fourth - 1; the floor serves the signs, whose squares do not vary), and, with the
            // largest eighth moment (that of Student's t, 225), of fourth powers.
            let error = 5.0 / (DRAWS as f64).sqrt();
            assert!(moment(1).abs() < error, "{entries}: mean {}", moment(1));
            let allowed = error * f64::sqrt(fourth - 1.0) + 1e-12;
            assert!((moment(2) - 1.0).abs() < allowed, "{entries}: variance {}", moment(2));
            assert!((moment(4) - fourth).abs() < 15.0 * error, "{entries}: fourth moment {}", moment(4));
        }
    }

    #[test]
    fn text_round_trips_and_rejects() {
        for entries in ALL {
            assert_eq!(entries.to_string().parse::<Entries>().unwrap(), entries);
            let json = serde_json::to_string(&entries).unwrap();
            assert_eq!(serde_json::from_str::<Entries>(&json).unwrap(), entries);
        }
        for bad in
            ["", "normal", "student", "student:", "student:x", "student:2", "student:NaN", "student:inf"]
        {
            assert!(matches!(bad.parse::<Entries>(), Err(Error::InvalidArgument { .. })), "{bad}");
        }
        let unchecked = Entries::StudentT { degrees_of_freedom: 1.0 };
        assert!(unchecked.fill(&mut [0.0], &mut draw_stream(0, 0)).is_err());
    }
}
