//! The law of Z against reference densities and exact moments.
//!
//! The densities come from an independent implementation in Python (subset lattice and symmetric
//! blocks, inverses at every step), evaluated on the real axis to all printed digits.

use freespectra::{MiniBatch, Population, SpectralLaw};

fn law(batches: usize, step_size: f64, aspect_ratio: f64) -> SpectralLaw {
    let model = MiniBatch::builder().batches(batches).step_size(step_size).aspect_ratio(aspect_ratio);
    model.build().unwrap().law().unwrap()
}

#[test]
fn densities_of_z() {
    let table = [
        (2, 0.4, 0.5, [0.8263020596924, 0.6453232921464, 0.5947878439673]),
        (3, 0.3, 0.5, [0.8486055909013, 0.7337731918877, 0.8498761676665]),
        (8, 0.1, 0.7, [0.7303099261422, 0.6052615129365, 0.6982797811636]),
        (2, 0.3, 2.0, [0.1797006954971, 0.1867846626262, 0.1699837482793]),
    ];
    for (batches, step_size, aspect_ratio, densities) in table {
        let law = law(batches, step_size, aspect_ratio);
        for (x, density) in [0.3, 0.7, 1.1].into_iter().zip(densities) {
            let found = law.density(x);
            assert!((found - density).abs() < 1e-10, "B = {batches}, x = {x}: {found} against {density}");
        }
    }
}

#[test]
fn full_batch_is_marchenko_pastur() {
    for aspect_ratio in [0.1f64, 0.5, 0.9, 1.0, 2.0, 5.0] {
        let law = law(1, 0.3, aspect_ratio);
        let low = (1.0 - aspect_ratio.sqrt()).powi(2);
        let high = (1.0 + aspect_ratio.sqrt()).powi(2);
        let support = law.support();
        assert_eq!(support.len(), 1);
        assert!((support[0][0] - low).abs() < 1e-10 && (support[0][1] - high).abs() < 1e-10, "{support:?}");
        for i in 1..=1000 {
            let x = low + (high - low) * (0.01 + 0.98 * f64::from(i) / 1001.0);
            let exact = ((high - x) * (x - low)).sqrt() / (2.0 * std::f64::consts::PI * aspect_ratio * x);
            let found = law.density(x);
            assert!(
                (found - exact).abs() < 1e-11,
                "gamma = {aspect_ratio}, x = {x}: {found} against {exact}"
            );
        }
        let kernel: f64 = law.atoms().iter().map(|atom| atom.mass).sum();
        assert!((kernel - (1.0 - 1.0 / aspect_ratio).max(0.0)).abs() < 1e-15);
    }
}

#[test]
fn mean_of_the_epoch_operator() {
    for (batches, epoch_step, aspect_ratio) in [(1, 0.7, 0.5), (2, 1.0, 0.5), (5, 1.3, 0.2), (16, 0.9, 0.8)] {
        let model = MiniBatch::builder().batches(batches).epoch_step(epoch_step).aspect_ratio(aspect_ratio);
        let law = model.build().unwrap().epoch_operator_law().unwrap();
        let exact = (1.0 - epoch_step / batches as f64).powi(batches as i32);
        assert!((law.total_mass() - 1.0).abs() < 1e-9);
        assert!((law.mean() - exact).abs() < 1e-9, "B = {batches}: {} against {exact}", law.mean());
    }
}

#[test]
fn both_pencils_agree() {
    use freespectra::law::CauchyTransform;
    use freespectra::solver::SolverOptions;
    use num_complex::Complex64;
    let two_atoms = Population::atoms(&[(0.5, 0.3), (2.0, 0.7)]).unwrap();
    for batches in 1..=6 {
        for (aspect_ratio, epoch_step, population) in [
            (0.6, 0.8, Population::identity()),
            (2.5, 0.4, Population::identity()),
            (0.4, 0.5, two_atoms.clone()),
        ] {
            let builder = MiniBatch::builder().batches(batches).epoch_step(epoch_step);
            let model = builder.aspect_ratio(aspect_ratio).population(population).build().unwrap();
            let options = SolverOptions::default();
            let symmetric = model.transform(options).unwrap();
            let lattice = model.transform_of(model.lattice_pencil().unwrap(), options).unwrap();
            for z in [(0.4, 0.0), (0.7, 0.0), (0.8, 0.3), (-0.5, 0.1), (-0.5, 0.0)] {
                let z = Complex64::new(z.0, z.1);
                let a = symmetric.solve(z, &mut symmetric.workspace()).unwrap().cauchy;
                let b = lattice.solve(z, &mut lattice.workspace()).unwrap().cauchy;
                assert!((a - b).norm() < 1e-12, "{model:?}, z = {z}: {a} against {b}");
            }
        }
    }
}
