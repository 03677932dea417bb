//! Gradients multiplied by a function of the covariance.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, Result};

/// A preconditioner that commutes with the covariance.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Preconditioner {
    /// None.
    #[default]
    None,
    /// This power of the eigenvalue; 0 along the eigenvalue 0.
    Power(f64),
    /// A function of the eigenvalue, with values that are finite and not negative.
    Function(Arc<dyn Fn(f64) -> f64 + Send + Sync>),
}

impl PartialEq for Preconditioner {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::None, Self::None) => true,
            (Self::Power(one), Self::Power(other)) => one == other,
            (Self::Function(one), Self::Function(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl Preconditioner {
    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Its value along an eigenvalue.
    pub(crate) fn factor(&self, t: f64) -> f64 {
        match self {
            Self::None => 1.0,
            // What does not vary has no gradient.
            Self::Power(_) if t == 0.0 => 0.0,
            Self::Power(power) => t.powf(*power),
            Self::Function(function) => function(t),
        }
    }

    /// Checks the values along these eigenvalues.
    pub(crate) fn check(&self, eigenvalues: impl Iterator<Item = f64>) -> Result<()> {
        for t in eigenvalues {
            let factor = self.factor(t);
            if !(factor >= 0.0 && factor.is_finite()) {
                let value = format!("{factor} along the eigenvalue {t}");
                return Err(Error::argument("preconditioner", value, "finite and not negative"));
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Preconditioner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("None"),
            Self::Power(power) => f.debug_tuple("Power").field(power).finish(),
            Self::Function(_) => f.write_str("Function"),
        }
    }
}
