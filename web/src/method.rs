//! How steps are made, by the names of the options of `freespectra trajectory`.

use freespectra::Result;
use freespectra::method::{Average, Method, Momentum, Preconditioner, Start, StepSchedule};
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Options {
    momentum: Option<f64>,
    #[serde(default)]
    nesterov: bool,
    #[serde(default)]
    ridge: f64,
    #[serde(default)]
    zero_start: bool,
    step_schedule: Option<String>,
    average: Option<String>,
    /// A power of the covariance.
    precondition: Option<f64>,
}

impl Options {
    pub fn method(&self) -> Result<Method> {
        let momentum = match (self.momentum, self.nesterov) {
            (None, false) => Momentum::None,
            (None, true) => Momentum::growing(),
            (Some(momentum), false) => Momentum::heavy_ball(momentum)?,
            (Some(momentum), true) => Momentum::nesterov(momentum)?,
        };
        let mut method = Method::new()
            .with_momentum(momentum)
            .with_ridge(self.ridge)?
            .with_start(if self.zero_start { Start::Zero } else { Start::AroundZero })?
            .with_step_schedule(
                self.step_schedule.as_deref().unwrap_or("constant").parse::<StepSchedule>()?,
            )?;
        for average in self.average.iter().flat_map(|text| text.split(',')) {
            method = method.with_average(average.trim().parse::<Average>()?)?;
        }
        if let Some(power) = self.precondition {
            method = method.with_preconditioner(Preconditioner::Power(power));
        }
        Ok(method)
    }

    /// Whether the start is all that may differ from plain descent, to which it does not matter.
    pub fn is_plain(&self) -> Result<bool> {
        let start = if self.zero_start { Start::Zero } else { Start::AroundZero };
        Ok(self.method()? == Method::new().with_start(start)?)
    }
}
