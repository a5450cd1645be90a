//! The terminal: the only code that reads the clock and prints. It decides nothing.

mod clock;
mod demo;
#[cfg(feature = "server")]
mod key;
#[allow(dead_code)]
mod out;
#[allow(dead_code)]
mod text;
mod verify;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};
use out::{Failure, Outcome, finish};
use std::process::ExitCode;

/// A ledger of permissions that carry money, for AI agents.
#[derive(Parser)]
#[command(name = "remit", version, about, after_help = AFTER)]
struct Arguments {
    /// Prints one JSON object on stdout; what is for people goes to stderr or away.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
Examples:
  remit demo                                       the whole story in a minute, in memory
  remit verify hotel.case                          a decision, offline
  remit init ledger --origin ledger.example/main   a ledger of your own; it says what to do next

Exit codes: 0 done or allowed, 1 refused or denied, 2 wrong usage or unreadable input, 70 internal error.
docs/cli.md tells more.";

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Verify(Box<verify::Verify>),
    #[cfg(feature = "server")]
    Key(key::Key),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    finish(dispatch(arguments.command), arguments.json)
}

fn dispatch(command: Command) -> Outcome {
    match command {
        Command::Demo(demo) => demo.run(),
        Command::Verify(verify) => verify.run(),
        #[cfg(feature = "server")]
        Command::Key(key) => key.run(),
    }
}

/// Help and version, which are no errors, or what was typed wrong.
fn refuse(error: &clap::Error) -> ExitCode {
    // Nothing can be done about a closed terminal.
    drop(error.print());
    let json = std::env::args_os().any(|argument| argument == "--json");
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ if json => {
            let first = error.to_string();
            let first = first.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            out::only_json(Failure::usage(first))
        }
        _ => ExitCode::from(2),
    }
}
