//! What a witness answers to a checkpoint, as a function of what it knows (spec 21 §2). It reads and keeps nothing:
//! what [`decide`] says is kept before anybody hears of it (spec 21 §3).

use crate::c2sp::{AddCheckpoint, AddCheckpointError, SubmitterError, VerifierKey};
use crate::hash::EMPTY_ROOT;
use crate::merkle::{ProofError, TreeHead, verify_consistency};
use crate::types::{Seconds, TreeSize};
use core::fmt;

/// What a witness last cosigned of one log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latest {
    /// Size and root.
    pub head: TreeHead,
    /// The time in the cosignature.
    pub time: Seconds,
}

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is cosigned, at this time.
    Cosign(Seconds),
    /// The request is malformed.
    Malformed(AddCheckpointError),
    /// The old size is above the checkpoint's.
    OldAhead,
    /// The log is not known.
    UnknownOrigin,
    /// No line is of a key of the log, or one that is does not verify.
    Untrusted(SubmitterError),
    /// The witness has another size than the old one: this.
    OtherSize(TreeSize),
    /// A checkpoint of no entries has another root than the empty tree.
    RootOfEmpty,
    /// The witness has another root at this size: the log has two histories.
    Fork,
    /// There is a proof where there is nothing to prove.
    ProofOfNothing,
    /// The proof does not lead from what the witness has to the checkpoint.
    Inconsistent(ProofError),
}

/// What is answered, and whether the checkpoint is to be kept as evidence whatever the answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What is answered.
    pub answer: Answer,
    /// The checkpoint is signed by the log and has another root than what was cosigned at its size.
    pub evidence: bool,
}

impl Answer {
    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::Cosign(_) => 200,
            Self::Malformed(_) | Self::OldAhead => 400,
            Self::Untrusted(_) => 403,
            Self::UnknownOrigin => 404,
            Self::OtherSize(_) => 409,
            Self::RootOfEmpty | Self::Fork | Self::ProofOfNothing | Self::Inconsistent(_) => 422,
        }
    }

    /// Its stable name (spec 21 §2).
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Cosign(_) => "ok",
            Self::Malformed(_) => "malformed",
            Self::OldAhead => "old_ahead",
            Self::UnknownOrigin => "unknown_origin",
            Self::Untrusted(_) => "untrusted",
            Self::OtherSize(_) => "other_size",
            Self::RootOfEmpty => "root_of_empty",
            Self::Fork => "fork",
            Self::ProofOfNothing => "proof_of_nothing",
            Self::Inconsistent(_) => "inconsistent",
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cosign(time) => write!(f, "cosigned at {time}"),
            Self::Malformed(error) => error.fmt(f),
            Self::OldAhead => f.write_str("the old size is above the checkpoint's"),
            Self::UnknownOrigin => f.write_str("no log of this origin is known"),
            Self::Untrusted(error) => error.fmt(f),
            Self::OtherSize(size) => write!(f, "the last checkpoint cosigned has the size {size}"),
            Self::RootOfEmpty => f.write_str("a tree without entries has another root"),
            Self::Fork => f.write_str("another root was cosigned at this size: the log has two histories"),
            Self::ProofOfNothing => f.write_str("there is a proof where there is nothing to prove"),
            Self::Inconsistent(error) => error.fmt(f),
        }
    }
}

/// Reads a request and checks who sends it.
///
/// # Errors
///
/// [`Answer::Malformed`], [`Answer::UnknownOrigin`], [`Answer::Untrusted`], in this order.
pub fn receive<'a>(body: &'a [u8], keys: &[VerifierKey]) -> Result<AddCheckpoint<'a>, Answer> {
    let request = AddCheckpoint::parse(body).map_err(Answer::Malformed)?;
    request.verify_submitter(keys).map_err(|error| match error {
        SubmitterError::UnknownOrigin => Answer::UnknownOrigin,
        error => Answer::Untrusted(error),
    })?;
    Ok(request)
}

/// Decides on a request that [`receive`] gave, at `now`, by what was last cosigned of this log.
///
/// The time of a cosignature is never before the last one's: a clock that was set back takes nothing back.
pub fn decide(request: &AddCheckpoint<'_>, latest: Option<&Latest>, now: Seconds) -> Decision {
    let forked = |latest: &Latest| latest.head.size == request.size() && latest.head.root != request.root();
    Decision { answer: answer(request, latest, now), evidence: latest.is_some_and(forked) }
}

fn answer(request: &AddCheckpoint<'_>, latest: Option<&Latest>, now: Seconds) -> Answer {
    let (old, new) = (request.old(), TreeHead { size: request.size(), root: request.root() });
    if old > new.size {
        return Answer::OldAhead;
    }
    let known = latest.map_or(TreeHead { size: TreeSize(0), root: EMPTY_ROOT }, |latest| latest.head);
    if old != known.size {
        return Answer::OtherSize(known.size);
    }
    if new.size.0 == 0 && new.root != EMPTY_ROOT {
        return Answer::RootOfEmpty;
    }
    if new.size == known.size && new.root != known.root {
        return Answer::Fork;
    }
    if old.0 == 0 || old == new.size {
        if !request.hashes().is_empty() {
            return Answer::ProofOfNothing;
        }
    } else if let Err(error) = verify_consistency(&known, &new, request.hashes()) {
        return Answer::Inconsistent(error);
    }
    Answer::Cosign(latest.map_or(now, |latest| now.max(latest.time)))
}
