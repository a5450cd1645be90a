//! A lease, its first two vouchers, a use and the proof of the lease (spec 16).

use super::{ASSISTANT, START, Sample, acts, details, id, key, nonce, outcome, sign, tokens};
use remit_verifier::hash::sha256;
use remit_verifier::label;
use remit_verifier::object::{
    Act, Claim, Invocation, Kind, Lease, Path, Purpose, Requested, Stamp, Use, Voucher,
};
use remit_verifier::till::{LeaseProof, Tally, Till, Wallet};
use remit_verifier::types::{Amount, Epoch, Hash, Seconds, TillId};

/// The assistant locks 3 000.00 CNY for the hotel's first till.
pub(crate) fn lease() -> Lease {
    Lease {
        token: tokens::root_id(),
        epoch: Epoch(0),
        payee: acts::hotel_id(),
        till: TillId([0x71; 32]),
        amount: Amount(300_000),
        unit: tokens::unit_id(),
        spend_until: Seconds(START + 3_600),
        settle_by: Seconds(START + 7_200),
        refund_until: Some(Seconds(START + 30 * 86_400)),
        request_nonce: None,
    }
}

/// What approvers of that lease are asked for.
pub(crate) fn requested() -> Requested {
    let Lease { token, epoch, payee, amount, unit, .. } = lease();
    let purpose = Purpose::Lease(lease().terms());
    Requested { token, epoch, payee, purpose, amount, unit, decide_by: Seconds(START + 1_800) }
}

/// The lease that carries that out.
pub(crate) fn asked() -> Lease {
    Lease { request_nonce: Some(nonce(156)), ..lease() }
}

fn stamp() -> Stamp {
    Stamp { nonce: nonce(155), valid_until: Seconds(START + 3_600), bundle: None }
}

/// The payload; its nonce is that of its row in `acts`.
fn payload() -> Vec<u8> {
    Act::Lease(lease()).encode(&stamp())
}

/// The voucher for this use of the lease.
fn invocation(number: u8) -> Invocation {
    let mut arguments: Vec<_> = tokens::arguments().iter().map(|a| (a.name.clone(), a.digest())).collect();
    arguments.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
    let before = if number == 1 { Tally::default() } else { tally(number - 1) };
    let claim = Claim {
        amount: Amount(48_000),
        unit: tokens::unit_id(),
        lease: id(ASSISTANT, label::LEASE, &payload()),
        number: u64::from(number),
        cumulative: Amount(before.cumulative().0 + 48_000),
        root: Hash::default(),
    };
    let mut invocation = Invocation {
        nonce: nonce(40 + number),
        valid_until: Seconds(START + 60),
        bundle: None,
        token: tokens::root_id(),
        epoch: Epoch(0),
        audience: acts::hotel_id(),
        action: "book".into(),
        resource: Path::parse("rooms/12").unwrap(),
        arguments,
        payment: None,
        request: (number == 1).then_some(Hash([0xee; 32])),
        request_nonce: None,
        claim: Some(claim),
    };
    let after = before.and(claim.amount, Use::of(&invocation, &claim).leaf()).unwrap();
    invocation.claim = Some(Claim { root: after.root(), ..claim });
    invocation
}

fn tally(number: u8) -> Tally {
    let before = if number == 1 { Tally::default() } else { tally(number - 1) };
    let invocation = invocation(number);
    let claim = invocation.claim.unwrap();
    before.and(claim.amount, Use::of(&invocation, &claim).leaf()).unwrap()
}

/// The signed voucher of the second use.
pub(crate) fn voucher() -> Vec<u8> {
    sign(ASSISTANT, label::INVOCATION, &invocation(2).encode())
}

/// A proof whose parts are of the right form; the entry is that of the examples' reserve.
fn proof() -> Vec<u8> {
    let (entry, details) = (outcome(), details());
    LeaseProof {
        entry: &entry,
        ids: Vec::new(),
        proof: b"c2sp.org/tlog-proof@v1\n",
        common: &details.common,
        links: details.links.iter().map(|part| sha256(&[part])).collect(),
        lease: &sign(ASSISTANT, label::LEASE, &payload()),
        tokens: vec![&sign(super::COMPANY, label::TOKEN, &tokens::root())],
    }
    .encode()
}

/// What the till keeps after both vouchers; it was begun by opening a proof, which the examples have none of.
fn till() -> Vec<u8> {
    let mut w = remit_verifier::cbor::Writer::labelled(label::TILL, 7);
    w.bytes(&[0x71; 32]).bytes(&id(ASSISTANT, label::LEASE, &payload()).0);
    w.array(3).u64(2).u64(96_000).array(1).bytes(&tally(2).root().0);
    w.u64(START * 1000 + 20_250).bool(false).bytes(&voucher());
    w.into_bytes()
}

fn wallet() -> Vec<u8> {
    Wallet::new(super::ledger(), &proof()).unwrap().encode()
}

pub(super) fn samples() -> Vec<Sample> {
    assert_eq!(*Voucher::decode(&voucher()).unwrap().signer.bytes(), *key(ASSISTANT).bytes());
    let one = Use::of(&invocation(2), &invocation(2).claim.unwrap());
    vec![
        Sample {
            name: "voucher",
            rule: "invocation",
            bytes: invocation(2).encode(),
            accepts: Some(|bytes| Invocation::decode(bytes).is_ok()),
        },
        Sample {
            name: "use",
            rule: "use",
            bytes: one.encode(),
            accepts: Some(|bytes| Use::decode(bytes).is_ok()),
        },
        Sample { name: "lease-proof", rule: "lease-proof", bytes: proof(), accepts: None },
        Sample {
            name: "till-state",
            rule: "till-state",
            bytes: till(),
            accepts: Some(|bytes| Till::decode(bytes).is_ok()),
        },
        Sample {
            name: "wallet-state",
            rule: "wallet-state",
            bytes: wallet(),
            accepts: Some(|bytes| Wallet::decode(bytes).is_ok()),
        },
    ]
}

/// Its kind's number, for the nonce of its row.
const _: () = assert!(120 + Kind::Lease as u8 == 155);
