//! Puts what real agents bought and had refunded through a ledger, and prints what came of it as JSON.
//!
//! `cargo run --release --example agent_transactions -- [--random] FILE...`
//!
//! With the feature `server` also on a ledger that somebody serves, whose operators sign for a unit and an issuer:
//! `… --features server … -- --url URL --operator KEY [--operator KEY] [--bearer TOKEN] FILE...`
//!
//! Exit code 0: done and conserved. 1: not. 2: unreadable.

mod input;
mod market;
mod place;
mod recount;
mod report;
mod run;
#[cfg(feature = "server")]
mod served;

use input::Task;
use place::Done;
use remit::client::Randomness;
use report::Report;
use std::process::ExitCode;

/// What was typed.
#[derive(Default)]
struct Arguments {
    random: bool,
    url: Option<String>,
    operators: Vec<String>,
    bearer: Option<String>,
    files: Vec<String>,
}

impl Arguments {
    fn read(mut typed: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(word) = typed.next() {
            let mut value = || typed.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--random" => arguments.random = true,
                "--url" => arguments.url = Some(value()?),
                "--operator" => arguments.operators.push(value()?),
                "--bearer" => arguments.bearer = Some(value()?),
                flag if flag.starts_with("--") => return Err(format!("{flag} is unknown")),
                _ => arguments.files.push(word),
            }
        }
        Ok(arguments)
    }

    fn tasks(&self) -> Result<Vec<Task>, String> {
        let mut tasks = Vec::new();
        for file in &self.files {
            let text = std::fs::read_to_string(file).map_err(|error| format!("{file}: {error}"))?;
            tasks.extend(input::read(&text).map_err(|bad| format!("{file}:{}: {}", bad.line, bad.problem))?);
        }
        Ok(tasks)
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::read(std::env::args().skip(1));
    let read = arguments.and_then(|arguments| Ok((arguments.tasks()?, arguments)));
    let (tasks, arguments) = match read {
        Ok(read) => read,
        Err(error) => {
            eprintln!("error: {error}\n\nhint: one task a line, as in tests/data/agent-transactions");
            return ExitCode::from(2);
        }
    };
    match play(&tasks, &arguments) {
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

fn play(tasks: &[Task], arguments: &Arguments) -> Done<Report> {
    let randomness = if arguments.random { Randomness::System } else { Randomness::Seeded(1) };
    match &arguments.url {
        None => run::run(tasks, randomness),
        Some(url) => play_at(tasks, url, arguments),
    }
}

#[cfg(feature = "server")]
fn play_at(tasks: &[Task], url: &str, arguments: &Arguments) -> Done<Report> {
    use remit::keys::{self, Passphrase};
    let passphrase = || Passphrase::obtain("the operators' keys", false);
    let read = |path: &String| keys::file::read(path.as_ref(), passphrase).map(|key| key.into_signer());
    let operators = arguments.operators.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let place = served::Served::new(url, arguments.bearer.clone())?;
    run::run_on(market::Market::open_at(tasks, Box::new(place), &operators)?, tasks)
}

#[cfg(not(feature = "server"))]
fn play_at(_: &[Task], url: &str, arguments: &Arguments) -> Done<Report> {
    let with = (arguments.operators.len(), arguments.bearer.is_some());
    Err(format!("{url} {with:?}: build this with `--features server` to reach a ledger over HTTP").into())
}
