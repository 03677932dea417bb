//! The simplex search of Nelder and Mead (Computer J. 7, 1965), with the coefficients of Gao and Han for many parameters
//! (Comput. Optim. Appl. 51, 2012).

use crate::error::Result;

/// The smallest value found by at most `evaluations` of a function, from a point and one step along every coordinate, until
/// values of the simplex agree to `tolerance`, relatively.
///
/// # Errors
/// Those of the function.
pub(super) fn minimise(
    start: &[f64],
    steps: &[f64],
    evaluations: usize,
    tolerance: f64,
    mut function: impl FnMut(&[f64]) -> Result<f64>,
) -> Result<(Vec<f64>, f64)> {
    let n = start.len() as f64;
    let (expansion, contraction, shrinkage) = (1.0 + 2.0 / n, 0.75 - 0.5 / n, 1.0 - 1.0 / n.max(2.0));
    let mut simplex = vec![(start.to_vec(), function(start)?)];
    for (i, step) in steps.iter().enumerate() {
        let mut point = start.to_vec();
        point[i] += step;
        let value = function(&point)?;
        simplex.push((point, value));
    }
    let mut count = simplex.len();
    loop {
        simplex.sort_by(|a, b| a.1.total_cmp(&b.1));
        let worst = simplex.len() - 1;
        if count >= evaluations || simplex[worst].1 - simplex[0].1 <= tolerance * simplex[0].1.abs() {
            return Ok(simplex.swap_remove(0));
        }
        let center: Vec<f64> = (0..start.len())
            .map(|i| simplex[..worst].iter().map(|(point, _)| point[i]).sum::<f64>() / worst as f64)
            .collect();
        let along = |factor: f64| -> Vec<f64> {
            center.iter().zip(&simplex[worst].0).map(|(c, x)| c + factor * (c - x)).collect()
        };
        let reflected = along(1.0);
        let value = function(&reflected)?;
        count += 1;
        let replacement = if value < simplex[0].1 {
            let expanded = along(expansion);
            let further = function(&expanded)?;
            count += 1;
            Some(if further < value { (expanded, further) } else { (reflected, value) })
        } else if value < simplex[worst - 1].1 {
            Some((reflected, value))
        } else {
            let (factor, limit) = if value < simplex[worst].1 {
                (contraction, value)
            } else {
                (-contraction, simplex[worst].1)
            };
            let contracted = along(factor);
            let closer = function(&contracted)?;
            count += 1;
            (closer < limit).then_some((contracted, closer))
        };
        if let Some(replacement) = replacement {
            simplex[worst] = replacement;
            continue;
        }
        let best = simplex[0].0.clone();
        for (point, value) in &mut simplex[1..] {
            point.iter_mut().zip(&best).for_each(|(x, b)| *x = b + shrinkage * (*x - b));
            *value = function(point)?;
            count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn valleys_are_followed_to_their_lowest_point() {
        let rosenbrock = |x: &[f64]| Ok(1.0 + (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2));
        let (point, value) = minimise(&[-1.2, 1.0], &[0.3, 0.3], 400, 1e-14, rosenbrock).unwrap();
        assert!((point[0] - 1.0).abs() < 1e-5 && (point[1] - 1.0).abs() < 1e-5, "{point:?}");
        assert!((value - 1.0).abs() < 1e-12);
        let kinked = |x: &[f64]| Ok((x[0] - 0.3).abs());
        assert!((minimise(&[2.0], &[-0.5], 200, 0.0, kinked).unwrap().0[0] - 0.3).abs() < 1e-9);
    }
}
