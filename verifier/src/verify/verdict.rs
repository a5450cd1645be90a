//! Verdicts: the decision, how old its evidence is, and every check in the order in which it was done (spec 10 §1).

use crate::code::Code;
use crate::object::Invocation;
use crate::types::{KeyBytes, LedgerId, Millis, ObjectId, RequestId};
use alloc::vec::Vec;
use core::fmt;

/// The answer to one presentation and request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Yes, yes but for the money, or no and why.
    pub decision: Decision,
    /// Age of the evidence about the chain, once it is known.
    pub age: Option<Millis>,
    /// What was checked, in order; after a failed check nothing more was done.
    pub checks: Vec<Check>,
    /// What the verdict is about.
    pub subject: Subject,
}

/// The three answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Every check passed, and either no amount is asked or its reservation is proved.
    Allowed,
    /// Every check passed that needs no counter; of funding, and of the request if there is none, it says nothing.
    Permitted,
    /// No, for this reason.
    Denied(Code),
}

/// One check and what came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which check.
    pub name: CheckName,
    /// Which link of the chain, the root being 1, for checks that are made of every link.
    pub link: Option<u8>,
    /// What came out.
    pub outcome: Outcome,
}

/// What came out of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed, and decided the verdict.
    Failed(Code),
    /// There was nothing to check, or the policy rests on the log here.
    Skipped,
}

/// What the verdict is about. A field is there once it is known and authentic; of a denial they may say a part.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The ledger.
    pub ledger: Option<LedgerId>,
    /// The root's issuer.
    pub issuer: Option<ObjectId>,
    /// The first link of the chain.
    pub root: Option<ObjectId>,
    /// The last link of the chain.
    pub token: Option<ObjectId>,
    /// The key that holds it.
    pub holder: Option<KeyBytes>,
    /// The id of the invocation: what a payee counts once.
    pub id: Option<ObjectId>,
    /// The request that approvers said yes to, if the invocation names one: to be served once.
    pub request: Option<RequestId>,
    /// What the holder asks: audience, action, resource, payment.
    pub invocation: Option<Invocation>,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Allowed => f.write_str("allowed"),
            Self::Permitted => f.write_str("permitted"),
            Self::Denied(code) => write!(f, "denied: {code}: {}", code.meaning()),
        }
    }
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Passed => f.write_str("passed  ")?,
            Outcome::Failed(_) => f.write_str("failed  ")?,
            Outcome::Skipped => f.write_str("skipped ")?,
        }
        f.write_str(self.name.text())?;
        match self.link {
            Some(link) => write!(f, " {link}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Verdict {
    /// The decision, the age of the evidence if it is known, and one line for each check.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.decision)?;
        if let Some(age) = self.age {
            write!(f, "\nevidence is {age} ms old")?;
        }
        self.checks.iter().try_for_each(|check| write!(f, "\n{check}"))
    }
}

macro_rules! checks {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)*) => {
        /// The checks, in the order of spec 10. Their texts are stable.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum CheckName {
            $($(#[doc = $doc])+ $name,)*
        }

        impl CheckName {
            /// All checks, in order.
            pub const ALL: &'static [CheckName] = &[$(CheckName::$name),*];

            /// The stable name.
            pub const fn text(self) -> &'static str {
                match self { $(CheckName::$name => $text,)* }
            }
        }
    };
}

checks! {
    /// The presentation is one (spec 10 §2).
    Presentation = "presentation";
    /// The policy's trust accepts the checkpoint (spec 10 §3).
    Checkpoint = "checkpoint";
    /// The ledger is the one that the policy names for this log (spec 10 §3).
    Ledger = "ledger";
    /// The last entry under the checkpoint is the commitment shown (spec 10 §3).
    Commitment = "commitment";
    /// The evidence is not later than the clock (spec 10 §4).
    Clock = "clock";
    /// The leaves are of the committed state, and the ledger is not frozen (spec 10 §5).
    State = "state";
    /// The tokens are tokens, few enough, and the leaves are theirs (spec 10 §6).
    Chain = "chain";
    /// The root's issuer is one, is trusted, and its key signed (spec 10 §6).
    Issuer = "issuer";
    /// A link's place in the chain and its leaf (spec 10 §7).
    Leaf = "leaf";
    /// A link's signature (spec 10 §7).
    Signature = "signature";
    /// A link's signer held the parent, as it now is (spec 10 §7).
    Signer = "signer";
    /// A link is live and not suspended (spec 10 §7).
    Status = "status";
    /// A link's life has begun and not ended (spec 10 §7).
    Life = "life";
    /// A link is delegable and no wider than its parent (spec 10 §7).
    Authority = "authority";
    /// A newer state that is followed says nothing against ledger, issuer and tokens; only where one is followed
    /// (spec 22 §4).
    Followed = "followed";
    /// The evidence is fresh enough (spec 10 §8).
    Staleness = "staleness";
    /// Evidence that shows an older holder has gone stale everywhere (spec 10 §8).
    HolderSince = "holder_since";
    /// The holder signed the invocation (spec 10 §9).
    Invocation = "invocation";
    /// The invocation is on this token, as it now is (spec 10 §9).
    Token = "token";
    /// The invocation is of now (spec 10 §9).
    Window = "window";
    /// The invocation is for the policy's own party (spec 10 §9).
    Audience = "audience";
    /// The arguments shown are those that were signed (spec 10 §9).
    Arguments = "arguments";
    /// Every link permits what is asked (spec 10 §9).
    Permissions = "permissions";
    /// The approvers of every link said yes, where the ledger has not asked them (spec 10 §9, 17 §4).
    Approvals = "approvals";
    /// The unit is registered and not frozen (spec 10 §10).
    Unit = "unit";
    /// The deadline of the payment lies ahead, and not too far (spec 10 §10).
    Deadline = "deadline";
    /// The open budgets of offline links let the amount through (spec 10 §10).
    Budgets = "budgets";
    /// The evidence is fresh enough for the amount; only where the policy bounds that (spec 10 §10).
    AtRisk = "at_risk";
    /// The value is reserved for this invocation (spec 10 §11).
    Funding = "funding";
}

/// Collects the checks while they are made.
#[derive(Debug)]
pub(super) struct Trail {
    pub(super) checks: Vec<Check>,
}

impl Trail {
    /// Room for a chain of usual length.
    pub(super) fn new() -> Self {
        Self { checks: Vec::with_capacity(48) }
    }

    /// Writes down what came out of one check.
    pub(super) fn pass<T, E: Into<Code>>(
        &mut self,
        name: CheckName,
        result: Result<T, E>,
    ) -> Result<T, Code> {
        self.record(name, None, result.map_err(Into::into))
    }

    /// The same for a check of one link, the root being 1.
    pub(super) fn link<T>(&mut self, name: CheckName, link: u8, result: Result<T, Code>) -> Result<T, Code> {
        self.record(name, Some(link), result)
    }

    /// Writes down that there was nothing to check.
    pub(super) fn skip(&mut self, name: CheckName, link: Option<u8>) {
        self.checks.push(Check { name, link, outcome: Outcome::Skipped });
    }

    fn record<T>(&mut self, name: CheckName, link: Option<u8>, result: Result<T, Code>) -> Result<T, Code> {
        let outcome = match &result {
            Ok(_) => Outcome::Passed,
            Err(code) => Outcome::Failed(*code),
        };
        self.checks.push(Check { name, link, outcome });
        result
    }
}
