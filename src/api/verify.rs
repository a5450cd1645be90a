//! Verdicts for those who have no verifier of their own. Nothing is remembered, and the ledger is not asked.

use super::app::App;
use super::error::{ApiError, ErrorCode, ErrorView, sentence};
use super::extract::{Nothing, Params, content_length, content_type, read_body};
use super::limits::VERIFY_BYTES_MAX;
use super::views::{Binary, VerdictView, base64_bytes};
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use remit_verifier::limits::*;
use remit_verifier::object::{Argument, Value};
use remit_verifier::types::Millis;
use remit_verifier::verify::{Case, Policy, Verdict};
use serde::Deserialize;
use utoipa::ToSchema;

/// Everything that a verdict follows from.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyBody {
    /// The presentation, in base64.
    presentation: String,
    /// The signed invocation, in base64; without one, the best answer is `permitted`.
    invocation: Option<String>,
    /// The arguments that are shown with the invocation.
    #[serde(default)]
    arguments: Vec<ArgumentBody>,
    /// The signed approvals that travel with the invocation, each in base64.
    #[serde(default)]
    approvals: Vec<String>,
    /// The evidence of funding, in base64.
    evidence: Option<String>,
    /// The verifier's policy file (spec 13), as text.
    policy: String,
    /// What the verifier's clock shows, unix milliseconds; the server's clock if absent.
    now_ms: Option<u64>,
}

/// One argument, opened.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ArgumentBody {
    /// Its name.
    name: String,
    /// Its 16 random bytes, in base64.
    salt: String,
    /// Its value: an integer, a text or a truth value.
    value: ArgumentValue,
}

/// The value of an argument.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(super) enum ArgumentValue {
    /// A truth value.
    Bool(bool),
    /// A signed integer.
    Integer(i64),
    /// A text.
    Text(String),
}

/// Judge a presentation
///
/// What `remit_verifier` says of a presentation and a request under the policy that is sent along: `allowed`,
/// `permitted` or `denied`, how old the evidence is, and every check in order. It depends on nothing but the body and,
/// if the body states no time, the server's clock. Whoever asks trusts this server with the answer; the same library
/// gives it without one. The payee counts each invocation once by his own record.
#[utoipa::path(
    post, path = "/v1/verify", tag = "Verification",
    request_body(description = "A case file (spec 09), or the same as JSON.", content(
        (VerifyBody = "application/json"), (Binary = "application/cbor"))),
    responses(
        (status = 200, description = "The verdict, whichever it is.", body = VerdictView),
        (status = 400, description = "The JSON is not what this operation takes.", body = ErrorView),
        (status = 408, description = "The body did not arrive in time.", body = ErrorView),
        (status = 411, description = "The body does not say how long it is.", body = ErrorView),
        (status = 413, description = "The body is too long.", body = ErrorView),
        (status = 415, description = "The body is neither CBOR nor JSON.", body = ErrorView),
        (status = 422, description = "The case or the policy in it is not acceptable.", body = ErrorView),
        (status = 503, description = "Too much is being verified at the moment.", body = ErrorView),
    )
)]
pub(super) async fn verify(
    State(app): State<App>,
    Params(Nothing {}): Params<Nothing>,
    headers: HeaderMap,
    body: Body,
) -> Result<Json<serde_json::Value>, ApiError> {
    let json = match content_type(&headers) {
        Some("application/json") => true,
        Some("application/cbor") => false,
        _ => {
            let says = "Send `application/cbor` for a case file, `application/json` for its parts.";
            return Err(ApiError::new(ErrorCode::UnsupportedType).says(says));
        }
    };
    let length = content_length(&headers, VERIFY_BYTES_MAX)?;
    let (body, _room) =
        read_body(body, length, app.verify_bytes()).await.map_err(|error| match error.code {
            ErrorCode::Busy => error.says("Too much is being verified at the moment; nothing was done."),
            _ => error,
        })?;
    let verdict = if json { judge_json(&body, app.now())? } else { judge_case(&body)? };
    Ok(Json(remit_verifier::json::verdict(&verdict)))
}

fn judge_case(body: &[u8]) -> Result<Verdict, ApiError> {
    let case = Case::decode(body).map_err(|error| bad_case(&format!("{error:?}")))?;
    judge(&case)
}

fn judge_json(body: &[u8], now: Millis) -> Result<Verdict, ApiError> {
    let body: VerifyBody = serde_json::from_slice(body)
        .map_err(|error| ApiError::new(ErrorCode::BadJson).says(sentence(&error)))?;
    let bytes = |name, text: &str, most| base64_bytes(text, most).ok_or_else(|| bad_case(name));
    let presentation = bytes("the presentation", &body.presentation, PRESENTATION_BYTES_MAX)?;
    let optional =
        |name, text: &Option<String>, most| text.as_deref().map(|text| bytes(name, text, most)).transpose();
    let invocation = optional("the invocation", &body.invocation, OBJECT_BYTES_MAX)?;
    let evidence = optional("the evidence", &body.evidence, EVIDENCE_BYTES_MAX)?;
    if body.arguments.len() > ARGUMENTS_MAX || (invocation.is_none() && !body.arguments.is_empty()) {
        return Err(bad_case("the arguments"));
    }
    if body.approvals.len() > APPROVALS_MAX || (invocation.is_none() && !body.approvals.is_empty()) {
        return Err(bad_case("the approvals"));
    }
    let approvals = body.approvals.iter().map(|text| bytes("an approval", text, APPROVAL_BYTES_MAX));
    let approvals = approvals.collect::<Result<Vec<_>, _>>()?;
    let arguments = body.arguments.into_iter().map(ArgumentBody::read).collect::<Option<Vec<_>>>();
    judge(&Case {
        now: body.now_ms.map_or(now, Millis),
        newest: Millis(0),
        presentation: &presentation,
        invocation: invocation.as_deref(),
        arguments: arguments.ok_or_else(|| bad_case("the arguments"))?,
        evidence: evidence.as_deref(),
        policy: body.policy.as_bytes(),
        approvals: approvals.iter().map(Vec::as_slice).collect(),
    })
}

fn judge(case: &Case<'_>) -> Result<Verdict, ApiError> {
    let policy = Policy::from_toml(case.policy)
        .map_err(|error| ApiError::new(ErrorCode::BadPolicy).says(sentence(&error)))?;
    Ok(case.verdict(&policy))
}

fn bad_case(what: &str) -> ApiError {
    ApiError::new(ErrorCode::BadCase).says(format!("The case cannot be decoded: {what}."))
}

impl ArgumentBody {
    /// The argument, if it is within the bounds of one.
    pub(super) fn read(self) -> Option<Argument> {
        let salt = base64_bytes(&self.salt, 16)?.try_into().ok()?;
        let value = match self.value {
            ArgumentValue::Bool(value) => Value::Bool(value),
            ArgumentValue::Integer(value) => Value::Integer(value),
            ArgumentValue::Text(value) if value.len() <= TEXT_BYTES_MAX => Value::Text(value),
            ArgumentValue::Text(_) => return None,
        };
        let fits = (1..=NAME_BYTES_MAX).contains(&self.name.len());
        fits.then_some(Argument { name: self.name, salt, value })
    }
}
