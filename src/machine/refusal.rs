//! A no of the rules: a stable code, and where in the chain it was decided.

use remit_verifier::code::Code;
use remit_verifier::types::StateIndex;
use std::fmt;

/// Why an operation was refused. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub code: Code,
    /// The member of the bundle that was refused; 0 outside bundles.
    pub member: u8,
    /// The leaf that decided, where one did.
    pub leaf: Option<StateIndex>,
}

/// Why an admission stops: the rules say no, or the state could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop<E> {
    /// The rules say no.
    Refused(Refusal),
    /// The state could not be read.
    View(E),
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

impl<E> From<Code> for Stop<E> {
    fn from(code: Code) -> Self {
        Self::Refused(Refusal { code, member: 0, leaf: None })
    }
}

impl<E> Stop<E> {
    /// A no that the leaf at `index` decided.
    pub(super) fn at(code: Code, index: StateIndex) -> Self {
        Self::Refused(Refusal { code, member: 0, leaf: Some(index) })
    }
}
