//! The process that is killed: it opens the folder, serves four clients, and says what it acknowledges.

use super::house::Place;
use remit::engine::Answer;
use remit::ledger::Wait;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Names the folder to the child; without it the child is a test that has nothing to do.
pub(crate) const FOLDER: &str = "REMIT_CRASH_FOLDER";
/// How many operations each client of the child submits; without it, until it is killed.
pub(crate) const OPERATIONS: &str = "REMIT_CRASH_OPERATIONS";

const CLIENTS: u64 = 4;

/// Says a line at once, whole, on the channel that the parent reads.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("\n@{line}\n").as_bytes()).expect("writes");
    out.flush().expect("flushes");
}

/// Not a test of its own: what the others run as a process.
#[test]
fn child() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let operations: u64 = std::env::var(OPERATIONS).map_or(u64::MAX, |text| text.parse().expect("a number"));
    let place = Place::new(Path::new(&folder));
    let service = match place.start() {
        Ok(service) => service,
        Err(error) => return say(&format!("REFUSED {error:?}")),
    };
    let head = service.snapshot().version().head;
    say(&format!("OPEN {} {}", head.size, head.root));
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (service, place) = (service.clone(), &place);
            scope.spawn(move || {
                let mut world = place.world();
                for number in 0..operations {
                    let ready = world.reserve(client * 1000 + number);
                    // One client wants proofs, the others are content with what is synced.
                    let wait = if client == 0 { Wait::Published } else { Wait::Durable };
                    let submitted = service.submit_wait(vec![ready.bytes], wait).expect("answers").remove(0);
                    let Answer::Applied(entry) = submitted.answer else {
                        panic!("{:?}", submitted.answer);
                    };
                    say(&format!("ACK {} {entry}", ready.id));
                    if let Some(version) = submitted.version {
                        say(&format!("SIGNED {} {}", version.head.size, version.head.root));
                    }
                }
            });
        }
    });
    service.shutdown();
    say("DONE");
}

/// Starts the child, under another program if `under` names one.
pub(crate) fn start(place: &Place, under: &[&str], operations: Option<u64>) -> Child {
    let this = std::env::current_exe().expect("a path");
    let mut command = match under {
        [] => Command::new(&this),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(&this);
            command
        }
    };
    command.args(["child::child", "--exact", "--nocapture", "--test-threads=1"]).env(FOLDER, &place.root);
    if let Some(operations) = operations {
        command.env(OPERATIONS, operations.to_string());
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("starts")
}

/// What the child said, out of its output; the last line may be cut.
pub(crate) fn said(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().filter_map(|line| line.strip_prefix('@').map(str::to_owned)).collect()
}
