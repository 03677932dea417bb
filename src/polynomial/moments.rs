//! Moments of polynomials in free variables.
//!
//! The mixed moment of a word is a sum over the noncrossing partitions of its letters into blocks of one
//! variable each, the product of the free cumulants of the blocks (A. Nica and R. Speicher, Lectures on
//! the combinatorics of free probability, Cambridge University Press 2006, Lecture 11). With `F(i, j)` the
//! moment of the letters `i..j`, the block of letter `i` is a chain `i = p_1 < ... < p_m` of positions with
//! the same letter, and what is between them is independent of it:
//!
//! ```text
//! F(i, j) = sum over chains of  kappa_m F(p_1 + 1, p_2) ... F(p_(m-1) + 1, p_m) F(p_m + 1, j)
//! ```
//!
//! The sum over chains is done position by position, so a word of length `k` takes `O(k^4)` at most.

use std::collections::{BTreeMap, HashMap};

use super::{Polynomial, Variable};

/// How many free cumulants of each variable the first `count` moments of a polynomial depend on.
pub(crate) fn cumulants_needed(polynomial: &Polynomial, count: usize) -> BTreeMap<Variable, usize> {
    let mut needed = BTreeMap::new();
    for (word, _) in polynomial.terms() {
        for variable in word {
            let occurrences = word.iter().filter(|other| *other == variable).count();
            let most = needed.entry(variable.clone()).or_default();
            *most = occurrences.max(*most);
        }
    }
    needed.values_mut().for_each(|most| *most *= count);
    needed
}

/// Operations that the first `count` moments take, about: products of the words of two powers, by the cube of
/// their length.
pub(crate) fn work(polynomial: &Polynomial, count: usize) -> f64 {
    if polynomial.occurring().len() < 2 {
        return 0.0;
    }
    let (words, length) = (polynomial.terms().len() as f64, (count * polynomial.degree()) as f64);
    words.powi(count as i32) * length.powi(3)
}

/// The moments `phi(p), ..., phi(p^count)` of a self-adjoint polynomial in free variables with the given
/// free cumulants `kappa_1, kappa_2, ...`; those that are not given are zero.
pub(crate) fn moments(
    polynomial: &Polynomial,
    cumulants: &BTreeMap<Variable, Vec<f64>>,
    count: usize,
) -> Vec<f64> {
    let variables = polynomial.occurring();
    let letters: HashMap<&Variable, u32> = variables.iter().zip(0..).collect();
    let mut powers = vec![Polynomial::constant(1.0)];
    for exponent in 1..=count.div_ceil(2) {
        powers.push(&powers[exponent - 1] * polynomial);
    }
    let encode = |power: &Polynomial| -> Vec<_> {
        let word = |word: &[Variable]| word.iter().map(|variable| letters[variable]).collect::<Vec<u32>>();
        power.terms().map(|(letters, coefficient)| (word(letters), coefficient)).collect()
    };
    let powers: Vec<_> = powers.iter().map(encode).collect();
    let given = |variable| cumulants.get(variable).map_or(&[][..], Vec::as_slice);
    let mut mixed = MixedMoments::new(variables.iter().map(given).collect());
    // Every moment is the mean of the product of two powers.
    let moment = |exponent: usize| {
        let (left, right) = (&powers[exponent.div_ceil(2)], &powers[exponent / 2]);
        let mut sum = 0.0;
        for (index, (u, a)) in left.iter().enumerate() {
            // phi(u v) = phi(v u), so one of the two does if both are words of the same power.
            let (first, multiplicity) = if exponent.is_multiple_of(2) { (index, 2.0) } else { (0, 1.0) };
            for (position, (v, b)) in right.iter().enumerate().skip(first) {
                let diagonal = exponent.is_multiple_of(2) && position == index;
                let weight = (a * b).re * if diagonal { 1.0 } else { multiplicity };
                if weight != 0.0 {
                    sum += weight * mixed.of_product(u, v);
                }
            }
        }
        sum
    };
    (1..=count).map(moment).collect()
}

/// Mixed moments of free variables, which are numbered.
struct MixedMoments<'a> {
    /// Free cumulants of every variable, without zeros at the end.
    cumulants: Vec<&'a [f64]>,
    /// The moments that were computed, by the least of the rotations of a word and of its reverse, which
    /// all have the same moment.
    known: HashMap<Vec<u32>, f64>,
    /// Work space: a word twice in a row, its reverse likewise.
    doubled: [Vec<u32>; 2],
    /// Work space: `F(i, j)` at `i * (k + 1) + j`.
    intervals: Vec<f64>,
    /// Work space: the positions of one letter, the sums over the chains of one length that end there, and
    /// the same for all lengths with their cumulants.
    positions: Vec<usize>,
    chains: Vec<f64>,
    weights: Vec<f64>,
}

impl<'a> MixedMoments<'a> {
    fn new(mut cumulants: Vec<&'a [f64]>) -> Self {
        for given in &mut cumulants {
            *given = &given[..given.iter().rposition(|&kappa| kappa != 0.0).map_or(0, |last| last + 1)];
        }
        Self {
            cumulants,
            known: HashMap::new(),
            doubled: [Vec::new(), Vec::new()],
            intervals: Vec::new(),
            positions: Vec::new(),
            chains: Vec::new(),
            weights: Vec::new(),
        }
    }

    /// `phi(u v)`.
    fn of_product(&mut self, u: &[u32], v: &[u32]) -> f64 {
        let length = u.len() + v.len();
        if length == 0 {
            return 1.0;
        }
        let [forward, backward] = &mut self.doubled;
        forward.clear();
        for part in [u, v, u, v] {
            forward.extend_from_slice(part);
        }
        backward.clear();
        backward.extend(forward.iter().rev());
        let rotations = forward.windows(length).chain(backward.windows(length));
        let Some(least) = rotations.min() else { return 1.0 };
        if let Some(&moment) = self.known.get(least) {
            return moment;
        }
        let word = least.to_vec();
        let moment = self.of_word(&word);
        self.known.insert(word, moment);
        moment
    }

    fn of_word(&mut self, word: &[u32]) -> f64 {
        let length = word.len();
        let stride = length + 1;
        self.intervals.clear();
        self.intervals.resize(stride * stride, 0.0);
        self.intervals[stride * stride - 1] = 1.0;
        for start in (0..length).rev() {
            self.sum_over_chains(word, start);
            let (head, tail) = self.intervals.split_at_mut((start + 1) * stride);
            let row = &mut head[start * stride..];
            row[start] = 1.0;
            for (&position, &weight) in self.positions.iter().zip(&self.weights) {
                let gap = &tail[(position - start) * stride..][..stride];
                for (sum, gap) in row.iter_mut().zip(gap).skip(position + 1) {
                    *sum += weight * gap;
                }
            }
        }
        self.intervals[length]
    }

    /// Sets for every position of the letter at `start` the sum over the chains from `start` that end there.
    fn sum_over_chains(&mut self, word: &[u32], start: usize) {
        let stride = word.len() + 1;
        let letter = word[start];
        self.positions.clear();
        self.positions.extend((start..word.len()).filter(|&position| word[position] == letter));
        let count = self.positions.len();
        for values in [&mut self.chains, &mut self.weights] {
            values.clear();
            values.resize(count, 0.0);
        }
        self.chains[0] = 1.0;
        let cumulants = self.cumulants[letter as usize];
        for (before, &kappa) in cumulants.iter().enumerate().take(count) {
            // Chains of `before` further letters end at the position of that number or later.
            for (weight, chain) in self.weights.iter_mut().zip(&self.chains).skip(before) {
                *weight += kappa * chain;
            }
            if before + 1 == cumulants.len() {
                break;
            }
            // From the last position down, as chains end after shorter ones.
            for end in (before + 1..count).rev() {
                let gap =
                    |from: usize| self.intervals[(self.positions[from] + 1) * stride + self.positions[end]];
                self.chains[end] = (before..end).map(|from| self.chains[from] * gap(from)).sum();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::moments_from_free_cumulants;
    use approx::assert_relative_eq;

    /// Sum over all partitions of the letters, of which the noncrossing ones with blocks of one letter count.
    fn brute_force(word: &[u32], cumulants: &[&[f64]]) -> f64 {
        fn crossing(blocks: &[Vec<usize>]) -> bool {
            let crosses = |a: &[usize], b: &[usize]| {
                a.windows(2).any(|gap| {
                    let inside = b.iter().filter(|&&q| gap[0] < q && q < gap[1]).count();
                    inside != 0 && inside != b.len()
                })
            };
            blocks
                .iter()
                .enumerate()
                .any(|(n, a)| blocks.iter().enumerate().any(|(m, b)| n != m && crosses(a, b)))
        }
        fn extend(word: &[u32], next: usize, blocks: &mut Vec<Vec<usize>>, cumulants: &[&[f64]]) -> f64 {
            if next == word.len() {
                let weight = |block: &Vec<usize>| cumulants[word[block[0]] as usize][block.len() - 1];
                return if crossing(blocks) { 0.0 } else { blocks.iter().map(weight).product() };
            }
            let mut sum = 0.0;
            for index in 0..blocks.len() {
                if word[blocks[index][0]] == word[next] {
                    blocks[index].push(next);
                    sum += extend(word, next + 1, blocks, cumulants);
                    blocks[index].pop();
                }
            }
            blocks.push(vec![next]);
            sum += extend(word, next + 1, blocks, cumulants);
            blocks.pop();
            sum
        }
        extend(word, 0, &mut Vec::new(), cumulants)
    }

    const SKEW: [&[f64]; 3] = [
        &[0.7, 1.3, -0.4, 0.9, 0.3, -1.1, 0.2, 0.8],
        &[-0.2, 0.5, 1.7, -0.6, 0.1, 0.4, -0.9, 1.2],
        &[0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, -5.0],
    ];

    #[test]
    fn all_words_up_to_length_seven_against_all_partitions() {
        let mut mixed = MixedMoments::new(SKEW.to_vec());
        for length in 0..=7u32 {
            for code in 0..3u32.pow(length) {
                let word: Vec<u32> = (0..length).map(|n| code / 3u32.pow(n) % 3).collect();
                let expected = brute_force(&word, &SKEW);
                assert_relative_eq!(mixed.of_word(&word), expected, max_relative = 1e-12, epsilon = 1e-13);
                let (u, v) = word.split_at(word.len() / 2);
                assert_relative_eq!(mixed.of_product(u, v), expected, max_relative = 1e-12, epsilon = 1e-13);
            }
        }
    }

    #[test]
    fn words_of_one_letter_have_the_moments_of_the_law() {
        let mut mixed = MixedMoments::new(SKEW.to_vec());
        for (letter, cumulants) in SKEW.iter().enumerate() {
            for (index, moment) in moments_from_free_cumulants(cumulants).iter().enumerate() {
                let word = vec![letter as u32; index + 1];
                assert_relative_eq!(mixed.of_word(&word), *moment, max_relative = 1e-12, epsilon = 1e-12);
            }
        }
    }

    fn given(cumulants: &[&[f64]]) -> BTreeMap<Variable, Vec<f64>> {
        let names = ["x", "y", "z"].map(|name| Variable::new(name).unwrap());
        names.into_iter().zip(cumulants.iter().map(|cumulants| cumulants.to_vec())).collect()
    }

    #[test]
    fn alternating_words_factor_as_freeness_demands() {
        let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
        let moments = |p: &Polynomial, count| moments(p, &given(&SKEW), count);
        let (x1, x2) = (moments(&x, 2)[0], moments(&x, 2)[1]);
        let (y1, y2) = (moments(&y, 2)[0], moments(&y, 2)[1]);
        let expected = x2 * y1 * y1 + x1 * x1 * y2 - x1 * x1 * y1 * y1;
        assert_relative_eq!(moments(&(&x * &y), 2)[1], expected, max_relative = 1e-14);
        assert_relative_eq!(moments(&(&x * &y), 1)[0], x1 * y1, max_relative = 1e-14);
        assert_relative_eq!(moments(&(&x * &y * &x), 1)[0], x2 * y1, max_relative = 1e-14);
    }

    /// `x y + y x = u^2 - v^2` with the free semicirculars `u, v = (x +- y) / sqrt 2`, the squares of which
    /// have free cumulants 1; so the even ones of the anticommutator are 2 and the odd ones vanish. The
    /// commutator has the same law.
    #[test]
    fn anticommutator_and_commutator_of_semicirculars() {
        let semicircular: &[f64] = &[0.0, 1.0];
        let expected = moments_from_free_cumulants(&[0.0, 2.0, 0.0, 2.0, 0.0, 2.0, 0.0, 2.0]);
        assert_eq!(expected[..4], [0.0, 2.0, 0.0, 10.0]);
        for text in ["x*y + y*x", "i*(x*y - y*x)"] {
            let polynomial: Polynomial = text.parse().unwrap();
            assert_eq!(moments(&polynomial, &given(&[semicircular; 2]), 8), expected, "{text}");
        }
    }

    #[test]
    fn constants_shift_and_sums_add_cumulants() {
        let polynomial: Polynomial = "3 + x + 2*y - z".parse().unwrap();
        let scales = [1.0, 2.0, -1.0];
        let cumulant = |order: i32| {
            let scaled = |(given, scale): (&&[f64], &f64)| given[order as usize - 1] * scale.powi(order);
            let sum: f64 = SKEW.iter().zip(&scales).map(scaled).sum();
            if order == 1 { 3.0 + sum } else { sum }
        };
        let expected = moments_from_free_cumulants(&(1..=7).map(cumulant).collect::<Vec<_>>());
        for (found, expected) in moments(&polynomial, &given(&SKEW), 7).iter().zip(expected) {
            assert_relative_eq!(*found, expected, max_relative = 1e-11);
        }
        assert_eq!(moments(&Polynomial::constant(2.0), &BTreeMap::new(), 3), [2.0, 4.0, 8.0]);
        assert_eq!(moments(&Polynomial::default(), &BTreeMap::new(), 2), [0.0, 0.0]);
    }

    #[test]
    fn the_cumulants_that_matter_are_counted() {
        let polynomial: Polynomial = "x*y*x + y^3 - z + 1".parse().unwrap();
        let needed: Vec<_> = cumulants_needed(&polynomial, 4).into_values().collect();
        assert_eq!(needed, [8, 12, 4]);
        // Others do not change the moments, but these do.
        let base = moments(&"x*y*x".parse().unwrap(), &given(&[&[1.0; 4], &[1.0; 2]]), 2);
        assert_eq!(moments(&"x*y*x".parse().unwrap(), &given(&[&[1.0; 5], &[1.0; 3]]), 2), base);
        assert_ne!(moments(&"x*y*x".parse().unwrap(), &given(&[&[1.0; 3], &[1.0; 2]]), 2), base);
    }
}
