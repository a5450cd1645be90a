//! Every reason for a no, with its stable code (spec 15). Verdicts and the ledger's refusals share one table.

use crate::cbor::DecodeError;
use core::fmt;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $number:literal $name:ident = $text:literal;)*) => {
        /// A stable reason for a no. The number and the text never change their meaning; the order of the numbers is
        /// the order of precedence within one step of spec 10 or 11.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Code {
            $($(#[doc = $doc])+ $name = $number,)*
        }

        impl Code {
            /// All codes in order of their numbers.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The stable text of the code.
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// What the code means, in one sentence.
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+).trim_ascii(),)* }
            }

            /// The stable number of the code.
            pub const fn number(self) -> u16 {
                self as u16
            }

            /// The code with this number, if there is one.
            pub fn from_number(number: u64) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| u64::from(code.number()) == number)
            }
        }
    };
}

codes! {
    /// The bytes are not an object of the expected shape.
    100 Malformed = "malformed";
    /// The same value has another, canonical encoding.
    101 NotCanonical = "not_canonical";
    /// Bytes follow the object.
    102 TrailingBytes = "trailing_bytes";
    /// A string or object is longer than its bound.
    103 Oversize = "oversize";
    /// A list has more items than its bound.
    104 TooMany = "too_many";
    /// A map has a field, such as a constraint, that this version does not know.
    105 UnknownField = "unknown_field";
    /// The label names another kind or another version.
    106 WrongLabel = "wrong_label";
    /// The operation kind is not known.
    107 UnknownKind = "unknown_kind";
    /// The format is reserved for a later rules version.
    108 NotEnabled = "not_enabled";
    /// A public key is not canonical or of small order.
    109 BadKey = "bad_key";
    /// The object names another ledger.
    110 WrongLedger = "wrong_ledger";
    /// The signature does not verify: forged, or made under another label or for another ledger.
    111 BadSignature = "bad_signature";
    /// The sealed claims are missing, or are not those that the token commits to.
    112 SealedMismatch = "sealed_mismatch";
    /// The bundle digest is missing, wrong, or stands outside a bundle.
    113 BundleMismatch = "bundle_mismatch";

    /// The checkpoint is from no log that the policy lists.
    200 UnknownLog = "unknown_log";
    /// The checkpoint is malformed or its log signature does not verify.
    201 BadCheckpoint = "bad_checkpoint";
    /// A known witness's cosignature does not verify.
    202 BadCosignature = "bad_cosignature";
    /// The cosignatures do not meet the policy's quorum.
    203 Quorum = "quorum";
    /// The last entry under the checkpoint is not a commitment, or its inclusion is not proved.
    204 NoCommitment = "no_commitment";
    /// The clock is in doubt: evidence is later than the clock and the skew allow.
    205 Clock = "clock";
    /// The evidence is older than the policy or the token allows.
    206 Stale = "stale";
    /// The state leaves are not proved by the committed state root.
    207 BadProof = "bad_proof";
    /// A state leaf is malformed or missing, or stands for another object.
    208 WrongLeaf = "wrong_leaf";
    /// The log signed two histories: this checkpoint is not of the one that is followed.
    209 TwoHistories = "two_histories";

    /// The whole ledger is frozen.
    300 LedgerFrozen = "ledger_frozen";
    /// No party with this id is registered.
    301 UnknownParty = "unknown_party";
    /// The party is frozen.
    302 PartyFrozen = "party_frozen";
    /// The party is not appointed as an issuer.
    303 NotAnIssuer = "not_an_issuer";
    /// The policy does not list the issuer.
    304 UntrustedIssuer = "untrusted_issuer";
    /// The issuer's key that signed was compromised.
    305 CompromisedKey = "compromised_key";
    /// No unit with this id is registered, or its leaf is missing.
    306 UnknownUnit = "unknown_unit";
    /// The unit is frozen.
    307 UnitFrozen = "unit_frozen";
    /// No token with this id was admitted.
    308 UnknownToken = "unknown_token";
    /// Neighbouring links do not fit: other parent, other position, or offline links that are no suffix.
    309 BrokenChain = "broken_chain";
    /// The chain has more links than allowed.
    310 TooDeep = "too_deep";
    /// The signer is not the one who may sign this.
    311 WrongSigner = "wrong_signer";
    /// A link of the chain was revoked.
    312 Revoked = "revoked";
    /// A link of the chain has ended.
    313 Ended = "ended";
    /// A link of the chain is suspended.
    314 Suspended = "suspended";
    /// A link of the chain is frozen by the operators.
    315 Frozen = "frozen";
    /// The epoch named is not the token's epoch: it was transferred.
    316 OldEpoch = "old_epoch";
    /// The generation named is not the token's generation: its offline links were cut.
    317 OldGeneration = "old_generation";
    /// A link of the chain has expired.
    318 Expired = "expired";
    /// A link of the chain is not valid yet.
    319 NotYetValid = "not_yet_valid";
    /// A transferred token is not yet good offline with the new holder.
    320 HolderTooNew = "holder_too_new";
    /// The parent does not allow this delegation.
    321 NotDelegable = "not_delegable";
    /// A link claims more than its parent allows.
    322 WiderThanParent = "wider_than_parent";
    /// A life, window or deadline is empty, in the past or longer than its bound.
    323 BadTime = "bad_time";

    /// The id was applied before, in another operation.
    400 Replayed = "replayed";
    /// `valid_until` has passed.
    401 TooLate = "too_late";
    /// `valid_until` lies further ahead than the kind allows.
    402 TooEarly = "too_early";
    /// The invocation names another token.
    403 WrongToken = "wrong_token";
    /// The invocation was signed by somebody else than the token's holder.
    404 WrongHolder = "wrong_holder";
    /// The invocation is for another party.
    405 WrongAudience = "wrong_audience";
    /// A link allows none of this service.
    406 ServiceNotAllowed = "service_not_allowed";
    /// A link does not allow this action at the service.
    407 ActionNotAllowed = "action_not_allowed";
    /// A link does not allow this resource for the action.
    408 ResourceNotAllowed = "resource_not_allowed";
    /// An argument that was shown is not the one that was signed.
    409 WrongArgument = "wrong_argument";
    /// A condition on the arguments does not hold.
    410 ConditionNotMet = "condition_not_met";

    /// The amount is zero or missing, or an amount stands where none may.
    500 BadAmount = "bad_amount";
    /// A link's budgets do not name the unit.
    501 UnitNotBudgeted = "unit_not_budgeted";
    /// The amount is above what one use may be.
    502 AbovePerUse = "above_per_use";
    /// The amount is above what is left of a total.
    503 AboveTotal = "above_total";
    /// A counter would overflow.
    504 Overflow = "overflow";
    /// The evidence does not fund this invocation or lease.
    505 NotFunding = "not_funding";
    /// The reservation or lease is past its `settle_by`, or the lease is settled or closed.
    506 Settled = "settled";
    /// No reservation with this id exists.
    507 UnknownReservation = "unknown_reservation";
    /// The signer is not the payee of the reservation or lease.
    508 NotThePayee = "not_the_payee";
    /// The capture or voucher does not carry the next number.
    509 WrongNumber = "wrong_number";
    /// More than what is still reserved.
    510 AboveReserved = "above_reserved";
    /// No capture with this id exists.
    511 UnknownCapture = "unknown_capture";
    /// More than what was captured and is not yet refunded.
    512 AboveCaptured = "above_captured";
    /// Refunds are past `refund_until`.
    513 RefundClosed = "refund_closed";
    /// More than the budget's gross bound on refunds.
    514 AboveRefundable = "above_refundable";
    /// More than what is left of a window.
    515 AboveWindow = "above_window";
    /// Too few approvers of a link have said yes to this.
    516 ApprovalRequired = "approval_required";
    /// No request with this id waits, or the approval is for another one.
    517 UnknownRequest = "unknown_request";
    /// The request was carried out, taken back, refused or cancelled, or its time has run out.
    518 RequestClosed = "request_closed";
    /// The signer is no approver of the chain.
    519 NotAnApprover = "not_an_approver";
    /// A link's budget states no limits on leases, so that none may be opened below it.
    520 NoLeases = "no_leases";
    /// The amount is above what one lease may be.
    521 AboveLeaseLimit = "above_lease_limit";
    /// The lease would be spent from for longer than a link allows.
    522 LeaseTooLong = "lease_too_long";
    /// No lease with this id exists.
    523 UnknownLease = "unknown_lease";
    /// A voucher stands where none may, or none where one must.
    524 MisplacedVoucher = "misplaced_voucher";
    /// The voucher or till is not of this lease, its unit or its till.
    525 WrongLease = "wrong_lease";
    /// The cumulative amount is not what was spent before and this use.
    526 WrongSum = "wrong_sum";
    /// The root is not the one over the uses.
    527 WrongRoot = "wrong_root";
    /// The cumulative amount is above what was leased.
    528 AboveLeased = "above_leased";
    /// The lease is past its `spend_until`.
    529 SpendOver = "spend_over";
    /// The reserve is not a payment of the whole price to the payee of the offer, for this token.
    530 WrongPayment = "wrong_payment";
    /// Less is left of the token than the buyer wants.
    531 BelowMinimum = "below_minimum";
    /// As many entries as the root token allows have been written for its tokens in this span.
    532 AboveEntries = "above_entries";
    /// A link asks for an approval of every payment in the unit, so that no voucher of a lease could be taken.
    533 EveryUseAsks = "every_use_asks";

    /// Too few, doubled or unknown operator signatures.
    600 NotTheOperators = "not_the_operators";
    /// The id or name is registered already.
    601 AlreadyRegistered = "already_registered";
    /// A party has no key left, a key that it may not have, or no room for a compromised one.
    602 PartyKeys = "party_keys";
    /// The chain position is not one that may do this.
    603 WrongPosition = "wrong_position";
    /// It is so already.
    604 AlreadySo = "already_so";
    /// The suspension or freeze named is not the one that is in force.
    605 NotInForce = "not_in_force";
    /// The token may not be transferred.
    606 NotTransferable = "not_transferable";
    /// Value is reserved, pending or leased below the token.
    607 ValueOpen = "value_open";
    /// A carved child has not ended.
    608 CarvedChild = "carved_child";
    /// The token can still be used, so it cannot be ended.
    609 StillUsable = "still_usable";
    /// No pending rekey with this id exists.
    610 UnknownRekey = "unknown_rekey";
    /// The reference points to no earlier operation of the right kind.
    611 BadReference = "bad_reference";
    /// A budget states when approval is needed, and the token names no approvers.
    612 NoApprovers = "no_approvers";
    /// No offer with this id was made for the token.
    613 UnknownOffer = "unknown_offer";
    /// The offer was taken, replaced or withdrawn, its time has run out, or who made it is no longer the holder.
    614 OfferClosed = "offer_closed";
    /// The seller could revoke or suspend what he sells: he is the issuer, or the holder of a token above it.
    615 SellerUpstream = "seller_upstream";

    /// The request carries no invocation.
    700 NoInvocation = "no_invocation";
    /// The presentation or evidence that the request names is not kept here; it is to be brought again.
    701 UnknownPresentation = "unknown_presentation";
    /// The policy has no route for this method and target.
    702 NoRoute = "no_route";
    /// The invocation was signed for another request, or asks for something else than its route says.
    703 WrongRequest = "wrong_request";
    /// All is permitted, but no value is held for the amount.
    704 NotFunded = "not_funded";
    /// The invocation, or the request that it carries out, was served before.
    705 ServedBefore = "served_before";
    /// It cannot be recorded that this is served: no room, or the disk failed.
    706 NoRecord = "no_record";
    /// It may have been served before this service began, which keeps no durable record.
    707 BeforeStart = "before_start";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl From<DecodeError> for Code {
    fn from(error: DecodeError) -> Self {
        match error {
            DecodeError::Truncated | DecodeError::Malformed | DecodeError::MissingField(_) => Code::Malformed,
            DecodeError::NotCanonical => Code::NotCanonical,
            DecodeError::TrailingBytes => Code::TrailingBytes,
            DecodeError::Oversize => Code::Oversize,
            DecodeError::TooMany => Code::TooMany,
            DecodeError::UnknownField(_) => Code::UnknownField,
            DecodeError::NotEnabled(_) => Code::NotEnabled,
            DecodeError::WrongLabel => Code::WrongLabel,
            DecodeError::Key(_) => Code::BadKey,
        }
    }
}
