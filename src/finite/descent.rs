//! Batched gradient descent itself, step by step.

use nalgebra::{DMatrix, DVector};

use rand::Rng;

use super::batching::Batching;
use super::entries::Entries;
use crate::error::{Error, Result, non_negative};
use crate::method::Method;

/// Gradient descent on `|y_b - X_b beta|^2 / (2 n_b)`, one batch per step.
///
/// ```
/// use freespectra::finite::{Batching, Descent};
/// use nalgebra::{DMatrix, DVector};
/// # fn main() -> Result<(), freespectra::Error> {
/// let features = DMatrix::from_row_slice(2, 1, &[1.0, 2.0]);
/// let targets = DVector::from_vec(vec![1.0, 1.0]);
/// let descent = Descent::new(&features, &targets, &Batching::equal(2, 2)?, &[0.5, 0.1])?;
/// // From 0: 0.5 * 1 * (1 - 0), then 0.1 * 2 * (1 - 2 * 0.5).
/// assert_eq!(descent.run(&DVector::zeros(1), &[0, 1], |_, _| {})?[0], 0.5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Descent {
    batches: Vec<Batch>,
    samples: usize,
    size: usize,
}

/// `X_b^T`, `y_b`, and `alpha_b`.
#[derive(Debug, Clone)]
struct Batch {
    transposed: DMatrix<f64>,
    targets: DVector<f64>,
    step_size: f64,
}

impl Batch {
    /// `y_b - X_b beta`.
    fn residual(&self, beta: &DVector<f64>) -> DVector<f64> {
        let mut residual = self.targets.clone();
        residual.gemv_tr(-1.0, &self.transposed, beta, 1.0);
        residual
    }
}

impl Descent {
    /// Features `X` (`n x p`), targets `y`, batches, and the step size on the mean gradient of each
    /// batch, zero allowed.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the numbers of rows, targets, batches and step sizes do not match,
    /// or a step size is negative or not finite.
    pub fn new(
        features: &DMatrix<f64>,
        targets: &DVector<f64>,
        batching: &Batching,
        step_sizes: &[f64],
    ) -> Result<Self> {
        let (samples, size) = features.shape();
        for (argument, length, expected) in [
            ("features", samples, batching.samples()),
            ("targets", targets.len(), batching.samples()),
            ("step_sizes", step_sizes.len(), batching.batches()),
        ] {
            if length != expected {
                return Err(Error::argument(argument, format!("{length} rows"), format!("{expected} rows")));
            }
        }
        let batches = batching
            .rows()
            .zip(step_sizes)
            .map(|(rows, &step_size)| {
                Ok(Batch {
                    transposed: features.rows(rows.start, rows.len()).transpose(),
                    targets: targets.rows(rows.start, rows.len()).into_owned(),
                    step_size: non_negative("step_sizes", step_size)?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self { batches, samples, size })
    }

    /// Runs one step on each of the given batches, and returns the last iterate. `observe` sees the
    /// number of steps made and the iterate: first 0 and `initial`, then after every step.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `initial` does not have `p` entries or a batch does not exist.
    pub fn run(
        &self,
        initial: &DVector<f64>,
        steps: &[usize],
        mut observe: impl FnMut(usize, &DVector<f64>),
    ) -> Result<DVector<f64>> {
        if initial.len() != self.size {
            let value = format!("{} numbers", initial.len());
            return Err(Error::argument("initial", value, format!("{} numbers", self.size)));
        }
        let mut beta = initial.clone();
        observe(0, &beta);
        for (step, &visited) in steps.iter().enumerate() {
            let Some(batch) = self.batches.get(visited) else {
                let allowed = format!("batches in 0..{}", self.batches.len());
                return Err(Error::argument("schedule", format!("batch {visited}"), allowed));
            };
            let scale = batch.step_size / batch.targets.len() as f64;
            beta.gemv(scale, &batch.transposed, &batch.residual(&beta), 1.0);
            observe(step + 1, &beta);
        }
        Ok(beta)
    }

    /// Makes step `s` of `steps` of a method on a batch, in the eigenbasis of the population covariance, with its sorted
    /// `eigenvalues` and `beta* = 0`: the components are vectors, of which the first is the iterate.
    pub(crate) fn step(
        &self,
        method: &Method,
        [s, steps]: [usize; 2],
        batch: usize,
        eigenvalues: &[f64],
        components: &mut [DVector<f64>],
        rng: &mut impl Rng,
    ) -> Result<()> {
        let batch = &self.batches[batch];
        let mut query = DVector::zeros(self.size);
        for (weight, component) in method.query(s).iter().zip(&*components) {
            query.axpy(*weight, component, 1.0);
        }
        let mut residual = batch.residual(&query);
        let mut noise = |vector: &mut DVector<f64>, variance: f64| {
            if variance > 0.0 {
                let mut entries = DVector::zeros(vector.len());
                Entries::Gaussian.fill(entries.as_mut_slice(), rng)?;
                vector.axpy(variance.sqrt(), &entries, 1.0);
            }
            Ok::<_, Error>(())
        };
        noise(&mut residual, method.label_noise())?;
        let mut gradient = DVector::zeros(self.size);
        gradient.gemv(-1.0 / batch.targets.len() as f64, &batch.transposed, &residual, 0.0);
        noise(&mut gradient, method.gradient_noise() / self.size as f64)?;
        let mut along = vec![0.0; components.len()];
        let mut latest = None;
        for (i, &t) in eigenvalues.iter().enumerate() {
            let linear = match latest.take() {
                Some((other, linear)) if other == t => linear,
                _ => method.linear(s, steps, batch.step_size, t),
            };
            along.iter_mut().zip(&*components).for_each(|(entry, component)| *entry = component[i]);
            linear.step(&mut along, gradient[i]);
            components.iter_mut().zip(&along).for_each(|(component, entry)| component[i] = *entry);
            latest = Some((t, linear));
        }
        Ok(())
    }

    /// Training error `|y - X beta|^2 / n`.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if `beta` does not have `p` entries.
    pub fn training_error(&self, beta: &DVector<f64>) -> Result<f64> {
        if beta.len() != self.size {
            let value = format!("{} numbers", beta.len());
            return Err(Error::argument("beta", value, format!("{} numbers", self.size)));
        }
        let squares: f64 = self.batches.iter().map(|batch| batch.residual(beta).norm_squared()).sum();
        Ok(squares / self.samples as f64)
    }
}
