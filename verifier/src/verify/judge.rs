//! The verdict from beginning to end, in the order of spec 10.

use super::chain::{self, Chain};
use super::evidence::Evidence;
use super::memory::Memory;
use super::open::{self, Opened, Times};
use super::standing::Standing;
use super::verdict::{CheckName, Decision, Subject, Trail, Verdict};
use super::{Policy, Request, request};
use crate::c2sp::{AcceptedCheckpoint, TlogProof};
use crate::code::Code;
use crate::hash::leaf_hash;
use crate::merkle::verify_inclusion;
use crate::object::Payment;
use crate::types::{Millis, ObjectId};
use alloc::sync::Arc;

/// One verdict while it is made.
struct Judge<'m> {
    policy: &'m Policy,
    memory: &'m mut Memory,
    now: Millis,
    age: Option<Millis>,
    trail: Trail,
    subject: Subject,
}

/// What is known before the request is looked at.
pub(super) struct Seen<'j> {
    pub(super) opened: &'j Opened,
    pub(super) chain: &'j Chain<'j>,
    pub(super) times: &'j Times,
    pub(super) standing: &'j Standing,
}

/// Whether evidence is of an entry in a log that the policy trusts, whatever it may fund.
pub(super) fn proves(policy: &Policy, memory: &mut Memory, evidence: &[u8], now: Millis) -> Result<(), Code> {
    let evidence = Evidence::decode(evidence)?;
    let (proof, checkpoint) = proof_of(policy, memory, &evidence, now)?;
    require_included(&evidence, &proof, &checkpoint)
}

/// The proof in evidence, and its checkpoint, accepted.
fn proof_of<'e>(
    policy: &Policy,
    memory: &mut Memory,
    evidence: &Evidence<'e>,
    now: Millis,
) -> Result<(TlogProof<'e>, AcceptedCheckpoint), Code> {
    let proof = TlogProof::parse(evidence.proof).map_err(|_| Code::Malformed)?;
    let checkpoint = open::accept(policy, memory, proof.note().as_str().as_bytes(), now)?;
    Ok((proof, checkpoint))
}

/// The entry stands in the log at the proof's index.
fn require_included(
    evidence: &Evidence<'_>,
    proof: &TlogProof<'_>,
    checkpoint: &AcceptedCheckpoint,
) -> Result<(), Code> {
    let (leaf, root) = (leaf_hash(evidence.entry), checkpoint.root());
    verify_inclusion(&leaf, proof.index(), checkpoint.size(), proof.hashes(), &root)
        .map_err(|_| Code::BadProof)
}

/// Judges a presentation, and a request on it if there is one.
pub(super) fn judge(
    policy: &Policy,
    memory: &mut Memory,
    presentation: &[u8],
    request: Option<&Request<'_>>,
    evidence: Option<&[u8]>,
    now: Millis,
) -> Verdict {
    let mut judge =
        Judge { policy, memory, now, age: None, trail: Trail::new(), subject: Subject::default() };
    let decision = judge.decide(presentation, request, evidence).unwrap_or_else(Decision::Denied);
    Verdict { decision, age: judge.age, checks: judge.trail.checks, subject: judge.subject }
}

impl Judge<'_> {
    fn decide(
        &mut self,
        presentation: &[u8],
        request: Option<&Request<'_>>,
        evidence: Option<&[u8]>,
    ) -> Result<Decision, Code> {
        let (policy, now) = (self.policy, self.now);
        let (opened, times, tokens) = match self.memory.presentations.find(presentation) {
            Some(known) => {
                let times = known.again(policy, self.memory, now, &mut self.trail)?;
                (known, times, None)
            }
            None => {
                let (new, times, tokens) =
                    Opened::read(policy, self.memory, presentation, now, &mut self.trail)?;
                (Arc::new(new), times, Some(tokens))
            }
        };
        let standing = Standing::of(policy, self.memory, &opened, now);
        let times = Times { effective: now.max(self.memory.newest), ..times };
        self.age = Some(times.age);
        let chain = chain::check(policy, self.memory, &opened, tokens.is_none(), &times, &mut self.trail)?;
        if let Some(tokens) = tokens {
            chain::remember(policy, self.memory, &tokens, &opened.links);
            self.memory.presentations.keep(presentation, opened.clone());
        }
        self.name(&opened, &chain);
        let times = Times { age: standing.check(&opened, times.age, &mut self.trail)?, ..times };
        self.age = Some(times.age);
        self.check_age(&chain, &times)?;
        let seen = Seen { opened: &opened, chain: &chain, times: &times, standing: &standing };
        self.answer(&seen, request, evidence)
    }

    /// The chain is authentic: the verdict may name it.
    fn name(&mut self, opened: &Opened, chain: &Chain<'_>) {
        self.subject.ledger = Some(opened.ledger);
        self.subject.issuer = Some(chain.issuer);
        self.subject.root = opened.links.first().map(|root| root.claims.id);
        self.subject.token = Some(chain.last.id);
        self.subject.holder = Some(chain.holder);
    }

    /// Whether the evidence is fresh enough for this chain (spec 10 §8).
    fn check_age(&mut self, chain: &Chain<'_>, times: &Times) -> Result<(), Code> {
        let own = self.policy.settings().max_staleness;
        let most = chain.authority.max_staleness().map_or(own, |bound| bound.min(own));
        let fresh = times.age <= most.millis();
        self.trail.pass(CheckName::Staleness, fresh.then_some(()).ok_or(Code::Stale))?;
        let ready = times.effective >= chain.ready;
        self.trail.pass(CheckName::HolderSince, ready.then_some(()).ok_or(Code::HolderTooNew))
    }

    /// The request, if there is one, and its funding (spec 10 §9–§11).
    fn answer(
        &mut self,
        seen: &Seen<'_>,
        request: Option<&Request<'_>>,
        evidence: Option<&[u8]>,
    ) -> Result<Decision, Code> {
        let asked = match request {
            Some(request) => {
                let report = (&mut self.trail, &mut self.subject);
                Some(request::check(self.policy, seen, request, evidence.is_some(), report)?)
            }
            None => {
                self.trail.skip(CheckName::Invocation, None);
                None
            }
        };
        match (asked, evidence) {
            (Some((id, Some(payment))), Some(evidence)) => {
                let funded = self.check_funding(seen.opened, &id, &payment, evidence);
                self.trail.pass(CheckName::Funding, funded)?;
                Ok(Decision::Allowed)
            }
            (_, Some(_)) => self.trail.pass(CheckName::Funding, Err(Code::NotFunding)),
            (Some((_, None)), None) => {
                self.trail.skip(CheckName::Funding, None);
                Ok(Decision::Allowed)
            }
            (_, None) => {
                self.trail.skip(CheckName::Funding, None);
                Ok(Decision::Permitted)
            }
        }
    }

    /// Whether the entry of a live reservation for this invocation is in the log (spec 10 §11).
    fn check_funding(
        &mut self,
        opened: &Opened,
        id: &ObjectId,
        payment: &Payment,
        evidence: &[u8],
    ) -> Result<(), Code> {
        let evidence = Evidence::decode(evidence)?;
        let (proof, checkpoint) = proof_of(self.policy, self.memory, &evidence, self.now)?;
        open::check_ledger(self.policy, &checkpoint, &opened.ledger)?;
        require_included(&evidence, &proof, &checkpoint)?;
        let outcome = evidence.funding_of(id).ok_or(Code::NotFunding)?;
        open::see(self.policy, self.memory, &checkpoint, outcome.time, self.now)?;
        let time = self.now.max(self.memory.newest);
        if payment.settle_by.passed(time) { Err(Code::Settled) } else { Ok(()) }
    }
}
