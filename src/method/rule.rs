//! What a rule for steps has to tell.

use std::fmt::Debug;

/// A rule for steps that keeps some numbers besides the error, linear in all of them and in the gradient.
///
/// ```
/// use freespectra::method::{Method, Rule, RuleStep};
///
/// /// Steps along a gradient that remembers the last ones.
/// #[derive(Debug)]
/// struct Smoothed(f64);
///
/// impl Rule for Smoothed {
///     fn memory(&self) -> usize {
///         1
///     }
///
///     // g' = r g + (1 - r) G,  e' = e - step g'
///     fn step(&self, _: usize, step_size: f64, step: &mut RuleStep) {
///         let r = self.0;
///         step.set(1, &[0.0, r], 1.0 - r);
///         step.set(0, &[1.0, -step_size * r], -step_size * (1.0 - r));
///     }
/// }
/// assert!(Method::new().with_rule(Smoothed(0.9)).averages().is_empty());
/// ```
pub trait Rule: Debug + Send + Sync {
    /// Numbers that are kept besides the error. They start at 0.
    fn memory(&self) -> usize;

    /// Where the gradient of step `s` is taken, as weights of error and memory; the error itself unless this is overwritten.
    fn query(&self, s: usize, weights: &mut [f64]) {
        let _ = (s, weights);
    }

    /// Step of plain descent that slow gradients see, relative to the step size, if it is the same at all steps.
    fn settled_gain(&self) -> Option<f64> {
        None
    }

    /// Error and memory after step `s` in terms of those before it and of the gradient. What is not set stays.
    fn step(&self, s: usize, step_size: f64, step: &mut RuleStep);
}

/// `z' = A z + c G` for error and memory.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleStep {
    size: usize,
    matrix: Vec<f64>,
    pub(super) gain: Vec<f64>,
}

impl RuleStep {
    pub(super) fn identity(size: usize) -> Self {
        let matrix = (0..size * size).map(|i| if i % (size + 1) == 0 { 1.0 } else { 0.0 }).collect();
        Self { size, matrix, gain: vec![0.0; size] }
    }

    pub(super) fn matrix(&self, i: usize, j: usize) -> f64 {
        self.matrix[i * self.size + j]
    }

    /// Number `i` becomes this combination of those before the step, plus `gain` times the gradient. Weights beyond the memory
    /// and numbers that are not kept are ignored.
    pub fn set(&mut self, i: usize, weights: &[f64], gain: f64) {
        if i < self.size {
            let row = &mut self.matrix[i * self.size..(i + 1) * self.size];
            row.fill(0.0);
            row.iter_mut().zip(weights).for_each(|(entry, weight)| *entry = *weight);
            self.gain[i] = gain;
        }
    }
}
