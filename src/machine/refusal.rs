//! A no of the rules: a stable code, where in the chain it was decided, and the entry that records it, if one does.

use remit_verifier::code::Code;
use remit_verifier::log::Bound;
use remit_verifier::types::{Amount, EntryIndex, ObjectId, StateIndex};
use std::fmt;

/// Why an operation was refused. Nothing of value was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub code: Code,
    /// The member of the bundle that was refused; 0 outside bundles.
    pub member: u8,
    /// The leaf that decided, where one did.
    pub leaf: Option<StateIndex>,
    /// The entry that records it, if one does (spec 19 §1).
    pub entry: Option<EntryIndex>,
}

impl Refusal {
    /// A refusal that no leaf decided and no entry records.
    pub const fn of(code: Code) -> Self {
        Self { code, member: 0, leaf: None, entry: None }
    }
}

/// Why an admission stops: the rules say no, or the state could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop<E> {
    /// The rules say no.
    Refused(Box<No>),
    /// The state could not be read.
    View(E),
}

/// A no of one leaf, with its number that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    pub(super) code: Code,
    pub(super) bound: Option<Bound>,
}

/// A no on its way out of the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct No {
    pub(super) refusal: Refusal,
    /// The number of the leaf that decided, where one did.
    pub(super) bound: Option<Bound>,
    /// What was to be spent, once it is sure that whoever signed holds the token.
    pub(super) spend: Option<Spend>,
    /// Whether something decided that travels beside what the holder signed, so that whoever submitted it could have
    /// brought that about.
    pub(super) anybodys: bool,
}

/// A spend by whoever holds the token, as far as it is sure of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spend {
    /// The logged token.
    pub(super) token: StateIndex,
    /// How much was asked for, if anything.
    pub(super) amount: Option<Amount>,
    /// The unit that was named, be it registered or not.
    pub(super) unit: Option<ObjectId>,
}

/// What a rule returns.
pub(super) type Rule<T, E> = Result<T, Stop<E>>;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.leaf {
            Some(leaf) => write!(f, "{} at leaf {leaf}", self.code),
            None => write!(f, "{}", self.code),
        }
    }
}

impl From<Code> for Denial {
    fn from(code: Code) -> Self {
        Self { code, bound: None }
    }
}

impl Denial {
    /// A no that this number decided.
    pub(super) const fn by(code: Code, bound: Bound) -> Self {
        Self { code, bound: Some(bound) }
    }
}

impl<E> From<Denial> for Stop<E> {
    fn from(Denial { code, bound }: Denial) -> Self {
        Self::Refused(Box::new(No { refusal: Refusal::of(code), bound, spend: None, anybodys: false }))
    }
}

impl<E> From<Code> for Stop<E> {
    fn from(code: Code) -> Self {
        Denial::from(code).into()
    }
}

impl<E> Stop<E> {
    /// A no that the leaf at `index` decided.
    pub(super) fn at(code: Code, index: StateIndex) -> Self {
        Self::from(code).located(index)
    }

    /// A no that this number of the leaf at `index` decided, if it is a number.
    pub(super) fn at_bound(code: Code, index: StateIndex, bound: Option<Bound>) -> Self {
        Self::from(Denial { code, bound }).located(index)
    }

    /// The same no, decided by the leaf at `index`.
    pub(super) fn located(self, index: StateIndex) -> Self {
        self.map(|no| No { refusal: Refusal { leaf: Some(index), ..no.refusal }, ..no })
    }

    /// The same no, to the member of a bundle at this place.
    pub(super) fn of_member(self, member: usize) -> Self {
        let member = u8::try_from(member).unwrap_or(u8::MAX);
        self.map(|no| No { refusal: Refusal { member, ..no.refusal }, ..no })
    }

    /// The same no, to a spend by whoever holds the token: its rule has made sure of that before.
    pub(super) fn of_holder(self, spend: Spend) -> Self {
        self.map(|no| if no.anybodys { no } else { No { spend: Some(spend), ..no } })
    }

    /// The same no, which whoever submitted it could have brought about: it is no refusal of the holder's.
    pub(super) fn of_anybody(self) -> Self {
        self.map(|no| No { anybodys: true, ..no })
    }

    fn map(self, change: impl FnOnce(No) -> No) -> Self {
        match self {
            Self::Refused(no) => Self::Refused(Box::new(change(*no))),
            view => view,
        }
    }
}
