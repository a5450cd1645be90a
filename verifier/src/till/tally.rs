//! How far a lease is spent: the number and sum of its uses, and the tree over them (spec 16 §4).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::code::Code;
use crate::hash::{EMPTY_ROOT, node_hash};
use crate::limits::*;
use crate::object::Claim;
use crate::types::{Amount, Hash, TreeSize};
use alloc::vec::Vec;

/// Number, sum and right edge of the tree of the uses so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    number: u64,
    cumulative: Amount,
    /// Roots of the complete subtrees, the largest first: one for every bit set in the number.
    peaks: Vec<Hash>,
}

impl Tally {
    /// How many uses there were.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// What they cost together.
    pub const fn cumulative(&self) -> Amount {
        self.cumulative
    }

    /// Root of the tree over them.
    pub fn root(&self) -> Hash {
        let joined = self.peaks.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        joined.unwrap_or(EMPTY_ROOT)
    }

    /// The tally after one more use, of `amount` and with this leaf hash.
    ///
    /// # Errors
    ///
    /// [`Code::Overflow`] past the largest number or amount.
    pub fn and(&self, amount: Amount, leaf: Hash) -> Result<Self, Code> {
        let number = self.number.checked_add(1).filter(|number| TreeSize(*number) <= TREE_SIZE_MAX);
        let cumulative = self.cumulative.0.checked_add(amount.0).map(Amount);
        let mut peaks = self.peaks.clone();
        let mut node = leaf;
        for _ in 0..self.number.trailing_ones() {
            node = node_hash(&peaks.pop().ok_or(Code::Overflow)?, &node);
        }
        peaks.push(node);
        Ok(Self {
            number: number.ok_or(Code::Overflow)?,
            cumulative: cumulative.ok_or(Code::Overflow)?,
            peaks,
        })
    }

    /// Whether this voucher is the last of these uses.
    pub(super) fn is_of(&self, claim: &Claim) -> bool {
        claim.number == self.number && claim.cumulative == self.cumulative && claim.root == self.root()
    }

    /// Reads `[number, cumulative, [hash, …]]`.
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(3)?;
        let (number, cumulative) = (r.u64_max(TREE_SIZE_MAX.0)?, Amount(r.u64()?));
        let peaks = r.list(TREE_HEIGHT_MAX, |r| r.array_bytes().map(Hash))?;
        if peaks.len() == number.count_ones() as usize {
            Ok(Self { number, cumulative, peaks })
        } else {
            Err(DecodeError::Malformed)
        }
    }

    /// Writes it; [`Tally::decode`] gives it back.
    pub(super) fn encode(&self, w: &mut Writer) {
        w.array(3).u64(self.number).u64(self.cumulative.0).list(&self.peaks, |w, hash| {
            w.bytes(&hash.0);
        });
    }
}
