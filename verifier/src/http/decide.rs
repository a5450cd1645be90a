//! Whether a request may be served (spec 20 §5), but for the record that it was.

use super::fields::Fields;
use super::request::HttpRequest;
use super::route::{Asked, Route};
use crate::code::Code;
use crate::types::{Millis, ObjectId, RequestId, Seconds};
use crate::verify::{Decision, Request, Verdict, Verifier};
use alloc::vec::Vec;

/// A request over HTTP with what it names.
#[derive(Clone, Copy, Debug)]
pub struct Brought<'a> {
    /// The request.
    pub request: HttpRequest<'a>,
    /// Its fields.
    pub fields: &'a Fields,
    /// The presentation that they name.
    pub presentation: &'a [u8],
    /// The evidence that they name, if they do.
    pub evidence: Option<&'a [u8]>,
}

/// What [`decide`] says: the verdict, once there is one, and what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The verdict of spec 10; `None` if something before it failed.
    pub verdict: Option<Verdict>,
    /// What is to be recorded and then served, or why nothing is.
    pub outcome: Result<Unrecorded, Code>,
}

/// A request that may be served once this is on record (spec 20 §5, step 8). It is nothing to serve by: whoever keeps
/// the record turns it into what is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Unrecorded {
    id: ObjectId,
    request: Option<RequestId>,
    root: ObjectId,
    valid_until: Seconds,
}

impl Unrecorded {
    /// The id of the invocation.
    pub const fn id(&self) -> ObjectId {
        self.id
    }

    /// The request of approval that it carries out, if approvals travelled with it.
    pub const fn request(&self) -> Option<RequestId> {
        self.request
    }

    /// The first token of the chain.
    pub const fn root(&self) -> ObjectId {
        self.root
    }

    /// Until when the invocation might be shown again.
    pub const fn valid_until(&self) -> Seconds {
        self.valid_until
    }
}

/// Decides on a request at the time `now`, under the verifier's policy and its routes.
pub fn decide(verifier: &mut Verifier, brought: &Brought<'_>, now: Millis) -> Decided {
    let (request, fields) = (&brought.request, brought.fields);
    let routes = &verifier.policy().settings().serving.routes;
    let asked = match Route::find(routes, request.method(), request.target()) {
        Ok(asked) => asked,
        Err(code) => return Decided { verdict: None, outcome: Err(code) },
    };
    let approvals: Vec<&[u8]> = fields.approvals.iter().map(Vec::as_slice).collect();
    let signed =
        Request { invocation: &fields.invocation, arguments: &fields.arguments, approvals: &approvals };
    let verdict = verifier.verify(brought.presentation, Some(&signed), brought.evidence, now);
    let outcome = servable(&verdict, brought, &asked);
    Decided { verdict: Some(verdict), outcome }
}

/// Steps 4 to 7.
fn servable(verdict: &Verdict, brought: &Brought<'_>, asked: &Asked) -> Result<Unrecorded, Code> {
    if let Decision::Denied(code) = verdict.decision {
        return Err(code);
    }
    let subject = &verdict.subject;
    // A verdict on a request that is no denial names all three.
    let (Some(invocation), Some(id), Some(root)) = (&subject.invocation, subject.id, subject.root) else {
        return Err(Code::Malformed);
    };
    let cost = invocation.payment.as_ref().map(|payment| (payment.amount, payment.unit));
    let as_asked = invocation.action == asked.action
        && invocation.resource == asked.resource
        && asked.cost.is_none_or(|stated| cost == Some((stated.amount, stated.unit)));
    if invocation.request != Some(brought.request.digest()) || !as_asked {
        return Err(Code::WrongRequest);
    }
    match verdict.decision {
        Decision::Allowed => {
            // Where the ledger holds the value, it has used the request up.
            let travelled = brought.evidence.is_none() && !brought.fields.approvals.is_empty();
            let request = subject.request.filter(|_| travelled);
            Ok(Unrecorded { id, request, root, valid_until: invocation.valid_until })
        }
        _ => Err(Code::NotFunded),
    }
}
