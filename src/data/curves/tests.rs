//! Properties that need nodes with weights.

use nalgebra::DMatrix;

use super::segment::Nodes;
use super::*;
use crate::MiniBatch;
use crate::finite::eigenvalues::symmetric_eigen;
use crate::minibatch::Trajectory;

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
            for s in 0..=120 {
                assert!((segment.medium.cavity.row(s)[s] / few_curve.test[s] - 1.0).abs() < 1e-11, "{s}");
            }
        }
    }
}
