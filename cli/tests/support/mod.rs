//! Running the command as other programs do.

// Every test file uses its own part of this.
#![allow(dead_code)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// An empty directory to run a subcommand in, removed at the end.
pub struct Scratch {
    pub path: PathBuf,
    subcommand: &'static str,
}

impl Scratch {
    pub fn new(subcommand: &'static str, name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("freespectra-{subcommand}-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self { path, subcommand }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_freespectra"));
        command.arg(self.subcommand).args(arguments).current_dir(&self.path);
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The document on standard output, and that it is alone there.
    pub fn json(&self, arguments: &[&str]) -> Value {
        document(&self.run(&[arguments, &["--json", "-"]].concat()))
    }

    /// All files below the directory.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, found) } else { found.push(path) }
            }
        }
        let mut found = Vec::new();
        walk(&self.path, &mut found);
        found.iter().map(|path| path.strip_prefix(&self.path).unwrap().to_path_buf()).collect()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.path);
    }
}

pub fn document(output: &Output) -> Value {
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{stderr}");
    assert!(stderr.is_empty(), "{stderr}");
    // Trailing text of any kind is an error of the parser.
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

pub fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub fn pairs(value: &Value) -> Vec<[f64; 2]> {
    value.as_array().unwrap().iter().map(|pair| numbers(pair).try_into().unwrap()).collect()
}

pub fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}
