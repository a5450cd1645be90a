//! Rows in process: rates of three loads, time until something can be proved, and presentations under load.

use crate::check;
use crate::figures::{Figures, Target, Times, processor};
use crate::load::{Ran, closed, open};
use crate::world::{Held, World, scatter};
use remit_verifier::types::ObjectId;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How large a run is.
#[derive(Clone, Copy)]
pub struct Scale {
    pub roots: usize,
    pub chains: usize,
    pub children: usize,
    pub span: Duration,
    /// Of the loads that only warm up or find the rate.
    pub short: Duration,
    /// Operations for each second that are signed before the rate is known.
    pub guess: usize,
    /// Of V.
    pub samples: usize,
    /// Whether it only shows that everything works.
    pub smoke: bool,
}

impl Scale {
    pub const FULL: Self = Self {
        roots: 1_000_000,
        chains: 100_000,
        children: 1_000,
        span: Duration::from_secs(60),
        short: Duration::from_secs(5),
        guess: 40_000,
        samples: 2_001,
        smoke: false,
    };
    /// An indication, in a few minutes.
    pub const BRIEF: Self = Self {
        roots: 200_000,
        chains: 20_000,
        span: Duration::from_secs(10),
        short: Duration::from_secs(2),
        ..Self::FULL
    };
    pub const SMOKE: Self = Self {
        roots: 512,
        chains: 64,
        children: 64,
        span: Duration::from_millis(200),
        short: Duration::from_millis(100),
        guess: 10_000,
        samples: 31,
        smoke: true,
    };
}

/// Tokens of the three loads.
pub struct Tokens {
    pub uniform: Vec<Held>,
    pub chains: Vec<Held>,
    pub hot: Vec<Held>,
}

/// Issues what the loads use.
pub fn issue(world: &World, figures: &mut Figures, scale: &Scale) -> Tokens {
    let started = Instant::now();
    let uniform = world.roots(scale.roots);
    let rate = scale.roots as f64 / started.elapsed().as_secs_f64();
    let note = format!("{} root tokens, signed and issued in process", scale.roots);
    figures.show("issue", (rate, "/s"), note);
    let mut chains = world.roots(scale.chains);
    for _ in 0..2 {
        let parents = chains;
        chains = world.children(scale.chains, |place| parents[place]);
    }
    let root = world.roots(1)[0];
    let hot = world.children(scale.children, |_| root);
    Tokens { uniform, chains, hot }
}

/// One load at full speed.
pub struct Load<'w> {
    pub name: &'static str,
    pub tokens: &'w [Held],
    pub least: f64,
    pub note: String,
}

impl Load<'_> {
    /// Runs it; the rate is held against cores / V, processor time against V. V is taken right before and after, on all
    /// cores at once as the load is: a machine that others share is not always as fast.
    pub fn run(&self, world: &World, figures: &mut Figures, scale: &Scale, cores: usize) -> f64 {
        let warm = world.sign(self.tokens, (scale.guess as f64 * scale.short.as_secs_f64()) as usize);
        let warm = closed(&world.service, &world.clock, warm, scale.short);
        let wanted = warm.rate() * scale.span.as_secs_f64() * 1.5;
        let lanes = world.sign(self.tokens, wanted as usize);
        let (counts, bytes, syncs) =
            (world.service.counts(), world.database.log_bytes(), world.database.syncs());
        let before = check::seconds(cores, scale.samples / 4);
        let (all, writer, tables) = (processor("").0, processor("writer").1, processor("rocksdb").1);
        let mut ran = closed(&world.service, &world.clock, lanes, scale.span);
        let spent = [processor("").0 - all, processor("writer").1 - writer, processor("rocksdb").1 - tables];
        let v = f64::midpoint(before, check::seconds(cores, scale.samples / 4));
        let after = world.service.counts();
        assert_eq!(after.applied - counts.applied, ran.operations as u64, "everything was applied");
        let rate = ran.rate();
        let note = format!("{}; {} in {:.1} s", self.note, ran.operations, ran.elapsed.as_secs_f64());
        figures.add(self.name, (rate, "/s"), Some(cores as f64 / v), Target::AtLeast(self.least), note);
        let [p50, p99] = ran.times.percentiles([50.0, 99.0]);
        let name = |what: &str| format!("{} {what}", self.name);
        figures.show(&name("call p50"), (p50, "ms"), "calls of 64, 48 in flight, answered when published");
        figures.show(&name("call p99"), (p99, "ms"), "");
        let spent = spent.map(|seconds| seconds * 1e6 / ran.operations as f64);
        figures.show(&name("V"), (v * 1e6, "µs"), "one strict check before and after, on all cores at once");
        let (v, note) = (Some(v * 1e6), "processor time of all threads for each operation; limit V");
        figures.add(&name("processor"), (spent[0], "µs"), v, Target::Shown, note);
        figures.add(&name("writer"), (spent[1], "µs"), v, Target::Shown, "of it the writer's thread");
        figures.add(&name("tables"), (spent[2], "µs"), v, Target::Shown, "of it RocksDB's own threads");
        let batches = (after.batches - counts.batches).max(1) as f64;
        figures.show(&name("batch"), (ran.operations as f64 / batches, "ops"), "mean size of a batch");
        let each = (world.database.log_bytes() - bytes) as f64 / ran.operations as f64;
        let note = "write-ahead log of RocksDB for each reserve, its share of the batch included";
        // The bound is for depth 1: every link of a chain is rewritten.
        let most = if self.name == "W1" { Target::AtMost(1.0) } else { Target::Shown };
        figures.add(&name("WAL"), (each, "B"), Some(1_536.0), most, note);
        let syncs = (world.database.syncs() - syncs) as f64 / batches;
        figures.show(
            &name("syncs"),
            (syncs, ""),
            "of the write-ahead log for each batch; the guard is one more",
        );
        rate
    }
}

/// Open loop at half of W1's rate: submit to provable, and presentations meanwhile.
pub fn half_load(world: &World, tokens: &Tokens, figures: &mut Figures, scale: &Scale, rate: f64) {
    let span = scale.span / 2;
    let lanes = world.sign(&tokens.uniform, (rate * span.as_secs_f64()) as usize);
    let ended = AtomicBool::new(false);
    let (mut ran, mut shown): (Ran, Shown) = std::thread::scope(|scope| {
        let shown = scope.spawn(|| present(world, tokens, &ended));
        let ran = open(&world.service, &world.clock, lanes, rate);
        ended.store(true, Ordering::Relaxed);
        (ran, shown.join().expect("proves"))
    });
    let [p50, p99] = ran.times.percentiles([50.0, 99.0]);
    let note = format!("open loop at {rate:.0}/s, half of W1, for {:.0} s", ran.elapsed.as_secs_f64());
    figures.show("provable p50", (p50, "ms"), note);
    figures.at_most("provable p99", (p99, "ms"), 25.0, "from the moment it should have been submitted");
    let [p50, p99] = shown.times.percentiles([50.0, 99.0]).map(|ms| ms * 1e3);
    let note = format!("of a random one of {} tokens, meanwhile; {} made", scale.roots, shown.times.len());
    figures.at_most("presentation p50", (p50, "µs"), 50.0, &note);
    figures.at_most("presentation p99", (p99, "µs"), 500.0, "");
    figures.at_most(
        "presentation 3",
        (shown.bytes as f64, "B"),
        7_168.0,
        "at depth 3, with the leaf of the unit",
    );
}

/// Presentations that were made.
struct Shown {
    times: Times,
    /// The largest at depth 3.
    bytes: usize,
}

/// Makes a presentation of a random token now and then, as a server does: of the newest version.
fn present(world: &World, tokens: &Tokens, ended: &AtomicBool) -> Shown {
    let mut shown = Shown { times: Times::default(), bytes: 0 };
    let unit = &world.names.unit;
    let make = |token: &ObjectId| {
        world.service.snapshot().presentation(token, &[], Some(unit)).expect("a presentation")
    };
    let pick = |number: u64, from: &[Held]| from[scatter(number, from.len() as u64) as usize].token;
    for number in 0.. {
        let token = pick(number, &tokens.uniform);
        let started = Instant::now();
        let bytes = make(&token);
        shown.times.push(started.elapsed());
        assert!(!bytes.is_empty());
        if number % 16 == 0 {
            shown.bytes = shown.bytes.max(make(&pick(number, &tokens.chains)).len());
        }
        if ended.load(Ordering::Relaxed) {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    shown
}
