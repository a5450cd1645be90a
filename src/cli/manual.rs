//! `remit completions`, `remit man`: both made out of the command's own definition.

use super::Arguments;
use super::out::{Done, Failure, Outcome};
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;
use std::path::PathBuf;

/// Prints completions for a shell.
#[derive(Args)]
#[command(after_help = "Example:\n  remit completions bash > /etc/bash_completion.d/remit")]
pub(super) struct Completions {
    /// bash, zsh, fish, elvish or powershell.
    shell: Shell,
}

/// Writes man pages, one for each command.
#[derive(Args)]
#[command(after_help = "Example:\n  remit man man/ && man man/remit-issue.1")]
pub(super) struct Man {
    /// The folder that they go to.
    dir: PathBuf,
}

impl Completions {
    pub(super) fn run(self) -> Outcome {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Arguments::command(), "remit", &mut script);
        let script = String::from_utf8(script).map_err(Failure::internal)?;
        Ok(Done::say(&script).with("script", script))
    }
}

impl Man {
    pub(super) fn run(self) -> Outcome {
        let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", self.dir.display()));
        std::fs::create_dir_all(&self.dir).map_err(wrong)?;
        clap_mangen::generate_to(Arguments::command(), &self.dir).map_err(wrong)?;
        Ok(Done::say(format!("man pages in {}", self.dir.display())).with("dir", self.dir))
    }
}
