//! `make bench`: every figure that Remit claims for its offline work, the limit that it is held against and
//! the peers, taken in one run. Prints a table and writes target/bench/report.json. `--smoke` runs each row
//! twice, so that `make test` notices a benchmark that no longer works; its figures mean nothing and go to
//! smoke.json.

mod backend;
mod harness;
mod own;
mod peers;
mod primitives;
mod report;

use harness::{Bench, Effort};
use own::Scene;
use std::process::ExitCode;

fn main() -> ExitCode {
    let (effort, file) = match std::env::args().nth(1).as_deref() {
        None => (Effort::FULL, "report.json"),
        Some("--smoke") => (Effort::SMOKE, "smoke.json"),
        Some(other) => {
            eprintln!("error: unknown argument `{other}`\n\nusage: remit-bench [--smoke]");
            return ExitCode::from(2);
        }
    };
    let mut bench = Bench::new(effort);
    add_rows(&mut bench);
    let results = bench.run();
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

/// The groups of rows, in the order of the table. A group is a module with one function that adds its rows.
fn add_rows(bench: &mut Bench) {
    primitives::rows(bench);
    let (tokens, entries) = bench.scale((10_000_000, 4_000_000), (10_000, 4_000));
    let mut scene = Scene::new(tokens, entries);
    own::offline::rows(bench, &mut scene);
    own::trees::rows(bench, &scene);
    own::engine::rows(bench);
    peers::tenuo::rows(bench);
    peers::biscuit::rows(bench);
    own::offline::beside_peers(bench);
}
