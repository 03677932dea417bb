use num_complex::Complex64;

use super::*;
use crate::minibatch::MiniBatch;
use crate::population::Population;
use crate::solver::{Silverstein, SolverOptions};

/// The equation of `P - I` for an epoch step of 1, which is `-Z`.
fn equation(batches: usize, atoms: &[(f64, f64)], aspect_ratio: f64) -> Silverstein {
    let population = Population::atoms(atoms).unwrap();
    let model = MiniBatch::builder().batches(batches).epoch_step(1.0).aspect_ratio(aspect_ratio);
    let pencil = model.population(population.clone()).build().unwrap().pencil().unwrap();
    Silverstein::new(pencil, population, SolverOptions::default()).unwrap()
}

/// The end of the gap around `-start` in `Z`, next to the guess `1 / (z + 1)`.
fn end(equation: &Silverstein, start: f64, guess: f64, sign: f64, places: &[Runaway]) -> End {
    let mut workspace = equation.workspace();
    let guess = vec![Complex64::from(guess); equation.dimension()];
    let outside = equation.outside(-start, &guess, &mut workspace).unwrap();
    equation.walk(&outside, -sign, places, &mut workspace).unwrap()
}

#[test]
fn edges_of_marchenko_pastur() {
    for ratio in [1e-3, 0.3, 0.5, 1.0 + 1e-6, 2.0, 1e4] {
        let equation = equation(1, &[(1.0, 1.0)], ratio);
        let upper = (1.0 + f64::sqrt(ratio)).powi(2);
        let found = end(&equation, 1.5 * upper, 1.0 / (1.0 - 1.5 * upper), -1.0, &[]);
        assert!((found.z + upper).abs() <= 1e-15 * upper, "{ratio}: {} {upper}", found.z);
        assert!(found.turn.is_some() && found.evaluations < 150);
    }
}

/// The gap around 1 of two atoms: the critical values of `z(u) = u + gamma u sum w t / (u - t)` (Silverstein and Choi,
/// J. Multivariate Anal. 54, 1995), in double precision.
#[test]
fn both_edges_of_a_gap() {
    let (t, ratio) = ([0.1, 3.0], 0.2);
    let equation = equation(1, &t.map(|t| (t, 0.5)), ratio);
    let z = |u: f64| u + ratio * u * t.iter().map(|t| 0.5 * t / (u - t)).sum::<f64>();
    let slope = |u: f64| 1.0 - ratio * t.iter().map(|t| 0.5 * (t / (u - t)).powi(2)).sum::<f64>();
    for (sign, [mut low, mut high]) in [(-1.0, [0.1001, 0.6]), (1.0, [0.6, 2.999])] {
        for _ in 0..200 {
            let middle = 0.5 * (low + high);
            if (slope(middle) > 0.0) == (sign < 0.0) { high = middle } else { low = middle }
        }
        let exact = z(low);
        let found = end(&equation, 0.6, 1.0, sign, &[]);
        assert!((found.z + exact).abs() <= 4e-16 * exact, "{} {exact}", -found.z);
    }
}

/// Reference numbers of an independent implementation of the law of Z.
#[test]
fn upper_edges_of_batched_descent() {
    let (batches, edge) = (2, 1.616_301_399_75);
    let equation = equation(batches, &[(1.0, 1.0)], 0.5);
    let mut workspace = equation.workspace();
    let far = crate::solver::Continuation::state_at_infinity(&equation, &mut workspace);
    let outside = equation.outside(-4.0, &far, &mut workspace).unwrap();
    let found = equation.walk(&outside, 1.0, &[], &mut workspace).unwrap();
    assert!((found.z + edge).abs() <= 1e-10, "{}", found.z);
    assert!(found.evaluations < 250, "{}", found.evaluations);
}

/// `gamma = 1` has a hard edge at 0, `gamma = 2` an atom.
#[test]
fn the_curve_runs_off_at_singular_ends() {
    let unknown = Runaway { at: 0.0, power: None };
    for (ratio, place, evaluations) in [
        (1.0, Runaway::hard_edge(0.0), 200),
        (2.0, Runaway::atom(0.0), 200),
        (1.0, unknown, 900),
        (2.0, unknown, 900),
    ] {
        let equation = equation(1, &[(1.0, 1.0)], ratio);
        let found = end(&equation, -1.0, 0.3, 1.0, &[place]);
        assert!(found.evaluations < evaluations, "{ratio} {place:?}: {}", found.evaluations);
        assert_eq!((found.z, found.turn), (0.0, None));
    }
}
