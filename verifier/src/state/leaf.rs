//! State leaves (spec 06 §1–§3, §5).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::label;
use crate::limits::*;
use crate::types::{
    EntryIndex, Epoch, Generation, Hash, KeyBytes, Millis, ObjectId, Rules, Seconds, StateIndex,
};
use alloc::string::String;
use alloc::vec::Vec;

/// Bytes that the leaf of a token does not exceed by much.
const LEAF_ROOM: usize = 288;

/// The operators' bit of a suspension mask: a freeze.
pub const MASK_OPERATOR: u16 = 1;

/// One leaf of the state tree: the head that every kind has, and a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Its place in the state tree.
    pub index: StateIndex,
    /// The id of the object that created it; for leaf 0 the ledger id.
    pub id: ObjectId,
    /// Whether it can still be used.
    pub life: Life,
    /// Who suspends it: bit 0 the operators, bit 1 the issuer, bit k + 1 the holder of the k-th token of the chain.
    pub mask: u16,
    /// Raised by transfers.
    pub epoch: Epoch,
    /// Raised by cuts and changes of keys.
    pub generation: Generation,
    /// Running hash over the entries that rewrote it.
    pub history: Hash,
    /// What its kind adds.
    pub body: LeafBody,
}

/// Whether a leaf can still be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Life {
    /// In use.
    Live = 0,
    /// Revoked, for ever.
    Revoked = 1,
    /// Ended, for ever.
    Ended = 2,
}

/// The kinds of leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeafBody {
    /// Leaf 0.
    Ledger(LedgerLeaf),
    /// A unit.
    Unit(UnitLeaf),
    /// An issuer or service.
    Party(PartyLeaf),
    /// A token.
    Token(TokenLeaf),
}

/// The ledger itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerLeaf {
    /// The operators' keys, in strictly increasing order.
    pub operators: Vec<KeyBytes>,
    /// How many of them must sign.
    pub threshold: u64,
    /// The rules in force.
    pub rules: Rules,
}

/// A unit of value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitLeaf {
    /// Its name.
    pub name: String,
    /// Decimals of the major unit.
    pub decimals: u64,
}

/// A party: an issuer, a service, or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyLeaf {
    /// Its name for people.
    pub name: String,
    /// Its keys.
    pub keys: Vec<KeyBytes>,
    /// Keys that it had, oldest first.
    pub retired: Vec<(KeyBytes, Retired)>,
    /// Whether the operators appointed it as an issuer.
    pub issuer: bool,
}

/// Why a key was retired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Retired {
    /// In good order: what it signed and was admitted stays good.
    Rotated = 0,
    /// It fell into wrong hands: good for nothing.
    Compromised = 1,
}

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLeaf {
    /// The leaf of its parent; of a root, that of its issuer.
    pub parent: StateIndex,
    /// The holder's key.
    pub holder: KeyBytes,
    /// When a transfer last made him the holder; 0 if none did.
    pub holder_since: Millis,
    /// End of its life.
    pub expires: Seconds,
    /// Carved tokens below that took value out of this one, directly or through shared ones, and have not ended.
    pub carved_children: u64,
    /// Digest of the token's payload.
    pub authority: Hash,
    /// Salted digest of its values.
    pub values: Hash,
}

impl Leaf {
    /// Decodes a leaf.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
            r.array_of(9)?;
            r.label(label::STATE)?;
            let kind = r.u64()?;
            let (index, id) = (StateIndex(r.u64()?), ObjectId(r.array_bytes()?));
            r.array_of(2)?;
            let life = match r.u64_max(2)? {
                0 => Life::Live,
                1 => Life::Revoked,
                _ => Life::Ended,
            };
            let mask = u16::try_from(r.u64()?).map_err(|_| DecodeError::Malformed)?;
            let (epoch, generation) = (Epoch(r.u64()?), Generation(r.u64()?));
            let history = Hash(r.array_bytes()?);
            let body = match kind {
                0 => LeafBody::Ledger(LedgerLeaf::decode(r)?),
                1 => LeafBody::Unit(UnitLeaf::decode(r)?),
                2 => LeafBody::Party(PartyLeaf::decode(r)?),
                3 => LeafBody::Token(TokenLeaf::decode(r)?),
                _ => return Err(DecodeError::Malformed),
            };
            Ok(Self { index, id, life, mask, epoch, generation, history, body })
        })
    }

    /// Encodes the leaf; [`Leaf::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        let kind = match self.body {
            LeafBody::Ledger(_) => 0,
            LeafBody::Unit(_) => 1,
            LeafBody::Party(_) => 2,
            LeafBody::Token(_) => 3,
        };
        let mut w = Writer::with_room(LEAF_ROOM);
        w.array(9).text(label::STATE).u64(kind).u64(self.index.0).bytes(&self.id.0);
        w.array(2).u64(self.life as u64).u64(u64::from(self.mask));
        w.u64(self.epoch.0).u64(self.generation.0).bytes(&self.history.0);
        match &self.body {
            LeafBody::Ledger(ledger) => {
                w.array(3).list(&ledger.operators, put_key).u64(ledger.threshold).u64(ledger.rules.0);
            }
            LeafBody::Unit(unit) => {
                w.array(2).text(&unit.name).u64(unit.decimals);
            }
            LeafBody::Party(party) => {
                w.array(4).text(&party.name).list(&party.keys, put_key);
                w.list(&party.retired, |w, (key, why)| {
                    w.array(2).bytes(&key.0).u64(*why as u64);
                });
                w.bool(party.issuer);
            }
            LeafBody::Token(t) => {
                w.array(7).u64(t.parent.0).bytes(&t.holder.0).u64(t.holder_since.0).u64(t.expires.0);
                w.u64(t.carved_children).bytes(&t.authority.0).bytes(&t.values.0);
            }
        }
        w.into_bytes()
    }

    /// The token's part, if the leaf is a token's.
    pub const fn token(&self) -> Option<&TokenLeaf> {
        match &self.body {
            LeafBody::Token(token) => Some(token),
            _ => None,
        }
    }

    /// The party's part, if the leaf is a party's.
    pub const fn party(&self) -> Option<&PartyLeaf> {
        match &self.body {
            LeafBody::Party(party) => Some(party),
            _ => None,
        }
    }

    /// The unit's part, if the leaf is a unit's.
    pub const fn unit(&self) -> Option<&UnitLeaf> {
        match &self.body {
            LeafBody::Unit(unit) => Some(unit),
            _ => None,
        }
    }

    /// Whether holder, epoch, keys and generation are those of the admission.
    pub const fn is_unchanged(&self) -> bool {
        self.epoch.0 == 0 && self.generation.0 == 0
    }
}

impl LedgerLeaf {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(3)?;
        let operators = r.list(OPERATOR_KEYS_MAX, get_key)?;
        Ok(Self { operators, threshold: r.u64()?, rules: r.rules()? })
    }
}

impl UnitLeaf {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(2)?;
        Ok(Self { name: r.text(UNIT_NAME_BYTES_MAX)?.into(), decimals: r.u64_max(UNIT_DECIMALS_MAX)? })
    }
}

impl PartyLeaf {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(4)?;
        let name = r.text(NAME_BYTES_MAX)?.into();
        let keys = r.list(PARTY_KEYS_MAX, get_key)?;
        let retired = r.list(RETIRED_KEYS_MAX, |r| {
            r.array_of(2)?;
            let key = get_key(r)?;
            Ok((key, if r.u64_max(1)? == 0 { Retired::Rotated } else { Retired::Compromised }))
        })?;
        Ok(Self { name, keys, retired, issuer: r.bool()? })
    }
}

impl TokenLeaf {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(7)?;
        Ok(Self {
            parent: StateIndex(r.u64()?),
            holder: get_key(r)?,
            holder_since: Millis(r.u64()?),
            expires: Seconds(r.u64()?),
            carved_children: r.u64()?,
            authority: Hash(r.array_bytes()?),
            values: Hash(r.array_bytes()?),
        })
    }

    /// The digest that binds a token's payload into its leaf.
    pub fn authority_of(payload: &[u8]) -> Hash {
        let mut w = Writer::with_room(payload.len().saturating_add(label::AUTHORITY.len()).saturating_add(8));
        w.array(2).text(label::AUTHORITY).bytes(payload);
        w.digest()
    }
}

fn get_key(r: &mut Reader<'_>) -> Result<KeyBytes, DecodeError> {
    r.array_bytes().map(KeyBytes)
}

fn put_key(w: &mut Writer, key: &KeyBytes) {
    w.bytes(&key.0);
}

/// The history of a leaf after the entry at `index` with the log leaf hash `entry` rewrote it (spec 06 §5). A leaf
/// starts from the zero hash.
pub fn history(before: &Hash, index: EntryIndex, entry: &Hash) -> Hash {
    let mut w = Writer::labelled(label::HISTORY, 4);
    w.bytes(&before.0).u64(index.0).bytes(&entry.0);
    w.digest()
}
