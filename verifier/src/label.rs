//! The labels that separate everything signed or hashed (spec 01 §6). One label, one meaning.

macro_rules! labels {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $text;)*
        /// All labels, for the test that no two are equal and none is a prefix of another.
        pub const ALL: &[&str] = &[$($text),*];
    };
}

labels! {
    /// Log entries (spec 03 §1).
    ENTRY = "remit/entry/v1";
    /// The digest over the parts of details (spec 03 §5).
    DETAILS = "remit/details/v1";
    /// The common part of details (spec 03 §5).
    COMMON = "remit/common/v1";
    /// One link's part of details (spec 03 §5).
    LINK = "remit/link/v1";
    /// State leaves (spec 06 §1).
    STATE = "remit/state/v1";
    /// Values behind a token's leaf (spec 06 §4).
    VALUES = "remit/values/v1";
    /// History of a leaf (spec 06 §5).
    HISTORY = "remit/history/v1";
    /// Chunks of the status tree (spec 06 §6).
    STATUS = "remit/status/v1";
    /// Updates of the status of all leaves (spec 22 §1).
    STATUS_UPDATE = "remit/status-update/v1";
    /// The state that a log leads to, as a file (spec 24 §2).
    SNAPSHOT = "remit/snapshot/v1";
    /// Salts derived from an object, a token's secret and an entry or event (spec 03 §5, 06 §4).
    SALT = "remit/salt/v1";
    /// The id of several signed objects together (spec 02 §4).
    IDS = "remit/ids/v1";
    /// The id of a payload, whoever signed it (spec 02 §4).
    PAYLOAD = "remit/payload/v1";
    /// Operations as they are submitted and kept (spec 02 §6).
    SUBMISSION = "remit/submission/v1";
    /// The digest that members of a bundle sign (spec 02 §7).
    BUNDLE = "remit/bundle/v1";
    /// Tokens: roots, children and offline links (spec 04 §1).
    TOKEN = "remit/token/v1";
    /// Sealed claims (spec 04 §6).
    SEALED = "remit/sealed/v1";
    /// Digest of a token's authority (spec 06 §3).
    AUTHORITY = "remit/authority/v1";
    /// Invocations (spec 05 §1).
    INVOCATION = "remit/invocation/v1";
    /// Arguments of an invocation (spec 05 §2).
    ARGUMENT = "remit/argument/v1";
    /// Registration of a party (spec 02 §5).
    PARTY = "remit/party/v1";
    /// Change of a party's keys (spec 02 §5).
    PARTY_KEYS = "remit/party-keys/v1";
    /// Registration of a unit (spec 02 §5).
    UNIT = "remit/unit/v1";
    /// Appointment of an issuer (spec 02 §5).
    ISSUER = "remit/issuer/v1";
    /// Transfer of a token (spec 02 §5).
    TRANSFER = "remit/transfer/v1";
    /// Change of a holder's key (spec 02 §5).
    REKEY = "remit/rekey/v1";
    /// Veto of a pending rekey (spec 02 §5).
    VETO = "remit/veto/v1";
    /// Suspension of a token (spec 02 §5).
    SUSPEND = "remit/suspend/v1";
    /// Lifting of a suspension (spec 02 §5).
    RESUME = "remit/resume/v1";
    /// Revocation of a token (spec 02 §5).
    REVOKE = "remit/revoke/v1";
    /// Cut of all offline links of a token (spec 02 §5).
    CUT = "remit/cut/v1";
    /// End of a token that can no longer be used (spec 02 §5).
    END = "remit/end/v1";
    /// Capture of reserved value (spec 02 §5).
    CAPTURE = "remit/capture/v1";
    /// Release of reserved value (spec 02 §5).
    RELEASE = "remit/release/v1";
    /// Refund of captured value (spec 02 §5).
    REFUND = "remit/refund/v1";
    /// Freeze of a leaf by the operators (spec 02 §5).
    FREEZE = "remit/freeze/v1";
    /// Lifting of a freeze (spec 02 §5).
    UNFREEZE = "remit/unfreeze/v1";
    /// Later rules put in force (spec 02 §5).
    UPGRADE = "remit/upgrade/v1";
    /// A request for approval, with the value that it holds (spec 02 §5).
    REQUEST = "remit/request/v1";
    /// An approver's yes (spec 02 §5).
    APPROVE = "remit/approve/v1";
    /// The end of a request (spec 02 §5).
    WITHDRAW = "remit/withdraw/v1";
    /// What approvers say yes to (spec 17 §2).
    REQUEST_ID = "remit/request-id/v1";
    /// The same of a lease (spec 17 §2).
    LEASE_REQUEST_ID = "remit/lease-request-id/v1";
    /// Opening of a lease (spec 16 §3).
    LEASE = "remit/lease/v1";
    /// A lease given back early (spec 16 §7).
    LEASE_CLOSE = "remit/lease-close/v1";
    /// Settlement of a lease (spec 16 §7).
    SETTLE = "remit/settle/v1";
    /// A token offered for a price (spec 18 §1).
    OFFER = "remit/offer/v1";
    /// An offer taken, against a payment (spec 18 §2).
    TRADE = "remit/trade/v1";
    /// Uses of a lease, as leaves of the tree that vouchers commit to (spec 16 §4).
    USE = "remit/use/v1";
    /// Proofs of a lease for its payee (spec 16 §5).
    LEASE_PROOF = "remit/lease-proof/v1";
    /// What a till keeps (spec 16 §6).
    TILL = "remit/till/v1";
    /// What a wallet keeps (spec 16 §8).
    WALLET = "remit/wallet/v1";
    /// Presentations (spec 09 §1).
    PRESENTATION = "remit/presentation/v1";
    /// Evidence of funding (spec 09 §2).
    EVIDENCE = "remit/evidence/v1";
    /// Case files (spec 09 §3).
    CASE = "remit/case/v1";
    /// The HTTP request that an invocation is signed for (spec 20 §1).
    HTTP = "remit/http/v1";
}

#[cfg(test)]
mod tests {
    use super::ALL;

    #[test]
    fn labels_are_distinct_and_prefix_free() {
        for (i, a) in ALL.iter().enumerate() {
            for (j, b) in ALL.iter().enumerate() {
                assert!(i == j || !b.starts_with(a), "{a} begins {b}");
            }
        }
    }
}
