//! Rules made blind on purpose: the same rules, but what one of them needs to see is kept from it. That is what a rule
//! that was forgotten looks like, and the check must catch every one.

use crate::scene::Scene;
use crate::scenes::{asked, budgets, guards, stops};
use remit::machine::{Due, Key, MemoryState, Record, Request, StateView};
use remit_verifier::object::Budget;
use remit_verifier::state::{Counters, LeafBody, Life};
use remit_verifier::types::{Amount, EntryIndex, Epoch, KeyBytes, Millis, ObjectId, Seconds};
use std::convert::Infallible;
use std::sync::Arc;

/// One rule, and how it is made blind.
pub struct Weakness {
    pub name: &'static str,
    pub scene: fn(Option<&'static Weakness>) -> Scene,
    /// What a read gives instead of the record that is there.
    see: fn(Record) -> Option<Record>,
}

/// The state as a weakened rule sees it.
pub struct Blind<'s> {
    pub state: &'s MemoryState,
    pub weakness: Option<&'static Weakness>,
}

impl StateView for Blind<'_> {
    type Error = Infallible;

    fn read(&self, key: &Key) -> Result<Option<Record>, Infallible> {
        let record = self.state.read(key)?;
        Ok(match self.weakness {
            Some(weakness) => record.and_then(weakness.see),
            None => record,
        })
    }

    fn due(&self, now: Millis, limit: usize) -> Result<Vec<(Seconds, ObjectId, Due)>, Infallible> {
        let mut due = self.state.due(now, limit)?;
        if let Some(weakness) = self.weakness {
            due.retain(|(_, _, due)| (weakness.see)(Record::DueAt(*due)).is_some());
        }
        Ok(due)
    }
}

pub const ALL: &[Weakness] = &[
    Weakness {
        name: "totals are not looked at",
        scene: budgets,
        see: |record| budget(record, |budget| budget.total = Some(Amount(u64::MAX))),
    },
    Weakness {
        name: "bounds of one use are not looked at",
        scene: budgets,
        see: |record| budget(record, |budget| budget.per_use = None),
    },
    Weakness {
        name: "what is held does not count",
        scene: budgets,
        see: |record| counters(record, |counters| counters.reserved = 0),
    },
    Weakness {
        name: "what was captured does not count",
        scene: budgets,
        see: |record| counters(record, |counters| counters.captured = 0),
    },
    Weakness {
        name: "what was carved does not count",
        scene: budgets,
        see: |record| counters(record, |counters| counters.carved = 0),
    },
    Weakness {
        name: "refunds come back twice",
        scene: budgets,
        see: |record| match record {
            Record::CaptureOf(mut capture) => {
                capture.refunded = Amount(0);
                Some(Record::CaptureOf(capture))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "captures come again",
        scene: budgets,
        see: |record| match record {
            Record::ReservationOf(mut reservation) => {
                (reservation.captured, reservation.captures) = (Amount(0), 0);
                Some(Record::ReservationOf(reservation))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "captures come late",
        scene: budgets,
        see: |record| match record {
            Record::ReservationOf(mut reservation) => {
                reservation.settle_by = Seconds(u64::MAX / 1000);
                Some(Record::ReservationOf(reservation))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "ids are not remembered",
        scene: budgets,
        see: |record| Some(record).filter(|record| !matches!(record, Record::Seen(_))),
    },
    Weakness {
        name: "reservations do not expire",
        scene: budgets,
        see: |record| Some(record).filter(|record| !matches!(record, Record::DueAt(Due::Reservation))),
    },
    Weakness {
        name: "ended tokens go on",
        scene: budgets,
        see: |record| leaf(record, |life, _, _| *life = Life::Live),
    },
    Weakness {
        name: "tokens do not run out",
        scene: stops,
        see: |record| match record {
            Record::TokenOf(mut info) => {
                Arc::make_mut(&mut info).token.expires = Seconds(u64::MAX / 1000);
                Some(Record::TokenOf(info))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "revoked tokens go on",
        scene: stops,
        see: |record| leaf(record, |life, _, _| *life = Life::Live),
    },
    Weakness {
        name: "suspensions are not looked at",
        scene: stops,
        see: |record| leaf(record, |_, mask, _| *mask = 0),
    },
    Weakness {
        name: "epochs are not looked at",
        scene: stops,
        see: |record| leaf(record, |_, _, epoch| *epoch = Epoch(0)),
    },
    Weakness {
        name: "open value does not hold up a transfer",
        scene: stops,
        see: |record| counters(record, |counters| counters.reserved = 0),
    },
    Weakness {
        name: "windows start anew with each use",
        scene: guards,
        see: |record| match record {
            Record::LeafAt(mut record) => {
                if let Some(private) = &mut Arc::make_mut(&mut record).private {
                    private.values.units.iter_mut().for_each(|unit| unit.windows.clear());
                }
                Some(Record::LeafAt(record))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "what waits does not count",
        scene: guards,
        see: |record| counters(record, |counters| counters.pending = 0),
    },
    Weakness {
        name: "approvers are not asked",
        scene: guards,
        see: |record| match record {
            Record::TokenOf(mut info) => {
                Arc::make_mut(&mut info).token.approval = None;
                Some(Record::TokenOf(info))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "everybody counts as having approved",
        scene: guards,
        see: |record| match record {
            Record::RequestOf(Request::Waiting(mut waiting)) => {
                waiting.approved = vec![ann()];
                Some(Record::RequestOf(Request::Waiting(waiting)))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "requests are carried out twice",
        scene: guards,
        see: |record| Some(record).filter(|record| !matches!(record, Record::RequestOf(Request::Closed))),
    },
    Weakness {
        name: "stops do not cancel what waits",
        scene: guards,
        see: |record| match record {
            Record::StoppedAt(_) => Some(Record::StoppedAt(EntryIndex(0))),
            other => Some(other),
        },
    },
    Weakness {
        name: "leases are settled twice",
        scene: guards,
        see: |record| match record {
            Record::LeaseOf(mut lease) => {
                lease.over = false;
                Some(Record::LeaseOf(lease))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "what is leased does not count",
        scene: guards,
        see: |record| counters(record, |counters| counters.leased = 0),
    },
    Weakness {
        name: "a lease that waits does not count",
        scene: asked,
        see: |record| counters(record, |counters| counters.pending = 0),
    },
    Weakness {
        name: "approvers are not asked for a lease",
        scene: asked,
        see: |record| match record {
            Record::TokenOf(mut info) => {
                Arc::make_mut(&mut info).token.approval = None;
                Some(Record::TokenOf(info))
            }
            other => Some(other),
        },
    },
    Weakness {
        name: "one request opens two leases",
        scene: asked,
        see: |record| Some(record).filter(|record| !matches!(record, Record::RequestOf(Request::Closed))),
    },
    Weakness {
        name: "a lease is opened after a stop that cancelled it",
        scene: asked,
        see: |record| match record {
            Record::StoppedAt(_) => Some(Record::StoppedAt(EntryIndex(0))),
            other => Some(other),
        },
    },
];

fn ann() -> KeyBytes {
    *remit::client::public_key(&crate::cast::key("ann")).expect("a key").bytes()
}

/// Changes every budget that a token states.
fn budget(record: Record, change: fn(&mut Budget)) -> Option<Record> {
    let Record::TokenOf(mut info) = record else { return Some(record) };
    for (_, budget) in Arc::make_mut(&mut info).budgets.iter_mut().flatten() {
        change(budget);
    }
    Some(Record::TokenOf(info))
}

/// Changes the counters that a token has.
fn counters(record: Record, change: fn(&mut Counters)) -> Option<Record> {
    let Record::LeafAt(mut record) = record else { return Some(record) };
    if let Some(private) = &mut Arc::make_mut(&mut record).private {
        private.values.units.iter_mut().for_each(|unit| change(&mut unit.counters));
    }
    Some(Record::LeafAt(record))
}

/// Changes life, mask and epoch of a token's leaf.
fn leaf(record: Record, change: fn(&mut Life, &mut u16, &mut Epoch)) -> Option<Record> {
    let Record::LeafAt(mut record) = record else { return Some(record) };
    let leaf = &mut Arc::make_mut(&mut record).leaf;
    if matches!(leaf.body, LeafBody::Token(_)) {
        change(&mut leaf.life, &mut leaf.mask, &mut leaf.epoch);
    }
    Some(Record::LeafAt(record))
}
