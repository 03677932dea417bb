//! Parameters of the model and its laws.

use serde::{Deserialize, Serialize};

use super::subset_lattice::subset_pencil;
use super::symmetric::{Operator, symmetric_pencil};
use crate::error::{Error, Result, positive};
use crate::finite::batching::normalised_fractions;
use crate::law::SpectralLaw;
use crate::population::{Atom, Population};
use crate::solver::Pencil;

/// Largest number of batches for equal batches.
pub const SYMMETRIC_LIMIT: usize = 128;

/// Largest number of batches that differ in size or step size.
pub const LATTICE_LIMIT: usize = 6;

/// Mini-batch gradient descent in the proportional limit.
///
/// ```
/// use freespectra::MiniBatch;
/// # fn main() -> Result<(), freespectra::Error> {
/// let model = MiniBatch::builder().batches(2).aspect_ratio(0.5).step_size(0.4).build()?;
/// let law = model.law()?;
/// assert!((law.density(0.7) - 0.645_323_292_146_4).abs() < 1e-10);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct MiniBatch {
    aspect_ratio: f64,
    population: Population,
    /// One per batch; their mean is the step size `alpha`.
    step_sizes: Vec<f64>,
    /// `n_b / n`, one per batch.
    fractions: Vec<f64>,
}

/// A model as it comes out of a file.
#[derive(Deserialize)]
struct Unchecked {
    aspect_ratio: f64,
    population: Population,
    step_sizes: Vec<f64>,
    fractions: Vec<f64>,
}

impl TryFrom<Unchecked> for MiniBatch {
    type Error = Error;

    fn try_from(unchecked: Unchecked) -> Result<Self> {
        Self::builder()
            .batches(unchecked.step_sizes.len())
            .aspect_ratio(unchecked.aspect_ratio)
            .population(unchecked.population)
            .step_sizes(&unchecked.step_sizes)
            .batch_fractions(&unchecked.fractions)
            .build()
    }
}

impl MiniBatch {
    /// A builder with four batches, aspect ratio 0.5, epoch step 1 and the identity population.
    pub fn builder() -> MiniBatchBuilder {
        MiniBatchBuilder::default()
    }

    /// Number of batches `B`.
    pub fn batches(&self) -> usize {
        self.step_sizes.len()
    }

    /// `gamma = p / n`.
    pub fn aspect_ratio(&self) -> f64 {
        self.aspect_ratio
    }

    /// Law of the eigenvalues of the population covariance.
    pub fn population(&self) -> &Population {
        &self.population
    }

    /// Step size `alpha` of one batch; the mean if batches have their own.
    pub fn step_size(&self) -> f64 {
        self.epoch_step() / self.batches() as f64
    }

    /// Step size of each batch.
    pub fn step_sizes(&self) -> &[f64] {
        &self.step_sizes
    }

    /// `alpha B`: by the linear scaling rule, the step of full-batch gradient descent to compare with.
    pub fn epoch_step(&self) -> f64 {
        self.step_sizes.iter().sum()
    }

    /// Fractions `n_b / n` of the samples in each batch.
    pub fn batch_fractions(&self) -> &[f64] {
        &self.fractions
    }

    /// Whether all batches have the same size and step size.
    pub fn is_symmetric(&self) -> bool {
        self.fractions.iter().all(|&fraction| fraction == self.fractions[0])
            && self.step_sizes.iter().all(|&step| step == self.step_sizes[0])
    }

    /// Full-batch gradient descent on the same data, with the step that the linear scaling rule
    /// compares this model with. Its `Z` is the sample covariance `W`.
    pub fn full_batch(&self) -> Self {
        Self {
            aspect_ratio: self.aspect_ratio,
            population: self.population.clone(),
            step_sizes: vec![self.epoch_step()],
            fractions: vec![1.0],
        }
    }

    /// The same model with all step sizes multiplied by `factor`, which is positive.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        let step_sizes = self.step_sizes.iter().map(|step| step * factor).collect();
        Self { step_sizes, ..self.clone() }
    }

    /// The pencil of `P - I` on the features that vary: symmetric blocks for equal batches, else half the subset lattice.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are more batches than the route reaches.
    pub fn pencil(&self) -> Result<Pencil> {
        if self.is_symmetric() { self.symmetric_pencil(Operator::Shifted) } else { self.lattice_pencil() }
    }

    pub(super) fn symmetric_pencil(&self, operator: Operator) -> Result<Pencil> {
        let ratio = self.varying_ratio() / self.fractions[0];
        symmetric_pencil(self.batches(), self.step_sizes[0], ratio, operator)
    }

    /// The pencil of `P - I` on half the lattice of subsets, whatever the batches.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are more than [`LATTICE_LIMIT`] batches.
    pub fn lattice_pencil(&self) -> Result<Pencil> {
        if self.batches() > LATTICE_LIMIT {
            return Err(Error::argument(
                "batches",
                self.batches(),
                format!("at most {LATTICE_LIMIT} when batches differ in size or step size"),
            ));
        }
        let ratios: Vec<f64> =
            self.fractions.iter().map(|fraction| self.varying_ratio() / fraction).collect();
        subset_pencil(&self.step_sizes, &ratios)
    }

    /// Where the eigenvalues of `Z` are in the classical limit `gamma -> 0`: an eigenvalue `t` of the
    /// population becomes `(1 - prod_b (1 - alpha_b t)) / (alpha B)`.
    pub fn classical_eigenvalues(&self) -> Vec<f64> {
        let eigenvalue = |atom: &Atom| {
            // 1 - prod_b (1 - alpha_b t) = sum_b alpha_b t prod_{c < b} (1 - alpha_c t), which does not cancel.
            let (mut before, mut sum) = (1.0, 0.0);
            for alpha in &self.step_sizes {
                sum += alpha * atom.location * before;
                before *= 1.0 - alpha * atom.location;
            }
            sum / self.epoch_step()
        };
        self.population.as_atoms().iter().map(eigenvalue).collect()
    }

    /// Mass at zero of the law on the features that vary: if they are more than the samples, those do not span them.
    pub(super) fn atoms(&self) -> Vec<Atom> {
        let ratio = self.varying_ratio();
        if ratio > 1.0 { vec![Atom { location: 0.0, mass: 1.0 - 1.0 / ratio }] } else { Vec::new() }
    }

    /// `p / n` counting the features that vary: only they have a part in the data.
    pub(super) fn varying_ratio(&self) -> f64 {
        self.aspect_ratio * (1.0 - self.population.kernel())
    }

    /// Limiting law of the epoch operator `P = I - alpha B Z`.
    ///
    /// # Errors
    /// As for [`MiniBatch::law`].
    pub fn epoch_operator_law(&self) -> Result<SpectralLaw> {
        self.law()?.affine(-self.epoch_step(), 1.0)
    }
}

/// How the step size was given.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    PerBatch(f64),
    PerEpoch(f64),
    Each(Vec<f64>),
}

/// Builder of a [`MiniBatch`]; see [`MiniBatch::builder`].
#[derive(Debug, Clone)]
pub struct MiniBatchBuilder {
    batches: usize,
    aspect_ratio: f64,
    population: Population,
    step: Step,
    fractions: Option<Vec<f64>>,
}

impl Default for MiniBatchBuilder {
    fn default() -> Self {
        Self {
            batches: 4,
            aspect_ratio: 0.5,
            population: Population::identity(),
            step: Step::PerEpoch(1.0),
            fractions: None,
        }
    }
}

impl MiniBatchBuilder {
    /// Number of batches `B`, from 1 (full batch) to [`SYMMETRIC_LIMIT`].
    #[must_use]
    pub fn batches(mut self, batches: usize) -> Self {
        self.batches = batches;
        self
    }

    /// Aspect ratio `gamma = p / n`.
    #[must_use]
    pub fn aspect_ratio(mut self, aspect_ratio: f64) -> Self {
        self.aspect_ratio = aspect_ratio;
        self
    }

    /// Law of the population covariance.
    #[must_use]
    pub fn population(mut self, population: Population) -> Self {
        self.population = population;
        self
    }

    /// Step size `alpha` of each batch.
    #[must_use]
    pub fn step_size(mut self, step_size: f64) -> Self {
        self.step = Step::PerBatch(step_size);
        self
    }

    /// Step of a whole epoch, `alpha B`: the linear scaling rule.
    #[must_use]
    pub fn epoch_step(mut self, epoch_step: f64) -> Self {
        self.step = Step::PerEpoch(epoch_step);
        self
    }

    /// A step size for each batch.
    #[must_use]
    pub fn step_sizes(mut self, step_sizes: &[f64]) -> Self {
        self.step = Step::Each(step_sizes.to_vec());
        self
    }

    /// Fraction of the samples in each batch, at most [`LATTICE_LIMIT`] of them unless all are equal.
    #[must_use]
    pub fn batch_fractions(mut self, fractions: &[f64]) -> Self {
        self.fractions = Some(fractions.to_vec());
        self
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if the number of batches is zero or above what the route reaches,
    /// the aspect ratio or a step size is not finite and positive, or fractions or step sizes do not
    /// match the number of batches or do not sum to 1.
    pub fn build(self) -> Result<MiniBatch> {
        let batches = self.batches;
        if !(1..=SYMMETRIC_LIMIT).contains(&batches) {
            return Err(Error::argument("batches", batches, format!("in 1..={SYMMETRIC_LIMIT}")));
        }
        positive("aspect_ratio", self.aspect_ratio)?;
        let (argument, step_sizes) = match self.step {
            Step::PerBatch(step) => ("step_size", vec![positive("step_size", step)?; batches]),
            Step::PerEpoch(step) => {
                ("epoch_step", vec![positive("epoch_step", step)? / batches as f64; batches])
            }
            Step::Each(steps) => {
                check_count("step_sizes", steps.len(), batches)?;
                for &step in &steps {
                    positive("step_sizes", step)?;
                }
                ("step_sizes", steps)
            }
        };
        // Their division may have ended at zero, their sum beyond all numbers.
        let total: f64 = step_sizes.iter().sum();
        if !total.is_finite() || step_sizes.contains(&0.0) {
            let value = format!("steps from {:e}, summing to {total:e}", step_sizes[0]);
            return Err(Error::argument(argument, value, "steps of a size that floating point can hold"));
        }
        let fractions = match self.fractions {
            None => vec![1.0 / batches as f64; batches],
            Some(fractions) => {
                check_count("batch_fractions", fractions.len(), batches)?;
                normalised_fractions(&fractions)?
            }
        };
        let model =
            MiniBatch { aspect_ratio: self.aspect_ratio, population: self.population, step_sizes, fractions };
        if !model.is_symmetric() && batches > LATTICE_LIMIT {
            return Err(Error::argument(
                "batches",
                batches,
                format!("at most {LATTICE_LIMIT} when batches differ in size or step size"),
            ));
        }
        Ok(model)
    }
}

fn check_count(argument: &'static str, count: usize, batches: usize) -> Result<()> {
    if count == batches {
        Ok(())
    } else {
        Err(Error::argument(
            argument,
            format!("{count} numbers"),
            format!("{batches} numbers, one per batch"),
        ))
    }
}
