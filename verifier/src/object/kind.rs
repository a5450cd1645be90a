//! The kinds of operations and entries, numbered once for ever (spec 03 §1).

use crate::label;

macro_rules! kinds {
    ($($(#[$doc:meta])* $number:literal $name:ident $text:literal $label:expr;)*) => {
        /// A kind of entry. Numbers of later rules versions are reserved and answered with `not_enabled`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Kind {
            $($(#[$doc])* $name = $number,)*
        }

        impl Kind {
            /// All kinds up to the newest rules version in order of their numbers.
            pub const ALL: &'static [Kind] = &[$(Kind::$name),*];

            /// The name of the kind.
            pub const fn text(self) -> &'static str {
                match self { $(Kind::$name => $text,)* }
            }

            /// The label of the object that is signed, if the kind has one.
            pub const fn label(self) -> Option<&'static str> {
                match self { $(Kind::$name => $label,)* }
            }
        }
    };
}

kinds! {
    /// Entry 0.
    0 Genesis "genesis" None;
    /// The last entry of a batch.
    1 Commitment "commitment" None;
    /// The ledger returns what was still reserved at `settle_by`.
    2 Expiry "expiry" None;
    /// A party registers itself.
    3 Party "party" Some(label::PARTY);
    /// A party changes its keys.
    4 PartyKeys "party_keys" Some(label::PARTY_KEYS);
    /// The operators register a unit.
    5 Unit "unit" Some(label::UNIT);
    /// The operators appoint an issuer.
    6 Issuer "issuer" Some(label::ISSUER);
    /// An issuer creates a root token.
    7 Issue "issue" Some(label::TOKEN);
    /// A holder creates a child token.
    8 Delegate "delegate" Some(label::TOKEN);
    /// A token goes to another holder.
    9 Transfer "transfer" Some(label::TRANSFER);
    /// A holder's key is changed, or the change is proposed by somebody upstream.
    10 Rekey "rekey" Some(label::REKEY);
    /// The old key refuses a proposed rekey.
    11 Veto "veto" Some(label::VETO);
    /// The ledger makes a proposed rekey effective.
    12 Rekeyed "rekeyed" None;
    /// A token is suspended.
    13 Suspend "suspend" Some(label::SUSPEND);
    /// A suspension is lifted.
    14 Resume "resume" Some(label::RESUME);
    /// A token is revoked.
    15 Revoke "revoke" Some(label::REVOKE);
    /// All offline links of a token are ended.
    16 Cut "cut" Some(label::CUT);
    /// A token that can no longer be used gives back its value.
    17 End "end" Some(label::END);
    /// The same, written by the ledger when a carved token has expired.
    18 Lapse "lapse" None;
    /// Value is reserved for a payee.
    19 Reserve "reserve" Some(label::INVOCATION);
    /// The payee takes reserved value.
    20 Capture "capture" Some(label::CAPTURE);
    /// The payee gives reserved value back.
    21 Release "release" Some(label::RELEASE);
    /// The payee gives captured value back.
    22 Refund "refund" Some(label::REFUND);
    /// The operators freeze a leaf.
    23 Freeze "freeze" Some(label::FREEZE);
    /// The operators lift a freeze.
    24 Unfreeze "unfreeze" Some(label::UNFREEZE);
    /// Several operations, all or nothing.
    25 Bundle "bundle" None;
    /// A holder asks for approval of one use, and holds its value meanwhile.
    32 Request "request" Some(label::REQUEST);
    /// An approver says yes to a request.
    33 Approve "approve" Some(label::APPROVE);
    /// The holder or somebody upstream takes a request back, or an approver says no.
    34 Withdraw "withdraw" Some(label::WITHDRAW);
    /// The holder locks value for one till of a payee.
    35 Lease "lease" Some(label::LEASE);
    /// The payee gives a lease back early.
    36 LeaseClose "lease_close" Some(label::LEASE_CLOSE);
    /// The payee settles a lease with its last voucher.
    37 Settle "settle" Some(label::SETTLE);
    /// A holder offers a token for a price, or withdraws that.
    38 Offer "offer" Some(label::OFFER);
    /// A buyer takes an offer, and pays for it in the same bundle.
    39 Trade "trade" Some(label::TRADE);
    /// A spend by whoever holds the token was refused; nothing moved.
    40 Refusal "refusal" None;
    /// The operators put later rules in force.
    41 Upgrade "upgrade" Some(label::UPGRADE);
}

/// Numbers reserved for later rules versions, with the names of their kinds (spec 14 §1).
pub const RESERVED: &[(u64, &str)] = &[(42, "time_jump"), (43, "snapshot")];

impl Kind {
    /// The kind with this number, if this rules version has it.
    pub fn from_number(number: u64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| *kind as u64 == number)
    }

    /// Whether the ledger itself writes entries of this kind; nobody submits them.
    pub const fn is_written_by_the_ledger(self) -> bool {
        matches!(self, Self::Genesis | Self::Commitment | Self::Expiry | Self::Rekeyed | Self::Lapse)
    }

    /// Whether an operation of this kind, alone in its submission, spends a holder's value: its refusal is an entry
    /// (spec 19 §1).
    pub const fn is_spend(self) -> bool {
        matches!(self, Self::Reserve | Self::Request | Self::Lease)
    }
}
