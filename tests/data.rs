//! The decomposition of a data set: against singular values, for every shape and source.

use freespectra::data::{Block, Dataset, Preparation, RowMajor, Rows, Verdict};
use freespectra::finite::{Entries, draw_stream, sample_features};
use freespectra::{Error, Result};
use nalgebra::{DMatrix, DVector};

fn sample(rows: usize, columns: usize, draw: u64) -> (DMatrix<f64>, Vec<f64>) {
    let mut rng = draw_stream(7, draw);
    let features = sample_features(rows, &vec![1.0; columns], Entries::Gaussian, &mut rng).unwrap();
    let targets = sample_features(rows, &[1.0], Entries::Gaussian, &mut rng).unwrap();
    (features, targets.as_slice().to_vec())
}

fn row_major(features: &DMatrix<f64>) -> Vec<f64> {
    features.transpose().as_slice().to_vec()
}

/// Spectrum, squares, fourth moments and sizes from a singular value decomposition.
fn check(features: &DMatrix<f64>, targets: &[f64], data: &Dataset) {
    let n = features.nrows() as f64;
    let svd = features.clone().svd(true, false);
    let left = svd.u.unwrap();
    let mut expected: Vec<(f64, f64)> = svd
        .singular_values
        .iter()
        .zip(left.column_iter())
        .map(|(s, u)| (s * s / n, u.dot(&DVector::from_column_slice(targets)).powi(2)))
        .filter(|&(t, _)| t > 1e-12)
        .collect();
    expected.sort_by(|a, b| a.0.total_cmp(&b.0));
    assert_eq!(data.rank(), expected.len());
    let target = data.target().unwrap();
    for ((t, square), expected) in data.eigenvalues().iter().zip(&target.squares).zip(&expected) {
        assert!(
            (t - expected.0).abs() < 1e-12 && (square - expected.1).abs() < 1e-9,
            "{t} {square} {expected:?}"
        );
    }
    let total: f64 = targets.iter().map(|y| y * y).sum();
    assert!((target.squares.iter().sum::<f64>() + target.kernel - total).abs() < 1e-12 * total);

    let mean = expected.iter().map(|(t, _)| t).sum::<f64>() / n;
    let mut sizes: Vec<f64> = (0..features.nrows())
        .map(|i| {
            let filtered =
                |j: usize| svd.singular_values[j].powi(2) / (svd.singular_values[j].powi(2) + n * mean);
            let l: f64 = (0..left.ncols()).map(|j| left[(i, j)].powi(2) * filtered(j)).sum();
            l / (1.0 - l)
        })
        .collect();
    let scale = sizes.iter().sum::<f64>() / n;
    sizes.iter_mut().for_each(|h| *h /= scale);
    let spread = (sizes.iter().map(|h| (h - 1.0).powi(2)).sum::<f64>() / n).sqrt();
    let certificate = data.certificate();
    assert!((certificate.leverage_spread - spread).abs() < 1e-9);
    assert!((certificate.max_leverage - sizes.iter().fold(0.0, |m: f64, h| m.max(*h))).abs() < 1e-9);
    let (mass, mean) = data.leverages().iter().fold((0.0, 0.0), |(m, s), (h, w)| (m + w, s + h * w));
    assert!((mass - 1.0).abs() < 1e-12 && (mean - 1.0).abs() < 1e-12);
}

#[test]
fn every_shape_and_source_against_singular_values() {
    for (rows, columns) in [(300, 7), (5000, 150), (20, 20), (21, 20), (30, 80), (1, 1), (1, 5), (2, 1)] {
        let (features, targets) = sample(rows, columns, 0);
        let slice = row_major(&features);
        let none = Preparation::default();
        let data = Dataset::from_row_major(&slice, columns, Some(&targets), none).unwrap();
        assert_eq!((data.rows(), data.features()), (rows, columns));
        check(&features, &targets, &data);
        assert_eq!(data, Dataset::from_nalgebra(&features, Some(&targets), none).unwrap());
        let faer = faer::MatRef::from_row_major_slice(&slice, rows, columns);
        assert_eq!(data, Dataset::from_faer(faer, Some(&targets), none).unwrap());
    }
}

#[test]
fn standardized_columns() {
    let (mut features, mut targets) = sample(400, 6, 1);
    for (j, mut column) in features.column_iter_mut().enumerate() {
        column.iter_mut().for_each(|x| *x = 1e6 + 10f64.powi(j as i32 - 3) * *x);
    }
    features.column_mut(2).fill(0.1);
    features.column_mut(4).fill(0.0);
    targets.iter_mut().for_each(|y| *y += 50.0);
    let data = Dataset::from_nalgebra(&features, Some(&targets), Preparation::standardize()).unwrap();
    assert_eq!(data.rank(), 4);
    let mut prepared = features.clone();
    for mut column in prepared.column_iter_mut() {
        let mean = column.mean();
        column.add_scalar_mut(-mean);
        let deviation = (column.norm_squared() / 400.0).sqrt();
        column /= if deviation > 1e-9 { deviation } else { f64::INFINITY };
    }
    let mean = targets.iter().sum::<f64>() / 400.0;
    targets.iter_mut().for_each(|y| *y -= mean);
    let trace: f64 = data.eigenvalues().iter().sum();
    assert!((trace - 4.0).abs() < 1e-12, "one for each column that varies");
    let gram = prepared.tr_mul(&prepared) / 400.0;
    let square: f64 = data.eigenvalues().iter().map(|t| t * t).sum();
    assert!((square - gram.norm_squared()).abs() < 1e-6);
    assert!((data.target_column().shift - mean).abs() < 1e-12 && data.target_column().scale == 1.0);
    assert_eq!((data.columns()[2].shift, data.columns()[2].scale), (0.1, 1.0));
}

#[test]
fn degenerate_data_are_ordinary() {
    let none = Preparation::default();
    let zero = Dataset::from_row_major(&[0.0; 12], 3, Some(&[2.0; 4]), none).unwrap();
    assert_eq!((zero.rank(), zero.target().unwrap().kernel), (0, 16.0));
    let zero = Dataset::from_row_major(&[0.0; 12], 6, Some(&[2.0; 2]), none).unwrap();
    assert_eq!((zero.rank(), zero.target().unwrap().kernel), (0, 8.0));
    // Every column twice, every row three times: half of the eigenvalues are rounding.
    for (rows, columns, rank) in [(40, 12, 12), (5, 12, 5)] {
        let (features, targets) = sample(rows, columns, 5);
        let twice = DMatrix::from_fn(3 * rows, 2 * columns, |i, j| features[(i % rows, j / 2)]);
        let data = Dataset::from_nalgebra(&twice, Some(&targets.repeat(3)), none).unwrap();
        assert_eq!(data.rank(), rank);
    }
    let repeated = Dataset::from_row_major(&[1.0, 2.0].repeat(50), 2, Some(&[3.0; 50]), none).unwrap();
    assert_eq!(repeated.rank(), 1);
    assert!((repeated.eigenvalues()[0] - 5.0).abs() < 1e-13 && repeated.target().unwrap().kernel < 1e-11);
    let single = Dataset::from_row_major(&[3.0, 4.0], 2, Some(&[5.0]), Preparation::standardize()).unwrap();
    assert_eq!((single.rank(), single.target().unwrap().kernel), (0, 0.0));
    let constant =
        Dataset::from_row_major(&[1.0, 2.0, 4.0], 1, Some(&[5.0; 3]), Preparation::standardize()).unwrap();
    assert_eq!((constant.rank(), constant.target().unwrap().squares[0]), (1, 0.0));
    assert!(Dataset::from_row_major(&[1.0, 2.0], 1, None, none).unwrap().target().is_none());
}

/// Blocks of rows of the lengths given.
struct Ragged(Vec<Vec<f64>>);

impl Rows for Ragged {
    fn features(&self) -> usize {
        3
    }

    fn pass(&self, visit: &mut dyn FnMut(Block<'_>) -> Result<()>) -> Result<()> {
        self.0.iter().try_for_each(|features| visit(Block { features, targets: None }))
    }
}

#[test]
fn bad_rows_name_row_and_column() {
    let none = Preparation::default();
    let mut features = vec![1.0; 30];
    features[16] = f64::NAN;
    for preparation in [none, Preparation::standardize()] {
        let error = Dataset::from_row_major(&features, 3, None, preparation).unwrap_err().to_string();
        assert!(error.contains("NaN in row 6, column 2"), "{error}");
    }
    let error = Dataset::from_row_major(&[1.0; 3], 1, Some(&[1.0, f64::INFINITY, 0.0]), none).unwrap_err();
    assert!(error.to_string().contains("inf in row 2"), "{error}");
    let error = Dataset::from_rows(&Ragged(vec![vec![1.0; 6], vec![1.0; 4]]), none).unwrap_err();
    assert!(error.to_string().contains("1 numbers in row 4"), "{error}");
    assert!(Dataset::from_rows(&Ragged(vec![]), none).is_err());
    assert!(RowMajor::new(&[1.0; 4], 3, None).is_err());
    assert!(RowMajor::new(&[], 0, None).is_err());
    assert!(RowMajor::new(&[1.0; 4], 2, Some(&[1.0])).is_err());
    assert!(Dataset::from_row_major(&[], 2, None, none).is_err());
    let overflow = Dataset::from_row_major(&[1e200, 1.0, 2.0], 1, None, none);
    assert!(matches!(overflow, Err(Error::Eigenvalues { .. })));
    assert!(Dataset::from_spectrum(2, 2, &[1.0, 1.0, 1.0], None).is_err());
    assert!(Dataset::from_spectrum(2, 2, &[1.0], Some(&[1.0, 1.0])).is_err());
    assert!(Dataset::from_spectrum(2, 2, &[-1.0], None).is_err());
    assert!(Dataset::from_spectrum(0, 2, &[], None).is_err());
}

#[test]
fn the_certificate_tells_the_rows_apart() {
    let verdict = |features: &DMatrix<f64>| {
        Dataset::from_nalgebra(features, None, Preparation::default()).unwrap().certificate().clone()
    };
    let (gaussian, _) = sample(800, 200, 2);
    let good = verdict(&gaussian);
    assert_eq!((good.verdict, good.reasons.len()), (Verdict::Reliable, 0));
    // E u^4 = 3 / n^2 over Gaussian directions, largest of 200: a few standard deviations of 0.35 above.
    assert!((3.0..5.0).contains(&good.max_fourth_moment), "{good:?}");

    // Rows of size chi^2_4 / 4, made of four further columns.
    let (scales, _) = sample(800, 4, 3);
    let mut elliptical = gaussian.clone();
    for (mut row, scale) in elliptical.row_iter_mut().zip(scales.row_iter()) {
        row *= (scale.norm_squared() / 4.0).sqrt();
    }
    let found = verdict(&elliptical);
    assert_eq!(found.verdict, Verdict::RowResolved, "{found:?}");
    // The variance of chi^2_4 / 4 is 1/2.
    assert!((found.leverage_spread - 0.5f64.sqrt()).abs() < 0.08, "{found:?}");

    let mut rare = gaussian.clone();
    rare.column_mut(0).fill(0.0);
    rare[(17, 0)] = 40.0;
    let found = verdict(&rare);
    assert_eq!(found.verdict, Verdict::Doubtful);
    assert!(found.reasons.iter().any(|reason| reason.contains("single rows dominate")), "{found:?}");

    let few = verdict(&gaussian.rows(0, 10).into_owned());
    assert!(
        few.verdict == Verdict::Doubtful && few.reasons.iter().any(|reason| reason.contains("only 10 rows"))
    );

    let mut series = gaussian.clone();
    for i in 1..800 {
        for j in 0..200 {
            series[(i, j)] = 0.8 * series[(i - 1, j)] + 0.6 * gaussian[(i, j)];
        }
    }
    let found = verdict(&series);
    assert_eq!(found.verdict, Verdict::Doubtful);
    assert!((found.row_correlation - 0.8).abs() < 0.02, "{found:?}");
}

/// Every row ten times, shuffled: the training curve is off, and the certificate says so; a hundredth of the rows twice is
/// ordinary, and scaling a column changes nothing.
#[test]
fn copies_of_rows_are_seen() {
    let (distinct, _) = sample(400, 100, 4);
    // Row i of the data is row `of(i)` of the distinct ones.
    let copied = |of: &dyn Fn(usize) -> usize, scale: f64| {
        let mut features = DMatrix::from_fn(400, 100, |i, j| distinct[(of(i), j)]);
        features.column_mut(3).scale_mut(scale);
        Dataset::from_nalgebra(&features, None, Preparation::default()).unwrap().certificate().clone()
    };
    let shuffled = |i: usize| i * 7 % 400;
    let tenfold = copied(&|i| shuffled(i) / 10, 1.0);
    assert!((tenfold.repeated_rows - 0.9).abs() < 1e-12, "{tenfold:?}");
    assert_eq!(tenfold.verdict, Verdict::Doubtful);
    assert!(
        tenfold.reasons.iter().any(|reason| reason.contains("90 % of the rows are copies")),
        "{tenfold:?}"
    );
    // Ten equal leverages of a group sum to less than 1, nine tenths of which are those of the copies.
    assert!((0.3..0.9).contains(&tenfold.copies_weight), "{tenfold:?}");
    for scale in [1.0, -1e-3] {
        let few = copied(&|i| if i < 4 { i + 200 } else { i }, scale);
        assert!((few.repeated_rows - 0.01).abs() < 1e-12, "{few:?}");
        assert_eq!(few.verdict, Verdict::Reliable, "{few:?}");
    }
    assert_eq!(copied(&|i| i, 1.0).repeated_rows, 0.0);
}
