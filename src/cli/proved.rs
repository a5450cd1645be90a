//! What a ledger answered is what it was asked. Whoever signs names a token, a lease, a reservation or a unit, and a
//! server may answer with another one that is proved as well: so everything here is held to the id that was named,
//! which is the digest of what was signed under it.

use super::chain::Chain;
use super::out::Failure;
use super::session::{Session, failure};
use super::text::amount::{Typed, Unit, some};
use super::text::{id, plain};
use crate::remote::RemoteError;
use remit_verifier::object::{Act, Body, Lease, Offer, Operation, Payment, Price, Submission};
use remit_verifier::types::{Amount, ObjectId, Seconds};
use serde_json::Value;

/// What the ledger shows is not what was asked for.
pub(super) fn other(what: &str) -> Failure {
    Failure::refused("bad_answer", format!("what the ledger shows is not {what}"))
        .hint("nothing was signed; `remit audit replay URL` computes everything of the ledger again")
}

impl Session {
    /// A token with its chain, as the published state has it; authentic if the log's key is known. It is the token that
    /// was named, whatever was answered.
    pub(super) fn chain(&self, token: &ObjectId, unit: Option<&ObjectId>) -> Result<Chain, Failure> {
        self.proved(token, unit).map(|(_, chain)| chain)
    }

    /// The presentation of a token, which ends in it.
    pub(super) fn presentation(&self, token: &ObjectId, unit: Option<&ObjectId>) -> Result<Vec<u8>, Failure> {
        self.proved(token, unit).map(|(bytes, _)| bytes)
    }

    fn proved(&self, token: &ObjectId, unit: Option<&ObjectId>) -> Result<(Vec<u8>, Chain), Failure> {
        let query = unit.map(|unit| format!("?unit={unit}")).unwrap_or_default();
        let path = format!("/v1/tokens/{token}/presentation{query}");
        let bytes = self.remote.bytes(&path).map_err(failure)?;
        let chain = self.read_chain(&bytes)?;
        let last = chain.last()?;
        if last.id != *token || last.leaf.is_none() {
            return Err(other(&format!("token {token}")));
        }
        Ok((bytes, chain))
    }

    /// The operations of the submission that an entry applied, for this ledger and with good signatures.
    pub(super) fn operations(&self, entry: &Value) -> Result<Vec<Operation>, Failure> {
        let bad = || other(&format!("what was submitted for entry {entry}"));
        let path = format!("/v1/entries/{}/object", entry.as_u64().ok_or_else(bad)?);
        let bytes = self.remote.bytes(&path).map_err(failure)?;
        let submission = Submission::decode(&bytes).map_err(|_| bad())?;
        let verified = submission.verify(&self.ledger).map_err(|_| bad())?;
        Ok(verified.operations.clone())
    }

    /// The operation with this id, out of the submission that an entry applied.
    fn operation(&self, entry: &Value, wanted: &ObjectId) -> Result<Operation, Failure> {
        let found = self.operations(entry)?.into_iter().find(|operation| operation.id == *wanted);
        found.ok_or_else(|| other(&format!("what {wanted} stands for")))
    }

    /// A unit by its name or id, with the decimals that it was registered with: its id is the digest of them.
    pub(super) fn unit(&self, name: &str) -> Result<Unit, Failure> {
        let named =
            !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || b"._-".contains(&c));
        if !named {
            return Err(Failure::usage(format!("`{name}` is no unit: write its name or its id")));
        }
        let path = format!("/v1/units/{name}");
        let view = self.json(&path)?;
        let found = view["id"].as_str().and_then(|text| id(text).ok());
        let found = found.ok_or_else(|| failure(RemoteError::Form(path)))?;
        let operation = self.operation(&view["entry"], &found)?;
        let Body::Act(_, Act::Unit { name: registered, decimals }, _) = operation.body else {
            return Err(other(&format!("the unit {name}")));
        };
        let unit = Unit::new(found, registered, decimals).filter(|unit| unit.is_named(name));
        unit.ok_or_else(|| other(&format!("the unit {name}")))
    }

    /// What a reservation holds, as its holder signed it.
    fn held(&self, reservation: &ObjectId) -> Result<Payment, Failure> {
        let view = self.json(&format!("/v1/reservations/{reservation}"))?;
        match self.operation(&view["entry"], reservation)?.body {
            Body::Reserve(invocation, ..) => invocation.payment,
            _ => None,
        }
        .ok_or_else(|| other(&format!("reservation {reservation}")))
    }

    /// A lease, as its holder signed it.
    pub(super) fn lease(&self, lease: &ObjectId) -> Result<Lease, Failure> {
        let view = self.json(&format!("/v1/leases/{lease}"))?;
        match self.operation(&view["entry"], lease)?.body {
            Body::Act(_, Act::Lease(terms), _) => Ok(terms),
            _ => Err(other(&format!("lease {lease}"))),
        }
    }

    /// An offer out of a view of it, as its seller signed it: the token and its epoch, and the price.
    pub(super) fn offered(&self, offer: &ObjectId, view: &Value) -> Result<(Offer, Price), Failure> {
        if let Body::Act(_, Act::Offer(terms), _) = self.operation(&view["entry"], offer)?.body
            && let Some(price) = terms.price
        {
            return Ok((terms, price));
        }
        Err(other(&format!("offer {offer}")))
    }

    /// The unit in which a reservation holds.
    pub(super) fn unit_of_reservation(&self, reservation: &ObjectId) -> Result<Unit, Failure> {
        self.unit(&self.held(reservation)?.unit.to_string())
    }

    /// The unit of a capture. Of which reservation or lease it is, the ledger says.
    pub(super) fn unit_of_capture(&self, capture: &ObjectId) -> Result<Unit, Failure> {
        let view = self.json(&format!("/v1/captures/{capture}"))?;
        let of = view["reservation"].as_str().and_then(|text| id(text).ok());
        let of = of.ok_or_else(|| other(&format!("capture {capture}")))?;
        match self.unit_of_reservation(&of) {
            Err(failure) if failure.code() == "not_found" => self.unit(&self.lease(&of)?.unit.to_string()),
            unit => unit,
        }
    }

    /// An amount that was typed, which must be in this unit.
    pub(super) fn amount_in(&self, unit: &Unit, typed: &Typed) -> Result<Amount, Failure> {
        if !unit.is_named(&typed.unit) {
            let (shown, typed) = (plain(&unit.name), plain(&typed.unit));
            return Err(Failure::usage(format!("it is in {shown}, not in {typed}; nothing was signed"))
                .coded("wrong_unit")
                .hint(format!("write the amount in {shown}")));
        }
        some(&typed.number, unit.decimals).map_err(Failure::usage)
    }

    /// An amount that was typed, in its unit.
    pub(super) fn payment(
        &self,
        typed: &Typed,
        settle_by: Seconds,
        refund_until: Option<Seconds>,
    ) -> Result<(Payment, Unit), Failure> {
        let unit = self.unit(&typed.unit)?;
        let amount = some(&typed.number, unit.decimals).map_err(Failure::usage)?;
        Ok((Payment { amount, unit: unit.id, settle_by, refund_until }, unit))
    }
}
