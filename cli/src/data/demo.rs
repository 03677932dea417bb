//! A data set for those who have none at hand.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use freespectra::Result;
use rand::SeedableRng as _;
use rand_distr::{Distribution as _, StandardNormal};
use rand_pcg::Pcg64;

use crate::outputs::{file, write};

const NAME: &str = "freespectra-demo.csv";

const ROWS: usize = 400;
const FEATURES: usize = 200;

/// Variance of feature `j = 1, 2, ...` is `j^-DECAY`.
const DECAY: f64 = 0.7;

/// Variance of the noise, and of the part of the target that the features tell.
const NOISE: f64 = 0.5;
const SIGNAL: f64 = 1.0;

/// Writes the data set into the working directory: Gaussian features whose variances decay by a power law, and a
/// target that weighs them at random, with noise. A file of that name that holds anything else is left alone.
pub fn make(seed: u64) -> Result<PathBuf> {
    let path = PathBuf::from(NAME);
    let text = text(seed);
    match std::fs::read(&path) {
        Ok(found) if found == text.as_bytes() => {}
        Ok(_) => return Err(file(Path::new(NAME), "it exists and holds something else")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => write(&path, text.as_bytes())?,
        Err(error) => return Err(file(&path, error)),
    }
    Ok(path)
}

fn text(seed: u64) -> String {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut gaussian = || -> f64 { StandardNormal.sample(&mut rng) };
    let deviations: Vec<f64> = (1..=FEATURES).map(|j| (j as f64).powf(-0.5 * DECAY)).collect();
    let variance: f64 = deviations.iter().map(|deviation| deviation * deviation).sum();
    let weights: Vec<f64> = (0..FEATURES).map(|_| (SIGNAL / variance).sqrt() * gaussian()).collect();
    let mut text: String = (1..=FEATURES).map(|j| format!("x{j},")).collect();
    text += "y\n";
    for _ in 0..ROWS {
        let mut target = NOISE.sqrt() * gaussian();
        for (deviation, weight) in deviations.iter().zip(&weights) {
            let feature = deviation * gaussian();
            target += weight * feature;
            // Writing to a string does not fail.
            let _ = write!(text, "{feature:.6},");
        }
        let _ = writeln!(text, "{target:.6}");
    }
    text
}
