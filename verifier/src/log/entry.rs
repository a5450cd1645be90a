//! Log entries (spec 03 §1–§4): small, and they reveal nothing but their kind and time.

use crate::c2sp::is_key_name;
use crate::cbor::{DecodeError, Reader, Writer};
use crate::code::Code;
use crate::hash::sha256;
use crate::key::PublicKey;
use crate::label;
use crate::limits::*;
use crate::object::{Kind, RESERVED};
use crate::types::{Hash, LedgerId, Millis, ObjectId, Rules, TreeSize};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// One leaf of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// Entry 0.
    Genesis(Box<Genesis>),
    /// The last entry of a batch.
    Commitment(Commitment),
    /// Everything else.
    Outcome(Outcome),
}

/// What a ledger is, for ever.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    /// When it began.
    pub time: Millis,
    /// Origin of its checkpoints.
    pub origin: String,
    /// The key that signs its checkpoints.
    pub log_key: PublicKey,
    /// The operators' keys, in strictly increasing order of their bytes.
    pub operators: Vec<PublicKey>,
    /// How many of them must sign.
    pub threshold: u64,
    /// The rules in force from the first entry.
    pub rules: Rules,
}

/// The state after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commitment {
    /// Ledger time.
    pub time: Millis,
    /// Leaves of the state tree.
    pub state_size: TreeSize,
    /// Root of the state tree.
    pub state_root: Hash,
    /// Root of the status tree.
    pub status_root: Hash,
}

/// What became of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Ledger time.
    pub time: Millis,
    /// Kind of the operation.
    pub kind: Kind,
    /// Its id; for an entry that the ledger writes, the id of what it ends or makes effective.
    pub id: ObjectId,
    /// Why it was refused, of a refusal and of nothing else; `None` is 0 in the entry: applied.
    pub refused: Option<Code>,
    /// Digest of the details.
    pub details: Hash,
}

impl Entry {
    /// Ledger time of the entry.
    pub fn time(&self) -> Millis {
        match self {
            Self::Genesis(genesis) => genesis.time,
            Self::Commitment(commitment) => commitment.time,
            Self::Outcome(outcome) => outcome.time,
        }
    }

    /// Decodes one entry.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; an unknown kind is `Malformed`, so is a refusal without a reason; an unknown result is
    /// `NotEnabled`, and so is one that is not 0 of anything but a refusal.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
            let len = r.array(8)?;
            r.label(label::ENTRY)?;
            let time = Millis(r.u64()?);
            let number = r.u64()?;
            let reserved = RESERVED.iter().any(|(reserved, _)| *reserved == number);
            let unknown = if reserved { DecodeError::NotEnabled(2) } else { DecodeError::Malformed };
            let kind = Kind::from_number(number).ok_or(unknown)?;
            match (kind, len) {
                (Kind::Genesis, 8) => {
                    Genesis::decode(r, time).map(|genesis| Self::Genesis(Box::new(genesis)))
                }
                (Kind::Commitment, 6) => Ok(Self::Commitment(Commitment {
                    time,
                    state_size: TreeSize(r.u64()?),
                    state_root: Hash(r.array_bytes()?),
                    status_root: Hash(r.array_bytes()?),
                })),
                (Kind::Genesis | Kind::Commitment, _) => Err(DecodeError::Malformed),
                (kind, 6) => {
                    let id = ObjectId(r.array_bytes()?);
                    let refused = Outcome::decode_result(kind, r.u64()?)?;
                    Ok(Self::Outcome(Outcome { time, kind, id, refused, details: Hash(r.array_bytes()?) }))
                }
                _ => Err(DecodeError::Malformed),
            }
        })
    }

    /// Encodes the entry; [`Entry::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let len = if matches!(self, Self::Genesis(_)) { 8 } else { 6 };
        let mut w = Writer::labelled(label::ENTRY, len);
        w.u64(self.time().0);
        match self {
            Self::Genesis(genesis) => genesis.encode(&mut w),
            Self::Commitment(c) => {
                w.u64(Kind::Commitment as u64).u64(c.state_size.0);
                w.bytes(&c.state_root.0).bytes(&c.status_root.0);
            }
            Self::Outcome(o) => {
                let result = o.refused.map_or(0, |code| u64::from(code.number()));
                w.u64(o.kind as u64).bytes(&o.id.0).u64(result).bytes(&o.details.0);
            }
        }
        w.into_bytes()
    }
}

impl Outcome {
    /// A refusal has a code, everything else 0: nobody takes the one for the other.
    fn decode_result(kind: Kind, result: u64) -> Result<Option<Code>, DecodeError> {
        match (kind, result) {
            (Kind::Refusal, 0) => Err(DecodeError::Malformed),
            (Kind::Refusal, number) => Code::from_number(number).map(Some).ok_or(DecodeError::NotEnabled(4)),
            (_, 0) => Ok(None),
            _ => Err(DecodeError::NotEnabled(4)),
        }
    }
}

impl Genesis {
    /// The ledger's name: SHA-256 of the genesis entry's bytes.
    pub fn ledger_id(entry: &[u8]) -> LedgerId {
        LedgerId(sha256(&[entry]).0)
    }

    fn decode(r: &mut Reader<'_>, time: Millis) -> Result<Self, DecodeError> {
        let genesis = Self {
            time,
            origin: r.text(KEY_NAME_BYTES_MAX)?.into(),
            log_key: r.key()?,
            operators: r.list(OPERATOR_KEYS_MAX, Reader::key)?,
            threshold: r.u64()?,
            rules: r.rules()?,
        };
        let sorted = genesis.operators.is_sorted_by(|a, b| a.bytes() < b.bytes());
        // Two quorums always share an operator, so no decision is taken twice by halves that do not meet.
        let most = genesis.operators.len() as u64;
        let majority = genesis.threshold <= most && genesis.threshold.saturating_mul(2) > most;
        let roles = !genesis.operators.contains(&genesis.log_key);
        if sorted && majority && roles && is_key_name(&genesis.origin) {
            Ok(genesis)
        } else {
            Err(DecodeError::Malformed)
        }
    }

    fn encode(&self, w: &mut Writer) {
        w.u64(Kind::Genesis as u64).text(&self.origin).bytes(&self.log_key.bytes().0);
        w.list(&self.operators, |w, key| {
            w.bytes(&key.bytes().0);
        });
        w.u64(self.threshold).u64(self.rules.0);
    }
}
