//! Payloads of all operations that are neither tokens nor invocations (spec 02 §5).

use super::approval::{Asking, LeaseTerms, Purpose};
use super::invocation::{decode_arguments, put_arguments};
use super::kind::Kind;
use super::lease::{Lease, LeaseFields};
use super::permission::{Path, decode_path};
use super::trade::{Offer, Price, Trade, decode_minimum, decode_place};
use super::voucher::Voucher;
use crate::cbor::{DecodeError, Fields, Reader, Writer, required};
use crate::key::PublicKey;
use crate::limits::*;
use crate::types::{
    Amount, Epoch, Generation, Hash, LedgerId, Nonce, ObjectId, RequestId, Rules, Seconds, StateIndex,
};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// What every signed operation carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Makes the object unique.
    pub nonce: Nonce,
    /// End of the admission window.
    pub valid_until: Seconds,
    /// Digest of the bundle that it belongs to, if any.
    pub bundle: Option<Hash>,
}

impl Stamp {
    /// Fields 1 to 3, which every payload begins with.
    fn fields(&self) -> Fields {
        let mut f = Fields::default();
        f.add(1, |w| w.bytes(&self.nonce.0));
        f.add(2, |w| w.u64(self.valid_until.0));
        f.opt(3, self.bundle, |w, digest| w.bytes(&digest.0));
        f
    }
}

/// A token named for an act of somebody in or above its chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// The token.
    pub token: ObjectId,
    /// Its epoch.
    pub epoch: Epoch,
    /// The signer's position in the token's chain.
    pub position: Position,
}

/// A place in a chain: 1 the issuer, k + 1 the holder of the k-th token (the root is the first).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position(pub u8);

/// Another operation, named by its id, or inside a bundle by its place there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An operation admitted before.
    Id(ObjectId),
    /// An earlier member of the same bundle, from 0.
    Member(u8),
}

/// What a holder asks approvers for, on the ledger. The nonce of its stamp is that of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// The logged token.
    pub token: ObjectId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Who is to be paid.
    pub payee: ObjectId,
    /// A use, or a lease.
    pub purpose: Purpose,
    /// How much; it is held until the request is carried out or ends.
    pub amount: Amount,
    /// Of which unit.
    pub unit: ObjectId,
    /// Until when it waits.
    pub decide_by: Seconds,
}

impl Requested {
    /// Name of the request (spec 17 §2).
    pub fn request_id(&self, ledger: &LedgerId, nonce: Nonce) -> RequestId {
        let asking = Asking {
            token: self.token,
            epoch: self.epoch,
            payee: self.payee,
            purpose: self.purpose.clone(),
            payment: Some((self.amount, self.unit)),
            nonce,
        };
        asking.id(ledger)
    }

    /// The lease that carries the request out, if it asks for one; `nonce` is that of the request.
    pub const fn to_lease(&self, nonce: Nonce) -> Option<Lease> {
        let Purpose::Lease(LeaseTerms { till, spend_until, settle_by, refund_until }) = self.purpose else {
            return None;
        };
        Some(Lease {
            token: self.token,
            epoch: self.epoch,
            payee: self.payee,
            till,
            amount: self.amount,
            unit: self.unit,
            spend_until,
            settle_by,
            refund_until,
            request_nonce: Some(nonce),
        })
    }

    fn put(&self, f: &mut Fields) {
        f.add(4, |w| w.bytes(&self.token.0)).add(5, |w| w.u64(self.epoch.0));
        f.add(11, |w| w.u64(self.amount.0)).add(12, |w| w.bytes(&self.payee.0));
        f.add(22, |w| w.bytes(&self.unit.0));
        if let Purpose::Use { action, resource, arguments } = &self.purpose {
            f.add(23, |w| w.text(action)).add(24, |w| w.text(resource.as_str()));
            let arguments = Some(arguments).filter(|arguments| !arguments.is_empty());
            f.opt(25, arguments, |w, arguments| put_arguments(w, arguments));
        }
        f.add(26, |w| w.u64(self.decide_by.0));
        if let Purpose::Lease(terms) = &self.purpose {
            terms.put(f);
        }
    }
}

/// What an operation does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Registers a party; signed by each of its keys, in order.
    Party {
        /// A name for people.
        name: String,
        /// Its keys.
        keys: Vec<PublicKey>,
    },
    /// Changes a party's keys; signed by a present key that stays good, then by each new key in order.
    PartyKeys {
        /// The party.
        party: ObjectId,
        /// Its generation before: a change that was overtaken by another one is void.
        generation: Generation,
        /// All keys from now on.
        keys: Vec<PublicKey>,
        /// Those of the keys that leave which are good for nothing any more; the other ones that leave are rotated.
        compromised: Vec<PublicKey>,
    },
    /// Registers a unit; signed by the operators.
    Unit {
        /// `[A-Z0-9._-]{1,16}`, unique in the ledger.
        name: String,
        /// Decimals of the major unit.
        decimals: u64,
    },
    /// Appoints a party as an issuer; signed by the operators.
    Issuer {
        /// The party.
        party: ObjectId,
    },
    /// Hands a token over; signed by the holder, then by the new holder.
    Transfer {
        /// The token.
        token: ObjectId,
        /// Its epoch before.
        epoch: Epoch,
        /// The new holder's key.
        holder: PublicKey,
        /// Digest of the sealed claims whose secret salts the token's values from now on. The new holder opens them to
        /// the ledger; the old holder signs the digest and learns nothing.
        sealed: Hash,
    },
    /// Changes a holder's key; signed by the position named, then by the new key.
    Rekey {
        /// Which token, by whom.
        target: Target,
        /// The new key.
        holder: PublicKey,
    },
    /// Refuses a rekey that somebody upstream proposed; signed by the present holder.
    Veto {
        /// The token.
        token: ObjectId,
        /// The rekey.
        rekey: Reference,
    },
    /// Suspends a token.
    Suspend(Target),
    /// Lifts a suspension.
    Resume {
        /// Which token, by whom.
        target: Target,
        /// The suspension that it lifts.
        suspend: Reference,
    },
    /// Revokes a token and all below it.
    Revoke(Target),
    /// Ends all offline links of a token.
    Cut(Target),
    /// Ends a token that can no longer be used, and returns its value.
    End(Target),
    /// Takes reserved value; signed by the payee.
    Capture {
        /// The reservation.
        reserve: Reference,
        /// 1 for the first capture of a reservation, then one more each time.
        number: u64,
        /// How much.
        amount: Amount,
    },
    /// Gives reserved value back; signed by the payee.
    Release {
        /// The reservation.
        reserve: Reference,
        /// How much; without it, all that is left.
        amount: Option<Amount>,
    },
    /// Gives captured value back; signed by the payee.
    Refund {
        /// The capture.
        capture: Reference,
        /// How much.
        amount: Amount,
    },
    /// Freezes a leaf; signed by the operators.
    Freeze {
        /// Which leaf.
        leaf: StateIndex,
        /// The id that it must have.
        id: ObjectId,
    },
    /// Lifts a freeze; signed by the operators.
    Unfreeze {
        /// Which leaf.
        leaf: StateIndex,
        /// The id that it must have.
        id: ObjectId,
        /// The freeze that it lifts.
        freeze: Reference,
    },
    /// Asks approvers for one use of a logged token, and holds its value meanwhile; signed by the holder.
    Request(Requested),
    /// An approver's yes.
    Approve {
        /// To what.
        request: RequestId,
    },
    /// Ends a request: taken back by the holder or somebody upstream, refused by an approver.
    Withdraw {
        /// Which.
        request: RequestId,
        /// Position of the signer in the token's chain; without it he is an approver.
        position: Option<Position>,
    },
    /// Puts later rules in force; signed by the operators.
    Upgrade {
        /// The rules from now on.
        rules: Rules,
    },
    /// Locks value for one till of a payee; signed by the holder of a logged token.
    Lease(Lease),
    /// Gives a lease back early, of which nothing was spent; signed by the payee.
    LeaseClose {
        /// The lease.
        lease: Reference,
    },
    /// Settles a lease; signed by the payee.
    Settle {
        /// The lease.
        lease: Reference,
        /// Its last voucher, signed by the holder who opened the lease.
        voucher: Box<Voucher>,
    },
    /// Offers a token for a price, or withdraws that; signed by the holder.
    Offer(Offer),
    /// Takes an offer, in a bundle with the payment; signed by the new holder alone.
    Trade(Trade),
}

impl Reference {
    fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if r.next_is_bytes() {
            r.array_bytes().map(|id| Self::Id(ObjectId(id)))
        } else {
            decode_place(r).map(Self::Member)
        }
    }

    pub(super) fn encode<'w>(&self, w: &'w mut Writer) -> &'w mut Writer {
        match self {
            Self::Id(id) => w.bytes(&id.0),
            Self::Member(place) => w.u64(u64::from(*place)),
        }
    }
}

impl Act {
    /// The kind of operation that this is.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Party { .. } => Kind::Party,
            Self::PartyKeys { .. } => Kind::PartyKeys,
            Self::Unit { .. } => Kind::Unit,
            Self::Issuer { .. } => Kind::Issuer,
            Self::Transfer { .. } => Kind::Transfer,
            Self::Rekey { .. } => Kind::Rekey,
            Self::Veto { .. } => Kind::Veto,
            Self::Suspend(_) => Kind::Suspend,
            Self::Resume { .. } => Kind::Resume,
            Self::Revoke(_) => Kind::Revoke,
            Self::Cut(_) => Kind::Cut,
            Self::End(_) => Kind::End,
            Self::Capture { .. } => Kind::Capture,
            Self::Release { .. } => Kind::Release,
            Self::Refund { .. } => Kind::Refund,
            Self::Freeze { .. } => Kind::Freeze,
            Self::Unfreeze { .. } => Kind::Unfreeze,
            Self::Upgrade { .. } => Kind::Upgrade,
            Self::Request(_) => Kind::Request,
            Self::Approve { .. } => Kind::Approve,
            Self::Withdraw { .. } => Kind::Withdraw,
            Self::Lease(_) => Kind::Lease,
            Self::LeaseClose { .. } => Kind::LeaseClose,
            Self::Settle { .. } => Kind::Settle,
            Self::Offer(_) => Kind::Offer,
            Self::Trade(_) => Kind::Trade,
        }
    }

    /// Decodes the payload of an operation of `kind`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; `UnknownField` also for a field that belongs to another kind.
    pub fn decode(kind: Kind, payload: &[u8]) -> Result<(Stamp, Self), DecodeError> {
        let allowed = fields_of(kind);
        let mut raw = Raw::default();
        Reader::whole(payload, PAYLOAD_BYTES_MAX, |r| {
            r.map(|key, r| {
                if !(1..=3).contains(&key) && !allowed.contains(&key) {
                    return Err(DecodeError::UnknownField(key));
                }
                raw.field(key, r)
            })
        })?;
        let stamp = Stamp {
            nonce: required(raw.nonce, 1)?,
            valid_until: required(raw.valid_until, 2)?,
            bundle: raw.bundle,
        };
        Ok((stamp, raw.into_act(kind)?))
    }

    /// Encodes the payload; [`Act::decode`] gives it back.
    pub fn encode(&self, stamp: &Stamp) -> Vec<u8> {
        let mut f = stamp.fields();
        match self {
            Self::Party { name, keys } => {
                f.add(13, |w| w.text(name)).add(14, |w| put_keys(w, keys));
            }
            Self::PartyKeys { party, generation, keys, compromised } => {
                f.add(12, |w| w.bytes(&party.0)).add(14, |w| put_keys(w, keys));
                f.add(15, |w| put_keys(w, compromised)).add(19, |w| w.u64(generation.0));
            }
            Self::Unit { name, decimals } => {
                f.add(13, |w| w.text(name)).add(16, |w| w.u64(*decimals));
            }
            Self::Issuer { party } => {
                f.add(12, |w| w.bytes(&party.0));
            }
            Self::Transfer { token, epoch, holder, sealed } => {
                f.add(4, |w| w.bytes(&token.0)).add(5, |w| w.u64(epoch.0));
                f.add(7, |w| w.bytes(&holder.bytes().0)).add(8, |w| w.bytes(&sealed.0));
            }
            Self::Rekey { target, holder } => {
                put_target(&mut f, target).add(7, |w| w.bytes(&holder.bytes().0));
            }
            Self::Veto { token, rekey } => {
                f.add(4, |w| w.bytes(&token.0)).add(9, |w| rekey.encode(w));
            }
            Self::Suspend(target) | Self::Revoke(target) | Self::Cut(target) | Self::End(target) => {
                put_target(&mut f, target);
            }
            Self::Resume { target, suspend } => {
                put_target(&mut f, target).add(9, |w| suspend.encode(w));
            }
            Self::Capture { reserve, number, amount } => {
                f.add(9, |w| reserve.encode(w)).add(10, |w| w.u64(*number)).add(11, |w| w.u64(amount.0));
            }
            Self::Release { reserve, amount } => {
                f.add(9, |w| reserve.encode(w)).opt(11, *amount, |w, amount| w.u64(amount.0));
            }
            Self::Refund { capture, amount } => {
                f.add(9, |w| capture.encode(w)).add(11, |w| w.u64(amount.0));
            }
            Self::Freeze { leaf, id } => {
                f.add(17, |w| w.u64(leaf.0)).add(18, |w| w.bytes(&id.0));
            }
            Self::Unfreeze { leaf, id, freeze } => {
                f.add(9, |w| freeze.encode(w)).add(17, |w| w.u64(leaf.0)).add(18, |w| w.bytes(&id.0));
            }
            Self::Upgrade { rules } => {
                f.add(20, |w| w.u64(rules.0));
            }
            Self::Request(ask) => ask.put(&mut f),
            Self::Approve { request } => {
                f.add(21, |w| w.bytes(&request.0));
            }
            Self::Withdraw { request, position } => {
                f.opt(6, *position, |w, position| w.u64(u64::from(position.0)));
                f.add(21, |w| w.bytes(&request.0));
            }
            Self::Lease(lease) => lease.put(&mut f),
            Self::LeaseClose { lease } => {
                f.add(9, |w| lease.encode(w));
            }
            Self::Settle { lease, voucher } => {
                f.add(9, |w| lease.encode(w)).add(35, |w| w.bytes(voucher.bytes()));
            }
            Self::Offer(offer) => offer.put(&mut f),
            Self::Trade(trade) => trade.put(&mut f),
        }
        f.into_bytes()
    }
}

/// The fields beside the stamp that payloads of `kind` may have (spec 02 §5).
const fn fields_of(kind: Kind) -> &'static [i64] {
    match kind {
        Kind::Party => &[13, 14],
        Kind::PartyKeys => &[12, 14, 15, 19],
        Kind::Unit => &[13, 16],
        Kind::Issuer => &[12],
        Kind::Transfer => &[4, 5, 7, 8],
        Kind::Rekey => &[4, 5, 6, 7],
        Kind::Veto => &[4, 9],
        Kind::Suspend | Kind::Revoke | Kind::Cut | Kind::End => &[4, 5, 6],
        Kind::Resume => &[4, 5, 6, 9],
        Kind::Capture => &[9, 10, 11],
        Kind::Release | Kind::Refund => &[9, 11],
        Kind::Freeze => &[17, 18],
        Kind::Unfreeze => &[9, 17, 18],
        Kind::Upgrade => &[20],
        Kind::Request => &[4, 5, 11, 12, 22, 23, 24, 25, 26, 31, 32, 33, 34],
        Kind::Approve => &[21],
        Kind::Withdraw => &[6, 21],
        Kind::Lease => &[4, 5, 11, 12, 30, 31, 32, 33, 34, 36],
        Kind::LeaseClose => &[9],
        Kind::Settle => &[9, 35],
        Kind::Offer => &[4, 5, 11, 12, 22, 27],
        Kind::Trade => &[4, 5, 8, 9, 28, 29],
        _ => &[],
    }
}

fn put_target<'f>(f: &'f mut Fields, target: &Target) -> &'f mut Fields {
    f.add(4, |w| w.bytes(&target.token.0)).add(5, |w| w.u64(target.epoch.0));
    f.add(6, |w| w.u64(u64::from(target.position.0)))
}

fn put_keys<'w>(w: &'w mut Writer, keys: &[PublicKey]) -> &'w mut Writer {
    w.list(keys, |w, key| {
        w.bytes(&key.bytes().0);
    })
}

/// The fields of a payload while they are being read.
#[derive(Default)]
struct Raw {
    nonce: Option<Nonce>,
    valid_until: Option<Seconds>,
    bundle: Option<Hash>,
    token: Option<ObjectId>,
    epoch: Option<Epoch>,
    position: Option<Position>,
    holder: Option<PublicKey>,
    sealed: Option<Hash>,
    reference: Option<Reference>,
    number: Option<u64>,
    amount: Option<Amount>,
    party: Option<ObjectId>,
    name: Option<String>,
    keys: Option<Vec<PublicKey>>,
    compromised: Option<Vec<PublicKey>>,
    decimals: Option<u64>,
    leaf: Option<StateIndex>,
    id: Option<ObjectId>,
    generation: Option<Generation>,
    rules: Option<Rules>,
    request: Option<RequestId>,
    unit: Option<ObjectId>,
    action: Option<String>,
    resource: Option<Path>,
    arguments: Option<Vec<(String, Hash)>>,
    decide_by: Option<Seconds>,
    until: Option<Seconds>,
    minimum: Option<Vec<(ObjectId, Amount)>>,
    payment: Option<u8>,
    lease: LeaseFields,
    voucher: Option<Box<Voucher>>,
}

impl Raw {
    fn field(&mut self, key: i64, r: &mut Reader<'_>) -> Result<(), DecodeError> {
        match key {
            1 => self.nonce = Some(r.nonce()?),
            2 => self.valid_until = Some(Seconds(r.u64()?)),
            3 => self.bundle = Some(Hash(r.array_bytes()?)),
            4 => self.token = Some(ObjectId(r.array_bytes()?)),
            5 => self.epoch = Some(Epoch(r.u64()?)),
            6 => {
                let position = r.u64_max(DEPTH_MAX.saturating_add(1) as u64)?;
                let position = u8::try_from(position).ok().filter(|position| *position > 0);
                self.position = Some(Position(position.ok_or(DecodeError::Malformed)?));
            }
            7 => self.holder = Some(r.key()?),
            8 => self.sealed = Some(Hash(r.array_bytes()?)),
            9 => self.reference = Some(Reference::decode(r)?),
            10 => self.number = Some(r.u64()?),
            11 => self.amount = Some(Amount(r.u64()?)),
            12 => self.party = Some(ObjectId(r.array_bytes()?)),
            13 => self.name = Some(r.name()?.into()),
            14 => self.keys = Some(r.list(PARTY_KEYS_MAX, Reader::key)?),
            15 => self.compromised = Some(r.list(PARTY_KEYS_MAX, Reader::key)?),
            16 => self.decimals = Some(r.u64_max(UNIT_DECIMALS_MAX)?),
            17 => self.leaf = Some(StateIndex(r.u64()?)),
            18 => self.id = Some(ObjectId(r.array_bytes()?)),
            19 => self.generation = Some(Generation(r.u64()?)),
            20 => self.rules = Some(r.rules()?),
            21 => self.request = Some(RequestId(r.array_bytes()?)),
            22 => self.unit = Some(ObjectId(r.array_bytes()?)),
            23 => self.action = Some(r.name()?.into()),
            24 => self.resource = Some(decode_path(r)?),
            25 => self.arguments = Some(decode_arguments(r)?),
            26 => self.decide_by = Some(Seconds(r.u64()?)),
            27 => self.until = Some(Seconds(r.u64()?)),
            28 => self.minimum = Some(decode_minimum(r)?),
            29 => self.payment = Some(decode_place(r)?),
            30..=34 | 36 => self.lease.field(key, r)?,
            35 => self.voucher = Some(Box::new(Voucher::decode(r.bytes(VOUCHER_BYTES_MAX)?)?)),
            other => return Err(DecodeError::UnknownField(other)),
        }
        Ok(())
    }

    fn target(&self) -> Result<Target, DecodeError> {
        Ok(Target {
            token: required(self.token, 4)?,
            epoch: required(self.epoch, 5)?,
            position: required(self.position, 6)?,
        })
    }

    /// What a request asks for: a use, unless it says no action, resource or argument and names a till.
    fn purpose(&mut self) -> Result<Purpose, DecodeError> {
        let of_use = self.action.is_some() || self.resource.is_some() || self.arguments.is_some();
        match self.lease.first() {
            Some(field) if of_use => Err(DecodeError::UnknownField(field)),
            Some(_) => Ok(Purpose::Lease(self.lease.terms()?)),
            None => Ok(Purpose::Use {
                action: required(self.action.take(), 23)?,
                resource: required(self.resource.take(), 24)?,
                arguments: self.arguments.take().unwrap_or_default(),
            }),
        }
    }

    fn requested(mut self) -> Result<Requested, DecodeError> {
        Ok(Requested {
            token: required(self.token, 4)?,
            epoch: required(self.epoch, 5)?,
            payee: required(self.party, 12)?,
            purpose: self.purpose()?,
            amount: required(self.amount.filter(|amount| amount.0 > 0), 11)?,
            unit: required(self.unit, 22)?,
            decide_by: required(self.decide_by, 26)?,
        })
    }

    fn trade(self) -> Result<Trade, DecodeError> {
        Ok(Trade {
            token: required(self.token, 4)?,
            epoch: required(self.epoch, 5)?,
            sealed: required(self.sealed, 8)?,
            offer: required(self.reference, 9)?,
            minimum: self.minimum.unwrap_or_default(),
            payment: required(self.payment, 29)?,
        })
    }

    fn into_act(self, kind: Kind) -> Result<Act, DecodeError> {
        Ok(match kind {
            Kind::Party => Act::Party { name: required(self.name, 13)?, keys: required(self.keys, 14)? },
            Kind::PartyKeys => Act::PartyKeys {
                party: required(self.party, 12)?,
                generation: required(self.generation, 19)?,
                keys: required(self.keys, 14)?,
                compromised: required(self.compromised, 15)?,
            },
            Kind::Unit => Act::Unit { name: unit_name(self.name)?, decimals: required(self.decimals, 16)? },
            Kind::Issuer => Act::Issuer { party: required(self.party, 12)? },
            Kind::Transfer => Act::Transfer {
                token: required(self.token, 4)?,
                epoch: required(self.epoch, 5)?,
                holder: required(self.holder, 7)?,
                sealed: required(self.sealed, 8)?,
            },
            Kind::Rekey => Act::Rekey { target: self.target()?, holder: required(self.holder, 7)? },
            Kind::Veto => Act::Veto { token: required(self.token, 4)?, rekey: required(self.reference, 9)? },
            Kind::Suspend => Act::Suspend(self.target()?),
            Kind::Resume => Act::Resume { target: self.target()?, suspend: required(self.reference, 9)? },
            Kind::Revoke => Act::Revoke(self.target()?),
            Kind::Cut => Act::Cut(self.target()?),
            Kind::End => Act::End(self.target()?),
            Kind::Capture => Act::Capture {
                reserve: required(self.reference, 9)?,
                number: required(self.number, 10)?,
                amount: required(self.amount, 11)?,
            },
            Kind::Release => Act::Release { reserve: required(self.reference, 9)?, amount: self.amount },
            Kind::Refund => {
                Act::Refund { capture: required(self.reference, 9)?, amount: required(self.amount, 11)? }
            }
            Kind::Freeze => Act::Freeze { leaf: required(self.leaf, 17)?, id: required(self.id, 18)? },
            Kind::Unfreeze => Act::Unfreeze {
                leaf: required(self.leaf, 17)?,
                id: required(self.id, 18)?,
                freeze: required(self.reference, 9)?,
            },
            Kind::Upgrade => Act::Upgrade { rules: required(self.rules, 20)? },
            Kind::Request => Act::Request(self.requested()?),
            Kind::Approve => Act::Approve { request: required(self.request, 21)? },
            Kind::Withdraw => Act::Withdraw { request: required(self.request, 21)?, position: self.position },
            Kind::Lease => {
                let (token, epoch) = (required(self.token, 4)?, required(self.epoch, 5)?);
                let (amount, payee) = (required(self.amount, 11)?, required(self.party, 12)?);
                Act::Lease(self.lease.lease(token, epoch, payee, amount)?)
            }
            Kind::LeaseClose => Act::LeaseClose { lease: required(self.reference, 9)? },
            Kind::Settle => Act::Settle {
                lease: required(self.reference, 9)?,
                voucher: self.voucher.ok_or(DecodeError::MissingField(35))?,
            },
            Kind::Offer => Act::Offer(Offer {
                token: required(self.token, 4)?,
                epoch: required(self.epoch, 5)?,
                price: Price::of(self.amount, self.party, self.unit, self.until)?,
            }),
            Kind::Trade => Act::Trade(self.trade()?),
            _ => return Err(DecodeError::WrongLabel),
        })
    }
}

/// A unit's name: `[A-Z0-9._-]{1,16}`.
fn unit_name(name: Option<String>) -> Result<String, DecodeError> {
    let name = required(name, 13)?;
    let good = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    if name.is_empty() || name.len() > UNIT_NAME_BYTES_MAX || !name.chars().all(good) {
        return Err(DecodeError::Malformed);
    }
    Ok(name)
}
