//! Newtypes for everything that is counted, timed or named, so that no two bare integers or hashes can be swapped.

use core::cmp::Ordering;
use core::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u64);

        impl $name {
            /// The next value, or `None` past the largest.
            pub const fn next(self) -> Option<Self> {
                match self.0.checked_add(1) {
                    Some(value) => Some(Self(value)),
                    None => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

macro_rules! bytes32 {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct $name(pub [u8; 32]);

        /// By the bytes from left to right. Two hashes differ in their first word, and ordered maps do little else
        /// than compare them.
        impl Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> Ordering {
                first_word(&self.0).cmp(&first_word(&other.0)).then_with(|| self.0.cmp(&other.0))
            }
        }

        impl PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

bytes32! {
    /// One till of a payee: one durable counter, named by whatever 32 bytes the payee gave it (spec 16 §3).
    TillId
}
number! {
    /// Position of an entry in the log, from 0 (RFC 6962 leaf index).
    EntryIndex
}
number! {
    /// Position of a leaf in the state tree, from 0; given in order of admission and never reused.
    StateIndex
}
number! {
    /// Number of leaves of a tree.
    TreeSize
}
number! {
    /// Unix time in whole seconds: deadlines inside signed objects. A deadline `d` has passed at every `t >= d`.
    Seconds
}
number! {
    /// Unix time or a span in milliseconds: entry times, ages.
    Millis
}
number! {
    /// An amount in minor units of a registered unit; never negative, never a float.
    Amount
}
number! {
    /// Raised by every transfer of a token.
    Epoch
}
number! {
    /// Raised by `cut` and `rekey`; a raise ends every outstanding offline link below the token.
    Generation
}
number! {
    /// A rules version: what the ledger makes of operations, and which of them it takes (spec 11 §8).
    Rules
}

impl Rules {
    /// The first there was.
    pub const FIRST: Self = Self(1);
    /// The newest that this crate knows. It knows all before it.
    pub const NEWEST: Self = Self(3);

    /// Whether this crate knows it.
    pub const fn is_known(self) -> bool {
        self.0 >= Self::FIRST.0 && self.0 <= Self::NEWEST.0
    }
}

impl Seconds {
    /// The same instant in milliseconds; the last representable instant if it lies beyond.
    pub const fn millis(self) -> Millis {
        Millis(self.0.saturating_mul(1000))
    }

    /// The first second of the span that this second lies in, of spans of this length that follow each other from the
    /// beginning of Unix time; a length of 0 has no spans, and is taken for 1.
    pub const fn start_of(self, length: Self) -> Self {
        match self.0.checked_rem(length.0) {
            Some(past) => Self(self.0.saturating_sub(past)),
            None => self,
        }
    }

    /// Whether this deadline has passed at `now`.
    pub const fn passed(self, now: Millis) -> bool {
        now.0 >= self.millis().0
    }
}

impl Millis {
    /// The whole second that contains this instant.
    pub const fn seconds(self) -> Seconds {
        Seconds(self.0 / 1000)
    }
}

bytes32! {
    /// A SHA-256 value: tree node, leaf hash or digest.
    Hash
}
bytes32! {
    /// Name of a ledger: the SHA-256 of its genesis entry (spec 03 §2).
    LedgerId
}
bytes32! {
    /// Name of a signed object: the SHA-256 of its `Sig_structure`, never of the signature (spec 02 §3).
    ObjectId
}
bytes32! {
    /// Name of what somebody asks approvers for: a hash over all that they say yes to (spec 17 §2).
    RequestId
}
bytes32! {
    /// The 32 bytes of an Ed25519 public key as they stand on the wire; [`crate::key::PublicKey`] is a checked one.
    KeyBytes
}

/// 16 random bytes that make a signed object unique.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nonce(pub [u8; 16]);

/// The first eight bytes as a number that orders as they do.
#[inline]
const fn first_word(bytes: &[u8; 32]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *bytes;
    u64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_order_as_their_bytes() {
        for (place, value) in (0..32).flat_map(|place| [(place, 1), (place, 0x80), (place, 0xff)]) {
            for (other, more) in (0..32).flat_map(|place| [(place, 1), (place, 0x80), (place, 0xff)]) {
                let (mut a, mut b) = (Hash([0x7f; 32]), Hash([0x7f; 32]));
                if let (Some(a), Some(b)) = (a.0.get_mut(place), b.0.get_mut(other)) {
                    (*a, *b) = (value, more);
                }
                assert_eq!(a.cmp(&b), a.0.cmp(&b.0));
            }
        }
    }
}
