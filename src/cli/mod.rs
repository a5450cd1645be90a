//! The terminal: the only code that reads the clock and prints. It decides nothing.

#[cfg(feature = "server")]
mod answered;
#[cfg(feature = "server")]
mod approvals;
#[cfg(feature = "server")]
mod ask;
#[cfg(feature = "server")]
mod asked;
#[cfg(feature = "server")]
mod audit;
#[cfg(feature = "server")]
mod backup;
#[cfg(feature = "server")]
mod chain;
mod clock;
#[cfg(feature = "server")]
mod commands;
#[cfg(feature = "server")]
mod config;
#[cfg(feature = "server")]
mod control;
#[cfg(feature = "server")]
mod deadlines;
mod demo;
#[cfg(feature = "server")]
mod doctor;
#[cfg(feature = "server")]
mod explain;
#[cfg(feature = "server")]
mod export;
#[cfg(feature = "server")]
mod files;
#[cfg(feature = "server")]
mod folder;
#[cfg(feature = "server")]
mod follow;
#[cfg(feature = "server")]
mod grant;
mod hints;
#[cfg(feature = "server")]
mod http;
#[cfg(feature = "server")]
mod init;
#[cfg(feature = "server")]
mod key;
#[cfg(feature = "server")]
mod keyring;
#[cfg(feature = "server")]
mod lease;
#[cfg(feature = "server")]
mod look;
#[cfg(feature = "server")]
mod manual;
#[cfg(feature = "server")]
mod monitor;
#[cfg(feature = "server")]
mod offers;
#[cfg_attr(not(feature = "server"), allow(dead_code))]
mod out;
#[cfg(feature = "server")]
mod party;
#[cfg(feature = "server")]
mod policy;
#[cfg(feature = "server")]
mod prepare;
#[cfg(feature = "server")]
mod private;
#[cfg(feature = "server")]
mod progress;
#[cfg(feature = "server")]
mod proved;
#[cfg(feature = "server")]
mod prune;
#[cfg(feature = "server")]
mod register;
#[cfg(feature = "server")]
mod search;
#[cfg(feature = "server")]
mod serve;
#[cfg(feature = "server")]
mod session;
#[cfg(feature = "server")]
mod sidecar;
#[cfg(feature = "server")]
mod spec;
#[cfg(feature = "server")]
mod spend;
#[cfg_attr(not(feature = "server"), allow(dead_code))]
mod text;
#[cfg(feature = "server")]
mod till;
#[cfg(feature = "otel")]
mod traces;
#[cfg(feature = "server")]
mod trade;
mod verify;
#[cfg(feature = "server")]
mod voucher;
#[cfg(feature = "server")]
mod witness;
#[cfg(feature = "server")]
mod witnesses;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser, Subcommand};
use out::{Failure, finish};
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
  remit demo                                       the running example, in a moment
  remit verify hotel.case                          a decision, offline
  remit init ledger --origin ledger.example/main   a ledger of your own; it says what to do next
  remit approvals list --key ann.pem               what waits for somebody's yes

Exit codes: 0 done or allowed, 1 refused or denied, 2 wrong usage or unreadable input, 70 internal error,
or nobody answered.
docs/cli.md tells more.";

#[derive(Subcommand)]
enum Command {
    Demo(demo::Demo),
    Verify(Box<verify::Verify>),
    #[cfg(feature = "server")]
    #[command(flatten)]
    Ledger(commands::Command),
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let json = arguments.json;
    let outcome = match arguments.command {
        Command::Demo(demo) => demo.run(),
        Command::Verify(verify) => verify.run(),
        #[cfg(feature = "server")]
        Command::Ledger(command) => command.run(json),
    };
    finish(outcome, json, &help())
}

/// The help of the command that was typed, as advice.
fn help() -> String {
    hints::help(&Arguments::command(), std::env::args_os().skip(1))
}

/// Help and version, which are no errors, or what was typed wrong.
fn refuse(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // Nothing can be done about a closed terminal.
        drop(error.print());
        return ExitCode::SUCCESS;
    }
    let json = std::env::args_os().any(|argument| argument == "--json");
    let (message, hint) = mistake(&error.to_string(), error.kind(), help());
    finish(Err(Failure::usage(message).hint(&hint)), json, &hint)
}

/// What was typed wrong, and what to do about it, out of what the parser says.
fn mistake(said: &str, kind: ErrorKind, help: String) -> (String, String) {
    if kind == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return ("which command?".into(), help);
    }
    // One line: what is missing or wrong, up to what the parser advises.
    let what: Vec<&str> = said
        .lines()
        .map(str::trim)
        .take_while(|line| !["Usage:", "tip:", "For more"].iter().any(|start| line.starts_with(start)))
        .filter(|line| !line.is_empty())
        .collect();
    let what = what.join(" ");
    let tip = said.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let hint = tip.map_or_else(|| help.clone(), |tip| format!("{tip}; {help}"));
    (what.trim_start_matches("error: ").to_owned(), hint)
}

#[cfg(test)]
mod tests {
    use super::Arguments;
    use clap::{Command, CommandFactory as _, Parser as _};

    /// What is said of arguments that are wrong.
    fn said(arguments: &[&str]) -> (String, String) {
        let error = Arguments::try_parse_from(arguments).err().expect("refused");
        let help = super::hints::help(&Arguments::command(), arguments.iter().skip(1).map(Into::into));
        super::mistake(&error.to_string(), error.kind(), help)
    }

    /// Every command and those below it, with its whole name.
    fn all(command: &Command, name: &str) -> Vec<(String, Command)> {
        let name = format!("{name} {}", command.get_name());
        let below = command.get_subcommands().flat_map(|command| all(command, &name));
        [(name.clone(), command.clone())].into_iter().chain(below).collect()
    }

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn what_was_typed_wrong_is_said_in_a_line_with_a_hint() {
        let (message, hint) = said(&["remit", "verfy"]);
        assert_eq!(message, "unrecognized subcommand 'verfy'");
        assert!(hint.contains("'verify'") && hint.contains("`remit --help`"), "{hint}");
        let (message, hint) = said(&["remit", "verify", "--wrong"]);
        assert_eq!(message, "unexpected argument '--wrong' found");
        assert!(hint.contains("`remit verify --help`"), "{hint}");
        let (message, hint) = said(&["remit"]);
        assert_eq!((message.as_str(), hint.contains("`remit --help`")), ("which command?", true));
    }

    #[cfg(feature = "server")]
    #[test]
    fn what_is_missing_is_named() {
        let (message, hint) = said(&["remit", "init"]);
        assert!(message.contains("--origin <NAME>") && message.contains("<DIR>"), "{message}");
        assert!(hint.contains("`remit init --help`"), "{hint}");
        // The parser does not say of which command a value is.
        let (message, hint) = said(&["remit", "--json", "unit", "add", "EUR", "--decimals", "two"]);
        assert!(message.contains("'two'") && hint.contains("`remit unit add --help`"), "{message}: {hint}");
    }

    #[test]
    fn every_command_teaches_with_an_example() {
        for (name, command) in all(&Arguments::command(), "") {
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let example = after.contains("Example:\n  ") || after.contains("Examples:\n  ");
            assert!(example, "{name} has no example");
            // What is broken by the width of the help cannot be copied.
            let long = after.lines().find(|line| line.starts_with("  ") && line.chars().count() > 98);
            assert_eq!(long, None, "{name}");
            assert!(command.get_about().is_some(), "{name} does not say what it does");
            for argument in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                assert!(argument.get_help().is_some(), "{name}: {} has no help", argument.get_id());
            }
        }
    }
}
