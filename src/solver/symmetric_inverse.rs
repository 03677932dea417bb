//! In-place inversion of small complex symmetric matrices, the kernel of the fixed-point maps.
//!
//! The sweep operator (Goodnight, Amer. Statist. 33, 1979): a step with the pivot block `D` of two rows `V` turns
//!
//! ```text
//! A - V^T D^-1 V,      D^-1 V,      -D^-1
//! ```
//!
//! into the new entries off the block, in its rows, and at its place. It keeps the matrix symmetric and ends after all
//! blocks at `-A^-1`, in whatever order they are taken. So nothing is exchanged, only one triangle is kept, half the work
//! of Gauss-Jordan elimination, and two rows at a time halve the traffic. A block is taken if `D^-1 V` does not grow,
//! which bounds the growth of what is left as the pivoting of Bunch and Kaufman does (Math. Comp. 31, 1977); where no
//! partner of a row allows that, the general routine inverts.
//!
//! Rows are padded to whole vectors of the processor, whose widest instructions are found at run time, and an odd last row
//! has a row of the identity for a partner.

use num_complex::Complex64;
use pulp::{Arch, Simd, WithSimd};

use super::inverse::SplitMatrix;

/// Largest entry of `D^-1 V`, squared, of a block that is taken. Single pivots of Bunch and Kaufman have 2.4.
const GROWTH: f64 = 16.0;

/// Most numbers in a vector of any processor.
const WIDEST: usize = 8;

/// Rows up to which the general routine is as fast.
const FEW: usize = 5;

/// Room for the inversion of a matrix of one size.
#[derive(Debug, Clone)]
pub(super) struct SweepRoom {
    re: Vec<f64>,
    im: Vec<f64>,
    /// The pivot rows `V` and `D^-1 V`, real and imaginary parts in turn.
    rows: [Vec<f64>; 8],
    /// 1 for rows that are not swept, 0 for others.
    left: Vec<f64>,
    /// Whether the determinant of the last block was negative.
    negative: bool,
}

impl SweepRoom {
    pub(super) fn new(size: usize) -> Self {
        let padded = size.next_multiple_of(WIDEST);
        let area = size.next_multiple_of(2) * padded;
        Self {
            re: vec![0.0; area],
            im: vec![0.0; area],
            rows: std::array::from_fn(|_| vec![0.0; padded]),
            left: vec![0.0; padded],
            negative: false,
        }
    }
}

impl SplitMatrix {
    /// Replaces a symmetric matrix by its inverse, computed with row and column `i` multiplied by `scales[i]`: pivots are
    /// then chosen among comparable numbers. False if the matrix is singular or not finite.
    #[must_use]
    pub(crate) fn invert_symmetric(&mut self, scales: &[f64]) -> bool {
        if self.size() > FEW && Arch::new().dispatch(Inversion { matrix: self, scales }) {
            return true;
        }
        self.scale(scales);
        let regular = self.invert();
        self.scale(scales);
        regular
    }
}

struct Inversion<'a> {
    matrix: &'a mut SplitMatrix,
    scales: &'a [f64],
}

impl WithSimd for Inversion<'_> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Self { matrix, scales } = self;
        let n = matrix.size();
        let even = n.next_multiple_of(2);
        let SplitMatrix { re, im, room, negative, .. } = matrix;
        *negative = false;
        let mut sweep = Sweep { simd, n: even, stride: even.next_multiple_of(S::F64_LANES), room };
        sweep.load([re, im], scales);
        for k in 0..even {
            if sweep.room.left[k] == 0.0 {
                continue;
            }
            sweep.fetch(k, 0);
            let later = (k + 1..even).find(|&l| sweep.room.left[l] > 0.0 && sweep.take(k, l));
            if later.is_none() {
                return false;
            }
            *negative ^= sweep.room.negative;
        }
        sweep.store([re, im], scales);
        true
    }
}

struct Sweep<'a, S> {
    simd: S,
    /// Number of rows, even.
    n: usize,
    stride: usize,
    room: &'a mut SweepRoom,
}

impl<S: Simd> Sweep<'_, S> {
    #[inline(always)]
    fn load(&mut self, parts: [&[f64]; 2], scales: &[f64]) {
        let (size, stride) = (scales.len(), self.stride);
        for (own, other) in [&mut self.room.re, &mut self.room.im].into_iter().zip(parts) {
            let rows = own.chunks_exact_mut(stride).zip(other.chunks_exact(size)).zip(scales);
            for ((own, other), row) in rows {
                for ((own, other), column) in own.iter_mut().zip(other).zip(scales) {
                    *own = other * row * column;
                }
                own[size..].fill(0.0);
            }
        }
        if self.n > size {
            let last = size * stride;
            self.room.re[last..last + stride].fill(0.0);
            self.room.im[last..last + stride].fill(0.0);
            self.room.re[last + size] = 1.0;
        }
        self.room.left.fill(0.0);
        self.room.left[..self.n].fill(1.0);
        for row in &mut self.room.rows {
            row[self.n..].fill(0.0);
        }
    }

    /// The inverse from what the sweeps have left, its negative, above the diagonal.
    #[inline(always)]
    fn store(&self, parts: [&mut [f64]; 2], scales: &[f64]) {
        let (size, stride) = (scales.len(), self.stride);
        for (own, other) in [&self.room.re, &self.room.im].into_iter().zip(parts) {
            for i in 0..size {
                for j in i..size {
                    let entry = -own[i * stride + j] * scales[i] * scales[j];
                    other[i * size + j] = entry;
                    other[j * size + i] = entry;
                }
            }
        }
    }

    /// First column of row `i` that is kept: whole vectors from the one that the diagonal is in.
    #[inline(always)]
    fn start(i: usize) -> usize {
        i / S::F64_LANES * S::F64_LANES
    }

    /// Copies row `k` of the whole symmetric matrix into the pivot row `which`.
    #[inline(always)]
    fn fetch(&mut self, k: usize, which: usize) {
        let (n, stride, start) = (self.n, self.stride, Self::start(k));
        for (part, own) in [&self.room.re, &self.room.im].into_iter().enumerate() {
            let row = &mut self.room.rows[2 * which + part];
            for (entry, from) in row[..start].iter_mut().zip(own[k..].iter().step_by(stride)) {
                *entry = *from;
            }
            row[start..n].copy_from_slice(&own[k * stride + start..k * stride + n]);
        }
    }

    #[inline(always)]
    fn pivot(&self, which: usize, at: usize) -> Complex64 {
        Complex64::new(self.room.rows[2 * which][at], self.room.rows[2 * which + 1][at])
    }

    /// Sweeps the rows `k < l` if that is safe; row `k` is fetched.
    #[inline(always)]
    fn take(&mut self, k: usize, l: usize) -> bool {
        self.fetch(l, 1);
        let (a, b, c) = (self.pivot(0, k), self.pivot(0, l), self.pivot(1, l));
        let determinant = a * c - b * b;
        let size = determinant.norm_sqr();
        if !(size > 0.0 && size.is_finite()) {
            return false;
        }
        self.room.negative = determinant.re < 0.0;
        let inverse = determinant.conj() / size;
        let inverse = [c * inverse, -b * inverse, a * inverse];
        self.room.left[k] = 0.0;
        self.room.left[l] = 0.0;
        if self.solve(inverse) > GROWTH {
            self.room.left[k] = 1.0;
            self.room.left[l] = 1.0;
            return false;
        }
        for row in &mut self.room.rows[..4] {
            row[k] = 0.0;
            row[l] = 0.0;
        }
        self.subtract();
        self.put(k, 2);
        self.put(l, 3);
        let corners = [(k, k, inverse[0]), (k, l, inverse[1]), (l, k, inverse[1]), (l, l, inverse[2])];
        for (i, j, value) in corners.into_iter().filter(|&(i, j, _)| Self::start(i) <= j) {
            let at = i * self.stride + j;
            (self.room.re[at], self.room.im[at]) = (-value.re, -value.im);
        }
        true
    }

    /// Fills the rows `D^-1 V`; returns their largest entry at rows that are not swept, squared.
    #[inline(always)]
    fn solve(&mut self, inverse: [Complex64; 3]) -> f64 {
        let simd = self.simd;
        let [first, both, second] = inverse.map(|x| [simd.splat_f64s(x.re), simd.splat_f64s(x.im)]);
        let [v_re, v_im, w_re, w_im, x_re, x_im, y_re, y_im] = &mut self.room.rows;
        let [v_re, v_im, w_re, w_im] =
            [v_re, v_im, w_re, w_im].map(|row| S::as_simd_f64s(&row[..self.stride]).0);
        let [x_re, x_im, y_re, y_im] =
            [x_re, x_im, y_re, y_im].map(|row| S::as_mut_simd_f64s(&mut row[..self.stride]).0);
        let left = S::as_simd_f64s(&self.room.left[..self.stride]).0;
        let mut largest = simd.splat_f64s(0.0);
        for j in 0..left.len() {
            let v = [v_re[j], v_im[j]];
            let w = [w_re[j], w_im[j]];
            let x = add_product(simd, product(simd, first, v), both, w);
            let y = add_product(simd, product(simd, both, v), second, w);
            (x_re[j], x_im[j], y_re[j], y_im[j]) = (x[0], x[1], y[0], y[1]);
            for z in [x, y] {
                let square = simd.mul_add_e_f64s(z[0], z[0], simd.mul_f64s(z[1], z[1]));
                largest = simd.max_f64s(largest, simd.mul_f64s(square, left[j]));
            }
        }
        simd.reduce_max_f64s(largest)
    }

    /// `A - V^T D^-1 V`.
    #[inline(always)]
    fn subtract(&mut self) {
        let (simd, stride) = (self.simd, self.stride);
        let SweepRoom { re, im, rows, .. } = &mut *self.room;
        let [v_re, v_im, w_re, w_im, x_re, x_im, y_re, y_im] = rows;
        let [x_re, x_im, y_re, y_im] = [x_re, x_im, y_re, y_im].map(|row| S::as_simd_f64s(&row[..stride]).0);
        let matrix = re.chunks_exact_mut(stride).zip(im.chunks_exact_mut(stride));
        let factors = v_re.iter().zip(v_im.iter()).zip(w_re.iter().zip(w_im.iter()));
        for (i, ((re, im), ((&v_re, &v_im), (&w_re, &w_im)))) in matrix.zip(factors).take(self.n).enumerate()
        {
            let from = i / S::F64_LANES;
            let v = [simd.splat_f64s(-v_re), simd.splat_f64s(-v_im)];
            let w = [simd.splat_f64s(-w_re), simd.splat_f64s(-w_im)];
            let re = &mut S::as_mut_simd_f64s(re).0[from..];
            let im = &mut S::as_mut_simd_f64s(im).0[from..];
            let first = x_re[from..].iter().zip(&x_im[from..]);
            let second = y_re[from..].iter().zip(&y_im[from..]);
            for (((re, im), (&x_re, &x_im)), (&y_re, &y_im)) in re.iter_mut().zip(im).zip(first).zip(second) {
                let sum = add_product(simd, [*re, *im], v, [x_re, x_im]);
                let sum = add_product(simd, sum, w, [y_re, y_im]);
                (*re, *im) = (sum[0], sum[1]);
            }
        }
    }

    /// Makes the pivot row `which` row and column `k` of the matrix.
    #[inline(always)]
    fn put(&mut self, k: usize, which: usize) {
        let (n, stride, start) = (self.n, self.stride, Self::start(k));
        let end = (start + S::F64_LANES).min(n);
        for (part, own) in [&mut self.room.re, &mut self.room.im].into_iter().enumerate() {
            let row = &self.room.rows[2 * which + part];
            own[k * stride + start..k * stride + n].copy_from_slice(&row[start..n]);
            for (entry, to) in row[..end].iter().zip(own[k..].iter_mut().step_by(stride)) {
                *to = *entry;
            }
        }
    }
}

#[inline(always)]
fn product<S: Simd>(simd: S, x: [S::f64s; 2], y: [S::f64s; 2]) -> [S::f64s; 2] {
    let re = simd.neg_f64s(simd.mul_f64s(x[1], y[1]));
    [simd.mul_add_e_f64s(x[0], y[0], re), simd.mul_add_e_f64s(x[0], y[1], simd.mul_f64s(x[1], y[0]))]
}

/// `sum + x y`.
#[inline(always)]
fn add_product<S: Simd>(simd: S, sum: [S::f64s; 2], x: [S::f64s; 2], y: [S::f64s; 2]) -> [S::f64s; 2] {
    let re = simd.mul_add_e_f64s(x[0], y[0], simd.negate_mul_add_e_f64s(x[1], y[1], sum[0]));
    [re, simd.mul_add_e_f64s(x[0], y[1], simd.mul_add_e_f64s(x[1], y[0], sum[1]))]
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Largest entry of `A A^-1 - 1`.
    fn residual(matrix: &SplitMatrix, inverse: &SplitMatrix) -> f64 {
        let n = matrix.size();
        let mut largest = 0.0f64;
        for i in 0..n {
            for j in 0..n {
                let entry: Complex64 = (0..n).map(|l| matrix.get(i, l) * inverse.get(l, j)).sum();
                largest = largest.max((entry - if i == j { 1.0 } else { 0.0 }).norm());
            }
        }
        largest
    }

    fn random(n: usize, rng: &mut rand_pcg::Pcg64) -> SplitMatrix {
        let mut matrix = SplitMatrix::zeros(n);
        for i in 0..n {
            for j in i..n {
                let entry = Complex64::new(rng.random::<f64>() - 0.5, rng.random::<f64>() - 0.5);
                matrix.set(i, j, entry);
                matrix.set(j, i, entry);
            }
        }
        matrix
    }

    #[test]
    fn product_with_the_inverse_is_the_identity() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(7);
        for n in [1, 2, 3, 4, 5, 8, 11, 17, 33, 70] {
            for diagonal in [1.0, 1e-9, 0.0] {
                let mut matrix = random(n, &mut rng);
                for i in 0..n {
                    matrix.set(i, i, diagonal * matrix.get(i, i));
                }
                let mut inverse = matrix.clone();
                let regular = inverse.invert_symmetric(&vec![1.0; n]);
                if n == 1 && diagonal == 0.0 {
                    assert!(!regular);
                } else {
                    assert!(regular);
                    let error = residual(&matrix, &inverse);
                    assert!(error < 1e-10, "n = {n}, diagonal {diagonal}: {error}");
                }
            }
        }
    }

    /// Scales that differ by ten decades: without them the small rows drown.
    #[test]
    fn graded_matrices_keep_their_digits() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(8);
        let n = 12;
        let plain = random(n, &mut rng);
        let scales: Vec<f64> = (0..n).map(|i| 10f64.powi(i as i32 - 6)).collect();
        let (mut graded, mut exact) = (plain.clone(), plain.clone());
        for i in 0..n {
            for j in 0..n {
                graded.set(i, j, plain.get(i, j) / (scales[i] * scales[j]));
            }
        }
        assert!(graded.invert_symmetric(&scales));
        assert!(exact.invert());
        for i in 0..n {
            for j in 0..n {
                let (found, expected) = (graded.get(i, j) / (scales[i] * scales[j]), exact.get(i, j));
                assert!((found - expected).norm() < 1e-11 * expected.norm().max(1.0));
            }
        }
    }

    #[test]
    fn the_sign_of_the_determinant() {
        let mut rng = rand_pcg::Pcg64::seed_from_u64(9);
        for n in [1, 2, 3, 5, 6, 7, 12, 21] {
            for _ in 0..8 {
                let mut matrix = random(n, &mut rng);
                matrix.im.fill(0.0);
                let exact = nalgebra::DMatrix::from_row_slice(n, n, &matrix.re).determinant();
                let mut general = matrix.clone();
                assert!(matrix.invert_symmetric(&vec![0.7; n]) && general.invert());
                assert_eq!([matrix.was_negative(), general.was_negative()], [exact < 0.0; 2]);
            }
        }
    }

    #[test]
    fn singular_matrices_are_refused() {
        let mut matrix = SplitMatrix::zeros(3);
        assert!(!matrix.invert_symmetric(&[1.0; 3]));
    }
}
