//! How a population of covariance eigenvalues is written:
//!
//! ```text
//! t:w,t:w,...         eigenvalues with their weights
//! t,t,...             eigenvalues of equal weights
//! eigenvalues:FILE    one eigenvalue a line, or "t w" on every line
//! uniform:A:B         uniform on [A, B]
//! power-law:S[:N]     t_k ~ k^-S, N eigenvalues of mean 1
//! ```
//!
//! Eigenvalues are not negative; 0 is for features that do not vary.

use std::path::Path;

use freespectra::{Error, Population, Result};

use crate::options::{Line, bad, lines_of_file, numbers};
use crate::outputs::file;

/// What `--help` says.
pub const HELP: &str = "Population eigenvalues: \"t:w,t:w\" with weights, \"t,t,t\" of equal weights, \
                        eigenvalues:FILE (one a line, or \"t w\"), uniform:A:B or power-law:S[:N]";

/// Nodes of a uniform population.
const UNIFORM_NODES: usize = 32;

/// Eigenvalues of a power law if nothing is said.
const POWER_LAW_NODES: usize = 64;

/// Weights that sum to 1 within this were rounded, and are scaled.
const WEIGHT_TOLERANCE: f64 = 0.01;

/// The population that a text describes.
pub fn population(text: &str) -> Result<Population> {
    Population::atoms(&atoms(text)?)
}

/// Its eigenvalues and weights, in the order given.
pub fn atoms(text: &str) -> Result<Vec<(f64, f64)>> {
    let atoms = match text.split_once(':') {
        Some(("eigenvalues", path)) => atoms_of_file(Path::new(path))?,
        Some(("uniform", bounds)) => match parameters(bounds)[..] {
            [Some(low), Some(high)] => of(&Population::uniform(low, high, UNIFORM_NODES)?),
            _ => return Err(bad("population", format!("{text:?}"), "uniform:A:B")),
        },
        Some(("power-law", rest)) => {
            let count = |n: f64| (n >= 0.0 && n.fract() == 0.0).then_some(n as usize);
            let nodes = match parameters(rest)[..] {
                [Some(exponent)] => Some((exponent, POWER_LAW_NODES)),
                [Some(exponent), Some(n)] => count(n).map(|n| (exponent, n)),
                _ => None,
            };
            let refused = || bad("population", format!("{text:?}"), "power-law:S[:N], N a whole number");
            let (exponent, nodes) = nodes.ok_or_else(refused)?;
            of(&Population::power_law(exponent, nodes)?)
        }
        Some(_) => pairs(text)?,
        None => equal(text.split(',').map(|item| number(item).ok_or_else(|| refused(item))))?,
    };
    normalised(atoms)
}

fn number(item: &str) -> Option<f64> {
    item.trim().parse().ok()
}

fn parameters(text: &str) -> Vec<Option<f64>> {
    text.split(':').map(number).collect()
}

fn refused(item: &str) -> Error {
    let allowed =
        "eigenvalue:weight pairs, eigenvalues alone, eigenvalues:FILE, uniform:A:B or power-law:S[:N]";
    bad("population", format!("{item:?}"), allowed)
}

fn pairs(text: &str) -> Result<Vec<(f64, f64)>> {
    text.split(',')
        .map(|item| {
            let pair = item.split_once(':').and_then(|(t, w)| Some((number(t)?, number(w)?)));
            pair.ok_or_else(|| refused(item))
        })
        .collect()
}

/// Equal weights.
fn equal(eigenvalues: impl Iterator<Item = Result<f64>>) -> Result<Vec<(f64, f64)>> {
    let eigenvalues = eigenvalues.collect::<Result<Vec<_>>>()?;
    let weight = 1.0 / eigenvalues.len() as f64;
    Ok(eigenvalues.into_iter().map(|t| (t, weight)).collect())
}

fn of(population: &Population) -> Vec<(f64, f64)> {
    population.as_atoms().iter().map(|atom| (atom.location, atom.mass)).collect()
}

/// Two numbers on the first line are an eigenvalue and its weight, and then so on every line.
fn atoms_of_file(path: &Path) -> Result<Vec<(f64, f64)>> {
    // What `--population` itself takes may stand in a file.
    if let Some(text) = std::fs::read_to_string(path).ok().filter(|text| text.contains(':')) {
        return pairs(text.trim_start_matches('\u{feff}').trim());
    }
    let lines = lines_of_file(path)?;
    if lines[0].numbers.len() != 2 {
        return equal(lines.iter().flat_map(|line| &line.numbers).map(|&t| Ok(t)));
    }
    let pair = |Line { line, numbers }: &Line| match numbers[..] {
        [t, w] => Ok((t, w)),
        _ => Err(file(path, format!("line {line}: not an eigenvalue and its weight, as on the lines above"))),
    };
    lines.iter().map(pair).collect()
}

/// Scales weights that sum to 1 but for rounding; what else is wrong with them the population says.
fn normalised(mut atoms: Vec<(f64, f64)>) -> Result<Vec<(f64, f64)>> {
    let total: f64 = atoms.iter().map(|&(_, weight)| weight).sum();
    if total.is_finite() && (total - 1.0).abs() > WEIGHT_TOLERANCE && atoms.iter().all(|&(_, w)| w > 0.0) {
        return Err(bad("population weights", format!("summing to {total}"), "weights that sum to 1"));
    }
    if (total - 1.0).abs() <= WEIGHT_TOLERANCE {
        atoms.iter_mut().for_each(|(_, weight)| *weight /= total);
    }
    Ok(atoms)
}

/// The mean squares of the initial error along the population eigenvalues: those given, in the order given.
pub fn source(
    given: Option<&str>,
    text: &str,
    atoms: &[(f64, f64)],
    population: &Population,
) -> Result<Vec<(f64, f64)>> {
    let Some(given) = given else {
        return Ok(population.as_atoms().iter().map(|atom| (atom.location, 1.0)).collect());
    };
    let values = numbers("source", &given.replace(':', ","))?;
    if values.len() != atoms.len() {
        let allowed = format!("one for each of the {} population eigenvalues", atoms.len());
        return Err(bad("source", format!("{} numbers", values.len()), allowed));
    }
    if population.as_atoms().len() != atoms.len() {
        return Err(bad("population", text, "different eigenvalues"));
    }
    Ok(atoms.iter().map(|&(t, _)| t).zip(values).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_one() {
        assert_eq!(atoms("3:0.25, 1:0.75").unwrap(), [(3.0, 0.25), (1.0, 0.75)]);
        assert_eq!(atoms("1,2, 2,4").unwrap(), [(1.0, 0.25), (2.0, 0.25), (2.0, 0.25), (4.0, 0.25)]);
        assert_eq!(population("1,2,2,4").unwrap().as_atoms().len(), 3);
        assert_eq!(atoms("7").unwrap(), [(7.0, 1.0)]);
        // Thirds as people write them.
        let thirds = population("1:0.333,2:0.333,3:0.333").unwrap();
        assert!((thirds.mean() - 2.0).abs() < 1e-15);
        // Mean and variance of the uniform law on [1, 3]: 2 and 1/3.
        let uniform = population("uniform:1:3").unwrap();
        assert!((uniform.mean() - 2.0).abs() < 1e-14 && (uniform.moment(2) - 13.0 / 3.0).abs() < 1e-13);
        let kernel = population("0:0.25,1:0.75").unwrap().kernel();
        assert!((kernel - 0.25).abs() < 1e-15);
        // Largest over smallest of k - 1/2 for k = 1..=8.
        let power_law = atoms("power-law:1:8").unwrap();
        assert!((power_law[7].0 / power_law[0].0 - 15.0).abs() < 1e-12);
        assert_eq!(atoms("power-law:1.5").unwrap().len(), POWER_LAW_NODES);
    }

    #[test]
    fn faults() {
        for text in [
            "",
            "1:0.5",
            "1:0.5,2:0.48",
            "1:0.5,2",
            "1,,2",
            "x",
            "uniform:1",
            "uniform:2:1",
            "uniform:1:2:3",
            "power-law:x",
            "power-law:1:2.5",
            "power-law:1:-1",
            "power-law:1:0",
            "eigenvalues:",
            "eigenvalues:none",
            "0",
            "-1,1",
            "inf",
            "normal:1:2",
        ] {
            assert!(population(text).is_err(), "{text}");
        }
    }
}
