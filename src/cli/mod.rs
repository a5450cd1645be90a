//! The terminal: the only code that reads the clock and prints.

use clap::{Parser, Subcommand};
use remit_verifier::types::Millis;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

/// A ledger of permissions that carry money, for AI agents.
#[derive(Parser)]
#[command(name = "remit", version, about, after_help = EXIT_CODES)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 refused or not as told, 2 usage or unreadable input, 70 internal error";

#[derive(Subcommand)]
enum Command {
    /// Tells the running example on a ledger in memory, step by step.
    ///
    /// A company gives a travel assistant 20 000.00 CNY; parts are passed on, spent, refunded, cut off and handed over;
    /// a hotel decides offline all the while. Exits with 0 only if every step came out as told.
    Demo {
        /// Print the story as JSON, with `ok`.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command line.
pub fn run() -> ExitCode {
    let outcome = match Arguments::parse().command {
        Command::Demo { json } => demo(json),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(70)
    })
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

fn demo(json: bool) -> Outcome {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let now = Millis(u64::try_from(now.as_millis())?);
    let report = crate::demo::run(now, crate::client::Randomness::System)?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{}", report.text());
    }
    Ok(ExitCode::from(u8::from(!report.ok)))
}
