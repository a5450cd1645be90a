//! Case files: what a service saw, so that anybody can reproduce its verdict (spec 09 §3).

use super::judge::judge;
use super::memory::Memory;
use super::{Policy, Request, Verdict, Verifier};
use crate::cbor::{DecodeError, Reader, Writer};
use crate::label;
use crate::limits::*;
use crate::object::Argument;
use crate::types::Millis;
use alloc::vec::Vec;

/// Everything that a verdict follows from. The policy is the service's; another may be put in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case<'a> {
    /// What the service's clock showed.
    pub now: Millis,
    /// The newest evidence that it had ever seen, 0 if none; see [`super::Verifier::newest`].
    pub newest: Millis,
    /// The presentation.
    pub presentation: &'a [u8],
    /// The signed invocation, if there was one.
    pub invocation: Option<&'a [u8]>,
    /// The arguments that were shown with it.
    pub arguments: Vec<Argument>,
    /// The evidence of funding, if there was any.
    pub evidence: Option<&'a [u8]>,
    /// The service's policy file, byte for byte.
    pub policy: &'a [u8],
    /// The signed approvals that came with the invocation.
    pub approvals: Vec<&'a [u8]>,
}

impl<'a> Case<'a> {
    /// Decodes a case; its parts are not looked into.
    ///
    /// # Errors
    ///
    /// [`DecodeError`]; arguments or approvals without an invocation are `Malformed`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Reader::whole(bytes, CASE_BYTES_MAX, |r| {
            let parts = r.array(9)?;
            r.label(label::CASE)?;
            let mut case = Self {
                now: Millis(r.u64()?),
                newest: Millis(r.u64()?),
                presentation: r.bytes(PRESENTATION_BYTES_MAX)?,
                invocation: optional(r, OBJECT_BYTES_MAX)?,
                arguments: r.list(ARGUMENTS_MAX, Argument::decode)?,
                evidence: optional(r, EVIDENCE_BYTES_MAX)?,
                policy: r.bytes(POLICY_BYTES_MAX)?,
                approvals: Vec::new(),
            };
            match parts {
                8 => {}
                9 => case.approvals = r.list(APPROVALS_MAX, |r| r.bytes(APPROVAL_BYTES_MAX))?,
                _ => return Err(DecodeError::Malformed),
            }
            if parts == 9 && case.approvals.is_empty() {
                return Err(DecodeError::NotCanonical);
            }
            let fits = case.invocation.is_some() || (case.arguments.is_empty() && case.approvals.is_empty());
            if fits { Ok(case) } else { Err(DecodeError::Malformed) }
        })
    }

    /// Encodes the case; [`Case::decode`] gives it back.
    pub fn encode(&self) -> Vec<u8> {
        fn optional<'w>(w: &'w mut Writer, bytes: Option<&[u8]>) -> &'w mut Writer {
            match bytes {
                Some(bytes) => w.bytes(bytes),
                None => w.null(),
            }
        }
        let mut w = Writer::labelled(label::CASE, if self.approvals.is_empty() { 8 } else { 9 });
        w.u64(self.now.0).u64(self.newest.0).bytes(self.presentation);
        optional(&mut w, self.invocation).list(&self.arguments, |w, argument| argument.encode(w));
        optional(&mut w, self.evidence).bytes(self.policy);
        if !self.approvals.is_empty() {
            w.list(&self.approvals, |w, approval| {
                w.bytes(approval);
            });
        }
        w.into_bytes()
    }

    /// The verdict on this case under `policy`: the service's own, read from [`Case::policy`], or anybody's.
    pub fn verdict(&self, policy: &Policy) -> Verdict {
        let (arguments, approvals) = (&self.arguments, &self.approvals);
        let request = self.invocation.map(|invocation| Request { invocation, arguments, approvals });
        let mut memory = Memory::without_room(self.newest);
        judge(policy, &mut memory, self.presentation, request.as_ref(), self.evidence, self.now)
    }

    /// The verdict of a verifier, by its policy and by what it follows (spec 22 §4).
    pub fn verdict_of(&self, verifier: &mut Verifier) -> Verdict {
        let (arguments, approvals) = (&self.arguments, &self.approvals);
        let request = self.invocation.map(|invocation| Request { invocation, arguments, approvals });
        verifier.see(self.newest);
        verifier.verify(self.presentation, request.as_ref(), self.evidence, self.now)
    }
}

fn optional<'a>(r: &mut Reader<'a>, max: usize) -> Result<Option<&'a [u8]>, DecodeError> {
    if r.null()? { Ok(None) } else { r.bytes(max).map(Some) }
}
