//! `make bench`: every figure that Remit claims for its offline work, the limit that it is held against and
//! the peers, taken in one run. Prints a table and writes target/bench/report.json. `--smoke` runs each row
//! twice, so that `make test` notices a benchmark that no longer works; its figures mean nothing and go to
//! smoke.json.

mod backend;
mod harness;
mod peers;
mod primitives;
mod report;

use harness::{Bench, Effort};
use std::process::ExitCode;

/// The groups of rows, in the order of the table. A group is a module with one function that adds its rows;
/// what Remit itself does (offline verification, admission, replay, trees, sizes) gets a module here, before
/// the peers.
const GROUPS: &[fn(&mut Bench)] = &[primitives::rows, peers::tenuo::rows, peers::biscuit::rows];

fn main() -> ExitCode {
    let (effort, file) = match std::env::args().nth(1).as_deref() {
        None => (Effort::FULL, "report.json"),
        Some("--smoke") => (Effort::SMOKE, "smoke.json"),
        Some(other) => {
            eprintln!("error: unknown argument `{other}`\n\nusage: remit-bench [--smoke]");
            return ExitCode::from(2);
        }
    };
    let mut bench = Bench::new();
    for add_rows in GROUPS {
        add_rows(&mut bench);
    }
    let results = bench.run(effort);
    print!("{}", report::table(&results));
    match report::write(&results, file) {
        Ok(path) => {
            eprintln!("written: {}", path.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: the report was not written: {error}");
            ExitCode::FAILURE
        }
    }
}
