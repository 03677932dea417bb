//! The command `freespectra`: predicts, samples, compares and draws, one subcommand for each question.
//!
//! Each subcommand is a file with its options and a function `run`; `--help` lists them. What they share stands in
//! `options` (parsers, what was given and what is a default), `outputs` (files that are written whole or not at all,
//! progress), `population` (how populations are written), `sampled` (sampled spectra), `runs` (whether single runs
//! converge) and `table` (laws as tables, numbers as text).

mod choose;
mod completions;
mod data;
#[cfg(feature = "plot")]
mod drawing;
mod law;
mod limit;
mod mean;
mod method;
mod options;
mod outputs;
mod polynomial;
mod population;
mod runs;
mod sampled;
mod scaling;
mod table;
mod trajectory;
mod z;

use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use freespectra::Result;

use options::{Given, refused_value};
use outputs::{Shared, check_standard_output, say};

/// What does mini-batching do to gradient descent? Spectra and errors, predicted by free probability and checked
/// against sampled data.
#[derive(Debug, Parser)]
#[command(name = "freespectra", version, propagate_version = true, arg_required_else_help = true)]
struct Freespectra {
    #[command(subcommand)]
    question: Question,
    #[command(flatten)]
    shared: Shared,
}

/// A further question is a variant here, its file, and its line in `answer`.
#[derive(Debug, Subcommand)]
enum Question {
    #[command(allow_negative_numbers = true)]
    Z(z::Options),
    #[command(allow_negative_numbers = true)]
    Polynomial(polynomial::Options),
    #[command(allow_negative_numbers = true)]
    Law(law::Options),
    #[command(allow_negative_numbers = true)]
    Mean(mean::Options),
    #[command(allow_negative_numbers = true)]
    Trajectory(trajectory::Options),
    #[command(allow_negative_numbers = true)]
    Limit(limit::Options),
    #[command(allow_negative_numbers = true)]
    Choose(choose::Options),
    #[command(allow_negative_numbers = true)]
    Scaling(scaling::Options),
    #[command(allow_negative_numbers = true)]
    Data(data::Options),
    Completions(completions::Options),
}

impl Question {
    fn answer(&self, shared: &Shared, given: &Given) -> Result<()> {
        match self {
            Self::Z(options) => z::run(options, shared, given),
            Self::Polynomial(options) => polynomial::run(options, shared, given),
            Self::Law(options) => law::run(options, shared),
            Self::Mean(options) => mean::run(options, shared, given),
            Self::Trajectory(options) => trajectory::run(options, shared, given),
            Self::Limit(options) => limit::run(options, shared, given),
            Self::Choose(options) => choose::run(options, shared, given),
            Self::Scaling(options) => scaling::run(options, shared, given),
            Self::Data(options) => data::run(options, shared, given),
            Self::Completions(options) => completions::run(options),
        }
    }
}

/// A failure is one line on standard error and exit status 2.
fn main() -> ExitCode {
    let parsed = Freespectra::command().try_get_matches().and_then(|matches| {
        let given = Given::of(matches.subcommand().map_or(&matches, |(_, matches)| matches));
        Ok((Freespectra::from_arg_matches(&matches)?, given))
    });
    let result = match parsed {
        Ok((Freespectra { question, shared }, given)) => check_standard_output()
            .and_then(|()| shared.start_threads())
            .and_then(|()| question.answer(&shared, &given))
            .map_err(|error| given.explained(error)),
        // Help and version.
        Err(error) if !error.use_stderr() => say(error.render().to_string().trim_end()),
        Err(error) => {
            match refused_value(&error) {
                Some(line) => eprintln!("freespectra: {line}"),
                None => eprint!("{}", error.render()),
            }
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("freespectra: {error}");
            ExitCode::from(2)
        }
    }
}
