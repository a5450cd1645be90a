//! Every code that the ledger can answer with has a test here that gets it.

use remit_verifier::code::Code;

/// The codes that only a verdict or a till gives: the ledger sees no checkpoint, no policy and no opened arguments.
const OF_VERDICTS: &[Code] = &[
    Code::UnknownLog,
    Code::BadCheckpoint,
    Code::BadCosignature,
    Code::Quorum,
    Code::NoCommitment,
    Code::Clock,
    Code::Stale,
    Code::BadProof,
    Code::UntrustedIssuer,
    Code::HolderTooNew,
    Code::WrongAudience,
    Code::WrongArgument,
    Code::ConditionNotMet,
    Code::NotFunding,
    Code::WrongSum,
    Code::WrongRoot,
    Code::SpendOver,
    Code::TwoHistories,
];

const TESTS: &[&str] = &[
    include_str!("admission.rs"),
    include_str!("approvals.rs"),
    include_str!("asked_leases.rs"),
    include_str!("bundles.rs"),
    include_str!("control.rs"),
    include_str!("freezes.rs"),
    include_str!("holders.rs"),
    include_str!("leases.rs"),
    include_str!("links.rs"),
    include_str!("offers.rs"),
    include_str!("quotas.rs"),
    include_str!("registry.rs"),
    include_str!("reserves.rs"),
    include_str!("tokens.rs"),
    include_str!("trade.rs"),
    include_str!("windows.rs"),
];

#[test]
fn every_refusal_of_the_ledger_is_tested() {
    for code in Code::ALL {
        let name = format!("Code::{code:?}");
        let tested = TESTS.iter().any(|text| {
            text.match_indices(&name)
                .any(|(at, _)| !text[at + name.len()..].starts_with(|next: char| next.is_alphanumeric()))
        });
        // From 700 on they are of services over HTTP (spec 15 §7).
        let elsewhere = OF_VERDICTS.contains(code) || code.number() >= 700;
        assert_eq!(tested, !elsewhere, "{name}");
    }
}
