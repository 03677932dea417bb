//! The law of Z given the data.

use freespectra::data::{Partition, PartitionLaw, SampleSpectrum};
use num_complex::Complex64;

/// Values of `G_P(z)` for eigenvalues .2, 1, 3 with masses .3, .5, .2, from an independent implementation in
/// Python (subset lattice and symmetric blocks, inverses at every step), to all printed digits.
#[test]
fn reference_values() {
    let c = Complex64::new;
    let table = [
        (1, 0.3, 0.5, c(0.70, 0.10), c(-0.740764433072, -5.497841036303)),
        (2, 0.4, 0.5, c(0.44, 0.10), c(1.774375593668, -1.862947395523)),
        (2, 0.4, 0.5, c(0.44, 0.0), c(3.064154587069, 0.0)),
        (3, 0.3, 0.5, c(0.37, 0.10), c(1.959000917744, -2.371919877509)),
        (3, 0.3, 0.5, c(0.10, 0.0), c(-4.122707501804, -1.921169809975)),
        (4, 0.2, 2.0, c(0.44, 0.05), c(-0.743821480775, -0.201601282616)),
        (8, 0.1, 0.7, c(0.44, 0.05), c(2.785234533120, -1.426267899303)),
        (8, 0.1, 0.7, c(0.36, 0.0), c(16.103307753921, -7.762799526476)),
        (20, 0.04, 0.7, c(0.36, 0.05), c(4.173131266254, -5.366566921972)),
    ];
    let eigenvalues = [(0.2, 0.3), (1.0, 0.5), (3.0, 0.2)];
    let check = |partition: &Partition, aspect_ratio, z: Complex64, expected: Complex64| {
        let spectrum = SampleSpectrum::weighted(&eigenvalues, aspect_ratio, 100).unwrap();
        let law = PartitionLaw::new(&spectrum, partition).unwrap();
        // P = 1 - alpha B Z reverses the line.
        let step = partition.epoch_step();
        let found = -law.cauchy_transform((1.0 - z.conj()) / step).unwrap().conj() / step;
        println!("B = {}, z = {z}: {:e}", partition.batches(), (found - expected).norm());
        assert!((found - expected).norm() < 1e-11, "{partition:?}, z = {z}: {found} for {expected}");
    };
    for (batches, step_size, aspect_ratio, z, expected) in table {
        check(&Partition::equal(batches, step_size).unwrap(), aspect_ratio, z, expected);
    }
    let uneven = Partition::uneven(&[0.5, 0.3, 0.2], &[0.2; 3]).unwrap();
    check(&uneven, 0.5, c(0.58, 0.10), c(1.130318852278, -3.042539636044));
}
