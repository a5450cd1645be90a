//! What the ledger answers to a submission, read from JSON.

use remit_verifier::types::{EntryIndex, ObjectId};
use serde_json::Value;

/// The answer to one submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// It stands in the log, as the server says: [`check_answer`](super::check_answer) holds it to its proof.
    Accepted(Accepted),
    /// The rules refuse it and nothing was changed, as the server says: [`check_refusal`](super::check_refusal) holds
    /// it to the entry that records it, if there is one.
    Refused(Refused),
}

/// Where it stands in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whether it stood there before this answer.
    pub replayed: bool,
    /// The entry.
    pub entry: EntryIndex,
    /// The id that the server states for it.
    pub id: Option<ObjectId>,
    /// The proof of the entry under a signed checkpoint, as text.
    pub proof: Option<String>,
}

/// Why it was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stable code.
    pub code: String,
    /// The code in a sentence.
    pub meaning: String,
    /// Which member of a bundle.
    pub member: u64,
    /// Which leaf decided, if one did.
    pub leaf: Option<u64>,
    /// The entry that records it, if one does.
    pub entry: Option<EntryIndex>,
    /// The proof of that entry under a signed checkpoint, as text.
    pub proof: Option<String>,
}

impl Reply {
    /// Reads an answer; `None` if it is none.
    pub fn read(answer: &Value) -> Option<Self> {
        let text = |name: &str| answer[name].as_str().map(str::to_owned);
        match answer["status"].as_str()? {
            status @ ("applied" | "replayed") => Some(Self::Accepted(Accepted {
                replayed: status == "replayed",
                entry: EntryIndex(answer["entry"].as_u64()?),
                id: text("id").and_then(|id| hex32(&id)).map(ObjectId),
                proof: text("proof"),
            })),
            "refused" => Some(Self::Refused(Refused {
                code: text("code")?,
                meaning: text("meaning").unwrap_or_default(),
                member: answer["member"].as_u64().unwrap_or_default(),
                leaf: answer["leaf"].as_u64(),
                entry: answer["entry"].as_u64().map(EntryIndex),
                proof: text("proof"),
            })),
            _ => None,
        }
    }
}

/// 32 bytes in lower-case hexadecimal.
fn hex32(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    let lower = |digit: &u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(digit);
    if digits.len() != 64 || !digits.iter().all(lower) {
        return None;
    }
    let mut bytes = [0; 32];
    for (place, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers_are_read_in_every_form() {
        let id = "ab".repeat(32);
        let applied = json!({"status": "applied", "id": id, "entry": 21, "size": 23, "proof": "text"});
        let Some(Reply::Accepted(accepted)) = Reply::read(&applied) else { panic!("not accepted") };
        assert_eq!((accepted.entry, accepted.replayed), (EntryIndex(21), false));
        assert_eq!(accepted.id, Some(ObjectId([0xab; 32])));
        let refused = json!({"status": "refused", "code": "above_total", "member": 1, "leaf": null});
        let Some(Reply::Refused(refused)) = Reply::read(&refused) else { panic!("not refused") };
        assert_eq!((refused.code.as_str(), refused.member, refused.leaf), ("above_total", 1, None));
        assert_eq!(Reply::read(&json!({"status": "applied"})), None);
        assert_eq!(Reply::read(&json!({})), None);
    }
}
