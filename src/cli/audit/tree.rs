//! A token with all above and below it, and where their value is, out of a log that was computed again.

use super::teller::Teller;
use crate::audit::Held;
use crate::cli::text::amount::Unit;
use crate::keys::did;
use crate::machine::{TokenInfo, key};
use remit_verifier::object::{Budget, Share};
use remit_verifier::state::{Counters, Leaf, Life};
use remit_verifier::types::{Amount, Millis, ObjectId, Seconds, StateIndex};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A token in its tree.
pub(super) struct Node {
    pub(super) id: ObjectId,
    pub(super) holder: String,
    pub(super) status: &'static str,
    pub(super) expires: Seconds,
    /// Entry that admitted it.
    pub(super) entry: u64,
    pub(super) purses: Vec<Purse>,
    pub(super) children: Vec<Node>,
    /// Whether it is the one that was asked for, or above it.
    pub(super) asked: bool,
}

/// A budget of a token, and where its value went.
pub(super) struct Purse {
    pub(super) unit: Unit,
    pub(super) total: Option<Amount>,
    pub(super) carved: bool,
    pub(super) counters: Counters,
}

impl Purse {
    /// What is left of the total.
    pub(super) fn left(&self) -> Option<Amount> {
        let committed = self.counters.committed().unwrap_or_default();
        self.total.map(|total| Amount(total.0.saturating_sub(committed.0)))
    }

    /// Where value is, by its name; what is nowhere is left out.
    pub(super) fn parts(&self) -> Vec<(&'static str, u64)> {
        let counters = &self.counters;
        let all = [
            ("captured", counters.captured.saturating_sub(counters.refunded)),
            ("reserved", counters.reserved),
            ("leased", counters.leased),
            ("pending", counters.pending),
            ("carved", counters.carved.saturating_sub(counters.returned)),
            ("ceded", counters.ceded),
        ];
        all.into_iter().filter(|(_, amount)| *amount > 0).collect()
    }
}

/// The tokens of a ledger, by leaf.
pub(super) struct Tokens<'h> {
    held: &'h Held,
    below: BTreeMap<StateIndex, Vec<StateIndex>>,
    now: Millis,
}

impl<'h> Tokens<'h> {
    pub(super) fn new(held: &'h Held, now: Millis) -> Self {
        let mut below = BTreeMap::<StateIndex, Vec<StateIndex>>::new();
        for index in (0..held.trees().state.size().0).map(StateIndex) {
            if let Some(info) = held.state().get(&key::TokenOf(index)) {
                below.entry(info.ancestors.last().copied().unwrap_or(info.issuer)).or_default().push(index);
            }
        }
        Self { held, below, now }
    }

    /// The leaf of what has this id.
    pub(super) fn index(&self, id: &ObjectId) -> Option<StateIndex> {
        self.held.state().get(&key::IndexOf(*id)).copied()
    }

    fn info(&self, index: StateIndex) -> Option<&'h TokenInfo> {
        self.held.state().get(&key::TokenOf(index)).map(AsRef::as_ref)
    }

    /// The tree of a token, from the root of its chain: of what is above it, itself alone; of it, all below.
    pub(super) fn tree(&self, teller: &Teller, asked: StateIndex) -> Option<(ObjectId, Node)> {
        let info = self.info(asked)?;
        let issuer = self.held.state().get(&key::LeafAt(info.issuer))?.leaf.id;
        let mut node = self.node(teller, asked, true)?;
        for above in info.ancestors.iter().rev() {
            let mut parent = self.bare(teller, *above)?;
            parent.children.push(node);
            node = parent;
        }
        Some((issuer, node))
    }

    fn node(&self, teller: &Teller, index: StateIndex, asked: bool) -> Option<Node> {
        let children = self.below.get(&index).into_iter().flatten();
        let children = children.filter_map(|child| self.node(teller, *child, false)).collect();
        Some(Node { children, asked, ..self.bare(teller, index)? })
    }

    fn bare(&self, teller: &Teller, index: StateIndex) -> Option<Node> {
        let (info, record) = (self.info(index)?, self.held.state().get(&key::LeafAt(index))?);
        let token = record.leaf.token()?;
        let counters = |unit: StateIndex| {
            let units = record.private.iter().flat_map(|private| &private.values.units);
            units.clone().find(|of| of.unit == unit).map(|of| of.counters).unwrap_or_default()
        };
        let purse = |(unit, budget): &(StateIndex, Budget)| Purse {
            unit: teller.unit(&budget.unit),
            total: budget.total,
            carved: budget.share == Share::Carved,
            counters: counters(*unit),
        };
        Some(Node {
            id: info.id,
            holder: did::to_text(&token.holder),
            status: status(&record.leaf, token.expires, self.now),
            expires: token.expires,
            entry: info.entry.0,
            purses: info.budgets.iter().flatten().map(purse).collect(),
            children: Vec::new(),
            asked: true,
        })
    }
}

fn status(leaf: &Leaf, expires: Seconds, now: Millis) -> &'static str {
    match leaf.life {
        Life::Revoked => "revoked",
        Life::Ended => "ended",
        Life::Live if leaf.mask != 0 => "suspended",
        Life::Live if expires.passed(now) => "expired",
        Life::Live => "live",
    }
}

impl Node {
    /// For programs.
    pub(super) fn view(&self) -> Value {
        let purse = |purse: &Purse| {
            let of = &purse.counters;
            json!({"unit": purse.unit.id.to_string(), "unit_name": purse.unit.name, "decimals": purse.unit.decimals,
                "share": if purse.carved { "carved" } else { "shared" },
                "total": purse.total.map(|total| total.0.to_string()),
                "left": purse.left().map(|left| left.0.to_string()),
                "captured": of.captured.to_string(), "refunded": of.refunded.to_string(),
                "reserved": of.reserved.to_string(), "leased": of.leased.to_string(),
                "pending": of.pending.to_string(), "carved": of.carved.to_string(),
                "returned": of.returned.to_string(), "ceded": of.ceded.to_string()})
        };
        json!({"id": self.id.to_string(), "holder": self.holder, "status": self.status, "entry": self.entry,
            "expires_s": self.expires.0, "budgets": self.purses.iter().map(purse).collect::<Vec<_>>(),
            "children": self.children.iter().map(Self::view).collect::<Vec<_>>()})
    }
}
