//! The stage of the demo: the ledger, the keys, the parties, and services that decide with files alone.

use super::house::{Answered, House, Kept};
use super::report::{Balance, Report, Step};
use crate::audit::{Recorded, conserve, replay};
use crate::client::{Ask, Client, Randomness, Ready, TokenSpec, public_key};
use crate::engine;
use remit_verifier::code::Code;
use remit_verifier::log::Genesis;
use remit_verifier::object::{Act, Argument, Invocation, Path, Payment};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, Epoch, Millis, ObjectId, Rules, Seconds};
use remit_verifier::verify::{
    Decision, Issuers, LoggedLinks, Policy, Presentation, Request, Serving, Settings, Verifier,
};
use std::collections::BTreeMap;
use std::error::Error;

pub(super) type Tale<T> = Result<T, Box<dyn Error>>;

pub(super) const ORIGIN: &str = "remit.example/demo";
const OPERATORS: [&str; 3] = ["operator 1", "operator 2", "operator 3"];

/// Everybody's keys, and what has happened so far.
pub(super) struct Stage {
    pub(super) ledger: Box<dyn House>,
    pub(super) client: Client,
    pub(super) now: Millis,
    pub(super) chapter: &'static str,
    keys: BTreeMap<&'static str, LocalSigner>,
    steps: Vec<Step>,
    pub(super) cny: ObjectId,
}

/// A service: it has a policy and files, and no connection.
pub(super) struct Service {
    name: &'static str,
    policy: Policy,
    verifier: Verifier,
}

impl Service {
    /// What it believes.
    pub(super) const fn policy(&self) -> &Policy {
        &self.policy
    }
}

/// What an agent shows a service.
pub(super) struct Shown {
    pub(super) presentation: Vec<u8>,
    pub(super) invocation: Vec<u8>,
    pub(super) arguments: Vec<Argument>,
    pub(super) approvals: Vec<Vec<u8>>,
}

impl Stage {
    /// The stage before the story; `house` makes the ledger of a genesis and the seed of the log's key.
    pub(super) fn new(
        now: Millis,
        mut randomness: Randomness,
        house: impl FnOnce(&Genesis, &[u8; 32]) -> Tale<Box<dyn House>>,
    ) -> Tale<Self> {
        let mut client =
            Client::new(Default::default(), std::mem::replace(&mut randomness, Randomness::Seeded(0)));
        let mut keys = BTreeMap::new();
        for name in CAST.iter().chain(&OPERATORS).copied() {
            keys.insert(name, LocalSigner::from_seed(&client.random()?));
        }
        let public = |name: &str| public_key(&keys[name]);
        let mut operators = OPERATORS.iter().map(|name| public(name)).collect::<Result<Vec<_>, _>>()?;
        operators.sort_by_key(|key| *key.bytes());
        let seed = client.random()?;
        let log_key = LocalSigner::from_seed(&seed);
        let genesis = Genesis {
            time: now,
            origin: ORIGIN.into(),
            log_key: public_key(&log_key)?,
            operators,
            threshold: 2,
            rules: Rules::NEWEST,
        };
        let ledger = house(&genesis, &seed)?;
        let client = client.for_ledger(ledger.id());
        let cny = ObjectId::default();
        Ok(Self { ledger, client, now, chapter: "", keys, steps: Vec::new(), cny })
    }

    pub(super) fn key(&self, name: &str) -> &LocalSigner {
        &self.keys[name]
    }

    pub(super) fn spec(&self, holder: &str, seconds: u64) -> Tale<TokenSpec> {
        let expires = Seconds(self.now.seconds().0 + seconds);
        Ok(TokenSpec::new(public_key(self.key(holder))?, expires))
    }

    pub(super) fn epoch(&self, token: ObjectId) -> Epoch {
        self.ledger.epoch(&token).map(|(epoch, _)| epoch).unwrap_or_default()
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = Millis(self.now.0 + seconds * 1000);
    }

    /// Submits and notes whether the outcome is as told; gives what was submitted if it was applied.
    pub(super) fn submit(
        &mut self,
        tried: &str,
        drafts: &[Draft<'_>],
        expected: Result<(), Code>,
    ) -> Tale<Ready> {
        let ready = self.client.ready(drafts)?;
        self.resubmit(tried, &ready, expected.map_or_else(Code::text, |()| "applied"))?;
        Ok(ready)
    }

    /// Submits bytes as they are.
    pub(super) fn resubmit(&mut self, tried: &str, ready: &Ready, expected: &str) -> Tale<()> {
        self.now = Millis(self.now.0 + 250);
        let Answered { outcome, meaning, entry } = self.ledger.submit(&ready.bytes, self.now)?;
        let meaning = meaning.unwrap_or_else(|| match outcome.as_str() {
            "applied" => "Durable, and proved by the checkpoint.".into(),
            _ => "The first answer again; nothing new was done.".into(),
        });
        self.note("the ledger", tried, expected, &outcome, &meaning, entry, None);
        Ok(())
    }

    /// An act of one or more named people.
    pub(super) fn act(
        &mut self,
        tried: &str,
        act: Act,
        by: &[&str],
        expected: Result<(), Code>,
    ) -> Tale<Ready> {
        let keys: Vec<LocalSigner> = by.iter().map(|name| self.key(name).clone()).collect();
        let signers: Vec<&dyn Signer> = keys.iter().map(|key| key as &dyn Signer).collect();
        let draft = self.client.act(self.now, act, &signers)?;
        self.submit(tried, &[draft], expected)
    }

    pub(super) fn operate(&mut self, tried: &str, act: Act) -> Tale<ObjectId> {
        Ok(self.act(tried, act, &OPERATORS[..2], Ok(()))?.id)
    }

    pub(super) fn register(&mut self, name: &'static str) -> Tale<ObjectId> {
        let key = self.key(name).clone();
        let draft = self.client.party(self.now, name, &[&key])?;
        Ok(self.submit(&format!("{name} registers itself"), &[draft], Ok(()))?.id)
    }

    /// An invocation's payload.
    pub(super) fn invocation(&mut self, ask: &Ask) -> Tale<Invocation> {
        Ok(self.client.invocation(self.now, ask)?)
    }

    pub(super) fn ask(&self, token: ObjectId, audience: ObjectId, action: &str, resource: &str) -> Tale<Ask> {
        Ok(Ask {
            token,
            epoch: self.epoch(token),
            audience,
            action: action.into(),
            resource: Path::parse(resource).map_err(|_| "not a path")?,
            arguments: Vec::new(),
            payment: None,
            request: None,
        })
    }

    pub(super) fn payment(&self, amount: u64) -> Payment {
        let now = self.now.seconds().0;
        let (settle_by, refund_until) = (Seconds(now + 24 * 3600), Some(Seconds(now + 14 * 24 * 3600)));
        Payment { amount: Amount(amount), unit: self.cny, settle_by, refund_until }
    }

    /// A service decides; the ledger is not asked.
    pub(super) fn decide(
        &mut self,
        service: &mut Service,
        tried: &str,
        shown: &Shown,
        evidence: Option<&[u8]>,
        expected: &str,
    ) {
        let approvals: Vec<&[u8]> = shown.approvals.iter().map(Vec::as_slice).collect();
        let request =
            Request { invocation: &shown.invocation, arguments: &shown.arguments, approvals: &approvals };
        let verdict = service.verifier.verify(&shown.presentation, Some(&request), evidence, self.now);
        let (outcome, meaning) = match verdict.decision {
            Decision::Allowed => ("allowed", "Every check passed."),
            Decision::Permitted => ("permitted", "Permitted, not funded: a no until value is reserved."),
            Decision::Denied(code) => (code.text(), code.meaning()),
        };
        self.note(service.name, tried, expected, outcome, meaning, None, verdict.age);
    }

    #[allow(clippy::too_many_arguments)]
    fn note(
        &mut self,
        decided_by: &'static str,
        tried: &str,
        expected: &str,
        outcome: &str,
        meaning: &str,
        entry: Option<u64>,
        age: Option<Millis>,
    ) {
        self.steps.push(Step {
            chapter: self.chapter,
            decided_by,
            tried: tried.into(),
            expected: expected.into(),
            outcome: outcome.into(),
            meaning: meaning.into(),
            entry,
            age_ms: age.map(|age| age.0),
            ok: expected == outcome,
        });
    }

    /// A fact that is checked by itself.
    pub(super) fn check(&mut self, who: &'static str, tried: &str, expected: &str, outcome: &str) {
        self.note(who, tried, expected, outcome, "", None, None);
    }

    /// The policy of a service: this log, this issuer, evidence of at most ten minutes.
    pub(super) fn service(&self, name: &'static str, party: ObjectId, issuer: ObjectId) -> Tale<Service> {
        let policy = Policy::new(Settings {
            trust: self.ledger.trust()?,
            ledgers: vec![(ORIGIN.into(), self.ledger.id())],
            party,
            issuers: Issuers::Listed(vec![issuer]),
            max_staleness: Seconds(600),
            skew: Millis(2000),
            offline_links: true,
            logged_links: LoggedLinks::Verify,
            replaying: Vec::new(),
            at_risk: Vec::new(),
            serving: Serving::default(),
        })
        .map_err(|error| format!("{error:?}"))?;
        Ok(Service { name, policy: policy.clone(), verifier: Verifier::new(policy, Millis(0)) })
    }

    /// A file to show, at the newest checkpoint.
    pub(super) fn presentation(&self, token: ObjectId) -> Tale<Vec<u8>> {
        self.ledger.presentation(&token, &self.cny)
    }

    /// Anybody replays the whole log, and recounts the money without the rules.
    fn audit(&mut self, kept: &Kept) {
        let log = || kept.log.iter();
        let entries = log().map(|kept| engine::Kept {
            entry: &kept.entry,
            object: kept.object.as_deref(),
            details: kept.details.as_ref(),
        });
        let told = "every root and every detail equal";
        let outcome = match replay(entries, Some(&kept.head)) {
            Ok(found) if found.report.state_root.to_string() == kept.state_root => told.into(),
            Ok(found) => format!("the state root is {}", found.report.state_root),
            Err(error) => error.to_string(),
        };
        self.check("an auditor", "replays the log from genesis", told, &outcome);
        let recorded = log().map(|kept| Recorded { entry: &kept.entry, object: kept.object.as_deref() });
        let told = "conserved at every entry";
        let outcome = match conserve(recorded) {
            Ok(found) if found.ok => told.to_string(),
            Ok(found) => format!("{} violations", found.violated),
            Err(error) => error.to_string(),
        };
        self.check("an auditor", "recounts the money by code of its own", told, &outcome);
    }

    pub(super) fn balance(&self, name: &str, token: ObjectId) -> Tale<Balance> {
        let purse = self.ledger.purse(&token, &self.cny)?;
        Ok(Balance {
            token: name.into(),
            total_minor: purse.total.to_string(),
            left_minor: (purse.total - purse.committed).to_string(),
            spent_minor: (purse.captured - purse.refunded).to_string(),
            reserved_minor: purse.reserved.to_string(),
            carved_minor: (purse.carved - purse.returned).to_string(),
            unit: purse.unit,
            decimals: purse.decimals,
        })
    }

    /// Closes the ledger, and lets an auditor look at everything.
    pub(super) fn close(mut self, balances: Vec<Balance>) -> Tale<Report> {
        let kept = self.ledger.close()?;
        self.audit(&kept);
        Ok(Report {
            ok: self.steps.iter().all(|step| step.ok),
            balances,
            entries: kept.log.len() as u64,
            ended_ms: self.now.0,
            state_root: kept.state_root,
            checkpoint: kept.checkpoint,
            steps: self.steps,
        })
    }
}

/// A file with an offline link at its end, which needs no ledger.
pub(super) fn with_link(file: &[u8], link: &[u8]) -> Tale<Vec<u8>> {
    let mut shown = Presentation::decode(file).map_err(|error| format!("{error:?}"))?;
    shown.tokens.push(link);
    Ok(shown.encode())
}

/// Everybody who has a key and is no operator.
const CAST: [&str; 12] = [
    "the company",
    "travel manager",
    "the airline",
    "the hotel",
    "assistant",
    "flight agent",
    "hotel agent",
    "seat agent",
    "concierge",
    "night agent",
    "another agent",
    "the travel desk",
];
