//! `remit policy`: writes a policy to begin with, and says in words what one believes and serves.

use super::out::{Done, Failure, Outcome, read_file};
use super::session::Connection;
use super::text::{self, plain, time};
use super::verify;
use clap::{Args, Subcommand};
use remit_verifier::c2sp::{Trust, TrustClause};
use remit_verifier::limits::POLICY_BYTES_MAX;
use remit_verifier::types::{ObjectId, Seconds};
use remit_verifier::verify::{Issuers, Keeping, LoggedLinks, Policy, Settings};
use std::path::PathBuf;

/// Older evidence than this lets a revoked permission be used for long.
const STALE: Seconds = Seconds(600);
/// Clocks that are kept by NTP differ by less.
const SKEWED_MS: u64 = 30_000;

/// Writes a policy file to begin with: the ledger's log, your party, and what else you say. `check` explains one.
///
/// The key of the log is taken from the ledger that is asked: compare it with what its operator publishes.
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "\
Examples:
  remit policy --party HOTEL --issuer COMPANY >hotel.toml
  remit policy check hotel.toml"
)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    command: Option<Command>,
    /// The service's own party id: the only audience that it answers for.
    #[arg(long, value_name = "ID", value_parser = text::id, required = true)]
    party: Option<ObjectId>,
    /// An issuer whose tokens are accepted; may be repeated. Without it, any that the operators appointed.
    #[arg(long = "issuer", value_name = "ID", value_parser = text::id)]
    issuers: Vec<ObjectId>,
    /// Greatest age of evidence.
    #[arg(long, value_name = "SPAN", default_value = "1m", value_parser = time::span)]
    max_staleness: Seconds,
    /// Accepts offline links too.
    #[arg(long)]
    offline_links: bool,
    #[command(flatten)]
    connection: Connection,
}

#[derive(Subcommand)]
enum Command {
    Check(Check),
}

/// Reads a policy file and says in words what it believes and serves, and what to think about.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit policy check hotel.toml

Exit codes: 0 a good policy, whatever there is to think about; 2 a file that is none, with line and code.")]
struct Check {
    /// The policy file.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

impl PolicyCommand {
    pub(super) fn run(self) -> Outcome {
        match (self.command, self.party) {
            (Some(Command::Check(check)), _) => check.run(),
            (None, Some(party)) => {
                write(party, &self.issuers, self.max_staleness, self.offline_links, self.connection)
            }
            (None, None) => {
                Err(Failure::usage("which party?").hint("--party ID, or `remit policy check FILE`"))
            }
        }
    }
}

fn write(
    party: ObjectId,
    issuers: &[ObjectId],
    max_staleness: Seconds,
    offline_links: bool,
    connection: Connection,
) -> Outcome {
    let session = connection.open()?;
    let log = session.json("/v1/log")?;
    let told = log["log_vkey"].as_str().unwrap_or_default().to_owned();
    let vkey = session.pinned_log().unwrap_or_else(|| told.clone());
    let origin = vkey.split('+').next().unwrap_or_default();
    let issuers = match issuers {
        [] => "\"any\"".to_owned(),
        ids => {
            let quoted: Vec<String> = ids.iter().map(|id| format!("\"{id}\"")).collect();
            format!("[{}]", quoted.join(", "))
        }
    };
    let policy = format!(
        "# Whom this service trusts (spec/13-policy.md). The log's word alone counts: add witnesses and a quorum.\n\
         party = \"{party}\"\nissuers = {issuers}\nmax_staleness_s = {max_staleness}\nskew_ms = 2000\n\
         offline_links = {offline_links}\ntrust = \"\"\"\nlog {vkey} {}\nquorum none\n\"\"\"\n\n\
         [ledgers]\n\"{origin}\" = \"{}\"\n",
        session.remote.url(),
        session.ledger
    );
    verify::policy(policy.as_bytes(), None)?;
    if session.pinned_log().is_none() {
        eprintln!(
            "warning: the log key is the one that {} names; compare it with the operator's",
            session.remote.url()
        );
    }
    Ok(Done::say(&policy).with("policy", policy).with("log_key", vkey))
}

impl Check {
    fn run(self) -> Outcome {
        let text = read_file(&self.file, POLICY_BYTES_MAX)?;
        let policy = verify::policy(&text, Some(&self.file))?;
        let thoughts = thoughts(policy.settings());
        let lines = explained(&policy);
        let mut done = Done::say(format!("{}: a policy", self.file.display()));
        for (what, line) in &lines {
            done = done.line(format!("  {what:<14}{line}"));
        }
        for thought in &thoughts {
            done = done.line(format!("think about: {thought}"));
        }
        let said: Vec<serde_json::Value> =
            lines.iter().map(|(what, line)| serde_json::json!({ "about": what, "says": line })).collect();
        Ok(done.with("policy", "good").with("says", said).with("think_about", thoughts))
    }
}

/// What it says, a line each.
fn explained(policy: &Policy) -> Vec<(&'static str, String)> {
    let settings = policy.settings();
    let mut lines = vec![("answers for", format!("party {} alone", settings.party))];
    for (origin, ledger) in &settings.ledgers {
        lines.push(("believes", format!("log {}, whose ledger is {ledger}", plain(origin))));
    }
    lines.push(("", quorum(&settings.trust)));
    lines.push(match &settings.issuers {
        Issuers::Any => ("takes tokens", "of every issuer that the operators of the ledger appointed".into()),
        Issuers::Listed(list) => {
            let list: Vec<String> = list.iter().map(ToString::to_string).collect();
            ("takes tokens", format!("of {}", list.join(", ")))
        }
    });
    lines.push(("evidence", format!("is at most {} s old", settings.max_staleness)));
    for bound in &settings.at_risk {
        let (from, unit, most) = (bound.from, bound.unit, bound.max_staleness);
        lines.push(("", format!("at most {most} s for {from} minor units of {unit} or more")));
    }
    lines.push(("clocks", format!("may differ by {} ms", settings.skew)));
    lines.push(("offline links", if settings.offline_links { "are accepted" } else { "are refused" }.into()));
    lines.push((
        "logged links",
        match settings.logged_links {
            LoggedLinks::Verify => "are checked here, signature by signature",
            LoggedLinks::Log => "rest on the log, which admitted them",
        }
        .into(),
    ));
    if !settings.trust.quorum_is_none() {
        lines.push(("", replaying(settings)));
    }
    for (place, route) in settings.serving.routes.iter().enumerate() {
        lines.push((if place == 0 { "serves" } else { "" }, plain(&route.to_string())));
    }
    if settings.serving.routes.is_empty() {
        lines.push(("serves", "nothing over HTTP: there are no routes".into()));
    }
    lines.push((
        "served once",
        match settings.serving.record {
            Keeping::Durable => "by a record that is synced before the answer",
            Keeping::Memory => "by a record in memory; what may have been served before a start is refused",
        }
        .into(),
    ));
    lines
}

/// Who must have cosigned, in words.
fn quorum(trust: &Trust) -> String {
    match trust.quorum() {
        TrustClause::Nobody => "without any witness: the log's word alone counts".into(),
        clause => format!("once cosigned by {}", cosigners(&clause)),
    }
}

fn cosigners(clause: &TrustClause<'_>) -> String {
    let name = |name: &[u8]| plain(&String::from_utf8_lossy(name));
    match clause {
        TrustClause::Nobody => "nobody".into(),
        TrustClause::Witness(witness) => {
            format!("{} ({})", name(witness.name()), plain(witness.key().name()))
        }
        TrustClause::Group { name: own, threshold, members } => {
            let all: Vec<String> = members.iter().map(cosigners).collect();
            format!("{threshold} of {} in {} [{}]", members.len(), name(own), all.join("; "))
        }
    }
}

/// Whether the quorum can be met without anybody who has computed the log again: all others may have cosigned.
fn is_met_without_replaying(settings: &Settings) -> bool {
    settings.trust.is_met_by(|witness| settings.replaying.iter().all(|name| **name != *witness.name()))
}

/// What the quorum says of the state, in words.
fn replaying(settings: &Settings) -> String {
    let names: Vec<String> =
        settings.replaying.iter().map(|name| plain(&String::from_utf8_lossy(name))).collect();
    match (is_met_without_replaying(settings), names.is_empty()) {
        (true, true) => "no witness is known to compute the log again: the quorum says one history".into(),
        (true, false) => {
            format!("the quorum can be met without any that compute the log again: {}", names.join(", "))
        }
        (false, _) => format!("no quorum without one that computes the log again: {}", names.join(", ")),
    }
}

/// What whoever wrote it may not have meant.
fn thoughts(settings: &Settings) -> Vec<String> {
    let mut thoughts = Vec::new();
    let mut think = |when: bool, thought: &str| {
        if when {
            thoughts.push(thought.to_owned());
        }
    };
    let alone = settings.trust.quorum_is_none();
    think(
        alone,
        "no witness: the operator of the ledger could show you another history than everybody else, and date it as he \
         likes",
    );
    think(
        settings.logged_links == LoggedLinks::Log && is_met_without_replaying(settings),
        "logged_links = \"log\", and the quorum can be met without a replaying witness: the operator could admit \
         tokens that nobody signed",
    );
    think(
        settings.issuers == Issuers::Any,
        "issuers = \"any\": whoever the operators appoint can issue tokens that you take",
    );
    think(
        settings.max_staleness > STALE
            && settings.at_risk.iter().all(|bound| bound.max_staleness >= settings.max_staleness),
        "a permission that was revoked is good here until its evidence is too old; `at_risk` bounds that for amounts",
    );
    think(
        settings.skew.0 > SKEWED_MS,
        "a skew of more than 30 s: clocks that are kept differ by less than one",
    );
    think(
        settings.serving.record == Keeping::Memory,
        "record = \"memory\": for two minutes after each start requests are refused, and what travels with approvals \
         always",
    );
    for bound in settings.at_risk.iter().filter(|bound| bound.max_staleness >= settings.max_staleness) {
        thoughts.push(format!(
            "at_risk from {} minor units of {}: {} s is no less than evidence may be old anyway",
            bound.from, bound.unit, bound.max_staleness
        ));
    }
    let routes = &settings.serving.routes;
    for (place, route) in routes.iter().enumerate() {
        if let Some(first) = routes[..place].iter().find(|first| first.hides(route)) {
            let (route, first) = (plain(&route.to_string()), plain(&first.to_string()));
            thoughts.push(format!(
                "the route {route} never decides: {first} stands before it and takes all of it"
            ));
        }
    }
    thoughts
}
