//! Options on the command line: parsers, what was given and what is a default, errors.

use std::num::ParseFloatError;
use std::path::Path;

use clap::Args;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use freespectra::minibatch::{Batches, MiniBatchBuilder};
use freespectra::{Error, Result};

use crate::outputs::file;

/// The model of gradient descent, as far as all subcommands have it in common.
#[derive(Debug, Clone, Args)]
pub struct ModelOptions {
    /// Number of batches B.
    #[arg(short = 'B', long, default_value_t = 4, value_parser = count)]
    pub batches: usize,
    /// Aspect ratio p/n.
    #[arg(long, visible_alias = "gamma", default_value_t = 0.5)]
    pub aspect_ratio: f64,
}

/// The model of gradient descent where there may be infinitely many batches.
#[derive(Debug, Clone, Args)]
pub struct AnyModelOptions {
    /// Number of batches B, or inf for the limit of very many small ones at a fixed step of an epoch.
    #[arg(short = 'B', long, default_value_t = Batches::Finite(4))]
    pub batches: Batches,
    /// Aspect ratio p/n.
    #[arg(long, visible_alias = "gamma", default_value_t = 0.5)]
    pub aspect_ratio: f64,
}

/// Step of an epoch for curves of errors, if nothing is said.
pub const EPOCH_STEP_OF_CURVES: f64 = 0.6;

/// How far one step goes.
#[derive(Debug, Clone, Args)]
pub struct StepOptions {
    /// Step size of one batch; for curves of errors 0 is allowed.
    #[arg(long, visible_alias = "alpha", conflicts_with = "epoch_step")]
    step_size: Option<f64>,
    /// Step of an epoch, B times the step size (linear scaling rule) [default: 1, for curves of errors 0.6].
    #[arg(long)]
    epoch_step: Option<f64>,
}

impl ModelOptions {
    pub fn builder(&self) -> MiniBatchBuilder {
        freespectra::MiniBatch::builder().batches(self.batches).aspect_ratio(self.aspect_ratio)
    }
}

impl AnyModelOptions {
    pub fn builder(&self) -> Result<MiniBatchBuilder> {
        let Batches::Finite(batches) = self.batches else {
            return Err(bad("batches", "inf", "a number for this"));
        };
        Ok(freespectra::MiniBatch::builder().batches(batches).aspect_ratio(self.aspect_ratio))
    }
}

impl StepOptions {
    /// The step of an epoch, for infinitely many batches.
    pub fn of_epoch(&self, default: f64) -> Result<f64> {
        match self.step_size {
            Some(step) => Err(bad("step_size", step, "the step of an epoch with infinitely many batches")),
            None => Ok(self.epoch_step.unwrap_or(default)),
        }
    }

    /// Whether nothing moves.
    pub fn is_zero(&self) -> bool {
        self.step_size.or(self.epoch_step) == Some(0.0)
    }

    pub fn set(&self, builder: MiniBatchBuilder, default_epoch_step: f64) -> MiniBatchBuilder {
        match (self.step_size, self.epoch_step) {
            (Some(step_size), _) => builder.step_size(step_size),
            (None, epoch_step) => builder.epoch_step(epoch_step.unwrap_or(default_epoch_step)),
        }
    }
}

/// The options that the user gave, by the names of their fields.
pub struct Given {
    given: Vec<String>,
    defaults: Vec<String>,
}

impl Given {
    pub fn of(matches: &clap::ArgMatches) -> Self {
        let is_given = |id: &&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let ids = || matches.ids().map(clap::Id::as_str);
        let named = |ids: &mut dyn Iterator<Item = &str>| ids.map(str::to_owned).collect();
        Self {
            given: named(&mut ids().filter(is_given)),
            defaults: named(&mut ids().filter(|id| !is_given(id))),
        }
    }

    /// The first of these options that was given, the first of all if none was.
    pub fn first(&self, options: &[&'static str]) -> &'static str {
        let found = options.iter().find(|option| self.has(option));
        found.copied().unwrap_or(options[0])
    }

    /// Whether the option was given.
    pub fn has(&self, option: &str) -> bool {
        self.given.iter().any(|given| given == option)
    }

    /// Blames a default on what it does not go with.
    pub fn explained(&self, error: Error) -> Error {
        match error {
            Error::InvalidArgument { argument, value, allowed }
                if self.defaults.iter().any(|id| id == argument) =>
            {
                let value = format!("the default {value}, which does not go with the other options");
                Error::InvalidArgument { argument, value, allowed }
            }
            error => error,
        }
    }
}

/// What is said of this argument, with the value that was typed for it.
pub fn as_typed(error: Error, typed: &'static str, text: &str) -> Error {
    match error {
        Error::InvalidArgument { argument, allowed, .. } if argument == typed => bad(typed, text, allowed),
        error => error,
    }
}

/// The line about a value that an option does not take; none for other faults.
pub fn refused_value(error: &clap::Error) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return None;
    }
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.as_str(),
        _ => "",
    };
    let option = text(ContextKind::InvalidArg).split(' ').next().unwrap_or_default();
    let value = match text(ContextKind::InvalidValue) {
        "" => "no value".to_owned(),
        value => format!("{value:?}"),
    };
    let cause = std::error::Error::source(error);
    let allowed = match (cause, error.get(ContextKind::ValidValue)) {
        (Some(cause), _) if cause.is::<ParseFloatError>() => "a number".to_owned(),
        (Some(cause), _) => match cause.downcast_ref::<Error>() {
            Some(Error::InvalidArgument { allowed, .. }) => allowed.clone(),
            _ => cause.to_string(),
        },
        (None, Some(ContextValue::Strings(values))) if !values.is_empty() => {
            format!("one of {}", values.join(", "))
        }
        _ => "one".to_owned(),
    };
    Some(format!("{option}: got {value}, expected {allowed}"))
}

pub fn bad(argument: &'static str, value: impl std::fmt::Display, allowed: impl Into<String>) -> Error {
    Error::argument(argument, value, allowed)
}

/// Parser of options that count something.
pub fn count(text: &str) -> std::result::Result<usize, String> {
    text.parse().map_err(|_| "a whole number, 0 or more".to_owned())
}

/// Parser of seeds.
pub fn seed(text: &str) -> std::result::Result<u64, String> {
    text.parse().map_err(|_| "a whole number, 0 or more".to_owned())
}

/// Finite numbers separated by commas.
pub fn numbers(argument: &'static str, text: &str) -> Result<Vec<f64>> {
    text.split(',')
        .map(|item| {
            let number = item.trim().parse::<f64>().ok().filter(|x| x.is_finite());
            number.ok_or_else(|| bad(argument, format!("{item:?}"), "finite numbers separated by commas"))
        })
        .collect()
}

/// The numbers of a file, see [`lines_of_file`].
pub fn numbers_of_file(path: &Path) -> Result<Vec<f64>> {
    Ok(lines_of_file(path)?.into_iter().flat_map(|line| line.numbers).collect())
}

/// A line of a file with numbers.
pub struct Line {
    /// Its number, counted from 1.
    pub line: usize,
    /// The numbers, at least one.
    pub numbers: Vec<f64>,
}

/// The lines of a file that have numbers, separated by commas, semicolons or spaces. Blank lines, comments after `#`
/// and a byte-order mark are passed over.
pub fn lines_of_file(path: &Path) -> Result<Vec<Line>> {
    let text = std::fs::read_to_string(path).map_err(|error| file(path, error))?;
    let mut lines = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let data = line.split('#').next().unwrap_or_default();
        let items = data.split([',', ';', ' ', '\t']).map(str::trim).filter(|item| !item.is_empty());
        let number = |item: &str| {
            let number = item.parse::<f64>().ok().filter(|x| x.is_finite());
            let refused = || file(path, format!("line {}: {item:?} is not a finite number", index + 1));
            number.ok_or_else(refused)
        };
        let numbers = items.map(number).collect::<Result<Vec<f64>>>()?;
        if !numbers.is_empty() {
            lines.push(Line { line: index + 1, numbers });
        }
    }
    if lines.is_empty() {
        return Err(file(path, "no numbers in it"));
    }
    Ok(lines)
}
