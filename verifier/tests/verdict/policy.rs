//! Policies in code and as files: what fits together, and every way in which a file is refused.

use crate::scene::*;
use remit_verifier::c2sp::{KeyKind, Trust, TrustBuilder, TrustParseError, VerifierKey};
use remit_verifier::limits::*;
use remit_verifier::types::*;
use remit_verifier::verify::{
    Issuers, LoggedLinks, Policy, PolicyError, PolicyFileError, PolicyProblem, Settings,
};

fn settings() -> Settings {
    Scene::root().settings
}

fn wrong(change: impl Fn(&mut Settings)) -> Option<PolicyError> {
    let mut settings = settings();
    change(&mut settings);
    Policy::new(settings).err()
}

#[test]
fn settings_that_fit_together() {
    assert_eq!(wrong(|_| {}), None);
    assert_eq!(wrong(|s| s.skew = SKEW_MAX), None);
    assert_eq!(wrong(|s| s.skew = Millis(SKEW_MAX.0 + 1)), Some(PolicyError::Skew(Millis(SKEW_MAX.0 + 1))));
    let issuers = |count| move |s: &mut Settings| s.issuers = Issuers::Listed(vec![ISSUER; count]);
    assert_eq!(wrong(issuers(0)), Some(PolicyError::NoIssuer));
    assert_eq!(wrong(issuers(POLICY_ISSUERS_MAX)), None);
    assert_eq!(wrong(issuers(POLICY_ISSUERS_MAX + 1)), Some(PolicyError::TooManyIssuers));
    assert_eq!(wrong(|s| s.issuers = Issuers::Any), None);
    assert_eq!(wrong(|s| s.ledgers.clear()), Some(PolicyError::LogWithoutLedger(1)));
    assert_eq!(wrong(|s| s.ledgers.push(("other".into(), LEDGER))), Some(PolicyError::LedgerWithoutLog(2)));
    assert_eq!(wrong(|s| s.ledgers.push((ORIGIN.into(), LEDGER))), Some(PolicyError::LedgerWithoutLog(2)));
    let no_log = |s: &mut Settings| {
        let mut trust = TrustBuilder::new();
        trust.quorum(b"none").unwrap();
        s.trust = trust.build().unwrap();
    };
    assert_eq!(wrong(no_log), Some(PolicyError::NoLog));
}

#[test]
fn replaying_witnesses_are_those_of_the_trust_each_once() {
    let named = |names: &'static [&'static str]| {
        move |s: &mut Settings| {
            let text = format!(
                "log {}\nwitness a {}\nwitness b {}\ngroup two 2 a b\nquorum two\n",
                s.trust.logs().next().unwrap().0,
                VerifierKey::new("w/a", KeyKind::Cosignature, &key(101)).unwrap(),
                VerifierKey::new("w/b", KeyKind::Cosignature, &key(102)).unwrap(),
            );
            s.trust = Trust::parse(text.as_bytes()).unwrap();
            s.replaying = names.iter().map(|name| name.as_bytes().into()).collect();
        }
    };
    assert_eq!(wrong(named(&[])), None);
    assert_eq!(wrong(named(&["b", "a"])), None);
    assert_eq!(wrong(named(&["a", "c"])), Some(PolicyError::Replaying(2)));
    assert_eq!(wrong(named(&["two"])), Some(PolicyError::Replaying(1)), "a group is no witness");
    assert_eq!(
        wrong(named(&["w/a"])),
        Some(PolicyError::Replaying(1)),
        "the name in the lines, not the key's"
    );
    assert_eq!(wrong(named(&["a", "a"])), Some(PolicyError::Replaying(2)));
    // Whether a quorum can be met without somebody: all others may have cosigned.
    let mut settings = settings();
    named(&[])(&mut settings);
    let met = |present: &[u8]| settings.trust.is_met_by(|witness| present.contains(&witness.name()[0]));
    assert_eq!((met(b"ab"), met(b"a"), met(b"")), (true, false, false));
}

#[test]
fn as_many_ledgers_as_logs() {
    let with = |logs: usize, ledgers: usize| {
        move |s: &mut Settings| {
            let mut trust = TrustBuilder::new();
            let name = |number| format!("log.example/{number}");
            for number in 0..logs {
                let key = key(100 + number as u8);
                trust.log(VerifierKey::new(&name(number), KeyKind::Note, &key).unwrap(), None).unwrap();
            }
            trust.quorum(b"none").unwrap();
            s.trust = trust.build().unwrap();
            s.ledgers = (0..ledgers).map(|number| (name(number), LEDGER)).collect();
        }
    };
    assert_eq!(wrong(with(POLICY_LEDGERS_MAX, POLICY_LEDGERS_MAX)), None);
    assert_eq!(wrong(with(POLICY_LEDGERS_MAX, POLICY_LEDGERS_MAX + 1)), Some(PolicyError::TooManyLedgers));
    assert_eq!(wrong(with(3, 2)), Some(PolicyError::LogWithoutLedger(3)));
}

/// A policy file for this world; every line is one key.
pub(crate) fn file() -> String {
    let vkey = VerifierKey::new(ORIGIN, KeyKind::Note, &key(LOG_KEY)).unwrap();
    format!(
        "party = \"{HOTEL}\"\nissuers = [\"{ISSUER}\"]\nmax_staleness_s = 60\nskew_ms = 2_000\n\
         offline_links = true\nlogged_links = \"verify\"\n\
         trust = [\"log {vkey}\", \"quorum none\"]\nledgers = {{ \"{ORIGIN}\" = \"{LEDGER}\" }}\n"
    )
}

fn problem(text: &str) -> PolicyFileError {
    Policy::from_toml(text.as_bytes()).unwrap_err()
}

fn error(line: usize, key: &'static str, problem: PolicyProblem) -> PolicyFileError {
    PolicyFileError { line, key: Some(key), problem }
}

#[test]
fn a_file_gives_the_same_policy() {
    let policy = Policy::from_toml(file().as_bytes()).unwrap();
    let (read, written) = (policy.settings(), settings());
    assert_eq!(
        (read.party, read.max_staleness, read.skew),
        (written.party, written.max_staleness, written.skew)
    );
    assert_eq!((&read.issuers, &read.ledgers), (&written.issuers, &written.ledgers));
    assert_eq!((read.offline_links, read.logged_links), (true, LoggedLinks::Verify));
    let built = Scene::offline().build();
    assert_eq!(built.verdict(&policy, NOW_MS), built.verdict(&Scene::offline().policy(), NOW_MS));
}

#[test]
fn trust_may_be_one_text_and_other_choices_are_stated() {
    let vkey = VerifierKey::new(ORIGIN, KeyKind::Note, &key(LOG_KEY)).unwrap();
    let text = file()
        .replace(&format!("[\"log {vkey}\", \"quorum none\"]"), &format!("'''\nlog {vkey}\nquorum none\n'''"))
        .replace(&format!("[\"{ISSUER}\"]"), "\"any\"")
        .replace("\"verify\"", "\"log\"");
    let policy = Policy::from_toml(text.as_bytes()).unwrap();
    assert_eq!(policy.settings().issuers, Issuers::Any);
    assert_eq!(policy.settings().logged_links, LoggedLinks::Log);
}

#[test]
fn only_the_two_choices_about_links_have_a_default() {
    let without = |key: &str| {
        let lines: Vec<_> = file().lines().filter(|line| !line.starts_with(key)).map(String::from).collect();
        lines.join("\n")
    };
    let policy = Policy::from_toml(without("offline_links").as_bytes()).unwrap();
    assert!(!policy.settings().offline_links);
    let policy = Policy::from_toml(without("logged_links").as_bytes()).unwrap();
    assert_eq!(policy.settings().logged_links, LoggedLinks::Verify);
    for key in ["trust", "ledgers", "party", "issuers", "max_staleness_s", "skew_ms"] {
        assert_eq!(problem(&without(key)), error(0, key, PolicyProblem::MissingKey));
    }
}

#[test]
fn wrong_types_and_values_are_named_with_their_line() {
    use PolicyProblem::{BadValue, WrongType};
    let cases: [(usize, &'static str, &str, PolicyProblem); 18] = [
        (1, "party", "7", WrongType),
        (1, "party", "\"22\"", BadValue),
        (2, "issuers", "true", WrongType),
        (2, "issuers", "\"all\"", BadValue),
        (2, "issuers", "[7]", WrongType),
        (2, "issuers", "[\"x\"]", BadValue),
        (3, "max_staleness_s", "\"60\"", WrongType),
        (3, "max_staleness_s", "-1", BadValue),
        (3, "max_staleness_s", "18446744073709551616", BadValue),
        (4, "skew_ms", "2.0", WrongType),
        (5, "offline_links", "1", WrongType),
        (6, "logged_links", "true", WrongType),
        (6, "logged_links", "\"none\"", BadValue),
        (7, "trust", "7", WrongType),
        (7, "trust", "[7]", WrongType),
        (8, "ledgers", "[]", WrongType),
        (8, "ledgers", "{ a = 7 }", WrongType),
        (8, "ledgers", "{ a = \"AA\" }", BadValue),
    ];
    for (line, key, value, expected) in cases {
        let lines = file().lines().map(String::from).collect::<Vec<_>>();
        let changed = |(number, text): (usize, &String)| {
            if number + 1 == line { format!("{key} = {value}") } else { text.clone() }
        };
        let text: Vec<_> = lines.iter().enumerate().map(changed).collect();
        assert_eq!(problem(&text.join("\n")), error(line, key, expected), "{key} = {value}");
    }
    for (value, expected) in [("7", WrongType), ("[7]", WrongType), ("\"a\"", WrongType)] {
        let text = format!("replaying = {value}\n{}", file());
        assert_eq!(problem(&text), error(1, "replaying", expected), "{value}");
    }
    let upper = file().replacen(&ISSUER.to_string(), &"1A".repeat(32), 1);
    assert_eq!(problem(&upper), error(2, "issuers", BadValue));
}

#[test]
fn what_is_no_policy_file() {
    let whole = |problem| PolicyFileError { line: 0, key: None, problem };
    assert_eq!(Policy::from_toml(b"\xff").unwrap_err(), whole(PolicyProblem::NotUtf8));
    assert_eq!(problem("a = 1\nb ="), PolicyFileError { line: 2, ..whole(PolicyProblem::Syntax) });
    assert_eq!(problem("skew_ms = 1\nskew_ms = 2").problem, PolicyProblem::Syntax);
    let unknown = file() + "max_age = 5\n";
    assert_eq!(problem(&unknown), PolicyFileError { line: 9, ..whole(PolicyProblem::UnknownKey) });
    let twice = format!("zz = 1\n{}aa = 1\n", file());
    assert_eq!(problem(&twice).line, 1);
    let trust = file().replace("quorum none", "quorums none");
    let bad = PolicyProblem::Trust(TrustParseError::Keyword { line: 2 });
    assert_eq!(problem(&trust), error(7, "trust", bad));
    let skew = file().replace("2_000", "300_001");
    let bad = PolicyProblem::Settings(PolicyError::Skew(Millis(300_001)));
    assert_eq!(problem(&skew), whole(bad));
    assert_eq!(problem(&skew).to_string(), "policy line 0: bad_settings: Skew(Millis(300001))");
    assert_eq!(problem(&trust).to_string(), "policy line 7: bad_trust: trust: Keyword { line: 2 }");
    assert_eq!(problem("a = 1").to_string(), "policy line 1: unknown_key");
}

#[test]
fn a_file_has_a_bound() {
    let padded = |len: usize| {
        let file = file();
        let comment = "#".repeat(len - file.len());
        file + &comment
    };
    assert!(Policy::from_toml(padded(POLICY_BYTES_MAX).as_bytes()).is_ok());
    let longer = problem(&padded(POLICY_BYTES_MAX + 1));
    assert_eq!(longer.problem, PolicyProblem::TooLong(POLICY_BYTES_MAX + 1));
}

#[test]
fn problems_have_distinct_codes() {
    use PolicyProblem::*;
    let trust = Trust(TrustParseError::TooLong(1));
    let all = [
        TooLong(1),
        NotUtf8,
        Syntax,
        UnknownKey,
        MissingKey,
        WrongType,
        BadValue,
        trust,
        Settings(PolicyError::NoLog),
    ];
    let codes: std::collections::BTreeSet<_> = all.iter().map(|problem| problem.code()).collect();
    assert_eq!(codes.len(), all.len());
}
