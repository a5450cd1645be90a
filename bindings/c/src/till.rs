//! Vouchers, offline on both sides (spec 16 §6, §8).

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::argument::{read_all, sixteen};
use crate::link::{Maybe, path};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Handle, Object, keep, with};
use verifier::sign::{argument_digests, as_long_as_taken};
use verifier::till::{Accepted, OpenLease, Tally, Till, Wallet, Wanted};
use verifier::types::{Amount, Hash, LedgerId, Millis, Nonce, Seconds, TillId};

/// What a voucher is signed for.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct WantedRow {
    amount: u64,
    action: Bytes,
    resource: Bytes,
    arguments: List<Bytes>,
    request: Bytes,
    valid_until_s: Maybe,
    nonce: Bytes,
}

fn counted(tally: &Tally, last: Option<&[u8]>, bytes: Vec<u8>) -> Parts {
    Parts::default()
        .number(part::NUMBER, tally.number())
        .number(part::CUMULATIVE, tally.cumulative().0)
        .maybe(part::LAST, last)
        .text(part::BYTES, bytes)
}

fn put_till(out: &mut Handle, till: Till) -> Result<(), Status> {
    let parts =
        counted(till.tally(), till.last(), till.encode()).number(part::CLOSED, u64::from(till.is_closed()));
    keep(out, Object::Till(till), parts)
}

fn put_wallet(out: &mut Handle, wallet: Wallet) -> Result<(), Status> {
    let parts = counted(wallet.tally(), wallet.last(), wallet.encode()).id(part::ID, Some(wallet.id()));
    keep(out, Object::Wallet(wallet), parts)
}

export! {
    /// Checks a proof of a lease.
    fn remit_lease_verify(proof: Bytes, policy: u64, now_ms: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(policy => policy, Policy);
        let open = OpenLease::verify(proof.read()?, policy, Millis(now_ms))?;
        let lease = open.lease();
        let parts = Parts::default()
            .id(part::ID, Some(open.id()))
            .text(part::LEDGER, Hash(open.ledger().0).to_string())
            .text(part::TILL, Hash(lease.till.0).to_string())
            .text(part::HOLDER, Hash(open.holder().bytes().0).to_string())
            .id(part::UNIT, Some(lease.unit))
            .number(part::AMOUNT, lease.amount.0)
            .number(part::SPEND_UNTIL, lease.spend_until.0)
            .number(part::SETTLE_BY, lease.settle_by.0)
            .number(part::PER_USE, open.per_use().map(|most| most.0));
        keep(out, Object::Lease(open), parts)
    }

    /// A till for a lease of which nothing was spent yet.
    fn remit_till_new(till: Bytes, lease: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(lease => lease, Lease);
        put_till(out, Till::new(TillId(till.id()?.0), lease)?)
    }

    /// Decodes a till that was stored.
    fn remit_till_decode(bytes: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        put_till(out, Till::decode(bytes.read()?)?)
    }

    /// Judges a voucher.
    fn remit_till_accept(
        till: u64, lease: u64, voucher: Bytes, arguments: List<Bytes>, policy: u64, now_ms: u64, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(till => till, Till);
        with!(lease => lease, Lease);
        with!(policy => policy, Policy);
        let (voucher, shown) = (voucher.read()?, read_all(&arguments)?);
        match till.accept(lease, voucher, &shown, policy, Millis(now_ms))? {
            Accepted::Taken(till) => put_till(out, *till),
            Accepted::Repeated => Err(Status::REPEATED),
        }
    }

    /// The till when it takes nothing more.
    fn remit_till_close(till: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(till => till, Till);
        put_till(out, till.close())
    }

    /// A wallet by the proof of a lease.
    fn remit_wallet_new(ledger: Bytes, proof: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        put_wallet(out, Wallet::new(LedgerId(ledger.id()?.0), proof.read()?)?)
    }

    /// Decodes a wallet that was stored.
    fn remit_wallet_decode(bytes: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        put_wallet(out, Wallet::decode(bytes.read()?)?)
    }

    /// Takes back the last voucher, which the payee refused.
    fn remit_wallet_take_back(wallet: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(wallet => wallet, Wallet);
        put_wallet(out, wallet.take_back()?)
    }

    /// Signs the next voucher.
    fn remit_voucher(
        holder: u64, wallet: u64, wanted: Option<&WantedRow>, now_ms: u64, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(holder => holder, Holder);
        with!(wallet => wallet, Wallet);
        let (row, now) = (wanted.ok_or(Status::BAD_POINTER)?, Millis(now_ms));
        let wanted = Wanted {
            amount: Amount(row.amount),
            action: row.action.text()?.into(),
            resource: path(&row.resource)?,
            arguments: argument_digests(&read_all(&row.arguments)?),
            request: row.request.maybe_id()?,
            nonce: Nonce(sixteen(&row.nonce)?),
            valid_until: row.valid_until_s.get().map_or_else(|| as_long_as_taken(now), Seconds),
        };
        let (wallet, _) = wallet.sign(holder, &wanted, now)?;
        put_wallet(out, wallet)
    }
}
