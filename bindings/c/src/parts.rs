//! What can be read of an object: texts, numbers, lists, checks and header fields, made when it is made.

use crate::abi::{Slot, View, export, slot};
use crate::status::Status;
use crate::table::find;
use verifier::types::{Hash, ObjectId};
use verifier::verify::{Check, Outcome};

/// Names of parts, as the header has them.
pub(crate) mod part {
    macro_rules! parts {
        ($($number:literal $name:ident;)*) => {
            $(#[allow(missing_docs)] pub(crate) const $name: i32 = $number;)*
        };
    }
    parts! {
        1 BYTES; 2 JSON; 3 ID; 4 REQUEST_ID; 5 ROOT; 6 TOKEN; 7 HOLDER; 8 ISSUER; 9 LEDGER; 10 AUDIENCE; 11 ACTION;
        12 RESOURCE; 13 UNIT; 14 REQUEST; 15 INVOCATION; 16 PRESENTATION; 17 EVIDENCE; 18 POLICY; 19 PARTY; 20 TILL;
        21 LAST; 22 NAME; 23 TEXT; 24 DIGEST; 25 SALT; 26 PUBLIC_KEY; 27 RECORD_ID; 28 RECORD_REQUEST; 29 RECORD_ROOT;
        30 NOTE; 31 LEAF_HASH; 32 ORIGIN;
        50 DECISION; 51 CODE; 52 AGE_MS; 53 AMOUNT; 54 SETTLE_BY; 55 REFUND_UNTIL; 56 VALID_UNTIL; 57 MAX_STALENESS;
        58 SKEW_MS; 59 DURABLE; 60 HTTP_STATUS; 61 NUMBER; 62 CUMULATIVE; 63 SPEND_UNTIL; 64 PER_USE; 65 CLOSED;
        66 NOW_MS; 67 NEWEST; 68 TYPE; 69 INTEGER; 70 RECORD_UNTIL; 71 ANSWER;
        72 SIZE; 73 LEAVES; 74 COMMITTED_MS; 75 FROZEN; 76 LEAF_STATUS; 77 EVIDENCE_MS; 78 IS_EVIDENCE; 79 TIME;
        80 ARGUMENTS; 81 APPROVALS;
        82 INDEX;
    }
}

/// Bytes with a zero byte behind them.
type Zeroed = Vec<u8>;

fn zeroed(bytes: &[u8]) -> Zeroed {
    [bytes, &[0]].concat()
}

/// What can be read of an object.
#[derive(Default)]
pub(crate) struct Parts {
    texts: Vec<(i32, Zeroed)>,
    numbers: Vec<(i32, u64)>,
    lists: Vec<(i32, Vec<Zeroed>)>,
    checks: Vec<(Zeroed, i32, Option<u8>, i32)>,
    headers: Vec<(Zeroed, Zeroed)>,
}

impl Parts {
    /// With a text or bytes.
    pub(crate) fn text(mut self, part: i32, bytes: impl AsRef<[u8]>) -> Self {
        self.texts.push((part, zeroed(bytes.as_ref())));
        self
    }

    /// With a text or bytes, if there are any.
    pub(crate) fn maybe(self, part: i32, bytes: Option<impl AsRef<[u8]>>) -> Self {
        match bytes {
            Some(bytes) => self.text(part, bytes),
            None => self,
        }
    }

    /// With an id, in hexadecimal, if there is one.
    pub(crate) fn id(self, part: i32, id: Option<ObjectId>) -> Self {
        self.maybe(part, id.map(|id| Hash(id.0).to_string()))
    }

    /// With a number, if there is one.
    pub(crate) fn number(mut self, part: i32, number: impl Into<Option<u64>>) -> Self {
        self.numbers.extend(number.into().map(|number| (part, number)));
        self
    }

    /// With a list.
    pub(crate) fn list<B: AsRef<[u8]>>(mut self, part: i32, items: impl IntoIterator<Item = B>) -> Self {
        self.lists.push((part, items.into_iter().map(|item| zeroed(item.as_ref())).collect()));
        self
    }

    /// With what was checked.
    pub(crate) fn checks(mut self, checks: &[Check]) -> Self {
        let row = |check: &Check| {
            let (outcome, code) = match check.outcome {
                Outcome::Passed => (1, 0),
                Outcome::Skipped => (2, 0),
                Outcome::Failed(code) => (0, code.number().into()),
            };
            (zeroed(check.name.text().as_bytes()), outcome, check.link, code)
        };
        self.checks = checks.iter().map(row).collect();
        self
    }

    /// With header fields.
    pub(crate) fn headers(mut self, headers: &[(&str, String)]) -> Self {
        let row = |(name, value): &(&str, String)| (zeroed(name.as_bytes()), zeroed(value.as_bytes()));
        self.headers = headers.iter().map(row).collect();
        self
    }

    fn items(&self, part: i32) -> Option<&Vec<Zeroed>> {
        self.lists.iter().find(|(own, _)| *own == part).map(|(_, items)| items)
    }
}

/// One check of a verdict.
#[repr(C)]
pub(crate) struct CheckRow {
    name: View,
    outcome: i32,
    code: i32,
    link: i32,
}

/// One header field.
#[repr(C)]
pub(crate) struct HeaderRow {
    name: View,
    value: View,
}

export! {
    /// A text, or bytes, of an object.
    fn remit_get(handle: u64, part: i32) -> View, otherwise View::NONE; {
        let Ok(entry) = find(handle) else { return View::NONE };
        let found = entry.parts.texts.iter().find(|(own, _)| *own == part);
        found.map_or(View::NONE, |(_, text)| View::of(text))
    }

    /// A number of an object.
    fn remit_get_number(handle: u64, part: i32, out: Slot<'_, u64>) {
        let out = slot(out, 0)?;
        let entry = find(handle)?;
        let found = entry.parts.numbers.iter().find(|(own, _)| *own == part);
        *out = found.ok_or(Status::ABSENT)?.1;
        Ok(())
    }

    /// An item of a list of an object.
    fn remit_item(handle: u64, part: i32, place: usize) -> View, otherwise View::NONE; {
        let Ok(entry) = find(handle) else { return View::NONE };
        let found = entry.parts.items(part).and_then(|items| items.get(place));
        found.map_or(View::NONE, |item| View::of(item))
    }

    /// A check of a verdict.
    fn remit_check(handle: u64, place: usize, out: Slot<'_, CheckRow>) {
        let out = slot(out, CheckRow { name: View::NONE, outcome: 0, code: 0, link: 0 })?;
        let entry = find(handle)?;
        let (name, outcome, link, code) = entry.parts.checks.get(place).ok_or(Status::ABSENT)?;
        let link = link.map_or(0, i32::from);
        *out = CheckRow { name: View::of(name), outcome: *outcome, code: *code, link };
        Ok(())
    }

    /// A header field to send.
    fn remit_header(handle: u64, place: usize, out: Slot<'_, HeaderRow>) {
        let out = slot(out, HeaderRow { name: View::NONE, value: View::NONE })?;
        let entry = find(handle)?;
        let (name, value) = entry.parts.headers.get(place).ok_or(Status::ABSENT)?;
        *out = HeaderRow { name: View::of(name), value: View::of(value) };
        Ok(())
    }
}
