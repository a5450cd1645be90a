//! Records that nobody signs, as they are stored: numbers of fixed width through bincode. Whatever is signed or hashed
//! stays in its canonical bytes and is not here.

use crate::machine::{
    Capture, Due, Head, Lease, LinkValues, Offer, PendingRekey, Refused, Request, Reservation, Standing,
    Tally, TokenInfo, Waiting,
};
use bincode::Options;
use remit_verifier::code::Code;
use remit_verifier::limits::{APPROVERS_MAX, BUDGETS_MAX, DEPTH_MAX, SPANS_MAX};
use remit_verifier::object::{Budget, LeaseLimits, Period, Share, Token, Window};
use remit_verifier::state::Counters;
use remit_verifier::types::{
    Amount, EntryIndex, Epoch, Hash, KeyBytes, LedgerId, Millis, Nonce, ObjectId, Seconds, StateIndex,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// Bytes of a row at most.
const ROW_BYTES_MAX: u64 = 4096;

const COUNTERS: usize = 8;
const _: () = assert!(BUDGETS_MAX * (8 + 8 * COUNTERS) + 64 < ROW_BYTES_MAX as usize);
const _: () = assert!(DEPTH_MAX * APPROVERS_MAX * 32 + 128 < ROW_BYTES_MAX as usize);
const _: () = assert!(
    BUDGETS_MAX * (8 + 32 + 1 + 3 * 9 + 8 + SPANS_MAX * 25 + 1) + DEPTH_MAX * 8 + 128
        < ROW_BYTES_MAX as usize
);
const _: () = assert!(DEPTH_MAX * (32 + 9) + 160 < ROW_BYTES_MAX as usize);

fn options() -> impl Options {
    bincode::DefaultOptions::new().with_fixint_encoding().with_limit(ROW_BYTES_MAX).reject_trailing_bytes()
}

/// Appends a row to `bytes`; `None` if it is longer than a row may be.
pub(super) fn put<R: Serialize>(bytes: &mut Vec<u8>, row: &R) -> Option<()> {
    options().serialize_into(bytes, row).ok()
}

/// Reads a row; `None` if the bytes are not exactly one.
pub(super) fn get<R: DeserializeOwned>(bytes: &[u8]) -> Option<R> {
    options().deserialize(bytes).ok()
}

type Id = [u8; 32];

/// Where the log and the side records stand after a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TipRow {
    /// Entries.
    pub(super) size: u64,
    /// Root of the log.
    pub(super) root: Id,
    /// Running digest over every change of a side record; see [`super::commit`].
    pub(super) digest: Id,
    /// No deadline is earlier.
    pub(super) due_floor: u64,
}

/// What was deleted beside entries, by the first entry that was not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PrunedRow {
    /// Size of the snapshot that stands for them.
    pub(super) size: u64,
    /// Its digest.
    pub(super) digest: Id,
    /// When, in milliseconds.
    pub(super) at: u64,
    /// Whether all of it is deleted; if not, it is to be done again.
    pub(super) whole: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct HeadRow {
    ledger: Id,
    log_key: Id,
    next_entry: u64,
    next_leaf: u64,
    time: u64,
}

impl From<&Head> for HeadRow {
    fn from(head: &Head) -> Self {
        Self {
            ledger: head.ledger.0,
            log_key: head.log_key.0,
            next_entry: head.next_entry.0,
            next_leaf: head.next_leaf.0,
            time: head.time.0,
        }
    }
}

impl From<HeadRow> for Head {
    fn from(row: HeadRow) -> Self {
        Self {
            ledger: LedgerId(row.ledger),
            log_key: KeyBytes(row.log_key),
            next_entry: EntryIndex(row.next_entry),
            next_leaf: StateIndex(row.next_leaf),
            time: Millis(row.time),
        }
    }
}

/// What a token is, without its claims.
#[derive(Serialize, Deserialize)]
pub(super) struct TokenRow {
    id: Id,
    entry: u64,
    signer: Id,
    budgets: Option<Vec<(u64, BudgetRow)>>,
    issuer: u64,
    ancestors: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct BudgetRow {
    unit: Id,
    carved: bool,
    total: Option<u64>,
    per_use: Option<u64>,
    refundable: Option<u64>,
    windows: Vec<WindowRow>,
    cumulative: Option<WindowRow>,
    leases: Option<(u64, u64)>,
}

/// Length and anchor of a window, none for months; most.
type WindowRow = (Option<(u64, u64)>, u64);

impl From<&Budget> for BudgetRow {
    fn from(budget: &Budget) -> Self {
        let amount = |amount: Option<Amount>| amount.map(|amount| amount.0);
        Self {
            unit: budget.unit.0,
            carved: budget.share == Share::Carved,
            total: amount(budget.total),
            per_use: amount(budget.per_use),
            refundable: amount(budget.refundable),
            windows: budget.windows.iter().map(window_row).collect(),
            cumulative: budget.cumulative.as_ref().map(window_row),
            leases: budget.leases.map(|limits| (limits.most.0, limits.longest.0)),
        }
    }
}

impl From<BudgetRow> for Budget {
    fn from(row: BudgetRow) -> Self {
        Self {
            unit: ObjectId(row.unit),
            share: if row.carved { Share::Carved } else { Share::Shared },
            total: row.total.map(Amount),
            per_use: row.per_use.map(Amount),
            refundable: row.refundable.map(Amount),
            windows: row.windows.into_iter().map(window).collect(),
            cumulative: row.cumulative.map(window),
            leases: row
                .leases
                .map(|(most, longest)| LeaseLimits { most: Amount(most), longest: Seconds(longest) }),
        }
    }
}

fn window_row(window: &Window) -> WindowRow {
    let period = match window.period {
        Period::Fixed { length, anchor } => Some((length.0, anchor.0)),
        Period::Month => None,
    };
    (period, window.most.0)
}

fn window((period, most): WindowRow) -> Window {
    let fixed = |(length, anchor)| Period::Fixed { length: Seconds(length), anchor: Seconds(anchor) };
    Window { period: period.map_or(Period::Month, fixed), most: Amount(most) }
}

impl From<&TokenInfo> for TokenRow {
    fn from(info: &TokenInfo) -> Self {
        let budgets = info.budgets.as_ref();
        Self {
            id: info.id.0,
            entry: info.entry.0,
            signer: info.signer.0,
            budgets: budgets.map(|all| all.iter().map(|(unit, budget)| (unit.0, budget.into())).collect()),
            issuer: info.issuer.0,
            ancestors: info.ancestors.iter().map(|index| index.0).collect(),
        }
    }
}

impl TokenRow {
    pub(super) fn with(self, token: Token) -> TokenInfo {
        let budgets = self.budgets;
        TokenInfo {
            id: ObjectId(self.id),
            entry: EntryIndex(self.entry),
            signer: KeyBytes(self.signer),
            token,
            budgets: budgets
                .map(|all| all.into_iter().map(|(unit, budget)| (StateIndex(unit), budget.into())).collect()),
            issuer: StateIndex(self.issuer),
            ancestors: self.ancestors.into_iter().map(StateIndex).collect(),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReservationRow {
    entry: u64,
    token: u64,
    links: Vec<(Id, Option<u64>)>,
    unit: u64,
    payee: u64,
    amount: u64,
    captured: u64,
    released: u64,
    captures: u64,
    at: u64,
    settle_by: u64,
    refund_until: Option<u64>,
    nonce: [u8; 16],
}

impl From<&Reservation> for ReservationRow {
    fn from(of: &Reservation) -> Self {
        Self {
            entry: of.entry.0,
            token: of.token.0,
            links: of.links.iter().map(|(id, bound)| (id.0, bound.map(|bound| bound.0))).collect(),
            unit: of.unit.0,
            payee: of.payee.0,
            amount: of.amount.0,
            captured: of.captured.0,
            released: of.released.0,
            captures: of.captures,
            at: of.at.0,
            settle_by: of.settle_by.0,
            refund_until: of.refund_until.map(|until| until.0),
            nonce: of.nonce.0,
        }
    }
}

impl From<ReservationRow> for Reservation {
    fn from(row: ReservationRow) -> Self {
        Self {
            entry: EntryIndex(row.entry),
            token: StateIndex(row.token),
            links: row.links.into_iter().map(|(id, bound)| (ObjectId(id), bound.map(Amount))).collect(),
            unit: StateIndex(row.unit),
            payee: StateIndex(row.payee),
            amount: Amount(row.amount),
            captured: Amount(row.captured),
            released: Amount(row.released),
            captures: row.captures,
            at: Seconds(row.at),
            settle_by: Seconds(row.settle_by),
            refund_until: row.refund_until.map(Seconds),
            nonce: Nonce(row.nonce),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct LeaseRow {
    entry: u64,
    token: u64,
    unit: u64,
    unit_id: Id,
    payee: u64,
    payee_id: Id,
    holder: Id,
    amount: u64,
    at: u64,
    settle_by: u64,
    refund_until: Option<u64>,
    nonce: [u8; 16],
    over: bool,
}

impl From<&Lease> for LeaseRow {
    fn from(of: &Lease) -> Self {
        Self {
            entry: of.entry.0,
            token: of.token.0,
            unit: of.unit.0,
            unit_id: of.unit_id.0,
            payee: of.payee.0,
            payee_id: of.payee_id.0,
            holder: of.holder.0,
            amount: of.amount.0,
            at: of.at.0,
            settle_by: of.settle_by.0,
            refund_until: of.refund_until.map(|until| until.0),
            nonce: of.nonce.0,
            over: of.over,
        }
    }
}

impl From<LeaseRow> for Lease {
    fn from(row: LeaseRow) -> Self {
        Self {
            entry: EntryIndex(row.entry),
            token: StateIndex(row.token),
            unit: StateIndex(row.unit),
            unit_id: ObjectId(row.unit_id),
            payee: StateIndex(row.payee),
            payee_id: ObjectId(row.payee_id),
            holder: KeyBytes(row.holder),
            amount: Amount(row.amount),
            at: Seconds(row.at),
            settle_by: Seconds(row.settle_by),
            refund_until: row.refund_until.map(Seconds),
            nonce: Nonce(row.nonce),
            over: row.over,
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct CaptureRow {
    reservation: Id,
    amount: u64,
    refunded: u64,
}

impl From<&Capture> for CaptureRow {
    fn from(of: &Capture) -> Self {
        Self { reservation: of.reservation.0, amount: of.amount.0, refunded: of.refunded.0 }
    }
}

impl From<CaptureRow> for Capture {
    fn from(row: CaptureRow) -> Self {
        let (amount, refunded) = (Amount(row.amount), Amount(row.refunded));
        Self { reservation: ObjectId(row.reservation), amount, refunded }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RefusedRow {
    entry: u64,
    code: u16,
}

impl From<&Refused> for RefusedRow {
    fn from(of: &Refused) -> Self {
        Self { entry: of.entry.0, code: of.code.number() }
    }
}

impl RefusedRow {
    /// The record; `None` if its number is no code's.
    pub(super) fn refused(self) -> Option<Refused> {
        Code::from_number(self.code.into()).map(|code| Refused { entry: EntryIndex(self.entry), code })
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct TallyRow {
    start: u64,
    count: u64,
}

impl From<&Tally> for TallyRow {
    fn from(of: &Tally) -> Self {
        Self { start: of.start.0, count: of.count }
    }
}

impl From<TallyRow> for Tally {
    fn from(row: TallyRow) -> Self {
        Self { start: Seconds(row.start), count: row.count }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct RekeyRow {
    token: u64,
    epoch: u64,
    holder: Id,
    effective: u64,
    nonce: [u8; 16],
}

impl From<&PendingRekey> for RekeyRow {
    fn from(of: &PendingRekey) -> Self {
        Self {
            token: of.token.0,
            epoch: of.epoch.0,
            holder: of.holder.0,
            effective: of.effective.0,
            nonce: of.nonce.0,
        }
    }
}

impl From<RekeyRow> for PendingRekey {
    fn from(row: RekeyRow) -> Self {
        Self {
            token: StateIndex(row.token),
            epoch: Epoch(row.epoch),
            holder: KeyBytes(row.holder),
            effective: Seconds(row.effective),
            nonce: Nonce(row.nonce),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct LinkRow {
    units: Vec<(u64, [u64; COUNTERS])>,
}

impl From<&LinkValues> for LinkRow {
    fn from(values: &LinkValues) -> Self {
        let row = |(unit, c): &(StateIndex, Counters)| {
            let closed = (c.captured, c.refunded, c.carved, c.returned);
            let (captured, refunded, carved, returned) = closed;
            (unit.0, [captured, refunded, carved, returned, c.reserved, c.leased, c.pending, c.ceded])
        };
        Self { units: values.units.iter().map(row).collect() }
    }
}

impl From<LinkRow> for LinkValues {
    fn from(row: LinkRow) -> Self {
        let counters = |[captured, refunded, carved, returned, reserved, leased, pending, ceded]: [u64;
                            8]| {
            Counters { captured, refunded, carved, returned, reserved, leased, pending, ceded }
        };
        let units = row.units.into_iter().map(|(unit, row)| (StateIndex(unit), counters(row)));
        Self { units: units.collect() }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) enum DueRow {
    Reservation,
    Token(u64),
    Rekey,
    Request,
    Lease,
}

impl From<&Due> for DueRow {
    fn from(due: &Due) -> Self {
        match due {
            Due::Reservation => Self::Reservation,
            Due::Token(index) => Self::Token(index.0),
            Due::Rekey => Self::Rekey,
            Due::Request => Self::Request,
            Due::Lease => Self::Lease,
        }
    }
}

impl From<DueRow> for Due {
    fn from(row: DueRow) -> Self {
        match row {
            DueRow::Reservation => Self::Reservation,
            DueRow::Token(index) => Self::Token(StateIndex(index)),
            DueRow::Rekey => Self::Rekey,
            DueRow::Request => Self::Request,
            DueRow::Lease => Self::Lease,
        }
    }
}

/// A request that waits; `None` once it does no more.
#[derive(Serialize, Deserialize)]
pub(super) struct RequestRow(Option<WaitingRow>);

#[derive(Serialize, Deserialize)]
struct WaitingRow {
    entry: u64,
    token: u64,
    unit: u64,
    payee: u64,
    amount: u64,
    approved: Vec<Id>,
    decide_by: u64,
    nonce: [u8; 16],
}

impl From<&Request> for RequestRow {
    fn from(request: &Request) -> Self {
        Self(match request {
            Request::Closed => None,
            Request::Waiting(of) => Some(WaitingRow {
                entry: of.entry.0,
                token: of.token.0,
                unit: of.unit.0,
                payee: of.payee.0,
                amount: of.amount.0,
                approved: of.approved.iter().map(|key| key.0).collect(),
                decide_by: of.decide_by.0,
                nonce: of.nonce.0,
            }),
        })
    }
}

impl From<RequestRow> for Request {
    fn from(row: RequestRow) -> Self {
        let Some(row) = row.0 else { return Self::Closed };
        Self::Waiting(Waiting {
            entry: EntryIndex(row.entry),
            token: StateIndex(row.token),
            unit: StateIndex(row.unit),
            payee: StateIndex(row.payee),
            amount: Amount(row.amount),
            approved: row.approved.into_iter().map(KeyBytes).collect(),
            decide_by: Seconds(row.decide_by),
            nonce: Nonce(row.nonce),
        })
    }
}

/// An offer that stands; `None` once it does no more.
#[derive(Serialize, Deserialize)]
pub(super) struct OfferRow(Option<StandingRow>);

#[derive(Serialize, Deserialize)]
struct StandingRow {
    entry: u64,
    token: u64,
    epoch: u64,
    seller: Id,
    payee: u64,
    unit: u64,
    amount: u64,
    until: u64,
}

impl From<&Offer> for OfferRow {
    fn from(offer: &Offer) -> Self {
        Self(match offer {
            Offer::Closed => None,
            Offer::Standing(of) => Some(StandingRow {
                entry: of.entry.0,
                token: of.token.0,
                epoch: of.epoch.0,
                seller: of.seller.0,
                payee: of.payee.0,
                unit: of.unit.0,
                amount: of.amount.0,
                until: of.until.0,
            }),
        })
    }
}

impl From<OfferRow> for Offer {
    fn from(row: OfferRow) -> Self {
        let Some(row) = row.0 else { return Self::Closed };
        Self::Standing(Standing {
            entry: EntryIndex(row.entry),
            token: StateIndex(row.token),
            epoch: Epoch(row.epoch),
            seller: KeyBytes(row.seller),
            payee: StateIndex(row.payee),
            unit: StateIndex(row.unit),
            amount: Amount(row.amount),
            until: Seconds(row.until),
        })
    }
}

impl TipRow {
    pub(super) fn root(&self) -> Hash {
        Hash(self.root)
    }
}
