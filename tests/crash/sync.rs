//! The sync is real: RocksDB counts it, and the system calls show it before the answer.

use super::child::{said, start};
use super::house::{Place, key};
use remit::engine::Answer;
use remit::ledger::{Service, Wait};
use remit::store::rocks::RocksOptions;

#[test]
fn every_acknowledged_batch_is_one_more_sync() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    let mut world = place.build();
    let store = place.open(&RocksOptions { statistics: true, ..RocksOptions::default() }).expect("opens");
    let handle = store.handle();
    let service = Service::start(store, Box::new(key("log")), place.settings()).expect("starts");
    for number in 0..20 {
        let (syncs, bytes) = (handle.syncs(), handle.log_bytes());
        let ready = world.reserve(number);
        let answer = service.submit_wait(vec![ready.bytes], Wait::Durable).expect("answers").remove(0).answer;
        assert!(matches!(answer, Answer::Applied(_)), "{answer:?}");
        assert!(handle.syncs() > syncs, "answer {number} came without a sync");
        assert!(handle.log_bytes() > bytes, "answer {number} came without a write");
    }
    service.shutdown();
}

/// One line of a trace: the call, its first argument, and the bytes written if it is a write.
fn is_sync(line: &str) -> bool {
    line.contains("fdatasync(") && (line.trim_end().ends_with("= 0") || line.contains("<unfinished"))
}

#[test]
fn a_trace_of_system_calls_shows_the_syncs_before_the_answer() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    place.build();
    let trace = folder.path().join("trace");
    let trace = trace.to_str().expect("text");
    let calls = "trace=write,fdatasync,fsync,sync_file_range";
    let under = ["strace", "-f", "-qq", "-y", "-s", "96", "-e", calls, "-o", trace];
    let child = start(&place, &under, Some(3));
    let output = child.wait_with_output().expect("ends");
    let lines = said(&output.stdout);
    assert!(lines.iter().any(|line| line == "DONE"), "{}", String::from_utf8_lossy(&output.stderr));
    let trace = std::fs::read_to_string(trace).expect("a trace; strace is needed");
    // In order: the log of the database, the guard, and only then the answer.
    let (mut log, mut guard, mut answers) = (0, 0, 0);
    for line in trace.lines() {
        if is_sync(line) && line.contains(".log>") {
            log += 1;
        } else if is_sync(line) && line.contains("/guard>") {
            guard += 1;
        } else if line.contains("write(") && line.contains("@ACK ") {
            assert!(log > 0 && guard > 0, "an answer before any sync:\n{line}");
            answers += 1;
        }
    }
    assert_eq!(answers, 12, "{trace}");
    // One client at a time waits for each answer, so that no batch holds more than four.
    assert!(log >= 3 && guard >= 3, "{log} syncs of the log and {guard} of the guard for {answers} answers");
    order(&trace);
}

/// Every answer has a sync of the log, and after it one of the guard, that began after the answer before it of the same
/// thread.
fn order(trace: &str) {
    let lines: Vec<&str> = trace.lines().collect();
    let thread = |line: &str| line.split(' ').next().unwrap_or_default().to_owned();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.contains("@ACK ")) {
        let before =
            lines[..at].iter().rposition(|other| other.contains("@ACK ") && thread(other) == thread(line));
        let between = &lines[before.map_or(0, |before| before + 1)..at];
        let log = between.iter().position(|line| is_sync(line) && line.contains(".log>"));
        let log = log.unwrap_or_else(|| panic!("no sync of the log before\n{line}"));
        let guard = between[log..].iter().any(|line| is_sync(line) && line.contains("/guard>"));
        assert!(guard, "no sync of the guard after that of the log and before\n{line}");
    }
}
