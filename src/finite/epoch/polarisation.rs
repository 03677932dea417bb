//! The mean over all orderings by polarisation.

use nalgebra::DMatrix;

use super::add_scaled;
use crate::control;
use crate::error::Result;
use crate::finite::dense;

/// Entries summed at a time; 8 kB, a quarter of the usual first-level cache.
const CHUNK: usize = 1024;

/// `I - P` from the steps `A_b = alpha_b W_b`, `M_b = I - A_b`.
///
/// `P` is the symmetric multilinear form of the power `M -> M^B`, so polarisation gives it from
/// powers of signed sums (the noncommutative form of Glynn's formula for the permanent, European
/// J. Combin. 31, 2010):
///
/// `P = sum_signs (prod_b sign_b) (sum_b sign_b M_b)^B / (2^{B-1} B!)`, last sign `+1`.
///
/// It takes 16 products for `B = 4` and 384 for `B = 8`, where the recursion over subsets takes 28
/// and 1016, and a handful of matrices instead of two levels of the lattice of subsets. The signs
/// cancel little: the mean size of the terms is that of a sum of `B` coin tosses to the power `B`,
/// over `B!`, which is 26 for `B = 12`.
///
/// # Errors
/// [`crate::Error::Cancelled`] if it is.
pub(super) fn decrement(steps: &[DMatrix<f64>]) -> Result<DMatrix<f64>> {
    let batches = steps.len();
    let size = steps[0].nrows();
    let mut total = DMatrix::zeros(size, size);
    let mut signed = DMatrix::zeros(size, size);
    let mut powers = PowerDecrement::new(size);
    for negative in 0..1u32 << (batches - 1) {
        control::check()?;
        signed_sum(&mut signed, steps, negative);
        let flips = negative.count_ones();
        let shift = batches as f64 - 2.0 * f64::from(flips);
        let sign = if flips % 2 == 0 { 1.0 } else { -1.0 };
        powers.add_lower(&mut total, sign, shift, &signed, batches);
    }
    let factorial: f64 = (1..=batches).map(|k| k as f64).product();
    total /= factorial * f64::from(1u32 << (batches - 1));
    dense::mirror_lower(&mut total);
    Ok(total)
}

/// Scratch for `E_j = s^j I - (s I - C)^j`, which is of the order of `C` however small `C` is,
/// where the difference of the two powers would cancel.
struct PowerDecrement {
    current: DMatrix<f64>,
    next: DMatrix<f64>,
}

impl PowerDecrement {
    fn new(size: usize) -> Self {
        Self { current: DMatrix::zeros(size, size), next: DMatrix::zeros(size, size) }
    }

    /// `total += sign * E_power` on the lower triangle, by the binary chain of
    ///
    /// `E_1 = C,  E_{i+j} = s^i E_j + s^j E_i - E_i E_j`.
    ///
    /// The factors commute, so every product is symmetric and half of it suffices.
    fn add_lower(
        &mut self,
        total: &mut DMatrix<f64>,
        sign: f64,
        shift: f64,
        signed: &DMatrix<f64>,
        power: usize,
    ) {
        if power == 1 {
            return add_scaled(total, sign, signed);
        }
        self.current.copy_from(signed);
        let mut reached = 1;
        while reached < power {
            // The bits of `power` from the top are the bits of the exponents on the way.
            let next_on_chain = power >> (power.ilog2() - reached.ilog2());
            let (other, degree) =
                if reached == next_on_chain { (&self.current, reached) } else { (signed, 1) };
            let last = reached + degree == power;
            let (target, sign, keep) =
                if last { (&mut *total, sign, 1.0) } else { (&mut self.next, 1.0, 0.0) };
            let weights = [keep, sign * power_of(shift, reached), sign * power_of(shift, degree)];
            combine(target, weights, other, &self.current);
            dense::add_product_lower(target, -sign, dense::view(other), dense::view(&self.current));
            if !last {
                dense::mirror_lower(&mut self.next);
                std::mem::swap(&mut self.current, &mut self.next);
            }
            reached += degree;
        }
    }
}

fn power_of(base: f64, exponent: usize) -> f64 {
    base.powi(exponent as i32)
}

/// `target = sum_b sign_b A_b`, negative where the bit of `b` is set.
///
/// Chunk by chunk, so that the target stays in the cache while the steps stream past.
fn signed_sum(target: &mut DMatrix<f64>, steps: &[DMatrix<f64>], negative: u32) {
    for (index, chunk) in target.as_mut_slice().chunks_mut(CHUNK).enumerate() {
        chunk.fill(0.0);
        for (b, step) in steps.iter().enumerate() {
            let sign = if negative >> b & 1 == 1 { -1.0 } else { 1.0 };
            for (entry, &other) in chunk.iter_mut().zip(&step.as_slice()[index * CHUNK..]) {
                *entry += sign * other;
            }
        }
    }
}

/// `target = keep * target + a * left + b * right` in one pass.
fn combine(target: &mut DMatrix<f64>, [keep, a, b]: [f64; 3], left: &DMatrix<f64>, right: &DMatrix<f64>) {
    let sources = left.as_slice().iter().zip(right.as_slice());
    for (entry, (&left, &right)) in target.as_mut_slice().iter_mut().zip(sources) {
        *entry = keep * *entry + a * left + b * right;
    }
}
