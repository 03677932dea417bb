//! What a shell needs to complete the command.

use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use freespectra::Result;

use crate::Freespectra;
use crate::outputs::say;

/// Print the completions of the command for a shell.
#[derive(Debug, Args)]
pub struct Options {
    /// The shell.
    shell: Shell,
}

pub fn run(options: &Options) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, &mut Freespectra::command(), "freespectra", &mut script);
    say(String::from_utf8_lossy(&script).trim_end())
}
