//! The ledger, the bank that issues budgets, the services, and how a task is set up among them.

use crate::input::Task;
pub(crate) use crate::place::Done;
use crate::place::{Memory, Place, Said};
use remit::client::{Client, Randomness, Ready, TokenSpec, budget, public_key};
use remit_verifier::log::Genesis;
use remit_verifier::object::{Act, Budget, Delegation, DelegationMode, Path, Permission};
use remit_verifier::sign::{Draft, LocalSigner, Signer};
use remit_verifier::types::{Amount, Millis, ObjectId, Rules, Seconds};
use remit_verifier::verify::{Issuers, LoggedLinks, Policy, Serving, Settings, Verifier};
use std::collections::{BTreeMap, BTreeSet};

/// Stands for "no limit": ten milliards of the major unit.
pub(crate) const NO_LIMIT: Amount = Amount(1_000_000_000_000);

const ORIGIN: &str = "remit.example/agent-transactions";
const START: Millis = Millis(1_750_000_000_000);
const DAY: u64 = 24 * 3600;

/// Everything that outlives a task.
pub(crate) struct Market {
    /// The ledger.
    pub(crate) ledger: Box<dyn Place>,
    /// Makes and signs operations.
    pub(crate) client: Client,
    /// The time of the last operation.
    pub(crate) now: Millis,
    /// The unit of all amounts.
    pub(crate) unit: ObjectId,
    bank: ObjectId,
    bank_key: LocalSigner,
    services: BTreeMap<String, Service>,
}

/// A service: a party with a key, and a verifier that never asks the ledger.
pub(crate) struct Service {
    /// Its party id.
    pub(crate) party: ObjectId,
    /// Its key.
    pub(crate) key: LocalSigner,
    /// Its verifier.
    pub(crate) verifier: Verifier,
}

/// What a customer's agent holds in one task.
pub(crate) struct Wallet {
    /// The agent's key.
    pub(crate) agent: LocalSigner,
    /// A token over each account.
    pub(crate) accounts: BTreeMap<String, ObjectId>,
    /// A token without money, for actions that need permission alone.
    pub(crate) access: ObjectId,
}

impl Market {
    /// A market on a new ledger in memory with one operator.
    pub(crate) fn open(tasks: &[Task], randomness: Randomness) -> Done<Self> {
        let mut client = Client::new(Default::default(), randomness);
        let mut key = || client.random().map(|seed| LocalSigner::from_seed(&seed));
        let (operator, log, bank_key) = (key()?, key()?, key()?);
        let genesis = Genesis {
            time: START,
            origin: ORIGIN.into(),
            log_key: public_key(&log)?,
            operators: vec![public_key(&operator)?],
            threshold: 1,
            rules: Rules::NEWEST,
        };
        let ledger = Memory::new(&genesis, log)?;
        Self::found(tasks, client, Box::new(ledger), &[operator], bank_key)
    }

    /// A market on a ledger that is there, whose operators these are.
    #[cfg(feature = "server")]
    pub(crate) fn open_at(tasks: &[Task], ledger: Box<dyn Place>, operators: &[LocalSigner]) -> Done<Self> {
        let mut client = Client::new(ledger.id(), Randomness::System);
        let bank_key = LocalSigner::from_seed(&client.random()?);
        Self::found(tasks, client, ledger, operators, bank_key)
    }

    /// Registers a unit, the bank, and each service that the tasks name.
    fn found(
        tasks: &[Task],
        client: Client,
        ledger: Box<dyn Place>,
        operators: &[LocalSigner],
        bank_key: LocalSigner,
    ) -> Done<Self> {
        let client = client.for_ledger(ledger.id());
        let now = ledger.next(START)?;
        let operators: Vec<&dyn Signer> = operators.iter().map(|key| key as &dyn Signer).collect();
        let (unit, bank) = (ObjectId::default(), ObjectId::default());
        let services = BTreeMap::new();
        let mut market = Self { ledger, client, now, unit, bank, bank_key, services };
        let currencies: BTreeSet<&str> = tasks.iter().map(|task| task.currency.as_str()).collect();
        let [currency] = currencies.into_iter().collect::<Vec<_>>()[..] else {
            return Err("all tasks must be in one currency".into());
        };
        let act = Act::Unit { name: currency.into(), decimals: 2 };
        let draft = market.client.act(market.now, act, &operators)?;
        market.unit = market.apply(&[draft])?.id;
        let bank_key = market.bank_key.clone();
        market.bank = market.register("bank", &bank_key)?;
        let act = Act::Issuer { party: market.bank };
        let draft = market.client.act(market.now, act, &operators)?;
        market.apply(&[draft])?;
        let names: BTreeSet<&str> = tasks.iter().map(|task| task.service.as_str()).collect();
        for name in names {
            market.add_service(name)?;
        }
        Ok(market)
    }

    fn register(&mut self, name: &str, key: &LocalSigner) -> Done<ObjectId> {
        let draft = self.client.party(self.now, name, &[key])?;
        Ok(self.apply(&[draft])?.id)
    }

    fn add_service(&mut self, name: &str) -> Done<()> {
        let key = LocalSigner::from_seed(&self.client.random()?);
        let party = self.register(name, &key)?;
        let policy = Policy::new(Settings {
            trust: self.ledger.trust()?,
            ledgers: vec![(self.ledger.origin().into(), self.ledger.id())],
            party,
            issuers: Issuers::Listed(vec![self.bank]),
            max_staleness: Seconds(60),
            skew: Millis(2000),
            offline_links: false,
            logged_links: LoggedLinks::Verify,
            replaying: Vec::new(),
            at_risk: Vec::new(),
            serving: Serving::default(),
        });
        let policy = policy.map_err(|error| format!("{error:?}"))?;
        let verifier = Verifier::new(policy, Millis(0));
        self.services.insert(name.into(), Service { party, key, verifier });
        Ok(())
    }

    /// The service with this name.
    pub(crate) fn service(&mut self, name: &str) -> Done<&mut Service> {
        Ok(self.services.get_mut(name).ok_or("no such service")?)
    }

    /// Submits, a moment later.
    pub(crate) fn submit(&mut self, ready: &Ready) -> Done<Said> {
        self.now = self.ledger.next(self.now)?;
        self.ledger.submit(&ready.bytes, self.now)
    }

    /// Submits what must be applied.
    pub(crate) fn apply(&mut self, drafts: &[Draft<'_>]) -> Done<Ready> {
        let ready = self.client.ready(drafts)?;
        match self.submit(&ready)? {
            Said::Applied => Ok(ready),
            other => Err(format!("not applied: {other:?}").into()),
        }
    }

    /// Issues a budget for each of the task's accounts to the customer, and lets his agent share it.
    pub(crate) fn open_wallet(&mut self, task: &Task) -> Done<Wallet> {
        let principal = LocalSigner::from_seed(&self.client.random()?);
        let agent = LocalSigner::from_seed(&self.client.random()?);
        let service = self.service(&task.service)?.party;
        let actions: BTreeSet<&str> = task.actions.iter().map(|action| action.action.as_str()).collect();
        let permission = Permission {
            services: Some(vec![service]),
            actions: Some(actions.into_iter().chain(["prior"]).map(String::from).collect()),
            resources: Some(vec![Path::parse(&task.service).map_err(|_| "a service's name is no path")?]),
            conditions: Vec::new(),
        };
        let mut accounts = BTreeMap::new();
        for (name, account) in &task.accounts {
            let total = account.limit_minor.map_or(NO_LIMIT, Amount);
            // An account that may never carry anything has no budget at all: a total is above zero.
            let own = Budget { refundable: Some(NO_LIMIT), ..budget(self.unit, total) };
            let budgets = if total == Amount(0) { Vec::new() } else { vec![own] };
            let token = self.grant(&task.principal, &permission, Some(budgets), (&principal, &agent))?;
            accounts.insert(name.clone(), token);
        }
        let access = self.grant(&task.principal, &permission, None, (&principal, &agent))?;
        Ok(Wallet { agent, accounts, access })
    }

    /// A root for the customer, and a child for his agent that shares all of it.
    fn grant(
        &mut self,
        name: &str,
        permission: &Permission,
        budgets: Option<Vec<Budget>>,
        (principal, agent): (&LocalSigner, &LocalSigner),
    ) -> Done<ObjectId> {
        let expires = |days| Seconds(self.now.seconds().0 + days * DAY);
        let root = TokenSpec {
            permissions: Some(vec![permission.clone()]),
            delegation: Some(Delegation { mode: DelegationMode::Logged, depth: 1 }),
            budgets,
            name: Some(name.into()),
            ..TokenSpec::new(public_key(principal)?, expires(30))
        };
        let child = TokenSpec::new(public_key(agent)?, expires(7));
        let bank: &dyn Signer = &self.bank_key.clone();
        let draft = self.client.root(self.now, self.bank, &root, bank)?;
        let root = self.apply(&[draft])?.id;
        let draft = self.client.child(self.now, root, Default::default(), &child, principal)?;
        Ok(self.apply(&[draft])?.id)
    }
}
