use std::sync::atomic::{AtomicUsize, Ordering};

use num_complex::Complex64;

use super::axis::*;
use super::sample::{Options, sample};
use crate::error::{Error, Result};
use crate::measure::coordinates::Root;
use crate::measure::panels::{Panel, resolve};
use crate::measure::tests::fuss_catalan_density;
use crate::numeric::rational::Place;
use crate::solver::walk::Turn;

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
    End { x, kind, error: 0.0, beyond, turn: None }
}

fn resolved(axis: &dyn Axis, ends: [End; 2]) -> Sampled {
    match sample(axis, ends, Vec::new(), Options::default()).unwrap() {
        Resolution::Resolved(sampled) => *sampled,
        Resolution::Divided { obstacle, .. } => panic!("{obstacle:?}"),
    }
}

/// With the number of solves and the relative error of the mass.
fn measured(axis: &dyn Axis, ends: [End; 2], mass: f64) -> (Sampled, usize, f64) {
    let sampled = resolved(axis, ends);
    let (count, error) = (sampled.samples.len(), sampled.piece.total_mass() / mass - 1.0);
    (sampled, count, error.abs())
}

/// `int rho sqrt((x - a) (b - x)) dx` by the rule of Chebyshev with so many points.
fn chebyshev([low, high]: [f64; 2], count: usize, rho: impl Fn(f64) -> f64) -> f64 {
    let half = 0.5 * (high - low);
    let term = |i: usize| {
        let angle = PI * (i as f64 + 0.5) / count as f64;
        angle.sin().powi(2) * rho(low + half * (1.0 + angle.cos()))
    };
    (0..count).map(term).sum::<f64>() * half * half * PI / count as f64
}

fn soft_pair([low, high]: [f64; 2]) -> [End; 2] {
    [end(low, Kind::Soft, f64::INFINITY), end(high, Kind::Soft, f64::INFINITY)]
}

/// Marchenko-Pastur with its lower edge, next to the pole at 0.
fn marchenko_pastur(ratio: f64) -> ([f64; 2], impl Fn(f64, Place) -> Option<f64>) {
    let root = ratio.sqrt();
    let ends = [((ratio - 1.0) / (1.0 + root)).powi(2), (1.0 + root).powi(2)];
    (ends, move |_, d| Some((d.low * d.high).sqrt() / (2.0 * PI * ratio * (ends[0] + d.low))))
}

#[test]
fn simple_bulks_take_twenty_points() {
    for ratio in [0.5, 100.0] {
        let ([low, high], rho) = marchenko_pastur(ratio);
        let axis = Exact::new(rho);
        let ends = [end(low, Kind::Soft, low), end(high, Kind::Soft, f64::INFINITY)];
        let (sampled, count, error) = measured(&axis, ends, (1.0 / ratio).min(1.0));
        assert!(count <= 20 && error < 3e-15, "{ratio}: {count} {error:e}");
        assert_eq!(axis.solves.into_inner(), count);
        assert!(sampled.cuts.is_empty() && sampled.replaced.is_empty());
    }
    let axis = Exact::new(|_, d: Place| Some((d.high / d.low).sqrt() / (2.0 * PI)));
    let ends = [end(0.0, Kind::Hard, f64::INFINITY), end(4.0, Kind::Soft, f64::INFINITY)];
    let (_, count, error) = measured(&axis, ends, 1.0);
    assert!(count <= 20 && error < 3e-15, "{count} {error:e}");
}

/// The image of a Marchenko-Pastur law under the square, in which the root of `x` is singular at 0, next to the lower edge.
#[test]
fn branch_points_outside_that_nobody_tells() {
    for ratio in [0.3, 0.6, 0.65, 0.9, 0.99] {
        let ([low, high], _) = marchenko_pastur(ratio);
        let axis = Exact::new(|x: f64, d: Place| {
            let w = x.sqrt();
            let (above, below) = (d.low / (w + low), d.high / (high + w));
            Some((above * below).sqrt() / (4.0 * PI * ratio * x))
        });
        let (_, count, error) = measured(&axis, soft_pair([low * low, high * high]), 1.0);
        assert!(count < 150 && error < 1e-11, "{ratio}: {count} {error:e}");
    }
}

/// An end that is said to be soft, at which the density goes like another power.
#[test]
fn ends_that_are_not_what_they_are_said_to_be() {
    for power in [-0.6, -2.0 / 3.0] {
        let axis = Exact::new(|_, d: Place| Some(d.low.powf(power) * d.high.sqrt()));
        let result = sample(&axis, soft_pair([0.0, 1.0]), Vec::new(), Options::default()).unwrap();
        let Resolution::Divided { obstacle, .. } = result else { panic!("{power}") };
        assert_eq!(obstacle, Obstacle::Unlike { end: 0 });
    }
}

/// Next to the branch point, nearer than 1e-6 of the width, no point can be solved for.
#[test]
fn ends_that_are_not_reached() {
    for sign in [1.0, -1.0] {
        // int x^(-1/3) (1 + x) dx = 3/2 + 3/5, from either end.
        let axis = Exact::new(|_, d: Place| {
            let near = if sign > 0.0 { d.low } else { d.high };
            Some(if near < 1e-6 { f64::NAN } else { near.powf(-1.0 / 3.0) * (1.0 + near) })
        });
        let branch = |x| end(x, Kind::Branch(Root { order: 3, growth: 1 }), f64::INFINITY);
        let regular = |x| end(x, Kind::Regular, f64::INFINITY);
        let ends = if sign > 0.0 { [branch(0.0), regular(1.0)] } else { [regular(0.0), branch(1.0)] };
        let (_, count, error) = measured(&axis, ends, 2.1);
        assert!(count < 60 && error < 1e-11, "{sign}: {count} {error:e}");
    }
}

/// Next to the branch point, nearer than 1e-6 of the width, every solve finds something else, and claims all digits.
#[test]
fn ends_at_which_solutions_are_taken_for_each_other() {
    let solves = AtomicUsize::new(0);
    let axis = Exact::new(|_, d: Place| {
        let count = solves.fetch_add(1, Ordering::Relaxed) as f64;
        let error = if d.low < 1e-6 { 0.1 * (7.0 * count).sin() } else { 0.0 };
        Some(d.low.powf(-1.0 / 3.0) * (1.0 + d.low) * (1.0 + error))
    });
    let branch = end(0.0, Kind::Branch(Root { order: 3, growth: 1 }), f64::INFINITY);
    let (_, count, error) = measured(&axis, [branch, end(1.0, Kind::Regular, f64::INFINITY)], 2.1);
    assert!(count < 150 && error < 1e-11, "{count} {error:e}");
}

#[test]
fn ends_of_any_exponent_without_being_told() {
    let soft = |x| end(x, Kind::Soft, f64::INFINITY);
    let other = || end(0.0, Kind::Other, f64::INFINITY);
    let axis = Exact::new(|_, d: Place| Some((d.high / d.low).sqrt() / (2.0 * PI)));
    let (_, count, error) = measured(&axis, [other(), soft(4.0)], 1.0);
    assert!(count <= 64 && error < 1e-10, "hard: {count} {error:e}");
    for (s, most) in [(2, 84), (3, 94)] {
        let n = f64::from(s) + 1.0;
        let axis = Exact::new(|_, d| Some(fuss_catalan_density(s, d)));
        let (_, count, error) = measured(&axis, [other(), soft(n.powf(n) / f64::from(s).powi(s))], 1.0);
        assert!(count <= most && error < 3e-11, "Fuss-Catalan {s}: {count} {error:e}");
    }
    // int x^(1/3) (1 - x)^(1/2) dx = B(4/3, 3/2).
    let axis = Exact::new(|_, d: Place| Some(d.low.cbrt() * d.high.sqrt()));
    let (_, count, error) = measured(&axis, [other(), soft(1.0)], 0.458_895_961_742_875_6);
    assert!(count <= 66 && error < 3e-11, "cusp: {count} {error:e}");
}

#[test]
fn halves_next_to_branch_points() {
    let regular = |x| end(x, Kind::Regular, f64::INFINITY);
    let branch = |order, growth| end(0.0, Kind::Branch(Root { order, growth }), f64::INFINITY);
    // A jump, and the inverse of the third power.
    let axis = Exact::new(|_, _| Some(0.5));
    let (_, count, error) = measured(&axis, [branch(1, 0), regular(2.0)], 1.0);
    assert!(count <= 20 && error < 3e-15, "{count} {error:e}");
    let axis = Exact::new(|_, d: Place| Some(d.low.powf(-2.0 / 3.0) / (3.0 - d.low.cbrt())));
    let (_, count, error) = measured(&axis, [branch(3, 2), regular(1.0)], 3.0 * 1.5f64.ln());
    assert!(count <= 24 && error < 1e-13, "{count} {error:e}");
}

#[test]
fn an_almost_hard_edge_with_its_error() {
    // (gamma - 1)^2 / 4, once with a branch point as far outside as the pole; the edge is displaced by a part of
    // that.
    let ([low, high], _) = marchenko_pastur(1.0 - 1e-6);
    let width = high - low;
    for (branch, most) in [(0.0, 64), (1.0, 150)] {
        let rest = |d: f64| 1.0 / (2.0 * PI * (1.0 - 1e-6) * (low + d) * (1.0 + branch * (low + d).sqrt()));
        // x = low + width sin^2(angle / 2).
        let mass_in_angle = |angle: f64| {
            let (sin, cos) = (0.5 * angle).sin_cos();
            (width * sin * cos).powi(2) * rest(width * sin * sin)
        };
        let mass = resolve(&mass_in_angle, &[0.0, 1e-6, 1e-3, PI], 1.0).iter().map(Panel::mass).sum::<f64>();
        assert!(branch > 0.0 || (mass - 1.0).abs() < 1e-13, "{mass}");
        let solved = |displaced: f64, told: bool| {
            let axis = Exact::new(|_, d: Place| Some(((d.low + displaced) * d.high).sqrt() * rest(d.low)));
            let first = End { error: if told { displaced } else { 0.0 }, ..end(low, Kind::Soft, low) };
            let (_, count, error) = measured(&axis, [first, end(high, Kind::Soft, f64::INFINITY)], mass);
            (count, error)
        };
        let (count, error) = solved(1e-10 * low, true);
        assert!(count <= most && error < 3e-10, "{count} {error:e}");
        // An edge known to two digits, and the same with more faith in it than it deserves.
        let ((told, error), (untold, _)) = (solved(1e-2 * low, true), solved(1e-2 * low, false));
        assert!(error < 1e-8 && 3 * told < 2 * untold, "{told} {untold} {error:e}");
    }
}

#[test]
fn noise_is_not_followed() {
    // Ten times the tolerance next to the lower edge.
    let noisy = |claimed: bool| {
        struct Noisy(bool);
        impl Axis for Noisy {
            fn solve(&self, requests: &[Request]) -> Vec<Result<Outcome>> {
                let outcome = |request: &Request| {
                    let d = request.distances;
                    let noise = 1e-10 / d.low;
                    let density = (d.low * d.high).sqrt() * (1.0 + noise * (1e10 * d.high).sin());
                    let noise = if self.0 { 3.0 * noise } else { 0.0 };
                    Ok(Outcome::Inside { density, noise, state: vec![Complex64::ONE] })
                };
                requests.iter().map(outcome).collect()
            }
        }
        sample(
            &Noisy(claimed),
            soft_pair([0.0, 1.0]),
            Vec::new(),
            Options { limit: 100, ..Options::default() },
        )
    };
    let Ok(Resolution::Resolved(sampled)) = noisy(true) else { panic!("noise that is told does no harm") };
    let (count, error) = (sampled.samples.len(), sampled.piece.total_mass() - PI / 8.0);
    assert!(count <= 24 && error.abs() < 1e-9, "{count} {error:e}");
    let untold = match noisy(false) {
        Ok(Resolution::Resolved(sampled)) => sampled.samples.len(),
        _ => 100,
    };
    assert!(untold > 40, "{untold}");
}

#[test]
fn a_hidden_gap_divides_the_interval_and_no_point_is_lost() {
    let [low, high] = [0.3, 0.302];
    let inner = |x: f64| (x - low) * (x - high);
    let axis = Exact::new(|x: f64, d: Place| {
        (inner(x) > 0.0).then(|| (inner(x) * (x + 1.0).abs() * (1.0 - x).abs()).sqrt() + 0.0 * d.low)
    });
    let first = sample(&axis, soft_pair([-1.0, 1.0]), Vec::new(), Options::default()).unwrap();
    let Resolution::Divided { obstacle: Obstacle::Outside { x, state }, samples } = first else {
        panic!("the gap was not found")
    };
    assert!(low < x && x < high && state == [Complex64::ONE]);
    let width = high - low;
    for (ends, other) in [([-1.0, low], 1.0), ([high, 1.0], -1.0)] {
        let beyond = if other > 0.0 { [f64::INFINITY, width] } else { [width, f64::INFINITY] };
        let known: Vec<Sample> = samples.clone();
        let reused = known.iter().filter(|s| ends[0] < s.x && s.x < ends[1]).count();
        let ends_of = [end(ends[0], Kind::Soft, beyond[0]), end(ends[1], Kind::Soft, beyond[1])];
        let before = axis.solves.load(Ordering::Relaxed);
        let Ok(Resolution::Resolved(part)) = sample(&axis, ends_of, known, Options::default()) else {
            panic!("no second gap")
        };
        assert_eq!(part.samples.len(), reused + axis.solves.load(Ordering::Relaxed) - before);
        let rest = |x: f64| if other > 0.0 { (high - x) * (1.0 - x) } else { (x - low) * (x + 1.0) };
        let mass = chebyshev(ends, 20_000, |x| rest(x).sqrt());
        assert!(
            (part.piece.total_mass() / mass - 1.0).abs() < 1e-10,
            "{:e}",
            part.piece.total_mass() / mass - 1.0
        );
    }
}

#[test]
fn twenty_near_gaps() {
    // Minima of 0.3 between maxima of about 1, each with two branch points at 0.015 of the width.
    let rho = |x: f64| ((20.0 * x.acos()).cos().powi(2) + 0.09).sqrt();
    let axis = Exact::new(|x: f64, d: Place| Some(rho(x) * (d.low * d.high).sqrt()));
    let (sampled, count, error) =
        measured(&axis, soft_pair([-1.0, 1.0]), chebyshev([-1.0, 1.0], 20_000, rho));
    assert!(count <= 1100 && error < 1e-10, "{count} {error:e}");
    assert!(sampled.cuts.len() > 5 && sampled.cuts.is_sorted());
    assert_eq!(sampled.piece.degrees().len(), sampled.cuts.len() + 1);
}

#[test]
fn narrow_peaks_are_looked_into() {
    for width in [1e-2, 1e-3, 3e-4] {
        for centre in [0.3, 0.0, -0.71, 0.9] {
            let lorentz = |x: f64| 1.0 + width * width / ((x - centre).powi(2) + width * width);
            let branches = |x: f64| 1.0 + 1.0 / (width + (x - centre).hypot(width));
            for (rho, most) in [(&lorentz as &dyn Fn(f64) -> f64, 50), (&branches, 800)] {
                let axis = Exact::new(|x: f64, d: Place| Some(rho(x) * (d.low * d.high).sqrt()));
                let mass = chebyshev([-1.0, 1.0], 300_000, rho);
                let (_, count, error) = measured(&axis, soft_pair([-1.0, 1.0]), mass);
                assert!(count <= most && error < 1e-10, "{width} {centre}: {count} {error:e}");
            }
        }
    }
}

#[test]
fn points_that_fail_are_replaced_unless_all_around_them_fail() {
    let broken = |radius: f64| {
        Exact::new(move |x: f64, d: Place| {
            Some(if (x - 0.130_526_192_220_051_6).abs() < radius {
                f64::NAN
            } else {
                (d.low * d.high).sqrt()
            })
        })
    };
    // The seventh of twelve Chebyshev points.
    let (sampled, _, error) = measured(&broken(1e-9), soft_pair([-1.0, 1.0]), 0.5 * PI);
    assert!(error < 1e-13 && sampled.replaced.len() == 1);
    assert!((sampled.replaced[0] - 0.130_526_192_220_051_6).abs() < 1e-9);
    let error = sample(&broken(0.3), soft_pair([-1.0, 1.0]), Vec::new(), Options::default());
    assert!(matches!(error, Err(Error::OutOfReach { .. })));
}

#[test]
fn a_point_that_a_guess_led_astray_is_solved_for_again() {
    /// Around the ninth of twelve Chebyshev points guesses lead to another solution, which is off by so much.
    struct Astray(f64);
    impl Axis for Astray {
        fn solve(&self, requests: &[Request]) -> Vec<Result<Outcome>> {
            let outcome = |r: &Request| {
                let wrong = r.guess.is_some() && (r.x - 0.608_761).abs() < 1e-3;
                let density = (r.distances.low * r.distances.high).sqrt() * (3.0 + r.x.cos());
                let density = if wrong { (1.0 + self.0) * density } else { density };
                Ok(Outcome::Inside { density, noise: 1e-15, state: vec![Complex64::ONE] })
            };
            requests.iter().map(outcome).collect()
        }
    }
    // int (3 + cos x) sqrt(1 - x^2) dx = pi (3 / 2 + J_1(1)).
    let mass = PI * (1.5 + 0.440_050_585_744_933_5);
    for off in [0.2, 1e-4, 1e-7, -0.9] {
        let (sampled, count, error) = measured(&Astray(off), soft_pair([-1.0, 1.0]), mass);
        assert!(error < 1e-12 && count < 60, "{off}: {count} {error:e}");
        assert!(
            !sampled.replaced.is_empty() && sampled.replaced.iter().all(|x| (x - 0.608_761).abs() < 1e-3)
        );
    }
}

#[test]
fn a_point_with_other_solutions_is_left_out() {
    // At 0, where the first candidate between symmetric points lies, every solve is wrong.
    let axis =
        Exact::new(|x: f64, d: Place| Some((d.low * d.high).sqrt() * if x == 0.0 { 0.9 } else { 1.0 }));
    let known = vec![Sample { x: 0.0, density: 0.9, noise: 1e-15, state: vec![Complex64::ONE] }];
    let Resolution::Resolved(found) =
        sample(&axis, soft_pair([-1.0, 1.0]), known, Options::default()).unwrap()
    else {
        panic!("it is no reason to divide")
    };
    assert!((found.piece.total_mass() - 0.5 * PI).abs() < 1e-13 && found.replaced == [0.0]);
    assert!(found.samples.len() < 40);
}

#[test]
fn singular_points_inside_divide_the_interval() {
    let place = 0.2 + 1e-3 * PI;
    for (power, below) in [(1.0, 1.0), (1.0 / 3.0, 1.0), (1.0 / 3.0, 2.0), (-0.25, 1.0)] {
        let axis = Exact::new(|x: f64, d: Place| {
            let side = if x < place { below } else { 1.0 };
            Some(side * (x - place).abs().powf(power) * (d.low * d.high).sqrt())
        });
        let result = sample(&axis, soft_pair([-1.0, 1.0]), Vec::new(), Options::default()).unwrap();
        let Resolution::Divided { obstacle: Obstacle::Singular { x }, samples } = result else {
            panic!("{power} was not seen")
        };
        assert!(
            (x - place).abs() < 1e-14 && samples.len() < 1000,
            "{power}: {:e} {}",
            x - place,
            samples.len()
        );
    }
}

#[test]
fn known_points_are_not_solved_for_again() {
    let (interval, rho) = marchenko_pastur(0.5);
    let axis = Exact::new(rho);
    let ends = || [end(interval[0], Kind::Soft, interval[0]), end(interval[1], Kind::Soft, f64::INFINITY)];
    let first = resolved(&axis, ends());
    let before = axis.solves.load(Ordering::Relaxed);
    let again = sample(&axis, ends(), first.samples.clone(), Options::default()).unwrap();
    let fresh = axis.solves.load(Ordering::Relaxed) - before;
    assert!(matches!(again, Resolution::Resolved(s) if s.samples.len() == first.samples.len() + fresh));
    assert!(fresh <= 10, "{fresh}");
    let backwards = sample(&axis, soft_pair([1.0, 0.0]), Vec::new(), Options::default());
    assert!(matches!(backwards, Err(Error::InvalidArgument { argument: "ends", .. })));
}

#[test]
fn guesses_are_close_and_end_states_make_them_closer() {
    /// Remembers how far the guesses were off; the unknown is the Cauchy transform.
    struct Watched {
        transform: fn(Request) -> Complex64,
        errors: std::sync::Mutex<Vec<f64>>,
    }
    impl Axis for Watched {
        fn solve(&self, requests: &[Request]) -> Vec<Result<Outcome>> {
            let outcome = |request: &Request| {
                let g = (self.transform)(request.clone());
                let error = request.guess.as_ref().map_or(f64::NAN, |guess| (guess[0] / g - 1.0).norm());
                self.errors.lock().unwrap().push(error);
                Ok(Outcome::Inside { density: -g.im / PI, noise: 1e-15, state: vec![g] })
            };
            requests.iter().map(outcome).collect()
        }
    }
    let median = |transform: fn(Request) -> Complex64, ends: [End; 2]| {
        let axis = Watched { transform, errors: Vec::new().into() };
        let _ = resolved(&axis, ends);
        let errors = axis.errors.into_inner().unwrap();
        let mut later = errors[4..].to_vec();
        later.sort_by(f64::total_cmp);
        (later[later.len() / 2], later[later.len() - 1])
    };
    // The semicircle: G = (x - i sqrt(4 - x^2)) / 2.
    let semicircle = |r: Request| 0.5 * Complex64::new(r.x, -(r.distances.low * r.distances.high).sqrt());
    let without = median(semicircle, soft_pair([-2.0, 2.0]));
    let mut ends = soft_pair([-2.0, 2.0]);
    // Next to the ends G = -1 - i sqrt(x + 2) and 1 - i sqrt(2 - x).
    ends[0].turn = Some(Turn { state: vec![-1.0], opening: vec![-1.0] });
    ends[1].turn = Some(Turn { state: vec![1.0], opening: vec![-1.0] });
    let with = median(semicircle, ends);
    assert!(with.0 < 1e-3 && with.1 < 0.1 && with.1 < without.1, "{with:?} {without:?}");
    // Marchenko-Pastur of ratio 1 as if its end were not known to be hard: G = (1 - sqrt(1 - 4 / x)) / 2.
    let hard = |r: Request| 0.5 * Complex64::new(1.0, -(r.distances.high / r.distances.low).sqrt());
    let ends = [end(0.0, Kind::Other, f64::INFINITY), end(4.0, Kind::Soft, f64::INFINITY)];
    let (middle, largest) = median(hard, ends);
    assert!(middle < 1e-2 && largest < 0.5, "{middle:e} {largest:e}");
}

#[test]
fn intervals_of_a_few_roundings_end_in_an_answer() {
    for (units, error) in [(1e7, 1e-4), (1e4, 0.1), (64.0, 1.0), (3.0, f64::INFINITY)] {
        let width = units * f64::EPSILON;
        let axis = Exact::new(|_, d: Place| Some((d.low * d.high).max(0.0).sqrt()));
        match sample(
            &axis,
            soft_pair([1.0, 1.0 + width]),
            Vec::new(),
            Options { limit: 600, ..Options::default() },
        ) {
            Ok(Resolution::Resolved(s)) => {
                let mass = s.piece.total_mass() / (width * width * PI / 8.0);
                assert!((mass - 1.0).abs() < error, "{units} {mass}");
            }
            Ok(Resolution::Divided { .. }) => panic!("there is no gap"),
            Err(failure) => assert!(units < 1e3, "{units} {failure}"),
        }
    }
}
