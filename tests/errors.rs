//! Solves that fail say which of the things that can happen has happened, in the variable of the caller.

use freespectra::law::CauchyTransform;
use freespectra::minibatch::MiniBatchBuilder;
use freespectra::population::Atom;
use freespectra::solver::Solution;
use freespectra::solver::SolverOptions;
use freespectra::{Error, MiniBatch, Result, SpectralLaw};
use num_complex::Complex64;

/// Four batches, epoch step 0.5: `z = -(w - 0) / 0.5` for the argument `w` of the pencil.
const EPOCH_STEP: f64 = 0.5;

fn model() -> MiniBatchBuilder {
    MiniBatch::builder().batches(4).epoch_step(EPOCH_STEP)
}

fn real(x: f64) -> Complex64 {
    Complex64::new(x, 0.0)
}

#[test]
fn a_point_out_of_reach() {
    let transform = model().build().unwrap().transform(SolverOptions::default()).unwrap();
    match transform.solve(real(1e20), &mut transform.workspace()) {
        Err(Error::OutOfReach { z }) => assert!((z.re / 1e20 - 1.0).abs() < 1e-12 && z.im == 0.0, "{z}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn too_few_iterations() {
    let options = SolverOptions { iteration_limit: 2, ..SolverOptions::default() };
    match model().build().unwrap().law_with(options) {
        Err(error @ Error::NotConverged { z, residual, iterations, tolerance }) => {
            assert!(residual > tolerance && residual < 1.0 && iterations >= 2, "{error}");
            assert_eq!(tolerance, 1e-13);
            // The far solution is looked for a few standard deviations above the mean, 0.828.
            assert!((z.re - 0.8276).abs() < 1e-3 && (2.0..10.0).contains(&z.im), "{z}");
            assert!(error.to_string().contains("loosen the tolerance"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn no_width_beyond_rounding() {
    match model().aspect_ratio(1e-300).build().unwrap().law() {
        Err(error @ Error::NoSpread { location, spread }) => {
            // Without noise in the covariance an epoch multiplies by (1 - 1/8)^4.
            let exact = (1.0 - 0.875f64.powi(4)) / EPOCH_STEP;
            assert!((location - exact).abs() < 1e-12 && spread < 1e-15, "{error}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_other_solution_of_the_equation() {
    let transform = model().build().unwrap().transform(SolverOptions::default()).unwrap();
    let mut workspace = transform.workspace();
    let solution = transform.solve(real(0.8), &mut workspace).unwrap();
    assert!(solution.cauchy.im < -0.1);
    // On the real axis the conjugate of a solution is one, too.
    let other: Vec<Complex64> = solution.state.iter().map(Complex64::conj).collect();
    match transform.solve_near(real(0.8), &other, &mut workspace) {
        Err(error @ Error::Unphysical { z, .. }) => {
            assert!((z - real(0.8)).norm() < 1e-12, "{z}");
            assert!(error.to_string().contains("not that of a probability law"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// A transform that may be asked only so often.
struct Limited<T>(T);

impl<T: CauchyTransform> CauchyTransform for Limited<T> {
    type Workspace = T::Workspace;

    fn workspace(&self) -> T::Workspace {
        self.0.workspace()
    }

    fn solve(&self, z: Complex64, workspace: &mut T::Workspace) -> Result<Solution> {
        self.0.solve(z, workspace)
    }

    fn solve_near(
        &self,
        z: Complex64,
        guess: &[Complex64],
        workspace: &mut T::Workspace,
    ) -> Result<Solution> {
        self.0.solve_near(z, guess, workspace)
    }

    fn location_scale(&self) -> (f64, f64) {
        self.0.location_scale()
    }

    fn landmarks(&self) -> Vec<f64> {
        self.0.landmarks()
    }

    fn atoms(&self) -> Vec<Atom> {
        self.0.atoms()
    }

    fn evaluation_limit(&self) -> usize {
        300
    }
}

#[test]
fn a_budget_that_is_spent() {
    let transform = model().build().unwrap().transform(SolverOptions::default()).unwrap();
    match SpectralLaw::build(&Limited(transform)) {
        Err(error @ Error::OutOfBudget { z, evaluations, limit: 300 }) => {
            assert!(evaluations > 300 && (-4.0..6.0).contains(&z.re), "{error}");
            assert!(error.to_string().contains("the limit being 300"), "{error}");
        }
        other => panic!("{other:?}"),
    }
}
