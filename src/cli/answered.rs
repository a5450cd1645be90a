//! What is submitted, and what it is answered. An answer counts when it is proved, where the log's key is known: what
//! was said to be applied, and no less what was said to be refused. Nothing that was signed is thrown away for less.

use super::out::{Done, Failure, Outcome};
use super::prepare::Keep;
use super::session::{SKEW, Session, failure};
use super::text::plain;
use super::{clock, private};
use crate::client::Ready;
use crate::remote::{Accepted, CheckError, Refused, RemoteError, Reply, check_answer, check_refusal};
use remit_verifier::code::Code;
use remit_verifier::types::ObjectId;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often a submission that was not answered is sent again before giving up.
const ATTEMPTS: u64 = 4;

/// Where signed bytes are kept until they are answered.
#[derive(Clone, Copy)]
pub(super) struct Saved<'p> {
    pub(super) path: Option<&'p Path>,
    /// Whether they stay there also when it is proved that the ledger refused them.
    pub(super) although_refused: bool,
}

/// What is submitted.
struct Sent<'s> {
    id: &'s ObjectId,
    bytes: &'s [u8],
    saved: Saved<'s>,
    /// What it is, for people.
    what: &'s str,
}

impl Sent<'_> {
    /// Keeps the bytes, in a file of their own if none was named.
    fn keep(&self) -> Result<PathBuf, Failure> {
        let own = || PathBuf::from(format!("{}.unanswered", self.id));
        let path = self.saved.path.map_or_else(own, Path::to_path_buf);
        private::write(&path, self.bytes)?;
        Ok(path)
    }

    /// It was answered; who cannot remove the file repeats the bytes at worst, which changes nothing.
    fn answered(&self) {
        drop(self.saved.path.map(std::fs::remove_file));
    }

    /// The answer is not what its proof says: the bytes are all that there is to find out with.
    fn unproved(&self, error: &CheckError) -> Result<Failure, Failure> {
        let path = self.keep()?;
        let message = format!("the ledger's answer does not hold: {error}");
        Ok(Failure::refused("bad_proof", message)
            .of(self.id, false)
            .hint(format!("it may have been applied; remit submit {} repeats it", path.display())))
    }
}

impl Session {
    /// Submits, says what came of it, and checks the proof.
    pub(super) fn submit(&self, ready: &Ready, keep: &Keep, what: &str) -> Outcome {
        let saved = Saved { path: keep.saved(), although_refused: false };
        self.submit_bytes(&ready.id, &ready.bytes, saved, what)
            .map(|done| done.with("ids", ready.ids.iter().map(ToString::to_string).collect::<Vec<_>>()))
    }

    /// Submits bytes that are signed; the very same ones again as long as nobody answers.
    pub(super) fn submit_bytes(&self, id: &ObjectId, bytes: &[u8], saved: Saved<'_>, what: &str) -> Outcome {
        let sent = Sent { id, bytes, saved, what };
        saved.path.map(|path| private::write(path, bytes)).transpose()?;
        match self.attempts(bytes) {
            Ok(Reply::Accepted(accepted)) => self.accepted(&sent, &accepted),
            Ok(Reply::Refused(refused)) => Err(self.refused(&sent, &refused)?),
            Err((error, true)) => Err(failure(error).of(id, false)),
            Err((error, false)) => {
                let path = sent.keep()?;
                let repeat = format!(
                    "whether it was applied is not known; repeat it: remit submit {}",
                    path.display()
                );
                Err(failure(error).coded("unanswered").of(id, false).hint(repeat))
            }
        }
    }

    /// What was applied, if that is so.
    fn accepted(&self, sent: &Sent<'_>, accepted: &Accepted) -> Outcome {
        let (status, how) = match accepted.replayed {
            true => ("replayed", "applied before; nothing new was done"),
            false => ("applied", "applied"),
        };
        let done = Done::say(format!("{}: {how}, entry {}", sent.what, accepted.entry))
            .line(format!("id {}", sent.id))
            .with("status", status)
            .with("id", sent.id.to_string())
            .with("entry", accepted.entry.0)
            .with("proof", &accepted.proof);
        let done = match &self.trust {
            None => done
                .line("the proof was not checked: no --log-key, --policy or profile")
                .with("proved", false),
            Some(trust) => {
                match check_answer(&self.remote, trust, (sent.id, accepted), clock::now()?, SKEW) {
                    Ok(checkpoint) => done
                        .line(format!("proved under the checkpoint of size {}", checkpoint.size()))
                        .with("proved", true),
                    Err(error) => return Err(sent.unproved(&error)?),
                }
            }
        };
        sent.answered();
        Ok(done)
    }

    /// Why it was refused. Only the entry that says so is an answer: whoever is in between can say no as well, hold the
    /// bytes back, and have them applied when something else is signed in their place.
    fn refused(&self, sent: &Sent<'_>, refused: &Refused) -> Result<Failure, Failure> {
        let proved = match (&self.trust, refused.entry) {
            (Some(trust), Some(_)) => {
                let checked = check_refusal(&self.remote, trust, (sent.id, refused), clock::now()?, SKEW);
                if let Err(error) = checked {
                    return sent.unproved(&error);
                }
                true
            }
            _ => false,
        };
        let failure = no(refused, sent).of(sent.id, proved);
        if proved {
            if !sent.saved.although_refused {
                sent.answered();
            }
            return Ok(failure);
        }
        let again = sent.saved.path.map(|path| format!(", `remit submit {}` repeats it", path.display()));
        Ok(failure.note(format!(
            "the refusal is not proved: `remit explain {}` asks again{}",
            sent.id,
            again.unwrap_or_default()
        )))
    }

    /// The answer, or why there is none, and whether it is known that nothing was done: by none of the attempts.
    fn attempts(&self, bytes: &[u8]) -> Result<Reply, (RemoteError, bool)> {
        let (mut attempt, mut nothing_done) = (0, true);
        loop {
            attempt += 1;
            let error = match self.remote.submit(bytes) {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            // 503 and 504 pass; so does a connection that broke. The same bytes are applied once at most.
            let (passes, known) = match &error {
                RemoteError::Unanswered(_) => (true, false),
                RemoteError::Status { status: 503, code, .. } => (code != "read_only", code != "stopped"),
                RemoteError::Status { status: 429, .. } => (true, true),
                RemoteError::Status { status: 504, .. } | RemoteError::Form(_) => (true, false),
                RemoteError::Status { status, .. } => (false, *status < 500),
                RemoteError::Setup(_) => (false, true),
            };
            nothing_done &= known;
            if !passes || attempt == ATTEMPTS {
                return Err((error, nothing_done));
            }
            eprintln!("{}; the same bytes again in {attempt} s", plain(&error.to_string()));
            std::thread::sleep(Duration::from_secs(attempt));
        }
    }
}

/// What a refusal says, and where it stands if it is an entry. The sentence is this program's own for every code that
/// it knows.
fn no(refused: &Refused, sent: &Sent<'_>) -> Failure {
    let known = Code::ALL.iter().find(|code| code.text() == refused.code);
    let meaning = known.map_or_else(|| plain(&refused.meaning), |code| code.meaning().to_owned());
    let code = plain(&refused.code);
    let recorded = refused.entry.map(|entry| format!(" (entry {entry}; `remit explain {}`)", sent.id));
    let recorded = recorded.unwrap_or_default();
    let failure = Failure::refused(&code, format!("refused: {}: {code}: {meaning}{recorded}", sent.what));
    match code.as_str() {
        "not_the_operators" => failure.hint(
            "every operator that is needed signs: repeat --key; for those who are elsewhere, \
             --prepare FILE and `remit sign FILE`",
        ),
        _ => failure,
    }
}
