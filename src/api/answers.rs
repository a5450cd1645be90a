//! Answers to submissions as JSON.

use super::error::ApiError;
use crate::engine::Answer;
use crate::ledger::{Snapshot, Submitted};
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use remit_verifier::types::EntryIndex;
use serde::Serialize;
use utoipa::ToSchema;

/// What became of one submission.
#[derive(Serialize, ToSchema)]
#[schema(as = Answer)]
#[serde(untagged)]
pub(super) enum AnswerView {
    /// It stands in the log.
    Applied(AppliedView),
    /// It was refused, and nothing was changed.
    Refused(RefusedView),
}

/// It stands in the log, now or already before.
#[derive(Serialize, ToSchema)]
#[schema(as = Applied)]
pub(super) struct AppliedView {
    /// `applied`, or `replayed`: it had been applied before, and nothing new was done.
    #[schema(example = "applied")]
    status: &'static str,
    /// The id of the entry.
    id: Option<String>,
    /// Where it stands in the log.
    #[schema(example = 21)]
    entry: u64,
    #[serde(flatten)]
    proved: Option<ProvedView>,
}

/// The proof of an entry; there with `wait=published`.
#[derive(Serialize, ToSchema)]
#[schema(as = Proved)]
pub(super) struct ProvedView {
    /// Size of the log under the checkpoint.
    #[schema(example = 24)]
    size: u64,
    /// The signed checkpoint (C2SP tlog-checkpoint).
    checkpoint: String,
    /// The proof that the entry stands under it (C2SP tlog-proof).
    proof: String,
}

/// It was refused, and nothing of value was changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Refused)]
pub(super) struct RefusedView {
    /// `refused`.
    #[schema(example = "refused")]
    status: &'static str,
    /// The stable code of the reason (spec 15).
    #[schema(example = "above_total")]
    code: &'static str,
    /// What the code means.
    meaning: &'static str,
    /// The member of the bundle that was refused; 0 outside bundles.
    member: u8,
    /// The leaf that decided, where one did.
    leaf: Option<u64>,
    /// The id of its entry or, without one, that the entry would have had, if the bytes could be decoded.
    id: Option<String>,
    /// The entry that records the refusal of a spend by whoever holds the token (spec 19); absent where none does.
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<u64>,
    #[serde(flatten)]
    proved: Option<ProvedView>,
}

/// What became of several submissions, in their order.
#[derive(Serialize, ToSchema)]
#[schema(as = Answers)]
pub(super) struct AnswersView {
    /// One answer for each submission.
    answers: Vec<AnswerView>,
}

/// What became of what was submitted: of one submission, or of several.
#[derive(Serialize, ToSchema)]
#[schema(as = Submitted)]
#[serde(untagged)]
pub(super) enum SubmittedView {
    /// Of one.
    One(AnswerView),
    /// Of several.
    Several(AnswersView),
}

/// Says that an answer with a client's status is meant.
#[derive(Clone, Copy)]
pub(super) struct IsAnswer;

impl AnswerView {
    /// The answer, proved under a version if there is one.
    fn new(submitted: &Submitted, version: Option<&Snapshot>) -> Result<Self, ApiError> {
        let id = submitted.id.map(|id| id.to_string());
        let proved = |entry| version.map(|version| ProvedView::new(version, entry)).transpose();
        let applied = |status, entry: EntryIndex| {
            let proved = proved(entry)?;
            Ok(Self::Applied(AppliedView { status, id: id.clone(), entry: entry.0, proved }))
        };
        match submitted.answer {
            Answer::Applied(entry) => applied("applied", entry),
            Answer::Replayed(entry) => applied("replayed", entry),
            Answer::Refused(refusal) => Ok(Self::Refused(RefusedView {
                status: "refused",
                code: refusal.code.text(),
                meaning: refusal.code.meaning(),
                member: refusal.member,
                leaf: refusal.leaf.map(|leaf| leaf.0),
                entry: refusal.entry.map(|entry| entry.0),
                proved: refusal.entry.map(proved).transpose()?.flatten(),
                id: id.clone(),
            })),
        }
    }
}

impl ProvedView {
    fn new(version: &Snapshot, entry: EntryIndex) -> Result<Self, ApiError> {
        let (size, checkpoint) = (version.size().0, version.version().note.to_string());
        Ok(Self { size, checkpoint, proof: version.proof(entry)? })
    }
}

/// The answer to a request that brought one submission.
pub(super) fn one(submitted: &Submitted, version: Option<&Snapshot>) -> Result<Response, ApiError> {
    let answer = AnswerView::new(submitted, version)?;
    let status = match answer {
        AnswerView::Applied(_) => StatusCode::OK,
        AnswerView::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let mut response = (status, Json(SubmittedView::One(answer))).into_response();
    response.extensions_mut().insert(IsAnswer);
    Ok(response)
}

/// The answer to a request that brought several.
pub(super) fn several(submitted: &[Submitted], version: Option<&Snapshot>) -> Result<Response, ApiError> {
    let answers = submitted.iter().map(|submitted| AnswerView::new(submitted, version));
    let answers = AnswersView { answers: answers.collect::<Result<_, _>>()? };
    Ok(Json(SubmittedView::Several(answers)).into_response())
}
