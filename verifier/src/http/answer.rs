//! How a decision is answered: status and fields (spec 20 §6).

use super::fields::written_content_digest;
use crate::code::Code;
use crate::types::Hash;
use crate::verify::{Policy, Verdict};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

/// The status of an answer: 200 where it is served, else 401, 403 or 503.
pub const fn status(refused: Option<Code>) -> u16 {
    match refused {
        None => 200,
        Some(Code::NoInvocation | Code::UnknownPresentation) => 401,
        Some(Code::NoRecord) => 503,
        Some(_) => 403,
    }
}

/// The fields of an answer, names in lower case. `refused` is what was decided after the record was made; `content` the
/// digest of the content that the holder signed, and whether whoever decided has read it.
pub fn answer_fields(
    refused: Option<Code>,
    verdict: Option<&Verdict>,
    content: Option<(Hash, bool)>,
    policy: &Policy,
) -> Vec<(&'static str, String)> {
    let decision = refused.map_or_else(|| "allowed".into(), |code| format!("denied; code={code}"));
    let mut all = Vec::from([("remit-verdict", decision)]);
    if let Some(verdict) = verdict {
        put_verdict(&mut all, verdict);
    }
    if let Some((digest, checked)) = &content {
        let checked = if *checked { "; checked" } else { "" };
        all.push(("remit-content", format!("{}{checked}", written_content_digest(digest))));
    }
    if status(refused) == 401 {
        let settings = policy.settings();
        let (party, most) = (settings.party, settings.max_staleness);
        all.push(("www-authenticate", format!("Remit party=\"{party}\", max_staleness={most}")));
    }
    all
}

fn put_verdict(all: &mut Vec<(&'static str, String)>, verdict: &Verdict) {
    let subject = &verdict.subject;
    let id = |id: crate::types::ObjectId| id.to_string();
    let known = [
        ("remit-age", verdict.age.map(|age| age.to_string())),
        ("remit-id", subject.id.map(id)),
        ("remit-token", subject.token.map(id)),
        ("remit-issuer", subject.issuer.map(id)),
        ("remit-holder", subject.holder.map(|key| key.to_string())),
    ];
    all.extend(known.into_iter().filter_map(|(name, value)| Some((name, value?))));
    let Some(invocation) = &subject.invocation else { return };
    // A resource may have characters that no field has; then there is no field.
    let printable = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    let texts = [("remit-action", &*invocation.action), ("remit-resource", invocation.resource.as_str())];
    let texts = texts.into_iter().filter(|(_, text)| printable(text));
    all.extend(texts.map(|(name, text)| (name, text.to_string())));
    if let Some(payment) = &invocation.payment {
        all.push(("remit-amount", payment.amount.to_string()));
        all.push(("remit-unit", payment.unit.to_string()));
        all.push(("remit-settle-by", payment.settle_by.0.to_string()));
    }
}
