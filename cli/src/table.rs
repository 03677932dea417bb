//! Laws as tables, and numbers as text.

use clap::Args;
use freespectra::{Population, Result, SpectralLaw};
use serde_json::{Value, json};

use crate::options::{bad, count, numbers};
use crate::outputs::Table;

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
fn check_points(points: usize) -> Result<()> {
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
    fn new(law: &SpectralLaw, points: usize) -> Self {
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

/// Which axis a spectrum is drawn on.
#[derive(Debug, Clone, Default, Args)]
pub struct AxisOptions {
    /// Draw the spectrum on a logarithmic axis [default: if its middle 80 percent cover more than two decades].
    #[arg(long, conflicts_with = "linear_axis")]
    log_axis: bool,
    /// Draw the spectrum on a linear axis.
    #[arg(long)]
    linear_axis: bool,
}

/// Factor between the quantiles at 0.1 and 0.9 from which on a linear axis shows nothing of the lower part.
#[cfg(feature = "plot")]
const DECADES: f64 = 100.0;

#[cfg(feature = "plot")]
impl AxisOptions {
    /// Whether a law is to be drawn on a logarithmic axis, which one with negative points cannot be.
    pub fn is_logarithmic(&self, law: &SpectralLaw) -> Result<bool> {
        let support = law.support();
        let positive = support.first().is_some_and(|interval| interval[0] >= 0.0);
        let below: f64 = law.atoms().iter().filter(|atom| atom.location <= 0.0).map(|atom| atom.mass).sum();
        let quantile =
            |share: f64| law.quantile((below + share * (1.0 - below)).min(1.0)).unwrap_or(f64::NAN);
        let wide = || quantile(0.9) > DECADES * quantile(0.1);
        if self.log_axis && !positive {
            let lowest = support.first().map_or(f64::NAN, |interval| interval[0]);
            return Err(bad(
                "log-axis",
                format!("given for a law from {lowest}"),
                "for laws of positive numbers",
            ));
        }
        Ok(positive && !self.linear_axis && (self.log_axis || wide()))
    }
}

/// What to say of a law.
#[derive(Debug, Clone, Args)]
pub struct LawOptions {
    /// Points at which to report density and distribution function, "x1,x2,...".
    #[arg(long, allow_hyphen_values = true)]
    at: Option<String>,
    /// Probabilities at which to report quantiles, "q1,q2,...".
    #[arg(long, allow_hyphen_values = true)]
    quantiles: Option<String>,
    /// Number of points of the density table.
    #[arg(long, default_value_t = 512, value_parser = count)]
    points: usize,
    /// Evaluations of the equation after which the law is given up [default: some ten seconds' worth].
    #[arg(long, value_name = "N", value_parser = count)]
    pub budget: Option<usize>,
    #[command(flatten)]
    pub axis: AxisOptions,
}

/// What is to be said, checked.
pub struct LawReport {
    at: Vec<f64>,
    quantiles: Option<Vec<f64>>,
    points: usize,
}

impl LawOptions {
    pub fn check(&self) -> Result<LawReport> {
        check_points(self.points)?;
        let list = |name, text: Option<&str>| text.map(|text| numbers(name, text)).transpose();
        let quantiles = list("quantiles", self.quantiles.as_deref())?;
        if let Some(q) = quantiles.iter().flatten().find(|&q| !(0.0..=1.0).contains(q)) {
            return Err(bad("quantiles", q, "probabilities in [0, 1]"));
        }
        Ok(LawReport {
            at: list("at", self.at.as_deref())?.unwrap_or_default(),
            quantiles,
            points: self.points,
        })
    }
}

impl LawReport {
    pub fn density(&self, law: &SpectralLaw) -> DensityTable {
        DensityTable::new(law, self.points)
    }

    /// Puts what there is to say of a law into the document.
    pub fn fill(&self, document: &mut Value, law: &SpectralLaw, density: &DensityTable) -> Result<()> {
        let certificate = law.certificate();
        document["support"] = json!(law.support());
        document["atoms"] = json!(atom_pairs(law));
        document["moments"] = json!(moments(law));
        document["total_mass"] = law.total_mass().into();
        document["residual"] = certificate.residual.into();
        document["solves"] = certificate.solves.into();
        document["evaluations"] = certificate.evaluations.into();
        document["density"] = json!({ "x": density.x, "rho": density.density, "cdf": density.cdf });
        let at = |&x: &f64| json!({ "x": x, "density": law.density(x), "cdf": law.cdf(x) });
        document["at"] = self.at.iter().map(at).collect();
        if let Some(quantiles) = &self.quantiles {
            let quantile = |&q: &f64| Ok(json!({ "probability": q, "x": law.quantile(q)? }));
            document["quantiles"] = quantiles.iter().map(quantile).collect::<Result<_>>()?;
        }
        Ok(())
    }

    /// The lines of the summary at the points asked for.
    pub fn lines(&self, law: &SpectralLaw) -> Result<String> {
        let at =
            |&x: &f64| Ok(format!("at {x:<17} density {:.12}, cdf {:.12}\n", law.density(x), law.cdf(x)));
        let quantile = |&q: &f64| Ok(format!("quantile {q:<11} {:.12}\n", law.quantile(q)?));
        self.at.iter().map(at).chain(self.quantiles.iter().flatten().map(quantile)).collect()
    }
}

/// A number for a table: six decimals, or scientific where it is large or they would leave less than three digits of it.
pub fn short(x: f64) -> String {
    if x == 0.0 || (1e-4..1e6).contains(&x.abs()) { format!("{x:.6}") } else { format!("{x:.4e}") }
}
