//! Gradient descent run on the data itself: what the predicted curves and laws are held against.

use faer::MatRef;
use nalgebra::{DMatrix, DVector};
use rand::Rng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use super::curves::DataOutput;
use super::rows::Rows;
use super::table::Table;
use crate::error::{Error, Result, non_negative};
use crate::finite::dense::gram;
use crate::finite::monte_carlo::statistics::mean_and_error;
use crate::finite::monte_carlo::{Draws, bounded};
use crate::finite::{
    Batching, EXACT_BATCHES, Epoch, Partition, SampledSpectrum, Schedule, schedule_stream,
    symmetric_eigenvalues,
};
use crate::method::Method;

/// Orderings of the batches that stand for all of them where those are too many.
const ORDERINGS: usize = 50;

/// Gradient descent from 0 on rows in memory, a step on the mean gradient of one batch at a time.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    train: &'a Table,
    targets: &'a [f64],
    test: Option<(&'a Table, &'a [f64])>,
    batching: Batching,
    step_sizes: Vec<f64>,
    method: Method,
    draws: Draws,
}

/// Error curves averaged over runs, after 0, 1, 2, ... steps; at most [`f64::MAX`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RunCurves {
    /// Number of runs, each with a partition and an order of its own.
    pub runs: usize,
    /// Mean training error `|y - X beta_s|^2 / n`.
    pub train: Vec<f64>,
    /// Mean error on the rows set aside; empty if there are none.
    pub test: Vec<f64>,
    /// Standard error of the mean training error, over partitions and orders.
    pub train_error: Vec<f64>,
    /// Standard error of the mean error on the rows set aside, over partitions and orders: these rows are the same in
    /// all runs.
    pub test_error: Vec<f64>,
    /// Mean errors of the averages that the method follows.
    #[serde(default)]
    pub averages: Vec<DataOutput>,
}

impl<'a> Runs<'a> {
    /// Runs on the rows of `train`, watched on those of `test`, with the step sizes of as many batches, which hold the
    /// given fractions of the rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there is no target, the tables have different columns, or step sizes and
    /// fractions do not fit together or to the rows.
    pub fn new(
        train: &'a Table,
        test: Option<&'a Table>,
        fractions: &[f64],
        step_sizes: &[f64],
    ) -> Result<Self> {
        let of = |table: &'a Table| {
            table.targets().ok_or_else(|| Error::argument("targets", "none", "a target for every row"))
        };
        if let Some(test) = test.filter(|test| test.features() != train.features()) {
            let allowed = format!("{}, as in the rows to train on", train.features());
            return Err(Error::argument("test features", test.features(), allowed));
        }
        if step_sizes.len() != fractions.len() {
            let allowed = format!("one for each of {} batches", fractions.len());
            return Err(Error::argument("step_sizes", format!("{} numbers", step_sizes.len()), allowed));
        }
        for &step_size in step_sizes {
            non_negative("step_sizes", step_size)?;
        }
        Ok(Self {
            train,
            targets: of(train)?,
            test: test.filter(|test| !test.is_empty()).map(|test| Ok((test, of(test)?))).transpose()?,
            batching: Batching::from_fractions(train.len(), fractions)?,
            step_sizes: step_sizes.to_vec(),
            method: Method::new(),
            draws: Draws::default(),
        })
    }

    /// The number of runs, or of partitions.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if it is 0.
    pub fn with_runs(self, runs: usize) -> Result<Self> {
        Ok(Self { draws: self.draws.with_count(runs)?, ..self })
    }

    /// Another method than plain descent. It starts at 0, and a preconditioner and noise are not taken part in.
    #[must_use]
    pub fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    /// The seed of partitions and orders.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.draws.seed = seed;
        self
    }

    /// Runs gradient descent, in parallel, each run with partitions and an order of its own. `progress` is told the number of finished runs.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] from [`Schedule::steps`].
    pub fn descend(
        &self,
        partition: Partition,
        schedule: &Schedule,
        epochs: usize,
        progress: Option<&(dyn Fn(usize) + Sync)>,
    ) -> Result<RunCurves> {
        let watch_train = Watch::new(self.train, self.targets);
        let watch_test = self.test.map(|(test, targets)| Watch::new(test, targets));
        let curves = self.draws.each(progress, |run, mut rng| {
            let mut stream = schedule_stream(self.draws.seed, run);
            let steps = schedule.steps(self.batching.batches(), epochs, &mut stream)?;
            let mut outputs = vec![DataOutput::default(); self.method.outputs().count()];
            self.run(partition, &steps, &mut rng, |i, beta| {
                outputs[i].train.push(watch_train.error(beta));
                outputs[i].test.extend(watch_test.as_ref().map(|watch| watch.error(beta)));
            });
            Ok(outputs)
        })?;
        let means = |i: usize| {
            let part = |part: fn(&DataOutput) -> &Vec<f64>| {
                mean_and_error(&curves.iter().map(|outputs| part(&outputs[i])).collect::<Vec<_>>())
            };
            (part(|output| &output.train), part(|output| &output.test))
        };
        let ((train, train_error), (test, test_error)) = means(0);
        let averages = (1..self.method.outputs().count()).map(|i| {
            let ((train, _), (test, _)) = means(i);
            DataOutput { train, test }
        });
        let averages = averages.collect();
        Ok(RunCurves { runs: self.draws.count, train, test, train_error, test_error, averages })
    }

    /// One run; `observe` sees the iterate and the averages of the method, by their number, at every time.
    fn run(
        &self,
        partition: Partition,
        steps: &[usize],
        rng: &mut impl Rng,
        mut observe: impl FnMut(usize, &[f64]),
    ) {
        let batches: Vec<std::ops::Range<usize>> = self.batching.rows().collect();
        let lifetime = partition.lifetime(batches.len(), steps.len());
        let mut order: Vec<usize> = (0..self.train.len()).collect();
        // All components start at 0, and the one of `beta*` stays there: errors from 0 are weights.
        let mut components = vec![vec![0.0; self.train.features()]; self.method.size()];
        let mut gradient = vec![0.0; self.train.features()];
        let mut query = gradient.clone();
        let mut along = vec![0.0; components.len()];
        for (s, batch) in steps.iter().map(Some).chain([None]).enumerate() {
            self.method.outputs().enumerate().for_each(|(i, component)| observe(i, &components[component]));
            let Some(&batch) = batch else { return };
            if s % lifetime == 0 {
                order.shuffle(rng);
            }
            query.fill(0.0);
            for (weight, component) in self.method.query(s).iter().zip(&components) {
                query.iter_mut().zip(component).for_each(|(query, entry)| *query += weight * entry);
            }
            let rows = &order[batches[batch].clone()];
            gradient.fill(0.0);
            for &row in rows {
                let x = self.train.row(row);
                let residual = (dot(x, &query) - self.targets[row]) / rows.len() as f64;
                gradient.iter_mut().zip(x).for_each(|(sum, x)| *sum += residual * x);
            }
            let linear = self.method.linear(s, steps.len(), self.step_sizes[batch], 1.0);
            for (i, gradient) in gradient.iter().enumerate() {
                along.iter_mut().zip(&components).for_each(|(entry, component)| *entry = component[i]);
                linear.step(&mut along, *gradient);
                components.iter_mut().zip(&along).for_each(|(component, entry)| component[i] = *entry);
            }
        }
    }

    /// Eigenvalues of `Z` for random partitions of the rows: exact means over the orders up to [`EXACT_BATCHES`]
    /// batches, means over sampled orders above.
    ///
    /// # Errors
    /// [`Error::Eigenvalues`] if `Z` overflows; [`Error::InvalidArgument`] if all step sizes are zero.
    pub fn spectra(&self, progress: Option<&(dyn Fn(usize) + Sync)>) -> Result<SampledSpectrum> {
        let columns = self.train.features();
        let eigenvalues = self.draws.each(progress, |_, mut rng| {
            let mut order: Vec<usize> = (0..self.train.len()).collect();
            order.shuffle(&mut rng);
            let features = DMatrix::from_fn(order.len(), columns, |i, j| self.train.row(order[i])[j]);
            let epoch = Epoch::new(&features, &self.batching, &self.step_sizes)?;
            let exact = self.batching.batches() <= EXACT_BATCHES;
            symmetric_eigenvalues(&if exact { epoch.z()? } else { epoch.sampled_z(ORDERINGS, &mut rng)? })
        })?;
        Ok(SampledSpectrum { features: columns, seed: self.draws.seed, eigenvalues })
    }
}

/// The mean square error of an iterate over rows: from `X^T X` where there are more rows than features, so that
/// watching every step costs no more than making it.
enum Watch<'a> {
    Quadratic { gram: DMatrix<f64>, cross: DVector<f64>, squares: f64 },
    Direct { table: &'a Table, targets: &'a [f64] },
}

impl<'a> Watch<'a> {
    fn new(table: &'a Table, targets: &'a [f64]) -> Self {
        let columns = table.features();
        if table.len() <= 2 * columns {
            return Self::Direct { table, targets };
        }
        let rows = table.len() as f64;
        let features = MatRef::from_row_major_slice(table.row_major(), table.len(), columns);
        let mut cross = DVector::zeros(columns);
        for (row, y) in targets.iter().enumerate() {
            cross.iter_mut().zip(table.row(row)).for_each(|(sum, x)| *sum += x * y / rows);
        }
        Self::Quadratic { gram: gram(features, 1.0 / rows), cross, squares: dot(targets, targets) / rows }
    }

    fn error(&self, beta: &[f64]) -> f64 {
        bounded(match self {
            Self::Quadratic { gram, cross, squares } => {
                let beta = DVector::from_column_slice(beta);
                (squares - 2.0 * cross.dot(&beta) + beta.dot(&(gram * &beta))).max(0.0)
            }
            Self::Direct { table, targets } => {
                let residual = |(row, y): (usize, &f64)| y - dot(table.row(row), beta);
                targets.iter().enumerate().map(residual).map(|r| r * r).sum::<f64>() / targets.len() as f64
            }
        })
    }
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::RowMajor;
    use crate::finite::{Entries, draw_stream};

    fn table(rows: usize, columns: usize, seed: u64) -> Table {
        let mut rng = draw_stream(seed, 0);
        let mut numbers = vec![0.0; rows * (columns + 1)];
        Entries::Gaussian.fill(&mut numbers, &mut rng).unwrap();
        let (features, targets) = numbers.split_at(rows * columns);
        Table::read(&RowMajor::new(features, columns, Some(targets)).unwrap()).unwrap()
    }

    /// One batch: `beta' = beta + alpha X^T (y - X beta) / n` in matrices, whatever the partition.
    #[test]
    fn a_single_batch_is_full_batch_descent() {
        for (rows, columns) in [(30, 4), (5, 9)] {
            let (train, test) = (table(rows, columns, 1), table(8, columns, 2));
            let x = DMatrix::from_row_slice(rows, columns, train.row_major());
            let y = DVector::from_column_slice(train.targets().unwrap());
            let runs = Runs::new(&train, Some(&test), &[1.0], &[0.2]).unwrap().with_runs(2).unwrap();
            for partition in [Partition::Fresh, Partition::Fixed] {
                let curves = runs.descend(partition, &Schedule::default(), 5, None).unwrap();
                let mut beta = DVector::zeros(columns);
                for (step, error) in curves.train.iter().enumerate() {
                    let residual = &y - &x * &beta;
                    assert!((error - residual.norm_squared() / rows as f64).abs() < 1e-13, "step {step}");
                    beta += 0.2 / rows as f64 * x.transpose() * residual;
                }
                assert_eq!((curves.train.len(), curves.test.len()), (6, 6));
                assert!(curves.train_error.iter().all(|&error| error < 1e-14));
            }
        }
    }

    /// With a batch for each row, an epoch of either partition meets every row once; with replacement it does not.
    #[test]
    fn partitions_are_renewed_when_they_should_be() {
        // Rows along different axes do not meet: after an epoch every row has been fitted with rate 1/2.
        let features: Vec<f64> = (0..16).map(|i| if i % 5 == 0 { 1.0 } else { 0.0 }).collect();
        let train = Table::read(&RowMajor::new(&features, 4, Some(&[1.0; 4])).unwrap()).unwrap();
        let runs = Runs::new(&train, None, &[0.25; 4], &[0.5; 4]).unwrap().with_runs(20).unwrap();
        for partition in [Partition::Fresh, Partition::Fixed] {
            let curves = runs.descend(partition, &Schedule::Cyclic, 2, None).unwrap();
            assert_eq!((curves.train[4], curves.train[8]), (0.25, 0.0625));
            assert_eq!(curves.train_error[4], 0.0);
        }
        let curves = runs.descend(Partition::Replacement, &Schedule::Cyclic, 2, None).unwrap();
        assert!(curves.train[4] > 0.26 && curves.train_error[4] > 0.0);
    }

    #[test]
    fn spectra_of_one_batch_are_those_of_the_sample_covariance() {
        let train = table(12, 3, 3);
        let x = DMatrix::from_row_slice(12, 3, train.row_major());
        let mut exact: Vec<f64> =
            (x.transpose() * x / 12.0).symmetric_eigenvalues().iter().copied().collect();
        exact.sort_by(f64::total_cmp);
        let runs = Runs::new(&train, None, &[1.0], &[0.2]).unwrap();
        for draw in runs.spectra(None).unwrap().eigenvalues {
            assert!(draw.iter().zip(&exact).all(|(found, exact)| (found - exact).abs() < 1e-13));
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let train = table(6, 2, 1);
        assert!(Runs::new(&train, Some(&table(6, 3, 1)), &[1.0], &[0.1]).is_err());
        assert!(Runs::new(&train, None, &[0.5, 0.5], &[0.1]).is_err());
        assert!(Runs::new(&train, None, &[1.0], &[-0.1]).is_err());
        assert!(Runs::new(&train, None, &[1.0 / 7.0; 7], &[0.1; 7]).is_err());
        let blind = Table::read(&RowMajor::new(&[1.0, 2.0], 1, None).unwrap()).unwrap();
        assert!(Runs::new(&blind, None, &[1.0], &[0.1]).is_err());
    }
}
