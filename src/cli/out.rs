//! What a command came to: data for stdout, sentences for people, an exit code. Errors say what to do next.

use super::hints;
use remit_verifier::types::ObjectId;
use serde_json::{Map, Value, json};
use std::fmt::Display;
use std::fs::{File, Metadata};
use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;

/// Done, or allowed.
const DONE: u8 = 0;
/// Refused, denied, or not as told.
const REFUSED: u8 = 1;
/// Wrong usage, or input that cannot be read.
const USAGE: u8 = 2;
/// A fault of this program, of the machine or of the ledger.
const INTERNAL: u8 = 70;

/// What a command came to.
#[derive(Debug, Default)]
pub(super) struct Done {
    text: String,
    fields: Map<String, Value>,
    exit: u8,
}

/// Why a command did not do what it was asked.
#[derive(Debug)]
pub(super) struct Failure {
    exit: u8,
    code: String,
    message: String,
    hint: Option<String>,
    /// What was submitted, if that is what failed, and whether it is proved that it was refused.
    submitted: Option<Box<(ObjectId, bool)>>,
    notes: Vec<String>,
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

pub(super) type Outcome = Result<Done, Failure>;

impl Done {
    /// Done, with a text for people; a line end is added if there is none.
    pub(super) fn say(text: impl Into<String>) -> Self {
        Self { text: text.into(), fields: Map::new(), exit: DONE }
    }

    /// The same, with a field of the JSON object.
    pub(super) fn with(mut self, name: &str, value: impl serde::Serialize) -> Self {
        self.fields.insert(name.into(), json!(value));
        self
    }

    /// The same, with all fields of an object.
    pub(super) fn with_all(mut self, object: Value) -> Self {
        if let Value::Object(object) = object {
            self.fields.extend(object);
        }
        self
    }

    /// The same, with exit code 1 unless `good`.
    pub(super) fn refused_unless(mut self, good: bool) -> Self {
        self.exit = if good { DONE } else { REFUSED };
        self
    }

    /// A field of the JSON object.
    pub(super) fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }

    /// Adds a line for people.
    pub(super) fn line(mut self, text: impl Display) -> Self {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
        self.text.push_str(&text.to_string());
        self
    }
}

impl Failure {
    fn new(exit: u8, code: &str, message: impl Display) -> Self {
        let (code, message) = (code.into(), message.to_string());
        Self { exit, code, message, hint: None, submitted: None, notes: Vec::new() }
    }

    /// Somebody said no, with his code.
    pub(super) fn refused(code: &str, message: impl Display) -> Self {
        Self::new(REFUSED, code, message)
    }

    /// What was typed, or a file, is not as it should be.
    pub(super) fn usage(message: impl Display) -> Self {
        Self::new(USAGE, "usage", message)
    }

    /// Something failed that should not.
    pub(super) fn internal(message: impl Display) -> Self {
        Self::new(INTERNAL, "internal", message)
    }

    /// The same of an operation that was submitted: its id, and whether it is proved that it was refused.
    pub(super) fn of(self, id: &ObjectId, proved: bool) -> Self {
        Self { submitted: Some(Box::new((*id, proved))), ..self }
    }

    /// The same, with a line more for people.
    pub(super) fn note(mut self, line: impl Display) -> Self {
        self.notes.push(line.to_string());
        self
    }

    /// Its code.
    pub(super) fn code(&self) -> &str {
        &self.code
    }

    /// Whether nobody answered, or something failed that should not: nothing was refused.
    pub(super) fn is_fault(&self) -> bool {
        self.exit == INTERNAL
    }

    /// The same, with a stable code.
    pub(super) fn coded(self, code: &str) -> Self {
        Self { code: code.into(), ..self }
    }

    /// The same, with what to do next.
    pub(super) fn hint(self, hint: impl Display) -> Self {
        Self { hint: Some(hint.to_string()), ..self }
    }
}

/// Prints what a command came to, and gives its exit code. With `json`, stdout holds one object. `help` is the advice
/// about wrong usage that has no better one.
pub(super) fn finish(outcome: Outcome, json: bool, help: &str) -> ExitCode {
    match outcome {
        Ok(done) => {
            if json {
                let mut object = Map::from_iter([("ok".to_owned(), json!(done.exit == DONE))]);
                object.extend(done.fields);
                return written(done.exit, &format!("{}\n", Value::Object(object)));
            }
            let end = if done.text.is_empty() || done.text.ends_with('\n') { "" } else { "\n" };
            written(done.exit, &format!("{}{end}", done.text))
        }
        Err(failure) => {
            let hint = failure.hint.as_deref().unwrap_or(match failure.exit {
                USAGE => help,
                REFUSED => hints::of_refusal(&failure.code),
                _ => hints::FAULT,
            });
            // Some parsers end what they say with an empty line.
            let id = failure.submitted.as_ref().map(|of| format!("id {}", of.0));
            let notes: String = id.iter().chain(&failure.notes).map(|line| format!("{line}\n")).collect();
            eprintln!("error: {}\n{notes}hint: {hint}", failure.message.trim_end());
            if json {
                let mut error = json!({"code": failure.code, "message": failure.message, "hint": hint});
                if let Some((id, proved)) = failure.submitted.as_deref() {
                    (error["id"], error["proved"]) = (json!(id.to_string()), json!(proved));
                }
                return written(failure.exit, &format!("{}\n", json!({"ok": false, "error": error})));
            }
            ExitCode::from(failure.exit)
        }
    }
}

/// Writes what a command came to; gives its exit code, which what cannot be written makes no better.
fn written(exit: u8, text: &str) -> ExitCode {
    ExitCode::from(write(text).map_or_else(|error| unwritten(exit, &error), |()| exit))
}

/// Writes to stdout while a command goes on. Whoever closed the other end of a pipe wants no more; what cannot be
/// written for another reason is lost, and ends the process with 70.
pub(super) fn print(text: &str) {
    if let Err(error) = write(text) {
        std::process::exit(i32::from(unwritten(DONE, &error)));
    }
}

fn write(text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush())
}

/// The exit code of a command that came to `exit` and could not say it.
fn unwritten(exit: u8, error: &std::io::Error) -> u8 {
    if error.kind() == std::io::ErrorKind::BrokenPipe {
        return exit;
    }
    eprintln!("error: nothing can be written to standard output: {error}");
    if exit == DONE { INTERNAL } else { exit }
}

/// A file of at most `max` bytes. A device or a pipe is none: it may have no end, or keep whoever reads it waiting.
pub(super) fn read_file(path: &Path, max: usize) -> Result<Vec<u8>, Failure> {
    let usage = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    require_regular(path, &std::fs::metadata(path).map_err(usage)?)?;
    let mut options = File::options();
    options.read(true);
    // Whoever puts a pipe there meanwhile keeps nobody waiting.
    #[cfg(feature = "server")]
    std::os::unix::fs::OpenOptionsExt::custom_flags(
        &mut options,
        rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits() as i32,
    );
    read_regular(path, options.open(path).map_err(usage)?, max)
}

fn require_regular(path: &Path, there: &Metadata) -> Result<(), Failure> {
    if there.is_file() {
        return Ok(());
    }
    Err(Failure::usage(format!("{} is no regular file", path.display())))
}

/// What is in a file that is open.
pub(super) fn read_regular(path: &Path, file: File, max: usize) -> Result<Vec<u8>, Failure> {
    let usage = |error: std::io::Error| Failure::usage(format!("{}: {error}", path.display()));
    let there = file.metadata().map_err(usage)?;
    require_regular(path, &there)?;
    let too_long = || Failure::usage(format!("{}: more than {max} bytes", path.display()));
    if there.len() > max as u64 {
        return Err(too_long());
    }
    let mut bytes = Vec::new();
    file.take(max as u64 + 1).read_to_end(&mut bytes).map_err(usage)?;
    if bytes.len() > max { Err(too_long()) } else { Ok(bytes) }
}
