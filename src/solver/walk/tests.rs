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

/// A reference number of an independent implementation of the law of Z; the same end from any distance.
#[test]
fn upper_edges_of_batched_descent() {
    let equation = equation(2, &[(1.0, 1.0)], 0.5);
    let mut workspace = equation.workspace();
    let far = crate::solver::Continuation::state_at_infinity(&equation, &mut workspace);
    let mut walked = |distance: f64| {
        let outside = equation.outside(-distance, &far, &mut workspace).unwrap();
        equation.walk(&outside, 1.0, &[], &mut workspace).unwrap()
    };
    let found = walked(4.0);
    assert!((found.z + 1.616_301_399_75).abs() <= 1e-10, "{}", found.z);
    assert!(found.evaluations < 180 && found.error < 1e-14, "{} {:e}", found.evaluations, found.error);
    for distance in [2.0, 3.0, 30.0, 1e3] {
        let other = walked(distance);
        assert!((other.z - found.z).abs() <= 1e-15, "{distance}: {:e}", other.z - found.z);
        assert!(other.evaluations < 300, "{distance}: {}", other.evaluations);
    }
}

/// Between the atom at 0 and the rest of the spectrum, whatever the size of the step: past the atom the unknowns change sign.
#[test]
fn the_other_side_of_an_atom() {
    let (ratio, root) = (700.0, f64::sqrt(700.0));
    let exact = [(root - 1.0).powi(2), (root + 1.0).powi(2)];
    for step in [1e-3, 1e-7, 1e-9] {
        // To first order in the step, the law of the full batch.
        let model =
            MiniBatch::builder().batches(9).aspect_ratio(ratio).epoch_step(step * 1e-3).build().unwrap();
        let law = model.law().unwrap();
        let [low, high] = law.support()[0];
        assert_eq!(law.support().len(), 1);
        let tolerance = 1e-11 + 2.0 * step;
        assert!(
            (low / exact[0] - 1.0).abs() < tolerance && (high / exact[1] - 1.0).abs() < tolerance,
            "{step}"
        );
    }
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

/// Both edges of Marchenko and Pastur from those of a neighbour, and those of eight batches as a walk from afar finds them.
#[test]
fn turning_points_of_neighbours() {
    for sign in [1.0, -1.0] {
        let edge = |ratio: f64| (1.0 + sign * f64::sqrt(ratio)).powi(2);
        let start = |ratio: f64| if sign > 0.0 { 1.5 * edge(ratio) } else { 0.5 * edge(ratio) };
        let from_afar = |equation: &Silverstein, ratio: f64| {
            end(equation, start(ratio), 1.0 / (1.0 - start(ratio)), -sign, &[])
        };
        let before = from_afar(&equation(1, &[(1.0, 1.0)], 0.5), 0.5);
        let turn = before.turn.unwrap();
        for ratio in [0.5, 0.499, 0.49, 0.51, 0.55] {
            let equation = equation(1, &[(1.0, 1.0)], ratio);
            let found = equation.turn_near(before.z, &turn, sign, &mut equation.workspace()).unwrap();
            assert!(
                (found.z + edge(ratio)).abs() <= 2e-15 * edge(ratio),
                "{ratio}: {} {}",
                found.z,
                edge(ratio)
            );
            assert!(found.evaluations < 80, "{}", found.evaluations);
            let [opening, exact] = [found.turn, from_afar(&equation, ratio).turn].map(|t| t.unwrap().opening);
            assert!((opening[0] / exact[0] - 1.0).abs() < 1e-4, "{} {}", opening[0], exact[0]);
            // There is no gap on the other side.
            let other = equation.turn_near(before.z, &turn, -sign, &mut equation.workspace());
            assert!(other.is_err() || ratio == 0.5, "{sign} {ratio} {other:?}");
        }
    }
    let far = |equation: &Silverstein| {
        let mut workspace = equation.workspace();
        let guess = crate::solver::Continuation::state_at_infinity(equation, &mut workspace);
        let outside = equation.outside(-4.0, &guess, &mut workspace).unwrap();
        equation.walk(&outside, 1.0, &[], &mut workspace).unwrap()
    };
    let before = far(&equation(8, &[(1.0, 0.5), (3.0, 0.5)], 0.5));
    let neighbour = equation(8, &[(1.0, 0.48), (3.1, 0.52)], 0.47);
    let workspace = &mut neighbour.workspace();
    let found = neighbour.turn_near(before.z, &before.turn.unwrap(), 1.0, workspace).unwrap();
    let exact = far(&neighbour);
    assert!((found.z - exact.z).abs() <= 1e-14, "{} {}", found.z, exact.z);
    assert!(3 * found.evaluations < 2 * exact.evaluations, "{} {}", found.evaluations, exact.evaluations);
}
