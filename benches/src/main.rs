//! `make bench`: every figure that Remit claims for its offline work, the limit that it is held against and
//! the peers, taken in one run. Prints a table and writes target/bench/report.json. `--smoke` runs each row
//! twice, so that `make test` notices a benchmark that no longer works; its figures mean nothing and go to
//! smoke.json. Names, or beginnings of names, run those rows alone, for work on one of them (part.json).

mod backend;
mod harness;
mod own;
mod peers;
mod primitives;
mod report;

use harness::{Bench, Effort};
use own::Scene;
use std::process::ExitCode;

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let (mut effort, mut only) = (Effort::FULL, Vec::new());
    for argument in std::env::args().skip(1) {
        match argument.as_str() {
            "--smoke" => effort = Effort::SMOKE,
            row if !row.starts_with('-') => only.push(argument),
            other => {
                let usage = "usage: remit-bench [--smoke] [BEGINNING OF A ROW'S NAME]...";
                eprintln!("error: unknown argument `{other}`\n\n{usage}");
                return ExitCode::from(2);
            }
        }
    }
    let file = match (effort.is_smoke(), only.is_empty()) {
        (true, _) => "smoke.json",
        (false, true) => "report.json",
        (false, false) => "part.json",
    };
    let mut bench = Bench::new(effort, only);
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

/// The groups of rows, in the order of the table. A group is a module with one function that adds its rows, whose
/// names begin with the words given here.
fn add_rows(bench: &mut Bench) {
    primitives::rows(bench);
    if bench.wants(&["verify", "refuse", "bytes", "state tree", "prove"]) {
        let (tokens, entries) = bench.scale((10_000_000, 4_000_000), (10_000, 4_000));
        let mut scene = Scene::new(tokens, entries);
        own::offline::rows(bench, &mut scene);
        own::trees::rows(bench, &scene);
    }
    own::following::rows(bench);
    own::engine::rows(bench);
    own::value::rows(bench);
    peers::tenuo::rows(bench);
    peers::biscuit::rows(bench);
    own::offline::beside_peers(bench);
}
