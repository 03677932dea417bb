//! What the law of `Z` given the data depends on: the eigenvalues of `W` and how evenly rows share them.

use super::certificate::Verdict;
use super::dataset::Dataset;
use crate::error::{Error, Result, non_negative, positive};
use crate::population::{Atom, merged};
use crate::solver::free_partition::GivenRows;

/// Eigenvalues are 0 below this, relative to the largest: rounding of the decomposition.
const NEGLIGIBLE: f64 = 1e-14;

/// Masses may exceed their limit by this, relatively.
const MASS_TOLERANCE: f64 = 1e-9;

/// The eigenvalues of `W = X^T X / n` of given data, with the numbers of its rows and features.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleSpectrum {
    /// Nonzero eigenvalues and the fraction of the features that each of them is, increasing.
    atoms: Vec<Atom>,
    aspect_ratio: f64,
    features: usize,
    leverages: Vec<Atom>,
}

impl SampleSpectrum {
    /// The spectrum of `rows x features` data with these nonzero eigenvalues of `W`; zeros may be left out.
    ///
    /// ```
    /// use freespectra::data::SampleSpectrum;
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let spectrum = SampleSpectrum::new(&[0.5, 1.0, 2.0], 6, 4)?;
    /// assert_eq!(spectrum.kernel(), 0.25);
    /// assert!(SampleSpectrum::new(&[0.5, 1.0, 2.0], 2, 4).is_err()); // W has rank 2 at most
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no row, no feature, no positive eigenvalue, an eigenvalue is negative
    /// or not finite, or more of them are positive than there are rows or features.
    pub fn new(eigenvalues: &[f64], rows: usize, features: usize) -> Result<Self> {
        for (argument, count) in [("rows", rows), ("features", features)] {
            if count == 0 {
                return Err(Error::argument(argument, count, "at least 1"));
            }
        }
        let largest = eigenvalues.iter().fold(0.0f64, |m, &t| m.max(t));
        for &t in eigenvalues {
            if !(t.is_finite() && t >= -NEGLIGIBLE * largest) {
                return Err(Error::argument("eigenvalues", t, "finite numbers that are not negative"));
            }
        }
        let positive = eigenvalues.iter().filter(|&&t| t > NEGLIGIBLE * largest);
        let atoms: Vec<Atom> =
            positive.map(|&location| Atom { location, mass: 1.0 / features as f64 }).collect();
        if atoms.is_empty() || atoms.len() > rows.min(features) {
            let allowed = format!("from 1 to {}, the smaller of rows and features", rows.min(features));
            return Err(Error::argument("eigenvalues", format!("{} positive", atoms.len()), allowed));
        }
        let aspect_ratio = features as f64 / rows as f64;
        Ok(Self { atoms: merged(atoms, 1.0), aspect_ratio, features, leverages: vec![Self::EVEN] })
    }

    /// The spectrum of a data set. Rows are resolved by their sizes if its certificate says that this repairs what
    /// is unequal about them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if no eigenvalue is positive: the data are 0 throughout.
    pub fn of(dataset: &Dataset) -> Result<Self> {
        let spectrum = Self::new(dataset.eigenvalues(), dataset.rows(), dataset.features())?;
        match dataset.certificate().verdict {
            Verdict::RowResolved => spectrum.with_leverages(dataset.leverages()),
            Verdict::Reliable | Verdict::Doubtful => Ok(spectrum),
        }
    }

    /// A spectrum in the limit of large data: positive eigenvalues with their masses, which sum to at most 1
    /// and `n / p`, the rest of 1 belonging to 0; `features` is the number that resolutions and counts refer to.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no eigenvalue, one of the numbers is not finite and positive, or the
    /// masses sum to more than 1 or `n / p`.
    pub fn weighted(eigenvalues: &[(f64, f64)], aspect_ratio: f64, features: usize) -> Result<Self> {
        positive("aspect_ratio", aspect_ratio)?;
        let mut atoms = Vec::with_capacity(eigenvalues.len());
        for &(location, mass) in eigenvalues {
            positive("eigenvalues", location)?;
            positive("masses", mass)?;
            atoms.push(Atom { location, mass });
        }
        let total: f64 = atoms.iter().map(|atom| atom.mass).sum();
        let most = aspect_ratio.recip().min(1.0);
        if atoms.is_empty() || features == 0 || total > (1.0 + MASS_TOLERANCE) * most {
            let value = format!("{} of total mass {total} for {features} features", atoms.len());
            let allowed = format!("at least one, of total mass up to min(1, n / p) = {most}");
            return Err(Error::argument("eigenvalues", value, allowed));
        }
        Ok(Self { atoms: merged(atoms, 1.0), aspect_ratio, features, leverages: vec![Self::EVEN] })
    }

    /// The leverage of exchangeable rows.
    const EVEN: Atom = Atom { location: 1.0, mass: 1.0 };

    /// The same for rows `h_i^{1/2} x_i` with exchangeable `x_i`: values of `h` with the fractions of the rows that
    /// have them. A histogram of some tens of bins is enough; both are rescaled to mean `h` 1 and total 1.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no value, one is negative or not finite, all are 0, or a fraction is not finite
    /// and positive.
    pub fn with_leverages(self, leverages: &[(f64, f64)]) -> Result<Self> {
        let mut atoms = Vec::with_capacity(leverages.len());
        for &(location, mass) in leverages {
            non_negative("leverages", location)?;
            positive("leverage fractions", mass)?;
            atoms.push(Atom { location, mass });
        }
        let total: f64 = atoms.iter().map(|atom| atom.mass).sum();
        let mean = atoms.iter().map(|atom| atom.mass * atom.location).sum::<f64>() / total;
        if atoms.is_empty() || !total.is_finite() || !mean.is_finite() || mean <= 0.0 {
            return Err(Error::argument("leverages", "none", "at least one, of finite positive mean"));
        }
        // A row of size 0 is 0 and in no average but those of its size.
        let atoms = atoms.iter().filter(|atom| atom.location > 0.0);
        let atoms = atoms.map(|&Atom { location, mass }| Atom { location: location / mean, mass });
        Ok(Self { leverages: merged(atoms.collect(), total), ..self })
    }

    /// Nonzero eigenvalues of `W`, increasing, with the fraction of the features that each of them is.
    pub fn atoms(&self) -> &[Atom] {
        &self.atoms
    }

    /// Number of features `p`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// `p / n`.
    pub fn aspect_ratio(&self) -> f64 {
        self.aspect_ratio
    }

    /// Fraction of the features that no row reaches: the mass of `W` and of `Z` at 0.
    pub fn kernel(&self) -> f64 {
        (1.0 - self.atoms.iter().map(|atom| atom.mass).sum::<f64>()).max(0.0)
    }

    /// The largest eigenvalue of `W`.
    pub fn largest(&self) -> f64 {
        self.atoms[self.atoms.len() - 1].location
    }

    /// Mean spacing of the nonzero eigenvalues in the middle half of them.
    pub fn mean_spacing(&self) -> f64 {
        self.middle_width(|t| t) / ((1.0 - self.kernel()) * self.features as f64)
    }

    /// Twice the distance between the quartiles of the images of the nonzero eigenvalues: the width of a uniform law.
    pub(super) fn middle_width(&self, image: impl Fn(f64) -> f64) -> f64 {
        let mut places: Vec<(f64, f64)> =
            self.atoms.iter().map(|atom| (image(atom.location), atom.mass)).collect();
        places.sort_by(|a, b| a.0.total_cmp(&b.0));
        let quartile = |share: f64| {
            let mut left = share * (1.0 - self.kernel());
            let found = places.iter().find(|&&(_, mass)| {
                left -= mass;
                left < 0.0
            });
            found.unwrap_or(&places[places.len() - 1]).0
        };
        2.0 * (quartile(0.75) - quartile(0.25))
    }

    /// The spectrum without one feature's worth of the eigenvalue `index`.
    pub(super) fn without(&self, index: usize) -> Self {
        let mut others = self.clone();
        let share = 1.0 / self.features as f64;
        if others.atoms[index].mass > 1.5 * share {
            others.atoms[index].mass -= share;
        } else {
            others.atoms.remove(index);
        }
        others
    }

    /// The rows of the data, as the free-partition equation takes them.
    pub(super) fn rows(&self) -> GivenRows {
        let per_row = |atom: &Atom| Atom { location: atom.location, mass: self.aspect_ratio * atom.mass };
        GivenRows {
            gram: self.atoms.iter().map(per_row).collect(),
            aspect_ratio: self.aspect_ratio,
            leverages: self.leverages.clone(),
        }
    }
}
