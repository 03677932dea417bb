//! From rows to the spectrum, the target in the basis of the left singular vectors, and the leverages.
//!
//! With more rows than features, `W = X^T X / n = V diag(t) V^T` is summed block by block, and
//!
//! ```text
//! u_i^T y = v_i^T X^T y / (n t_i)^{1/2},       u_ij = x_i^T v_j / (n t_j)^{1/2}
//! ```
//!
//! the second in another pass over the rows. Until there are more rows than features the rows are
//! kept, and if there never are, `X X^T / n = U diag(t) U^T` gives all of it.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;

use super::certificate::Certificate;
use super::columns::{Preparation, Prepared};
use super::dataset::{Dataset, Target};
use super::repeats::{Fingerprints, Repeats};
use super::rows::{Block, Rows};
use crate::error::{Error, Result};
use crate::finite::eigenvalues::symmetric_eigen;

/// Largest side of a Gram matrix: it, its eigenvectors and the scratch are 15 GB.
const LARGEST_SIDE: usize = 25_000;

/// Most numbers in rows that are kept, 16 GiB.
const MOST_KEPT: usize = 1 << 31;

/// Columns of a Gram matrix that one task sums. Fixed, so that results do not depend on the threads.
const PANEL: usize = 64;

/// Rows whose leverages one task takes.
const CHUNK: usize = 128;

/// Bins of the histogram of leverages.
const BINS: usize = 40;

pub(super) fn decompose(rows: &dyn Rows, preparation: Preparation) -> Result<Dataset> {
    let mut measured = decompose_once(rows, preparation)?;
    if Certificate::sizes_differ(measured.shares.spread) {
        // Sizes alone raise the fourth moments: those of the rows made equal tell whether there is more to it.
        let equal = Resized { prepared: &measured.prepared, sizes: &measured.shares.sizes };
        measured.shares.fourth = decompose_once(&equal, Preparation::default())?.shares.fourth;
    }
    let Measured { mut data, shares, repeats, row_correlation, prepared } = measured;
    data.certificate =
        Certificate::new(shares.largest(), shares.spread, shares.fourth, row_correlation, repeats)
            .of_rows(data.rows);
    data.fourth_moments = shares.moments.clone();
    data.leverages = shares.histogram();
    data.columns = prepared.columns;
    Ok(data)
}

/// A data set without its certificate, and the measurements that go into that.
struct Measured<'a> {
    data: Dataset,
    shares: Sizes,
    repeats: Repeats,
    row_correlation: f64,
    prepared: Prepared<'a>,
}

fn decompose_once(rows: &dyn Rows, preparation: Preparation) -> Result<Measured<'_>> {
    if rows.features() == 0 {
        return Err(Error::argument("features", 0, "at least 1"));
    }
    let prepared = Prepared::new(rows, preparation)?;
    let mut sums = Sums::new(prepared.features());
    prepared.pass(&mut |_, block| sums.add(block))?;
    if sums.rows == 0 {
        return Err(Error::argument("rows", 0, "at least 1"));
    }
    let n = sums.rows as f64;
    let (mut gram, kept) = (std::mem::take(&mut sums.gram), std::mem::take(&mut sums.kept));
    let features = prepared.features();
    if sums.rows <= features {
        gram = vec![0.0; sums.rows * sums.rows];
        add_gram(&mut gram, sums.rows, MatRef::from_row_major_slice(&kept, sums.rows, features));
    }
    let side = sums.rows.min(features);
    let mut gram = DMatrix::from_vec(side, side, gram);
    gram /= n;
    let (values, basis) = symmetric_eigen(&gram)?;
    drop(gram);
    let rounding = sums.rows.max(features) as f64 * f64::EPSILON * values[side - 1];
    let kernel = values.iter().take_while(|&&t| t <= rounding.max(0.0)).count();
    let eigenvalues = values[kernel..].to_vec();
    let mut basis = basis.columns(kernel, side - kernel).into_owned();

    let mut shares = Shares::new(&eigenvalues, n);
    let projections = if sums.rows <= features {
        // Without a target there is nothing to project.
        sums.targets.resize(side, 0.0);
        let projections = basis.tr_mul(&DVector::from_vec(std::mem::take(&mut sums.targets)));
        shares.add(basis.transpose().as_slice());
        projections
    } else {
        for (mut vector, t) in basis.column_iter_mut().zip(&eigenvalues) {
            vector /= (n * t).sqrt();
        }
        let projections = basis.tr_mul(&DVector::from_column_slice(&sums.products));
        prepared.pass(&mut |_, block| {
            shares.add_rows(&basis, block.features);
            Ok(())
        })?;
        projections
    };
    let target = sums.has_target.unwrap_or(false).then(|| {
        let squares: Vec<f64> = projections.iter().map(|q| q * q).collect();
        let kernel = (sums.target_square - squares.iter().sum::<f64>()).max(0.0);
        Target { squares, kernel }
    });
    if shares.leverages.len() != sums.rows {
        let value = format!("{} rows in the second pass", shares.leverages.len());
        return Err(Error::argument("rows", value, format!("{} as in the first", sums.rows)));
    }
    let data = Dataset {
        rows: sums.rows,
        columns: Vec::new(),
        target_column: prepared.target,
        eigenvalues,
        target,
        leverages: Vec::new(),
        certificate: Certificate::of_equal_rows(),
        largest_row: sums.largest,
        fourth_moments: Vec::new(),
    };
    let row_correlation = sums.row_correlation();
    let repeats = sums.fingerprints.repeats(&shares.leverages);
    Ok(Measured { data, shares: shares.finish(), repeats, row_correlation, prepared })
}

/// Rows divided by the root of their size.
struct Resized<'a> {
    prepared: &'a Prepared<'a>,
    sizes: &'a [f64],
}

impl Rows for Resized<'_> {
    fn features(&self) -> usize {
        self.prepared.features()
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        let mut features = Vec::new();
        self.prepared.pass(&mut |before, block| {
            features.clear();
            for (row, size) in block.features.chunks_exact(self.features()).zip(&self.sizes[before..]) {
                // A row of size 0 is 0.
                let factor = if *size > 0.0 { size.sqrt().recip() } else { 0.0 };
                features.extend(row.iter().map(|x| factor * x));
            }
            visit(Block { features: &features, targets: None })
        })
    }
}

/// What the first pass sums.
struct Sums {
    features: usize,
    rows: usize,
    /// All rows, while they are not more than the features.
    kept: Vec<f64>,
    /// Lower triangle of `X^T X`, afterwards.
    gram: Vec<f64>,
    /// Targets of the rows kept.
    targets: Vec<f64>,
    has_target: Option<bool>,
    /// `X^T y`, `|y|^2`, sum of the rows, sum of their squares, sum of products of consecutive rows.
    products: Vec<f64>,
    target_square: f64,
    total: Vec<f64>,
    squares: f64,
    largest: f64,
    consecutive: f64,
    last: Vec<f64>,
    fingerprints: Fingerprints,
}

impl Sums {
    fn new(features: usize) -> Self {
        Self {
            features,
            rows: 0,
            kept: Vec::new(),
            gram: Vec::new(),
            targets: Vec::new(),
            has_target: None,
            products: vec![0.0; features],
            target_square: 0.0,
            total: vec![0.0; features],
            squares: 0.0,
            largest: 0.0,
            consecutive: 0.0,
            last: Vec::new(),
            fingerprints: Fingerprints::default(),
        }
    }

    fn add(&mut self, block: Block<'_>) -> Result<()> {
        let p = self.features;
        let rows = block.features.len() / p;
        if rows == 0 {
            return Ok(());
        }
        if *self.has_target.get_or_insert(block.targets.is_some()) != block.targets.is_some() {
            let value = format!("only in some rows, changing at row {}", self.rows + 1);
            return Err(Error::argument("targets", value, "in all rows or in none"));
        }
        self.small_sums(block);
        self.rows += rows;
        if self.rows > LARGEST_SIDE && p > LARGEST_SIDE {
            let allowed = format!("at most {LARGEST_SIDE} rows or at most {LARGEST_SIDE} features");
            return Err(Error::argument("data", format!("more than {LARGEST_SIDE} x {p}"), allowed));
        }
        if self.rows <= p {
            if self.rows.saturating_mul(p) > MOST_KEPT {
                let value = format!("at least {} x {p}", self.rows);
                return Err(Error::argument(
                    "data",
                    value,
                    "rows of at most 16 GiB where they are fewer than features",
                ));
            }
            self.kept.extend_from_slice(block.features);
            self.targets.extend_from_slice(block.targets.unwrap_or_default());
            return Ok(());
        }
        if self.gram.is_empty() {
            self.gram = vec![0.0; p * p];
            let kept = std::mem::take(&mut self.kept);
            self.targets = Vec::new();
            add_gram(&mut self.gram, p, MatRef::from_column_major_slice(&kept, p, kept.len() / p));
        }
        add_gram(&mut self.gram, p, MatRef::from_column_major_slice(block.features, p, rows));
        Ok(())
    }

    fn small_sums(&mut self, block: Block<'_>) {
        let targets = block.targets.unwrap_or_default();
        for (i, row) in block.features.chunks_exact(self.features).enumerate() {
            if let Some(y) = targets.get(i) {
                self.target_square += y * y;
                self.products.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * y);
            }
            self.total.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
            let square = row.iter().map(|x| x * x).sum::<f64>();
            self.squares += square;
            self.largest = self.largest.max(square);
            self.consecutive += self.last.iter().zip(row).map(|(a, b)| a * b).sum::<f64>();
            self.last.clear();
            self.last.extend_from_slice(row);
            self.fingerprints.add(row);
        }
    }

    /// Correlation of consecutive rows about the mean row; 0 where a sample of this size says nothing.
    fn row_correlation(&self) -> f64 {
        let n = self.rows as f64;
        let mean = self.total.iter().map(|sum| (sum / n).powi(2)).sum::<f64>();
        let variance = self.squares / n - mean;
        if self.rows < 2 || variance <= 1e-10 * self.squares / n {
            return 0.0;
        }
        let correlation = (self.consecutive / (n - 1.0) - mean) / variance;
        // Independent rows along one direction give a standard deviation of n^{-1/2}; four of them.
        if correlation.abs() * n.sqrt() < 4.0 { 0.0 } else { correlation }
    }
}

/// `target += factor factor^T`, lower triangle, for a `side x k` factor.
fn add_gram(target: &mut [f64], side: usize, factor: MatRef<'_, f64>) {
    target.par_chunks_mut(side * PANEL).enumerate().for_each(|(panel, columns)| {
        let (start, width) = (panel * PANEL, columns.len() / side);
        matmul(
            MatMut::from_column_major_slice_mut(columns, side, width).subrows_mut(start, side - start),
            Accum::Add,
            factor.subrows(start, side - start),
            factor.subrows(start, width).transpose(),
            1.0,
            Par::Seq,
        );
    });
}

/// How the rows share the directions: leverages of the rows, fourth moments of the directions.
struct Shares {
    samples: f64,
    /// `t / (t + lambda)` for each direction.
    filter: Vec<f64>,
    leverages: Vec<f64>,
    fourth: Vec<f64>,
}

impl Shares {
    fn new(eigenvalues: &[f64], samples: f64) -> Self {
        let mean = eigenvalues.iter().sum::<f64>() / samples;
        let filter = eigenvalues.iter().map(|t| t / (t + mean)).collect();
        Self { samples, filter, leverages: Vec::new(), fourth: vec![0.0; eigenvalues.len()] }
    }

    /// Adds rows of `U`, given one after another.
    fn add(&mut self, left: &[f64]) {
        if self.filter.is_empty() {
            return self.leverages.resize(self.samples as usize, 0.0);
        }
        let (leverages, fourth) = self.measure(left);
        self.leverages.extend(leverages);
        self.fourth.iter_mut().zip(fourth).for_each(|(sum, part)| *sum += part);
    }

    /// Adds rows of `X` with the basis that takes them to rows of `U`.
    fn add_rows(&mut self, basis: &DMatrix<f64>, features: &[f64]) {
        let (p, rank) = basis.shape();
        if rank == 0 {
            return self.leverages.resize(self.leverages.len() + features.len() / p, 0.0);
        }
        let basis = MatRef::from_column_major_slice(basis.as_slice(), p, rank);
        let parts: Vec<_> = features
            .par_chunks(CHUNK * p)
            .map(|rows| {
                let count = rows.len() / p;
                let mut left = vec![0.0; rank * count];
                matmul(
                    MatMut::from_column_major_slice_mut(&mut left, rank, count),
                    Accum::Replace,
                    basis.transpose(),
                    MatRef::from_column_major_slice(rows, p, count),
                    1.0,
                    Par::Seq,
                );
                self.measure(&left)
            })
            .collect();
        for (leverages, fourth) in parts {
            self.leverages.extend(leverages);
            self.fourth.iter_mut().zip(fourth).for_each(|(sum, part)| *sum += part);
        }
    }

    fn measure(&self, left: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut fourth = vec![0.0; self.filter.len()];
        let leverages = left.chunks_exact(self.filter.len()).map(|row| {
            let mut leverage = 0.0;
            for ((u, filter), fourth) in row.iter().zip(&self.filter).zip(&mut fourth) {
                leverage += u * u * filter;
                *fourth += (u * u).powi(2);
            }
            leverage
        });
        (leverages.collect(), fourth)
    }

    /// The sizes `l / (1 - l)`, scaled to mean 1.
    fn finish(self) -> Sizes {
        // A leverage is below 1 because the filter is, but for rounding.
        let mut sizes: Vec<f64> = self.leverages.iter().map(|l| l / (1.0 - l).max(f64::EPSILON)).collect();
        let n = sizes.len() as f64;
        let mean = sizes.iter().sum::<f64>() / n;
        sizes.iter_mut().for_each(|h| *h = if mean > 0.0 { *h / mean } else { 1.0 });
        let spread = (sizes.iter().map(|h| (h - 1.0).powi(2)).sum::<f64>() / n).sqrt();
        let moments: Vec<f64> = self.fourth.iter().map(|sum| self.samples * sum).collect();
        let fourth = moments.iter().copied().fold(0.0, f64::max);
        Sizes { sizes, spread, fourth, moments }
    }
}

/// Sizes of the rows, in their order, with their standard deviation, and the fourth moments of the directions with the
/// largest of them.
struct Sizes {
    sizes: Vec<f64>,
    spread: f64,
    fourth: f64,
    moments: Vec<f64>,
}

impl Sizes {
    fn largest(&self) -> f64 {
        self.sizes.iter().copied().fold(0.0, f64::max)
    }

    /// Means and weights of bins of equally many rows.
    fn histogram(mut self) -> Vec<(f64, f64)> {
        self.sizes.sort_by(f64::total_cmp);
        let count = self.sizes.len();
        let bins = BINS.min(count);
        let bounds = |bin: usize| bin * count / bins;
        let bin = |bin: usize| {
            let bin = &self.sizes[bounds(bin)..bounds(bin + 1)];
            (bin.iter().sum::<f64>() / bin.len() as f64, bin.len() as f64 / count as f64)
        };
        (0..bins).map(bin).collect()
    }
}
