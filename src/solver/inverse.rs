//! In-place inversion of small complex matrices, the kernel of the fixed-point maps.
//!
//! Gauss-Jordan elimination with partial pivoting (Higham, Accuracy and Stability of Numerical
//! Algorithms, 2nd ed., section 14.4) on separate arrays of real and imaginary parts: the inner
//! loop is then two fused sweeps over contiguous numbers, which compilers vectorise. Up to about
//! fifty rows this beats general-purpose libraries, whose complex kernels are made for large sizes.

use num_complex::Complex64;

use super::symmetric_inverse::SweepRoom;

/// A square complex matrix, row-major, split in real and imaginary parts, with room for its own
/// inversion.
#[derive(Debug, Clone)]
pub(crate) struct SplitMatrix {
    size: usize,
    pub(crate) re: Vec<f64>,
    pub(crate) im: Vec<f64>,
    pivot_row: (Vec<f64>, Vec<f64>),
    pivots: Vec<usize>,
    pub(super) room: SweepRoom,
    /// Whether the determinant of the real part of the last matrix inverted was negative, if its imaginary part was tiny.
    pub(super) negative: bool,
}

impl SplitMatrix {
    pub(crate) fn zeros(size: usize) -> Self {
        Self {
            size,
            re: vec![0.0; size * size],
            im: vec![0.0; size * size],
            pivot_row: (vec![0.0; size], vec![0.0; size]),
            pivots: vec![0; size],
            room: SweepRoom::new(size),
            negative: false,
        }
    }

    pub(crate) fn size(&self) -> usize {
        self.size
    }

    pub(crate) fn get(&self, row: usize, column: usize) -> Complex64 {
        let at = row * self.size + column;
        Complex64::new(self.re[at], self.im[at])
    }

    pub(crate) fn set(&mut self, row: usize, column: usize, entry: Complex64) {
        let at = row * self.size + column;
        (self.re[at], self.im[at]) = (entry.re, entry.im);
    }

    pub(crate) fn fill_zero(&mut self) {
        self.re.fill(0.0);
        self.im.fill(0.0);
    }

    pub(crate) fn copy_from(&mut self, other: &Self) {
        self.re.copy_from_slice(&other.re);
        self.im.copy_from_slice(&other.im);
    }

    /// Adds `factor` times a matrix of the same size.
    pub(crate) fn add_scaled(&mut self, factor: f64, other: &Self) {
        self.re.iter_mut().zip(&other.re).for_each(|(sum, x)| *sum += factor * x);
        self.im.iter_mut().zip(&other.im).for_each(|(sum, x)| *sum += factor * x);
    }

    pub(crate) fn add_identity(&mut self) {
        self.re.iter_mut().step_by(self.size + 1).for_each(|x| *x += 1.0);
    }

    /// Whether the determinant of the matrix that was inverted last was negative, for a real one.
    pub(crate) fn was_negative(&self) -> bool {
        self.negative
    }

    /// Size of the imaginary part relative to the real part.
    pub(crate) fn relative_change(&self) -> f64 {
        let largest = |part: &[f64]| part.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        largest(&self.im) / largest(&self.re)
    }

    /// Becomes the product of two matrices of its size.
    pub(crate) fn set_product(&mut self, left: &Self, right: &Self) {
        self.fill_zero();
        self.add_product(1.0, left, right);
    }

    /// Adds `factor` times the product of two matrices of its size.
    pub(crate) fn add_product(&mut self, factor: f64, left: &Self, right: &Self) {
        let n = self.size;
        for (i, (re, im)) in self.re.chunks_exact_mut(n).zip(self.im.chunks_exact_mut(n)).enumerate() {
            for k in 0..n {
                let (a, b) = (factor * left.re[i * n + k], factor * left.im[i * n + k]);
                let rows = right.re[k * n..(k + 1) * n].iter().zip(&right.im[k * n..(k + 1) * n]);
                for ((re, im), (c, d)) in re.iter_mut().zip(im.iter_mut()).zip(rows) {
                    *re += a * c - b * d;
                    *im += a * d + b * c;
                }
            }
        }
    }

    /// Multiplies row and column `i` by `scales[i]`.
    pub(super) fn scale(&mut self, scales: &[f64]) {
        let rows = self.re.chunks_exact_mut(self.size).zip(self.im.chunks_exact_mut(self.size));
        for ((re, im), row) in rows.zip(scales) {
            re.iter_mut().zip(scales).for_each(|(x, column)| *x *= row * column);
            im.iter_mut().zip(scales).for_each(|(x, column)| *x *= row * column);
        }
    }

    /// Replaces the matrix by its inverse; false if a pivot vanishes or is not finite.
    #[must_use]
    pub(crate) fn invert(&mut self) -> bool {
        let n = self.size;
        self.negative = false;
        let (pivot_re, pivot_im) = (&mut self.pivot_row.0, &mut self.pivot_row.1);
        for k in 0..n {
            let magnitude = |row: usize| {
                let at = row * n + k;
                self.re[at] * self.re[at] + self.im[at] * self.im[at]
            };
            let (mut pivot, mut largest) = (k, magnitude(k));
            for row in k + 1..n {
                let candidate = magnitude(row);
                if candidate > largest {
                    (pivot, largest) = (row, candidate);
                }
            }
            if !(largest > 0.0 && largest.is_finite()) {
                return false;
            }
            self.pivots[k] = pivot;
            self.negative ^= (self.re[pivot * n + k] < 0.0) != (pivot != k);
            if pivot != k {
                let (top, bottom) = self.re.split_at_mut(pivot * n);
                top[k * n..(k + 1) * n].swap_with_slice(&mut bottom[..n]);
                let (top, bottom) = self.im.split_at_mut(pivot * n);
                top[k * n..(k + 1) * n].swap_with_slice(&mut bottom[..n]);
            }
            let (row_re, row_im) = (&mut self.re[k * n..(k + 1) * n], &mut self.im[k * n..(k + 1) * n]);
            let (inverse_re, inverse_im) = (row_re[k] / largest, -row_im[k] / largest);
            (row_re[k], row_im[k]) = (1.0, 0.0);
            for j in 0..n {
                let (re, im) = (row_re[j], row_im[j]);
                row_re[j] = re * inverse_re - im * inverse_im;
                row_im[j] = re * inverse_im + im * inverse_re;
            }
            pivot_re.copy_from_slice(row_re);
            pivot_im.copy_from_slice(row_im);
            for row in (0..n).filter(|&row| row != k) {
                let row_re = &mut self.re[row * n..(row + 1) * n];
                let row_im = &mut self.im[row * n..(row + 1) * n];
                let (factor_re, factor_im) = (row_re[k], row_im[k]);
                (row_re[k], row_im[k]) = (0.0, 0.0);
                for (((re, im), &p_re), &p_im) in
                    row_re.iter_mut().zip(row_im.iter_mut()).zip(pivot_re.iter()).zip(pivot_im.iter())
                {
                    *re -= factor_re * p_re - factor_im * p_im;
                    *im -= factor_re * p_im + factor_im * p_re;
                }
            }
        }
        for k in (0..n).rev() {
            let pivot = self.pivots[k];
            if pivot != k {
                for row in 0..n {
                    self.re.swap(row * n + k, row * n + pivot);
                    self.im.swap(row * n + k, row * n + pivot);
                }
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn product_with_the_inverse_is_the_identity() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(7);
        for n in [1, 2, 3, 5, 11, 33, 70] {
            let mut matrix = SplitMatrix::zeros(n);
            matrix.re.iter_mut().chain(matrix.im.iter_mut()).for_each(|x| *x = rng.random::<f64>() - 0.5);
            matrix.re[0] = 0.0; // forces a row exchange
            matrix.im[0] = 0.0;
            let original = matrix.clone();
            if n == 1 {
                assert!(!matrix.invert());
                continue;
            }
            assert!(matrix.invert());
            for i in 0..n {
                for j in 0..n {
                    let entry: Complex64 = (0..n).map(|l| original.get(i, l) * matrix.get(l, j)).sum();
                    let exact = if i == j { 1.0 } else { 0.0 };
                    assert!((entry - exact).norm() < 1e-11, "n = {n}, entry ({i}, {j}) is {entry}");
                }
            }
        }
    }
}
