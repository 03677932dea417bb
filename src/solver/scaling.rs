//! Scales of rows and columns that make the entries of a symmetric matrix comparable.

/// Sweeps over the rows that bring their largest entries near 1.
const EQUILIBRATION_SWEEPS: usize = 4;

/// Scales of the rows of a symmetric matrix in which the largest entry of every row is about 1.
pub(crate) fn equilibrate(scales: &mut [f64], magnitude: impl Fn(usize, usize) -> f64) {
    scales.fill(1.0);
    for _ in 0..EQUILIBRATION_SWEEPS {
        for i in 0..scales.len() {
            let largest = (0..scales.len()).fold(0.0f64, |m, j| m.max(magnitude(i, j) / scales[j]));
            // The geometric mean of the old and the new scale: a step that does not overshoot.
            if largest.is_normal() {
                scales[i] = (scales[i] * largest).sqrt();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graded_rows_become_comparable() {
        // Rows graded over twelve decades, with a zero on the diagonal.
        let grades = [1e6, 1.0, 1e-6];
        let pattern = [[1.0, 0.5, 0.2], [0.5, 0.0, 1.0], [0.2, 1.0, 0.3]];
        let mut scales = [0.0; 3];
        equilibrate(&mut scales, |i, j| pattern[i][j] * grades[i] * grades[j]);
        for (i, row) in pattern.iter().enumerate() {
            let entry = |j: usize| row[j] * grades[i] * grades[j] / (scales[i] * scales[j]);
            let largest = (0..3).map(entry).fold(0.0, f64::max);
            assert!((0.2..5.0).contains(&largest), "row {i}: {largest}");
        }
    }
}
