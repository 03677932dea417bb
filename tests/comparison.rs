//! Distances, histograms and fits against values worked out by hand.

use approx::assert_abs_diff_eq;
use freespectra::Error;
use freespectra::comparison::{
    Bins, Comparison, Histogram, PowerLawFit, ReferenceLaw, kolmogorov_smirnov, moments, wasserstein1,
};
use freespectra::population::Atom;

/// Distribution function of the uniform law on `[0, 1]`.
fn uniform(x: f64) -> f64 {
    x.clamp(0.0, 1.0)
}

/// Half the mass at 0, the other half uniform on `[1, 3]`.
fn with_atom(x: f64) -> f64 {
    if x < 0.0 { 0.0 } else { 0.5 + 0.5 * ((x - 1.0) / 2.0).clamp(0.0, 1.0) }
}

const ATOM: [Atom; 1] = [Atom { location: 0.0, mass: 0.5 }];

/// Distribution function of the semicircle law on `[-2, 2]`.
fn semicircle(x: f64) -> f64 {
    let x = x.clamp(-2.0, 2.0);
    0.5 + (x * (4.0 - x * x).sqrt() / 4.0 + (x / 2.0).asin()) / std::f64::consts::PI
}

#[test]
fn kolmogorov_smirnov_by_hand() {
    let law = ReferenceLaw::new(uniform, &[], (0.0, 1.0)).unwrap();
    for (values, exact) in [
        (&[0.5][..], 0.5),
        (&[0.2, 0.6], 0.4),            // at the second value, F = 0.6 and F_n = 1
        (&[0.9, 0.8], 0.8),            // F_n = 0 up to 0.8
        (&[0.1, 0.1, 0.1, 0.9], 0.65), // a tie
        (&[-1.0, 2.0], 0.5),           // outside of the support
        (&[2.0, 3.0], 1.0),
    ] {
        assert_abs_diff_eq!(kolmogorov_smirnov(values, &law).unwrap(), exact, epsilon = 1e-15);
    }
}

#[test]
fn kolmogorov_smirnov_at_an_atom() {
    let law = ReferenceLaw::new(with_atom, &ATOM, (1.0, 3.0)).unwrap();
    // Zeros of an eigensolver: without the atom, the first would be at distance 1/4 or more.
    assert_abs_diff_eq!(
        kolmogorov_smirnov(&[-1e-17, 1e-17, 1.5, 2.5], &law).unwrap(),
        0.125,
        epsilon = 1e-15
    );
    // Too few zeros, then too many: the jump of F against that of F_n.
    assert_abs_diff_eq!(kolmogorov_smirnov(&[0.0, 1.0, 2.0, 3.0], &law).unwrap(), 0.25, epsilon = 1e-15);
    assert_abs_diff_eq!(kolmogorov_smirnov(&[0.0, 0.0, 0.0, 3.0], &law).unwrap(), 0.25, epsilon = 1e-15);
    // No value at the atom: F jumps to 1/2 while F_n is 0 up to the first value, at F = 0.75.
    assert_abs_diff_eq!(kolmogorov_smirnov(&[2.0, 3.0], &law).unwrap(), 0.75, epsilon = 1e-15);
    // Away from zero by more than rounding is away from the atom.
    assert_abs_diff_eq!(kolmogorov_smirnov(&[-1e-3, -1e-3, 1.5, 2.5], &law).unwrap(), 0.5, epsilon = 1e-15);
}

#[test]
fn wasserstein_by_hand() {
    let law = ReferenceLaw::new(uniform, &[], (0.0, 1.0)).unwrap();
    for (values, exact) in [
        (&[0.5][..], 0.25), // mean of |x - 1/2|
        (&[0.25, 0.75], 0.125),
        (&[0.25], (0.0625 + 0.5625) / 2.0),
        (&[2.0], 1.5),
        (&[-1.0], 1.5),
        (&[0.0, 0.0, 1.0], 1.0 / 18.0 + 2.0 / 9.0), // F_n = 2/3: both triangles
    ] {
        assert_abs_diff_eq!(wasserstein1(values, &law).unwrap(), exact, epsilon = 1e-12);
    }
}

#[test]
fn wasserstein_at_an_atom() {
    let law = ReferenceLaw::new(with_atom, &ATOM, (1.0, 3.0)).unwrap();
    // The atom is met exactly; the rest is half of a uniform law against its midpoint.
    assert_abs_diff_eq!(wasserstein1(&[1e-17, 2.0], &law).unwrap(), 0.25, epsilon = 1e-12);
    // All mass at 2: half of it comes from 0.
    assert_abs_diff_eq!(wasserstein1(&[2.0], &law).unwrap(), 0.5 * 2.0 + 0.25, epsilon = 1e-12);
}

#[test]
fn wasserstein_of_curved_laws() {
    // Against one point the distance is the mean of |x - point|.
    let law = ReferenceLaw::new(semicircle, &[], (-2.0, 2.0)).unwrap();
    let exact = 8.0 / (3.0 * std::f64::consts::PI);
    assert_abs_diff_eq!(wasserstein1(&[0.0], &law).unwrap(), exact, epsilon = 1e-10);

    // The arcsine law on [0, 1], whose density diverges at both edges: mean of |x - 1/2| is 1/pi.
    let arcsine = |x: f64| 2.0 / std::f64::consts::PI * x.clamp(0.0, 1.0).sqrt().asin();
    let law = ReferenceLaw::new(arcsine, &[], (0.0, 1.0)).unwrap();
    let exact = 1.0 / std::f64::consts::PI;
    assert_abs_diff_eq!(wasserstein1(&[0.5], &law).unwrap(), exact, epsilon = 1e-7);
}

#[test]
fn wasserstein_where_the_functions_cross() {
    // Curved pieces between the values, each with a crossing that takes several steps to find; the
    // reference is a plain midpoint sum. Few values, and many within a cell of the grid.
    let law = ReferenceLaw::new(semicircle, &[], (-2.0, 2.0)).unwrap();
    let many: Vec<f64> = (0..3000).map(|i| 2.0 * (f64::from(i * i)).sin()).collect();
    for values in [&[-1.3, 0.2, 0.7][..], &[-1.9995, -1.9985, 1.9], &many] {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        const CELLS: usize = 2_000_000;
        let width = 4.0 / CELLS as f64;
        let sum: f64 = (0..CELLS)
            .map(|i| {
                let x = -2.0 + (i as f64 + 0.5) * width;
                let empirical = sorted.partition_point(|&value| value <= x) as f64 / sorted.len() as f64;
                (empirical - semicircle(x)).abs() * width
            })
            .sum();
        // The sum errs by up to half a cell at each of the jumps, whose total height is 1.
        assert_abs_diff_eq!(wasserstein1(values, &law).unwrap(), sum, epsilon = 0.5 * width + 1e-9);
    }
}

#[test]
fn moments_by_hand() {
    assert_eq!(moments(&[1.0, 3.0]).unwrap(), [2.0, 5.0, 14.0, 41.0]);
}

#[test]
fn histograms_have_mass_one() {
    let values: Vec<f64> = (0..1000).map(|i| ((i * i) as f64).sin()).collect();
    for bins in [Bins::FreedmanDiaconis, Bins::Count(1), Bins::Count(37), Bins::Edges(vec![-2.0, 0.3, 2.0])] {
        let histogram = Histogram::new(&values, &bins).unwrap();
        assert_eq!(histogram.edges.len(), histogram.density.len() + 1);
        assert_abs_diff_eq!(histogram.mass(), 1.0, epsilon = 1e-12);
    }
    let repeated = Histogram::new(&[1e6; 5], &Bins::FreedmanDiaconis).unwrap();
    assert_abs_diff_eq!(repeated.mass(), 1.0, epsilon = 1e-9);
}

#[test]
fn freedman_diaconis_width() {
    // Quartiles of 0..=8 are 2 and 6, so the width is 8 / 9^(1/3) = 3.85: three bins over 8.
    let values: Vec<f64> = (0..=8).map(f64::from).collect();
    let histogram = Histogram::new(&values, &Bins::FreedmanDiaconis).unwrap();
    assert_eq!(histogram.density.len(), 3);
    for (density, count) in histogram.density.iter().zip([3.0, 3.0, 3.0]) {
        assert_abs_diff_eq!(*density, count / (9.0 * 8.0 / 3.0), epsilon = 1e-12);
    }
}

#[test]
fn histogram_leaves_the_atoms_out() {
    let values = [-1e-17, 2e-17, 1.0, 1.2, 2.5, 3.0];
    let histogram = Histogram::continuous_part(&values, &ATOM, &Bins::Count(2)).unwrap();
    assert_eq!(histogram.edges, [1.0, 2.0, 3.0]);
    assert_abs_diff_eq!(histogram.density[0], 2.0 / 6.0, epsilon = 1e-15);
    assert_abs_diff_eq!(histogram.mass(), 4.0 / 6.0, epsilon = 1e-15);
    // Explicit edges: what is outside counts, too.
    let part = Histogram::new(&values, &Bins::Edges(vec![0.5, 1.5])).unwrap();
    assert_abs_diff_eq!(part.mass(), 2.0 / 6.0, epsilon = 1e-15);
}

#[test]
fn power_law_with_scatter() {
    // log-log points (0, 0), (1, -1), (2, 0) in base e: slope 0, residuals 1/3, -2/3, 1/3.
    let e = std::f64::consts::E;
    let fit = PowerLawFit::new(&[(1.0, 1.0), (e, 1.0 / e), (e * e, 1.0)]).unwrap();
    assert_abs_diff_eq!(fit.exponent, 0.0, epsilon = 1e-14);
    assert_abs_diff_eq!(fit.exponent_error, (2.0f64 / 3.0 / 2.0).sqrt(), epsilon = 1e-14);
    assert_abs_diff_eq!(fit.prefactor, (-1.0f64 / 3.0).exp(), epsilon = 1e-14);
}

#[test]
fn comparison_in_one_call() {
    let law = ReferenceLaw::new(with_atom, &ATOM, (1.0, 3.0)).unwrap();
    let values = [2.5, 1e-18, 0.9, -1e-18];
    let comparison = Comparison::new(&values, &law, &Bins::Count(3)).unwrap();
    assert_eq!(comparison.eigenvalues, 4);
    assert_eq!(comparison.kolmogorov_smirnov, kolmogorov_smirnov(&values, &law).unwrap());
    assert_eq!(comparison.wasserstein1, wasserstein1(&values, &law).unwrap());
    assert_eq!(comparison.atoms[0].share, 0.5);
    assert_eq!((comparison.smallest.eigenvalue, comparison.largest.eigenvalue), (0.9, 2.5));
    assert_abs_diff_eq!(comparison.smallest.beyond_edge, 0.1, epsilon = 1e-15);
    assert_abs_diff_eq!(comparison.largest.beyond_edge, -0.5, epsilon = 1e-15);
    assert_abs_diff_eq!(comparison.moments[0], 0.85, epsilon = 1e-15);
    assert_abs_diff_eq!(comparison.histogram.mass(), 0.5, epsilon = 1e-14);
    let json = serde_json::to_string(&comparison).unwrap();
    assert_eq!(serde_json::from_str::<Comparison>(&json).unwrap(), comparison);
}

#[test]
fn bad_input_is_refused() {
    let invalid = |result: Result<(), Error>| assert!(matches!(result, Err(Error::InvalidArgument { .. })));
    let law = ReferenceLaw::new(uniform, &[], (0.0, 1.0)).unwrap();
    for values in [&[][..], &[f64::NAN], &[0.5, f64::INFINITY]] {
        invalid(kolmogorov_smirnov(values, &law).map(drop));
        invalid(wasserstein1(values, &law).map(drop));
        invalid(moments(values).map(drop));
        invalid(Histogram::new(values, &Bins::FreedmanDiaconis).map(drop));
        invalid(Comparison::new(values, &law, &Bins::FreedmanDiaconis).map(drop));
    }
    for bins in [
        Bins::Count(0),
        Bins::Count(1_000_000),
        Bins::Edges(vec![]),
        Bins::Edges(vec![0.0]),
        Bins::Edges(vec![1.0, 0.0]),
        Bins::Edges(vec![0.0, f64::NAN]),
    ] {
        invalid(Histogram::new(&[0.5], &bins).map(drop));
    }
    invalid(Histogram::continuous_part(&[0.0, -0.0], &ATOM, &Bins::Count(3)).map(drop));
    for support in [(1.0, 1.0), (2.0, 1.0), (0.0, f64::INFINITY), (f64::NAN, 1.0)] {
        invalid(ReferenceLaw::new(uniform, &[], support).map(drop));
    }
    for atom in [Atom { location: f64::NAN, mass: 0.5 }, Atom { location: 0.0, mass: 0.0 }] {
        invalid(ReferenceLaw::new(uniform, &[atom], (0.0, 1.0)).map(drop));
    }
    let broken = ReferenceLaw::new(|_| f64::NAN, &[], (0.0, 1.0)).unwrap();
    invalid(kolmogorov_smirnov(&[0.5], &broken).map(drop));
    let above_one = ReferenceLaw::new(|x: f64| 2.0 * x, &[], (0.0, 1.0)).unwrap();
    invalid(wasserstein1(&[0.5], &above_one).map(drop));

    invalid(PowerLawFit::new(&[(1.0, 1.0), (2.0, 0.5)]).map(drop));
    invalid(PowerLawFit::new(&[(1.0, 1.0), (1.0, 0.5), (1.0, 0.4)]).map(drop));
    invalid(PowerLawFit::new(&[(1.0, 1.0), (2.0, 0.0), (3.0, 0.4)]).map(drop));
    invalid(PowerLawFit::new(&[(1.0, 1.0), (-2.0, 0.1), (3.0, 0.4)]).map(drop));
}

#[test]
fn bands_are_binned_apart() {
    let values = [0.98, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 8.0, 8.5, 9.0];
    let histogram = Histogram::new(&values, &Bins::Bands(vec![[1.0, 2.0], [8.0, 9.0]])).unwrap();
    let edges = &histogram.edges;
    // The first band is stretched to the value below it; the gap is one empty bin.
    assert_eq!((edges[0], edges[edges.len() - 1]), (0.98, 9.0));
    let gap = edges.iter().position(|&edge| edge == 2.0).unwrap();
    assert_eq!(edges[gap + 1], 8.0);
    // A bin contains its lower edge, so the value at the upper edge of a band counts to the gap.
    assert_abs_diff_eq!(histogram.density[gap], 0.1 / 6.0, epsilon = 1e-15);
    assert_abs_diff_eq!(histogram.mass(), 1.0, epsilon = 1e-14);
    for bands in [vec![], vec![[2.0, 1.0]], vec![[1.0, 3.0], [2.0, 4.0]], vec![[f64::NAN, 1.0]]] {
        assert!(Histogram::new(&values, &Bins::Bands(bands)).is_err());
    }
}
