//! Judges a case file offline: `cargo run -p remit-verifier --example verify FILE [POLICY]` (spec 09 §3).
//!
//! Under the policy inside the case this repeats the service's verdict; under a POLICY file of your own it gives yours.
//! Exit code 0: allowed. 1: denied, or permitted without funding. 2: unreadable.

use remit_verifier::verify::{Case, Decision, Policy};
use std::{env, error::Error, fs, process::ExitCode};

fn main() -> ExitCode {
    judge().unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(2)
    })
}

fn judge() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = env::args_os().skip(1);
    let bytes = fs::read(arguments.next().ok_or("usage: verify FILE [POLICY]")?)?;
    let case = Case::decode(&bytes).map_err(|error| format!("not a case file: {error:?}"))?;
    let policy = arguments.next().map_or_else(|| Ok(case.policy.to_vec()), fs::read)?;
    let verdict = case.verdict(&Policy::from_toml(&policy)?);
    println!("{verdict}");
    Ok(ExitCode::from(u8::from(verdict.decision != Decision::Allowed)))
}
