//! The form of a verdict, for the description of the interface alone: `remit_verifier` writes it (spec 10).
#![allow(dead_code)]

use utoipa::ToSchema;

/// The answer to one presentation and request.
#[derive(ToSchema)]
#[schema(as = Verdict)]
pub(in crate::api) struct VerdictView {
    /// `allowed`; `permitted`: all but the money, which is a no until it is reserved; `denied`.
    #[schema(example = "denied")]
    decision: String,
    /// The stable code of a denial (spec 15).
    #[schema(required = false, example = "revoked")]
    code: Option<String>,
    /// What the code means.
    #[schema(required = false)]
    reason: Option<String>,
    /// Age of the evidence about the chain, once it is known.
    #[schema(required = false)]
    age_ms: Option<u64>,
    /// What the verdict is about.
    subject: SubjectView,
    /// What was checked, in order; after a failed check nothing more was done.
    checks: Vec<CheckView>,
}

/// What a verdict is about; each field is there once it is known and authentic.
#[derive(ToSchema)]
#[schema(as = Subject)]
pub(in crate::api) struct SubjectView {
    /// The ledger.
    #[schema(required = false)]
    ledger: Option<String>,
    /// The root's issuer.
    #[schema(required = false)]
    issuer: Option<String>,
    /// The last link of the chain.
    #[schema(required = false)]
    token: Option<String>,
    /// The key that holds it.
    #[schema(required = false)]
    holder: Option<String>,
    /// The id of the invocation: what a payee counts once.
    #[schema(required = false)]
    id: Option<String>,
    /// What the holder asks.
    #[schema(required = false)]
    invocation: Option<InvocationView>,
}

/// What the holder asks.
#[derive(ToSchema)]
#[schema(as = Invocation)]
pub(in crate::api) struct InvocationView {
    /// The party that is asked.
    audience: String,
    /// What is to be done.
    #[schema(example = "book")]
    action: String,
    /// To what.
    #[schema(example = "rooms/12")]
    resource: String,
    /// End of the admission window.
    valid_until_s: u64,
    /// The value that it asks for.
    #[schema(required = false)]
    payment: Option<PaymentView>,
    /// Digest of the service's own request.
    #[schema(required = false)]
    request: Option<String>,
}

/// The value that an invocation asks for.
#[derive(ToSchema)]
#[schema(as = Payment)]
pub(in crate::api) struct PaymentView {
    /// How much, in minor units.
    amount: String,
    /// Of which unit.
    unit: String,
    /// Until when the payee may capture.
    settle_by_s: u64,
    /// Until when he may refund.
    #[schema(required = false)]
    refund_until_s: Option<u64>,
}

/// One check and what came out.
#[derive(ToSchema)]
#[schema(as = Check)]
pub(in crate::api) struct CheckView {
    /// Which check.
    #[schema(example = "signature")]
    check: String,
    /// Which link of the chain, the root being 1.
    #[schema(required = false)]
    link: Option<u8>,
    /// `passed`, `failed` or `skipped`.
    #[schema(example = "passed")]
    outcome: String,
    /// The code, if it failed.
    #[schema(required = false)]
    code: Option<String>,
}
