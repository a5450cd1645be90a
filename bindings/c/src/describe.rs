//! Any object as JSON, and what is judged of bytes alone: submissions, conditions, chains of claims.

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::argument::{Operand, read_all};
use crate::link::{ConditionRow, path};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Object, keep, with};
use verifier::code::Code;
use verifier::json::{self, Form};
use verifier::object::{Asked, Authority, Payment, Submission, Token};
use verifier::types::{Amount, LedgerId, ObjectId, Seconds};

/// A view, its JSON and those of its values that have a part of their own.
fn parts(shown: &json::Value) -> Parts {
    let named = [
        (part::ID, "id"),
        (part::DIGEST, "digest"),
        (part::DIGEST, "authority"),
        (part::LEAF_HASH, "leaf_hash"),
        (part::REQUEST_ID, "request"),
        (part::LEDGER, "ledger"),
        (part::NAME, "kind"),
    ];
    let with = |parts: Parts, (part, name): (i32, &str)| parts.maybe(part, shown[name].as_str());
    let parts = Parts::default().text(part::JSON, shown.to_string());
    named.into_iter().fold(parts, with).number(part::LEAF_STATUS, shown["status"].as_u64())
}

/// What the links of a chain allow together.
fn authority(chain: &[Token]) -> Result<Authority<'_>, Status> {
    let (root, children) = chain.split_first().ok_or(Status::BAD_VALUE)?;
    Ok(children.iter().try_fold(Authority::root(root), |above, token| above.child(token))?)
}

export! {
    /// An object by the name of its kind, as JSON.
    fn remit_describe(kind: Bytes, bytes: Bytes, ledger: Bytes, label: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let form = Form::from_text(kind.text()?).ok_or(Status::BAD_VALUE)?;
        let ledger = ledger.maybe_id()?.map(|id| LedgerId(id.0));
        let subject = json::Subject { ledger, label: label.maybe_text()? };
        keep(out, Object::Plain, parts(&json::describe(form, bytes.read()?, &subject)?))
    }

    /// A submission, its signatures checked, as JSON.
    fn remit_describe_submission(bytes: Bytes, ledger: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let ledger = LedgerId(ledger.id()?.0);
        let verified = Submission::decode(bytes.read()?)?.verify(&ledger)?;
        keep(out, Object::Plain, parts(&json::submission(&verified)))
    }

    /// Whether a condition holds for a value.
    fn remit_condition_holds(condition: Option<&ConditionRow>, value: Option<&Operand>) {
        let condition = condition.ok_or(Status::BAD_POINTER)?.read()?;
        let value = value.map(Operand::value).transpose()?;
        if condition.holds(value.as_ref()) { Ok(()) } else { Err(Code::ConditionNotMet.into()) }
    }

    /// What a chain of tokens allows by its claims alone.
    fn remit_authority_new(tokens: List<Bytes>, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let decoded = tokens.read()?.iter().map(|token| Ok(Token::decode(token.read()?)?));
        let chain = decoded.collect::<Result<Vec<_>, Status>>()?;
        authority(&chain)?;
        keep(out, Object::Chain(chain), Parts::default())
    }

    /// Whether every link allows this.
    fn remit_authority_allows(
        authority: u64, audience: Bytes, action: Bytes, resource: Bytes, arguments: List<Bytes>
    ) {
        with!(chain => authority, Chain);
        let audience = ObjectId(audience.id()?.0);
        let shown = arguments.maybe()?.map(|_| read_all(&arguments)).transpose()?;
        let asked = Asked {
            audience: &audience,
            action: action.text()?,
            resource: &path(&resource)?,
            arguments: shown.as_deref(),
        };
        Ok(self::authority(chain)?.allows(&asked)?)
    }

    /// Whether the open budgets of the offline links let an amount through.
    fn remit_authority_allows_payment(authority: u64, amount: u64, unit: Bytes) {
        with!(chain => authority, Chain);
        let (amount, unit) = (Amount(amount), ObjectId(unit.id()?.0));
        let payment = Payment { amount, unit, settle_by: Seconds(0), refund_until: None };
        Ok(self::authority(chain)?.allows_payment(&payment)?)
    }
}
