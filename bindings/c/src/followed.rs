//! The newest state of a ledger, which a verifier follows (spec 22).

use crate::abi::{Bytes, Slot, export, slot};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Handle, Object, keep, with};
use crate::verdict::lock;
use std::sync::Arc;
use verifier::feed::{StatusTable, encode_changes};
use verifier::types::{Hash, Millis, StateIndex, TreeSize};
use verifier::verify::Followed;

/// The bytes of an update, or of a snapshot: their own bound is above that of other inputs.
fn told(update: &Bytes) -> Result<&[u8], Status> {
    update.content()?.ok_or(Status::BAD_POINTER)
}

fn put(out: &mut Handle, state: Followed) -> Result<(), Status> {
    let head = state.head();
    let parts = Parts::default()
        .text(part::BYTES, state.snapshot())
        .text(part::LEDGER, Hash(state.ledger().0).to_string())
        .text(part::ROOT, head.root.to_string())
        .text(part::NOTE, state.note())
        .number(part::SIZE, head.size.0)
        .number(part::LEAVES, state.leaves().0)
        .number(part::COMMITTED_MS, state.committed().0)
        .number(part::FROZEN, u64::from(state.is_frozen()));
    keep(out, Object::Followed(Arc::new(state)), parts)
}

export! {
    /// The first state, of an update since 0.
    fn remit_followed_begin(policy: u64, update: Bytes, now_ms: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(policy => policy, Policy);
        put(out, Followed::begin(policy, told(&update)?, Millis(now_ms))?)
    }

    /// The next state.
    fn remit_followed_advance(followed: u64, policy: u64, update: Bytes, now_ms: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(followed => followed, Followed);
        with!(policy => policy, Policy);
        put(out, followed.advance(policy, told(&update)?, Millis(now_ms))?)
    }

    /// A state out of the bytes that were stored of it.
    fn remit_followed_restore(snapshot: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        put(out, Followed::restore(told(&snapshot)?)?)
    }

    /// The status of a leaf.
    fn remit_followed_status(followed: u64, index: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        with!(followed => followed, Followed);
        *out = followed.status(StateIndex(index)).ok_or(Status::ABSENT)? as u64;
        Ok(())
    }

    /// Judges by this state from now on.
    fn remit_verifier_follow(verifier: u64, followed: u64) {
        with!(verifier => verifier, Verifier);
        with!(followed => followed, Followed);
        lock(verifier)?.follow(followed.clone());
        Ok(())
    }

    /// A table of statuses after changes.
    fn remit_status_changes(before: Bytes, before_size: u64, changes: Bytes, size: u64, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let table = StatusTable::default().changed(TreeSize(before_size), told(&before)?)?;
        let table = table.changed(TreeSize(size), told(&changes)?)?;
        let parts = Parts::default()
            .text(part::BYTES, encode_changes(table.listed()))
            .text(part::ROOT, table.root().to_string());
        keep(out, Object::Plain, parts)
    }
}
