//! `make bench-large`: a ledger of many tokens. Memory while it runs and after it is opened again, the time to open it
//! after SIGKILL, and presentations at that size. The ledger is a process of its own. Its folder stays in
//! target/bench/large until all is measured, and a run that was ended is taken up where it was.

use crate::figures::{Figures, Times, folder, memory};
use crate::load::Flight;
use crate::world::{self, CALL, Clock, Held, LEAVES_BEFORE, World, id_at, scatter};
use remit::ledger::Wait;
use remit::store::rocks::RocksOptions;
use remit_verifier::types::ObjectId;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Tokens issued before the child says how far it is.
const STEP: usize = 100_000;
/// Operations a second while presentations are made.
const RATE: f64 = 5_000.0;
/// In the folder, once a run is over but for opening it again.
const MEASURED: &str = "measured";
const SPAN: Duration = Duration::from_secs(30);

/// Measures a ledger of `tokens` tokens.
pub fn run(tokens: usize) -> Figures {
    let mut figures = Figures::said();
    let place = folder().join(format!("large-{tokens}"));
    std::fs::create_dir_all(&place).expect("a folder");
    let mut child = Running::start(&place, tokens);
    let opened = child.hear("OPEN");
    let [issued, seconds] = child.numbers("ISSUED");
    if issued > 0.0 {
        let note = format!("root tokens issued in {seconds:.0} s, signed, durable; {opened} were there");
        figures.show("issue", (issued / seconds, "/s"), note);
    }
    let (_, peak) = memory(child.process.id()).expect("is running");
    let note = "peak while tokens are issued";
    figures.at_most("memory issuing", (peak, "MiB"), 1_024.0, note);
    let [rate, p50, p99, count] = child.numbers("PRESENTED");
    let note =
        format!("of a random one of {tokens} tokens, with {rate:.0} reserves/s meanwhile; {count} made");
    figures.at_most("presentation p50", (p50, "µs"), 50.0, &note);
    figures.at_most("presentation p99", (p99, "µs"), 500.0, "");
    let (_, peak) = memory(child.process.id()).expect("is running");
    figures.at_most("memory running", (peak, "MiB"), 1_024.0, "peak until it was killed under load");
    child.kill();
    let mut child = Running::start(&place, tokens);
    let [leaves, ready] = child.numbers("REOPENED");
    let note = format!("after SIGKILL under load, {leaves} leaves, every record and root checked");
    figures.at_most("reopen", (ready, "s"), 15.0, &note);
    let (now, peak) = memory(child.process.id()).expect("is running");
    let note = format!("peak after it was opened; {now:.0} MiB now");
    figures.at_most("memory reopened", (peak, "MiB"), 1_024.0, &note);
    child.kill();
    drop(std::fs::remove_dir_all(&place));
    figures
}

/// The process that holds the ledger.
struct Running {
    process: Child,
    says: BufReader<ChildStdout>,
}

impl Running {
    fn start(place: &Path, tokens: usize) -> Self {
        let this = std::env::current_exe().expect("a path");
        let mut command = Command::new(this);
        command.arg("--large-child").arg(place).arg(tokens.to_string());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("starts");
        let says = BufReader::new(process.stdout.take().expect("a pipe"));
        Self { process, says }
    }

    /// What the child says after this word.
    fn hear(&mut self, word: &str) -> String {
        loop {
            let mut line = String::new();
            assert_ne!(self.says.read_line(&mut line).expect("reads"), 0, "the child ended before {word}");
            eprint!("{line}");
            if let Some(rest) = line.strip_prefix(word) {
                return rest.trim().to_owned();
            }
        }
    }

    fn numbers<const N: usize>(&mut self, word: &str) -> [f64; N] {
        let said = self.hear(word);
        let numbers: Vec<f64> = said.split(' ').filter_map(|number| number.parse().ok()).collect();
        numbers.try_into().expect("as many numbers")
    }

    fn kill(mut self) {
        self.process.kill().expect("kills");
        self.process.wait().expect("ends");
    }
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).expect("somebody listens");
}

/// The child: issues what is missing and proves under load; or, if that is done, only opens.
pub fn child(place: &Path, tokens: usize) -> ! {
    crate::end_with_parent();
    let mut options = RocksOptions::default();
    // To see what another size does.
    if let Some(mib) = std::env::var("REMIT_BENCH_CACHE_MIB").ok().and_then(|mib| mib.parse::<usize>().ok()) {
        options.cache_bytes = mib << 20;
    }
    let clock = Clock::real();
    let started = Instant::now();
    let world = if place.join("guard").exists() {
        world::reopen(place, clock, &options)
    } else {
        // A run that was ended before the ledger began.
        drop(std::fs::remove_dir_all(place.join("data")));
        world::begin(place, clock, &options)
    };
    if place.join(MEASURED).exists() {
        let leaves = world.service.snapshot().version().trees.state.size().0;
        say(&format!("REOPENED {leaves} {}", started.elapsed().as_secs_f64()));
    } else {
        issue(&world, tokens);
        prove(&world, place);
    }
    loop {
        std::thread::park();
    }
}

fn issue(world: &World, tokens: usize) {
    let there = || (world.service.snapshot().version().trees.state.size().0 - LEAVES_BEFORE) as usize;
    let (first, started) = (there(), Instant::now());
    say(&format!("OPEN {first}"));
    while there() < tokens {
        world.roots_of_one(STEP.min(tokens - there()));
        let (now, _) = memory(std::process::id()).expect("is running");
        say(&format!(
            "issued {} of {tokens} in {:.0} s, {now:.0} MiB",
            there(),
            started.elapsed().as_secs_f64()
        ));
    }
    say(&format!("ISSUED {} {}", there() - first, started.elapsed().as_secs_f64()));
}

/// Presentations under load; the load goes on until the process is killed.
fn prove(world: &World, place: &Path) {
    let tokens = world.service.snapshot().version().trees.state.size().0 - LEAVES_BEFORE;
    let pick = |number: u64| id_at(&world.service, LEAVES_BEFORE + scatter(number, tokens));
    std::thread::scope(|scope| {
        scope.spawn(|| reserve(world, pick));
        let (started, before) = (Instant::now(), world.service.counts().applied);
        let mut times = Times::default();
        let mut number = 0;
        while started.elapsed() < SPAN {
            let token = pick(number);
            let one = Instant::now();
            let made = world.service.snapshot().presentation(&token, &[], Some(&world.names.unit));
            times.push(one.elapsed());
            assert!(!made.expect("a presentation").is_empty());
            std::thread::sleep(Duration::from_millis(2));
            number += 1;
        }
        let rate = (world.service.counts().applied - before) as f64 / started.elapsed().as_secs_f64();
        let [p50, p99] = times.percentiles([50.0, 99.0]).map(|ms| ms * 1e3);
        parts(world);
        std::fs::write(place.join(MEASURED), "").expect("writes");
        say(&format!("PRESENTED {rate} {p50} {p99} {}", times.len()));
    });
}

/// What the memory is held for.
fn parts(world: &World) {
    let parts = world.service.memory().into_iter();
    let mib = |(part, bytes): (&str, u64)| format!("{part} {} MiB", bytes >> 20);
    eprintln!("memory: {}", parts.map(mib).collect::<Vec<_>>().join(", "));
}

/// Reserves on tokens in random places, signed as they are sent, without end.
fn reserve(world: &World, pick: impl Fn(u64) -> ObjectId) {
    let (mut client, mut flight) = (world.names.client(1 << 22), Flight::new(Wait::Published));
    let started = Instant::now();
    for first in (0u64..).step_by(CALL) {
        let now = world.clock.now();
        let held = (first..first + CALL as u64).map(|number| Held::of_one(pick(!number)));
        let ready = held.map(|held| world.names.reserve(&mut client, held, now)).collect();
        flight.send(&world.service, ready);
        let due = started + Duration::from_secs_f64((first + CALL as u64) as f64 / RATE);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}
