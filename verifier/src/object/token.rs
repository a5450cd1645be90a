//! Tokens: roots, logged children and offline links are one format (spec 04 §1–§2).

use super::approval::ApprovalRule;
use super::budget::{Budget, Share, decode_open_budgets, encode_budgets};
use super::permission::{Permission, decode_list};
use crate::cbor::{DecodeError, Fields, Reader, Writer, required};
use crate::key::EncodedKey;
use crate::limits::*;
use crate::types::{Epoch, Generation, Hash, Millis, Nonce, ObjectId, Seconds};
use alloc::vec::Vec;

const CWT_EXP: i64 = 4;
const CWT_NBF: i64 = 5;
const CWT_CTI: i64 = 7;
const CWT_CNF: i64 = 8;
/// The one private claim (CWT private use is below -65536): a map of Remit's own claims.
const REMIT_CLAIMS: i64 = -65537;

/// The payload of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// End of the token's life.
    pub expires: Seconds,
    /// Start of the token's life; from the beginning where absent.
    pub not_before: Option<Seconds>,
    /// Makes the token unique.
    pub nonce: Nonce,
    /// The key that uses, narrows and hands on the token.
    pub holder: EncodedKey,
    /// End of the admission window.
    pub valid_until: Seconds,
    /// Digest of the bundle that admits it, if one does.
    pub bundle: Option<Hash>,
    /// From whom the authority comes, and with it the mode.
    pub origin: Origin,
    /// Alternatives of what is allowed; one of them must cover an invocation. `None` inherits, in a root nothing.
    pub permissions: Option<Vec<Permission>>,
    /// Whether and how deep it may be delegated. `None` inherits, in a root no delegation.
    pub delegation: Option<Delegation>,
    /// Whether it may be transferred. `None` inherits, in a root no.
    pub transferable: Option<bool>,
    /// Greatest age of evidence that a service may accept. `None` inherits, in a root no bound of its own.
    pub max_staleness: Option<Seconds>,
    /// Digest of the sealed claims; every logged token has one, no offline link has.
    pub sealed: Option<Hash>,
    /// Budgets of an offline link, always shared.
    pub budgets: Option<Vec<Budget>>,
    /// Whose approval its uses need, those of the tokens below too. `None` asks nobody; the rules above hold anyway.
    pub approval: Option<ApprovalRule>,
    /// In a root: how many entries may be written for it and all tokens below. `None` counts none.
    pub entries: Option<EntryQuota>,
}

/// How many entries a root lets be written for its tokens in each span of time (spec 19 §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct EntryQuota {
    /// As soon as so many are counted in a span, nothing new is begun in it; at least 1.
    pub most: u64,
    /// Length of the spans, which follow each other from the beginning of Unix time.
    pub length: Seconds,
}

/// Where a token's authority comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A root, signed by an issuer's key.
    Root {
        /// The issuer's party id.
        issuer: ObjectId,
    },
    /// A child that was admitted and has a leaf, signed by its parent's holder.
    Logged {
        /// The parent token.
        parent: ObjectId,
        /// The parent's epoch.
        epoch: Epoch,
    },
    /// A link appended without the ledger, signed by its parent's holder.
    Offline {
        /// The parent: a logged token or another link.
        parent: ObjectId,
        /// Epoch of the nearest logged ancestor.
        epoch: Epoch,
        /// Generation of the nearest logged ancestor.
        generation: Generation,
    },
}

/// What may be appended below a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delegation {
    /// Which links.
    pub mode: DelegationMode,
    /// How many links may still follow.
    pub depth: u64,
}

/// Which links may be appended; each mode includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DelegationMode {
    /// None.
    None,
    /// Logged children.
    Logged,
    /// Logged children and offline links.
    Offline,
}

impl DelegationMode {
    /// All of them, each including those before it.
    pub const ALL: [Self; 3] = [Self::None, Self::Logged, Self::Offline];

    /// Its name.
    pub const fn text(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Logged => "logged",
            Self::Offline => "offline",
        }
    }

    /// The mode with this name.
    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.text() == text)
    }
}

impl Token {
    /// Whether the token is a link without a leaf.
    pub const fn is_offline(&self) -> bool {
        matches!(self.origin, Origin::Offline { .. })
    }

    /// The parent token, if it is no root.
    pub const fn parent(&self) -> Option<ObjectId> {
        match self.origin {
            Origin::Root { .. } => None,
            Origin::Logged { parent, .. } | Origin::Offline { parent, .. } => Some(parent),
        }
    }

    /// Whether its life has begun at `now`.
    pub fn begun(&self, now: Millis) -> bool {
        self.not_before.is_none_or(|start| start.passed(now))
    }

    /// Decodes a payload; the holder's key is a point.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `Malformed` also for claims that do not belong to the mode (spec 04 §2).
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let token = Self::decode_unkeyed(payload)?;
        token.holder.decode().map_err(DecodeError::Key)?;
        Ok(token)
    }

    /// Decodes a payload; whether the holder's key is a point is for the caller to see where it matters (spec 10 §6),
    /// or was seen before.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `Malformed` also for claims that do not belong to the mode (spec 04 §2).
    pub fn decode_unkeyed(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut cwt = (None, None, None, None, None);
        Reader::whole(payload, PAYLOAD_BYTES_MAX, |r| {
            r.map(|key, r| {
                match key {
                    CWT_EXP => cwt.0 = Some(Seconds(r.u64()?)),
                    CWT_NBF => cwt.1 = Some(Seconds(r.u64()?)),
                    CWT_CTI => cwt.2 = Some(r.nonce()?),
                    CWT_CNF => cwt.3 = Some(decode_cnf(r)?),
                    REMIT_CLAIMS => cwt.4 = Some(Claims::decode(r)?),
                    other => return Err(DecodeError::UnknownField(other)),
                }
                Ok(())
            })
        })?;
        let claims = required(cwt.4, REMIT_CLAIMS)?;
        let token = Self {
            expires: required(cwt.0, CWT_EXP)?,
            not_before: cwt.1,
            nonce: required(cwt.2, CWT_CTI)?,
            holder: required(cwt.3, CWT_CNF)?,
            valid_until: required(claims.valid_until, 1)?,
            bundle: claims.bundle,
            origin: required(claims.origin, 3)?,
            permissions: claims.permissions,
            delegation: claims.delegation,
            transferable: claims.transferable,
            max_staleness: claims.max_staleness,
            sealed: claims.sealed,
            budgets: claims.budgets,
            approval: claims.approval,
            entries: claims.entries,
        };
        token.fits_mode()?;
        Ok(token)
    }

    /// An offline link has open, shared budgets, no sealed claims and no transfer; a logged token the opposite. Entries
    /// are counted by roots alone.
    fn fits_mode(&self) -> Result<(), DecodeError> {
        let fits = match self.origin {
            Origin::Offline { .. } => {
                let shared = |b: &Budget| b.share == Share::Shared;
                self.sealed.is_none()
                    && self.transferable.is_none()
                    && self.bundle.is_none()
                    && self.budgets.as_ref().is_none_or(|all| all.iter().all(shared))
            }
            _ => self.sealed.is_some() && self.budgets.is_none(),
        };
        let root = matches!(self.origin, Origin::Root { .. });
        if fits && (root || self.entries.is_none()) { Ok(()) } else { Err(DecodeError::Malformed) }
    }

    /// Encodes the payload; [`Token::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let mut claims = Fields::default();
        claims.add(1, |w| w.u64(self.valid_until.0));
        claims.opt(2, self.bundle, |w, digest| w.bytes(&digest.0));
        claims.add(3, |w| self.origin.encode(w));
        claims.opt(4, self.permissions.as_ref(), |w, all| w.list(all, |w, permission| permission.encode(w)));
        claims.opt(5, self.delegation, |w, d| w.array(2).u64(d.mode as u64).u64(d.depth));
        claims.opt(6, self.transferable, |w, yes| w.bool(yes));
        claims.opt(7, self.max_staleness, |w, age| w.u64(age.0));
        claims.opt(8, self.sealed, |w, digest| w.bytes(&digest.0));
        claims.opt(9, self.budgets.as_ref(), |w, budgets| encode_budgets(w, budgets));
        claims.opt(10, self.approval.as_ref(), |w, rule| rule.encode(w));
        claims.opt(11, self.entries, |w, quota| w.array(2).u64(quota.most).u64(quota.length.0));
        let mut cwt = Fields::default();
        cwt.add(CWT_EXP, |w| w.u64(self.expires.0));
        cwt.opt(CWT_NBF, self.not_before, |w, start| w.u64(start.0));
        cwt.add(CWT_CTI, |w| w.bytes(&self.nonce.0));
        cwt.add(CWT_CNF, |w| encode_cnf(w, &self.holder));
        cwt.add(REMIT_CLAIMS, |w| w.fields(claims));
        cwt.into_bytes()
    }
}

/// Remit's claims while they are being read.
#[derive(Default)]
struct Claims {
    valid_until: Option<Seconds>,
    bundle: Option<Hash>,
    origin: Option<Origin>,
    permissions: Option<Vec<Permission>>,
    delegation: Option<Delegation>,
    transferable: Option<bool>,
    max_staleness: Option<Seconds>,
    sealed: Option<Hash>,
    budgets: Option<Vec<Budget>>,
    approval: Option<ApprovalRule>,
    entries: Option<EntryQuota>,
}

impl Claims {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut claims = Self::default();
        r.map(|key, r| {
            match key {
                1 => claims.valid_until = Some(Seconds(r.u64()?)),
                2 => claims.bundle = Some(Hash(r.array_bytes()?)),
                3 => claims.origin = Some(Origin::decode(r)?),
                4 => claims.permissions = Some(decode_list(r)?),
                5 => claims.delegation = Some(Delegation::decode(r)?),
                6 => claims.transferable = Some(r.bool()?),
                7 => claims.max_staleness = Some(Seconds(r.u64()?)),
                8 => claims.sealed = Some(Hash(r.array_bytes()?)),
                9 => claims.budgets = Some(decode_open_budgets(r)?),
                10 => claims.approval = Some(ApprovalRule::decode(r)?),
                11 => claims.entries = Some(EntryQuota::decode(r)?),
                other => return Err(DecodeError::UnknownField(other)),
            }
            Ok(())
        })?;
        Ok(claims)
    }
}

impl EntryQuota {
    /// The first second of the span that `now` lies in.
    pub const fn start(&self, now: Seconds) -> Seconds {
        now.start_of(self.length)
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(2)?;
        let (most, length) = (r.u64()?, Seconds(r.u64()?));
        let fits = most >= 1 && (WINDOW_LENGTH_MIN..=WINDOW_LENGTH_MAX).contains(&length);
        if fits { Ok(Self { most, length }) } else { Err(DecodeError::Malformed) }
    }
}

impl Origin {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = r.array(4)?;
        let mode = r.u64_max(2)?;
        let id = ObjectId(r.array_bytes()?);
        match (mode, len) {
            (0, 2) => Ok(Self::Root { issuer: id }),
            (1, 3) => Ok(Self::Logged { parent: id, epoch: Epoch(r.u64()?) }),
            (2, 4) => {
                Ok(Self::Offline { parent: id, epoch: Epoch(r.u64()?), generation: Generation(r.u64()?) })
            }
            _ => Err(DecodeError::Malformed),
        }
    }

    fn encode<'w>(&self, w: &'w mut Writer) -> &'w mut Writer {
        match self {
            Self::Root { issuer } => w.array(2).u64(0).bytes(&issuer.0),
            Self::Logged { parent, epoch } => w.array(3).u64(1).bytes(&parent.0).u64(epoch.0),
            Self::Offline { parent, epoch, generation } => {
                w.array(4).u64(2).bytes(&parent.0).u64(epoch.0).u64(generation.0)
            }
        }
    }
}

impl Delegation {
    /// No delegation at all: what a root without the claim has.
    pub const NONE: Self = Self { mode: DelegationMode::None, depth: 0 };

    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(2)?;
        let mode = match r.u64_max(2)? {
            0 => DelegationMode::None,
            1 => DelegationMode::Logged,
            _ => DelegationMode::Offline,
        };
        Ok(Self { mode, depth: r.u64_max(DEPTH_MAX as u64)? })
    }
}

/// `cnf` of RFC 8747 with a COSE_Key: `{1: {1: 1, -1: 6, -2: x}}`.
fn decode_cnf(r: &mut Reader<'_>) -> Result<EncodedKey, DecodeError> {
    let mut key = None;
    r.map(|field, r| {
        if field != 1 {
            return Err(DecodeError::UnknownField(field));
        }
        let (mut kty, mut crv, mut x) = (None, None, None);
        r.map(|field, r| {
            match field {
                1 => kty = Some(r.u64()?),
                -1 => crv = Some(r.u64()?),
                -2 => x = Some(r.encoded_key()?),
                other => return Err(DecodeError::UnknownField(other)),
            }
            Ok(())
        })?;
        if (kty, crv) != (Some(1), Some(6)) {
            return Err(DecodeError::Malformed);
        }
        key = Some(required(x, -2)?);
        Ok(())
    })?;
    required(key, 1)
}

fn encode_cnf<'w>(w: &'w mut Writer, key: &EncodedKey) -> &'w mut Writer {
    w.map(1).i64(1).map(3).i64(1).u64(1).i64(-1).u64(6).i64(-2).bytes(&key.bytes().0)
}
