//! The exact epoch operator against its definition: products over explicit orderings.

use approx::assert_abs_diff_eq;
use freespectra::Population;
use freespectra::finite::{
    Batching, Entries, Epoch, MonteCarlo, Route, draw_stream, sample_features, symmetric_eigenvalues,
};
use nalgebra::DMatrix;

type Matrix = DMatrix<f64>;

const FEATURES: usize = 9;

fn features(samples: usize, seed: u64) -> Matrix {
    let population = Population::atoms(&[(0.5, 0.4), (1.5, 0.6)]).unwrap().eigenvalues(FEATURES);
    sample_features(samples, &population, Entries::Gaussian, &mut draw_stream(seed, 0)).unwrap()
}

/// `W_b` of every batch, straight from the definition.
fn covariances(features: &Matrix, sizes: &[usize]) -> Vec<Matrix> {
    let mut start = 0;
    sizes
        .iter()
        .map(|&size| {
            let batch = features.rows(start, size).into_owned();
            start += size;
            batch.transpose() * &batch / size as f64
        })
        .collect()
}

/// `M_b = I - alpha_b W_b`.
fn factors(features: &Matrix, sizes: &[usize], step_sizes: &[f64]) -> Vec<Matrix> {
    let identity = Matrix::identity(FEATURES, FEATURES);
    covariances(features, sizes).iter().zip(step_sizes).map(|(w, &step)| &identity - w * step).collect()
}

/// All orderings of `items`.
fn orderings(items: &[usize]) -> Vec<Vec<usize>> {
    if items.is_empty() {
        return vec![vec![]];
    }
    let mut all = Vec::new();
    for (position, &first) in items.iter().enumerate() {
        let mut rest = items.to_vec();
        rest.remove(position);
        for mut ordering in orderings(&rest) {
            ordering.insert(0, first);
            all.push(ordering);
        }
    }
    all
}

/// Mean of the products over all orderings of the given batches.
fn mean_of_products(factors: &[Matrix], batches: &[usize]) -> Matrix {
    let all = orderings(batches);
    let mut sum = Matrix::zeros(FEATURES, FEATURES);
    for ordering in &all {
        sum +=
            ordering.iter().fold(Matrix::identity(FEATURES, FEATURES), |product, &b| &factors[b] * product);
    }
    sum / all.len() as f64
}

/// `P` by the recursion over all subsets, `P_S = (1/|S|) sum_b M_b P_{S \ b}`.
fn recursion_over_subsets(factors: &[Matrix]) -> Matrix {
    let subsets = 1usize << factors.len();
    let mut means = vec![Matrix::identity(FEATURES, FEATURES)];
    for subset in 1..subsets {
        let members = (0..factors.len()).filter(|b| subset >> b & 1 == 1);
        let sum: Matrix = members.map(|b| &factors[b] * &means[subset & !(1 << b)]).sum();
        means.push(sum / f64::from(subset.count_ones()));
    }
    means.pop().unwrap()
}

#[test]
fn mean_operator_is_the_mean_over_all_orderings() {
    let cases: [(&[usize], &[f64]); 6] = [
        (&[11], &[0.3]),
        (&[8, 8], &[0.4, 0.4]),
        (&[12, 5], &[0.2, 0.5]),
        (&[7, 7, 7], &[0.3, 0.3, 0.3]),
        (&[10, 4, 6], &[0.1, 0.4, 0.25]),
        (&[3, 9, 5, 4], &[0.15, 0.3, 0.2, 0.35]),
    ];
    for (sizes, step_sizes) in cases {
        let data = features(sizes.iter().sum(), 1);
        let batching = Batching::from_sizes(sizes.to_vec()).unwrap();
        let epoch = Epoch::new(&data, &batching, step_sizes).unwrap();
        let all: Vec<usize> = (0..sizes.len()).collect();
        let expected = mean_of_products(&factors(&data, sizes, step_sizes), &all);
        assert_abs_diff_eq!(epoch.mean_operator().unwrap(), expected, epsilon = 1e-12);
        let total: f64 = step_sizes.iter().sum();
        let z = epoch.z().unwrap();
        assert_abs_diff_eq!(z, (Matrix::identity(FEATURES, FEATURES) - expected) / total, epsilon = 1e-12);
        assert_eq!(z, z.transpose());
    }
}

#[test]
fn polarisation_agrees_with_the_recursion_over_subsets() {
    for batches in 5..=9 {
        let sizes: Vec<usize> = (0..batches).map(|b| 3 + b % 4).collect();
        let step_sizes: Vec<f64> = (0..batches).map(|b| 0.05 + 0.02 * b as f64).collect();
        let data = features(sizes.iter().sum(), 2);
        let batching = Batching::from_sizes(sizes.clone()).unwrap();
        let operator = Epoch::new(&data, &batching, &step_sizes).unwrap().mean_operator().unwrap();
        let expected = recursion_over_subsets(&factors(&data, &sizes, &step_sizes));
        assert_abs_diff_eq!(operator, expected, epsilon = 1e-12);
    }
}

#[test]
fn effects_before_are_means_over_the_preceding_batches() {
    let (sizes, step_sizes) = ([4, 7, 3, 5], [0.3, 0.1, 0.25, 0.2]);
    let data = features(sizes.iter().sum(), 3);
    let batching = Batching::from_sizes(sizes.to_vec()).unwrap();
    let effects = Epoch::new(&data, &batching, &step_sizes).unwrap().effects_before().unwrap();
    let factors = factors(&data, &sizes, &step_sizes);
    let all = orderings(&[0, 1, 2, 3]);
    for (b, effect) in effects.iter().enumerate() {
        let mut mean = Matrix::zeros(FEATURES, FEATURES);
        for ordering in &all {
            let before = ordering.iter().take_while(|&&other| other != b);
            mean += before
                .fold(Matrix::identity(FEATURES, FEATURES), |product, &other| &factors[other] * product);
        }
        assert_abs_diff_eq!(*effect, mean / all.len() as f64, epsilon = 1e-12);
    }
}

#[test]
fn z_is_a_cross_covariance() {
    const ALPHA: f64 = 0.3;
    for sizes in [&[10][..], &[6, 6], &[5, 5, 5], &[4, 4, 4, 4], &[9, 3, 5], &[2, 8, 5, 3]] {
        let samples: usize = sizes.iter().sum();
        let data = features(samples, 4);
        let batching = Batching::from_sizes(sizes.to_vec()).unwrap();
        // Every sample has to weigh the same: alpha_b = alpha n_b B / n.
        let step_sizes: Vec<f64> =
            sizes.iter().map(|&size| ALPHA * (size * sizes.len()) as f64 / samples as f64).collect();
        let epoch = Epoch::new(&data, &batching, &step_sizes).unwrap();
        let weighted = epoch.weighted_features().unwrap();
        let z = epoch.z().unwrap();
        assert_abs_diff_eq!(data.transpose() * &weighted / samples as f64, z, epsilon = 1e-12);
        assert_abs_diff_eq!(weighted.transpose() * &data / samples as f64, z, epsilon = 1e-12);
    }
}

#[test]
fn one_and_two_batches_in_closed_form() {
    let data = features(14, 5);
    let whole = data.transpose() * &data / 14.0;
    let one = Batching::equal(14, 1).unwrap();
    assert_abs_diff_eq!(Epoch::new(&data, &one, &[0.7]).unwrap().z().unwrap(), whole, epsilon = 1e-12);

    let two = Batching::equal(14, 2).unwrap();
    let w = covariances(&data, &[7, 7]);
    let expected = &whole - (&w[0] * &w[1] + &w[1] * &w[0]) * (0.4 / 4.0);
    assert_abs_diff_eq!(Epoch::new(&data, &two, &[0.4; 2]).unwrap().z().unwrap(), expected, epsilon = 1e-12);
}

#[test]
fn tiny_steps_lose_no_digits() {
    // Z = W - O(alpha), where (I - P) / alpha from P itself would be off by 1e-16 / alpha = 1e-4.
    let data = features(12, 6);
    let batching = Batching::equal(12, 6).unwrap();
    let z = Epoch::new(&data, &batching, &[1e-12; 6]).unwrap().z().unwrap();
    assert_abs_diff_eq!(z, data.transpose() * &data / 12.0, epsilon = 1e-9);
}

#[test]
fn sampled_orderings_tend_to_the_exact_mean() {
    // Batches of 3 rows are applied through their rows, those of 12 as matrices.
    for (batches, rows) in [(4, 3), (3, 12)] {
        let data = features(batches * rows, 7);
        let batching = Batching::equal(batches * rows, batches).unwrap();
        let step_sizes = vec![0.3; batches];
        let epoch = Epoch::new(&data, &batching, &step_sizes).unwrap();
        let exact = epoch.z().unwrap();
        // Mean square error of one ordering with its reverse, from all of them.
        let factors = factors(&data, &vec![rows; batches], &step_sizes);
        let total: f64 = step_sizes.iter().sum();
        let all = orderings(&(0..batches).collect::<Vec<_>>());
        let mean_square: f64 = all
            .iter()
            .map(|ordering| {
                let identity = Matrix::identity(FEATURES, FEATURES);
                let product = ordering.iter().fold(identity.clone(), |product, &b| &factors[b] * product);
                let symmetric = (&product + product.transpose()) * 0.5;
                ((identity - symmetric) / total - &exact).norm_squared()
            })
            .sum::<f64>()
            / all.len() as f64;
        // The mean of N independent orderings has mean square error mean_square / N.
        const ORDERINGS: usize = 100;
        const SEEDS: u64 = 400;
        let found: f64 = (0..SEEDS)
            .map(|seed| {
                let sampled = epoch.sampled_z(ORDERINGS, &mut draw_stream(seed, 0)).unwrap();
                assert_eq!(sampled, sampled.transpose());
                (sampled - &exact).norm_squared()
            })
            .sum::<f64>()
            / SEEDS as f64;
        let ratio = found * ORDERINGS as f64 / mean_square;
        // The ratio has a relative standard deviation of at most sqrt(2 / SEEDS) = 0.07, reached when
        // all errors lie along one matrix; five of them.
        assert!((ratio - 1.0).abs() < 0.35, "B = {batches}, {rows} rows: {ratio}");
    }
}

#[test]
fn bad_epochs_are_refused() {
    let data = features(12, 9);
    let two = Batching::equal(12, 2).unwrap();
    assert!(Epoch::new(&data, &Batching::equal(10, 2).unwrap(), &[0.1; 2]).is_err());
    assert!(Epoch::new(&data, &two, &[0.1]).is_err());
    assert!(Epoch::new(&data, &two, &[0.1, -0.1]).is_err());
    assert!(Epoch::new(&Matrix::zeros(12, 0), &two, &[0.1; 2]).is_err());
    let epoch = Epoch::new(&data, &two, &[0.1; 2]).unwrap();
    assert!(epoch.sampled_z(0, &mut draw_stream(0, 0)).is_err());

    let data = features(13, 9);
    let thirteen = Batching::equal(13, 13).unwrap();
    let epoch = Epoch::new(&data, &thirteen, &[0.1; 13]).unwrap();
    assert!(epoch.z().is_err() && epoch.effects_before().is_err() && epoch.mean_operator().is_err());
    assert!(epoch.sampled_z(2, &mut draw_stream(0, 0)).is_ok());
}

#[test]
fn draws_do_not_depend_on_the_number_of_threads() {
    for (samples, route) in [(160, Route::Exact), (40, Route::Exact), (160, Route::Permutations(3))] {
        let simulation = MonteCarlo::new(80, Batching::equal(samples, 4).unwrap(), 0.2)
            .and_then(|simulation| simulation.with_draws(6))
            .and_then(|simulation| simulation.with_route(route))
            .unwrap();
        let on = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| simulation.run(None)).unwrap()
        };
        let one = on(1);
        let bits = |values: Vec<f64>| values.into_iter().map(f64::to_bits).collect::<Vec<_>>();
        assert_eq!(bits(one.pooled()), bits(on(2).pooled()));
        assert_ne!(one.eigenvalues[0], one.eigenvalues[1]);
        assert_ne!(one, simulation.clone().with_seed(1).run(None).unwrap());
    }
}

#[test]
fn a_draw_has_the_eigenvalues_of_its_z() {
    // Fewer samples than features, so that the draw is made in the row space.
    let population = Population::atoms(&[(0.5, 0.4), (1.5, 0.6)]).unwrap();
    let batching = Batching::from_sizes(vec![2, 3]).unwrap();
    let step_sizes = vec![0.3, 0.2];
    let simulation = MonteCarlo::new(FEATURES, batching.clone(), 0.1)
        .and_then(|simulation| simulation.with_step_sizes(step_sizes.clone()))
        .and_then(|simulation| simulation.with_draws(2))
        .unwrap()
        .with_population(population)
        .with_seed(10);
    assert_eq!((simulation.features(), simulation.samples()), (FEATURES, 5));
    assert_eq!((simulation.aspect_ratio(), simulation.route()), (9.0 / 5.0, Route::Exact));
    let spectrum = simulation.run(None).unwrap();
    assert_eq!((simulation.kernel_dimension(), spectrum.draws()), (4, 2));
    assert_eq!(spectrum.pooled().iter().filter(|&&value| value == 0.0).count(), 8);

    let z = Epoch::new(&features(5, 10), &batching, &step_sizes).unwrap().z().unwrap();
    for (drawn, expected) in spectrum.eigenvalues[0].iter().zip(symmetric_eigenvalues(&z).unwrap()) {
        assert_abs_diff_eq!(*drawn, expected, epsilon = 1e-12);
    }
}

#[test]
fn progress_counts_every_draw() {
    let reports = std::sync::Mutex::new(Vec::new());
    let report = |finished: usize| reports.lock().unwrap().push(finished);
    let simulation = MonteCarlo::new(4, Batching::equal(6, 2).unwrap(), 0.2).unwrap().with_draws(5).unwrap();
    simulation.run(Some(&report)).unwrap();
    let mut reports = reports.into_inner().unwrap();
    reports.sort_unstable();
    assert_eq!(reports, [1, 2, 3, 4, 5]);
}

#[test]
fn one_batch_follows_marchenko_pastur() {
    // Moments of the Marchenko-Pastur law of ratio 1/2; linear statistics fluctuate like 1 / p.
    let simulation = MonteCarlo::new(200, Batching::equal(400, 1).unwrap(), 0.5).unwrap();
    for entries in [Entries::Gaussian, Entries::Rademacher, Entries::Uniform] {
        let spectrum = simulation.clone().with_entries(entries).unwrap().run(None).unwrap();
        let values = spectrum.pooled();
        for (k, exact) in [(1, 1.0), (2, 1.5), (3, 2.75)] {
            let moment = values.iter().map(|x: &f64| x.powi(k)).sum::<f64>() / values.len() as f64;
            assert_abs_diff_eq!(moment, exact, epsilon = 0.02);
        }
    }
}
