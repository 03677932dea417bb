//! Linear equations `A x = b` of which only products `A v` are known.
//!
//! GMRES (Saad and Schultz, SIAM J. Sci. Stat. Comput. 7, 1986) without restarts: the derivative of a fixed-point map has
//! few eigenvalues away from 0, so that a handful of products is enough whatever the number of unknowns.

/// The solution of `A x = b` with a residual below `tolerance |b|`, or as small as it gets; `None` if a product is not
/// finite. `apply(v)` is `A v`.
pub(super) fn gmres(
    b: &[f64],
    tolerance: f64,
    mut apply: impl FnMut(&[f64]) -> Vec<f64>,
) -> Option<Vec<f64>> {
    let size = norm(b);
    if size == 0.0 {
        return Some(vec![0.0; b.len()]);
    }
    let mut basis = vec![scaled(b, 1.0 / size)];
    // Columns of the triangular factor, the rotations that made it, and the rotated right side.
    let (mut columns, mut rotations): (Vec<Vec<f64>>, Vec<(f64, f64)>) = (Vec::new(), Vec::new());
    let mut right = vec![size];
    for k in 0..b.len() {
        let mut image = apply(&basis[k]);
        let before = norm(&image);
        if !before.is_finite() {
            return None;
        }
        let mut column = vec![0.0; k + 1];
        // Twice is enough to be orthogonal to rounding.
        for _ in 0..2 {
            for (entry, direction) in column.iter_mut().zip(&basis) {
                let part = dot(&image, direction);
                image.iter_mut().zip(direction).for_each(|(x, d)| *x -= part * d);
                *entry += part;
            }
        }
        let rest = norm(&image);
        for (j, &(c, s)) in rotations.iter().enumerate() {
            (column[j], column[j + 1]) = (c * column[j] + s * column[j + 1], c * column[j + 1] - s * column[j]);
        }
        let length = column[k].hypot(rest);
        if length <= f64::EPSILON * before {
            break;
        }
        let (c, s) = (column[k] / length, rest / length);
        column[k] = length;
        columns.push(column);
        rotations.push((c, s));
        right.push(-s * right[k]);
        right[k] *= c;
        if right[k + 1].abs() <= tolerance * size || rest <= f64::EPSILON * before {
            break;
        }
        basis.push(scaled(&image, 1.0 / rest));
    }
    let m = columns.len();
    let mut weights = right[..m].to_vec();
    for j in (0..m).rev() {
        weights[j] /= columns[j][j];
        for i in 0..j {
            weights[i] -= weights[j] * columns[j][i];
        }
    }
    let mut solution = vec![0.0; b.len()];
    for (weight, direction) in weights.iter().zip(&basis) {
        solution.iter_mut().zip(direction).for_each(|(x, d)| *x += weight * d);
    }
    Some(solution)
}

pub(super) fn dot(x: &[f64], y: &[f64]) -> f64 {
    x.iter().zip(y).map(|(x, y)| x * y).sum()
}

pub(super) fn norm(x: &[f64]) -> f64 {
    dot(x, x).sqrt()
}

fn scaled(x: &[f64], factor: f64) -> Vec<f64> {
    x.iter().map(|x| x * factor).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The identity plus a matrix of rank one has two eigenvalues: two products solve it.
    #[test]
    fn as_many_products_as_eigenvalues() {
        let n = 30;
        let u: Vec<f64> = (0..n).map(|i| (f64::from(i) + 1.0).recip()).collect();
        let b: Vec<f64> = (0..n).map(|i| f64::from(i * i % 7) - 2.0).collect();
        let mut products = 0;
        let mut apply = |x: &[f64]| {
            products += 1;
            let along = dot(&u, x);
            x.iter().zip(&u).map(|(x, u)| x - 0.7 * along * u).collect::<Vec<_>>()
        };
        let x = gmres(&b, 1e-14, &mut apply).unwrap();
        // Sherman and Morrison.
        let factor = 0.7 * dot(&u, &b) / (1.0 - 0.7 * dot(&u, &u));
        for ((x, b), u) in x.iter().zip(&b).zip(&u) {
            assert!((x - (b + factor * u)).abs() < 1e-13);
        }
        assert_eq!(products, 2);
    }
}
