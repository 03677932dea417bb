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
    #[error(
        "no convergence at z = {z}: residual {residual:.1e} after {iterations} iterations (tolerance {tolerance:.1e})"
    )]
    NotConverged {
        /// Spectral argument of the failed solve.
        z: Complex64,
        /// Relative residual that was reached.
        residual: f64,
        /// Iterations spent.
        iterations: usize,
        /// Relative residual that was asked for.
        tolerance: f64,
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

    /// Solving took more work than any law that can be resolved: it changes over too many decades, or has a
    /// singular point that is not known.
    #[error("given up after {evaluations} evaluations of the fixed-point map, the limit being {limit}")]
    Exhausted {
        /// Evaluations spent.
        evaluations: usize,
        /// Most that are spent on one law.
        limit: usize,
    },

    /// A polynomial differs from its adjoint, so it has no spectrum on the line: add the missing terms.
    #[error("the polynomial is not self-adjoint: the part {part} would need the adjoint {adjoint}")]
    NotSelfAdjoint {
        /// The terms without an adjoint counterpart.
        part: String,
        /// What is missing, or has another coefficient.
        adjoint: String,
    },

    /// A text could not be read as a polynomial.
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
    /// An [`Error::InvalidArgument`] from anything printable.
    pub(crate) fn argument(
        argument: &'static str,
        value: impl std::fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::InvalidArgument { argument, value: value.to_string(), allowed: allowed.into() }
    }
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
