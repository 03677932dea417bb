//! Minimal self-adjoint linearisations of polynomials.
//!
//! A pencil that is linear in the variables and has a self-adjoint polynomial `p = sum p_w w` as the Schur
//! complement of its first row. On nonempty words, `K(u, v) = p_(u* v)` is a Hermitian form, for which left
//! multiplication by a variable is symmetric, `K(x u, v) = p_(u* x v) = K(u, x v)`, so that it acts on the
//! quotient by the radical of `K`. Words `I` that are a basis of this quotient give
//!
//! ```text
//! L(z) = diag(z - p_1, J) - sum_k A_k (x) x_k,   J = K[I, I],   A_k[u, v] = p_(u* x_k v) for u, v in {1} + I
//! ```
//!
//! As `J^(-1) A_k[I, I]` is the multiplication by `x_k` and `J^(-1) A_k[I, 1]` the class of `x_k`, the
//! geometric series of the inverse adds up all words, and the Schur complement is `z - p` exactly. It stays
//! the same when a word of `I` is multiplied by a number, which is done if entries are far from 1. The size
//! is 1 plus the rank of `K`, the least for a pencil of this form, by the uniqueness of minimal realisations
//! (J. W. Helton, T. Mai and R. Speicher, J. Funct. Anal. 274 (2018) 1, for linearisations in general).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use nalgebra::DMatrix;
use num_complex::Complex64;

use super::hermitian::{equilibration, independent_rows, scale};
use super::{Polynomial, Variable, Word};
use crate::error::{Error, Result};

/// Most words in the form `K`; finding its rank takes seconds there.
const WORDS: usize = 512;
/// Most entries of all coefficients together.
const ENTRIES: usize = 10_000_000;

/// A Hermitian pencil `L(z) = z e_11 + constant - sum_k coefficients_k (x) x_k`, with `z - p` as the Schur
/// complement of its first row.
///
/// ```
/// use freespectra::polynomial::{Linearization, Polynomial};
/// # fn main() -> Result<(), freespectra::Error> {
/// let linearization = Linearization::new(&"x*y + y*x - 1".parse()?)?;
/// assert_eq!(linearization.size(), 3);
/// assert_eq!(linearization.to_string(), "[ z + 1  -y  -x ]\n[    -y   0   1 ]\n[    -x   1   0 ]");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Linearization {
    variables: Vec<Variable>,
    basis: Vec<Word>,
    constant: DMatrix<Complex64>,
    coefficients: Vec<DMatrix<Complex64>>,
    roots: usize,
}

/// A coefficient of a word in an entry of a matrix of polynomials.
struct Entry {
    word: Word,
    place: [usize; 2],
    coefficient: Complex64,
}

impl Linearization {
    /// Linearises a polynomial.
    ///
    /// # Errors
    /// [`Error::NotSelfAdjoint`] if it is not, [`Error::InvalidArgument`] if coefficients are not finite or
    /// the polynomial is so large that its pencil is out of reach.
    pub fn new(polynomial: &Polynomial) -> Result<Self> {
        if !polynomial.terms().all(|(_, coefficient)| coefficient.is_finite()) {
            return Err(Error::argument("polynomial", polynomial, "finite coefficients"));
        }
        polynomial.check_self_adjoint()?;
        // Hermitian to the last bit.
        let polynomial = 0.5 * polynomial + 0.5 * polynomial.adjoint();
        Self::of_entries(&entries(&polynomial, [0, 0]), polynomial.occurring(), 1)
    }

    /// Linearises the self-adjoint matrix `[0 q; q^* 0]`, with `z` in the first two rows.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] as for [`Linearization::new`].
    pub(super) fn of_symmetrized(factor: &Polynomial) -> Result<Self> {
        let mut both = entries(factor, [0, 1]);
        both.extend(entries(&factor.adjoint(), [1, 0]));
        Self::of_entries(&both, factor.occurring(), 2)
    }

    /// The pencil of a Hermitian matrix with as many rows as there are roots: words and forms with indices of its rows.
    fn of_entries(entries: &[Entry], variables: Vec<Variable>, roots: usize) -> Result<Self> {
        let suffixes = suffixes(entries)?;
        let basis = basis(entries, &suffixes, roots);
        let size = basis.len();
        if variables.len().saturating_mul(size * size) > ENTRIES {
            let found = format!("{} variables in a pencil of size {size}", variables.len());
            return Err(Error::argument("polynomial", found, format!("at most {ENTRIES} entries in all")));
        }

        let rows: BTreeMap<(&[Variable], usize), usize> =
            basis.iter().map(|(word, index)| (word.as_slice(), *index)).zip(0..).collect();
        let letters: BTreeMap<&Variable, usize> = variables.iter().zip(0..).collect();
        let mut constant = DMatrix::zeros(size, size);
        let mut coefficients = vec![DMatrix::zeros(size, size); variables.len()];
        for Entry { word, place: [i, j], coefficient } in entries {
            if word.is_empty() {
                constant[(*i, *j)] = -coefficient;
            }
            for cut in 0..=word.len() {
                let Some(&row) = rows.get(&(reversed(&word[..cut]).as_slice(), *i)) else { continue };
                // Neither part of the word is empty in the form K.
                match rows.get(&(&word[cut..], *j)) {
                    Some(&column) if row >= roots && column >= roots => {
                        constant[(row, column)] = *coefficient;
                    }
                    _ => {}
                }
                if let Some((letter, rest)) = word[cut..].split_first()
                    && let Some(&column) = rows.get(&(rest, *j))
                {
                    coefficients[letters[letter]][(row, column)] = *coefficient;
                }
            }
        }
        let scales = scales(&constant, roots);
        let constant = scale(&constant, &scales);
        coefficients.iter_mut().for_each(|coefficient| *coefficient = scale(coefficient, &scales));
        let basis = basis.into_iter().map(|(word, _)| word).collect();
        Ok(Self { variables, basis, constant, coefficients, roots })
    }

    /// The number of rows, the first ones, that have `z` on the diagonal.
    pub(super) fn roots(&self) -> usize {
        self.roots
    }

    /// Number of rows: 1 plus the rank of the form `K`.
    pub fn size(&self) -> usize {
        self.basis.len()
    }

    /// The variables, in order of their names.
    pub fn variables(&self) -> &[Variable] {
        &self.variables
    }

    /// The part `diag(-p_1, J)` of the pencil without `z` and without variables.
    pub fn constant(&self) -> &DMatrix<Complex64> {
        &self.constant
    }

    /// The Hermitian matrices `A_k` that are subtracted, in the order of the variables.
    pub fn coefficients(&self) -> &[DMatrix<Complex64>] {
        &self.coefficients
    }

    /// The words that belong to the rows, up to factors: the empty one, then the basis `I` by length.
    pub fn basis(&self) -> &[Word] {
        &self.basis
    }

    fn entry(&self, row: usize, column: usize) -> String {
        let mut linear = Polynomial::default();
        for (variable, coefficients) in self.variables.iter().zip(&self.coefficients) {
            linear = linear + Polynomial::monomial(vec![variable.clone()], coefficients[(row, column)]);
        }
        let constant = Polynomial::constant(self.constant[(row, column)]);
        let text = match [&linear, &constant].map(|part| part.terms().len()) {
            [0 | 1, _] => (constant - linear).to_string(),
            [_, 0] => format!("-({linear})"),
            _ => format!("{constant} - ({linear})"),
        };
        if row != column || row >= self.roots {
            return text;
        }
        let taken = |name: &&str| self.variables.iter().any(|variable| variable.name() == *name);
        let z = ["z", "lambda"].into_iter().find(|name| !taken(name)).unwrap_or("z");
        match text.strip_prefix('-') {
            _ if text == "0" => z.to_owned(),
            Some(text) => format!("{z} - {text}"),
            None => format!("{z} + {text}"),
        }
    }
}

/// A matrix with aligned columns; the spectral argument is `z`, or `lambda` if there is a variable `z`.
impl fmt::Display for Linearization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = self.size();
        let columns: Vec<Vec<String>> =
            (0..size).map(|column| (0..size).map(|row| self.entry(row, column)).collect()).collect();
        let width =
            |column: &Vec<String>| column.iter().map(|entry| entry.chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = columns.iter().map(width).collect();
        for row in 0..size {
            if row > 0 {
                writeln!(f)?;
            }
            write!(f, "[")?;
            for (column, &width) in columns.iter().zip(&widths) {
                write!(f, " {:>width$} ", column[row])?;
            }
            write!(f, "]")?;
        }
        Ok(())
    }
}

fn reversed(word: &[Variable]) -> Word {
    word.iter().rev().cloned().collect()
}

/// A polynomial as an entry of a matrix.
fn entries(polynomial: &Polynomial, place: [usize; 2]) -> Vec<Entry> {
    let entry =
        |(word, coefficient): (&[Variable], Complex64)| Entry { word: word.to_vec(), place, coefficient };
    polynomial.terms().map(entry).collect()
}

/// The nonempty proper suffixes of the words, each with the index of its column, by length; for other words `K` has
/// zero rows.
fn suffixes(entries: &[Entry]) -> Result<Vec<(&[Variable], usize)>> {
    let mut suffixes = BTreeSet::new();
    for Entry { word, place: [_, column], .. } in entries {
        suffixes.extend((1..word.len()).map(|cut| (word.len() - cut, &word[cut..], *column)));
        if suffixes.len() > WORDS {
            let allowed = format!("at most {WORDS} different proper suffixes of words");
            return Err(Error::argument("polynomial", format!("more than {WORDS}"), allowed));
        }
    }
    Ok(suffixes.into_iter().map(|(_, suffix, column)| (suffix, column)).collect())
}

/// The empty word for every root, and words that are a basis of the quotient by the radical of `K`.
fn basis(entries: &[Entry], suffixes: &[(&[Variable], usize)], roots: usize) -> Vec<(Word, usize)> {
    let form = form(entries, suffixes);
    let lengths: Vec<usize> = suffixes.iter().map(|(word, _)| word.len()).collect();
    let independent = independent_rows(&form, &lengths).into_iter();
    let words = independent.map(|row| (suffixes[row].0.to_vec(), suffixes[row].1));
    (0..roots).map(|root| (Word::new(), root)).chain(words).collect()
}

/// Factors of the rows: 1 for the roots, and elsewhere, too, unless entries of `J` are far from 1.
fn scales(constant: &DMatrix<Complex64>, roots: usize) -> Vec<f64> {
    let inner = equilibration(&constant.clone().remove_rows(0, roots).remove_columns(0, roots));
    let moderate = |scale: f64| if (0.1..=10.0).contains(&scale) { 1.0 } else { scale };
    std::iter::repeat_n(1.0, roots).chain(inner.into_iter().map(moderate)).collect()
}

/// The matrix of `K`. The reversed prefixes of a self-adjoint matrix are suffixes, too.
fn form(entries: &[Entry], suffixes: &[(&[Variable], usize)]) -> DMatrix<Complex64> {
    let rows: BTreeMap<(&[Variable], usize), usize> = suffixes.iter().copied().zip(0..).collect();
    let mut form = DMatrix::zeros(suffixes.len(), suffixes.len());
    for Entry { word, place: [i, j], coefficient } in entries {
        for cut in 1..word.len() {
            let row = rows[&(reversed(&word[..cut]).as_slice(), *i)];
            form[(row, rows[&(&word[cut..], *j)])] = *coefficient;
        }
    }
    form
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    fn random(size: usize, rng: &mut Pcg64) -> DMatrix<Complex64> {
        let entries = DMatrix::from_fn(size, size, |_, _| {
            Complex64::new(rng.random_range(-0.5..0.5), rng.random_range(-0.5..0.5))
        });
        &entries + entries.adjoint()
    }

    /// Largest difference of the Schur complement and `z - p` for random matrices, relative to the terms.
    fn error(polynomial: &Polynomial, linearization: &Linearization, rng: &mut Pcg64) -> f64 {
        const M: usize = 4;
        let matrices: Vec<_> = linearization.variables().iter().map(|_| random(M, rng)).collect();
        let identity = DMatrix::<Complex64>::identity(M, M);
        let z = Complex64::new(0.3, 0.7);
        let mut pencil = linearization.constant().kronecker(&identity);
        for (coefficient, matrix) in linearization.coefficients().iter().zip(&matrices) {
            assert_eq!(*coefficient, coefficient.adjoint());
            pencil -= coefficient.kronecker(matrix);
        }
        assert_eq!(*linearization.constant(), linearization.constant().adjoint());
        let rest = pencil.nrows() - M;
        let mut schur = pencil.view((0, 0), (M, M)) + &identity * z;
        if rest > 0 {
            let inner = pencil.view((M, M), (rest, rest)).into_owned();
            let solved = inner.lu().solve(&pencil.view((M, 0), (rest, M))).unwrap();
            schur -= pencil.view((0, M), (M, rest)) * solved;
        }
        let mut expected = &identity * z;
        let mut size = 1.0f64;
        for (word, coefficient) in polynomial.terms() {
            let place =
                |letter: &Variable| linearization.variables().iter().position(|v| v == letter).unwrap();
            let product =
                word.iter().fold(identity.clone(), |product, letter| product * &matrices[place(letter)]);
            size = size.max(coefficient.norm() * product.camax());
            expected -= product * coefficient;
        }
        (schur - expected).camax() / size
    }

    #[test]
    fn sizes_of_known_polynomials() {
        let mut rng = Pcg64::seed_from_u64(1);
        for (text, size) in [
            ("0", 1),
            ("2.5", 1),
            ("x - 3*y + 1", 1),
            ("x^2", 2),
            ("x*y + y*x", 3),
            ("(x + y)^2", 2),
            ("(0.1*x + 0.3*y)^2 + x", 2),
            ("(x + y)^2 + x", 2),
            ("x^2 + y^2", 3),
            ("x*y*x", 3),
            ("i*(x*y - y*x)", 3),
            ("x*y*z + z*y*x", 5),
            ("x^3", 3),
            ("x^12", 12),
            ("(x + y + z)^4 - (x + y + z)", 4),
            ("(x*y + y*x)^2", 6),
            ("x*y*x + y*x*y", 5),
            ("(x + i*y)*(x - i*y)", 2),
            ("1e8*x^2 + 1e-8*(x*y + y*x)", 3),
            ("(x + 1e-8*y)^2", 2),
            // A Hankel form with x, y x, y^2 x that is nonzero on the antidiagonal.
            ("(1e-30*x*y + 1e10*x)*(1e-30*y*x + 1e10*x)", 4),
            ("1e200*(x*y*x) + 1e-200*y^2", 4),
        ] {
            let polynomial: Polynomial = text.parse().unwrap();
            let linearization = Linearization::new(&polynomial).unwrap();
            let found = error(&polynomial, &linearization, &mut rng);
            println!("{text}: size {}, error {found:.1e}", linearization.size());
            assert_eq!(linearization.size(), size, "{text}\n{linearization}");
            assert!(found < 1e-12, "{text}: {found}");
        }
    }

    fn random_polynomial(degree: usize, terms: usize, rng: &mut Pcg64) -> Polynomial {
        let variables = ["x", "y", "z"].map(|name| Variable::new(name).unwrap());
        let mut sum = Polynomial::default();
        for _ in 0..terms {
            let length = rng.random_range(0..=degree);
            let word: Word = (0..length).map(|_| variables[rng.random_range(0..3)].clone()).collect();
            let coefficient = Complex64::new(rng.random_range(-1.0..1.0), rng.random_range(-1.0..1.0));
            sum = sum + Polynomial::monomial(word, coefficient);
        }
        sum
    }

    /// Also in another scale of the variables, and for sums of squares, which have a radical.
    #[test]
    fn random_polynomials_are_schur_complements_of_least_size() {
        let mut rng = Pcg64::seed_from_u64(2);
        for case in 0..300 {
            let half = random_polynomial(1 + case % 4, 1 + case % 7, &mut rng);
            let polynomial = match case % 3 {
                0 => &half + half.adjoint(),
                1 => &half * half.adjoint(),
                _ => &half * half.adjoint() - half.adjoint() * &half,
            };
            let linearization = Linearization::new(&polynomial).unwrap();
            let found = error(&polynomial, &linearization, &mut rng);
            assert!(found < 1e-10, "{polynomial}: {found}");

            let symmetric = 0.5 * &polynomial + 0.5 * polynomial.adjoint();
            let entries = entries(&symmetric, [0, 0]);
            let form = form(&entries, &suffixes(&entries).unwrap());
            let rank = if form.is_empty() { 0 } else { form.clone().rank(1e-10 * form.camax()) };
            assert_eq!(linearization.size(), 1 + rank, "{polynomial}");

            let scales = [1e-6, 1.0, 1e9];
            let mut scaled = Polynomial::default();
            for (word, coefficient) in polynomial.terms() {
                let scale = |letter: &Variable| {
                    scales[["x", "y", "z"].iter().position(|n| *n == letter.name()).unwrap()]
                };
                let factor: f64 = word.iter().map(scale).product();
                scaled = scaled + Polynomial::monomial(word.to_vec(), coefficient * factor);
            }
            assert_eq!(Linearization::new(&scaled).unwrap().size(), 1 + rank, "{scaled}");
        }
    }

    #[test]
    fn entries_are_printed() {
        let printed = |text: &str| Linearization::new(&text.parse().unwrap()).unwrap().to_string();
        assert_eq!(printed("0"), "[ z ]");
        assert_eq!(printed("2*x + y - 3"), "[ z + 3 - (2*x + y) ]");
        assert_eq!(
            printed("(2*x + y)^2 + 1"),
            "[        z - 1  -(4*x + 2*y) ]\n[ -(4*x + 2*y)             4 ]"
        );
        assert_eq!(printed("z^3"), "[ lambda   0  -z ]\n[      0  -z   1 ]\n[     -z   1   0 ]");
    }

    #[test]
    fn what_has_no_pencil_is_refused() {
        let refused = |polynomial: &Polynomial| Linearization::new(polynomial).unwrap_err();
        assert!(matches!(refused(&"x*y".parse().unwrap()), Error::NotSelfAdjoint { .. }));
        let [x] = Polynomial::variables(["x"]).unwrap();
        assert!(matches!(refused(&(f64::NAN * &x)), Error::InvalidArgument { .. }));
        assert!(matches!(refused(&"(x + y)^10".parse().unwrap()), Error::InvalidArgument { .. }));
    }
}
