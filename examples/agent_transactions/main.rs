//! Puts what real agents bought and had refunded through a ledger, and prints what came of it as JSON.
//!
//! `cargo run --release --example agent_transactions -- [--random] FILE...`
//!
//! Exit code 0: done and conserved. 1: not. 2: unreadable.

mod input;
mod market;
mod recount;
mod report;
mod run;

use remit::client::Randomness;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut files: Vec<String> = std::env::args().skip(1).collect();
    let random = files.first().is_some_and(|flag| flag == "--random");
    if random {
        files.remove(0);
    }
    let mut tasks = Vec::new();
    for file in &files {
        let read = match std::fs::read_to_string(file) {
            Ok(text) => input::read(&text).map_err(|bad| format!("{file}:{}: {}", bad.line, bad.problem)),
            Err(error) => Err(format!("{file}: {error}")),
        };
        match read {
            Ok(read) => tasks.extend(read),
            Err(error) => {
                eprintln!("error: {error}\n\nhint: one task a line, as in tests/data/agent-transactions");
                return ExitCode::from(2);
            }
        }
    }
    let randomness = if random { Randomness::System } else { Randomness::Seeded(1) };
    match run::run(&tasks, randomness) {
        Ok(report) => {
            let text = serde_json::to_string_pretty(&report).unwrap_or_default();
            println!("{text}");
            ExitCode::from(u8::from(!(report.conserved && report.replayed)))
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
