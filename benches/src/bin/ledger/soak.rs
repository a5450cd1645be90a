//! `make soak`: a server in a process of its own under load over HTTP. In the first half it is killed at random moments
//! and started again; in the second half it runs in one piece, and memory and latency are compared: its first third
//! after a warm-up against its last. In the end every acknowledgement is looked up in the folder.

use crate::figures::{Figures, Target, Times, folder, memory};
use crate::http::{Server, end_of, head};
use crate::world::{self, Clock, Held, Names, scatter, today};
use remit::store::rocks::RocksOptions;
use remit::store::{RocksStore, Store as _};
use remit_verifier::log::Entry;
use remit_verifier::types::{EntryIndex, Millis, ObjectId};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const TOKENS: usize = 10_000;
const CLIENTS: u64 = 4;
/// The server is killed so long after it was ready, at most.
const LIFE_MAX: Duration = Duration::from_secs(10);
/// Part of the second half that is not looked at: caches and memtables fill.
const WARM_UP: f64 = 0.2;
/// Memory may grow so much from the first third to the last, as a part and in MiB, whichever is more.
const GROWTH_MAX: (f64, f64) = (0.10, 32.0);

/// Small caches, which are full when the warm-up is over.
fn options() -> RocksOptions {
    RocksOptions { cache_bytes: 32 << 20, memtable_bytes: 32 << 20, ..RocksOptions::default() }
}

/// One acknowledgement: what was applied, and where it was said to stand.
struct Acknowledged {
    id: ObjectId,
    entry: EntryIndex,
}

/// What one client keeps.
#[derive(Default)]
struct Kept {
    acknowledged: Vec<Acknowledged>,
    /// When each was asked, in seconds of the second half, and how long it took.
    times: Vec<(f32, Duration)>,
    /// Submissions that had to be repeated because the server was killed.
    repeated: u64,
}

/// What the clients and the one who kills share.
struct Stage {
    names: Names,
    held: Vec<Held>,
    server: Mutex<Option<SocketAddr>>,
    steady_since: Mutex<Option<Instant>>,
    ended: AtomicBool,
}

/// Runs for so long; the figures, and whether all is well.
pub fn run(span: Duration) -> (Figures, bool) {
    let place = folder().join(format!("soak-{}", std::process::id()));
    std::fs::create_dir_all(&place).expect("a folder");
    let (names, held) = {
        let world = world::begin(&place, Clock::real(), &options());
        let held = world.roots(TOKENS);
        world.service.shutdown();
        (world.names, held)
    };
    let stage = Stage {
        names,
        held,
        server: Mutex::default(),
        steady_since: Mutex::default(),
        ended: AtomicBool::new(false),
    };
    let (kept, lives, grown) = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|number| {
                scope.spawn({
                    let stage = &stage;
                    move || client(stage, number)
                })
            })
            .collect();
        let lives = kills(&stage, &place, span / 2);
        let grown = steady(&stage, &place, span / 2);
        let kept: Vec<Kept> = clients.into_iter().map(|client| client.join().expect("ends")).collect();
        (kept, lives, grown)
    });
    let mut figures = Figures::said();
    let lost = lost(&place, &kept);
    let acknowledged: usize = kept.iter().map(|kept| kept.acknowledged.len()).sum();
    let repeated: u64 = kept.iter().map(|kept| kept.repeated).sum();
    let note = format!("{repeated} repeated with the same bytes after one of {} kills", lives.len());
    figures.show("acknowledged", (acknowledged as f64, ""), note);
    figures.add(
        "lost",
        (lost as f64, ""),
        Some(1.0),
        Target::AtMost(0.0),
        "looked up in the folder at the end",
    );
    let mut lives = lives;
    let [median, most] = lives.percentiles([50.0, 100.0]);
    figures.show("start p50", (median, "ms"), "from the start of the process to its port");
    figures.show("start max", (most, "ms"), "");
    latency(&mut figures, &kept, span / 2);
    let [first, last] = grown;
    let bound = (first * (1.0 + GROWTH_MAX.0)).max(first + GROWTH_MAX.1);
    figures.show("memory first third", (first, "MiB"), "resident, mean, after the warm-up");
    figures.at_most("memory last third", (last, "MiB"), bound, "may grow by a tenth or 32 MiB");
    drop(std::fs::remove_dir_all(&place));
    (figures, lost == 0 && last <= bound)
}

/// Latency in the first and last third of what comes after the warm-up.
fn latency(figures: &mut Figures, kept: &[Kept], span: Duration) {
    let (warm, third) = thirds(span);
    let mut parts = [Times::default(), Times::default()];
    for (at, took) in kept.iter().flat_map(|kept| &kept.times) {
        match f64::from(*at) - warm {
            early if (0.0..third).contains(&early) => parts[0].push(*took),
            late if late >= 2.0 * third => parts[1].push(*took),
            _ => {}
        }
    }
    for (name, mut times) in ["first third", "last third"].into_iter().zip(parts) {
        let [p50, p99] = times.percentiles([50.0, 99.0]);
        let note = format!("{} requests of {CLIENTS} clients, wait=durable", times.len());
        figures.show(&format!("p50 {name}"), (p50, "ms"), note);
        figures.show(&format!("p99 {name}"), (p99, "ms"), "");
    }
}

/// Seconds of the warm-up, and of a third of the rest.
fn thirds(span: Duration) -> (f64, f64) {
    let span = span.as_secs_f64();
    (span * WARM_UP, span * (1.0 - WARM_UP) / 3.0)
}

fn set<T>(cell: &Mutex<T>, value: T) {
    *cell.lock().unwrap_or_else(PoisonError::into_inner) = value;
}

fn get<T: Copy>(cell: &Mutex<T>) -> T {
    *cell.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts the server, and says where it is: how long that took.
fn start(stage: &Stage, place: &Path) -> (Child, Duration) {
    let started = Instant::now();
    let this = std::env::current_exe().expect("a path");
    let mut command = Command::new(this);
    command.arg("--soak-child").arg(place).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.spawn().expect("starts");
    let mut line = String::new();
    let mut says = BufReader::new(process.stdout.take().expect("a pipe"));
    says.read_line(&mut line).expect("reads");
    let address = line.trim().parse().unwrap_or_else(|_| panic!("the server said `{line}`"));
    set(&stage.server, Some(address));
    (process, started.elapsed())
}

fn kill(stage: &Stage, mut process: Child) {
    process.kill().expect("kills");
    process.wait().expect("ends");
    set(&stage.server, None);
}

/// Kills and starts for so long: how long each start took.
fn kills(stage: &Stage, place: &Path, span: Duration) -> Times {
    let started = Instant::now();
    let mut starts = Times::default();
    while started.elapsed() < span {
        let (process, took) = start(stage, place);
        starts.push(took);
        let chance = u64::from(process.id()) ^ today().0;
        std::thread::sleep(Duration::from_millis(scatter(chance, LIFE_MAX.as_millis() as u64)));
        kill(stage, process);
    }
    starts
}

/// One life of this length: memory in its first third after the warm-up, and in the last.
fn steady(stage: &Stage, place: &Path, span: Duration) -> [f64; 2] {
    let (process, _) = start(stage, place);
    let started = Instant::now();
    set(&stage.steady_since, Some(started));
    let (warm, third) = thirds(span);
    let mut parts = [(0.0, 0.0), (0.0, 0.0)];
    while started.elapsed() < span {
        std::thread::sleep(Duration::from_millis(500));
        let (now, _) = memory(process.id()).expect("is running");
        let part = match started.elapsed().as_secs_f64() - warm {
            early if (0.0..third).contains(&early) => 0,
            late if late >= 2.0 * third => 1,
            _ => continue,
        };
        parts[part] = (parts[part].0 + now, parts[part].1 + 1.0);
    }
    stage.ended.store(true, Ordering::Relaxed);
    kill(stage, process);
    parts.map(|(sum, count)| sum / count)
}

/// Submits one reserve after the other, and repeats the same bytes until they are answered.
fn client(stage: &Stage, number: u64) -> Kept {
    let mut kept = Kept::default();
    let mut client = stage.names.client(number + 1_000);
    let mut connection: Option<TcpStream> = None;
    for turn in 0.. {
        let held = stage.held[scatter(turn * CLIENTS + number, stage.held.len() as u64) as usize];
        // An invocation is made for the longest time there is: too long for a ledger whose clock is behind.
        let bytes = stage.names.reserve(&mut client, held, Millis(today().0 - 2_000));
        let asked = Instant::now();
        let mut tries = 0;
        let entry = loop {
            if stage.ended.load(Ordering::Relaxed) {
                return kept;
            }
            tries += 1;
            match ask(stage, &mut connection, &bytes) {
                Some(entry) => break entry,
                None => {
                    connection = None;
                    std::thread::sleep(Duration::from_millis(5));
                }
            }
        };
        let submission = remit_verifier::object::Submission::decode(&bytes).expect("own bytes");
        kept.acknowledged.push(Acknowledged { id: submission.id, entry });
        kept.repeated += u64::from(tries > 1);
        if let Some(since) = get(&stage.steady_since).filter(|since| *since <= asked) {
            kept.times.push(((asked - since).as_secs_f32(), asked.elapsed()));
        }
    }
    kept
}

/// One request: where it was said to stand, or nothing if the server is not there any more.
fn ask(stage: &Stage, connection: &mut Option<TcpStream>, bytes: &[u8]) -> Option<EntryIndex> {
    if connection.is_none() {
        let stream = TcpStream::connect(get(&stage.server)?).ok()?;
        stream.set_nodelay(true).ok()?;
        *connection = Some(stream);
    }
    let stream = connection.as_mut()?;
    let mut request = Vec::with_capacity(512);
    head(&mut request, "durable", bytes.len());
    request.extend_from_slice(bytes);
    stream.write_all(&request).ok()?;
    let (mut answer, mut part) = (Vec::new(), [0; 2_048]);
    let end = loop {
        let read = stream.read(&mut part).ok().filter(|read| *read > 0)?;
        answer.extend_from_slice(&part[..read]);
        if let Some(end) = end_of(&answer) {
            break end;
        }
    };
    let text = String::from_utf8_lossy(&answer[..end]);
    if text.starts_with("HTTP/1.1 503") {
        return None;
    }
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let (_, body) = text.split_once("\r\n\r\n")?;
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    Some(EntryIndex(body["entry"].as_u64().expect("an entry")))
}

/// How many acknowledgements the folder does not hold as they were said.
fn lost(place: &Path, kept: &[Kept]) -> usize {
    let store = RocksStore::open(&place.join("data"), &options(), &mut |_| {}).expect("opens");
    let read = store.reader();
    let is_there = |one: &&Acknowledged| {
        let kept = read.entry(one.entry).expect("reads");
        let entry = kept.and_then(|kept| Entry::decode(&kept.entry).ok());
        matches!(entry, Some(Entry::Outcome(outcome)) if outcome.id == one.id)
    };
    let all = kept.iter().flat_map(|kept| &kept.acknowledged);
    all.filter(|one| !is_there(one)).count()
}

/// The child: serves the ledger until it is killed.
pub fn child(place: &Path) -> ! {
    crate::end_with_parent();
    let clock = Clock::real();
    let world = world::reopen(place, clock.clone(), &options());
    let server = Server::start(world.service.clone(), &clock);
    println!("{}", server.address);
    loop {
        std::thread::park();
    }
}
