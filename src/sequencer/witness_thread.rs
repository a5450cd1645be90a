//! The thread of one witness: asks for the newest version, checks what comes back, and tells.

use super::version::Version;
use super::witnessed::{Outcome, Reach, Told, Witnessing};
use crate::store::Read;
use crate::tree::prove;
use remit_verifier::c2sp::{
    AddCheckpoint, Checkpoint, Cosignature, SignatureLine, SignedNote, VerifierKey, parse_known_size,
};
use remit_verifier::hash::sha256;
use remit_verifier::limits::SKEW_MAX;
use remit_verifier::types::{Hash, Millis, TreeSize};
use std::sync::Arc;

/// Works until the ledger stops.
pub(super) fn run(
    witnessing: &Witnessing,
    place: usize,
    key: &VerifierKey,
    log: &VerifierKey,
    reach: &dyn Reach,
) {
    // What the witness has is not known before it says so.
    let mut known = TreeSize(0);
    while let Some((version, read)) = witnessing.next(place) {
        let asked = Asked { version: &version, key, log, reach };
        let outcome = asked.ask(&mut known, read, witnessing.now());
        witnessing.told(place, &version, outcome);
    }
}

/// One attempt.
struct Asked<'a> {
    version: &'a Arc<Version>,
    key: &'a VerifierKey,
    log: &'a VerifierKey,
    reach: &'a dyn Reach,
}

impl Asked<'_> {
    fn ask(&self, known: &mut TreeSize, read: Arc<dyn Read>, now: Millis) -> Outcome {
        let size = self.version.head.size;
        // A 409 tells the size that the witness has: once.
        for again in [true, false] {
            let body = match self.body(*known, &*read) {
                Ok(body) => body,
                Err(why) => return Outcome::Failed(why),
            };
            match self.reach.add_checkpoint(&body) {
                Err(why) => return Outcome::Failed(why),
                Ok(Told { status: 200, body }) => {
                    return match self.cosigned(&body, now) {
                        Ok(outcome) => {
                            *known = size;
                            outcome
                        }
                        Err(why) => Outcome::Failed(why.into()),
                    };
                }
                Ok(Told { status: 409, body }) => match parse_known_size(&body) {
                    Some(other) if other <= size && other != *known && again => *known = other,
                    Some(_) => return self.history("409", &*read),
                    None => return Outcome::Failed("409 without a size".into()),
                },
                Ok(Told { status: 422, .. }) => return self.history("422", &*read),
                Ok(Told { status, .. }) => return Outcome::Failed(format!("it answers {status}")),
            }
        }
        Outcome::Failed("it says another size each time".into())
    }

    fn body(&self, old: TreeSize, read: &dyn Read) -> Result<Vec<u8>, String> {
        let size = self.version.head.size;
        let path: Vec<Hash> = if old.0 == 0 || old == size {
            Vec::new()
        } else {
            prove::consistency(read.log(), old, size).map_err(|error| error.to_string())?
        };
        let request = AddCheckpoint::new(old, path, self.version.note.as_bytes());
        request.map(|request| request.to_text().into_bytes()).map_err(|error| error.to_string())
    }

    /// The witness's line, if it is one: by its key, over this text, of about now.
    fn cosigned(&self, body: &[u8], now: Millis) -> Result<Outcome, &'static str> {
        let body = std::str::from_utf8(body).map_err(|_| "its answer is not text")?;
        let lines = SignatureLine::parse_all(body).map_err(|_| "its answer is no signature lines")?;
        let text = SignedNote::parse(self.version.note.as_bytes()).map_err(|_| "no note of ours")?.text();
        for (line, written) in lines.iter().zip(body.split_inclusive('\n')) {
            let Ok(cosignature) = Cosignature::parse(line, self.key) else { continue };
            cosignature.verify(text, self.key).map_err(|_| "its signature does not verify")?;
            if cosignature.time().millis().0.abs_diff(now.0) > SKEW_MAX.0 {
                return Err("its clock is another one");
            }
            return Ok(Outcome::Cosigned(written.into(), cosignature.time()));
        }
        Err("no line of its answer is its own")
    }

    /// Whether the witness has a note of our own key that our log does not lead to. What it only says is no evidence.
    fn history(&self, status: &str, read: &dyn Read) -> Outcome {
        let failed = |why: &str| Outcome::Failed(format!("it answers {status}: {why}"));
        let origin = sha256(&[self.log.name().as_bytes()]).to_string();
        let shown = match self.reach.checkpoint(&origin) {
            Ok(shown) => shown,
            Err(why) => return failed(&why),
        };
        let Ok(note) = SignedNote::parse(&shown) else { return failed("and shows no note") };
        let Ok(checkpoint) = Checkpoint::parse(note.text()) else { return failed("and shows no checkpoint") };
        let ours = note.signatures().iter().any(|line| {
            let named = line.name() == self.log.name() && line.id() == self.log.id();
            let verifies =
                |signature: &[u8; 64]| self.log.key().verify(note.text().as_bytes(), signature).is_ok();
            named && line.ed25519().as_ref().is_some_and(verifies)
        });
        if !ours || checkpoint.origin() != self.log.name() {
            return failed("and shows nothing that we signed");
        }
        let says = match prove::root_at(read.log(), checkpoint.size()) {
            Ok(root) if root == checkpoint.root() => return failed("and shows what we signed"),
            Ok(_) => format!("another root at size {}", checkpoint.size()),
            Err(_) => format!("{} entries, which this ledger does not have", checkpoint.size()),
        };
        self.reach.caught(note.as_str(), &says);
        Outcome::OtherHistory(format!("another history: {says}"))
    }
}
