//! One witness with its folder: receives, decides, keeps, and only then answers. One log's requests one after another.

use super::folder::{Evidence, Folder, FolderError, Found, WitnessKind, name_of};
use super::replaying::{Replaying, Vouched};
use super::{Answer, Latest, decide, receive};
use remit_verifier::c2sp::{AddCheckpoint, SignedNote, VerifierKey};
use remit_verifier::limits::SKEW_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::{NoteSignError, Signer, cosign};
use remit_verifier::types::Seconds;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock};

/// How long somebody is told to wait whose checkpoint cannot be cosigned yet.
const RETRY_AFTER_S: u64 = 1;

/// What is answered over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The body: signature lines, a size, or what is wrong in a line for people.
    pub body: String,
    /// Whether the body is the size that the witness has.
    pub is_size: bool,
    /// When to try again, in seconds, if trying is of use.
    pub retry_after_s: Option<u64>,
}

/// Why a witness does not start.
#[derive(Debug)]
pub enum WitnessError {
    /// Its folder.
    Folder(FolderError),
    /// A key of a log is not one of type `0x01`: which.
    LogKey(String),
    /// The key of the witness is that of a log, too.
    KeyTaken,
    /// Without logs there is nothing to cosign.
    NoLog,
}

impl From<FolderError> for WitnessError {
    fn from(error: FolderError) -> Self {
        Self::Folder(error)
    }
}

impl fmt::Display for WitnessError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(error) => error.fmt(f),
            Self::LogKey(name) => write!(f, "the key of {name} is not that of a log"),
            Self::KeyTaken => f.write_str("the key of the witness is that of a log: one key has one role"),
            Self::NoLog => f.write_str("a witness needs a log to cosign"),
        }
    }
}

impl std::error::Error for WitnessError {}

/// What was answered since the start, by status.
#[derive(Debug, Default)]
pub struct Counts([AtomicU64; STATUSES.len()]);

const STATUSES: [u16; 8] = [200, 400, 403, 404, 409, 422, 500, 503];

impl Counts {
    fn add(&self, status: u16) {
        if let Some(place) = STATUSES.iter().position(|known| *known == status) {
            self.0[place].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each status with how often it was answered.
    pub fn all(&self) -> impl Iterator<Item = (u16, u64)> {
        STATUSES.into_iter().zip(self.0.iter().map(|count| count.load(Ordering::Relaxed)))
    }
}

/// How a witness stands with one log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The log.
    pub origin: String,
    /// What was last cosigned, if anything was.
    pub latest: Option<Latest>,
}

/// What is known of one log.
struct Known {
    /// Whoever has it compares, keeps, and replaces. Nothing is waited for meanwhile but the disk.
    turn: Mutex<()>,
    /// What was last cosigned, after it was kept; read by anybody, replaced by whoever has the turn.
    latest: RwLock<Option<Found>>,
}

impl Known {
    fn found(&self) -> Option<Found> {
        // What is in it is replaced as a whole.
        self.latest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn latest(&self) -> Option<Latest> {
        self.latest.read().unwrap_or_else(PoisonError::into_inner).as_ref().map(|found| found.latest)
    }
}

/// A witness; shared by everybody who asks it.
pub struct Witness {
    folder: Folder,
    key: VerifierKey,
    kind: WitnessKind,
    signer: Box<dyn Signer + Send + Sync>,
    logs: Vec<VerifierKey>,
    known: BTreeMap<String, Known>,
    replaying: Option<Replaying>,
    /// Something could not be kept: what stands in the folder is not known.
    broken: AtomicBool,
    counts: Counts,
}

impl Witness {
    /// A witness over an open folder. Everything that it ever cosigned of these logs was read and found whole.
    ///
    /// # Errors
    ///
    /// [`WitnessError`].
    pub fn new(
        folder: Folder,
        key: VerifierKey,
        signer: Box<dyn Signer + Send + Sync>,
        logs: Vec<VerifierKey>,
        replaying: Option<Replaying>,
    ) -> Result<Self, WitnessError> {
        if let Some(log) = logs.iter().find(|log| log.kind() != remit_verifier::c2sp::KeyKind::Note) {
            return Err(WitnessError::LogKey(log.name().into()));
        }
        if logs.iter().any(|log| log.key() == key.key()) {
            return Err(WitnessError::KeyTaken);
        }
        if logs.is_empty() {
            return Err(WitnessError::NoLog);
        }
        let mut known = BTreeMap::new();
        for log in &logs {
            let latest = RwLock::new(folder.find(log.name())?);
            known.insert(log.name().to_owned(), Known { turn: Mutex::new(()), latest });
        }
        let kind = if replaying.is_some() { WitnessKind::Replaying } else { WitnessKind::Ordinary };
        let (broken, counts) = (AtomicBool::new(false), Counts::default());
        Ok(Self { folder, key, kind, signer, logs, known, replaying, broken, counts })
    }

    /// Answers `POST /add-checkpoint` at `now`. What is cosigned is kept before this returns.
    pub fn add_checkpoint(&self, body: &[u8], now: Seconds) -> Reply {
        let reply = self.answer(body, now);
        self.counts.add(reply.status);
        reply
    }

    fn answer(&self, body: &[u8], now: Seconds) -> Reply {
        let request = match receive(body, &self.logs) {
            Ok(request) => request,
            Err(answer) => return Reply::of(&answer),
        };
        let Some(known) = self.known.get(request.origin()) else {
            return Reply::of(&Answer::UnknownOrigin);
        };
        let would_be = decide(&request, known.latest().as_ref(), now).answer;
        if let (Answer::Cosign(_), Some(replaying)) = (would_be, &self.replaying) {
            // Whoever waits here keeps nobody waiting. What was decided until now is decided again below.
            replaying.reach(&head(&request), request.note().as_str());
        }
        // Until this is dropped, nobody else compares or replaces what was last cosigned of this log.
        let _turn = known.turn.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_broken() {
            return Reply::failed("what was cosigned could not be kept: nothing more is");
        }
        let latest = known.found();
        let decision = decide(&request, latest.as_ref().map(|found| &found.latest), now);
        if decision.evidence
            && let Some(found) = &latest
            && let Err(reply) = self.forked(&request, found, now)
        {
            return reply;
        }
        let Answer::Cosign(time) = decision.answer else { return Reply::of(&decision.answer) };
        if let Some(reply) = far_ahead(request.origin(), time, now) {
            return reply;
        }
        if let Some(reply) = self.not_vouched(&request, now) {
            return reply;
        }
        match self.cosigned(&request, time) {
            Err(error) => Reply::failed(&error.to_string()),
            Ok((line, found)) => match self.folder.keep(request.origin(), &found.note) {
                Ok(()) => {
                    *known.latest.write().unwrap_or_else(PoisonError::into_inner) = Some(found);
                    Reply { status: 200, body: line, is_size: false, retry_after_s: None }
                }
                Err(error) => self.broke(&error),
            },
        }
    }

    /// Whether this head was not computed again, and what is answered then.
    fn not_vouched(&self, request: &AddCheckpoint<'_>, now: Seconds) -> Option<Reply> {
        match self.replaying.as_ref()?.vouch(&head(request), request.note().as_str()) {
            Vouched::Good => None,
            Vouched::NotYet(why) => Some(Reply::later(format!("not computed again yet: {why}\n"))),
            Vouched::False { says, note } => {
                tracing::error!(origin = request.origin(), says, "the ledger was caught in a lie");
                let kept = self.folder.accuse(&Evidence {
                    kind: "false".into(),
                    origin: request.origin().into(),
                    says: says.clone(),
                    seen_s: now.0,
                    notes: vec![note],
                });
                let failed = kept.err().map(|error| self.broke(&error));
                Some(failed.unwrap_or_else(|| Reply::later(format!("never cosigned again: {says}\n"))))
            }
        }
    }

    /// Keeps both checkpoints of one size.
    fn forked(&self, request: &AddCheckpoint<'_>, found: &Found, now: Seconds) -> Result<(), Reply> {
        let (origin, size) = (request.origin(), request.size());
        tracing::error!(origin, %size, "the log signed two histories");
        let evidence = Evidence {
            kind: "fork".into(),
            origin: origin.into(),
            says: format!("two roots at size {size}"),
            seen_s: now.0,
            notes: vec![found.note.clone(), request.note().as_str().into()],
        };
        self.folder.accuse(&evidence).map_err(|error| self.broke(&error))
    }

    /// The line, and what is to be kept: the text with the log's lines and this one.
    fn cosigned(&self, request: &AddCheckpoint<'_>, time: Seconds) -> Result<(String, Found), NoteSignError> {
        let line = cosign(&*self.signer, self.key.name(), request.note(), time)?;
        let whole = request.note().as_str();
        let lines = whole.get(request.note().text().len() + 1..).unwrap_or_default();
        let of_log = request
            .note()
            .signatures()
            .iter()
            .zip(lines.split_inclusive('\n'))
            .filter(|(it, _)| self.logs.iter().any(|log| log.name() == it.name() && log.id() == it.id()));
        let lines: String = of_log.map(|(_, line)| line).chain([line.as_str()]).collect();
        let note = SignedNote::assemble(request.note().text(), &lines).map_err(NoteSignError::Note)?;
        Ok((line, Found { latest: Latest { head: head(request), time }, note }))
    }

    fn broke(&self, error: &FolderError) -> Reply {
        tracing::error!(%error, "nothing more is cosigned: what stands in the folder is not known");
        self.broken.store(true, Ordering::Relaxed);
        Reply::failed("what was cosigned could not be kept: nothing more is")
    }

    /// Whether nothing more is cosigned, because something could not be kept.
    pub fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    /// The checkpoint that was last cosigned of the log whose origin has this SHA-256 in hexadecimal.
    pub fn checkpoint(&self, origin_hash: &str) -> Option<String> {
        let (_, known) = self.known.iter().find(|(origin, _)| name_of(origin) == origin_hash)?;
        known.found().map(|found| found.note)
    }

    /// How it stands with each log.
    pub fn standings(&self) -> Vec<Standing> {
        let standing =
            |(origin, known): (&String, &Known)| Standing { origin: origin.clone(), latest: known.latest() };
        self.known.iter().map(standing).collect()
    }

    /// All evidence.
    ///
    /// # Errors
    ///
    /// [`FolderError`].
    pub fn evidence(&self) -> Result<Vec<Evidence>, FolderError> {
        Folder::evidence(self.folder.path())
    }

    /// What is believed of this witness: its key, as trust lines have it.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// What its cosignatures say.
    pub const fn kind(&self) -> WitnessKind {
        self.kind
    }

    /// The keys of the logs.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// What was answered.
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// How far it has computed again, and why it goes on no more, of one that does.
    pub fn replayed(&self) -> Option<(u64, Option<String>)> {
        self.replaying.as_ref().map(Replaying::standing)
    }
}

impl Reply {
    fn of(answer: &Answer) -> Self {
        let body = match answer {
            Answer::OtherSize(size) => format!("{size}\n"),
            answer => format!("{}: {answer}\n", answer.name()),
        };
        let is_size = matches!(answer, Answer::OtherSize(_));
        Self { status: answer.status(), body, is_size, retry_after_s: None }
    }

    fn later(body: String) -> Self {
        Self { status: 503, body, is_size: false, retry_after_s: Some(RETRY_AFTER_S) }
    }

    fn failed(why: &str) -> Self {
        Self { status: 500, body: format!("{why}\n"), is_size: false, retry_after_s: None }
    }
}

fn head(request: &AddCheckpoint<'_>) -> TreeHead {
    TreeHead { size: request.size(), root: request.root() }
}

/// What is answered if a cosignature had to have a time that no clock shows, because the clock once was far ahead.
fn far_ahead(origin: &str, time: Seconds, now: Seconds) -> Option<Reply> {
    let ahead = time.0.saturating_sub(now.0);
    if ahead <= SKEW_MAX.0 / 1_000 {
        return None;
    }
    tracing::error!(
        origin,
        ahead_s = ahead,
        "the last cosignature is ahead of the clock: nothing is cosigned"
    );
    Some(Reply::later(format!("the last cosignature is {ahead} s ahead of the clock\n")))
}

impl fmt::Debug for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("key", &self.key).field("kind", &self.kind).finish_non_exhaustive()
    }
}
