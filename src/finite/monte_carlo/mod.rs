//! Many draws of sampled data, in parallel: the spectrum of `Z`, the errors of the mean iterate, the
//! error curves of the iterates.

mod draws;
mod mean_iterate;
mod polynomial;
pub(crate) mod statistics;
mod trajectories;

use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::batching::Batching;
use super::data::{in_row_space, sample_features};
use super::eigenvalues::symmetric_eigenvalues;
use super::entries::Entries;
use super::epoch::{self, EXACT_BATCHES, Epoch};
use super::partition::Partition;
use super::spectrum::SampledSpectrum;
use crate::error::{Error, Result, non_negative, positive};
use crate::method::Method;
use crate::population::Population;
pub(crate) use draws::Draws;

pub use mean_iterate::SampledMeanErrors;
pub use polynomial::PolynomialMonteCarlo;
pub(crate) use trajectories::bounded;
pub use trajectories::{SampledOutput, SampledTrajectories};

/// Sampled orderings per draw where the exact mean is out of reach and none was asked for.
const DEFAULT_ORDERINGS: usize = 32;

/// How the mean over the orderings of the batches is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// All orderings; at most [`EXACT_BATCHES`] batches.
    Exact,
    /// This many sampled orderings, each with its reverse. The spectrum then is that of a mean
    /// over finitely many orderings, which tends to the exact one as their number grows.
    Permutations(usize),
}

/// Settings of a simulation.
///
/// The defaults: identity population, Gaussian entries, 8 draws, seed 0, the exact mean over the
/// orderings up to [`EXACT_BATCHES`] batches and 32 sampled orderings per draw above.
///
/// ```
/// use freespectra::finite::{Batching, MonteCarlo};
/// # fn main() -> Result<(), freespectra::Error> {
/// let simulation = MonteCarlo::new(20, Batching::equal(40, 2)?, 0.4)?.with_draws(3)?.with_seed(7);
/// let spectrum = simulation.run(None)?;
/// assert_eq!(spectrum.pooled().len(), 3 * 20);
/// assert_eq!(spectrum, simulation.run(Some(&|finished| println!("{finished} of 3")))?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct MonteCarlo {
    features: usize,
    batching: Batching,
    step_sizes: Vec<f64>,
    population: Population,
    entries: Entries,
    draws: Draws,
    route: Route,
    partition: Partition,
    method: Method,
    test_eigenvalues: Option<Vec<f64>>,
}

impl MonteCarlo {
    /// `features = p` columns, the given batches, and one step size for all of them.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless `features >= 2` and the step size is finite and positive.
    pub fn new(features: usize, batching: Batching, step_size: f64) -> Result<Self> {
        if features < 2 {
            return Err(Error::argument("features", features, "at least 2"));
        }
        let step_sizes = vec![positive("step_size", step_size)?; batching.batches()];
        let route = if batching.batches() <= EXACT_BATCHES {
            Route::Exact
        } else {
            Route::Permutations(DEFAULT_ORDERINGS)
        };
        Ok(Self {
            features,
            batching,
            step_sizes,
            population: Population::identity(),
            entries: Entries::default(),
            draws: Draws::default(),
            route,
            partition: Partition::Fixed,
            method: Method::new(),
            test_eigenvalues: None,
        })
    }

    /// A step size for each batch; zero is allowed, and leaves the iterates where they are.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] unless there is one finite step size that is not negative per batch.
    pub fn with_step_sizes(mut self, step_sizes: Vec<f64>) -> Result<Self> {
        epoch::check_step_sizes(&step_sizes, &self.batching)?;
        self.step_sizes = step_sizes;
        Ok(self)
    }

    /// Eigenvalues of the population covariance.
    pub fn with_population(mut self, population: Population) -> Self {
        self.population = population;
        self
    }

    /// Distribution of the entries.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if its parameter is out of range.
    pub fn with_entries(mut self, entries: Entries) -> Result<Self> {
        self.entries = entries.validate()?;
        Ok(self)
    }

    /// When gradient descent splits the rows into batches anew.
    #[must_use]
    pub fn with_partition(mut self, partition: Partition) -> Self {
        self.partition = partition;
        self
    }

    /// How gradient descent makes its steps.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// Also the risk under a covariance with these eigenvalues along those of the population.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if one is negative or not finite.
    pub fn with_test_eigenvalues(mut self, eigenvalues: Vec<f64>) -> Result<Self> {
        for &eigenvalue in &eigenvalues {
            non_negative("test_eigenvalues", eigenvalue)?;
        }
        self.test_eigenvalues = Some(eigenvalues);
        Ok(self)
    }

    /// Number of independent draws.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is 0.
    pub fn with_draws(mut self, draws: usize) -> Result<Self> {
        self.draws = self.draws.with_count(draws)?;
        Ok(self)
    }

    /// Seed; the same seed gives the same eigenvalues on any number of threads.
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.draws.seed = seed;
        self
    }

    /// How to take the mean over the orderings.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] for the exact route with more than [`EXACT_BATCHES`] batches,
    /// and for 0 orderings.
    pub fn with_route(mut self, route: Route) -> Result<Self> {
        match route {
            Route::Exact => epoch::check_exact(&self.batching)?,
            Route::Permutations(orderings) => epoch::check_orderings(orderings)?,
        }
        self.route = route;
        Ok(self)
    }

    /// Number of features `p`.
    pub fn features(&self) -> usize {
        self.features
    }

    /// Number of samples `n`.
    pub fn samples(&self) -> usize {
        self.batching.samples()
    }

    /// Aspect ratio `p / n`.
    pub fn aspect_ratio(&self) -> f64 {
        self.features as f64 / self.samples() as f64
    }

    /// Number of eigenvalues per draw that are zero for lack of rows or because features do not vary. They come out as
    /// exactly `0.0`: the draws are made in the row space of the features that vary.
    pub fn kernel_dimension(&self) -> usize {
        self.features - self.samples().min(varying(&self.population.eigenvalues(self.features)).len())
    }

    /// How the mean over the orderings is taken.
    pub fn route(&self) -> Route {
        self.route
    }

    /// Approximate peak memory of one draw in bytes; as many draws are under way as there are
    /// threads.
    ///
    /// The data takes `n p` numbers. With `q = min(n, p)`, the exact route adds `B + 4` matrices of
    /// size `q x q`; sampled orderings add 5, and one for each batch of at least `q / 2` rows.
    pub fn bytes_per_draw(&self) -> usize {
        let samples = self.batching.samples();
        let reduced = samples.min(self.features);
        let matrices = match self.route {
            Route::Exact => self.batching.batches() + 4,
            Route::Permutations(_) => {
                5 + self.batching.sizes().iter().filter(|&&size| 2 * size >= reduced).count()
            }
        };
        let numbers = samples
            .saturating_mul(self.features)
            .saturating_add(matrices.saturating_mul(reduced.saturating_mul(reduced)));
        numbers.saturating_mul(size_of::<f64>())
    }

    /// Runs all draws on the current rayon pool, each on one thread.
    ///
    /// `progress` is told the number of finished draws after each of them, from any thread.
    ///
    /// # Errors
    /// [`Error::Eigenvalues`] if `Z` overflows, as a far too large step size makes it;
    /// [`Error::InvalidArgument`] if all step sizes are zero.
    pub fn run(&self, progress: Option<&(dyn Fn(usize) + Sync)>) -> Result<SampledSpectrum> {
        let population = self.population.eigenvalues(self.features);
        let eigenvalues = self.draws.each(progress, |_, rng| self.draw(rng, &population))?;
        Ok(SampledSpectrum { features: self.features, seed: self.draws.seed, eigenvalues })
    }

    /// The eigenvalues of one draw, sorted.
    fn draw(&self, mut rng: Pcg64, population: &[f64]) -> Result<Vec<f64>> {
        let samples = self.batching.samples();
        let population = varying(population);
        if population.is_empty() {
            let allowed = "enough for one along a population eigenvalue above 0";
            return Err(Error::argument("features", self.features, allowed));
        }
        let mut features = sample_features(samples, population, self.entries, &mut rng)?;
        if samples < population.len() {
            features = in_row_space(features);
        }
        let epoch = Epoch::new(&features, &self.batching, &self.step_sizes)?;
        let z = match self.route {
            Route::Exact => epoch.z()?,
            Route::Permutations(orderings) => epoch.sampled_z(orderings, &mut rng)?,
        };
        let mut values = symmetric_eigenvalues(&z)?;
        let kernel = self.features - values.len();
        let position = values.partition_point(|&value| value < 0.0);
        values.splice(position..position, std::iter::repeat_n(0.0, kernel));
        Ok(values)
    }
}

/// The sorted eigenvalues of features that vary.
fn varying(population: &[f64]) -> &[f64] {
    &population[population.partition_point(|&t| t == 0.0)..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn simulation(batches: usize) -> MonteCarlo {
        MonteCarlo::new(10, Batching::equal(2 * batches, batches).unwrap(), 0.1).unwrap()
    }

    #[test]
    fn bad_settings_are_refused() {
        let batching = Batching::equal(4, 2).unwrap();
        assert!(MonteCarlo::new(1, batching.clone(), 0.1).is_err());
        for step_size in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(MonteCarlo::new(10, batching.clone(), step_size).is_err());
        }
        assert!(simulation(2).with_draws(0).is_err());
        assert!(simulation(2).with_step_sizes(vec![0.1]).is_err());
        assert!(simulation(2).with_step_sizes(vec![0.1, -0.1]).is_err());
        assert!(simulation(2).with_step_sizes(vec![0.0, 0.0]).and_then(|still| still.run(None)).is_err());
        assert!(simulation(2).with_entries(Entries::StudentT { degrees_of_freedom: 2.0 }).is_err());
        assert!(simulation(2).with_route(Route::Permutations(0)).is_err());
        assert!(simulation(EXACT_BATCHES).with_route(Route::Exact).is_ok());
        assert!(simulation(EXACT_BATCHES + 1).with_route(Route::Exact).is_err());
        assert!(simulation(EXACT_BATCHES + 1).run(None).is_ok());
    }

    #[test]
    fn overflow_is_an_error() {
        let batching = Batching::equal(40, 4).unwrap();
        let result = MonteCarlo::new(10, batching, 1e200).unwrap().run(None);
        assert!(matches!(result, Err(Error::Eigenvalues { size: 10, .. })), "{result:?}");
    }
}
