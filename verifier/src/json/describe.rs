//! Any object by the name of its kind: what it says, and what is derived from its bytes.

use super::diagnostic::diagnostic;
use super::{act, claims, hex, joined, kept, object, some, text};
use crate::cbor::{DecodeError, Reader};
use crate::code::Code;
use crate::cose::Sign1;
use crate::hash::{leaf_hash, sha256};
use crate::key::PublicKey;
use crate::label;
use crate::limits::HTTP_FIELD_BYTES_MAX;
use crate::log::{Common, Entry, Genesis, Link};
use crate::object::{Act, Argument, Invocation, Kind, Path, Sealed, Stamp, Token, Use};
use crate::state::{Leaf, Status, TokenLeaf, Values};
use crate::types::{KeyBytes, LedgerId, RequestId};
use crate::verify::{Case, Evidence, Presentation};
use alloc::string::String;
use serde_json::Value;

/// The objects that [`describe`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A signed object, whatever its payload (spec 02 §2).
    Sign1,
    /// The payload of a token (spec 04).
    Token,
    /// Opened sealed claims (spec 04 §6).
    Sealed,
    /// The payload of an invocation (spec 05 §1).
    Invocation,
    /// An argument that is shown (spec 05 §2).
    Argument,
    /// A use of a lease (spec 16 §4).
    Use,
    /// The payload of every other kind of operation (spec 02 §5).
    Act(Kind),
    /// A log entry (spec 03 §1).
    Entry,
    /// The common part of details (spec 03 §5).
    Common,
    /// A link part of details (spec 03 §5).
    Link,
    /// A state leaf (spec 06 §1).
    Leaf,
    /// Opened values of a token (spec 06 §4).
    Values,
    /// A presentation; its parts are not looked into (spec 09 §1).
    Presentation,
    /// Evidence of funding; its parts are not looked into (spec 09 §2).
    Evidence,
    /// A case file; its parts are not looked into (spec 09 §3).
    Case,
    /// The 32 bytes of a public key (spec 01 §2).
    PublicKey,
    /// A resource, as UTF-8 (spec 04 §3).
    Path,
}

/// What an object is about, where its bytes alone do not say it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Subject<'a> {
    /// The ledger: of a signed object for its id, of a request or lease for the request's id.
    pub ledger: Option<LedgerId>,
    /// The label of the kind of a signed object (spec 01 §6).
    pub label: Option<&'a str>,
}

const NAMED: [(&str, Form); 16] = [
    ("sign1", Form::Sign1),
    ("token", Form::Token),
    ("sealed", Form::Sealed),
    ("invocation", Form::Invocation),
    ("argument", Form::Argument),
    ("use", Form::Use),
    ("entry", Form::Entry),
    ("common", Form::Common),
    ("link", Form::Link),
    ("leaf", Form::Leaf),
    ("values", Form::Values),
    ("presentation", Form::Presentation),
    ("evidence", Form::Evidence),
    ("case", Form::Case),
    ("public_key", Form::PublicKey),
    ("path", Form::Path),
];

impl Form {
    /// The form with this name: `token`, `leaf`, …, and `act:` before the kind of an operation.
    pub fn from_text(text: &str) -> Option<Self> {
        let Some(kind) = text.strip_prefix("act:") else {
            return NAMED.iter().find(|(name, _)| *name == text).map(|(_, form)| *form);
        };
        // Tokens and invocations have forms of their own.
        let others = [None, Some(label::TOKEN), Some(label::INVOCATION)];
        let act = |known: &&Kind| known.text() == kind && !others.contains(&known.label());
        Kind::ALL.iter().find(act).copied().map(Self::Act)
    }
}

/// An object as JSON. `says` has its fields, by the names of the specification; `diagnostic` is all of it in the
/// notation of RFC 8949 §8. Beside them stands what is derived from the bytes, of
///
/// | form | |
/// | --- | --- |
/// | signed object | with label and ledger: `id`, `sig_structure`; its signature was checked |
/// | token | `authority`, the digest in its leaf |
/// | sealed, argument, link, values | `digest`, that a token, a holder, an entry, a leaf commits to |
/// | entry | `leaf_hash`; of a genesis `ledger` |
/// | leaf | `leaf_hash`, `status` (spec 06 §6) |
/// | use | `leaf_hash` |
/// | request, lease | with a ledger: `request`, that it makes or carries out |
///
/// # Errors
///
/// The code of what is wrong with the bytes; of a signed object under a label also `WrongLabel` if there is no such
/// label, `BadKey` and `BadSignature`.
pub fn describe(form: Form, bytes: &[u8], subject: &Subject<'_>) -> Result<Value, Code> {
    if let Form::PublicKey = form {
        let key = KeyBytes(bytes.try_into().map_err(|_| Code::Malformed)?);
        PublicKey::parse(&key).map_err(|_| Code::BadKey)?;
        return Ok(object([("says", text(key))]));
    }
    if let Form::Path = form {
        let path = core::str::from_utf8(bytes).ok().and_then(|text| Path::parse(text).ok());
        return Ok(object([("says", some(path.ok_or(Code::Malformed)?.as_str()))]));
    }
    let (says, derived) = match form {
        Form::Sign1 => signed(bytes, subject)?,
        Form::Act(kind) => operation(kind, bytes, subject)?,
        _ => decoded(form, bytes)?,
    };
    Ok(joined(object([("says", Some(says)), ("diagnostic", text(diagnostic(bytes)?))]), derived))
}

type Described = (Value, Value);

fn digest(bytes: &[u8]) -> Value {
    object([("digest", text(sha256(&[bytes])))])
}

fn decoded(form: Form, bytes: &[u8]) -> Result<Described, DecodeError> {
    let leaf = object([("leaf_hash", text(leaf_hash(bytes)))]);
    Ok(match form {
        Form::Token => {
            let authority = object([("authority", text(TokenLeaf::authority_of(bytes)))]);
            (claims::token(&Token::decode(bytes)?), authority)
        }
        Form::Sealed => (claims::sealed(&Sealed::decode(bytes)?), digest(bytes)),
        Form::Invocation => (claims::invocation(&Invocation::decode(bytes)?), object([])),
        Form::Argument => {
            let argument = Reader::whole(bytes, HTTP_FIELD_BYTES_MAX, Argument::decode)?;
            (claims::argument(&argument), object([("digest", text(argument.digest()))]))
        }
        Form::Use => (claims::a_use(&Use::decode(bytes)?), leaf),
        Form::Entry => {
            let entry = Entry::decode(bytes)?;
            let genesis = matches!(entry, Entry::Genesis(_)).then(|| Genesis::ledger_id(bytes));
            (kept::entry(&entry), joined(leaf, object([("ledger", genesis.and_then(text))])))
        }
        Form::Common => (kept::common(&Common::decode(bytes)?), digest(bytes)),
        Form::Link => (kept::link(&Link::decode(bytes)?), digest(bytes)),
        Form::Leaf => {
            let decoded = Leaf::decode(bytes)?;
            let status = object([("status", some(Status::of(&decoded) as u8))]);
            (kept::leaf(&decoded), joined(leaf, status))
        }
        Form::Values => {
            let (values, salt) = Values::decode(bytes)?;
            (kept::values(&values, &salt), digest(bytes))
        }
        Form::Presentation => (kept::presentation(&Presentation::decode(bytes)?), object([])),
        Form::Evidence => (kept::evidence(&Evidence::decode(bytes)?), object([])),
        Form::Case => (kept::case(&Case::decode(bytes)?), object([])),
        Form::Sign1 | Form::Act(_) | Form::PublicKey | Form::Path => return Err(DecodeError::Malformed),
    })
}

fn signed(bytes: &[u8], subject: &Subject<'_>) -> Result<Described, Code> {
    let sent = Sign1::decode(bytes)?;
    let (Some(label), Some(ledger)) = (subject.label, subject.ledger) else {
        return Ok((kept::sign1(&sent), object([])));
    };
    let label = label::ALL.iter().find(|known| **known == label).ok_or(Code::WrongLabel)?;
    let structure = sent.sig_structure(label, &ledger);
    let key = PublicKey::parse(&sent.kid).map_err(|_| Code::BadKey)?;
    structure.verify(&key, &sent.signature).map_err(|_| Code::BadSignature)?;
    let sig_structure: String = hex(structure.bytes());
    let derived = object([("id", text(structure.id)), ("sig_structure", some(sig_structure))]);
    Ok((kept::sign1(&sent), derived))
}

fn operation(kind: Kind, bytes: &[u8], subject: &Subject<'_>) -> Result<Described, Code> {
    let (stamp, act) = Act::decode(kind, bytes)?;
    let request = subject.ledger.and_then(|ledger| request_of(&stamp, &act, &ledger));
    Ok((act::act(&stamp, &act), object([("request", request.and_then(text))])))
}

/// The request that an act makes or carries out (spec 17 §2).
fn request_of(stamp: &Stamp, act: &Act, ledger: &LedgerId) -> Option<RequestId> {
    match act {
        Act::Request(requested) => Some(requested.request_id(ledger, stamp.nonce)),
        Act::Lease(lease) => lease.request_id(ledger),
        _ => None,
    }
}
