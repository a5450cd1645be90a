//! Requests over HTTP (spec 20): digests, fields, the decision, the answer.

use crate::abi::{Bytes, List, Slot, export, slot};
use crate::argument::{encoded, read_all};
use crate::parts::{Parts, part};
use crate::status::Status;
use crate::table::{Handle, Object, keep, with};
use crate::verdict::{self, Question, all, lock};
use verifier::code::Code;
use verifier::hash::sha256;
use verifier::http::{
    Brought, Decided, Fields, HttpRequest, Unrecorded, answer_fields, content_digest, decide, status,
    written_content_digest,
};
use verifier::json;
use verifier::types::{Hash, Millis};
use verifier::verify::Verdict;

/// A header field, as it was received.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Header {
    name: Bytes,
    value: Bytes,
}

/// A request, as it was received.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Received {
    method: Bytes,
    authority: Bytes,
    target: Bytes,
    content_sha256: Bytes,
}

impl Received {
    fn request(&self, presentation: Hash) -> Result<HttpRequest<'_>, Status> {
        let (method, authority, target) = (self.method.text()?, self.authority.text()?, self.target.text()?);
        Ok(HttpRequest::new(method, authority, target, self.content_sha256.id()?, presentation)?)
    }
}

fn put_fields(out: &mut Handle, fields: Fields) -> Result<(), Status> {
    let parts = Parts::default()
        .text(part::INVOCATION, &fields.invocation)
        .text(part::PRESENTATION, fields.presentation.to_string())
        .maybe(part::EVIDENCE, fields.evidence.map(|hash| hash.to_string()))
        .list(part::ARGUMENTS, fields.arguments.iter().map(encoded))
        .list(part::APPROVALS, &fields.approvals)
        .headers(&fields.written());
    keep(out, Object::Fields(fields), parts)
}

fn put_decision(
    out: &mut Handle,
    verdict: Option<Verdict>,
    outcome: Result<Unrecorded, Code>,
) -> Result<(), Status> {
    let parts = verdict.as_ref().map_or_else(Parts::default, verdict::parts);
    let (parts, said) = match &outcome {
        Err(code) => (parts.number(part::ANSWER, u64::from(code.number())), Err(Status::from(*code))),
        Ok(unrecorded) => {
            let request = unrecorded.request().map(|id| Hash(id.0).to_string());
            let parts = parts
                .number(part::ANSWER, 0)
                .id(part::RECORD_ID, Some(unrecorded.id()))
                .id(part::RECORD_ROOT, Some(unrecorded.root()))
                .maybe(part::RECORD_REQUEST, request)
                .number(part::RECORD_UNTIL, unrecorded.valid_until().0);
            (parts, Ok(()))
        }
    };
    keep(out, Object::Decision(Box::new((verdict, outcome.ok()))), parts)?;
    said
}

export! {
    /// SHA-256.
    fn remit_sha256(bytes: Bytes, out: Slot<'_, [u8; 32]>) {
        let out = slot(out, [0; 32])?;
        *out = sha256(&[bytes.content()?.unwrap_or_default()]).0;
        Ok(())
    }

    /// The digest of a request's content, by what was read and by what `Content-Digest` says.
    fn remit_content(content: Bytes, content_digest_field: Bytes, out: Slot<'_, [u8; 32]>) {
        let out = slot(out, [0; 32])?;
        let read = content.content()?.map(|content| sha256(&[content]));
        let stated = match content_digest_field.maybe()? {
            Some(value) => content_digest(value)?,
            None => None,
        };
        if read.zip(stated).is_some_and(|(read, stated)| read != stated) {
            return Err(Code::WrongRequest.into());
        }
        *out = read.or(stated).unwrap_or_else(|| sha256(&[])).0;
        Ok(())
    }

    /// What `Content-Digest` says; absent if it states no SHA-256.
    fn remit_content_digest(value: Bytes, out: Slot<'_, [u8; 32]>) {
        let out = slot(out, [0; 32])?;
        *out = content_digest(value.read()?)?.ok_or(Status::ABSENT)?.0;
        Ok(())
    }

    /// The digest that an invocation states of a request.
    fn remit_request_digest(received: Option<&Received>, presentation_sha256: Bytes, out: Slot<'_, [u8; 32]>) {
        let out = slot(out, [0; 32])?;
        let received = received.ok_or(Status::BAD_POINTER)?;
        *out = received.request(presentation_sha256.id()?)?.digest().0;
        Ok(())
    }

    /// Reads the fields of one request out of its header fields.
    fn remit_fields_read(headers: List<Header>, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let headers: Vec<(&[u8], &[u8])> = headers
            .read()?
            .iter()
            .map(|header| Ok((header.name.read()?, header.value.read()?)))
            .collect::<Result<_, Status>>()?;
        let values = |name: &'static str| {
            let own = headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
            own.map(|(_, value)| *value).collect()
        };
        put_fields(out, Fields::read(values)?)
    }

    /// Makes the fields with which something is sent.
    fn remit_fields_write(question: Option<&Question>, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let question = question.ok_or(Status::BAD_POINTER)?;
        let fields = Fields {
            invocation: question.invocation.read()?.into(),
            presentation: sha256(&[question.presentation.read()?]),
            arguments: read_all(&question.arguments)?,
            approvals: all(&question.approvals)?.into_iter().map(Into::into).collect(),
            evidence: question.evidence.maybe()?.map(|evidence| sha256(&[evidence])),
        };
        put_fields(out, fields)
    }

    /// Decides on a request, but for the record that it was served.
    fn remit_decide(
        verifier: u64, received: Option<&Received>, fields: u64, presentation: Bytes, evidence: Bytes, now_ms: u64,
        out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(verifier => verifier, Verifier);
        with!(fields => fields, Fields);
        let received = received.ok_or(Status::BAD_POINTER)?;
        let (presentation, evidence) = (presentation.read()?, evidence.maybe()?);
        let named = evidence.map(|evidence| sha256(&[evidence])) == fields.evidence;
        if !named || sha256(&[presentation]) != fields.presentation {
            return put_decision(out, None, Err(Code::UnknownPresentation));
        }
        let method = received.method.text()?;
        let authority = received.authority.text()?.to_ascii_lowercase();
        let (target, content) = (received.target.text()?, received.content_sha256.id()?);
        let request = match HttpRequest::new(method, &authority, target, content, fields.presentation) {
            Ok(request) => request,
            Err(code) => return put_decision(out, None, Err(code)),
        };
        let brought = Brought { request, fields, presentation, evidence };
        let Decided { verdict, outcome } = decide(&mut *lock(verifier)?, &brought, Millis(now_ms));
        put_decision(out, verdict, outcome)
    }

    /// What is to be answered.
    fn remit_answer(
        decision: u64, policy: u64, refused: i32, content_sha256: Bytes, content_was_read: i32, out: Slot<'_, u64>
    ) {
        let out = slot(out, 0)?;
        with!(policy => policy, Policy);
        let refused = Status::code(refused)?;
        let content = content_sha256.maybe_id()?.map(|hash| (hash, content_was_read != 0));
        let (verdict, servable) = if decision == 0 {
            (None, false)
        } else {
            with!(decided => decision, Decision);
            let (verdict, unrecorded) = &**decided;
            (verdict.clone(), unrecorded.is_some())
        };
        if refused.is_none() && !servable {
            return Err(Status::BAD_VALUE);
        }
        let verdict = verdict.as_ref();
        let parts = Parts::default()
            .number(part::HTTP_STATUS, u64::from(status(refused)))
            .text(part::JSON, json::answer(refused, verdict).to_string())
            .headers(&answer_fields(refused, verdict, content, policy));
        keep(out, Object::Plain, parts)
    }

    /// Writes a `Content-Digest` field.
    fn remit_content_digest_write(content_sha256: Bytes, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let field = written_content_digest(&content_sha256.id()?);
        keep(out, Object::Plain, Parts::default().text(part::TEXT, field))
    }
}
