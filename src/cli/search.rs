//! `remit search`: entries by what they are of, each proved where the log's key is known; names of parties and units.

use super::clock;
use super::out::{Done, Failure, Outcome};
use super::session::{Connection, Session};
use super::text::{self, plain, time};
use crate::keys::did;
use base64ct::{Base64, Encoding};
use clap::Args;
use remit_verifier::code::Code;
use remit_verifier::key::PublicKey;
use remit_verifier::log::{Entry, Outcome as Decided};
use remit_verifier::object::Kind;
use remit_verifier::types::{EntryIndex, Millis, ObjectId};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// Entries of one answer at most; the server has its own bound.
const LIMIT_MAX: u64 = 100;
/// What no proof shows.
const AS_FOUND: &str =
    "but for kind, id and time, that these are what was asked for, and all of it, is the server's word";

/// Looks for entries by agent, service, issuer, unit, token, kind, id and time, the newest first; and for names.
///
/// Everything that is stated must fit. Each entry is proved where the log's key is known (`--log-key`, a profile); that
/// nothing is left out is the server's word.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit search --agent did:key:z6Mk… --kind reserve
  remit search --service PARTY --unit CNY --since 2027-01-01T00:00:00Z
  remit search --id REQUEST
  remit search --name air            parties and units whose names begin so")]
pub(super) struct Search {
    /// A key: what it signed, by what it came to hold a token, and what became of what it spent.
    #[arg(long, value_name = "KEY", value_parser = text::key)]
    agent: Option<PublicKey>,
    /// A party: spends for it, and what was done with it.
    #[arg(long, value_name = "PARTY", value_parser = text::id)]
    service: Option<ObjectId>,
    /// A party: everything of the tokens that it issued and of those below them.
    #[arg(long, value_name = "PARTY", value_parser = text::id)]
    issuer: Option<ObjectId>,
    /// A unit, by name or id: spends in it, tokens with a budget in it.
    #[arg(long)]
    unit: Option<String>,
    /// A token: its admission, what it spent, what was done with it, its children.
    #[arg(long, value_parser = text::id)]
    token: Option<ObjectId>,
    /// The id of a submission, an operation or a request for approval.
    #[arg(long, value_parser = text::id)]
    id: Option<ObjectId>,
    /// A kind of entry, as in `reserve`.
    #[arg(long, value_parser = kind)]
    kind: Option<&'static str>,
    /// Not before this time: RFC 3339, or as in 2h, so long ago.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Entries before this one only: what the page before said to go on with.
    #[arg(long, value_name = "ENTRY")]
    before: Option<u64>,
    /// How many at most.
    #[arg(long, short = 'n', value_name = "N", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u64).range(1..=LIMIT_MAX))]
    limit: u64,
    /// Parties and units whose names begin so, instead of entries.
    #[arg(long, value_name = "TEXT")]
    #[arg(conflicts_with_all = ["agent", "service", "issuer", "unit", "token", "id"])]
    #[arg(conflicts_with_all = ["kind", "since", "until", "before"])]
    name: Option<String>,
    #[command(flatten)]
    connection: Connection,
}

fn kind(text: &str) -> Result<&'static str, String> {
    // What the ledger says of itself is not looked for.
    let found = |kind: &&Kind| !matches!(kind, Kind::Genesis | Kind::Commitment);
    let all = || Kind::ALL.iter().filter(found).map(|kind| kind.text());
    let wrong =
        || format!("no kind of entry that is looked for; there are {}", all().collect::<Vec<_>>().join(", "));
    all().find(|known| *known == text).ok_or_else(wrong)
}

impl Search {
    pub(super) fn run(self) -> Outcome {
        let session = self.connection.open()?;
        if let Some(begins) = &self.name {
            return names(&session, begins, self.limit);
        }
        let span = self.span(clock::now()?)?;
        let page = session.json(&format!("/v1/search?{}", self.query(span)))?;
        let (mut found, mut lines, mut proved) = (Vec::new(), String::new(), true);
        let views =
            page["entries"].as_array().filter(|all| all.len() as u64 <= self.limit).ok_or_else(bad)?;
        let mut below = self.before.unwrap_or(u64::MAX);
        for view in views {
            let (at, row, under) = self.row(&session, view, below, span)?;
            below = at.0;
            proved &= under;
            let _ = writeln!(lines, "{}", line(&row, under));
            found.push(row);
        }
        if found.is_empty() {
            lines.push_str("nothing was found\n");
        }
        if let Some(next) = page["next"].as_u64() {
            if next > below {
                return Err(bad());
            }
            let _ = writeln!(lines, "there may be more: --before {next}");
        }
        let (size, seen) = (page["size"].as_u64(), page["indexed_to"].as_u64());
        if seen < size {
            let counted = |of: Option<u64>| of.unwrap_or_default();
            let _ = writeln!(lines, "searched up to entry {} of {}", counted(seen), counted(size));
        }
        if !proved {
            lines.push_str(
                "not proved: the log's key is not known; --log-key VKEY, or a profile with `log_key`\n",
            );
        }
        Ok(Done::say(lines.trim_end())
            .line(AS_FOUND)
            .with("entries", found)
            .with("proved", proved)
            .with("complete", false)
            .with("size", size)
            .with("indexed_to", seen)
            .with("next", &page["next"]))
    }

    /// From when until when, in milliseconds.
    fn span(&self, now: Millis) -> Result<Span, Failure> {
        let instant = |text: &Option<String>| {
            let at = text.as_ref().map(|text| time::past(text, now).map_err(Failure::usage)).transpose()?;
            Ok::<_, Failure>(at.map(|at| at.0.saturating_mul(1_000)))
        };
        Ok((instant(&self.since)?, instant(&self.until)?))
    }

    fn query(&self, (since, until): Span) -> String {
        let mut query = format!("limit={}", self.limit);
        let mut put = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let _ = write!(query, "&{name}={}", escaped(&value));
            }
        };
        let id = |id: &Option<ObjectId>| id.map(|id| id.to_string());
        put("agent", self.agent.as_ref().map(|key| did::to_text(key.bytes())));
        put("service", id(&self.service));
        put("issuer", id(&self.issuer));
        put("unit", self.unit.clone());
        put("token", id(&self.token));
        put("id", id(&self.id));
        put("kind", self.kind.map(str::to_owned));
        put("from_ms", since.map(|at| at.to_string()));
        put("to_ms", until.map(|at| at.to_string()));
        put("before", self.before.map(|at| at.to_string()));
        query
    }

    /// What an entry itself says, and whether it was proved. Only what can be what was asked for is shown.
    fn row(
        &self,
        session: &Session,
        view: &Value,
        below: u64,
        span: Span,
    ) -> Result<(EntryIndex, Value, bool), Failure> {
        let at = EntryIndex(view["index"].as_u64().filter(|at| *at < below).ok_or_else(bad)?);
        let bytes = view["bytes"].as_str().and_then(|text| Base64::decode_vec(text).ok()).ok_or_else(bad)?;
        let Ok(Entry::Outcome(outcome)) = Entry::decode(&bytes) else { return Err(bad()) };
        if !self.fits(&outcome, span) {
            return Err(bad());
        }
        let (_, under) = session.prove(at, &bytes)?;
        let row = json!({"entry": at.0, "time_ms": outcome.time.0, "kind": outcome.kind.text(),
            "id": outcome.id.to_string(), "code": outcome.refused.map(Code::text), "proved": under.is_some(),
            "checkpoint_size": under});
        Ok((at, row, under.is_some()))
    }

    /// Whether an entry can be what was asked for, by its kind, id and time. A bundle or refusal has kinds, a bundle or
    /// request ids, that stand in its object alone.
    fn fits(&self, outcome: &Decided, (since, until): Span) -> bool {
        let kind = outcome.kind;
        let of_kind = self.kind.is_none_or(|asked| kind.text() == asked)
            || matches!(kind, Kind::Bundle | Kind::Refusal);
        let of_id = self.id.is_none_or(|id| outcome.id == id) || matches!(kind, Kind::Bundle | Kind::Request);
        let time = outcome.time.0;
        of_kind && of_id && since.is_none_or(|since| time >= since) && until.is_none_or(|until| time < until)
    }
}

/// From when until when, in milliseconds.
type Span = (Option<u64>, Option<u64>);

fn bad() -> Failure {
    Failure::internal("the answer is not of what was asked for").coded("bad_answer")
}

fn line(row: &Value, proved: bool) -> String {
    let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let when = time::show(Millis(row["time_ms"].as_u64().unwrap_or_default()).seconds());
    let refused = row["code"].as_str().map(|code| format!("  REFUSED {code}")).unwrap_or_default();
    let how = if proved { "proved" } else { "not proved" };
    let kind = text("kind");
    format!(
        "{:>8}  {when}  {kind:<12}  {}  {how}{refused}",
        row["entry"].as_u64().unwrap_or_default(),
        text("id")
    )
}

/// What has a name that begins so.
fn names(session: &Session, begins: &str, limit: u64) -> Outcome {
    let page = session.json(&format!("/v1/names?limit={limit}&begins={}", escaped(begins)))?;
    let mut lines = String::new();
    for one in page["names"].as_array().into_iter().flatten() {
        let field = |name: &str| plain(one[name].as_str().unwrap_or_default());
        let _ = writeln!(lines, "{:<5}  {}  {}", field("what"), field("id"), field("name"));
    }
    if lines.is_empty() {
        lines.push_str("no name begins so\n");
    }
    Ok(Session::told(Done::say(lines.trim_end()))
        .with("names", &page["names"])
        .with("indexed_to", &page["indexed_to"]))
}

/// As a part of a query: letters and digits as they are, every other byte as `%XX`.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b':' => {
                escaped.push(char::from(byte))
            }
            _ => drop(write!(escaped, "%{byte:02X}")),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_means_something_in_a_query_is_escaped() {
        assert_eq!(escaped("did:key:z6Mk-1_2.3"), "did:key:z6Mk-1_2.3");
        assert_eq!(escaped("a&b=c d#é%"), "a%26b%3Dc%20d%23%C3%A9%25");
    }
}
