//! Rows over HTTP: one operation a request, 64 connections that are kept open, the generator on the same cores.

use crate::figures::{Figures, Target, Times, processor};
use crate::process::Scale;
use crate::world::{Call, Clock, Held, World};
use remit::ledger::Service;
use remit_verifier::types::Millis;
use std::cell::Cell;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::task::LocalSet;

/// As many as PostgreSQL has clients: a closed loop that waits for each batch.
const CONNECTIONS: usize = 64;
/// So many that requests wait for the ledger and not for a connection.
const MANY_CONNECTIONS: usize = 512;
/// What a closed loop must do, of the signature checks that all cores could do: 15 000 requests a second where a check
/// takes 23 µs and there are two cores.
const CLOSED_SHARE: f64 = 15_000.0 * 23e-6 / 2.0;
/// What an open loop asks for, the same way: 10 000 a second there. A machine that is half as fast is asked for half.
const OPEN_SHARE: f64 = 10_000.0 * 23e-6 / 2.0;
/// Operations a second that are signed for a closed loop.
const CLOSED_RATE_MAX: f64 = 40_000.0;

/// A server in this process, as the command runs it.
pub struct Server {
    pub address: SocketAddr,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Server {
    /// Serves on loopback, with two threads.
    pub fn start(service: Service, clock: &Clock) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let settings = remit::api::Settings::new(clock.for_ledger());
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let runtime = runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
            // Whether it is told or the teller is gone: it stops.
            let until = async { drop(stopped.await) };
            let served =
                runtime.expect("a runtime").block_on(remit::api::serve(listener, service, settings, until));
            served.expect("is served to the end");
        });
        Self { address, stop, thread }
    }

    /// Stops it; the ledger is shut down with it.
    pub fn stop(self) {
        let _ = self.stop.send(());
        self.thread.join().expect("ends");
    }
}

/// One submission and the time at which it was signed.
type Ready = (Millis, Vec<u8>);

/// One loop's requests.
struct Load {
    address: SocketAddr,
    wait: &'static str,
    clock: Clock,
    ready: Vec<Ready>,
}

/// Adds all rows. The ledger is shut down with the server.
pub fn rows(world: &World, tokens: &[Held], figures: &mut Figures, scale: &Scale) {
    let server = Server::start(world.service.clone(), &world.clock);
    let span = scale.span / 4;
    let before = world.service.counts().applied;
    let mut sent = 0;
    for wait in ["durable", "published"] {
        let load = |operations: f64| {
            let ready = flat(world.sign(tokens, operations as usize));
            Load { address: server.address, wait, clock: world.clock.clone(), ready }
        };
        let name = |what: &str| format!("HTTP {wait} {what}");
        let warm = load(CLOSED_RATE_MAX / 2.0 * scale.short.as_secs_f64()).closed(CONNECTIONS, scale.short);
        sent += warm.0.len();
        for (connections, suffix) in [(CONNECTIONS, ""), (MANY_CONNECTIONS, " many")] {
            let ready = load(CLOSED_RATE_MAX * span.as_secs_f64());
            let before = checks();
            let (mut times, elapsed) = ready.closed(connections, span);
            let most = (before + checks()) / 2.0;
            sent += times.len();
            let closed = times.len() as f64 / elapsed.as_secs_f64();
            let note =
                format!("closed loop, {connections} connections; limit cores/V; 15 000/s where V is 23 µs");
            let name = |what: &str| name(&format!("{what}{suffix}"));
            figures.add(&name("rate"), (closed, "/s"), Some(most), Target::AtLeast(CLOSED_SHARE), note);
            let [p50, p99] = times.percentiles([50.0, 99.0]);
            figures.show(&name("closed p50"), (p50, "ms"), "");
            figures.show(&name("closed p99"), (p99, "ms"), "");
        }
        sent += open_loop(&load, &name, 1.0, span, figures);
    }
    assert_eq!(world.service.counts().applied - before, sent as u64, "everything was applied");
    server.stop();
}

/// The open loop of durable answers alone, at parts of its rate: how the tail grows with how busy the processors are.
pub fn tail(world: &World, tokens: &[Held], figures: &mut Figures, scale: &Scale) {
    let server = Server::start(world.service.clone(), &world.clock);
    let load = |operations: f64| {
        let ready = flat(world.sign(tokens, operations as usize));
        Load { address: server.address, wait: "durable", clock: world.clock.clone(), ready }
    };
    load(CLOSED_RATE_MAX / 2.0 * scale.short.as_secs_f64()).closed(CONNECTIONS, scale.short);
    for percent in [25, 50, 75, 100] {
        let name = |what: &str| format!("HTTP durable {what} at {percent} %");
        open_loop(&load, &name, f64::from(percent) / 100.0, scale.span, figures);
    }
    server.stop();
}

/// An open loop at its part of what all cores could check; gives how many it sent.
fn open_loop(
    load: &dyn Fn(f64) -> Load,
    name: &dyn Fn(&str) -> String,
    part: f64,
    span: Duration,
    figures: &mut Figures,
) -> usize {
    eprintln!("open loop begins");
    let rate = OPEN_SHARE * checks() * part;
    let ready = load(rate * 2.0 * span.as_secs_f64());
    let (used, began) = (processor("").0, Instant::now());
    let (mut times, elapsed) = ready.open(rate);
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let busy = (processor("").0 - used) / began.elapsed().as_secs_f64() / cores * 100.0;
    let note = format!(
        "open loop, {rate:.0}/s asked (10 000 where V is 23 µs), {:.0}/s done, \
         processors {busy:.0} % busy; from the time of the intended send",
        times.len() as f64 / elapsed.as_secs_f64()
    );
    let [p50, p99, p999] = times.percentiles([50.0, 99.0, 99.9]);
    figures.at_most(&name("p50"), (p50, "ms"), 3.0, &note);
    figures.at_most(&name("p99"), (p99, "ms"), 15.0, "");
    figures.show(&name("p99.9"), (p999, "ms"), "");
    times.len()
}

/// Signature checks that all cores do in a second, at this moment.
fn checks() -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    cores as f64 / crate::check::seconds(cores, 200)
}

fn flat(lanes: [Vec<Call>; 2]) -> Vec<Ready> {
    let [first, second] = lanes;
    let calls = first.into_iter().zip(second).flat_map(|(one, other)| [one, other]);
    calls.flat_map(|call| call.submissions.into_iter().map(move |one| (call.time, one))).collect()
}

/// Runs `work` in this thread, with all connections open.
fn run<F: Future<Output = Times> + 'static>(
    address: SocketAddr,
    connections: usize,
    work: impl Fn(Connection, Instant) -> F,
) -> (Times, Duration) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let mut open = Vec::with_capacity(connections);
        for _ in 0..connections {
            open.push(Connection::open(address).await);
        }
        let started = Instant::now();
        let tasks: Vec<_> =
            open.into_iter().map(|one| tokio::task::spawn_local(work(one, started))).collect();
        let mut times = Times::default();
        for task in tasks {
            times.extend(task.await.expect("ends"));
        }
        (times, started.elapsed())
    })
}

impl Load {
    /// Each connection sends when it is answered.
    fn closed(self, connections: usize, span: Duration) -> (Times, Duration) {
        let (load, next) = (Rc::new(self), Rc::new(Cell::new(0)));
        run(load.address, connections, |mut connection, started| {
            let (load, next) = (load.clone(), next.clone());
            async move {
                let mut times = Times::default();
                while let Some(one) = load.ready.get(next.replace(next.get() + 1)) {
                    let sent = Instant::now();
                    if sent - started >= span {
                        break;
                    }
                    load.clock.reach(one.0);
                    connection.submit(load.wait, &one.1).await;
                    times.push(sent.elapsed());
                }
                times
            }
        })
    }

    /// One request at each moment that its number says, on whichever connection is free.
    fn open(self, rate: f64) -> (Times, Duration) {
        let (sender, receiver) = mpsc::unbounded_channel::<(usize, Instant)>();
        let count = self.ready.len();
        let pacer = std::thread::spawn(move || {
            let started = Instant::now();
            for number in 0..count {
                let due = started + Duration::from_secs_f64(number as f64 / rate);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                sender.send((number, due)).expect("somebody sends");
            }
        });
        let (load, receiver) = (Rc::new(self), Rc::new(Mutex::new(receiver)));
        let result = run(load.address, MANY_CONNECTIONS, |mut connection, _| {
            let (load, receiver) = (load.clone(), receiver.clone());
            async move {
                let mut times = Times::default();
                loop {
                    let next = receiver.lock().await.recv().await;
                    let Some((number, due)) = next else { break };
                    let (time, submission) = &load.ready[number];
                    load.clock.reach(*time);
                    connection.submit(load.wait, submission).await;
                    times.push(due.elapsed());
                }
                times
            }
        });
        pacer.join().expect("ends");
        result
    }
}

/// One connection that is kept open.
struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("connects");
        stream.set_nodelay(true).expect("a socket");
        Self { stream, out: Vec::new(), answer: Vec::new() }
    }

    /// One request and its answer, which must be that the submission was applied.
    async fn submit(&mut self, wait: &str, submission: &[u8]) {
        self.out.clear();
        head(&mut self.out, wait, submission.len());
        self.out.extend_from_slice(submission);
        self.stream.write_all(&self.out).await.expect("sends");
        self.answer.clear();
        let end = loop {
            let read = self.stream.read_buf(&mut self.answer).await.expect("receives");
            assert_ne!(read, 0, "the server closed the connection");
            if let Some(end) = end_of(&self.answer) {
                break end;
            }
        };
        let applied = is_applied(&self.answer[..end]);
        assert!(applied, "{}", String::from_utf8_lossy(&self.answer));
    }
}

/// Head of a request that submits so many bytes.
pub fn head(out: &mut Vec<u8>, wait: &str, length: usize) {
    use std::io::Write as _;
    let head = "host: localhost\r\ncontent-type: application/cbor\r\ncontent-length";
    write!(out, "POST /v1/operations?wait={wait} HTTP/1.1\r\n{head}: {length}\r\n\r\n").expect("memory");
}

/// Where the answer ends, if it is there as a whole.
pub fn end_of(answer: &[u8]) -> Option<usize> {
    let head = answer.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&answer[..head]).ok()?;
    let length = text.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let end = head + length?;
    (answer.len() >= end).then_some(end)
}

/// Whether the answer says that the submission was applied.
fn is_applied(answer: &[u8]) -> bool {
    let applied = br#""status":"applied""#;
    answer.starts_with(b"HTTP/1.1 200") && answer.windows(applied.len()).any(|part| part == applied)
}
