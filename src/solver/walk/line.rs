//! A fixed-point map on the real line, and its derivatives.

use num_complex::Complex64;

use crate::solver::fixed_point::{Factors, FixedPoint, Workspace};

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

    /// Takes the units of unknowns further on.
    pub(super) fn begin(&mut self, state: &[f64]) {
        let state: Vec<Complex64> = state.iter().copied().map(Complex64::from).collect();
        self.equation.begin(&state, &mut self.units, &mut self.workspace.buffers);
        self.equation.follow_line(&mut self.workspace.buffers, true);
    }

    pub(super) fn in_units(&self, x: &[f64]) -> Vec<f64> {
        x.iter().zip(&self.units).map(|(x, unit)| x * unit).collect()
    }

    /// Uses the workspace for something else in between.
    pub(super) fn beside<R>(&mut self, work: impl FnOnce(&E, &mut Workspace<E::Buffers>) -> R) -> R {
        let result = work(self.equation, self.workspace);
        self.equation.follow_line(&mut self.workspace.buffers, true);
        result
    }

    /// `F(x; z)`.
    pub(super) fn map(&mut self, x: &[f64], z: f64) -> Vec<f64> {
        self.evaluations += 1;
        let Workspace { state, image, buffers, .. } = &mut *self.workspace;
        for ((state, x), unit) in state.iter_mut().zip(x).zip(&self.units) {
            *state = (x * unit).into();
        }
        let root = self.equation.map(z.into(), state, image, buffers);
        if root.is_nan() {
            image.fill(Complex64::new(f64::NAN, f64::NAN));
        }
        image.iter().zip(&self.units).map(|(image, unit)| image.re / unit).collect()
    }

    /// `F' v + F_z w`.
    fn derivative(&mut self, x: &[f64], z: f64, v: &[f64], w: f64) -> Vec<f64> {
        self.evaluations += 1;
        let mut derivative = vec![0.0; x.len()];
        let (x, v) = (self.in_units(x), self.in_units(v));
        self.equation.derivative((z, w), (&x, &v), &mut derivative, self.workspace);
        derivative.iter_mut().zip(&self.units).for_each(|(entry, unit)| *entry /= unit);
        derivative
    }

    /// `v - F' v - F_z w`.
    pub(super) fn difference(&mut self, x: &[f64], z: f64, v: &[f64], w: f64) -> Vec<f64> {
        let images = self.derivative(x, z, v, w);
        images.iter().zip(v).map(|(image, v)| v - image).collect()
    }

    /// The factors of the map at `(x; z)`, and their change in the direction `(v; w)`.
    pub(super) fn factors(&mut self, x: &[f64], z: f64, v: &[f64], w: f64) -> Factors {
        self.derivative(x, z, v, w);
        self.equation.factors(&self.workspace.buffers)
    }

    /// `F_z`.
    pub(super) fn rate(&mut self, x: &[f64], z: f64) -> Vec<f64> {
        self.derivative(x, z, &vec![0.0; x.len()], 1.0)
    }
}

impl<E: FixedPoint + ?Sized> Drop for Line<'_, E> {
    fn drop(&mut self) {
        self.equation.follow_line(&mut self.workspace.buffers, false);
    }
}
