//! The singular vector that solves a homogeneous linear least squares problem.

/// Steps of inverse iteration: singular values fall geometrically, and of those at rounding any vector will do.
const ITERATIONS: usize = 4;

/// The right singular vector of the smallest singular value of a matrix with at least as many rows as columns,
/// given by columns: Householder QR, then inverse iteration with `R^T R`.
pub(super) fn smallest_singular_vector(mut columns: Vec<Vec<f64>>) -> Vec<f64> {
    let n = columns.len();
    let mut diagonal = vec![0.0; n];
    for k in 0..n {
        let (done, rest) = columns.split_at_mut(k + 1);
        let pivot = &mut done[k][k.min(rest.len() + k)..];
        let norm = pivot.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm == 0.0 || pivot.is_empty() {
            continue;
        }
        let head = if pivot[0] > 0.0 { -norm } else { norm };
        diagonal[k] = head;
        pivot[0] -= head;
        let scale = 1.0 / (norm * (norm + (pivot[0] + head).abs()));
        for column in rest {
            let tail = &mut column[k..];
            let projection = scale * tail.iter().zip(pivot.iter()).map(|(a, b)| a * b).sum::<f64>();
            tail.iter_mut().zip(pivot.iter()).for_each(|(a, b)| *a -= projection * b);
        }
    }
    // What is singular to rounding is solved as if by a pivot of the size of rounding.
    let floor = (f64::EPSILON * diagonal.iter().fold(0.0, |m: f64, d| m.max(d.abs()))).max(f64::MIN_POSITIVE);
    diagonal.iter_mut().filter(|d| d.abs() < floor).for_each(|d| *d = floor);
    let normalise = |v: &mut [f64]| {
        let norm = v.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        v.iter_mut().for_each(|x| *x /= norm);
    };
    let mut vector = vec![1.0; n];
    for step in 0..ITERATIONS {
        // R^T y = v, left out at first: R^-1 of any vector already leans to the smallest direction.
        for i in (0..n).filter(|_| step > 0) {
            let sum: f64 = (0..i).map(|j| columns[i][j] * vector[j]).sum();
            vector[i] = (vector[i] - sum) / diagonal[i];
        }
        normalise(&mut vector);
        for i in (0..n).rev() {
            vector[i] /= diagonal[i];
            let value = vector[i];
            vector[..i].iter_mut().zip(&columns[i]).for_each(|(v, r)| *v -= r * value);
        }
        normalise(&mut vector);
    }
    vector
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_nothing_any_vector_will_do() {
        let v = smallest_singular_vector(vec![vec![0.0; 3], vec![0.0; 3]]);
        assert!(v.iter().all(|x| x.is_finite()) && v.iter().any(|x| x.abs() == 1.0), "{v:?}");
    }

    #[test]
    fn the_smallest_singular_vector() {
        // Columns 1 and 3 are equal up to 1e-9.
        let columns =
            vec![vec![1.0, 2.0, 3.0, 4.0], vec![0.0, 1.0, 0.0, -1.0], vec![1.0, 2.0, 3.0 + 1e-9, 4.0]];
        let v = smallest_singular_vector(columns);
        assert!((v[0] + v[2]).abs() < 1e-8 && v[1].abs() < 1e-8 && v[0].abs() == 1.0, "{v:?}");
    }
}
