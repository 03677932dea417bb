//! The one error type of the crate: a variant for each thing a caller can do about a failure.

use num_complex::Complex64;

/// Shorthand for results whose error is [`enum@Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// What went wrong, and what would be allowed instead.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument is outside its range: change the argument.
    #[error("{argument}: got {value}, expected {allowed}")]
    InvalidArgument {
        /// Name of the argument, as it is spelled in the API.
        argument: &'static str,
        /// The value that was given.
        value: String,
        /// What would be accepted.
        allowed: String,
    },

    /// A fixed-point iteration stopped short of its tolerance: loosen the tolerance, raise the
    /// iteration limit, or move `z` away from an edge of the support.
    #[error("no convergence at z = {} in {iterations} iterations: {}", point(*.z), reached(*.residual, *.tolerance))]
    NotConverged {
        /// Spectral argument of the failed solve.
        z: Complex64,
        /// Relative residual that was reached; infinite if the map was singular wherever it was tried.
        residual: f64,
        /// Evaluations of the map spent.
        iterations: usize,
        /// Relative residual that was asked for.
        tolerance: f64,
    },

    /// The equation was solved, but by something that is no resolvent of a law: `z` is at an edge, or the guess
    /// belongs to another branch. Move `z` away from the edge or above the axis, or start closer.
    #[error(
        "the solution found at z = {} after {iterations} iterations is not that of a probability law, as happens \
         at edges; move z away from them or above the axis", point(*.z)
    )]
    Unphysical {
        /// Spectral argument of the solve.
        z: Complex64,
        /// Evaluations of the map spent.
        iterations: usize,
    },

    /// The work allowed for one point or one law is spent: the law changes over too many decades, or has a
    /// singular point that is not known. Ask for values away from there, or for a law that is less extreme.
    #[error(
        "given up at z = {} after {evaluations} evaluations of the fixed-point map, the limit being {limit}: the \
         law changes over too many decades or has a singular point that is not known", point(*.z)
    )]
    OutOfBudget {
        /// Spectral argument of the last solve.
        z: Complex64,
        /// Evaluations spent.
        evaluations: usize,
        /// Most that are spent on one point, or on one law.
        limit: usize,
    },

    /// The [budget](crate::Control::with_budget) is spent: allow more.
    #[error("{argument}: {limit} evaluations of the equation are spent, expected more")]
    BudgetSpent {
        /// Name of the argument, as it is spelled in the API.
        argument: &'static str,
        /// The evaluations that were allowed.
        limit: usize,
    },

    /// The work was [cancelled](crate::Control::cancel).
    #[error("cancelled")]
    Cancelled,

    /// A point is so far from the spectrum that the width of the law drowns in rounding: there the Cauchy
    /// transform is that of a point mass at the mean.
    #[error("z = {} is too far from the spectrum, where G(z) = 1 / (z - mean) to all digits", point(*.z))]
    OutOfReach {
        /// Spectral argument of the solve.
        z: Complex64,
    },

    /// A law has no width that floating point can tell from its location: move it towards 0, or rescale it.
    #[error(
        "the law is no wider than rounding: spread {} about {}; shift or rescale the model",
        number(*.spread), number(*.location)
    )]
    NoSpread {
        /// Mean of the law, roughly.
        location: f64,
        /// Standard deviation, as far as it could be seen.
        spread: f64,
    },

    /// An end of a support interval could not be located: the density changes over too many decades next to
    /// it. The Cauchy transform can still be asked for at single points.
    #[error("no end of the support found next to {} with {points} points", number(*.near))]
    NoEdge {
        /// Last point inside the support.
        near: f64,
        /// Points that were solved for.
        points: usize,
    },

    /// A law does not pass its own check, so its numbers must not be used.
    #[error(
        "the law fails its own check: {quantity} is {found:.12e}, expected {expected:.12e} within {tolerance:.1e}"
    )]
    NotCertified {
        /// Which quantity disagrees.
        quantity: &'static str,
        /// Value computed from the density and the atoms.
        found: f64,
        /// Independent value.
        expected: f64,
        /// Largest difference that would have been accepted.
        tolerance: f64,
    },

    /// The parts of a law describe different laws: correct the one that is named, or give up numbers that
    /// rounding does not hold.
    #[error(
        "{part} and {reference} are of different laws: {quantity} is {found:.12e} by the one, {expected:.12e} by the other"
    )]
    Contradiction {
        /// The part that disagrees.
        part: &'static str,
        /// What it was compared with.
        reference: &'static str,
        /// The number that was compared.
        quantity: String,
        /// Its value by the part.
        found: f64,
        /// Its value by the reference.
        expected: f64,
    },

    /// A polynomial differs from its adjoint, so it has no spectrum on the line: add the missing terms.
    #[error("the polynomial is not self-adjoint: the part {part} would need the adjoint {adjoint}")]
    NotSelfAdjoint {
        /// The terms without an adjoint counterpart.
        part: String,
        /// What is missing, or has another coefficient.
        adjoint: String,
    },

    /// A text could not be read as a polynomial or a law.
    #[error("column {column} of {text:?}: {reason}")]
    Syntax {
        /// The text as given.
        text: String,
        /// Where the fault is, counted in characters from 1.
        column: usize,
        /// What is wrong there.
        reason: String,
    },

    /// The eigensolver failed or met non-finite entries.
    #[error("eigenvalues of a {size} x {size} matrix could not be computed: {reason}")]
    Eigenvalues {
        /// Number of rows of the matrix.
        size: usize,
        /// What the eigensolver reported.
        reason: String,
    },

    /// A file could not be read or written.
    #[error("{path}: {reason}")]
    File {
        /// The path as given.
        path: String,
        /// What the operating system or the encoder reported.
        reason: String,
    },
}

impl Error {
    /// An [`Error::InvalidArgument`] from anything printable; numbers of hundreds of digits get an exponent.
    pub fn argument(
        argument: &'static str,
        value: impl std::fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::InvalidArgument {
            argument,
            value: legible(&value.to_string()),
            allowed: legible(&allowed.into()),
        }
    }

    /// Evaluations of the fixed-point map that a failed solve has cost.
    pub(crate) fn evaluations(&self) -> usize {
        match self {
            Self::NotConverged { iterations, .. } | Self::Unphysical { iterations, .. } => *iterations,
            Self::OutOfBudget { evaluations, .. } => *evaluations,
            _ => 0,
        }
    }

    /// Whether a point could not be solved for, as at edges: others may.
    pub(crate) fn is_of_one_point(&self) -> bool {
        matches!(
            self,
            Self::NotConverged { .. }
                | Self::Unphysical { .. }
                | Self::OutOfBudget { .. }
                | Self::OutOfReach { .. }
        )
    }

    /// The same with what it says about the line said in another variable, an affine function of the first.
    pub(crate) fn in_variable(mut self, map: impl Fn(Complex64) -> Complex64) -> Self {
        match &mut self {
            Self::NotConverged { z, .. }
            | Self::Unphysical { z, .. }
            | Self::OutOfBudget { z, .. }
            | Self::OutOfReach { z } => *z = map(*z),
            Self::NoSpread { location, spread } => {
                let at = |x: f64| map(Complex64::new(x, 0.0));
                *spread *= (at(1.0) - at(0.0)).norm();
                *location = at(*location).re;
            }
            _ => {}
        }
        self
    }
}

/// Longest number that is written without an exponent: all digits of a double and of a `usize`.
const LONGEST: usize = 24;

/// A text in which numbers of hundreds of digits have an exponent instead.
fn legible(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit() || c == '.';
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_digit) {
        let digits = rest[start..].find(|c| !is_digit(c)).map_or(rest.len(), |length| start + length);
        shown.push_str(&rest[..start]);
        let run = &rest[start..digits];
        match run.parse::<f64>() {
            Ok(x) if run.len() > LONGEST => shown.push_str(&format!("{x:e}")),
            _ => shown.push_str(run),
        }
        rest = &rest[digits..];
    }
    shown + rest
}

/// A number as it is, or with an exponent where it is large or small.
fn number(x: f64) -> String {
    if x == 0.0 || (1e-3..1e6).contains(&x.abs()) { x.to_string() } else { format!("{x:e}") }
}

fn point(z: Complex64) -> String {
    match z.im {
        0.0 => number(z.re),
        im if im < 0.0 => format!("{} - {}i", number(z.re), number(-im)),
        im => format!("{} + {}i", number(z.re), number(im)),
    }
}

fn reached(residual: f64, tolerance: f64) -> String {
    if residual.is_finite() {
        return format!(
            "residual {residual:.1e} instead of {tolerance:.1e}; loosen the tolerance, or move z away from edges and atoms"
        );
    }
    "the equation overflows or is singular at every point tried; rescale the model, or move z".to_owned()
}

/// Checks that `value` is finite and positive.
pub(crate) fn positive(argument: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() && value > 0.0 {
        Ok(value)
    } else {
        Err(Error::argument(argument, value, "a finite positive number"))
    }
}

/// Checks that `value` is finite and not negative.
pub(crate) fn non_negative(argument: &'static str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(Error::argument(argument, value, "a finite number that is not negative"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_have_exponents() {
        let error = |value: f64| Error::argument("step", value, format!("at most {}", 1e-300)).to_string();
        assert_eq!(error(1e300), "step: got 1e300, expected at most 1e-300");
        assert_eq!(error(-0.25), "step: got -0.25, expected at most 1e-300");
        assert_eq!(legible(&format!("from {} to {}", -1e308, 2.5)), "from -1e308 to 2.5");
        // Counts and single digits stay what they are.
        let largest = usize::MAX.to_string();
        assert_eq!(legible(&largest), largest);
        assert_eq!(legible("x^2 = 1, y"), "x^2 = 1, y");
    }

    #[test]
    fn each_failure_says_what_happened() {
        let z = Complex64::new(1e-300, 2.0);
        let (iterations, tolerance) = (30, 1e-13);
        let stuck = Error::NotConverged { z, residual: 1e-5, iterations, tolerance }.to_string();
        assert!(
            stuck.contains("z = 1e-300 + 2i in 30 iterations: residual 1.0e-5 instead of 1.0e-13"),
            "{stuck}"
        );
        let singular = Error::NotConverged { z, residual: f64::INFINITY, iterations, tolerance }.to_string();
        assert!(!singular.contains("inf"), "{singular}");
        let moved = Error::OutOfReach { z }.in_variable(|z| -0.5 * z.conj());
        assert_eq!(moved, Error::OutOfReach { z: Complex64::new(-5e-301, 1.0) });
        let narrow = Error::NoSpread { location: 3.0, spread: 1e-17 };
        let moved = narrow.in_variable(|z| (1.0 - z) * 4.0);
        assert_eq!(moved, Error::NoSpread { location: -8.0, spread: 4e-17 });
    }
}
