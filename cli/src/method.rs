//! How gradient descent makes its steps, as options of several subcommands.

use clap::Args;
use freespectra::method::{Average, Method, Momentum, Preconditioner, Start, StepSchedule};
use freespectra::{Population, Result};

use crate::options::bad;
use crate::population;

/// A linear first-order method.
#[derive(Debug, Args)]
pub struct MethodOptions {
    /// Momentum of a heavy ball, or of Nesterov's steps with `--nesterov`, in [0, 1).
    #[arg(long, value_name = "M")]
    momentum: Option<f64>,
    /// Nesterov's steps; without `--momentum` that is s / (s + 3) at step s.
    #[arg(long)]
    nesterov: bool,
    /// Ridge penalty: L |beta|^2 / 2 is added to the loss.
    #[arg(long, value_name = "L", default_value_t = 0.0)]
    ridge: f64,
    /// Weight decay beside the momentum: every step also takes this times the step size from the weights. Not with
    /// `--batches inf`.
    #[arg(long, value_name = "L", default_value_t = 0.0)]
    decay: f64,
    /// Start at weights 0 instead of around the truth, towards which ridge and decay then pull.
    #[arg(long)]
    zero_start: bool,
    /// Step size over the steps: constant, cosine, warmup:K, or inverse-time:S0. The last two not with `--batches inf`.
    #[arg(long, default_value = "constant", value_name = "RULE")]
    step_schedule: String,
    /// Averages of the iterates, "A,A,...": polyak, tail:S (from iterate S on) or ema:RHO. With `--batches inf` polyak alone.
    #[arg(long, value_name = "A")]
    average: Option<String>,
    /// Precondition by a power of the covariance, power:Q.
    #[arg(long, value_name = "power:Q", allow_hyphen_values = true)]
    precondition: Option<String>,
    /// Also the risk under a covariance with these eigenvalues along those of the population: as many, with the same weights
    /// in the same order, or a single one. Not with `--batches inf`.
    #[arg(long, value_name = "t:w,...", allow_hyphen_values = true)]
    test_population: Option<String>,
}

impl MethodOptions {
    pub fn method(&self) -> Result<Method> {
        let momentum = match (self.momentum, self.nesterov) {
            (None, false) => Momentum::None,
            (None, true) => Momentum::growing(),
            (Some(momentum), false) => Momentum::heavy_ball(momentum)?,
            (Some(momentum), true) => Momentum::nesterov(momentum)?,
        };
        let start = if self.zero_start { Start::Zero } else { Start::AroundZero };
        let step_schedule: StepSchedule = self.step_schedule.parse()?;
        let mut method = Method::new()
            .with_momentum(momentum)
            .with_ridge(self.ridge)?
            .with_decay(self.decay)?
            .with_start(start)?
            .with_step_schedule(step_schedule)?;
        for average in self.average.iter().flat_map(|text| text.split(',')) {
            method = method.with_average(average.trim().parse::<Average>()?)?;
        }
        if let Some(text) = &self.precondition {
            let power = text.strip_prefix("power:").and_then(|power| power.parse().ok());
            let power: f64 = power.ok_or_else(|| bad("precondition", format!("{text:?}"), "power:Q"))?;
            method = method.with_preconditioner(Preconditioner::Power(power));
        }
        Ok(method)
    }

    /// Eigenvalues of the test covariance along those of a population, in its order.
    pub fn test_eigenvalues(&self, population: &Population) -> Result<Option<Vec<f64>>> {
        let Some(text) = &self.test_population else { return Ok(None) };
        let test = population::atoms(text)?;
        let atoms = population.as_atoms();
        if let [(only, _)] = test[..] {
            return Ok(Some(vec![only; atoms.len()]));
        }
        let alike = test.len() == atoms.len()
            && test.iter().zip(atoms).all(|((_, weight), atom)| (weight - atom.mass).abs() < 1e-9);
        if !alike {
            let allowed = "a single eigenvalue, or one for each of the population with its weight";
            return Err(bad("test-population", format!("{text:?}"), allowed));
        }
        Ok(Some(test.into_iter().map(|(t, _)| t).collect()))
    }

    /// Whether there is a test covariance.
    pub fn has_test_population(&self) -> bool {
        self.test_population.is_some()
    }

    /// What is done beyond plain descent, in words.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        match (self.momentum, self.nesterov) {
            (None, false) => {}
            (None, true) => words.push("Nesterov momentum s / (s + 3)".to_owned()),
            (Some(momentum), true) => words.push(format!("Nesterov momentum {momentum}")),
            (Some(momentum), false) => words.push(format!("heavy ball {momentum}")),
        }
        if self.ridge > 0.0 {
            words.push(format!("ridge {}", self.ridge));
        }
        if self.decay > 0.0 {
            words.push(format!("weight decay {}", self.decay));
        }
        if self.zero_start {
            words.push("start at weights 0".to_owned());
        }
        if self.step_schedule != "constant" {
            words.push(format!("steps {}", self.step_schedule));
        }
        if let Some(power) = &self.precondition {
            words.push(format!("preconditioned, {power}"));
        }
        if let Some(average) = &self.average {
            words.push(format!("average {average}"));
        }
        if words.is_empty() { "plain".to_owned() } else { words.join(", ") }
    }
}
