use std::sync::atomic::{AtomicUsize, Ordering};

use num_complex::Complex64;

use super::axis::*;
use super::sample::{Options, sample};
use crate::error::{Error, Result};
use crate::numeric::rational::Place;

const PI: f64 = std::f64::consts::PI;

/// A density as a solver would give it: with rounding of 1e-15, and counted.
struct Exact<F> {
    rho: F,
    solves: AtomicUsize,
}

impl<F: Fn(f64, Place) -> Option<f64>> Exact<F> {
    fn new(rho: F) -> Self {
        Self { rho, solves: AtomicUsize::new(0) }
    }
}

impl<F: Fn(f64, Place) -> Option<f64>> Axis for Exact<F> {
    fn solve(&self, requests: &[Request]) -> Vec<Result<Outcome>> {
        self.solves.fetch_add(requests.len(), Ordering::Relaxed);
        let outcome = |request: &Request| match (self.rho)(request.x, request.distances) {
            None => Ok(Outcome::Outside(vec![Complex64::ONE])),
            Some(density) if density.is_nan() => Err(Error::OutOfReach { z: request.x.into() }),
            Some(density) => {
                // Digits of the point beyond the tenth, as good as random.
                let noise = 1e-15 * (1e10 * request.distances.low).sin();
                let state = vec![Complex64::new(request.x, -density)];
                Ok(Outcome::Inside { density: density * (1.0 + noise), noise: 3e-15, state })
            }
        };
        requests.iter().map(outcome).collect()
    }
}

fn end(x: f64, kind: Kind, beyond: f64) -> End {
    End { x, kind, error: 0.0, beyond, state: None }
}

fn resolved(axis: &dyn Axis, ends: [End; 2]) -> Sampled {
    match sample(axis, ends, Vec::new(), Options::default()).unwrap() {
        Resolution::Resolved(sampled) => sampled,
        Resolution::Divided { obstacle, .. } => panic!("{obstacle:?}"),
    }
}

#[test]
fn debug_counts() {
    let report = |name: &str, axis: &dyn Axis, ends: [End; 2], mass: f64| {
        let start = std::time::Instant::now();
        let Ok(Resolution::Resolved(s)) = sample(axis, ends, Vec::new(), Options::default()) else { println!("{name} failed"); return };
        println!("{name}: {} samples, mass {:e}, degrees {:?} cuts {:?} {:?}", s.samples.len(), s.piece.total_mass() / mass - 1.0, s.piece.degrees(), s.cuts.len(), start.elapsed());
    };
    for _ in 0..3 {
    for ratio in [0.5f64, 100.0, 0.999, 1.0 - 1e-6] {
        let root = ratio.sqrt();
        let low = ((ratio - 1.0) / (1.0 + root)).powi(2);
        let high = (1.0 + root).powi(2);
        let axis = Exact::new(|_, d: Place| Some((d.low * d.high).sqrt() / (2.0 * PI * ratio * (low + d.low))));
        report(&format!("mp {ratio}"), &axis, [end(low, Kind::Soft, low), end(high, Kind::Soft, f64::INFINITY)], 1f64.min(1.0 / ratio));
    }
    let axis = Exact::new(|_, d: Place| Some((d.high / d.low).sqrt() / (2.0 * PI)));
    for kind in [Kind::Hard, Kind::Other] {
        report("hard mp", &axis, [end(0.0, kind, f64::INFINITY), end(4.0, Kind::Soft, f64::INFINITY)], 1.0);
    }
    for s in [2, 3] {
        let n = f64::from(s) + 1.0;
        let edge = n.powf(n) / f64::from(s).powi(s);
        let axis = Exact::new(|_, d: Place| Some(crate::measure::tests::fuss_catalan_density(s, d)));
        report(&format!("fc {s}"), &axis, [end(0.0, Kind::Other, f64::INFINITY), end(edge, Kind::Soft, f64::INFINITY)], 1.0);
    }
    let axis = Exact::new(|_, d: Place| Some(4.0 / 3.0 * d.low.cbrt() * (d.high).sqrt()));
    report("cusp", &axis, [end(0.0, Kind::Other, f64::INFINITY), end(1.0, Kind::Soft, f64::INFINITY)], 4.0 / 3.0 * 0.595_865_494_437_2);
    for delta in [0.3f64, 0.1, 0.01, 1e-3] {
        let rho = |x: f64| (((20.0 * x.acos()).cos()).powi(2) + delta * delta).sqrt();
        let mass: f64 = (0..20000).map(|i| { let th = PI * (f64::from(i) + 0.5) / 20000.0; th.sin().powi(2) * rho(th.cos()) * PI / 20000.0 }).sum();
        let axis = Exact::new(|x: f64, d: Place| Some(rho(x) * (d.low * d.high).sqrt()));
        report(&format!("near gaps {delta}"), &axis, [end(-1.0, Kind::Soft, f64::INFINITY), end(1.0, Kind::Soft, f64::INFINITY)], mass);
    }
    }
}
