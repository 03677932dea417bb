//! A fixed-point map next to the real line, and its derivatives by the complex step.

use num_complex::Complex64;

use crate::solver::fixed_point::{Factors, FixedPoint, Workspace};

/// The complex step: squares of it are below rounding, and far from underflow.
const STEP: f64 = 1e-40;

/// The map near the real line, on unknowns in units.
pub(super) struct Line<'a, E: FixedPoint + ?Sized> {
    equation: &'a E,
    workspace: &'a mut Workspace<E::Buffers>,
    pub(super) units: Vec<f64>,
    pub(super) evaluations: usize,
}

impl<'a, E: FixedPoint + ?Sized> Line<'a, E> {
    pub(super) fn new(
        equation: &'a E,
        state: &[Complex64],
        workspace: &'a mut Workspace<E::Buffers>,
    ) -> Self {
        let mut units = vec![1.0; state.len()];
        equation.begin(state, &mut units, &mut workspace.buffers);
        equation.follow_line(&mut workspace.buffers, true);
        Self { equation, workspace, units, evaluations: 0 }
    }

    pub(super) fn in_units(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.units).map(|(x, unit)| x * unit).collect()
    }

    fn evaluate(&mut self, z: Complex64, state: impl Fn(usize) -> Complex64) {
        self.evaluations += 1;
        for (i, unit) in self.units.iter().enumerate() {
            self.workspace.state[i] = state(i) * unit;
        }
        let Workspace { state, image, buffers, .. } = &mut *self.workspace;
        let root = self.equation.map(z, state, image, buffers);
        if root.is_nan() {
            image.fill(Complex64::new(f64::NAN, f64::NAN));
        }
    }

    /// `F(x; z)`.
    pub(super) fn map(&mut self, x: &[f64], z: f64) -> Vec<f64> {
        self.evaluate(z.into(), |i| x[i].into());
        let image = self.workspace.image.iter().zip(&self.units).map(|(image, unit)| image.re / unit);
        image.collect()
    }

    /// `v - F' v - F_z w`.
    pub(super) fn difference(&mut self, x: &[f64], z: f64, v: &[f64], w: f64) -> Vec<f64> {
        self.evaluate(Complex64::new(z, STEP * w), |i| Complex64::new(x[i], STEP * v[i]));
        let images = self.workspace.image.iter().zip(&self.units).zip(v);
        images.map(|((image, unit), v)| v - image.im / STEP / unit).collect()
    }

    /// The factors of the map at `(x; z)`, and their change in the direction `(v; w)`.
    pub(super) fn factors(&mut self, x: &[f64], z: f64, v: &[f64], w: f64) -> Factors {
        self.evaluate(Complex64::new(z, STEP * w), |i| Complex64::new(x[i], STEP * v[i]));
        let factors = self.equation.factors(&self.workspace.buffers);
        Factors { change: factors.change / STEP, ..factors }
    }

    /// `F_z`.
    pub(super) fn rate(&mut self, x: &[f64], z: f64) -> Vec<f64> {
        let rest = self.difference(x, z, &vec![0.0; x.len()], 1.0);
        rest.into_iter().map(|x| -x).collect()
    }
}

impl<E: FixedPoint + ?Sized> Drop for Line<'_, E> {
    fn drop(&mut self) {
        self.equation.follow_line(&mut self.workspace.buffers, false);
    }
}
