//! Error curves of any [`Method`] on given data.
//!
//! Along an eigenvector of the Gram matrix `X X^T / n` the residual `r = y - X beta` and the memory of the method are
//! the components of an abstract model that starts at 0, with `(u_i^T y)^2` for the mean square of its initial error: what
//! differs is the average over the rows, which are given while their split into batches is not. In the notation of the forward
//! pass, `g[s, v]` the response to minus the gradient of step `v`, averaged as `(1/n) sum_i t_i chi(t_i)`, and `C` the
//! covariance of the residuals averaged over the rows, a row sees the others through its cavity, with response `kappa` and
//! covariance `C'`:
//!
//! ```text
//! U = 1 - g D,     kappa = U^-1 g,     C' = U^-1 (C - g R g^T) U^-T
//! L = (1 - M kappa)^-1,     D = L M,   R = L V L^T - D C' D^T
//! ```
//!
//! with the mean answer `M` and the second moments `V` of the answers of a row that meets its batches at random, which
//! are those of an abstract model whose `p/n g` is `kappa` and whose `C + sigma^2` is `C'`. `D` and `R` are feedback and kicks
//! of the nodes. All are triangular or symmetric, and row `s` of each follows from the rows before. `C'[o, o]` is the test
//! error of an output `o`: it is that of a row never visited.

use super::super::dataset::{Dataset, Target};
use super::{DataCurve, DataOutput};
use crate::error::Result;
use crate::method::Method;
use crate::minibatch::trajectory::compress::rule;
use crate::minibatch::trajectory::node::{Direction, Nodes, Output, Row, Step, add_scaled, dot};
use crate::minibatch::trajectory::pass::{Medium, forward};
use crate::minibatch::trajectory::population::{Labels, Memory};
use crate::minibatch::trajectory::redrawn::Rows;

/// Answers of a row to the batches that it is in.
enum Answers {
    /// The same one for ever.
    Kept(Vec<Memory>),
    Redrawn(Rows),
}

impl Answers {
    /// Rows `s` of `M` and `V`.
    fn visit(
        &mut self,
        s: usize,
        batch: usize,
        fraction: f64,
        [response, cavity]: [&[f64]; 2],
        redrawn: f64,
    ) -> (Vec<f64>, Vec<f64>) {
        match self {
            Self::Redrawn(rows) => rows.visit(response, cavity, fraction),
            Self::Kept(memories) => {
                let memory = &mut memories[batch];
                let squares =
                    memory.visit(s, response, cavity, 1.0 / fraction, Labels { noise: 0.0, redrawn });
                let (mut mean, mut square) = (vec![0.0; s + 1], vec![0.0; s + 1]);
                let feedback = &memory.feedback[memory.feedback.len() - 1];
                for ((&visit, feedback), entry) in memory.visits.iter().zip(feedback).zip(squares) {
                    (mean[visit], square[visit]) = (*feedback, entry);
                }
                (mean, square)
            }
        }
    }
}

/// A row of `C'` with what it was made from.
struct Cavity {
    /// `(g D)` and the solution of `U Z = C - g R g^T`.
    felt: Vec<f64>,
    half: Vec<f64>,
    /// Column of `C' U^T` that belongs to it.
    column: Vec<f64>,
    row: Vec<f64>,
}

/// Tables over all steps so far. Symmetric ones are kept as full squares.
#[derive(Default)]
struct Tables {
    response: Vec<Vec<f64>>,
    felt: Vec<Vec<f64>>,
    feedback: Vec<Vec<f64>>,
    cavity_response: Vec<Vec<f64>>,
    through: Vec<Vec<f64>>,
    square: Vec<Vec<f64>>,
    kicks: Vec<Vec<f64>>,
    cavity: Vec<Vec<f64>>,
    half: Vec<Vec<f64>>,
}

/// `x T` for the rows of a table, of which as many count as `x` has entries.
fn combine(x: &[f64], table: &[Vec<f64>], length: usize) -> Vec<f64> {
    let mut sum = vec![0.0; length];
    for (factor, row) in x.iter().zip(table) {
        add_scaled(&mut sum, *factor, row);
    }
    sum
}

/// Adds a row, the last entry of which is on the diagonal, to a full symmetric table.
fn grow(table: &mut Vec<Vec<f64>>, row: Vec<f64>) {
    for (other, entry) in table.iter_mut().zip(&row) {
        other.push(*entry);
    }
    table.push(row);
}

impl Tables {
    /// The row of `C'` of a present with these averages; its last entry is the variance.
    fn cavity(&self, response: &[f64], correlation: &[f64], variance: f64) -> Cavity {
        let s = response.len();
        let felt = combine(response, &self.feedback, s);
        let kicked = combine(response, &self.kicks, s);
        let (mut half, mut row) = (Vec::with_capacity(s + 1), Vec::with_capacity(s + 1));
        let carried = combine(&felt, &self.half, s);
        for u in 0..s {
            half.push(correlation[u] - dot(&kicked, &self.response[u]) + carried[u]);
            row.push(half[u] + dot(&row, &self.felt[u]));
        }
        let column: Vec<f64> = (0..s).map(|w| row[w] - dot(&self.cavity[w], &felt)).collect();
        let last = variance - dot(&kicked, response) + dot(&felt, &column);
        half.push(last);
        row.push(last + dot(&row, &felt));
        Cavity { felt, half, column, row }
    }
}

/// The medium of given data.
struct Given<'a> {
    fractions: &'a [f64],
    steps: &'a [usize],
    redrawn: f64,
    answers: Answers,
    tables: Tables,
    times: Vec<usize>,
    curve: DataCurve,
}

impl Given<'_> {
    fn errors(&self, output: &Output) -> [f64; 2] {
        let cavity = self.tables.cavity(&output.response, &output.correlation, output.variance);
        [output.variance, cavity.row[cavity.row.len() - 1]]
    }
}

impl Medium for Given<'_> {
    fn observe(&mut self, s: usize, row: &Row) {
        let errors: Vec<[f64; 2]> = row.outputs.iter().map(|output| self.errors(output)).collect();
        let DataCurve { train, test, averages, .. } = &mut self.curve;
        let mut curves = vec![(train, test)];
        curves.extend(averages.iter_mut().map(|curve| (&mut curve.train, &mut curve.test)));
        for ((train, test), [training, testing]) in curves.into_iter().zip(errors) {
            (train[s], test[s]) = (training, testing);
        }
    }

    fn step(&mut self, s: usize, row: &Row) -> Step<'_> {
        let batch = self.steps[s];
        let tables = &mut self.tables;
        let response = row.response[1..=s].to_vec();
        let cavity = tables.cavity(&response, &row.correlation[..=s], row.correlation[s]);
        let mut cavity_response = combine(&cavity.felt, &tables.cavity_response, s);
        add_scaled(&mut cavity_response, 1.0, &response);
        let rows = [&cavity_response[..], &cavity.row];
        let (mean, square) = self.answers.visit(s, batch, self.fractions[batch], rows, self.redrawn);

        tables.cavity_response.push(cavity_response);
        let round = combine(&mean, &tables.cavity_response, s);
        let mut feedback = combine(&round, &tables.feedback, s + 1);
        add_scaled(&mut feedback, 1.0, &mean);
        let mut through = combine(&round, &tables.through, s + 1);
        through[s] += 1.0;
        tables.response.push(response);
        tables.felt.push(cavity.felt);
        for (half, entry) in tables.half.iter_mut().zip(&cavity.column) {
            half.push(*entry);
        }
        tables.half.push(cavity.half);
        grow(&mut tables.cavity, cavity.row);
        grow(&mut tables.square, square);
        tables.feedback.push(feedback);
        tables.through.push(through);
        let own = combine(&tables.through[s], &tables.square, s + 1);
        let seen = combine(&tables.feedback[s], &tables.cavity, s + 1);
        let kicks = tables.through.iter().zip(&tables.feedback);
        let kicks = kicks.map(|(through, feedback)| dot(&own, through) - dot(&seen, feedback)).collect();
        grow(&mut tables.kicks, kicks);
        self.times.push(s);
        Step { origin: s, visits: &self.times, feedback: &tables.feedback[s], kicks: &tables.kicks[s] }
    }
}

/// Measures of a data set, as nodes for a method.
fn directions(
    data: &Dataset,
    target: &Target,
    method: &Method,
    step_sizes: &[f64],
) -> Result<Vec<Direction>> {
    let n = data.rows() as f64;
    let eigenvalues = || data.eigenvalues().iter();
    let counting: Vec<_> = eigenvalues().map(|&t| (t, t / n)).collect();
    let squares: Vec<_> = eigenvalues().zip(&target.squares).map(|(&t, q)| (t, q / n)).collect();
    let counting = rule(&counting, method, step_sizes)?.into_iter().map(|(eigenvalue, weight)| Direction {
        eigenvalue,
        response: weight,
        correlation: weight,
        source: 0.0,
        kicked: true,
    });
    let mut target_nodes = rule(&squares, method, step_sizes)?;
    target_nodes.push((0.0, target.kernel / n));
    let signals = target_nodes.into_iter().map(|(eigenvalue, weight)| Direction {
        eigenvalue,
        response: 0.0,
        correlation: weight,
        source: 1.0,
        kicked: false,
    });
    Ok(counting.chain(signals).collect())
}

/// The curve of a method that starts at 0, along steps of these sizes on these batches; splits last for `lifetime` steps if
/// they are not kept.
pub(super) fn curve(
    (data, target): (&Dataset, &Target),
    method: &Method,
    fractions: &[f64],
    (steps, step_sizes): (&[usize], Vec<f64>),
    lifetime: Option<usize>,
) -> Result<DataCurve> {
    let length = steps.len() + 1;
    let blank = || vec![f64::MAX; length];
    let averages = method.averages().iter().map(|_| DataOutput { train: blank(), test: blank() }).collect();
    let curve = DataCurve { train: blank(), test: blank(), averages, diverged: None };
    let mut nodes = Nodes::new(&directions(data, target, method, &step_sizes)?, method, step_sizes, None);
    let redrawn = method.label_noise();
    let answers = match lifetime {
        Some(lifetime) => Answers::Redrawn(Rows::new(lifetime, redrawn, steps.len())),
        None => Answers::Kept(fractions.iter().map(|_| Memory::default()).collect()),
    };
    let tables = Tables::default();
    let mut medium = Given { fractions, steps, redrawn, answers, tables, times: Vec::new(), curve };
    let diverged = forward(&mut nodes, &mut medium, steps.len());
    Ok(DataCurve { diverged, ..medium.curve })
}
