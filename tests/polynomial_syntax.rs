//! The syntax of polynomials: what is read, what is refused and where, and that every text ends quickly.

use std::time::{Duration, Instant};

use freespectra::Error;
use freespectra::polynomial::{Polynomial, Variable};
use num_complex::Complex64;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

fn read(text: &str) -> Polynomial {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// Reads a text that may be wrong, checks the time it takes and that errors point into the text.
fn attempt(text: &str) -> Result<Polynomial, (usize, String)> {
    let start = Instant::now();
    let result = text.parse::<Polynomial>();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", text.chars().take(100).collect::<String>());
    result.map_err(|error| match error {
        Error::Syntax { text: quoted, column, reason } => {
            assert_eq!(quoted, text);
            assert!((1..=text.chars().count() + 1).contains(&column));
            (column, reason)
        }
        other => panic!("{other}"),
    })
}

/// Integer coefficients, so that sums are exact in any order; names with several letters.
fn exact(degree: usize) -> impl Strategy<Value = Polynomial> {
    polynomial((-9i32..=9).prop_map(f64::from), degree)
}

/// Coefficients of any size, real, imaginary or complex.
fn general() -> impl Strategy<Value = Polynomial> {
    polynomial(prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO, 8)
}

fn polynomial(part: impl Strategy<Value = f64> + Clone, degree: usize) -> impl Strategy<Value = Polynomial> {
    let letter = prop::sample::select(vec!["x", "y", "x_1", "émile", "ii", "e3"]);
    let word = prop::collection::vec(letter, 0..=degree);
    let kind = (part.clone(), part, 0..3).prop_map(|(re, im, kind)| match kind {
        0 => Complex64::new(re, 0.0),
        1 => Complex64::new(0.0, im),
        _ => Complex64::new(re, im),
    });
    prop::collection::vec((word, kind), 0..6).prop_map(|terms| {
        let mut sum = Polynomial::default();
        for (word, coefficient) in terms {
            let word: Vec<Variable> = word.into_iter().map(|name| Variable::new(name).unwrap()).collect();
            // One coefficient for each word: sums of large ones could overflow.
            if sum.coefficient(&word) == Complex64::ZERO {
                sum = sum + Polynomial::monomial(word, coefficient);
            }
        }
        sum
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 2000,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(1),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_text_ends_without_panic(text in any::<String>()) {
        let _ = attempt(&text);
    }

    #[test]
    fn nearly_valid_texts_end_without_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "x", "y", "i", "adj(", "(", ")", ")", "^", "^2", "^9", "^64", "'", "+", "-", "*", "*", "/", " ", "2",
            "0", ".5", "1e308", "1e-3", "e", ".", "_", "ä", "²", "(x+y)^6", "(1+x+y+z)", "\u{a0}",
        ]), 0..40),
    ) {
        let _ = attempt(&tokens.concat());
    }

    #[test]
    fn valid_nestings_are_read_or_too_large(
        operations in prop::collection::vec((0usize..6, prop::sample::select(vec!["x", "y", "2", "(x+i*y)"])), 0..25),
    ) {
        let mut text = "x".to_owned();
        for (operation, operand) in operations {
            text = match operation {
                0 => format!("{text} + {operand}"),
                1 => format!("({text})*{operand}"),
                2 => format!("{operand}*({text})"),
                3 => format!("adj({text})"),
                4 => format!("({text})^2"),
                _ => format!("-({text})'"),
            };
        }
        if let Err((_, reason)) = attempt(&text) {
            let limits = ["degree", "terms", "too long", "too large"];
            prop_assert!(limits.iter().any(|word| reason.contains(word)), "{}: {}", text, reason);
        }
    }

    #[test]
    fn printed_polynomials_are_read_back(polynomial in general()) {
        let printed = polynomial.to_string();
        prop_assert_eq!(attempt(&printed), Ok(polynomial), "{}", printed);
    }

    #[test]
    fn the_algebra_is_that_of_the_operators(a in exact(3), b in exact(3), c in exact(3), exponent in 0u32..4) {
        prop_assert_eq!(read(&format!("({a} + {b})*({c})")), read(&format!("({a})*({c}) + ({b})*({c})")));
        prop_assert_eq!(read(&format!("adj(({a})*({b}))")), read(&format!("adj({b})*({a})'")));
        prop_assert_eq!(read(&format!("({a}) - ({b})*({c})")), &a - &b * &c);
        prop_assert_eq!(read(&format!("({a})^{exponent}")), a.pow(exponent));
        prop_assert_eq!(read(&format!("({a})/4")), 0.25 * a);
    }
}

#[test]
fn precedence_numbers_and_white_space() {
    let [x, y] = Polynomial::variables(["x", "y"]).unwrap();
    for (text, expected) in [
        ("-x^2", -x.pow(2)),
        ("--x - -+y", &x + &y),
        ("2*-x", -2.0 * &x),
        ("x*y^2'", &x * y.pow(2)),
        ("(x*y)'", &y * &x),
        ("(i*x*y)'^2", -(&y * &x).pow(2)),
        ("x^2'^2", x.pow(4)),
        ("adj (i*x)*i", x.clone()),
        ("x/2/4*y", 0.125 * &x * &y),
        ("x/-2", -0.5 * &x),
        ("x/(1 + 1)", 0.5 * &x),
        ("6/3", 2.0.into()),
        ("1e1*x + .5 + 2. + 1E+1", 10.0 * &x + 12.5),
        ("\t( x\n+ y\u{a0})^0 ", 1.0.into()),
        ("x - x", Polynomial::default()),
        ("0^0", 1.0.into()),
        ("i^2", (-1.0).into()),
        ("(x)^00001", x.clone()),
        ("1e-400", Polynomial::default()),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn faults_are_located_and_explained() {
    let deep = format!("{}x{}", "(".repeat(101), ")".repeat(101));
    for (text, column, word) in [
        ("", 1, "empty"),
        (" \n ", 1, "empty"),
        ("x +", 4, "expected a number"),
        ("x + * y", 5, "expected a number"),
        ("()", 2, "expected a number"),
        (".", 1, "expected a number"),
        ("x**2", 3, "expected a number"),
        ("(x + y", 1, "unmatched ("),
        ("2*((x) + y", 3, "unmatched ("),
        ("x)", 2, "unmatched )"),
        ("2x", 2, "needs *"),
        ("x y", 3, "needs *"),
        ("(x)(y)", 4, "needs *"),
        ("(x y)", 4, "needs *"),
        ("1.2.3", 4, "needs *"),
        ("2e", 2, "needs *"),
        ("é + ü ü", 7, "needs *"),
        ("x & y", 3, "unexpected character '&'"),
        ("x · y", 3, "unexpected character '·'"),
        ("(x, y)", 3, "unexpected character ','"),
        ("x + ∞", 5, "unexpected character"),
        ("_x", 1, "unexpected character"),
        ("x + \"", 5, "unexpected character"),
        ("x^-1", 3, "from 0 to 64"),
        ("x^65", 3, "from 0 to 64"),
        ("x^1.5", 3, "from 0 to 64"),
        ("x^1e1", 3, "from 0 to 64"),
        ("x^", 3, "from 0 to 64"),
        ("x^ y", 4, "from 0 to 64"),
        ("x^99999999999999999999999", 3, "from 0 to 64"),
        ("x^2^3", 4, "parentheses"),
        ("x + 1e999", 5, "finite"),
        ("1e200*1e200", 6, "too large"),
        ("1e308*x + 1e308*x", 9, "too large"),
        ("1/1e-310", 2, "too large"),
        ("(1e200)^2", 8, "too large"),
        ("x/0", 3, "other than 0"),
        ("x/y", 3, "other than 0"),
        ("x/ i", 4, "other than 0"),
        ("adj x", 5, "adj needs"),
        ("adj", 4, "adj needs"),
        ("x^32*x^33", 5, "degree"),
        ("(x*y)^33", 6, "degree"),
        ("(a + b + c + d)^20", 16, "terms"),
        (&deep, 101, "nested"),
    ] {
        let (found, reason) = attempt(text).expect_err(text);
        assert!(reason.contains(word), "{text}: {reason}");
        assert_eq!(found, column, "{text}: {reason}");
    }
}

#[test]
fn large_texts_end_quickly() {
    let dense = "(a+b)^13";
    let long = "v".repeat(2000);
    for text in [
        "x".repeat(3_000_000),
        "(".repeat(99_999),
        ")".repeat(99_999),
        "-".repeat(99_999),
        "adj(".repeat(24_000),
        "1".repeat(99_999),
        format!("x^{}", "1".repeat(99_000)),
        format!("x{}", "'".repeat(99_000)),
        format!("{dense}{}", "'".repeat(99_000)),
        format!("x^50*{dense}{}", "*1".repeat(49_000)),
        format!("x^50*{dense}{}", "/1".repeat(49_000)),
        format!("x{}", "+x".repeat(49_000)),
        vec![dense; 10_000].join("+"),
        vec![dense; 10_000].join("-"),
        format!("{}{dense}{}", "-(".repeat(99), ")".repeat(99)),
        vec!["(a+b+c+d)^6"; 8_000].join("+"),
        vec!["x^64"; 19_000].join("+"),
        format!("({long}*a+{long}*b)^13"),
        (0..30_000).map(|n| format!("x{n}+")).collect(),
        "é^".repeat(49_000),
    ] {
        let _ = attempt(&text);
    }
    // Large but within the limits.
    let many = (0..9_999).map(|n| format!("x{n}")).collect::<Vec<_>>().join(" + ");
    assert_eq!(read(&many).terms().len(), 9_999);
    assert_eq!(read("(a + b)^13").terms().len(), 1 << 13);
    assert_eq!(read("(1 + x)^64").terms().len(), 65);
}
