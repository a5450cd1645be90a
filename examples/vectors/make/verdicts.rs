//! `verdicts.json`: case files, the shapes that are good, and one that breaks just one thing for every check (spec 10).

use super::{Vector, hex};
use crate::scene::*;
use crate::trees;
use remit_verifier::c2sp::{KeyKind, VerifierKey};
use remit_verifier::code::Code;
use remit_verifier::json;
use remit_verifier::limits::*;
use remit_verifier::object::{
    Argument, Budget, Condition, Delegation, DelegationMode, Kind, Operator, Origin, Path, Permission, Share,
    Value,
};
use remit_verifier::state::{Leaf, Life, PartyLeaf, Retired, TokenLeaf};
use remit_verifier::types::*;
use remit_verifier::verify::{AtRisk, CheckName, Decision, Issuers, LoggedLinks, Policy, Settings};
use serde_json::json;

/// The policy file of these settings. A scene trusts a log or two and, if any, two witnesses that must both sign.
pub(crate) fn policy_file(settings: &Settings) -> String {
    let mut trust: Vec<String> = settings.trust.logs().map(|(key, _)| format!("log {key}")).collect();
    if settings.trust.witnesses().count() == 0 {
        trust.push("quorum none".into());
    } else {
        for (name, host, seed) in [("w1", "witness.example/one", W1), ("w2", "witness.example/two", W2)] {
            let vkey = VerifierKey::new(host, KeyKind::Cosignature, &key(seed)).expect("a key");
            trust.push(format!("witness {name} {vkey}"));
        }
        trust.extend(["group both all w1 w2".into(), "quorum both".into()]);
    }
    let quoted =
        |items: Vec<String>| items.iter().map(|item| format!("\"{item}\"")).collect::<Vec<_>>().join(", ");
    let issuers = match &settings.issuers {
        Issuers::Any => "\"any\"".into(),
        Issuers::Listed(list) => format!("[{}]", quoted(list.iter().map(ToString::to_string).collect())),
    };
    let ledgers: Vec<_> = settings.ledgers.iter().map(|(log, id)| format!("\"{log}\" = \"{id}\"")).collect();
    let links = if settings.logged_links == LoggedLinks::Log { "log" } else { "verify" };
    let bound = |bound: &AtRisk| {
        let (unit, from, most) = (bound.unit, bound.from, bound.max_staleness);
        format!("{{ unit = \"{unit}\", from_minor = {from}, max_staleness_s = {most} }}")
    };
    let at_risk = match settings.at_risk.as_slice() {
        [] => String::new(),
        bounds => format!("at_risk = [{}]\n", bounds.iter().map(bound).collect::<Vec<_>>().join(", ")),
    };
    format!(
        "party = \"{}\"\nissuers = {issuers}\nmax_staleness_s = {}\nskew_ms = {}\noffline_links = {}\n\
         logged_links = \"{links}\"\ntrust = [{}]\nledgers = {{ {} }}\n{at_risk}",
        settings.party,
        settings.max_staleness,
        settings.skew,
        settings.offline_links,
        quoted(trust),
        ledgers.join(", ")
    )
}

/// The vectors of the file, in the making.
pub(super) struct Cases(Vec<Vector>);

impl Cases {
    fn add(
        &mut self,
        name: &str,
        about: &str,
        scene: &Scene,
        decision: Decision,
        last: Option<(CheckName, Option<u8>)>,
    ) {
        let policy = policy_file(&scene.settings);
        let built = scene.build();
        let case = built.case(scene.now, policy.as_bytes());
        let verdict = case.verdict(&Policy::from_toml(policy.as_bytes()).expect("a good policy"));
        assert_eq!(verdict.decision, decision, "{name}: {:?}", verdict.checks.last());
        if let Some(last) = last {
            assert_eq!(verdict.checks.last().map(|check| (check.name, check.link)), Some(last), "{name}");
        }
        let mut view = json::verdict(&verdict);
        // The sentence is for people and may be put better.
        view.as_object_mut().expect("an object").remove("reason");
        let input = json!({ "case": hex(case.encode()) });
        self.0.push(match decision {
            Decision::Denied(code) => Vector { values: view, ..Vector::no(name, about, "10", input, code) },
            _ => Vector::ok(name, about, "10", input, view),
        });
    }

    pub(super) fn good(&mut self, name: &str, about: &str, scene: &Scene, decision: Decision) {
        self.add(name, about, scene, decision, None);
    }

    /// A case that one check refuses; the name begins with it.
    pub(super) fn no(
        &mut self,
        check: CheckName,
        link: impl Into<Option<u8>>,
        what: &str,
        about: &str,
        code: Code,
        scene: Scene,
    ) {
        let name = format!("{}/{what}", check.text());
        self.add(&name, about, &scene, Decision::Denied(code), Some((check, link.into())));
    }
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut cases = Cases(Vec::new());
    shapes(&mut cases);
    checkpoints(&mut cases);
    states(&mut cases);
    issuers(&mut cases);
    links(&mut cases);
    lives(&mut cases);
    ages(&mut cases);
    requests(&mut cases);
    super::approvals::cases(&mut cases);
    payments(&mut cases);
    fundings(&mut cases);
    cases.0
}

fn state(scene: Scene, change: impl Fn(&mut Vec<Leaf>) + 'static) -> Scene {
    Scene { state: Box::new(change), ..scene }
}

fn parts(scene: Scene, change: impl Fn(&mut Parts) + 'static) -> Scene {
    Scene { parts: Box::new(change), ..scene }
}

fn note(scene: Scene, change: impl Fn(&mut String) + 'static) -> Scene {
    Scene { note: Box::new(change), ..scene }
}

fn set(scene: Scene, change: impl FnOnce(&mut Scene)) -> Scene {
    let mut scene = scene;
    change(&mut scene);
    scene
}

fn ask(scene: Scene, change: impl FnOnce(&mut Ask)) -> Scene {
    set(scene, |scene| change(scene.ask()))
}

fn shapes(cases: &mut Cases) {
    use Decision::{Allowed, Permitted};
    cases.good("root", "A root token, no amount.", &Scene::root(), Allowed);
    cases.good("depth-3", "Three logged links.", &Scene::logged(3), Allowed);
    cases.good("depth-8", "Eight logged links, the deepest chain.", &Scene::logged(8), Allowed);
    cases.good("offline", "Two logged and two offline links.", &Scene::offline(), Allowed);
    cases.good("no-request", "A chain alone.", &Scene { request: None, ..Scene::logged(3) }, Permitted);
    cases.good(
        "amount",
        "An amount without evidence is permitted, not funded.",
        &Scene::paying(100),
        Permitted,
    );
    cases.good("funded", "An amount with the evidence of its reserve.", &Scene::funded(), Allowed);
    let bundle = Scene { funding: Some(Funding::bundle()), ..Scene::paying(100) };
    cases.good("funded-in-a-bundle", "A reserve that is one of three members.", &bundle, Allowed);
    cases.good(
        "witnessed",
        "Two witnesses that must both have cosigned; the older dates the evidence.",
        &Scene::witnessed(),
        Allowed,
    );
    let log = set(Scene::logged(3), |scene| {
        scene.settings.logged_links = LoggedLinks::Log;
        scene.chain[0].spoil = forge;
    });
    cases.good("logged-links-log", "Nobody looks at signatures that the log vouches for.", &log, Allowed);
    let any = set(Scene::root(), |scene| scene.settings.issuers = Issuers::Any);
    cases.good("any-issuer", "A policy that takes every issuer.", &any, Allowed);
    let rotated = state(Scene::root(), |leaves| {
        let party = party_of(&mut leaves[LEAF_ISSUER]);
        (party.keys, party.retired) = (vec![key(70)], vec![(key(ISSUER_KEY), Retired::Rotated)]);
    });
    cases.good("rotated-key", "A root of a key that was rotated in good order.", &rotated, Allowed);
    let moved = state(Scene::root(), |leaves| {
        leaves[LEAF_ROOT].epoch = Epoch(1);
        let token = token_of(&mut leaves[LEAF_ROOT]);
        (token.holder, token.holder_since) = (key(50), Millis(NOW_MS.0 - 64_000));
    });
    let moved = ask(moved, |ask| (ask.signed_by, ask.invocation.epoch) = (50, Epoch(1)));
    cases.good("transferred", "A new holder, once older evidence has gone stale.", &moved, Allowed);
}

fn checkpoints(cases: &mut Cases) {
    use CheckName::{Checkpoint, Clock, Commitment, Ledger, Presentation};
    let bytes = |bytes: fn(&mut Vec<u8>)| Scene { bytes, ..Scene::root() };
    cases.no(Presentation, None, "trailing", "A byte follows.", Code::TrailingBytes, bytes(|b| b.push(0)));
    cases.no(
        Presentation,
        None,
        "truncated",
        "The end is missing.",
        Code::Malformed,
        bytes(|b| b.truncate(200)),
    );
    cases.no(Presentation, None, "label", "Another label.", Code::WrongLabel, bytes(|b| b[22] ^= 3));
    let many = parts(Scene::root(), |parts| parts.tokens = vec![Vec::new(); PRESENTATION_TOKENS_MAX + 1]);
    cases.no(Presentation, None, "many-tokens", "17 tokens.", Code::TooMany, many);
    let size = note(Scene::root(), |note| *note = note.replacen("\n3\n", "\n4\n", 1));
    cases.no(
        Checkpoint,
        None,
        "signature",
        "Another size under the same signature.",
        Code::BadCheckpoint,
        size,
    );
    let other = Scene { origin: OTHER, ..Scene::root() };
    cases.no(
        Checkpoint,
        None,
        "unknown-log",
        "A log that the policy does not name.",
        Code::UnknownLog,
        other,
    );
    let forged = note(Scene::witnessed(), |note| {
        let at = note.len() - 7;
        let letter = if note.as_bytes()[at] == b'A' { "B" } else { "A" };
        note.replace_range(at..=at, letter);
    });
    cases.no(
        Checkpoint,
        None,
        "cosignature",
        "A cosignature with one bit changed.",
        Code::BadCosignature,
        forged,
    );
    let one = Scene { cosigned: vec![(W1, Seconds(NOW.0 - 2))], ..Scene::witnessed() };
    cases.no(Checkpoint, None, "quorum", "One of two witnesses.", Code::Quorum, one);
    let late = Scene { cosigned: vec![(W1, NOW), (W2, Seconds(NOW.0 + 3))], ..Scene::witnessed() };
    cases.no(Checkpoint, None, "late-witness", "A cosignature of the future.", Code::Clock, late);
    let elsewhere = parts(Scene::root(), |parts| parts.ledger = LedgerId([0xbb; 32]));
    cases.no(
        Ledger,
        None,
        "another",
        "A ledger that is not the one of this log.",
        Code::WrongLedger,
        elsewhere,
    );
    let path = parts(Scene::root(), |parts| parts.path[0].0[0] ^= 1);
    cases.no(Commitment, None, "path", "Another path.", Code::NoCommitment, path);
    let earlier = |commitment: &[u8]| {
        let text = |text: &str| text.as_bytes().to_vec();
        vec![text("genesis"), commitment.to_vec(), text("an outcome"), commitment.to_vec()]
    };
    let scene = Scene { log: Box::new(move |log| *log = earlier(log.last().expect("one"))), ..Scene::root() };
    let scene = parts(scene, move |parts| parts.path = trees::path(&earlier(&parts.commitment), 1));
    cases.no(
        Commitment,
        None,
        "not-the-last",
        "A commitment that is in the log, but not its last entry.",
        Code::NoCommitment,
        scene,
    );
    let ahead = Scene { committed: Millis(NOW_MS.0 + SKEW.0 + 1), ..Scene::root() };
    cases.no(
        Clock,
        None,
        "commitment",
        "A commitment that is later than the clock and the skew.",
        Code::Clock,
        ahead,
    );
}

fn states(cases: &mut Cases) {
    use CheckName::{Chain, State};
    let mut proof = |what: &str, about: &str, change: fn(&mut Parts)| {
        cases.no(State, None, what, about, Code::BadProof, parts(Scene::logged(3), change));
    };
    proof("sibling", "A sibling changed.", |parts| parts.proof[0].0[0] ^= 1);
    proof("sibling-left-over", "A sibling more.", |parts| parts.proof.push(Hash::default()));
    proof("order", "Leaves in another order.", |parts| parts.leaves.swap(1, 2));
    proof("leaf", "A leaf that is not the one proved.", |parts| {
        let mut leaf = Leaf::decode(&parts.leaves[2]).expect("a leaf");
        leaf.history = Hash::default();
        parts.leaves[2] = leaf.encode();
    });
    let id = state(Scene::root(), |leaves| leaves[0].id = HOTEL);
    cases.no(State, None, "leaf-0", "Leaf 0 of another ledger.", Code::WrongLeaf, id);
    let frozen = state(Scene::root(), |leaves| leaves[0].mask = 1);
    cases.no(State, None, "frozen", "The ledger is frozen.", Code::LedgerFrozen, frozen);
    let token = parts(Scene::root(), |parts| parts.tokens[0].push(0));
    cases.no(Chain, None, "token", "A token with a byte after it.", Code::TrailingBytes, token);
    let shows = |shows: &[usize], scene: Scene| Scene { shows: Some(shows.to_vec()), ..scene };
    let stranger = shows(&[0, 2, 4, 5], Scene::root());
    cases.no(
        Chain,
        None,
        "stranger",
        "The leaf of a token that is not in the chain.",
        Code::WrongLeaf,
        stranger,
    );
    let without = shows(&[0, 2, 4], Scene::logged(2));
    cases.no(Chain, None, "leaf-left-out", "The leaf of one link is not shown.", Code::WrongLeaf, without);
    let deep = Scene::new(std::iter::once(Draft::root()).chain((1..9).map(Draft::offline)).collect());
    cases.no(Chain, None, "nine-links", "Nine links.", Code::TooDeep, deep);
}

fn issuers(cases: &mut Cases) {
    use CheckName::Issuer;
    let party = |change: fn(&mut PartyLeaf)| {
        state(Scene::root(), move |leaves| change(party_of(&mut leaves[LEAF_ISSUER])))
    };
    let mut no = |what: &str, about: &str, code, scene| cases.no(Issuer, None, what, about, code, scene);
    no(
        "leaf",
        "The leaf of another party.",
        Code::WrongLeaf,
        Scene { shows: Some(vec![0, 3, 4]), ..Scene::root() },
    );
    no("no-root", "A chain without its root.", Code::BrokenChain, Scene::new(vec![Draft::logged(1)]));
    no("not-one", "A party that is no issuer.", Code::NotAnIssuer, party(|party| party.issuer = false));
    let untrusted = set(Scene::root(), |scene| scene.settings.issuers = Issuers::Listed(vec![HOTEL]));
    no("untrusted", "An issuer that the policy does not list.", Code::UntrustedIssuer, untrusted);
    no(
        "frozen",
        "The issuer is frozen.",
        Code::PartyFrozen,
        state(Scene::root(), |leaves| leaves[LEAF_ISSUER].mask = 1),
    );
    no(
        "another-key",
        "A key that the issuer never had.",
        Code::WrongSigner,
        party(|party| party.keys = vec![key(60)]),
    );
    let lost = party(|party| party.retired = vec![(key(ISSUER_KEY), Retired::Compromised)]);
    no("compromised", "A key that fell into wrong hands.", Code::CompromisedKey, lost);
}

fn links(cases: &mut Cases) {
    use CheckName::{Authority, Leaf as Place, Signature, Signer, Status};
    let twice = Scene::new(vec![Draft::root(), Draft::root()]);
    cases.no(Place, 2, "second-root", "A root below a root.", Code::BrokenChain, twice);
    let mixed = Scene::new(vec![Draft::root(), Draft::offline(1), Draft::logged(2)]);
    cases.no(Place, 3, "below-offline", "A logged child below an offline link.", Code::BrokenChain, mixed);
    let lost = set(Scene::logged(2), |scene| scene.chain[1].follows = false);
    cases.no(Place, 2, "parent", "A child of another parent.", Code::BrokenChain, lost);
    let mut leaf = |what: &str, about: &str, change: fn(&mut TokenLeaf)| {
        let scene = state(Scene::logged(2), move |leaves| change(token_of(&mut leaves[LEAF_ROOT + 1])));
        cases.no(Place, 2, what, about, Code::WrongLeaf, scene);
    };
    leaf("leaf-parent", "A leaf with another parent.", |token| token.parent = StateIndex(2));
    leaf("leaf-expires", "A leaf with another end.", |token| token.expires.0 += 1);
    leaf("leaf-authority", "A leaf of other claims.", |token| token.authority = Hash::default());
    leaf("leaf-holder", "A leaf with another holder, though nothing changed.", |token| {
        token.holder = key(60)
    });
    for link in [1, 2, 4] {
        let scene = set(Scene::offline(), |scene| scene.chain[link - 1].spoil = forge);
        let what = format!("link-{link}");
        cases.no(
            Signature,
            link as u8,
            &what,
            "A signature with one bit changed.",
            Code::BadSignature,
            scene,
        );
    }
    let by = set(Scene::logged(2), |scene| scene.chain[1].signed_by = 60);
    cases.no(Signer, 2, "another", "A child that the parent's holder did not sign.", Code::WrongSigner, by);
    let by = set(Scene::offline(), |scene| scene.chain[2].signed_by = 60);
    cases.no(
        Signer,
        3,
        "another-offline",
        "A link that the parent's holder did not sign.",
        Code::WrongSigner,
        by,
    );
    let old = state(Scene::logged(2), |leaves| leaves[LEAF_ROOT].epoch = Epoch(1));
    cases.no(Signer, 2, "old-epoch", "The parent was transferred.", Code::OldEpoch, old);
    let cut = state(Scene::offline(), |leaves| leaves[LEAF_ROOT + 1].generation = Generation(1));
    cases.no(Signer, 3, "old-generation", "The offline links were cut.", Code::OldGeneration, cut);
    let later = set(Scene::offline(), |scene| {
        let (parent, epoch, generation) = (ObjectId::default(), Epoch(0), Generation(1));
        scene.chain[3].token.origin = Origin::Offline { parent, epoch, generation };
    });
    cases.no(
        Signer,
        4,
        "another-generation",
        "A link of another generation than the one above.",
        Code::OldGeneration,
        later,
    );
    let none = set(Scene::offline(), |scene| scene.settings.offline_links = false);
    cases.no(Signer, 3, "policy", "A policy that takes no offline links.", Code::NotDelegable, none);
    for (what, life, mask, code) in [
        ("revoked", Life::Revoked, 0, Code::Revoked),
        ("ended", Life::Ended, 0, Code::Ended),
        ("frozen", Life::Live, 3, Code::Frozen),
        ("suspended", Life::Live, 2, Code::Suspended),
    ] {
        let scene = state(Scene::logged(3), move |leaves| {
            (leaves[LEAF_ROOT + 1].life, leaves[LEAF_ROOT + 1].mask) = (life, mask);
        });
        cases.no(Status, 2, what, "What the leaf of the second link says.", code, scene);
    }
    let limited = |chain, mode, depth| {
        set(Scene::new(chain), |scene| scene.chain[0].token.delegation = Some(Delegation { mode, depth }))
    };
    let (logged, offline) =
        (|| vec![Draft::root(), Draft::logged(1)], || vec![Draft::root(), Draft::offline(1)]);
    let none = limited(logged(), DelegationMode::None, 7);
    cases.no(Authority, 2, "not-delegable", "A root that allows no delegation.", Code::NotDelegable, none);
    let none = limited(offline(), DelegationMode::Logged, 7);
    cases.no(Authority, 2, "no-offline", "A root that allows no offline links.", Code::NotDelegable, none);
    let wide = set(Scene::new(offline()), |scene| {
        let permission = Permission { actions: Some(vec!["sell".into()]), ..permission() };
        scene.chain[1].token.permissions = Some(vec![permission]);
    });
    cases.no(
        Authority,
        2,
        "wider",
        "A link that names an action that the root does not.",
        Code::WiderThanParent,
        wide,
    );
}

fn lives(cases: &mut Cases) {
    use CheckName::Life as Lives;
    let ends =
        |scene: Scene, place: usize, expires| set(scene, |s| s.chain[place].token.expires = Seconds(expires));
    cases.no(Lives, 1, "root", "A root that ends now.", Code::Expired, ends(Scene::root(), 0, NOW.0));
    cases.no(Lives, 4, "link", "A link that ends now.", Code::Expired, ends(Scene::offline(), 3, NOW.0));
    let late = ends(Scene::offline(), 2, NOW.0 + OFFLINE_LINK_LIFE_MAX.0 + 1);
    cases.no(Lives, 3, "long", "A link that lives for more than an hour.", Code::BadTime, late);
    let early = set(Scene::logged(2), |scene| scene.chain[1].token.not_before = Some(Seconds(NOW.0 + 1)));
    cases.no(Lives, 2, "not-yet", "A child that begins in a second.", Code::NotYetValid, early);
    let slow = Scene { committed: Millis(NOW_MS.0 + 2_000), ..ends(Scene::root(), 0, NOW.0 + 2) };
    cases.no(
        Lives,
        1,
        "slow-clock",
        "Evidence that is later than the clock measures deadlines.",
        Code::Expired,
        slow,
    );
}

fn ages(cases: &mut Cases) {
    use CheckName::{HolderSince, Staleness};
    let aged = |age: u64| Scene { committed: Millis(NOW_MS.0 - age), ..Scene::logged(2) };
    cases.good("age-at-the-bound", "Evidence as old as the policy allows.", &aged(60_000), Decision::Allowed);
    cases.no(
        Staleness,
        None,
        "policy",
        "A millisecond older than the policy allows.",
        Code::Stale,
        aged(60_001),
    );
    let bound = set(aged(10_001), |scene| scene.chain[0].token.max_staleness = Some(Seconds(10)));
    cases.no(Staleness, None, "token", "A millisecond older than the root allows.", Code::Stale, bound);
    let moved = state(Scene { committed: NOW_MS, ..Scene::logged(2) }, |leaves| {
        token_of(&mut leaves[LEAF_ROOT]).holder_since = Millis(NOW_MS.0 - 63_999);
    });
    cases.no(HolderSince, None, "too-new", "A transfer a millisecond too young.", Code::HolderTooNew, moved);
}

fn requests(cases: &mut Cases) {
    use CheckName::{Arguments, Audience, Invocation, Permissions, Token, Window};
    let spoil = |spoil| ask(Scene::root(), |ask| ask.spoil = spoil);
    cases.no(
        Invocation,
        None,
        "trailing",
        "A byte follows.",
        Code::TrailingBytes,
        spoil(|bytes| bytes.push(0)),
    );
    cases.no(
        Invocation,
        None,
        "forged",
        "A signature with one bit changed.",
        Code::BadSignature,
        spoil(forge),
    );
    let by = ask(Scene::offline(), |ask| ask.signed_by = 60);
    cases.no(Invocation, None, "holder", "Somebody else signed.", Code::WrongHolder, by);
    let other = ask(Scene::logged(2), |ask| ask.on_last = false);
    cases.no(Token, None, "another", "An invocation on another token.", Code::WrongToken, other);
    let old = ask(Scene::logged(2), |ask| ask.invocation.epoch = Epoch(1));
    cases.no(Token, None, "epoch", "An invocation of another epoch.", Code::OldEpoch, old);
    let until = |seconds| ask(Scene::root(), |ask| ask.invocation.valid_until = Seconds(seconds));
    let last = NOW.0 + INVOCATION_VALIDITY_MAX.0 + SKEW.seconds().0;
    cases.no(Window, None, "too-late", "A window that ends now.", Code::TooLate, until(NOW.0));
    cases.good(
        "window-at-the-bound",
        "A window as long as the skew lets it seem.",
        &until(last),
        Decision::Allowed,
    );
    cases.no(Window, None, "too-early", "A second longer.", Code::TooEarly, until(last + 1));
    let audience = ask(Scene::root(), |ask| ask.invocation.audience = ISSUER);
    cases.no(Audience, None, "another", "An invocation for another party.", Code::WrongAudience, audience);
    let mut argument = |what: &str, about: &str, change: fn(&mut Ask)| {
        cases.no(Arguments, None, what, about, Code::WrongArgument, ask(Scene::root(), change));
    };
    argument("value", "Another value.", |ask| ask.shown[0].value = Value::Integer(3));
    argument("salt", "Another salt.", |ask| ask.shown[0].salt = [0; 16]);
    argument("twice", "An argument twice.", |ask| ask.shown.push(ask.shown[0].clone()));
    argument("more", "An argument that was not signed.", |ask| {
        ask.shown.push(Argument { name: "more".into(), salt: [0; 16], value: Value::Bool(true) });
    });
    let action = ask(Scene::logged(3), |ask| ask.invocation.action = "sell".into());
    cases.no(Permissions, None, "action", "An action that is not permitted.", Code::ActionNotAllowed, action);
    let beside =
        ask(Scene::logged(3), |ask| ask.invocation.resource = Path::parse("roomservice").expect("a path"));
    cases.no(
        Permissions,
        None,
        "resource",
        "A resource beside the permitted one.",
        Code::ResourceNotAllowed,
        beside,
    );
    let service = ask(Scene::root(), |ask| ask.invocation.audience = ISSUER);
    let service = Scene { settings: Settings { party: ISSUER, ..service.settings.clone() }, ..service };
    cases.no(
        Permissions,
        None,
        "service",
        "A service that is not permitted.",
        Code::ServiceNotAllowed,
        service,
    );
    let nights = || {
        set(Scene::logged(3), |scene| {
            let operands = vec![Value::Integer(1)];
            let one = Condition { argument: "nights".into(), operator: Operator::Le, operands };
            scene.chain[1].token.permissions =
                Some(vec![Permission { conditions: vec![one], ..Permission::default() }]);
        })
    };
    cases.no(
        Permissions,
        None,
        "condition",
        "Two nights where one is allowed.",
        Code::ConditionNotMet,
        nights(),
    );
    let hidden = ask(nights(), |ask| ask.shown.clear());
    cases.no(
        Permissions,
        None,
        "not-shown",
        "An argument that is not shown meets no condition.",
        Code::ConditionNotMet,
        hidden,
    );
}

fn payments(cases: &mut Cases) {
    use CheckName::{AtRisk as AtRiskCheck, Budgets, Deadline, Unit};
    let hidden = Scene { shows_unit: false, ..Scene::paying(100) };
    cases.no(Unit, None, "not-shown", "The unit's leaf is not shown.", Code::UnknownUnit, hidden);
    let frozen = state(Scene::paying(100), |leaves| leaves[LEAF_UNIT].mask = 1);
    cases.no(Unit, None, "frozen", "The unit is frozen.", Code::UnitFrozen, frozen);
    let by = |seconds| {
        ask(Scene::paying(100), |ask| {
            ask.invocation.payment.as_mut().expect("one").settle_by = Seconds(seconds)
        })
    };
    cases.no(Deadline, None, "past", "A deadline that is now.", Code::Settled, by(NOW.0));
    let far = by(NOW.0 + SETTLE_MAX.0 + SKEW.seconds().0 + 1);
    cases.no(Deadline, None, "far", "A deadline in more than 30 days.", Code::BadTime, far);
    let paying = |amount, unit, total| {
        let scene = Scene { shows_unit: true, request: Some(Ask::paying(3, amount)), ..Scene::offline() };
        let whole = Budget::new(unit, Share::Shared, Some(Amount(total)));
        let budget = Budget { per_use: Some(Amount(60)), ..whole };
        set(scene, |scene| scene.chain[2].token.budgets = Some(vec![budget]))
    };
    cases.good(
        "open-budget",
        "An amount within the open budget of a link.",
        &paying(60, CNY, 100),
        Decision::Permitted,
    );
    cases.no(Budgets, None, "per-use", "More than one use may be.", Code::AbovePerUse, paying(61, CNY, 100));
    cases.no(Budgets, None, "total", "More than the total.", Code::AboveTotal, paying(51, CNY, 50));
    cases.no(
        Budgets,
        None,
        "unit",
        "A unit without a budget.",
        Code::UnitNotBudgeted,
        paying(1, ISSUER, 100),
    );
    let at_risk = |bounds: &[(u64, u64)]| {
        let bound = |(from, most): &(u64, u64)| AtRisk {
            unit: CNY,
            from: Amount(*from),
            max_staleness: Seconds(*most),
        };
        set(Scene::funded(), |scene| scene.settings.at_risk = bounds.iter().map(bound).collect())
    };
    let about = "Evidence that is fresh enough for this amount, and not for a larger one.";
    cases.good("at-risk", about, &at_risk(&[(100, 3), (101, 0)]), Decision::Allowed);
    let about = "The strictest of the bounds that apply.";
    cases.no(AtRiskCheck, None, "old", about, Code::Stale, at_risk(&[(1, 50), (100, 2)]));
}

fn fundings(cases: &mut Cases) {
    let evidence = |funding| Scene { funding: Some(funding), ..Scene::paying(100) };
    let mut no =
        |what: &str, about: &str, code, scene| cases.no(CheckName::Funding, None, what, about, code, scene);
    let bytes = |bytes| evidence(Funding { bytes, ..Funding::reserve() });
    no("trailing", "A byte follows.", Code::TrailingBytes, bytes(|bytes| bytes.push(0)));
    no("label", "Another label.", Code::WrongLabel, bytes(|bytes| bytes[10] ^= 1));
    let cut = evidence(Funding { proof: |text| text.truncate(30), ..Funding::reserve() });
    no("proof", "A proof that is cut off.", Code::Malformed, cut);
    let index: fn(&mut String) = |text| *text = text.replacen("index 3", "index 4", 1);
    no("index", "Another index.", Code::BadProof, evidence(Funding { proof: index, ..Funding::reserve() }));
    no(
        "unknown-log",
        "A log that the policy does not name.",
        Code::UnknownLog,
        evidence(Funding { origin: OTHER, ..Funding::reserve() }),
    );
    let size: fn(&mut String) = |note| *note = note.replacen("\n5\n", "\n6\n", 1);
    no(
        "checkpoint",
        "Another size under the same signature.",
        Code::BadCheckpoint,
        evidence(Funding { note: size, ..Funding::reserve() }),
    );
    let ahead = Funding { time: Millis(NOW_MS.0 + SKEW.0 + 1), ..Funding::reserve() };
    no("clock", "An entry that is later than the clock and the skew.", Code::Clock, evidence(ahead));
    no(
        "kind",
        "The entry of a capture.",
        Code::NotFunding,
        evidence(Funding { kind: Kind::Capture, ..Funding::reserve() }),
    );
    let other: fn(&mut Vec<u8>) = |entry| entry[40] ^= 1;
    no(
        "another-reserve",
        "The entry of another reserve.",
        Code::NotFunding,
        evidence(Funding { entry: other, ..Funding::reserve() }),
    );
    let ids = vec![HOTEL, ISSUER];
    no(
        "another-bundle",
        "A bundle without this reserve.",
        Code::NotFunding,
        evidence(Funding { ids, ..Funding::bundle() }),
    );
    no(
        "no-amount",
        "Evidence where no amount is asked.",
        Code::NotFunding,
        Scene { funding: Some(Funding::reserve()), ..Scene::root() },
    );
    let late = evidence(Funding { time: Millis(NOW_MS.0 + 1_000), ..Funding::reserve() });
    let late = ask(late, |ask| ask.invocation.payment.as_mut().expect("one").settle_by = Seconds(NOW.0 + 1));
    no("settled", "Evidence as late as the deadline.", Code::Settled, late);
}
