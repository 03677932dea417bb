//! The risk under the covariance of other data than those trained on.
//!
//! A component of the method is `m(t) e_0` along the eigenvalue `t`, with a known response `m`, plus noise that
//! is isotropic within an eigenspace. Under a covariance `S'` its mean square is
//!
//! ```text
//! e_0^T m(Sigma) S' m(Sigma) e_0 + (1/p) sum_i S'_ii N(t_i),     N(t) = S(t) - m(t)^2 c_0(t)
//! ```
//!
//! If `S'` commutes with `Sigma` both parts are of the same form.

use nalgebra::DMatrix;

use super::node::Node;
use crate::error::{Error, Result, non_negative};

/// Covariance of the features that the risk is measured on.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum TestCovariance {
    /// It commutes with the population covariance, and this is its mean eigenvalue along each population eigenvalue.
    Commuting(Vec<f64>),
    /// Any other.
    General {
        /// Mean of its diagonal entries along each population eigenvalue.
        diagonal: Vec<f64>,
        /// `e_i^T S' e_j`, with the parts `e_i` of the initial error along the population eigenvalues.
        signal: DMatrix<f64>,
    },
}

impl TestCovariance {
    /// Checks that it is made for this many population eigenvalues.
    pub(super) fn validate(self, eigenvalues: usize) -> Result<Self> {
        let diagonal = match &self {
            Self::Commuting(diagonal) => diagonal,
            Self::General { diagonal, signal } => {
                if signal.shape() != (eigenvalues, eigenvalues) || signal.iter().any(|x| !x.is_finite()) {
                    let allowed = format!("a finite matrix of {eigenvalues} rows and columns");
                    return Err(Error::argument("test_covariance", format!("{:?}", signal.shape()), allowed));
                }
                diagonal
            }
        };
        if diagonal.len() != eigenvalues {
            let allowed = format!("one number for each of {eigenvalues} population eigenvalues");
            return Err(Error::argument("test_covariance", format!("{} numbers", diagonal.len()), allowed));
        }
        for &entry in diagonal {
            non_negative("test_covariance", entry)?;
        }
        Ok(self)
    }
}

/// A covariance, with the masses of the population eigenvalues.
pub(crate) struct Test<'a> {
    pub(super) covariance: &'a TestCovariance,
    pub(super) masses: Vec<f64>,
}

impl Test<'_> {
    /// Mean square of a component.
    pub(super) fn mean_square(&self, nodes: &[Node], component: usize) -> f64 {
        match self.covariance {
            TestCovariance::Commuting(diagonal) => {
                let terms = self.masses.iter().zip(diagonal).zip(nodes);
                terms.map(|((mass, entry), node)| mass * entry * node.variance(component)).sum()
            }
            TestCovariance::General { diagonal, signal } => {
                let noise = |node: &Node| {
                    node.variance(component) - node.mean(component).powi(2) * node.direction().source
                };
                let terms = self.masses.iter().zip(diagonal).zip(nodes);
                let noise: f64 = terms.map(|((mass, entry), node)| mass * entry * noise(node)).sum();
                let mean: Vec<f64> = nodes.iter().map(|node| node.mean(component)).collect();
                let pair = |(i, j): (usize, usize)| mean[i] * signal[(i, j)] * mean[j];
                let count = mean.len();
                noise + (0..count * count).map(|index| pair((index / count, index % count))).sum::<f64>()
            }
        }
    }
}
