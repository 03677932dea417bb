//! Train and test curves on given data: against an independent implementation, the abstract model, plain
//! descent and sampled runs.

use freespectra::data::{Curves, Dataset, StepSizes};
use freespectra::finite::Partition;

/// `n = 4` with spectrum and squares of the reference numbers.
fn small() -> Dataset {
    Dataset::from_spectrum(4, 3, &[0.0, 0.2, 1.0, 3.0], Some(&[0.5, 1.0, 2.0, 4.0])).unwrap()
}

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (s, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert!((found - expected).abs() <= tolerance, "{what}, step {s}: {found} against {expected}");
    }
}

/// From an independent implementation in Python, which iterates the doubled pencil of the whole trajectory
/// to its fixed point; partitions drawn anew carry their memory of labels over all epochs there.
#[test]
#[rustfmt::skip]
fn reference_numbers() {
    let two = [0, 1, 1, 0, 0, 1];
    let three = [0, 1, 2, 2, 0, 1];
    let cases: [(usize, &[usize], f64, Partition, &[f64], &[f64]); 6] = [
        (2, &two, 0.3, Partition::Fixed,
         &[1.875, 1.024462500000, 0.620606292187, 0.495914883729, 0.410569708960, 0.372582103445, 0.335565259471],
         &[1.875, 1.534762500000, 1.328080432500, 1.285815952727, 1.165276808089, 1.195603715183, 1.179387419014]),
        (2, &two, 0.3, Partition::Fresh,
         &[1.875, 1.024462500000, 0.620606292187, 0.478485595882, 0.370177238680, 0.342782451148, 0.293200739392],
         &[1.875, 1.534762500000, 1.328080432500, 1.269980761889, 1.177248889949, 1.199143475789, 1.177717448098]),
        (3, &three, 0.2, Partition::Fixed,
         &[1.875, 1.211900000000, 0.800233230000, 0.552099603328, 0.521100424131, 0.414086751267, 0.358654495189],
         &[1.875, 1.618512500000, 1.423453967500, 1.285226320300, 1.286667137848, 1.220451220049, 1.176479328442]),
        (3, &three, 0.2, Partition::Fresh,
         &[1.875, 1.211900000000, 0.800233230000, 0.552099603328, 0.491840222354, 0.421690594282, 0.351130647234],
         &[1.875, 1.618512500000, 1.423453967500, 1.285226320300, 1.269452640539, 1.229927430531, 1.178784445416]),
        (1, &[0, 0, 0, 0], 0.4, Partition::Fixed,
         &[1.875, 0.556600000000, 0.370498240000, 0.299980750336, 0.261705358284],
         &[1.875, 1.269550000000, 1.183661580000, 1.149274408568, 1.142513340734]),
        (4, &[0, 1, 2, 3], 0.2, Partition::Replacement,
         &[1.875, 1.400150000000, 1.108535420000, 0.916577159576, 0.783250777040],
         &[1.875, 1.724075000000, 1.613115202500, 1.530510170280, 1.468487931292]),
    ];
    let data = small();
    for (batches, steps, step_size, partition, train, test) in cases {
        let curves = Curves::new(&data, batches, StepSizes::Constant(step_size)).unwrap().with_partition(partition);
        let curve = curves.along(steps).unwrap();
        assert_close(&curve.train, train, 1e-11, &format!("train, {batches} {partition}"));
        assert_close(&curve.test, test, 1e-11, &format!("test, {batches} {partition}"));
    }
}
