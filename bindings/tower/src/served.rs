//! What a handler is told of a request that is served.

use remit_verifier::object::{Argument, Invocation};
use remit_verifier::types::{Hash, KeyBytes, ObjectId};
use remit_verifier::verify::Verdict;
use std::sync::Arc;

/// Who asked for what: in the extensions of every request that reaches the service, but for public paths. It is on
/// record as served.
#[derive(Clone, Debug)]
pub struct Served(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    verdict: Verdict,
    invocation: Invocation,
    id: ObjectId,
    holder: KeyBytes,
    arguments: Vec<Argument>,
    content: Hash,
}

impl Served {
    /// `None` for a verdict that is not about a request.
    pub(crate) fn new(verdict: Verdict, arguments: Vec<Argument>, content: Hash) -> Option<Self> {
        let subject = &verdict.subject;
        let (invocation, id, holder) = (subject.invocation.clone()?, subject.id?, subject.holder?);
        Some(Self(Arc::new(Inner { verdict, invocation, id, holder, arguments, content })))
    }

    /// The id of the invocation: what is delivered once, and what a client asks about that heard no answer.
    pub fn id(&self) -> ObjectId {
        self.0.id
    }

    /// The key of who asked.
    pub fn holder(&self) -> KeyBytes {
        self.0.holder
    }

    /// What is asked: audience, action, resource, payment.
    pub fn invocation(&self) -> &Invocation {
        &self.0.invocation
    }

    /// What is to be done; as the route says.
    pub fn action(&self) -> &str {
        &self.0.invocation.action
    }

    /// With what; as the route says.
    pub fn resource(&self) -> &str {
        self.0.invocation.resource.as_str()
    }

    /// The arguments that the holder signed and showed.
    pub fn arguments(&self) -> &[Argument] {
        &self.0.arguments
    }

    /// SHA-256 of the content, which was read and is what the holder signed.
    pub fn content(&self) -> Hash {
        self.0.content
    }

    /// The verdict with all its checks.
    pub fn verdict(&self) -> &Verdict {
        &self.0.verdict
    }
}
