//! Means over draws.

/// Mean and standard error of the mean over the curves at every point, at most [`f64::MAX`]; the
/// error of a single curve is 0.
pub(crate) fn mean_and_error(curves: &[impl AsRef<[f64]>]) -> (Vec<f64>, Vec<f64>) {
    let (mean, spread) = mean_and_spread(curves);
    let root = (curves.len() as f64).sqrt();
    (mean, spread.into_iter().map(|spread| spread / root).collect())
}

/// Mean and standard deviation over the curves at every point, at most [`f64::MAX`]; the deviation of
/// a single curve is 0.
pub(crate) fn mean_and_spread(curves: &[impl AsRef<[f64]>]) -> (Vec<f64>, Vec<f64>) {
    let count = curves.len() as f64;
    let length = curves.iter().map(|curve| curve.as_ref().len()).min().unwrap_or(0);
    (0..length)
        .map(|point| {
            let at = || curves.iter().map(|curve| curve.as_ref()[point]);
            // Differences to the first: equal values then have themselves as their mean. They may overflow.
            let first = curves[0].as_ref()[point];
            let mean = first + at().map(|x| x - first).sum::<f64>() / count;
            let mean =
                if mean.is_finite() { mean } else { at().map(|x| x / count).sum::<f64>().min(f64::MAX) };
            let squares: f64 = at().map(|x| (x - mean).powi(2)).sum();
            (mean, (squares / (count - 1.0).max(1.0)).sqrt().min(f64::MAX))
        })
        .unzip()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_curves_by_hand() {
        let curves = [vec![1.0, 5.0], vec![3.0, 5.0]];
        assert_eq!(mean_and_spread(&curves), (vec![2.0, 5.0], vec![2f64.sqrt(), 0.0]));
        assert_eq!(mean_and_error(&curves).1[0], 1.0);
        let (mean, error) = mean_and_error(&[vec![f64::MAX], vec![f64::MAX]]);
        assert!(mean[0].is_finite() && error[0].is_finite());
    }
}
