//! The side of those who use a ledger: drafts with fresh nonces and windows, signed and ready to be submitted.

use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::label;
use remit_verifier::object::{
    Act, ApprovalRule, Argument, Budget, Delegation, EntryQuota, Invocation, Lease, Origin, Path, Payment,
    Permission, Purpose, Reference, Requested, Sealed, Share, Stamp, Submission, Token, Trade, Value,
};
use remit_verifier::sign::{Draft, DraftBody, SignError, Signer, sign_object, submission};
use remit_verifier::types::{
    Amount, Epoch, Generation, Hash, LedgerId, Millis, Nonce, ObjectId, RequestId, Seconds,
};

/// Where nonces, salts and secrets come from.
pub enum Randomness {
    /// The operating system.
    System,
    /// A counter under a hash: the same bytes at every run, for vectors and tests.
    Seeded(u64),
}

/// Why an operation could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientError {
    /// The operating system gave no random bytes.
    Random,
    /// A key is not acceptable, or the draft would be refused as it stands.
    Draft(Code),
    /// A signer gave no signature.
    Sign(SignError),
}

impl std::fmt::Display for ClientError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Random => f.write_str("the operating system gave no random bytes"),
            Self::Draft(code) => write!(f, "the draft would be refused: {code}"),
            Self::Sign(error) => write!(f, "no signature: {error:?}"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<SignError> for ClientError {
    fn from(error: SignError) -> Self {
        Self::Sign(error)
    }
}

/// What a token is to allow; the rest of it the client fills in.
#[derive(Clone, Debug)]
pub struct TokenSpec {
    /// The holder's key.
    pub holder: PublicKey,
    /// End of its life.
    pub expires: Seconds,
    /// Start of its life.
    pub not_before: Option<Seconds>,
    /// What it allows; `None` inherits.
    pub permissions: Option<Vec<Permission>>,
    /// Whether it may be delegated; `None` inherits.
    pub delegation: Option<Delegation>,
    /// Whether it may be transferred; `None` inherits.
    pub transferable: Option<bool>,
    /// Greatest age of evidence; `None` inherits.
    pub max_staleness: Option<Seconds>,
    /// Its budgets; `None` inherits.
    pub budgets: Option<Vec<Budget>>,
    /// Whose approval its uses need; `None` asks nobody.
    pub approval: Option<ApprovalRule>,
    /// In a root, how many entries may be written for it and all below; `None` counts none.
    pub entries: Option<EntryQuota>,
    /// A name for people, sealed.
    pub name: Option<String>,
}

/// A token that is bought as it was offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purchase {
    /// The token.
    pub token: ObjectId,
    /// Its epoch.
    pub epoch: Epoch,
    /// The offer that is taken.
    pub offer: Reference,
    /// What must still be left of the token, by unit.
    pub minimum: Vec<(ObjectId, Amount)>,
    /// The place in the bundle of the reserve that pays.
    pub payment: u8,
}

impl Ask {
    /// Names and salted digests of the arguments, in the order in which they are signed.
    fn digests(&self) -> Vec<(String, Hash)> {
        let mut digests: Vec<_> = self.arguments.iter().map(|a| (a.name.clone(), a.digest())).collect();
        digests.sort_by(|(a, _), (b, _)| (a.len(), a).cmp(&(b.len(), b)));
        digests
    }

    /// The same, asked of approvers on the ledger, where it waits until `decide_by`; `None` without a payment.
    pub fn requested(&self, decide_by: Seconds) -> Option<Requested> {
        let payment = self.payment?;
        Some(Requested {
            token: self.token,
            epoch: self.epoch,
            payee: self.audience,
            purpose: Purpose::Use {
                action: self.action.clone(),
                resource: self.resource.clone(),
                arguments: self.digests(),
            },
            amount: payment.amount,
            unit: payment.unit,
            decide_by,
        })
    }
}

impl TokenSpec {
    /// A token that inherits everything.
    pub fn new(holder: PublicKey, expires: Seconds) -> Self {
        Self {
            holder,
            expires,
            not_before: None,
            permissions: None,
            delegation: None,
            transferable: None,
            max_staleness: None,
            budgets: None,
            approval: None,
            entries: None,
            name: None,
        }
    }
}

/// What an invocation asks for.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The last link of the chain.
    pub token: ObjectId,
    /// Epoch of the nearest logged token.
    pub epoch: Epoch,
    /// The party that is asked.
    pub audience: ObjectId,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: Path,
    /// The arguments, salted.
    pub arguments: Vec<Argument>,
    /// Value to reserve.
    pub payment: Option<Payment>,
    /// Digest of the service's own request.
    pub request: Option<Hash>,
}

/// A signed submission, and the ids that it will be known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ready {
    /// The id of the entry.
    pub id: ObjectId,
    /// The ids of its operations, in order.
    pub ids: Vec<ObjectId>,
    /// The bytes to submit.
    pub bytes: Vec<u8>,
}

/// Makes operations for one ledger.
pub struct Client {
    ledger: LedgerId,
    randomness: Randomness,
}

/// Admission window that the client gives to what is no invocation.
const WINDOW: Seconds = Seconds(3600);
/// Admission window that the client gives to invocations.
const INVOCATION_WINDOW: Seconds = Seconds(60);

impl Client {
    /// A client of this ledger.
    pub fn new(ledger: LedgerId, randomness: Randomness) -> Self {
        Self { ledger, randomness }
    }

    /// The same client for another ledger.
    pub fn for_ledger(self, ledger: LedgerId) -> Self {
        Self { ledger, ..self }
    }

    /// Fresh random bytes.
    ///
    /// # Errors
    ///
    /// [`ClientError::Random`].
    pub fn random<const N: usize>(&mut self) -> Result<[u8; N], ClientError> {
        let mut bytes = [0; N];
        match &mut self.randomness {
            Randomness::System => getrandom::fill(&mut bytes).map_err(|_| ClientError::Random)?,
            Randomness::Seeded(counter) => {
                *counter += 1;
                let hash = remit_verifier::hash::sha256(&[b"remit seeded", &counter.to_be_bytes()]);
                bytes.iter_mut().zip(hash.0).for_each(|(byte, from)| *byte = from);
            }
        }
        Ok(bytes)
    }

    fn stamp(&mut self, now: Millis) -> Result<Stamp, ClientError> {
        let valid_until = Seconds(now.seconds().0 + WINDOW.0);
        Ok(Stamp { nonce: Nonce(self.random()?), valid_until, bundle: None })
    }

    /// An operation that is neither a token nor an invocation.
    ///
    /// # Errors
    ///
    /// [`ClientError::Random`].
    pub fn act<'s>(
        &mut self,
        now: Millis,
        act: Act,
        signers: &[&'s dyn Signer],
    ) -> Result<Draft<'s>, ClientError> {
        let stamp = self.stamp(now)?;
        Ok(Draft { body: DraftBody::Act(stamp, act, None), signers: signers.to_vec() })
    }

    /// A transfer, signed by the holder and the new holder.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn transfer<'s>(
        &mut self,
        now: Millis,
        token: ObjectId,
        epoch: Epoch,
        (from, to): (&'s dyn Signer, &'s dyn Signer),
    ) -> Result<Draft<'s>, ClientError> {
        let sealed = Sealed { secret: self.random()?, budgets: None, name: None, note: None };
        let digest = Sealed::digest(&sealed.encode());
        let act = Act::Transfer { token, epoch, holder: public_key(to)?, sealed: digest };
        let stamp = self.stamp(now)?;
        Ok(Draft { body: DraftBody::Act(stamp, act, Some(sealed)), signers: vec![from, to] })
    }

    /// An offer that is taken, signed by the new holder alone. It stands in a bundle, behind the reserve that pays.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn trade<'s>(
        &mut self,
        now: Millis,
        purchase: &Purchase,
        to: &'s dyn Signer,
    ) -> Result<Draft<'s>, ClientError> {
        let sealed = Sealed { secret: self.random()?, budgets: None, name: None, note: None };
        let digest = Sealed::digest(&sealed.encode());
        let Purchase { token, epoch, offer, payment, .. } = *purchase;
        let mut minimum = purchase.minimum.clone();
        minimum.sort_by_key(|(unit, _)| *unit);
        let act = Act::Trade(Trade { token, epoch, sealed: digest, offer, minimum, payment });
        let stamp = self.stamp(now)?;
        Ok(Draft { body: DraftBody::Act(stamp, act, Some(sealed)), signers: vec![to] })
    }

    /// A party that registers itself with these keys.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn party<'s>(
        &mut self,
        now: Millis,
        name: &str,
        keys: &[&'s dyn Signer],
    ) -> Result<Draft<'s>, ClientError> {
        let public = keys.iter().map(|key| public_key(*key)).collect::<Result<_, _>>()?;
        self.act(now, Act::Party { name: name.into(), keys: public }, keys)
    }

    /// A root token by an issuer.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn root<'s>(
        &mut self,
        now: Millis,
        issuer: ObjectId,
        spec: &TokenSpec,
        signer: &'s dyn Signer,
    ) -> Result<Draft<'s>, ClientError> {
        self.token(now, Origin::Root { issuer }, spec, signer)
    }

    /// A logged child of `parent` by its holder.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn child<'s>(
        &mut self,
        now: Millis,
        parent: ObjectId,
        epoch: Epoch,
        spec: &TokenSpec,
        signer: &'s dyn Signer,
    ) -> Result<Draft<'s>, ClientError> {
        self.token(now, Origin::Logged { parent, epoch }, spec, signer)
    }

    fn token<'s>(
        &mut self,
        now: Millis,
        origin: Origin,
        spec: &TokenSpec,
        signer: &'s dyn Signer,
    ) -> Result<Draft<'s>, ClientError> {
        let mut budgets = spec.budgets.clone();
        if let Some(budgets) = &mut budgets {
            budgets.sort_by_key(|budget| budget.unit);
        }
        let sealed = Sealed { secret: self.random()?, budgets, name: spec.name.clone(), note: None };
        let token = self.claims(now, origin, spec)?;
        Ok(Draft { body: DraftBody::Token(token, sealed), signers: vec![signer] })
    }

    fn claims(&mut self, now: Millis, origin: Origin, spec: &TokenSpec) -> Result<Token, ClientError> {
        Ok(Token {
            expires: spec.expires,
            not_before: spec.not_before,
            nonce: Nonce(self.random()?),
            holder: (&spec.holder).into(),
            valid_until: Seconds(now.seconds().0 + WINDOW.0),
            bundle: None,
            origin,
            permissions: spec.permissions.clone(),
            delegation: spec.delegation,
            transferable: spec.transferable,
            max_staleness: spec.max_staleness,
            sealed: None,
            budgets: None,
            approval: spec.approval.clone(),
            entries: spec.entries,
        })
    }

    /// An offline link below `parent`, signed without the ledger: its id, and the object.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn link(
        &mut self,
        now: Millis,
        parent: ObjectId,
        (epoch, generation): (Epoch, Generation),
        spec: &TokenSpec,
        signer: &dyn Signer,
    ) -> Result<(ObjectId, Vec<u8>), ClientError> {
        let mut token = self.claims(now, Origin::Offline { parent, epoch, generation }, spec)?;
        token.budgets = spec.budgets.clone();
        Ok(sign_object(signer, label::TOKEN, &self.ledger, &token.encode())?)
    }

    /// A salted argument.
    ///
    /// # Errors
    ///
    /// [`ClientError::Random`].
    pub fn argument(&mut self, name: &str, value: Value) -> Result<Argument, ClientError> {
        Ok(Argument { name: name.into(), salt: self.random()?, value })
    }

    /// The payload of an invocation, good for a minute.
    ///
    /// # Errors
    ///
    /// [`ClientError::Random`].
    pub fn invocation(&mut self, now: Millis, ask: &Ask) -> Result<Invocation, ClientError> {
        Ok(Invocation {
            nonce: Nonce(self.random()?),
            valid_until: Seconds(now.seconds().0 + INVOCATION_WINDOW.0),
            bundle: None,
            token: ask.token,
            epoch: ask.epoch,
            audience: ask.audience,
            action: ask.action.clone(),
            resource: ask.resource.clone(),
            arguments: ask.digests(),
            payment: ask.payment,
            request: ask.request,
            request_nonce: None,
            claim: None,
        })
    }

    /// An invocation, signed, as a service is shown it: its id, and the object.
    ///
    /// # Errors
    ///
    /// [`ClientError::Sign`].
    pub fn invoke(
        &self,
        invocation: &Invocation,
        signer: &dyn Signer,
    ) -> Result<(ObjectId, Vec<u8>), ClientError> {
        Ok(sign_object(signer, label::INVOCATION, &self.ledger, &invocation.encode())?)
    }

    /// The operation that funds an invocation; outside a bundle it holds the very object that [`Self::invoke`] gives.
    pub fn reserve<'s>(
        &self,
        invocation: Invocation,
        links: Vec<Vec<u8>>,
        signer: &'s dyn Signer,
    ) -> Draft<'s> {
        Draft { body: DraftBody::Reserve(invocation, links, Vec::new()), signers: vec![signer] }
    }

    /// The same with approvals that travel with it.
    pub fn reserve_approved<'s>(
        &self,
        invocation: Invocation,
        approvals: Vec<Vec<u8>>,
        signer: &'s dyn Signer,
    ) -> Draft<'s> {
        Draft { body: DraftBody::Reserve(invocation, Vec::new(), approvals), signers: vec![signer] }
    }

    /// A lease, with the approvals that travel with it.
    ///
    /// # Errors
    ///
    /// [`ClientError::Random`].
    pub fn lease_approved<'s>(
        &mut self,
        now: Millis,
        lease: Lease,
        approvals: Vec<Vec<u8>>,
        signer: &'s dyn Signer,
    ) -> Result<Draft<'s>, ClientError> {
        let stamp = self.stamp(now)?;
        Ok(Draft { body: DraftBody::Lease(stamp, lease, approvals), signers: vec![signer] })
    }

    /// An approval that travels, good until `valid_until`: its id, and the object.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn approval(
        &mut self,
        request: RequestId,
        valid_until: Seconds,
        signer: &dyn Signer,
    ) -> Result<(ObjectId, Vec<u8>), ClientError> {
        let stamp = Stamp { nonce: Nonce(self.random()?), valid_until, bundle: None };
        let payload = Act::Approve { request }.encode(&stamp);
        Ok(sign_object(signer, label::APPROVE, &self.ledger, &payload)?)
    }

    /// Signs the drafts as one submission; two or more make a bundle.
    ///
    /// # Errors
    ///
    /// [`ClientError::Sign`]; [`ClientError::Draft`] if the ledger would not even decode it.
    pub fn ready(&self, drafts: &[Draft<'_>]) -> Result<Ready, ClientError> {
        let bytes = submission(&self.ledger, drafts)?;
        let decoded = Submission::decode(&bytes).map_err(ClientError::Draft)?;
        let ids = decoded.operations.iter().map(|operation| operation.id).collect();
        Ok(Ready { id: decoded.id, ids, bytes })
    }
}

/// The checked public key of a signer.
///
/// # Errors
///
/// [`ClientError::Draft`] with `bad_key`.
pub fn public_key(signer: &dyn Signer) -> Result<PublicKey, ClientError> {
    PublicKey::parse(&signer.public_key()).map_err(|_| ClientError::Draft(Code::BadKey))
}

/// A shared or root budget with a total.
pub fn budget(unit: ObjectId, total: Amount) -> Budget {
    Budget::new(unit, Share::Shared, Some(total))
}

/// A budget carved out of the parent's.
pub fn carved(unit: ObjectId, total: Amount) -> Budget {
    Budget::new(unit, Share::Carved, Some(total))
}
