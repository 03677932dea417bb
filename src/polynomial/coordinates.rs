//! Coordinates of square matrices that are real where the matrix is Hermitian.
//!
//! Of `X = S + i A` with symmetric `S` and antisymmetric `A` the entries on and above the diagonal. For matrices that
//! are symmetric because an equation is, those of `S` are all there is.

use num_complex::Complex64;

/// The coordinates of matrices of one size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coordinates {
    size: usize,
    symmetric: bool,
}

impl Coordinates {
    pub(super) fn new(size: usize, symmetric: bool) -> Self {
        Self { size, symmetric }
    }

    fn symmetric_part(self) -> usize {
        self.size * (self.size + 1) / 2
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        if self.symmetric { self.symmetric_part() } else { self.size * self.size }
    }

    /// The entries that the coordinates belong to, in their order: those of `S`, then those of `A`.
    pub(super) fn entries(self) -> impl Iterator<Item = (usize, usize)> {
        let above =
            move |from: usize| (0..self.size).flat_map(move |i| (i + from..self.size).map(move |j| (i, j)));
        above(0).chain(above(1)).take(self.len())
    }

    /// Calls `set` for every entry of the matrix with the given coordinates.
    pub(super) fn expand(self, coordinates: &[Complex64], mut set: impl FnMut(usize, usize, Complex64)) {
        let (symmetric, antisymmetric) = coordinates.split_at(self.symmetric_part());
        let mut rest = antisymmetric.iter();
        for ((i, j), &s) in self.entries().zip(symmetric) {
            if i == j {
                set(i, i, s);
                continue;
            }
            let a = rest.next().map_or(Complex64::ZERO, |a| Complex64::I * a);
            set(i, j, s + a);
            set(j, i, s - a);
        }
    }

    /// The coordinates of the matrix with the entries `get`.
    pub(super) fn gather(self, get: impl Fn(usize, usize) -> Complex64, coordinates: &mut [Complex64]) {
        let symmetric = self.symmetric_part();
        for (k, ((i, j), coordinate)) in self.entries().zip(coordinates).enumerate() {
            *coordinate = if k < symmetric {
                0.5 * (get(i, j) + get(j, i))
            } else {
                Complex64::new(0.0, -0.5) * (get(i, j) - get(j, i))
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nalgebra::DMatrix;

    #[test]
    fn there_and_back() {
        let c = Complex64::new;
        let matrix = DMatrix::from_fn(3, 3, |i, j| c(1.0 + i as f64, (i * j) as f64 - 0.3 * j as f64));
        let hermitian = &matrix + matrix.adjoint();
        for (matrix, symmetric) in
            [(&matrix, false), (&hermitian, false), (&(&matrix + matrix.transpose()), true)]
        {
            let coordinates = Coordinates::new(3, symmetric);
            let mut of_matrix = vec![Complex64::ZERO; coordinates.len()];
            coordinates.gather(|i, j| matrix[(i, j)], &mut of_matrix);
            assert_eq!(of_matrix.iter().all(|x| x.im == 0.0), *matrix == hermitian);
            let mut back = DMatrix::zeros(3, 3);
            coordinates.expand(&of_matrix, |i, j, entry| back[(i, j)] = entry);
            assert!((back - matrix).camax() < 1e-15);
        }
    }
}
