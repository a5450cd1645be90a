//! Budgets, and the sealed claims that carry them (spec 04 §5–§6).

use super::lease::LeaseLimits;
use super::window::{Window, decode_windows, encode_windows};
use crate::cbor::{DecodeError, Fields, Reader, Writer, required};
use crate::label;
use crate::limits::*;
use crate::types::{Amount, Hash, ObjectId};
use alloc::string::String;
use alloc::vec::Vec;

/// What may be spent in one unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    /// The unit, by the id of its registration.
    pub unit: ObjectId,
    /// Whether the total is a share of the parent's, or moved out of it.
    pub share: Share,
    /// Most that may ever be spent, less what was refunded. A root or carved budget must state it.
    pub total: Option<Amount>,
    /// Most that one use may be.
    pub per_use: Option<Amount>,
    /// Most that refunds may restore, in gross; by default the total once over.
    pub refundable: Option<Amount>,
    /// Most that may be reserved in spans of time that follow each other, in the order of their periods.
    pub windows: Vec<Window>,
    /// Up to which sum in one span no approval is needed; the token states the approvers.
    pub cumulative: Option<Window>,
    /// What leases may be opened at or below the token; without it none.
    pub leases: Option<LeaseLimits>,
}

/// How a child's total relates to its parent's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Share {
    /// A cap: spends post on the parent as well. In a root, its own value.
    Shared,
    /// Value moved out of the parent when the child is admitted.
    Carved,
}

/// The claims that only the issuer, the holders and the ledger see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Random; salts the digest of these claims, of the token's values and of its parts of details.
    pub secret: [u8; 32],
    /// Budgets, each of another unit. `None` inherits; in a root it holds nothing.
    pub budgets: Option<Vec<Budget>>,
    /// A name for people.
    pub name: Option<String>,
    /// A note for people.
    pub note: Option<String>,
}

impl Budget {
    /// A budget that states its total, if that, and no other bound; it opens no leases.
    pub fn new(unit: ObjectId, share: Share, total: Option<Amount>) -> Self {
        let (windows, cumulative, leases) = (Vec::new(), None, None);
        Self { unit, share, total, per_use: None, refundable: None, windows, cumulative, leases }
    }

    /// The budget's bound on gross refunds: as stated, else the total once over, else none.
    pub fn refundable(&self) -> Option<Amount> {
        self.refundable.or(self.total)
    }

    /// Reads budgets as they stand in sealed claims (spec 04 §6).
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `NotCanonical` also for budgets out of the order of their units.
    pub fn read_all(r: &mut Reader<'_>) -> Result<Vec<Self>, DecodeError> {
        decode_budgets(r, false)
    }

    /// Writes what [`Budget::read_all`] reads.
    pub fn write_all(w: &mut Writer, budgets: &[Self]) {
        encode_budgets(w, budgets);
    }

    fn decode(r: &mut Reader<'_>, open: bool) -> Result<Self, DecodeError> {
        let (mut unit, mut share, mut total, mut per_use, mut refundable) = (None, None, None, None, None);
        let (mut windows, mut cumulative, mut leases) = (None, None, None);
        r.map(|key, r| {
            match key {
                1 => unit = Some(ObjectId(r.array_bytes()?)),
                2 => share = Some(if r.u64_max(1)? == 1 { Share::Carved } else { Share::Shared }),
                3 => total = Some(Amount(r.u64()?)),
                4 => per_use = Some(Amount(r.u64()?)),
                5 => refundable = Some(Amount(r.u64()?)),
                // An offline link does not live long enough for more than its total.
                6 if !open => windows = Some(decode_windows(r)?),
                7 if !open => leases = Some(LeaseLimits::decode(r)?),
                8 if !open => cumulative = Some(Window::decode(r)?),
                other => return Err(DecodeError::UnknownField(other)),
            }
            Ok(())
        })?;
        Ok(Self {
            unit: required(unit, 1)?,
            share: required(share, 2)?,
            total,
            per_use,
            refundable,
            windows: windows.unwrap_or_default(),
            cumulative,
            leases,
        })
    }

    fn encode(&self, w: &mut Writer) {
        let mut fields = Fields::default();
        fields.add(1, |w| w.bytes(&self.unit.0));
        fields.add(2, |w| w.u64(u64::from(self.share == Share::Carved)));
        fields.opt(3, self.total, |w, amount| w.u64(amount.0));
        fields.opt(4, self.per_use, |w, amount| w.u64(amount.0));
        fields.opt(5, self.refundable, |w, amount| w.u64(amount.0));
        let windows = Some(&self.windows).filter(|windows| !windows.is_empty());
        fields.opt(6, windows, |w, windows| encode_windows(w, windows));
        fields.opt(7, self.leases, |w, limits| limits.encode(w));
        fields.opt(8, self.cumulative, |w, window| {
            window.encode(w);
            w
        });
        w.fields(fields);
    }
}

/// The open budgets of an offline link.
pub(super) fn decode_open_budgets(r: &mut Reader<'_>) -> Result<Vec<Budget>, DecodeError> {
    decode_budgets(r, true)
}

/// Budgets in strictly increasing order of their units, so that no unit stands twice.
fn decode_budgets(r: &mut Reader<'_>, open: bool) -> Result<Vec<Budget>, DecodeError> {
    let budgets = r.list(BUDGETS_MAX, |r| Budget::decode(r, open))?;
    if budgets.is_sorted_by(|a, b| a.unit < b.unit) { Ok(budgets) } else { Err(DecodeError::NotCanonical) }
}

pub(super) fn encode_budgets<'w>(w: &'w mut Writer, budgets: &[Budget]) -> &'w mut Writer {
    w.list(budgets, |w, budget| budget.encode(w))
}

impl Sealed {
    /// Decodes opened sealed claims.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `NotCanonical` also for budgets out of the order of their units.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, SEALED_BYTES_MAX, |r| {
            r.array_of(3)?;
            r.label(label::SEALED)?;
            let secret = r.array_bytes()?;
            let mut sealed = Self { secret, budgets: None, name: None, note: None };
            r.map(|key, r| {
                match key {
                    1 => sealed.budgets = Some(decode_budgets(r, false)?),
                    2 => sealed.name = Some(r.text(NAME_BYTES_MAX)?.into()),
                    3 => sealed.note = Some(r.text(TEXT_BYTES_MAX)?.into()),
                    other => return Err(DecodeError::UnknownField(other)),
                }
                Ok(())
            })?;
            Ok(sealed)
        })
    }

    /// Encodes the claims; [`Sealed::decode`] gives them back.
    pub fn encode(&self) -> Vec<u8> {
        let mut fields = Fields::default();
        fields.opt(1, self.budgets.as_ref(), |w, budgets| encode_budgets(w, budgets));
        fields.opt(2, self.name.as_ref(), |w, name| w.text(name));
        fields.opt(3, self.note.as_ref(), |w, note| w.text(note));
        let mut writer = Writer::labelled(label::SEALED, 3);
        writer.bytes(&self.secret).fields(fields);
        writer.into_bytes()
    }

    /// What a token commits to: SHA-256 of the encoded claims, which hold 32 random bytes.
    pub fn digest(bytes: &[u8]) -> Hash {
        crate::hash::sha256(&[bytes])
    }
}
