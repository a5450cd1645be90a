//! The fields in which an invocation and what belongs to it travel (spec 20 §2).

use crate::cbor::{Reader, Writer};
use crate::code::Code;
use crate::limits::*;
use crate::object::Argument;
use crate::types::Hash;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64ct::{Base64, Encoding as _};

/// The signed invocation.
pub const INVOCATION: &str = "remit-invocation";
/// The hash of the presentation.
pub const PRESENTATION: &str = "remit-presentation";
/// The arguments that are shown.
pub const ARGUMENTS: &str = "remit-arguments";
/// The approvals that travel along.
pub const APPROVALS: &str = "remit-approvals";
/// The hash of the evidence of funding.
pub const EVIDENCE: &str = "remit-evidence";

/// The fields of a request, decoded; the objects in them are not looked into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fields {
    /// The signed invocation.
    pub invocation: Vec<u8>,
    /// SHA-256 of the presentation.
    pub presentation: Hash,
    /// The arguments that are shown.
    pub arguments: Vec<Argument>,
    /// The signed approvals that travel along.
    pub approvals: Vec<Vec<u8>>,
    /// SHA-256 of the evidence of funding, if there is any.
    pub evidence: Option<Hash>,
}

impl Fields {
    /// Reads the fields of one request. `values` gives all values of the field with a name in lower case.
    ///
    /// # Errors
    ///
    /// [`Code::NoInvocation`] if there is no invocation at all; [`Code::Malformed`], [`Code::Oversize`] and
    /// [`Code::TooMany`] for a field that stands twice or is not of its form, and the codes of spec 15 §1 for what
    /// stands in it.
    pub fn read<'v>(values: impl Fn(&'static str) -> Vec<&'v [u8]>) -> Result<Self, Code> {
        let bytes = |name, most| match values(name).as_slice() {
            [] => Ok(None),
            [value] => byte_sequence(value, most).map(Some),
            _ => Err(Code::Malformed),
        };
        let hash = |name| {
            let hash = |bytes: Vec<u8>| bytes.try_into().map(Hash).map_err(|_| Code::Malformed);
            bytes(name, size_of::<Hash>())?.map(hash).transpose()
        };
        let invocation = bytes(INVOCATION, VOUCHER_BYTES_MAX)?.ok_or(Code::NoInvocation)?;
        let presentation = hash(PRESENTATION)?.ok_or(Code::Malformed)?;
        let arguments = match bytes(ARGUMENTS, HTTP_FIELD_BYTES_MAX)? {
            None => Vec::new(),
            Some(bytes) => listed(&bytes, ARGUMENTS_MAX, Argument::decode)?,
        };
        let approvals = match bytes(APPROVALS, HTTP_FIELD_BYTES_MAX)? {
            None => Vec::new(),
            Some(bytes) => {
                listed(&bytes, APPROVALS_MAX, |r| r.bytes(APPROVAL_BYTES_MAX).map(<[u8]>::to_vec))?
            }
        };
        Ok(Self { invocation, presentation, arguments, approvals, evidence: hash(EVIDENCE)? })
    }

    /// The fields to send: names in lower case, and values.
    pub fn written(&self) -> Vec<(&'static str, String)> {
        let put = |name, bytes: &[u8]| (name, written_byte_sequence(bytes));
        let mut all = Vec::from([put(INVOCATION, &self.invocation), put(PRESENTATION, &self.presentation.0)]);
        if !self.arguments.is_empty() {
            let mut w = Writer::default();
            w.list(&self.arguments, |w, argument| argument.encode(w));
            all.push(put(ARGUMENTS, &w.into_bytes()));
        }
        if !self.approvals.is_empty() {
            let mut w = Writer::default();
            w.list(&self.approvals, |w, approval| {
                w.bytes(approval);
            });
            all.push(put(APPROVALS, &w.into_bytes()));
        }
        if let Some(hash) = &self.evidence {
            all.push(put(EVIDENCE, &hash.0));
        }
        all
    }
}

/// A list that is not empty: without items the field is left out.
fn listed<T>(
    bytes: &[u8],
    most: usize,
    item: impl FnMut(&mut Reader<'_>) -> Result<T, crate::cbor::DecodeError>,
) -> Result<Vec<T>, Code> {
    let list = Reader::whole(bytes, HTTP_FIELD_BYTES_MAX, |r| r.list(most, item))?;
    if list.is_empty() { Err(Code::NotCanonical) } else { Ok(list) }
}

/// Reads a Byte Sequence (RFC 9651 §3.3.5) of at most `most` bytes, without anything around it.
///
/// # Errors
///
/// [`Code::Oversize`], or [`Code::Malformed`] if it is none.
pub fn byte_sequence(value: &[u8], most: usize) -> Result<Vec<u8>, Code> {
    let inner = value.strip_prefix(b":").and_then(|rest| rest.strip_suffix(b":")).ok_or(Code::Malformed)?;
    if inner.len() > most.div_ceil(3).saturating_mul(4) {
        return Err(Code::Oversize);
    }
    let text = core::str::from_utf8(inner).map_err(|_| Code::Malformed)?;
    let bytes = Base64::decode_vec(text).map_err(|_| Code::Malformed)?;
    if bytes.len() > most { Err(Code::Oversize) } else { Ok(bytes) }
}

/// Writes a Byte Sequence.
pub fn written_byte_sequence(bytes: &[u8]) -> String {
    format!(":{}:", Base64::encode_string(bytes))
}

/// The SHA-256 that a `Content-Digest` field states (RFC 9530); `None` if it states none.
///
/// Other members may stand beside it; it stands once.
///
/// # Errors
///
/// [`Code::Malformed`] if the member is not one hash.
pub fn content_digest(value: &[u8]) -> Result<Option<Hash>, Code> {
    let text = core::str::from_utf8(value).map_err(|_| Code::Malformed)?;
    let mut found = None;
    for member in text.split(',') {
        let Some(value) = member.trim_matches([' ', '\t']).strip_prefix("sha-256=") else { continue };
        let bytes = byte_sequence(value.as_bytes(), size_of::<Hash>())?;
        let hash = bytes.try_into().map(Hash).map_err(|_| Code::Malformed)?;
        if found.replace(hash).is_some() {
            return Err(Code::Malformed);
        }
    }
    Ok(found)
}

/// Writes a `Content-Digest` field with this SHA-256.
pub fn written_content_digest(hash: &Hash) -> String {
    format!("sha-256={}", written_byte_sequence(&hash.0))
}
