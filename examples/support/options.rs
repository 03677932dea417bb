//! Options on the command line: parsers, what was given and what is a default, errors.

use std::path::Path;
use std::process::ExitCode;

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};
use freespectra::{Error, Population, Result};

use super::outputs::{check_standard_output, file, say};

/// Runs an example: a failure is one line on standard error and exit status 2.
pub fn run<O: CommandFactory + FromArgMatches>(program: impl FnOnce(&O, &Given) -> Result<()>) -> ExitCode {
    let command = O::command();
    let program_path = std::env::args().next().unwrap_or_default();
    let name = Path::new(&program_path).file_stem().unwrap_or_default().display().to_string();
    let parsed = command
        .try_get_matches()
        .and_then(|matches| Ok((O::from_arg_matches(&matches)?, Given::of(&matches))));
    let result = match parsed {
        Ok((options, given)) => check_standard_output()
            .and_then(|()| program(&options, &given))
            .map_err(|error| given.explained(error)),
        // Help and version.
        Err(error) if !error.use_stderr() => say(error.render().to_string().trim_end()),
        Err(error) => {
            eprint!("{}", error.render());
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{name}: {error}");
            ExitCode::from(2)
        }
    }
}

/// The options that the user gave, by the names of their fields.
pub struct Given {
    given: Vec<String>,
    defaults: Vec<String>,
}

impl Given {
    fn of(matches: &clap::ArgMatches) -> Self {
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
        let found = options.iter().find(|option| self.given.iter().any(|given| given == *option));
        found.copied().unwrap_or(options[0])
    }

    /// Blames a default on what it does not go with.
    fn explained(&self, error: Error) -> Error {
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

pub fn bad(argument: &'static str, value: impl std::fmt::Display, allowed: impl Into<String>) -> Error {
    Error::argument(argument, value, allowed)
}

/// Parser of options that count something.
pub fn count(text: &str) -> std::result::Result<usize, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more".to_owned())
}

/// Parser of seeds.
pub fn seed(text: &str) -> std::result::Result<u64, String> {
    text.parse().map_err(|_| "expected a whole number, 0 or more".to_owned())
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

/// A population written "t:w,t:w,...".
pub fn population(text: &str) -> Result<Population> {
    Population::atoms(&atoms(text)?)
}

/// The eigenvalues and weights of a population, in the order given.
pub fn atoms(text: &str) -> Result<Vec<(f64, f64)>> {
    text.split(',')
        .map(|item| {
            let parsed = item
                .split_once(':')
                .and_then(|(t, w)| Some((t.trim().parse().ok()?, w.trim().parse().ok()?)));
            parsed.ok_or_else(|| bad("population", format!("{item:?}"), "eigenvalue:weight pairs"))
        })
        .collect()
}

/// The numbers of a file, separated by lines, commas, semicolons or spaces. Blank lines, comments after `#` and a
/// byte-order mark are passed over.
pub fn numbers_of_file(path: &Path) -> Result<Vec<f64>> {
    let text = std::fs::read_to_string(path).map_err(|error| file(path, error))?;
    let mut numbers = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let data = line.split('#').next().unwrap_or_default();
        for item in data.split([',', ';', ' ', '\t']).map(str::trim).filter(|item| !item.is_empty()) {
            let number = item.parse::<f64>().ok().filter(|x| x.is_finite());
            let refused = || file(path, format!("line {}: {item:?} is not a finite number", index + 1));
            numbers.push(number.ok_or_else(refused)?);
        }
    }
    if numbers.is_empty() {
        return Err(file(path, "no numbers in it"));
    }
    Ok(numbers)
}
