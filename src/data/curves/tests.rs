//! Properties that need nodes with weights.

use nalgebra::DMatrix;

use super::panel::{Node, Panels};
use super::segment::Nodes;
use super::table::Table;
use super::*;
use crate::MiniBatch;
use crate::finite::eigenvalues::symmetric_eigen;
use crate::minibatch::Trajectory;
use crate::minibatch::trajectory::node::{Row, Step};
use crate::minibatch::trajectory::pass::Along;

/// Gauss rule of the Marchenko-Pastur law, from its Jacobi matrix.
fn marchenko_pastur(ratio: f64, size: usize) -> Vec<(f64, f64)> {
    let jacobi = DMatrix::from_fn(size, size, |i, j| match i.abs_diff(j) {
        0 if i == 0 => 1.0,
        0 => 1.0 + ratio,
        1 => ratio.sqrt(),
        _ => 0.0,
    });
    let (nodes, vectors) = symmetric_eigen(&jacobi).unwrap();
    nodes.into_iter().zip(vectors.row(0).iter().map(|v| v * v)).collect()
}

/// For white data the spectrum has the Marchenko-Pastur law, and `(1/n) E (u_i^T y)^2` along it is
/// `r^2 t + (p/n) sigma^2`: the curves are those of the abstract model.
#[test]
fn white_data_give_the_abstract_model() {
    let (ratio, signal, noise) = (0.5, 1.3, 0.4);
    let law = marchenko_pastur(ratio, 40);
    let counting = law.iter().map(|&(t, w)| (t, ratio * w * t)).collect();
    let mut target: Vec<_> = law.iter().map(|&(t, w)| (t, w * (signal * t + ratio * noise))).collect();
    target.push((0.0, (1.0 - ratio) * noise));
    let nodes = Nodes::of_measures(counting, target);
    let data = Dataset::from_spectrum(30, 15, &[1.0], Some(&[1.0])).unwrap();
    let steps = [0, 1, 2, 2, 0, 1, 1, 0, 2, 0, 1];
    for partition in [Partition::Fixed, Partition::Fresh, Partition::Replacement] {
        let fractions = [0.5, 0.3, 0.2];
        let curves = Curves::new(&data, 3, StepSizes::PerBatch(vec![0.3, 0.2, 0.1]))
            .and_then(|curves| curves.with_fractions(&fractions))
            .unwrap()
            .with_partition(partition);
        let curve = curves.curve(&curves.moves(&steps).unwrap(), &nodes).unwrap();
        let model = MiniBatch::builder()
            .batches(3)
            .aspect_ratio(ratio)
            .batch_fractions(&fractions)
            .step_sizes(&[0.3, 0.2, 0.1])
            .build()
            .unwrap();
        let abstract_curve = Trajectory::new(&model, |_| signal, noise)
            .and_then(|trajectory| trajectory.with_partition(partition).along(&steps))
            .unwrap();
        for s in 0..=steps.len() {
            let (test, train) = (abstract_curve.risk[s] + noise, abstract_curve.train[s]);
            assert!(
                (curve.test[s] - test).abs() < 1e-12,
                "{partition}, {s}: {} against {test}",
                curve.test[s]
            );
            assert!(
                (curve.train[s] - train).abs() < 1e-12,
                "{partition}, {s}: {} against {train}",
                curve.train[s]
            );
        }
    }
}

/// Few nodes give the curves of all atoms; and over a single split the cavity of the medium is the test
/// error that the memory over all splits finds from `U`.
#[test]
fn few_nodes_and_one_split() {
    let eigenvalues: Vec<f64> = (1..=300).map(|i| 3.0 * (f64::from(i) / 300.0).powi(3)).collect();
    let squares: Vec<f64> = (1..=300).map(|i| 1.0 + 4.0 * f64::from(i * 37 % 11)).collect();
    let data = Dataset::from_spectrum(400, 300, &eigenvalues, Some(&squares)).unwrap();
    for partition in [Partition::Fixed, Partition::Fresh] {
        let curves = Curves::new(&data, 10, StepSizes::Constant(0.25)).unwrap().with_partition(partition);
        let steps: Vec<usize> = (0..120).map(|s| (s * s + s / 10) % 10).collect();
        let moves = curves.moves(&steps).unwrap();
        let few = curves.nodes(&moves).unwrap();
        assert!(few.len() < 130, "{}", few.len());
        let atoms = |weight: &dyn Fn(usize) -> f64| {
            eigenvalues.iter().enumerate().map(|(i, &t)| (t, weight(i) / 400.0)).collect::<Vec<_>>()
        };
        let all = Nodes::of_measures(atoms(&|i| eigenvalues[i]), atoms(&|i| squares[i]));
        let [few_curve, all_curve] = [&few, &all].map(|nodes| curves.curve(&moves, nodes).unwrap());
        for s in 0..=120 {
            assert!((few_curve.train[s] / all_curve.train[s] - 1.0).abs() < 1e-10, "{partition}, {s}");
            assert!((few_curve.test[s] / all_curve.test[s] - 1.0).abs() < 1e-10, "{partition}, {s}");
        }
        if partition == Partition::Fixed {
            let segment = Segment::run(&few, &few.start(), &curves.fractions, &moves);
            let mut memory = Memory::new(121, few.counting(), few.len() - few.counting());
            memory.add(&segment, 121, 120);
            for (s, test) in memory.test_error().into_iter().enumerate() {
                assert!((few_curve.test[s] / test - 1.0).abs() < 1e-11, "{s}");
            }
        }
    }
}

/// On one split for many steps the nodes are as few as exponentials need, and the curves still those of all atoms.
#[test]
fn condensed_nodes() {
    let eigenvalues: Vec<f64> = (1..=150).map(|i| 0.1 + 2.8 * f64::from(i) / 150.0).collect();
    let squares: Vec<f64> = (1..=150).map(|i| 1.0 + 4.0 * f64::from(i * 37 % 11)).collect();
    let data = Dataset::from_spectrum(300, 150, &eigenvalues, Some(&squares)).unwrap();
    let curves = Curves::new(&data, 10, StepSizes::Constant(0.15)).unwrap();
    let moves = curves.moves(&(0..300).map(|s| (s * s + s / 10) % 10).collect::<Vec<_>>()).unwrap();
    let few = curves.nodes(&moves).unwrap();
    assert!(few.counting() <= 20, "{}", few.counting());
    let atoms = |weights: &[f64]| -> Vec<(f64, f64)> {
        eigenvalues.iter().zip(weights).map(|(&t, weight)| (t, weight / 300.0)).collect()
    };
    let all = Nodes::of_measures(atoms(&eigenvalues), atoms(&squares));
    let [few, all] = [&few, &all].map(|nodes| curves.curve(&moves, nodes).unwrap());
    for (few, all) in [(few.train, all.train), (few.test, all.test)] {
        for (s, (few, exact)) in few.iter().zip(&all).enumerate() {
            // Rounding is that of the start.
            assert!((few - exact).abs() < 1e-12 * exact + 2e-15 * all[0], "{s}: {few} {exact}");
        }
    }
}

/// Enough times for several blocks and enough nodes for several panels, with a return to the start on the way: the rows
/// along the nodes against the inverse of the matrix in time, `G = (Lambda - t R)^-1`, `K = G (q E_00 + k R N R^T) G^T`.
#[test]
fn rows_along_the_nodes() {
    let (steps, returns, source) = (75, 40, 0.3);
    let node =
        |i: u32| Node { eigenvalue: 0.03 * f64::from(i), weight: 0.01 + 1e-4 * f64::from(i % 7), source };
    let nodes: Vec<Node> = (0..70).map(node).collect();
    let feedback =
        |s: usize, u: usize| 0.02 * ((s * s + 3 * u) as f64).sin() - if s == u { 0.3 } else { 0.0 };
    let kick = |s: usize, u: usize| 0.1 * ((s * u) as f64).cos() / (1.0 + s.abs_diff(u) as f64);
    let visits = |s: usize| if s == returns { 0 } else { s + 1 };
    let known = |s: usize, u: usize| s != returns && u != returns && u <= s;

    let mut panels = Panels::new(&nodes, std::iter::empty(), steps + 1);
    let times: Vec<usize> = (0..steps).collect();
    for s in 0..steps {
        let feedback: Vec<f64> =
            (0..visits(s)).map(|u| if known(s, u) { feedback(s, u) } else { 0.0 }).collect();
        let kicks: Vec<f64> = (0..visits(s)).map(|u| if known(s, u) { kick(s, u) } else { 0.0 }).collect();
        let origin = if s == returns { 0 } else { s };
        let visits = &times[..visits(s)];
        panels.advance(s, &Step { origin, visits, feedback: &feedback, kicks: &kicks });
    }
    let mut row = Row::zeros(steps + 1);
    panels.average(steps, &mut row);

    let [mut mean_response, mut mean_correlation, mut mean_felt, mut mean_noise] =
        [0; 4].map(|_| vec![0.0; steps + 1]);
    for (i, node) in nodes.iter().enumerate() {
        let (t, k) = (node.eigenvalue, node.weight * node.eigenvalue);
        let mut matrix = DMatrix::<f64>::identity(steps + 1, steps + 1);
        let mut through = DMatrix::zeros(steps + 1, steps);
        let mut noise = DMatrix::zeros(steps, steps);
        for s in 0..steps {
            matrix[(s + 1, if s == returns { 0 } else { s })] -= 1.0;
            for u in (0..=s).filter(|&u| known(s, u)) {
                matrix[(s + 1, u)] -= t * feedback(s, u);
                through[(s + 1, u)] = feedback(s, u);
                noise[(s, u)] = kick(s, u);
                noise[(u, s)] = kick(s, u);
            }
        }
        let response = matrix.try_inverse().unwrap();
        let felt = &response * through;
        let felt_noise = &felt * noise;
        let start = response.column(0);
        let correlation = start * start.transpose() * source + &felt_noise * felt.transpose() * k;
        for u in 0..=steps {
            mean_response[u] += node.weight * response[(steps, u)];
            mean_correlation[u] += correlation[(steps, u)];
            assert!((panels.path(i, u) - response[(u, 0)]).abs() < 1e-12, "path {i}, {u}");
            assert!(
                (panels.correlation(i, u) - correlation[(steps, u)]).abs() < 1e-12,
                "correlation {i}, {u}"
            );
        }
        for v in 0..steps {
            mean_felt[v] += node.weight * felt[(steps, v)];
            mean_noise[v] += node.weight * felt_noise[(steps, v)];
            let expected = node.weight * response[(steps, v + 1)];
            assert!((panels.response(i, v) - expected).abs() < 1e-12, "response {i}, {v}");
        }
    }
    for u in 0..=steps {
        assert!((row.response[u] - mean_response[u]).abs() < 1e-12, "{u}");
        assert!((row.correlation[u] - mean_correlation[u]).abs() < 1e-12, "{u}");
        assert!((row.felt[u] - mean_felt[u]).abs() < 1e-12, "{u}");
        assert!((row.noise[u] - mean_noise[u]).abs() < 1e-12, "{u}");
    }
}

/// Tables that take several tasks, and fewer rows than there is room for.
#[test]
fn products_with_tables() {
    let (size, rows) = (420, 400);
    let entry = |s: usize, u: usize| if u < s { 0.01 * ((s * 7 + u * u) as f64).sin() } else { 0.0 };
    let mut table = Table::zeros(size);
    for s in 0..rows {
        table.push(&(0..s).map(|u| entry(s, u)).collect::<Vec<_>>());
    }
    let factors: Vec<f64> = (0..rows).map(|s| (s as f64).cos()).collect();
    let (product, solution) = (table.lower(&factors), table.solve(factors.clone()));
    for u in 0..rows {
        let sum = |of: &dyn Fn(usize) -> f64| (0..rows).map(of).sum::<f64>();
        assert!((product[u] - sum(&|s| factors[s] * entry(s, u))).abs() < 1e-12, "{u}");
        assert!((solution[u] + sum(&|s| entry(u, s) * solution[s]) - factors[u]).abs() < 1e-12, "{u}");
    }
}

#[test]
fn curves_do_not_depend_on_the_threads() {
    let eigenvalues: Vec<f64> = (1..=300).map(|i| 0.01 * f64::from(i)).collect();
    let data = Dataset::from_spectrum(400, 300, &eigenvalues, Some(&[1.5; 300])).unwrap();
    let curves = Curves::new(&data, 10, StepSizes::Constant(0.1)).unwrap();
    let steps: Vec<usize> = (0..400).map(|s| (s * s + s / 10) % 10).collect();
    let [one, three] = [1, 3].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| curves.along(&steps).unwrap())
    });
    assert_eq!(one, three);
}
