//! Errors as clients see them: a stable code, what happened, what to do about it (docs/http.md).
//!
//! A handler returns an [`ApiError`]; the outermost layer writes it as JSON with the identifier of the request.
//! Refusals of operations are answers, not errors, and look different.

use super::limits::RETRY_AFTER_S;
use crate::ledger::{LedgerError, SubmitError};
use crate::tree::ProveError;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

macro_rules! codes {
    ($($name:ident = $status:literal $text:literal, $message:literal $(, $hint:literal)?;)*) => {
        /// A stable reason why a request was not answered as asked; each has one HTTP status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum ErrorCode {
            $(#[doc = $message] $name,)*
        }

        impl ErrorCode {
            /// All codes.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$name),*];

            /// The stable text of the code.
            pub const fn text(self) -> &'static str {
                match self { $(ErrorCode::$name => $text,)* }
            }

            /// The HTTP status that goes with it.
            pub const fn status(self) -> u16 {
                match self { $(ErrorCode::$name => $status,)* }
            }

            /// What happened, in one sentence.
            pub const fn message(self) -> &'static str {
                match self { $(ErrorCode::$name => $message,)* }
            }

            /// What to do about it, where that is known.
            pub const fn hint(self) -> Option<&'static str> {
                match self { $(ErrorCode::$name => codes!(@hint $($hint)?),)* }
            }
        }
    };
    (@hint) => { None };
    (@hint $hint:literal) => { Some($hint) };
}

codes! {
    BadRequest = 400 "bad_request", "The request could not be read.";
    BadId = 400 "bad_id", "The id is not 64 lower-case hexadecimal digits.";
    BadKey = 400 "bad_key", "The key is not the did:key of an Ed25519 key.";
    BadNumber = 400 "bad_number", "The number in the path is not one.";
    BadQuery = 400 "bad_query", "A query parameter is unknown, missing or has no possible value.";
    BadBody = 400 "bad_body", "The body ended early or could not be read.";
    BadSequence = 400 "bad_sequence", "The body is not a sequence of CBOR items.",
        "Send the submissions one after the other, with nothing between them.";
    BadJson = 400 "bad_json", "The body is not the JSON that this operation takes.";
    Unauthorised = 401 "unauthorised", "This part of the ledger is for its readers.",
        "Send `Authorization: Bearer …` with a reader's token, or use a client certificate.";
    Forbidden = 403 "forbidden", "This part of the ledger is not for you.",
        "The operator says who may: `role` in `[[http.readers]]`, `client_role`; `[[http.admins]]` administer.";
    UnknownPath = 404 "unknown_path", "There is nothing at this path.", "See /docs for what there is.";
    NotFound = 404 "not_found", "The ledger has no such thing at its published size.";
    MethodNotAllowed = 405 "method_not_allowed", "The path does not take this method.",
        "The header `allow` names those that it takes.";
    SlowBody = 408 "slow_body", "The body did not arrive in time.";
    BackupRunning = 409 "backup_running", "Another backup is being made.", "Ask again when it is done.";
    NotKept = 410 "not_kept", "What was submitted for this entry is no longer kept.",
        "What is deleted when, and what is provable then, is in docs/retention.md.";
    LengthRequired = 411 "length_required", "The request does not say how long its body is.",
        "Send `content-length`; chunked bodies are not taken.";
    TooLarge = 413 "too_large", "The body is longer than this operation takes.";
    TooLong = 413 "too_long", "The answer would be longer than one answer may be.",
        "Read the log itself: /v1/replay or the tiles.";
    TooMany = 413 "too_many", "The body has more submissions than one request may bring.";
    UnsupportedType = 415 "unsupported_type", "The body has a content type that this operation does not take.";
    BadCase = 422 "bad_case", "The case cannot be decoded.";
    BadPolicy = 422 "bad_policy", "The policy is not acceptable.";
    ClientBusy = 429 "client_busy", "This client has its part of the queue in progress; nothing was taken.",
        "Repeat the same bytes later.";
    Internal = 500 "internal", "The request failed for a reason that is not the client's.",
        "The operator finds the reason in the log under the request id.";
    Damaged = 500 "damaged", "What is kept of the ledger contradicts itself.",
        "The operator should stop the ledger and audit it.";
    NoIndex = 501 "no_index", "This server keeps no index, which this list needs.";
    NoBackups = 501 "no_backups", "This server makes no backups.";
    Busy = 503 "busy", "The queue is full; nothing was taken.", "Repeat the same bytes later.";
    ReadOnly = 503 "read_only", "The ledger has no room to write; it still answers reads.";
    ClockAhead = 503 "clock_ahead", "The clock is too far ahead of the ledger; an operator has to allow the jump.";
    NotWitnessed = 503 "not_witnessed", "It is applied and durable; a quorum of witnesses has not cosigned it yet.",
        "Repeat the same bytes later for the proof: an id is applied once.";
    Draining = 503 "draining", "The ledger is shutting down; nothing was taken.", "Repeat the same bytes later.";
    Stopped = 503 "stopped", "The ledger has stopped; whether it was applied is not known.",
        "Repeat the same bytes when it runs again: an id is applied once.";
    Opening = 503 "opening", "The ledger is being opened.", "Try again later.";
    TimeOut = 504 "timeout", "The request took too long; whether a submission was applied is not known.",
        "Repeat the same bytes: an id is applied once.";
    NoRoom = 507 "no_room", "There is no room for a backup.", "Make room on the device that it goes to.";
}

/// Why a request was not answered as asked.
#[derive(Clone, Debug)]
pub struct ApiError {
    /// The reason.
    pub code: ErrorCode,
    /// More than the code's own sentence says.
    message: Option<String>,
    /// Seconds after which to try again.
    retry_after_s: Option<u64>,
}

impl ApiError {
    /// An error with what the code itself says.
    pub(super) fn new(code: ErrorCode) -> Self {
        let retry = matches!(code.status(), 429 | 503).then_some(RETRY_AFTER_S);
        Self { code, message: None, retry_after_s: retry }
    }

    /// The same, saying more.
    pub(super) fn says(self, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..self }
    }

    /// Nothing with this name.
    pub(super) fn missing(what: impl std::fmt::Display) -> Self {
        Self::new(ErrorCode::NotFound).says(format!("The ledger has no {what} at its published size."))
    }

    /// What it says.
    pub(super) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.code.message())
    }

    /// The error as JSON.
    pub(super) fn body(&self, request_id: &str) -> ErrorView {
        ErrorView {
            error: ErrorBody {
                code: self.code.text(),
                message: self.message().to_owned(),
                hint: self.code.hint(),
                request_id: request_id.to_owned(),
            },
        }
    }

    /// The whole answer; headers that were there stay.
    pub(super) fn render(&self, request_id: &str, bare: Response) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.body(request_id))).into_response();
        for (name, value) in bare.headers() {
            if *name != header::CONTENT_TYPE && *name != header::CONTENT_LENGTH {
                response.headers_mut().insert(name, value.clone());
            }
        }
        let headers = response.headers_mut();
        if let Some(seconds) = self.retry_after_s {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code == ErrorCode::Unauthorised {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl IntoResponse for ApiError {
    /// A bare answer that carries the error; the outermost layer renders it.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<ErrorCode> for ApiError {
    fn from(code: ErrorCode) -> Self {
        Self::new(code)
    }
}

/// An error as JSON.
#[derive(Serialize, ToSchema)]
#[schema(as = Error)]
pub(super) struct ErrorView {
    /// What went wrong.
    error: ErrorBody,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(super) struct ErrorBody {
    /// A stable code, for programs.
    #[schema(example = "not_found")]
    code: &'static str,
    /// What happened, for people.
    message: String,
    /// What to do about it, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
    /// The identifier of the request, also in the header `x-request-id`; the server's log has it too.
    #[schema(example = "5f0c9a4e-2a")]
    request_id: String,
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> Self {
        let code = match &error {
            SubmitError::Busy { .. } => ErrorCode::Busy,
            SubmitError::TooMany => ErrorCode::TooMany,
            SubmitError::TooLarge => ErrorCode::TooLarge,
            SubmitError::ReadOnly => ErrorCode::ReadOnly,
            SubmitError::ClockAhead => ErrorCode::ClockAhead,
            SubmitError::NotWitnessed => ErrorCode::NotWitnessed,
            SubmitError::Draining => ErrorCode::Draining,
            SubmitError::Stopped(_) => ErrorCode::Stopped,
        };
        let retry = match error {
            SubmitError::Busy { retry_after } => Some(retry_after.0.div_ceil(1_000).max(1)),
            _ => Self::new(code).retry_after_s,
        };
        Self { retry_after_s: retry, ..Self::new(code) }
    }
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        match &error {
            LedgerError::Unknown(id) => Self::missing(format_args!("object {id}")),
            LedgerError::NoEntry(at) => Self::missing(format_args!("entry {at}")),
            LedgerError::NoLeaf(at) => Self::missing(format_args!("leaf {at}")),
            LedgerError::HistoryTooLong(_) => Self::new(ErrorCode::TooLong).says(sentence(&error)),
            LedgerError::Prove(ProveError::Refused(_) | ProveError::SizeAhead { .. }) => {
                Self::new(ErrorCode::BadQuery).says(sentence(&error))
            }
            LedgerError::NotKept(_) => Self::new(ErrorCode::NotKept).says(sentence(&error)),
            LedgerError::Damaged(_) | LedgerError::DamagedLeaf(_) | LedgerError::Prove(_) => {
                tracing::error!(%error, "what is kept contradicts itself");
                Self::new(ErrorCode::Damaged)
            }
            _ => {
                tracing::error!(%error, "the ledger could not be read");
                Self::new(ErrorCode::Internal)
            }
        }
    }
}

/// An error's text as a sentence.
pub(super) fn sentence(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
