//! Operations that are signed now and submitted later, alone, in bundles, or with something changed.

use crate::world::*;
use remit::client::{Ask, Ready, TokenSpec};
use remit::engine::Answer;
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Envelope, Reference, Submission};
use remit_verifier::sign::{Draft, DraftBody, LocalSigner, Signer, submission};
use remit_verifier::types::{Amount, EntryIndex, Epoch, Generation, ObjectId, Seconds};

/// A key that lives as long as the test, so that drafts may hold it.
pub fn signer(name: &str) -> &'static LocalSigner {
    Box::leak(Box::new(key(name)))
}

pub fn signers(names: &[&str]) -> Vec<&'static dyn Signer> {
    names.iter().map(|name| signer(name) as &dyn Signer).collect()
}

/// Gives a draft another end of its window.
pub fn until(mut draft: Draft<'static>, valid_until: Seconds) -> Draft<'static> {
    match &mut draft.body {
        DraftBody::Token(token, _) => token.valid_until = valid_until,
        DraftBody::Reserve(invocation, ..) => invocation.valid_until = valid_until,
        DraftBody::Act(stamp, ..) | DraftBody::Lease(stamp, ..) => stamp.valid_until = valid_until,
    }
    draft
}

impl World {
    pub fn draft(&mut self, act: Act, names: &[&str]) -> Draft<'static> {
        self.client.act(self.now, act, &signers(names)).expect("draft")
    }

    pub fn draft_root(&mut self, spec: &TokenSpec, by: &str) -> Draft<'static> {
        self.client.root(self.now, self.issuer, spec, signer(by)).expect("draft")
    }

    pub fn draft_child(&mut self, parent: ObjectId, by: &str, spec: &TokenSpec) -> Draft<'static> {
        let epoch = self.epoch(parent);
        self.client.child(self.now, parent, epoch, spec, signer(by)).expect("draft")
    }

    pub fn draft_reserve(&mut self, ask: &Ask, by: &str, links: Vec<Vec<u8>>) -> Draft<'static> {
        let invocation = self.client.invocation(self.now, ask).expect("draft");
        self.client.reserve(invocation, links, signer(by))
    }

    pub fn draft_transfer(&mut self, token: ObjectId, from: &str, to: &str) -> Draft<'static> {
        let epoch = self.epoch(token);
        self.client.transfer(self.now, token, epoch, (signer(from), signer(to))).expect("draft")
    }

    pub fn transfer(&mut self, token: ObjectId, from: &str, to: &str) -> Result<ObjectId, Code> {
        let draft = self.draft_transfer(token, from, to);
        self.send(&[draft])
    }

    /// An offline link below `parent`, whose nearest logged token is `logged`: its id, and the object.
    pub fn link(
        &mut self,
        parent: ObjectId,
        logged: ObjectId,
        by: &str,
        spec: &TokenSpec,
    ) -> (ObjectId, Vec<u8>) {
        let at = (self.epoch(logged), self.generation(logged));
        self.link_at(parent, at, by, spec)
    }

    pub fn link_at(
        &mut self,
        parent: ObjectId,
        at: (Epoch, Generation),
        by: &str,
        spec: &TokenSpec,
    ) -> (ObjectId, Vec<u8>) {
        self.client.link(self.now, parent, at, spec, &key(by)).expect("link")
    }

    /// What an offline link of half an hour inherits.
    pub fn half_hour(&self, holder: &str) -> TokenSpec {
        TokenSpec { expires: self.seconds(1800), ..self.inherit(holder, None) }
    }

    pub fn ready(&self, drafts: &[Draft<'_>]) -> Ready {
        self.client.ready(drafts).expect("drafts")
    }

    /// Submits bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) -> Result<EntryIndex, Code> {
        match self.ledger.submit(&[bytes], self.now).expect("submits")[0] {
            Answer::Applied(entry) => Ok(entry),
            Answer::Replayed(entry) => panic!("replayed entry {entry}"),
            Answer::Refused(refusal) => Err(refusal.code),
        }
    }

    /// Signs, submits and requires an entry, whatever the client thinks of the drafts: the entry's id.
    pub fn send(&mut self, drafts: &[Draft<'_>]) -> Result<ObjectId, Code> {
        let bytes = submission(&self.client_ledger(), drafts).expect("signed");
        self.raw(&bytes)?;
        Ok(Submission::decode(&bytes).expect("applied").id)
    }

    /// The members' bytes of a submission, to be put together otherwise.
    pub fn envelopes(&self, drafts: &[Draft<'_>]) -> Vec<Envelope> {
        let bytes = submission(&self.client_ledger(), drafts).expect("signed");
        let decoded = Submission::decode(&bytes).expect("decodes");
        let envelope = |(draft, operation): (&Draft<'_>, &remit_verifier::object::Operation)| Envelope {
            kind: operation.kind,
            objects: operation.objects(),
            sealed: match &draft.body {
                DraftBody::Token(_, sealed) | DraftBody::Act(_, _, Some(sealed)) => Some(sealed.encode()),
                _ => None,
            },
            links: match &draft.body {
                DraftBody::Reserve(_, links, _) => links.clone(),
                _ => Vec::new(),
            },
            approvals: match &draft.body {
                DraftBody::Reserve(_, _, approvals) | DraftBody::Lease(_, _, approvals) => approvals.clone(),
                _ => Vec::new(),
            },
        };
        drafts.iter().zip(&decoded.operations).map(envelope).collect()
    }

    pub fn pack(&self, members: &[Envelope]) -> Vec<u8> {
        Envelope::submission(&self.client_ledger(), members)
    }

    pub fn client_ledger(&self) -> remit_verifier::types::LedgerId {
        self.ledger.id()
    }

    pub fn generation(&self, token: ObjectId) -> Generation {
        self.ledger.leaf(&token).map(|record| record.leaf.generation).unwrap_or_default()
    }

    /// So many seconds from now.
    pub fn seconds(&self, ahead: u64) -> Seconds {
        Seconds(self.now.seconds().0 + ahead)
    }

    pub fn suspend(&mut self, token: ObjectId, position: u8, by: &str) -> Result<ObjectId, Code> {
        self.act(Act::Suspend(self.target(token, position)), &[by])
    }

    pub fn resume(
        &mut self,
        token: ObjectId,
        position: u8,
        by: &str,
        suspend: ObjectId,
    ) -> Result<ObjectId, Code> {
        let act = Act::Resume { target: self.target(token, position), suspend: Reference::Id(suspend) };
        self.act(act, &[by])
    }

    pub fn revoke(&mut self, token: ObjectId, position: u8, by: &str) -> Result<ObjectId, Code> {
        self.act(Act::Revoke(self.target(token, position)), &[by])
    }

    pub fn end(&mut self, token: ObjectId, position: u8, by: &str) -> Result<ObjectId, Code> {
        self.act(Act::End(self.target(token, position)), &[by])
    }

    pub fn cut(&mut self, token: ObjectId, position: u8, by: &str) -> Result<ObjectId, Code> {
        self.act(Act::Cut(self.target(token, position)), &[by])
    }

    pub fn rekey(&mut self, token: ObjectId, position: u8, by: &str, to: &str) -> Result<ObjectId, Code> {
        self.act(Act::Rekey { target: self.target(token, position), holder: public(to) }, &[by, to])
    }

    pub fn freeze(&mut self, id: ObjectId) -> Result<ObjectId, Code> {
        let leaf = self.index(id);
        self.operate(Act::Freeze { leaf, id })
    }

    pub fn unfreeze(&mut self, id: ObjectId, freeze: ObjectId) -> Result<ObjectId, Code> {
        let leaf = self.index(id);
        self.operate(Act::Unfreeze { leaf, id, freeze: Reference::Id(freeze) })
    }

    /// The leaf of a party, unit or token; of the ledger itself by its own id.
    pub fn index(&self, id: ObjectId) -> remit_verifier::types::StateIndex {
        self.ledger.leaf(&id).map(|record| record.leaf.index).unwrap_or_default()
    }

    /// The id in leaf 0.
    pub fn whole(&self) -> ObjectId {
        ObjectId(self.ledger.id().0)
    }

    pub fn capture_act(&self, reserve: ObjectId, number: u64, amount: u64) -> Act {
        Act::Capture { reserve: Reference::Id(reserve), number, amount: Amount(amount) }
    }
}
