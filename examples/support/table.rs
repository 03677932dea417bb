//! Laws as tables, and numbers as text.

use freespectra::{Population, Result, SpectralLaw};
use serde_json::{Value, json};

use super::options::{bad, numbers};
use super::outputs::Table;

/// A population in words short enough for a figure.
pub fn describe(population: &Population) -> String {
    const LONGEST: usize = 4;
    let atoms = population.as_atoms();
    if population.is_identity() {
        return "Σ = I".to_owned();
    }
    if atoms.len() > LONGEST {
        return format!("{} population eigenvalues with mean {:.4}", atoms.len(), population.mean());
    }
    let atoms: Vec<String> = atoms
        .iter()
        .map(|atom| format!("{} ({:.4}%)", atom.location, 100.0 * atom.mass).replace(".0000%", "%"))
        .collect();
    format!("population eigenvalues {}", atoms.join(", "))
}

/// Longest density table.
const MOST_POINTS: usize = 1_000_000;

/// Checks the number of points of a density table.
pub fn check_points(points: usize) -> Result<()> {
    if (2..=MOST_POINTS).contains(&points) {
        return Ok(());
    }
    Err(bad("points", points, format!("in 2..={MOST_POINTS}")))
}

/// Density and distribution function of a law at the points of its mesh.
pub struct DensityTable {
    x: Vec<f64>,
    density: Vec<f64>,
    cdf: Vec<f64>,
    atoms: Vec<[f64; 2]>,
}

impl DensityTable {
    pub fn new(law: &SpectralLaw, points: usize) -> Self {
        let mut x = Vec::with_capacity(points);
        for mesh in law.mesh(points) {
            for (i, &at) in mesh.iter().enumerate() {
                // Where the density is infinite a point next to it stands for it.
                let next = mesh[if i + 1 < mesh.len() { i + 1 } else { i - 1 }];
                let candidates = [at, at + (next - at) / 16.0];
                x.extend(candidates.into_iter().find(|&at| law.density(at).is_finite()));
            }
        }
        let density = x.iter().map(|&at| law.density(at)).collect();
        let cdf = x.iter().map(|&at| law.cdf(at)).collect();
        Self { x, density, cdf, atoms: atom_pairs(law) }
    }

    pub fn json(&self) -> Value {
        json!({ "x": self.x, "rho": self.density, "cdf": self.cdf })
    }

    /// The columns, and the atoms as comments: they have no density.
    pub fn table(&self) -> Table {
        let atom = |[location, mass]: &[f64; 2]| format!("atom of mass {mass} at {location}");
        Table {
            comments: self.atoms.iter().map(atom).collect(),
            columns: vec![
                ("x", self.x.clone()),
                ("density", self.density.clone()),
                ("cdf", self.cdf.clone()),
            ],
        }
    }
}

/// Locations and masses of the atoms.
pub fn atom_pairs(law: &SpectralLaw) -> Vec<[f64; 2]> {
    law.atoms().iter().map(|atom| [atom.location, atom.mass]).collect()
}

/// The first four moments.
pub fn moments(law: &SpectralLaw) -> Vec<f64> {
    (1..=4).map(|k| law.moment(k)).collect()
}

/// Points at which to report a law, each with a line of the summary and an entry of the document.
pub fn points_of(at: Option<&str>) -> Result<Vec<f64>> {
    at.map_or(Ok(Vec::new()), |text| numbers("at", text))
}

pub fn values_at(law: &SpectralLaw, at: &[f64]) -> Vec<serde_json::Value> {
    let value = |&x: &f64| serde_json::json!({"x": x, "density": law.density(x), "cdf": law.cdf(x)});
    at.iter().map(value).collect()
}

pub fn lines_at(law: &SpectralLaw, at: &[f64]) -> String {
    let line = |x: &f64| format!("at {x:<17} density {:.12}, cdf {:.12}\n", law.density(*x), law.cdf(*x));
    at.iter().map(line).collect()
}

/// A number for a table: six decimals, or scientific where it is large.
pub fn short(x: f64) -> String {
    if x.abs() < 1e6 { format!("{x:.6}") } else { format!("{x:.4e}") }
}
