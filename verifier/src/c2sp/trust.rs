//! Whom a verifier trusts: logs, witnesses and the quorum of witnesses that must have cosigned (spec 08 §6).

use super::vkey::{KeyKind, VerifierKey};
use crate::limits::TRUST_ITEMS_MAX;
use crate::types::{KeyBytes, Seconds};
use alloc::{boxed::Box, vec::Vec};

/// Logs, witnesses and quorum; made only by [`TrustBuilder::build`] and [`Trust::parse`].
#[derive(Clone, Debug)]
pub struct Trust {
    pub(super) logs: Vec<Log>,
    nodes: Vec<Node>,
    quorum: Quorum,
}

/// A log whose checkpoints are accepted.
#[derive(Clone, Debug)]
pub(super) struct Log {
    pub(super) key: VerifierKey,
    url: Option<Box<[u8]>>,
}

/// A witness whose cosignatures count.
#[derive(Clone, Debug)]
pub struct Witness {
    name: Box<[u8]>,
    key: VerifierKey,
    url: Option<Box<[u8]>>,
}

/// What a name stands for. Members of a group are positions of earlier nodes, so that one pass evaluates all.
#[derive(Clone, Debug)]
enum Node {
    Witness(Box<Witness>),
    Group { name: Box<[u8]>, threshold: usize, members: Vec<usize> },
}

/// What must have cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quorum {
    None,
    Node(usize),
}

/// A quorum or a part of one, for showing.
#[derive(Clone, Debug)]
pub enum TrustClause<'t> {
    /// Nothing is demanded.
    Nobody,
    /// This witness.
    Witness(&'t Witness),
    /// So many of these.
    Group {
        /// The name in the trust lines.
        name: &'t [u8],
        /// How many of the members.
        threshold: usize,
        /// The members.
        members: Vec<TrustClause<'t>>,
    },
}

/// How many members of a group must have cosigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Threshold {
    /// Every member.
    All,
    /// One member.
    Any,
    /// This many: at least 1, at most the number of members.
    Count(u64),
}

/// Why a log, witness, group or quorum cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustRuleError {
    /// More than [`TRUST_ITEMS_MAX`] logs, witnesses or groups.
    TooMany,
    /// A name is empty, or has a space, tab or other control character.
    Name,
    /// The name `none` cannot be defined, nor be a member.
    Reserved,
    /// The name is defined already.
    NameTaken,
    /// A log's key is not of type `0x01`, or a witness's not of type `0x04`.
    KeyKind,
    /// The public key, or the name and ID, is that of another log or witness.
    KeyTaken,
    /// A member or the quorum is not defined earlier.
    Undefined,
    /// A member already belongs to a group.
    MemberTaken,
    /// The threshold is not between 1 and the number of members.
    Threshold,
    /// There is a quorum already.
    SecondQuorum,
    /// There is no quorum.
    NoQuorum,
}

/// Collects what is trusted, one item at a time, under the rules of tlog-policy.
#[derive(Clone, Debug, Default)]
pub struct TrustBuilder {
    logs: Vec<Log>,
    nodes: Vec<Node>,
    /// For every node, whether it is a member of a group.
    taken: Vec<bool>,
    quorum: Option<Quorum>,
}

impl Trust {
    /// The keys of the logs with their URLs, in the order of definition. A key's name is the origin.
    pub fn logs(&self) -> impl Iterator<Item = (&VerifierKey, Option<&[u8]>)> {
        self.logs.iter().map(|log| (&log.key, log.url.as_deref()))
    }

    /// The witnesses, in the order of definition.
    pub fn witnesses(&self) -> impl Iterator<Item = &Witness> {
        self.nodes.iter().filter_map(Node::witness)
    }

    /// The witness with this key.
    pub fn witness(&self, key: &KeyBytes) -> Option<&Witness> {
        self.witnesses().find(|witness| witness.key.key().bytes() == key)
    }

    /// Whether no cosignature at all is demanded (`quorum none`).
    pub fn quorum_is_none(&self) -> bool {
        self.quorum == Quorum::None
    }

    /// What must have cosigned, as it was defined.
    pub fn quorum(&self) -> TrustClause<'_> {
        match self.quorum {
            Quorum::None => TrustClause::Nobody,
            Quorum::Node(at) => self.clause(at),
        }
    }

    /// Members stand before their group, so this ends.
    fn clause(&self, at: usize) -> TrustClause<'_> {
        match self.nodes.get(at) {
            None => TrustClause::Nobody,
            Some(Node::Witness(witness)) => TrustClause::Witness(witness),
            Some(Node::Group { name, threshold, members }) => {
                let members = members.iter().map(|member| self.clause(*member)).collect();
                TrustClause::Group { name, threshold: *threshold, members }
            }
        }
    }

    /// Whether these witnesses alone meet the quorum; `none` is met by nobody.
    pub fn is_met_by(&self, present: impl Fn(&Witness) -> bool) -> bool {
        self.quorum_is_none() || self.quorum_time(|witness| present(witness).then_some(Seconds(1))).is_some()
    }

    /// The latest time t such that the witnesses whose time is t or later meet the quorum; `None` if all of
    /// them together do not, or if the quorum is `none`. `time_of` gives each witness's time, if it has
    /// cosigned.
    ///
    /// A group is met from the k-th largest of its members' times on, so one pass in order of definition
    /// suffices.
    pub(super) fn quorum_time(&self, time_of: impl Fn(&Witness) -> Option<Seconds>) -> Option<Seconds> {
        let Quorum::Node(wanted) = self.quorum else { return None };
        let mut times: Vec<Option<Seconds>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let time = match node {
                Node::Witness(witness) => time_of(witness),
                Node::Group { threshold, members, .. } => {
                    let mut met: Vec<Seconds> =
                        members.iter().filter_map(|member| times.get(*member).copied().flatten()).collect();
                    met.sort_unstable_by(|a, b| b.cmp(a));
                    threshold.checked_sub(1).and_then(|last| met.get(last).copied())
                }
            };
            times.push(time);
        }
        times.get(wanted).copied().flatten()
    }
}

impl Witness {
    /// The name in the trust lines; it means nothing elsewhere.
    pub const fn name(&self) -> &[u8] {
        &self.name
    }

    /// The key, with the name that stands in its cosignatures.
    pub const fn key(&self) -> &VerifierKey {
        &self.key
    }

    /// Where the witness takes checkpoints, if the trust lines say so.
    pub fn url(&self) -> Option<&[u8]> {
        self.url.as_deref()
    }
}

impl Node {
    fn name(&self) -> &[u8] {
        match self {
            Self::Witness(witness) => &witness.name,
            Self::Group { name, .. } => name,
        }
    }

    fn witness(&self) -> Option<&Witness> {
        match self {
            Self::Witness(witness) => Some(witness),
            Self::Group { .. } => None,
        }
    }
}

impl TrustBuilder {
    /// Nothing trusted yet.
    pub const fn new() -> Self {
        Self { logs: Vec::new(), nodes: Vec::new(), taken: Vec::new(), quorum: None }
    }

    /// Accepts the checkpoints of the origin that is the key's name, when this key signed them.
    ///
    /// # Errors
    ///
    /// [`TrustRuleError::TooMany`], [`TrustRuleError::KeyKind`], [`TrustRuleError::KeyTaken`].
    pub fn log(&mut self, key: VerifierKey, url: Option<&[u8]>) -> Result<&mut Self, TrustRuleError> {
        if self.logs.len() >= TRUST_ITEMS_MAX {
            return Err(TrustRuleError::TooMany);
        }
        self.check_key(&key, KeyKind::Note)?;
        self.logs.push(Log { key, url: url.map(Box::from) });
        Ok(self)
    }

    /// Defines a witness.
    ///
    /// # Errors
    ///
    /// [`TrustRuleError::TooMany`], [`TrustRuleError::KeyKind`], [`TrustRuleError::KeyTaken`],
    /// [`TrustRuleError::Name`], [`TrustRuleError::Reserved`], [`TrustRuleError::NameTaken`].
    pub fn witness(
        &mut self,
        name: &[u8],
        key: VerifierKey,
        url: Option<&[u8]>,
    ) -> Result<&mut Self, TrustRuleError> {
        if self.nodes.iter().filter_map(Node::witness).count() >= TRUST_ITEMS_MAX {
            return Err(TrustRuleError::TooMany);
        }
        self.check_key(&key, KeyKind::Cosignature)?;
        self.define(
            name,
            Node::Witness(Box::new(Witness { name: name.into(), key, url: url.map(Box::from) })),
        )
    }

    /// Defines a group of witnesses and groups that are defined already.
    ///
    /// # Errors
    ///
    /// [`TrustRuleError::TooMany`], [`TrustRuleError::Reserved`], [`TrustRuleError::Undefined`],
    /// [`TrustRuleError::MemberTaken`], [`TrustRuleError::Threshold`], [`TrustRuleError::Name`],
    /// [`TrustRuleError::NameTaken`]. After an error nothing has changed.
    pub fn group(
        &mut self,
        name: &[u8],
        threshold: Threshold,
        members: &[&[u8]],
    ) -> Result<&mut Self, TrustRuleError> {
        if self.nodes.iter().filter(|node| node.witness().is_none()).count() >= TRUST_ITEMS_MAX {
            return Err(TrustRuleError::TooMany);
        }
        let mut positions = Vec::new();
        for member in members {
            let position = self.find(member)?;
            if self.taken.get(position) != Some(&false) || positions.contains(&position) {
                return Err(TrustRuleError::MemberTaken);
            }
            positions.push(position);
        }
        let threshold = threshold.of(members.len()).ok_or(TrustRuleError::Threshold)?;
        let group = Node::Group { name: name.into(), threshold, members: positions.clone() };
        self.define(name, group)?;
        for position in positions {
            if let Some(taken) = self.taken.get_mut(position) {
                *taken = true;
            }
        }
        Ok(self)
    }

    /// States what must have cosigned: a defined name, or `none` for nothing.
    ///
    /// # Errors
    ///
    /// [`TrustRuleError::SecondQuorum`], [`TrustRuleError::Undefined`].
    pub fn quorum(&mut self, name: &[u8]) -> Result<&mut Self, TrustRuleError> {
        if self.quorum.is_some() {
            return Err(TrustRuleError::SecondQuorum);
        }
        self.quorum = Some(if name == b"none" { Quorum::None } else { Quorum::Node(self.find(name)?) });
        Ok(self)
    }

    /// What was collected.
    ///
    /// # Errors
    ///
    /// [`TrustRuleError::NoQuorum`]: `none` must be stated too.
    pub fn build(self) -> Result<Trust, TrustRuleError> {
        let quorum = self.quorum.ok_or(TrustRuleError::NoQuorum)?;
        Ok(Trust { logs: self.logs, nodes: self.nodes, quorum })
    }

    /// One key has one role, and a line can be of one key only.
    fn check_key(&self, key: &VerifierKey, kind: KeyKind) -> Result<(), TrustRuleError> {
        if key.kind() != kind {
            return Err(TrustRuleError::KeyKind);
        }
        let witnesses = self.nodes.iter().filter_map(Node::witness).map(|witness| &witness.key);
        let mut known = self.logs.iter().map(|log| &log.key).chain(witnesses);
        let same = |other: &VerifierKey| {
            other.key() == key.key() || (other.id() == key.id() && other.name() == key.name())
        };
        if known.any(same) { Err(TrustRuleError::KeyTaken) } else { Ok(()) }
    }

    fn define(&mut self, name: &[u8], node: Node) -> Result<&mut Self, TrustRuleError> {
        if name.is_empty() || !name.iter().all(|byte| *byte > b' ' && *byte != 0x7f) {
            return Err(TrustRuleError::Name);
        }
        if name == b"none" {
            return Err(TrustRuleError::Reserved);
        }
        if self.find(name).is_ok() {
            return Err(TrustRuleError::NameTaken);
        }
        self.nodes.push(node);
        self.taken.push(false);
        Ok(self)
    }

    fn find(&self, name: &[u8]) -> Result<usize, TrustRuleError> {
        if name == b"none" {
            return Err(TrustRuleError::Reserved);
        }
        self.nodes.iter().position(|node| node.name() == name).ok_or(TrustRuleError::Undefined)
    }
}

impl Threshold {
    /// The number of members that must have cosigned, of `members`.
    fn of(self, members: usize) -> Option<usize> {
        let count = match self {
            Self::All => members,
            Self::Any => 1,
            Self::Count(count) => usize::try_from(count).ok()?,
        };
        (1..=members).contains(&count).then_some(count)
    }
}
