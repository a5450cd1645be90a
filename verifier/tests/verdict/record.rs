//! Writes every case that these tests judge to the folder `REMIT_VECTORS`, for `make vectors`; without it, nothing.

use crate::scene::{W1, witness_name};
use remit_verifier::json;
use remit_verifier::verify::{Case, Issuers, LoggedLinks, Settings, Verdict};
use std::io::Write;

/// The policy file that gives these settings. A quorum in these scenes is always of both witnesses.
pub(crate) fn policy(settings: &Settings) -> Vec<u8> {
    let mut trust: Vec<String> = settings.trust.logs().map(|(key, _)| format!("log {key}")).collect();
    if settings.trust.quorum_is_none() {
        trust.push("quorum none".into());
    } else {
        for witness in settings.trust.witnesses() {
            let name = if witness.key().name() == witness_name(W1) { "w1" } else { "w2" };
            trust.push(format!("witness {name} {}", witness.key()));
        }
        trust.extend(["group both all w1 w2".into(), "quorum both".into()]);
    }
    let ledgers: Vec<_> =
        settings.ledgers.iter().map(|(origin, id)| format!("{origin:?} = \"{id}\"")).collect();
    let issuers = match &settings.issuers {
        Issuers::Any => "\"any\"".into(),
        Issuers::Listed(ids) => format!("{:?}", ids.iter().map(ToString::to_string).collect::<Vec<_>>()),
    };
    let links = if settings.logged_links == LoggedLinks::Log { "log" } else { "verify" };
    format!(
        "party = \"{}\"\nissuers = {issuers}\nmax_staleness_s = {}\nskew_ms = {}\noffline_links = {}\n\
         logged_links = \"{links}\"\ntrust = {trust:?}\nledgers = {{ {} }}\n",
        settings.party,
        settings.max_staleness,
        settings.skew,
        settings.offline_links,
        ledgers.join(", ")
    )
    .into_bytes()
}

/// Appends one case to the file of the running test.
pub(crate) fn case(case: &Case<'_>, verdict: &Verdict) {
    let Ok(folder) = std::env::var("REMIT_VECTORS") else { return };
    // A presentation past its bound makes no case file.
    if Case::decode(&case.encode()).is_err() {
        return;
    }
    let name = std::thread::current().name().unwrap_or("main").replace("::", "-");
    std::fs::create_dir_all(&folder).unwrap();
    let path = format!("{folder}/cases-{name}.jsonl");
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    let hex: String = case.encode().iter().map(|byte| format!("{byte:02x}")).collect();
    let line = serde_json::json!({ "test": name, "case": hex, "verdict": json::verdict(verdict) });
    writeln!(file, "{line}").unwrap();
}
