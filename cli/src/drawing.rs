//! What the figures of curves share.

/// Whether curves that start near `start` need a logarithmic axis: one that diverges leaves the others
/// flat.
pub fn is_wild(start: f64, curves: &[&[f64]]) -> bool {
    const WILD: f64 = 30.0;
    curves.iter().flat_map(|curve| curve.iter()).any(|&x| x > WILD * start)
}

/// The points that a figure can show, on a logarithmic axis those from 1e-12 to 1e12.
pub fn drawable(x: &[f64], y: &[f64], log: bool) -> (Vec<f64>, Vec<f64>) {
    let shown = |y: f64| !log || (1e-12..1e12).contains(&y);
    x.iter().zip(y).filter(|&(_, &y)| shown(y)).unzip()
}

/// Markers with their errors, if there is one to be shown. On a logarithmic axis errors that reach below
/// zero are left out.
pub fn points(x: &[f64], y: &[f64], errors: &[f64], log: bool) -> Option<freespectra::plot::Layer> {
    let (positions, values) = drawable(x, y, log);
    if values.is_empty() {
        return None;
    }
    let errors: Vec<f64> = y
        .iter()
        .zip(errors)
        .filter(|&(&y, _)| drawable(&[0.0], &[y], log).1.len() == 1)
        .map(|(&y, &error)| if log && error >= y { 0.0 } else { error })
        .collect();
    Some(freespectra::plot::Layer::points_with_errors(&positions, &values, &errors))
}
