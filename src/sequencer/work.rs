//! Submissions on their way to the writer, and the answers on their way back.

use super::queue::{Permit, SubmitError};
use super::version::Version;
use crate::engine::Answer;
use crate::machine::Refusal;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Body, Submission, Verified};
use remit_verifier::types::{LedgerId, ObjectId};
use std::fmt;
use std::sync::Arc;

/// How far an operation must have come before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Its entry is synced: it will be in the log, whatever happens.
    Durable,
    /// Its entry is under a published checkpoint: it can be proved.
    Published,
}

/// What became of one submission.
#[derive(Clone, Debug)]
pub struct Submitted {
    /// The id of its entry, if its bytes could be decoded.
    pub id: Option<ObjectId>,
    /// What was decided.
    pub answer: Answer,
    /// The version that proves the answer, if somebody waited for it.
    pub version: Option<Arc<Version>>,
}

/// One submission, decoded and with its signatures checked, or refused for what they are.
#[derive(Clone, Debug)]
pub struct Input {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The id of its entry, if it decodes.
    pub id: Option<ObjectId>,
    /// The submission.
    pub checked: Result<Verified, Code>,
}

impl Input {
    /// Decodes a submission to `ledger` and checks every signature on it. This is most of the work of an operation, and
    /// none of it is the writer's.
    pub fn check(bytes: Vec<u8>, ledger: &LedgerId) -> Self {
        match Submission::decode(&bytes) {
            Ok(submission) => {
                let id = Some(submission.id);
                Self { bytes, id, checked: submission.verify(ledger) }
            }
            Err(code) => Self { bytes, id: None, checked: Err(code) },
        }
    }

    /// The tokens whose chains the rules will read, by the ids of their last logged links.
    pub fn tokens(&self) -> impl Iterator<Item = ObjectId> {
        let operations = self.checked.iter().flat_map(|verified| &verified.operations);
        operations.filter_map(|operation| match &operation.body {
            Body::Token(token, _) => token.parent(),
            Body::Reserve(invocation, links) => {
                links.first().map_or(Some(invocation.token), |link| link.token.parent())
            }
            Body::Act(_, Act::Lease(lease), _) => Some(lease.token),
            Body::Act(_, Act::Offer(offer), _) => Some(offer.token),
            Body::Act(_, Act::Trade(trade), _) => Some(trade.token),
            Body::Act(..) => None,
        })
    }
}

/// Where the answers of one call go.
pub type Then = Box<dyn FnOnce(Result<Vec<Submitted>, SubmitError>) + Send>;

/// The answers of one call, in the order of its submissions. Whoever waits is answered exactly once, whatever happens.
pub struct Answers {
    /// Id of each submission, and why it was refused before the writer saw it.
    places: Vec<(Option<ObjectId>, Option<Code>)>,
    then: Option<Then>,
    decided: Vec<Answer>,
}

impl Answers {
    /// Nothing is decided yet, but for what is refused at sight.
    pub fn new(inputs: &[Input], then: Then) -> Self {
        let places = inputs.iter().map(|input| (input.id, input.checked.as_ref().err().copied())).collect();
        Self { places, then: Some(then), decided: Vec::new() }
    }

    /// Takes the answers to the submissions that were not refused at sight out of those of the batch.
    pub fn decide(&mut self, batch: &mut impl Iterator<Item = Answer>) {
        let wanted = self.places.iter().filter(|(_, refused)| refused.is_none()).count();
        self.decided = batch.take(wanted).collect();
    }

    /// Answers.
    pub fn give(mut self, version: Option<&Arc<Version>>) {
        let mut decided = std::mem::take(&mut self.decided).into_iter();
        let submitted = self.places.iter().map(|(id, refused)| {
            let answer = match refused {
                Some(code) => Some(Answer::Refused(Refusal::of(*code))),
                None => decided.next(),
            };
            Some(Submitted { id: *id, answer: answer?, version: version.cloned() })
        });
        let submitted: Option<Vec<_>> = submitted.collect();
        self.finish(submitted.ok_or(SubmitError::Stopped(None)));
    }

    /// Says that nothing was decided.
    pub fn fail(mut self, error: SubmitError) {
        self.finish(Err(error));
    }

    fn finish(&mut self, result: Result<Vec<Submitted>, SubmitError>) {
        if let Some(then) = self.then.take() {
            then(result);
        }
    }
}

impl Drop for Answers {
    fn drop(&mut self) {
        self.finish(Err(SubmitError::Stopped(None)));
    }
}

impl fmt::Debug for Answers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers").field("places", &self.places).finish_non_exhaustive()
    }
}

/// The submissions of one call, for the writer.
#[derive(Debug)]
pub struct Work {
    /// The submissions whose signatures verify, in order.
    pub(super) verified: Vec<Verified>,
    /// Their bytes.
    pub(super) objects: Vec<Vec<u8>>,
    /// When to answer.
    pub(super) wait: Wait,
    /// Whom to answer.
    pub(super) answers: Answers,
    /// Its place in the queue, given back when it is answered.
    permit: Permit,
}

impl Work {
    /// Work of these inputs, answered by `then`.
    pub fn new(inputs: Vec<Input>, wait: Wait, then: Then, permit: Permit) -> Self {
        let answers = Answers::new(&inputs, then);
        let good = inputs.into_iter().filter_map(|input| Some((input.checked.ok()?, input.bytes)));
        let (verified, objects) = good.unzip();
        Self { verified, objects, wait, answers, permit }
    }

    /// Number of submissions that the writer has to decide.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether everything was refused at sight.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    /// Gives its places back, and answers: with the version, if that was waited for.
    pub fn give(self, version: Option<&Arc<Version>>) {
        let Self { wait, answers, permit, .. } = self;
        drop(permit);
        answers.give(version.filter(|_| wait == Wait::Published));
    }

    /// Gives its places back, and says that nothing was decided.
    pub fn fail(self, error: SubmitError) {
        let Self { answers, permit, .. } = self;
        drop(permit);
        answers.fail(error);
    }

    /// Bytes of the submissions.
    pub fn bytes(&self) -> usize {
        self.objects.iter().map(Vec::len).sum()
    }
}
