//! Where runs in very many small batches settle at a constant step.
//!
//! With fewer features than rows the iterates forget where they started, and settle about the least squares solution, of
//! training error `sigma^2 (1 - gamma)` and risk `sigma^2 gamma / (1 - gamma)` whatever the population. With
//! `a* = 2 / (gamma int t dH)`, the step at which errors grow in any order,
//!
//! ```text
//! one pass      risk = sigma^2 (a / a*) / (1 - a / a*)
//! replacement   train = sigma^2 (1 - gamma) / (1 - a / a*),    risk = sigma^2 gamma / (1 - gamma) + (a / a*) train
//! cyclic        risk = sigma^2 [1 / (D (1 - a / a*)) - 1],     D [1 + gamma a int t / (e^{a t D} - 1) dH] = 1
//! ```
//!
//! With replacement the noise of the steps adds the integrals of the kernels, `int K_L = gamma a phi(W) / 2` and
//! `int K_R = gamma a phi(Sigma) / 2`, and `phi(W) = phi(Sigma)`. In cyclic order the runs tend to a cycle: what is left of the
//! sum over epochs are its values at `z = 1`, a periodic response `X(y) = e^{-a t D y} / (1 - e^{-a t D})` in which every row
//! feels the same; its square integrates to `coth(a t D / 2) / (2 a t D)`, and the equation of `D` takes the integral over `t` out
//! of what follows. For reshuffling see [`reshuffled`].

mod reshuffled;

use serde::{Deserialize, Serialize};

use super::kernels::nodes;
use super::{Atom, SmallBatchCurve, SmallBatchOrder, SmallBatches};
use crate::error::{Error, Result, positive};
use crate::numeric::root;

/// Errors at which runs settle, at the ends of epochs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Stationary {
    /// Excess risk.
    pub risk: f64,
    /// Training error; none for one pass, which keeps no rows.
    pub train: Option<f64>,
}

/// Nodes of the integral over the phases of a cycle.
const PHASES: usize = 40;

/// Share of the way to the end of the range by which the search for a step goes on, and how often it does.
const SHARE: f64 = 0.2;
const BRACKETS: usize = 20;

/// Relative error of steps.
const TOLERANCE: f64 = 1e-12;

impl Stationary {
    /// The epoch from which on the risk of a curve is within a fraction of this one to its end; none if it is not there then.
    pub fn reached(&self, curve: &SmallBatchCurve, within: f64) -> Option<usize> {
        let away = |risk: &f64| (risk / self.risk - 1.0).abs() > within;
        let epoch = curve.risk.iter().rposition(away).map_or(0, |last| last + 1);
        (epoch < curve.risk.len()).then_some(epoch)
    }
}

impl SmallBatches {
    /// Errors at which runs settle, at constant step.
    ///
    /// ```
    /// use freespectra::Population;
    /// use freespectra::minibatch::{SmallBatchOrder, SmallBatches};
    /// # fn main() -> Result<(), freespectra::Error> {
    /// let limit = SmallBatches::new(&Population::identity(), 0.5, 1.0, |_| 1.0, 0.3)?;
    /// let settled = limit.stationary(SmallBatchOrder::Replacement)?;
    /// assert!((settled.risk - 0.35).abs() < 1e-14);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidArgument`] if there are not more rows than features (but for one pass), if the step is not below the
    /// [one](SmallBatches::stability_step) at which errors grow, or for more than plain descent;
    /// [`Error::NotConverged`] for steps so close to it, or so small, that what reshuffling settles at is not found.
    pub fn stationary(&self, order: SmallBatchOrder) -> Result<Stationary> {
        self.check_plain(SmallBatchOrder::Cyclic)?;
        if self.population.kernel() > 0.0 {
            return self.varying()?.stationary(order);
        }
        let gamma = self.aspect_ratio;
        if gamma >= 1.0 && order != SmallBatchOrder::OnePass {
            let allowed = "below 1: with more features than rows a part of the initial error stays";
            return Err(Error::argument("aspect_ratio", gamma, allowed));
        }
        // a / a*.
        let load = self.epoch_step / self.largest_step();
        if load >= 1.0 {
            let allowed = format!("below {}, where errors grow", self.stability_step());
            return Err(Error::argument("epoch_step", self.given_step, allowed));
        }
        match order {
            SmallBatchOrder::OnePass => {
                Ok(Stationary { risk: self.noise * load / (1.0 - load), train: None })
            }
            SmallBatchOrder::Replacement => {
                let train = self.noise * (1.0 - gamma) / (1.0 - load);
                Ok(Stationary { risk: self.noise * gamma / (1.0 - gamma) + load * train, train: Some(train) })
            }
            SmallBatchOrder::Cyclic => self.cycle(load),
            SmallBatchOrder::Reshuffled => reshuffled::stationary(self),
        }
    }

    /// The same on the features that vary, which have all part in what the noise does.
    fn varying(&self) -> Result<Self> {
        let share = 1.0 - self.population.kernel();
        if share <= 0.0 {
            let allowed = "an eigenvalue above 0 for runs that settle somewhere";
            return Err(Error::argument("population", "all 0", allowed));
        }
        let atoms = self.atoms.iter().filter(|atom| atom.t > 0.0);
        Ok(Self {
            atoms: atoms.map(|atom| Atom { mass: atom.mass / share, ..*atom }).collect(),
            population: self.population.varying(),
            aspect_ratio: self.aspect_ratio * share,
            ..self.clone()
        })
    }

    /// The cycle that runs in cyclic order tend to.
    fn cycle(&self, load: f64) -> Result<Stationary> {
        let (a, gamma) = (self.epoch_step, self.aspect_ratio);
        let varying = || self.atoms.iter();
        // D (1 + gamma a int t / (e^{a t D} - 1) dH) - 1, which grows from gamma - 1 to something positive.
        let value = |d: f64| {
            let sum: f64 = varying().map(|atom| atom.mass * atom.t * d / (a * atom.t * d).exp_m1()).sum();
            d + gamma * a * sum - 1.0
        };
        let ends = [f64::EPSILON, 1.0];
        let d = root::between(ends.map(|d| (d, value(d))), f64::EPSILON, |d| Ok(value(d)))?;
        // E r^2 before a visit, of the residual without its own label noise and with it.
        let residual = d * self.noise / (1.0 - load);
        let risk = residual / (d * d) - self.noise;
        // Between its visits a row feels the last ones: r(0; u) = h(0) - gamma a Gamma(u) D h(u).
        let (phases, weights) = nodes(PHASES);
        let train = phases.iter().zip(&weights).map(|(&u, weight)| {
            let (mut felt, mut covariance) = (0.0, 0.0);
            for atom in varying() {
                let rate = a * atom.t * d;
                let once = -(-rate).exp_m1();
                felt += atom.mass * atom.t * (-rate * (1.0 - u)).exp() / once;
                // int X(0 - v) X(u - v) dv over the epoch, as a periodic function.
                let overlap = ((-rate * (1.0 - u)).exp() - (-rate * (1.0 + u)).exp() + (-rate * u).exp()
                    - (-rate * (2.0 - u)).exp())
                    / (2.0 * rate * once * once);
                covariance += atom.mass * (a * atom.t).powi(2) * gamma * residual * overlap;
            }
            let factor = gamma * a * felt * d;
            weight
                * ((1.0 + factor * factor) * (risk + self.noise) - 2.0 * factor * (covariance + self.noise))
        });
        Ok(Stationary { risk, train: Some(train.sum()) })
    }

    /// The epoch step at which runs settle at this excess risk.
    ///
    /// # Errors
    /// As for [`SmallBatches::stationary`]; [`Error::InvalidArgument`] if the risk is not above that of small steps, or label
    /// noise is missing.
    pub fn step_to_settle_at(&self, risk: f64, order: SmallBatchOrder) -> Result<f64> {
        positive("risk", risk)?;
        positive("noise", self.noise)?;
        if self.population.kernel() > 0.0 {
            return self.varying()?.step_to_settle_at(risk, order);
        }
        let (largest, gain) = (self.largest_step(), self.gain());
        let flow = if order == SmallBatchOrder::OnePass {
            0.0
        } else {
            self.noise * self.aspect_ratio / (1.0 - self.aspect_ratio)
        };
        if self.aspect_ratio < 1.0 && risk <= flow {
            return Err(Error::argument("risk", risk, format!("above {flow}, that of least squares")));
        }
        let with = |a: f64| -> Result<f64> {
            Ok(Self { epoch_step: a, given_step: a / gain, ..self.clone() }.stationary(order)?.risk - risk)
        };
        // With replacement risk - flow = x sigma^2 (1 - gamma) / (1 - x), x = a / a*; other orders are not far from that.
        let excess = risk - flow;
        let load = excess / (excess + self.noise * (1.0 - self.aspect_ratio).max(f64::EPSILON));
        let mut start = (load * largest, with(load * largest)?);
        for _ in 0..BRACKETS {
            let next =
                if start.1 < 0.0 { start.0 + SHARE * (largest - start.0) } else { start.0 * (1.0 - SHARE) };
            let next = (next, with(next)?);
            if (next.1 < 0.0) != (start.1 < 0.0) {
                return Ok(root::between([start, next], TOLERANCE, with)? / gain);
            }
            start = next;
        }
        let largest = self.stability_step();
        Err(Error::argument("risk", risk, format!("what steps between 0 and {largest} settle at")))
    }
}
