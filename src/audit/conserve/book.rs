//! The sums of a recount, and what they are held against.

use super::leases::Lease;
use super::quotas::Quotas;
use super::requests::Request;
use super::tokens::{No, Standing};
use super::trades::{Offer, Purpose};
use super::windows::Spans;
use super::{Account, Conservation, Flows, Tightest, VIOLATIONS_MAX, Violation};
use remit_verifier::code::Code;
use remit_verifier::object::Budget;
use remit_verifier::types::{Amount, EntryIndex, Millis, ObjectId, RequestId, Rules, Seconds};
use std::collections::{BTreeMap, BTreeSet};

/// Value held for a payee.
pub(super) struct Reservation {
    pub(super) token: ObjectId,
    pub(super) unit: ObjectId,
    pub(super) amount: i128,
    pub(super) captured: i128,
    pub(super) released: i128,
    pub(super) captures: u64,
    pub(super) at: Seconds,
    pub(super) settle_by: Seconds,
    pub(super) refund_until: Option<Seconds>,
    pub(super) purpose: Purpose,
}

/// Value that a payee took.
pub(super) struct Capture {
    pub(super) reserve: ObjectId,
    pub(super) amount: i128,
    pub(super) refunded: i128,
}

/// Everything that was read so far.
#[derive(Default)]
pub(super) struct Book {
    pub(super) now: Millis,
    pub(super) entry: EntryIndex,
    pub(super) standing: Standing,
    pub(super) reservations: BTreeMap<ObjectId, Reservation>,
    pub(super) leases: BTreeMap<ObjectId, Lease>,
    pub(super) captures: BTreeMap<ObjectId, Capture>,
    pub(super) applied: BTreeSet<ObjectId>,
    accounts: BTreeMap<(ObjectId, ObjectId), Account>,
    pub(super) spans: Spans,
    pub(super) quotas: Quotas,
    pub(super) requests: BTreeMap<RequestId, Request>,
    /// Requests that wait no more.
    pub(super) closed: BTreeSet<RequestId>,
    /// Tokens that are for sale, by the offer, and the offer by the token.
    pub(super) offers: BTreeMap<ObjectId, Offer>,
    pub(super) offered: BTreeMap<ObjectId, ObjectId>,
    report: Conservation,
}

impl Reservation {
    pub(super) fn left(&self) -> i128 {
        self.amount - self.captured - self.released
    }
}

impl Book {
    /// Turns to the entry at `entry`, of time `now`.
    pub(super) fn turn(&mut self, entry: EntryIndex, now: Millis) {
        self.entry = entry;
        self.now = now;
    }

    pub(super) fn begin(&mut self, ledger: ObjectId, rules: Rules) {
        self.standing.ledger = ledger;
        self.standing.rules = rules.0;
    }

    pub(super) fn report(self, entries: u64) -> Conservation {
        let ok = self.report.violated == 0;
        Conservation { ok, entries, accounts: self.accounts.into_values().collect(), ..self.report }
    }

    /// Notes a violation, if there is one.
    pub(super) fn note(&mut self, result: Result<(), No>) {
        if let Err((code, subject)) = result {
            self.report.violated += 1;
            if self.report.violations.len() < VIOLATIONS_MAX {
                self.report.violations.push(Violation { entry: self.entry, code, subject });
            }
        }
    }

    pub(super) fn require(&mut self, holds: bool, code: Code, subject: ObjectId) {
        self.note(if holds { Ok(()) } else { Err((code, subject)) });
    }

    pub(super) fn flow(&mut self, unit: ObjectId) -> &mut Flows {
        self.report.flows.entry(unit).or_default()
    }

    fn budget(&self, token: &ObjectId, unit: &ObjectId) -> Option<&Budget> {
        self.standing.tokens.get(token).and_then(|known| known.own(unit))
    }

    pub(super) fn account(&mut self, token: ObjectId, unit: ObjectId) -> &mut Account {
        let total = self.budget(&token, &unit).and_then(|budget| budget.total);
        self.accounts.entry((token, unit)).or_insert(Account {
            token,
            unit,
            total,
            reserved: 0,
            pending: 0,
            leased: 0,
            captured: 0,
            refunded: 0,
            carved: 0,
            returned: 0,
            ceded: 0,
        })
    }

    /// Everything that is reserved, leased or waits on a token, in all units.
    pub(super) fn open_on(&self, token: ObjectId) -> i128 {
        let from = (token, ObjectId::default())..=(token, ObjectId([0xff; 32]));
        let open = |account: &Account| account.reserved + account.leased + account.pending;
        self.accounts.range(from).map(|(_, account)| open(account)).sum()
    }

    /// Moves value on every token that funds payments with `token`, and holds each against its bounds.
    pub(super) fn post(&mut self, token: ObjectId, unit: ObjectId, change: impl Fn(&mut Account)) {
        self.touch(token);
        for id in self.standing.funding(token, &unit) {
            change(self.account(id, unit));
            self.check(id, unit);
        }
    }

    /// The same for value that goes out, which may leave little.
    pub(super) fn debit(&mut self, token: ObjectId, unit: ObjectId, change: impl Fn(&mut Account)) {
        self.post(token, unit, change);
        for id in self.standing.funding(token, &unit) {
            let account = *self.account(id, unit);
            let Some(Amount(total)) = account.total else { continue };
            let left = i128::from(total) - account.committed();
            if self.report.tightest.is_none_or(|tightest| left < tightest.left) {
                self.report.tightest = Some(Tightest { token: id, unit, entry: self.entry, left });
            }
        }
    }

    fn check(&mut self, token: ObjectId, unit: ObjectId) {
        self.report.checks += 1;
        let account = *self.account(token, unit);
        let committed = account.committed();
        if let Some(Amount(total)) = account.total {
            self.require(committed <= i128::from(total), Code::AboveTotal, token);
        }
        // Refunds are bounded in gross: as stated, else by the total once over.
        let refundable = self.budget(&token, &unit).and_then(|budget| budget.refundable.or(budget.total));
        if let Some(Amount(most)) = refundable {
            self.require(account.refunded <= i128::from(most), Code::AboveRefundable, token);
        }
        let held = [account.reserved, account.leased, account.pending];
        let open = [committed, held[0], held[1], held[2], account.captured - account.refunded];
        self.require(open.iter().all(|sum| *sum >= 0), Code::Overflow, token);
    }

    /// Value came back to `token`: past every carved token on the way that has ended, it goes on to its parent.
    pub(super) fn pass_on(&mut self, token: ObjectId, unit: ObjectId, amount: i128) {
        let mut token = token;
        loop {
            let Some(owner) = self.standing.funding(token, &unit).pop() else { return };
            let Some(known) = self.standing.tokens.get(&owner) else { return };
            let (Some(parent), true) = (known.parent, known.ended) else { return };
            self.account(owner, unit).ceded += amount;
            self.check(owner, unit);
            self.post(parent, unit, |account| account.returned += amount);
            self.flow(unit).returned += amount.unsigned_abs();
            token = parent;
        }
    }

    /// The end of a token: what is left of its carved totals goes to its parent.
    pub(super) fn close(&mut self, token: ObjectId) {
        let Some(known) = self.standing.tokens.get_mut(&token) else {
            return self.require(false, Code::UnknownToken, token);
        };
        let twice = known.ended;
        known.ended = true;
        let carved = known.carved();
        self.touch(token);
        self.require(!twice, Code::AlreadySo, token);
        for (unit, total) in carved.into_iter().filter(|_| !twice) {
            let left = total - self.account(token, unit).committed();
            if left > 0 {
                self.pass_on(token, unit, left);
            }
        }
    }
}
