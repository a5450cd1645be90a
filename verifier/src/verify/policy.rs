//! What one verifier trusts and demands (spec 13 §1). Nothing is trusted by default.

use crate::c2sp::Trust;
use crate::http::Route;
use crate::limits::*;
use crate::types::{Amount, LedgerId, Millis, ObjectId, Seconds};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

/// The settings of a policy, not yet checked against each other; see [`Policy::new`].
#[derive(Clone, Debug)]
pub struct Settings {
    /// Logs, witnesses and quorum.
    pub trust: Trust,
    /// For every trusted log, by its origin, the one ledger that it is the log of.
    pub ledgers: Vec<(String, LedgerId)>,
    /// The verifier's own party id: the only audience that it answers for.
    pub party: ObjectId,
    /// Whose root tokens it accepts.
    pub issuers: Issuers,
    /// Greatest age of evidence that it accepts.
    pub max_staleness: Seconds,
    /// How far two good clocks may differ, at most [`SKEW_MAX`].
    pub skew: Millis,
    /// Whether it accepts links that the ledger has not seen.
    pub offline_links: bool,
    /// Who checks the signatures of logged links.
    pub logged_links: LoggedLinks,
    /// Witnesses of the trust lines, by their names there, that are known to compute the log again (spec 21 §5).
    pub replaying: Vec<Box<[u8]>>,
    /// How old evidence may be for amounts, where that is less than [`Settings::max_staleness`].
    pub at_risk: Vec<AtRisk>,
    /// What is served over HTTP, and how.
    pub serving: Serving,
}

/// For an amount of `unit`, from `from` on, evidence is at most so old.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtRisk {
    /// The unit.
    pub unit: ObjectId,
    /// The least amount that this is about.
    pub from: Amount,
    /// Greatest age of evidence.
    pub max_staleness: Seconds,
}

/// What is served over HTTP (spec 20). By default nothing, with a durable record.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Serving {
    /// What requests are in terms of permissions; the first that matches decides.
    pub routes: Vec<Route>,
    /// Where it is recorded what was served.
    pub record: Keeping,
}

/// Where it is recorded what was served (spec 20 §5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keeping {
    /// On a disk, synced before the answer.
    #[default]
    Durable,
    /// In memory; what may have been served before a start is refused.
    Memory,
}

/// Whose root tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuers {
    /// Those of every issuer that the operators of the ledger appointed.
    Any,
    /// Those of these parties.
    Listed(Vec<ObjectId>),
}

/// Who checks the signatures of logged links.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoggedLinks {
    /// This verifier.
    Verify,
    /// The ledger did at admission, and the quorum has a witness that replays the log.
    Log,
}

/// Settings that fit together; made only by [`Policy::new`] and [`Policy::from_toml`].
#[derive(Clone, Debug)]
pub struct Policy(Settings);

/// Why settings do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// No log is trusted.
    NoLog,
    /// More than [`POLICY_LEDGERS_MAX`] ledgers.
    TooManyLedgers,
    /// A trusted log has no ledger: its place among the logs, from 1.
    LogWithoutLedger(usize),
    /// A ledger is named for an origin that no trusted log has, or for the same origin twice: its place, from 1.
    LedgerWithoutLog(usize),
    /// The list of issuers is empty; to accept all, say so.
    NoIssuer,
    /// More than [`POLICY_ISSUERS_MAX`] issuers.
    TooManyIssuers,
    /// The skew is above [`SKEW_MAX`].
    Skew(Millis),
    /// A replaying witness is none of the trust lines, or is named twice: its place, from 1.
    Replaying(usize),
    /// More than [`POLICY_AT_RISK_MAX`] bounds for amounts at risk.
    TooManyAtRisk,
    /// More than [`ROUTES_MAX`] routes.
    TooManyRoutes,
}

impl Policy {
    /// Takes settings that fit together.
    ///
    /// # Errors
    ///
    /// Every variant of [`PolicyError`].
    pub fn new(settings: Settings) -> Result<Self, PolicyError> {
        let origins: Vec<&str> = settings.trust.logs().map(|(key, _)| key.name()).collect();
        if origins.is_empty() {
            return Err(PolicyError::NoLog);
        }
        if settings.ledgers.len() > POLICY_LEDGERS_MAX {
            return Err(PolicyError::TooManyLedgers);
        }
        for (place, origin) in origins.iter().enumerate() {
            if settings.ledgers.iter().all(|(name, _)| name != origin) {
                return Err(PolicyError::LogWithoutLedger(place.saturating_add(1)));
            }
        }
        for (place, (origin, _)) in settings.ledgers.iter().enumerate() {
            let earlier = settings.ledgers.iter().take(place).any(|(name, _)| name == origin);
            if earlier || !origins.contains(&origin.as_str()) {
                return Err(PolicyError::LedgerWithoutLog(place.saturating_add(1)));
            }
        }
        match &settings.issuers {
            Issuers::Listed(list) if list.is_empty() => return Err(PolicyError::NoIssuer),
            Issuers::Listed(list) if list.len() > POLICY_ISSUERS_MAX => {
                return Err(PolicyError::TooManyIssuers);
            }
            _ => {}
        }
        if settings.skew > SKEW_MAX {
            return Err(PolicyError::Skew(settings.skew));
        }
        for (place, name) in settings.replaying.iter().enumerate() {
            let known = settings.trust.witnesses().any(|witness| witness.name() == &**name);
            if !known || settings.replaying.iter().take(place).any(|earlier| earlier == name) {
                return Err(PolicyError::Replaying(place.saturating_add(1)));
            }
        }
        if settings.at_risk.len() > POLICY_AT_RISK_MAX {
            return Err(PolicyError::TooManyAtRisk);
        }
        if settings.serving.routes.len() > ROUTES_MAX {
            return Err(PolicyError::TooManyRoutes);
        }
        Ok(Self(settings))
    }

    /// What the policy says.
    pub const fn settings(&self) -> &Settings {
        &self.0
    }

    /// Whether `ledger` is the one that the policy names for the log of this origin.
    pub(super) fn names(&self, origin: &str, ledger: &LedgerId) -> bool {
        self.0.ledgers.iter().any(|(name, id)| name == origin && id == ledger)
    }

    /// Whether root tokens of this issuer are accepted.
    pub(crate) fn trusts_issuer(&self, issuer: &ObjectId) -> bool {
        match &self.0.issuers {
            Issuers::Any => true,
            Issuers::Listed(list) => list.contains(issuer),
        }
    }

    /// How old evidence may be for an amount, if that is bounded by itself.
    pub(super) fn max_staleness_at_risk(&self, amount: Amount, unit: &ObjectId) -> Option<Seconds> {
        let bounds = self.0.at_risk.iter().filter(|bound| bound.unit == *unit && bound.from <= amount);
        bounds.map(|bound| bound.max_staleness).min()
    }

    /// The latest instant that a clock within the skew of `now` shows.
    pub(super) fn latest(&self, now: Millis) -> Millis {
        Millis(now.0.saturating_add(self.0.skew.0))
    }
}
