//! `make bench`, second part: a running ledger, durable and signed, in process and over HTTP, beside PostgreSQL in the
//! same run. Prints a table and writes target/bench/ledger.json. `--smoke` goes through every row in seconds, so that
//! `make test` notices a benchmark that no longer works; its figures mean nothing and go to ledger-smoke.json.

#[path = "../../backend.rs"]
mod backend;
mod check;
mod figures;
mod http;
mod large;
mod load;
mod postgres;
mod process;
mod soak;
mod world;

use figures::{Figures, Target};
use process::{Load, Scale};
use remit::store::rocks::RocksOptions;
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use world::{Clock, World, today};

const USAGE: &str = "usage: remit-bench-ledger [--smoke | --brief] [--only process|http|tail|postgres]
       remit-bench-ledger --large TOKENS
       remit-bench-ledger --soak MINUTES";

/// What the arguments ask for.
enum Wanted {
    Rows { scale: Scale, only: Option<String> },
    Large(usize),
    Soak(Duration),
    LargeChild(PathBuf, usize),
    SoakChild(PathBuf),
}

impl Wanted {
    fn parse(arguments: &[String]) -> Option<Self> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Some(match words[..] {
            [] => Self::Rows { scale: Scale::FULL, only: None },
            ["--smoke"] => Self::Rows { scale: Scale::SMOKE, only: None },
            ["--brief"] => Self::Rows { scale: Scale::BRIEF, only: None },
            ["--brief", "--only", group @ ("process" | "http" | "tail" | "postgres")] => {
                Self::Rows { scale: Scale::BRIEF, only: Some(group.to_owned()) }
            }
            ["--only", group @ ("process" | "http" | "tail" | "postgres")] => {
                Self::Rows { scale: Scale::FULL, only: Some(group.to_owned()) }
            }
            ["--large", tokens] => Self::Large(tokens.parse().ok()?),
            ["--soak", minutes] => Self::Soak(Duration::from_secs_f64(minutes.parse::<f64>().ok()? * 60.0)),
            ["--large-child", place, tokens] => Self::LargeChild(place.into(), tokens.parse().ok()?),
            ["--soak-child", place] => Self::SoakChild(place.into()),
            _ => return None,
        })
    }
}

/// As the command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(wanted) = Wanted::parse(&arguments) else {
        eprintln!("error: unknown arguments\n\n{USAGE}");
        return ExitCode::from(2);
    };
    let (figures, file, good) = match wanted {
        Wanted::Rows { scale, only } => {
            let file = match (scale.smoke, scale.roots == Scale::FULL.roots && only.is_none()) {
                (true, _) => "ledger-smoke.json",
                (false, true) => "ledger.json",
                (false, false) => "ledger-part.json",
            };
            (run(&scale, only.as_deref()), file, true)
        }
        Wanted::Large(tokens) => (large::run(tokens), "ledger-large.json", true),
        Wanted::Soak(span) => {
            let (figures, good) = soak::run(span);
            (figures, "soak.json", good)
        }
        Wanted::LargeChild(place, tokens) => large::child(&place, tokens),
        Wanted::SoakChild(place) => soak::child(&place),
    };
    print!("{}", figures.table());
    match figures.write(file) {
        Ok(path) if good => println!("written: {}", path.display()),
        Ok(path) => eprintln!("error: not as it must be; see {}", path.display()),
        Err(error) => {
            eprintln!("error: the report was not written: {error}");
            return ExitCode::FAILURE;
        }
    }
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A child process ends when nobody holds the other end of its standard input.
fn end_with_parent() {
    std::thread::spawn(|| {
        // An error ends it as the end does.
        let _ = std::io::stdin().read(&mut [0]);
        std::process::exit(1);
    });
}

fn run(scale: &Scale, only: Option<&str>) -> Figures {
    let group = |name: &str| only.is_none_or(|only| only == name);
    let mut figures = if scale.smoke { Figures::default() } else { Figures::said() };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(2);
    let v = check::seconds(1, scale.samples);
    let note =
        format!("one strict check, key parsed, nothing else running here; backend {}", backend::name());
    figures.show("V", (v * 1e6, "µs"), note);
    if group("process") || group("http") || group("tail") {
        let folder = Folder::new("ledger");
        let options = RocksOptions { statistics: true, ..RocksOptions::default() };
        let world = world::begin(&folder.0, Clock::at(today()), &options);
        let tokens = process::issue(&world, &mut figures, scale);
        if group("process") {
            in_process(&world, &tokens, &mut figures, scale, cores);
        }
        if group("http") {
            http::rows(&world, &tokens.uniform, &mut figures, scale);
        }
        if only == Some("tail") {
            http::tail(&world, &tokens.uniform, &mut figures, scale);
        }
        world.service.shutdown();
    }
    if group("postgres") && !scale.smoke {
        let rates = postgres::rows(&mut figures, postgres::Scale { rows: 1_000_000, seconds: 30 });
        rates.into_iter().for_each(|rates| beside(&mut figures, &rates));
    }
    figures
}

/// The ledger's rates beside PostgreSQL's.
fn beside(figures: &mut Figures, rates: &postgres::Rates) {
    let rows = [
        ("W1 : PostgreSQL", "W1", rates.best, 2.0, "in process, beside its best"),
        ("HTTP : PostgreSQL", "HTTP durable rate", rates.many, 0.8, "over HTTP, beside its 64 clients"),
        ("WH : PostgreSQL", "WH", rates.hot, 7.0, "hot budget in process, beside its best on one row"),
    ];
    for (name, of, limit, least, note) in rows {
        if let Some(figure) = figures.get(of) {
            figures.add(name, (figure, "/s"), Some(limit), Target::AtLeast(least), note);
        }
    }
}

/// The rows that submit by calling the ledger.
fn in_process(world: &World, tokens: &process::Tokens, figures: &mut Figures, scale: &Scale, cores: usize) {
    let (roots, chains, children) = (scale.roots, scale.chains, scale.children);
    let note = format!("depth 1, uniform over {roots} tokens; limit cores/V, goal 0.5");
    let w1 = Load { name: "W1", tokens: &tokens.uniform, least: 0.4, note };
    let rate = w1.run(world, figures, scale, cores);
    process::half_load(world, tokens, figures, scale, rate / 2.0);
    let note = format!("depth 3, shared, uniform over {chains} chains; limit cores/V");
    Load { name: "W3", tokens: &tokens.chains, least: 0.3, note }.run(world, figures, scale, cores);
    let note = format!("one hot root with {children} children; limit cores/V");
    Load { name: "WH", tokens: &tokens.hot, least: 0.3, note }.run(world, figures, scale, cores);
}

/// A folder under target/bench/ that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = figures::folder().join(format!("{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left is in target/, and goes with it.
        drop(std::fs::remove_dir_all(&self.0));
    }
}
