//! The verdict: may this holder do this here and now, judged offline from keys, bytes and a clock (spec 09, 10, 13).
//!
//! [`verify`] judges once. A service that judges often keeps a [`Verifier`], which remembers what it has verified and
//! the newest evidence that it has seen. The steps, in order: decode the presentation; accept its checkpoint; prove the
//! commitment; place the evidence in time; prove the leaves; check the issuer and every link from the root down; the
//! age; then the request: who signed it, on what, when, for whom, with which arguments, and whether every link permits
//! it; the payment; its funding. The first check that fails decides, and nothing is done after it.
//!
//! An amount is never *allowed* on a presentation alone: every service would say the same yes to the same money. The
//! payee counts each invocation id once, by its own record.

mod approved;
mod case;
mod chain;
mod evidence;
mod followed;
mod judge;
mod memory;
mod open;
mod policy;
#[cfg(feature = "policy-file")]
mod policy_file;
mod presentation;
mod request;
mod standing;
mod verdict;

pub use case::Case;
pub use evidence::Evidence;
pub use followed::{FollowError, Followed};
pub use policy::{AtRisk, Issuers, Keeping, LoggedLinks, Policy, PolicyError, Serving, Settings};
#[cfg(feature = "policy-file")]
pub use policy_file::{PolicyFileError, PolicyProblem};
pub use presentation::Presentation;
pub use verdict::{Check, CheckName, Decision, Outcome, Subject, Verdict};

use crate::code::Code;
use crate::object::Argument;
use crate::types::{LedgerId, Millis};
use alloc::sync::Arc;
use memory::Memory;

/// What a holder asks a service to do.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The signed invocation.
    pub invocation: &'a [u8],
    /// The arguments that are shown with it.
    pub arguments: &'a [Argument],
    /// The signed approvals that travel with it.
    pub approvals: &'a [&'a [u8]],
}

/// Judges a presentation at the time `now`, with the request on it if there is one, and the evidence of its funding.
///
/// Without a request the best answer is [`Decision::Permitted`]: the chain is good, and its holder has asked nothing.
pub fn verify(
    presentation: &[u8],
    request: Option<&Request<'_>>,
    evidence: Option<&[u8]>,
    policy: &Policy,
    now: Millis,
) -> Verdict {
    judge::judge(policy, &mut Memory::without_room(Millis(0)), presentation, request, evidence, now)
}

/// A verifier with one policy and a bounded memory. Its verdicts are those of [`verify`], but that no deadline is
/// measured by a clock that shows less than the newest evidence it has accepted.
#[derive(Debug)]
pub struct Verifier {
    policy: Policy,
    memory: Memory,
}

impl Verifier {
    /// A verifier that has seen evidence up to `newest` before: what [`Verifier::newest`] gave when it was last
    /// stored, or 0.
    pub const fn new(policy: Policy, newest: Millis) -> Self {
        Self { policy, memory: Memory::new(newest) }
    }

    /// The same as [`verify`], in less time for what was seen before.
    pub fn verify(
        &mut self,
        presentation: &[u8],
        request: Option<&Request<'_>>,
        evidence: Option<&[u8]>,
        now: Millis,
    ) -> Verdict {
        judge::judge(&self.policy, &mut self.memory, presentation, request, evidence, now)
    }

    /// Whether evidence of funding is of an entry in a log that the policy trusts; what it funds, [`Verifier::verify`]
    /// says.
    ///
    /// # Errors
    ///
    /// The codes of spec 10 §11, steps 1, 2 and 4.
    pub fn proves(&mut self, evidence: &[u8], now: Millis) -> Result<(), Code> {
        judge::proves(&self.policy, &mut self.memory, evidence, now)
    }

    /// Judges by this state from now on, where it is newer (spec 22 §4); it takes the place of another of the same
    /// ledger. Nothing is judged by the state of a ledger that the policy does not name.
    pub fn follow(&mut self, followed: Arc<Followed>) {
        self.memory.followed.retain(|known| known.ledger() != followed.ledger());
        if self.memory.followed.len() < crate::limits::POLICY_LEDGERS_MAX {
            self.memory.followed.push(followed);
        }
    }

    /// The state of a ledger that it judges by.
    pub fn followed(&self, ledger: &LedgerId) -> Option<&Arc<Followed>> {
        self.memory.followed.iter().find(|known| known.ledger() == *ledger)
    }

    /// The policy.
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Nothing is judged by a clock that shows less than `newest`: what another verifier of the same service accepted.
    pub fn see(&mut self, newest: Millis) {
        self.memory.newest = self.memory.newest.max(newest);
    }

    /// Time of the newest evidence that was accepted; to be stored, so that a restart does not forget it.
    pub const fn newest(&self) -> Millis {
        self.memory.newest
    }
}
