//! What a policy says of amounts at risk and of requests over HTTP: as a file, and in the verdict.

use crate::policy::file;
use crate::scene::*;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{
    Brought, Cost, Fields, HttpRequest, Route, RouteError, byte_sequence, decide, written_byte_sequence,
};
use remit_verifier::limits::*;
use remit_verifier::types::*;
use remit_verifier::verify::{
    AtRisk, CheckName, Decision, Keeping, Outcome, Policy, PolicyError, PolicyFileError, PolicyProblem,
    Verifier,
};

const ROUTE: &str =
    "[[routes]]\nmethod = \"GET\"\npath = \"/a/{b}\"\naction = \"see\"\nresource = \"a/{b}\"\n";

fn bound(from: u64, max_staleness: u64) -> AtRisk {
    AtRisk { unit: CNY, from: Amount(from), max_staleness: Seconds(max_staleness) }
}

/// Evidence of three seconds' age, and a payment of 100.
fn judged(at_risk: Vec<AtRisk>) -> Decision {
    let mut scene = Scene::funded();
    scene.settings.at_risk = at_risk;
    let verdict = scene.build().verdict(&scene.policy(), NOW_MS);
    let checked = verdict.checks.iter().any(|check| check.name == CheckName::AtRisk);
    assert_eq!(checked, !scene.settings.at_risk.is_empty(), "it is left out where nothing is stated");
    verdict.decision
}

#[test]
fn an_amount_wants_fresher_evidence() {
    let stale = Decision::Denied(Code::Stale);
    assert_eq!(judged(vec![]), Decision::Allowed);
    assert_eq!(judged(vec![bound(100, 3)]), Decision::Allowed, "as old as it may be");
    assert_eq!(judged(vec![bound(100, 2)]), stale, "from this amount on");
    assert_eq!(judged(vec![bound(101, 0)]), Decision::Allowed, "less than that");
    assert_eq!(
        judged(vec![bound(1, 50), bound(50, 2), bound(1_000, 0)]),
        stale,
        "the strictest that applies"
    );
    let other = AtRisk { unit: ObjectId([0x44; 32]), ..bound(0, 0) };
    assert_eq!(judged(vec![other]), Decision::Allowed, "another unit");
}

#[test]
fn a_request_without_an_amount_risks_none() {
    let mut scene = Scene::root();
    scene.settings.at_risk = vec![bound(0, 0)];
    let verdict = scene.build().verdict(&scene.policy(), NOW_MS);
    assert_eq!(verdict.decision, Decision::Allowed);
    assert!(verdict.checks.iter().all(|check| check.outcome != Outcome::Failed(Code::Stale)));
}

#[test]
fn the_file_says_what_is_at_risk_and_what_is_served() {
    let plain = Policy::from_toml(file().as_bytes()).unwrap();
    assert_eq!((plain.settings().at_risk.len(), plain.settings().serving.routes.len()), (0, 0));
    assert_eq!(plain.settings().serving.record, Keeping::Durable, "what is not said is the careful choice");
    let text = format!(
        "record = \"memory\"\n{}[[at_risk]]\nunit = \"{CNY}\"\nfrom_minor = 1_000\nmax_staleness_s = 5\n{ROUTE}\
         query = true\namount_minor = 7\nunit = \"{CNY}\"\n",
        file()
    );
    let policy = Policy::from_toml(text.as_bytes()).unwrap();
    let settings = policy.settings();
    assert_eq!(settings.at_risk, [bound(1_000, 5)]);
    assert_eq!(settings.serving.record, Keeping::Memory);
    let cost = Some(Cost { amount: Amount(7), unit: CNY });
    assert_eq!(settings.serving.routes, [Route::new("GET", "/a/{b}", "see", "a/{b}", cost, true).unwrap()]);
    let shown = format!("GET /a/{{b}}[?query] is see a/{{b}}, for 7 minor units of {CNY}");
    assert_eq!(settings.serving.routes[0].to_string(), shown);
}

fn problem(more: &str) -> (usize, Option<&'static str>, PolicyProblem) {
    let error: PolicyFileError = Policy::from_toml(format!("{}{more}", file()).as_bytes()).unwrap_err();
    (error.line - file().lines().count(), error.key, error.problem)
}

#[test]
fn a_bad_route_names_its_line_and_key() {
    use PolicyProblem::{BadValue, UnknownKey, WrongType};
    let with = |from: &str, to: &str| problem(&ROUTE.replacen(from, to, 1));
    assert_eq!(with("GET", "get"), (2, Some("method"), BadValue));
    assert_eq!(with("/a/{b}", "a/{b}"), (3, Some("path"), BadValue));
    assert_eq!(with("see", ""), (4, Some("action"), BadValue));
    assert_eq!(with("\"a/{b}\"", "\"a/{c}\""), (5, Some("resource"), BadValue));
    assert_eq!(with("\"see\"", "1"), (4, Some("action"), WrongType));
    assert_eq!(problem(&format!("{ROUTE}cost = 1\n")), (6, None, UnknownKey));
    let zero = format!("{ROUTE}amount_minor = 0\nunit = \"{CNY}\"\n");
    assert_eq!(problem(&zero), (6, Some("amount_minor"), BadValue));
    assert_eq!(problem("record = \"disk\"\n"), (1, Some("record"), BadValue));
    assert_eq!(problem("routes = 1\n"), (1, Some("routes"), WrongType));
    assert_eq!(problem("routes = [1]\n"), (1, Some("routes"), WrongType));
    let at_risk = format!("[[at_risk]]\nunit = \"{CNY}\"\nfrom_minor = -1\nmax_staleness_s = 5\n");
    assert_eq!(problem(&at_risk), (3, Some("from_minor"), BadValue));
    let missing = |more: String| {
        let error = Policy::from_toml(format!("{}{more}", file()).as_bytes()).unwrap_err();
        (error.key, error.problem)
    };
    let needed = PolicyProblem::MissingKey;
    assert_eq!(missing(format!("{ROUTE}amount_minor = 1\n")), (Some("unit"), needed));
    assert_eq!(missing(format!("{ROUTE}unit = \"{CNY}\"\n")), (Some("amount_minor"), needed));
    assert_eq!(missing(ROUTE.replacen("method = \"GET\"\n", "", 1)), (Some("method"), needed));
}

#[test]
fn the_parts_of_a_route_are_held_to_their_form() {
    let made = |method: &str, path: &str, action: &str, resource: &str| {
        Route::new(method, path, action, resource, None, false).err()
    };
    for path in ["/", "/a", "/{a}/{b}", "/{a*}", "/a/{rest*}", "/a.b-c/{_1}"] {
        assert_eq!(made("*", path, "see", ""), None, "{path}");
    }
    let long = format!("/{}", "x".repeat(ROUTE_BYTES_MAX));
    let longest = "x".repeat(ROUTE_BYTES_MAX);
    assert_eq!(made("*", "/", &longest, &longest), None);
    assert_eq!(made("*", "/", &format!("{longest}x"), ""), Some(RouteError::Action));
    assert_eq!(made("*", "/", "see", &format!("{longest}x")), Some(RouteError::Resource));
    let name = |length: usize| format!("/{{{}}}", "n".repeat(length));
    for path in [
        "",
        "a",
        "/a/",
        "//",
        "/{}",
        "/{A}",
        "/{a}/{a}",
        "/{a*}/b",
        "/a*",
        "/{a}b",
        "/{method}",
        "/..",
        "/a;b",
        "/a%20",
        &long,
        &name(ROUTE_NAME_BYTES_MAX + 1),
    ] {
        assert_eq!(made("GET", path, "see", ""), Some(RouteError::Path), "{path}");
    }
    assert_eq!(made("GET", &name(ROUTE_NAME_BYTES_MAX), "see", ""), None);
    assert_eq!(made(&"X".repeat(HTTP_METHOD_BYTES_MAX), "/", "see", ""), None);
    for method in ["", "get", "GET ", &"X".repeat(HTTP_METHOD_BYTES_MAX + 1)] {
        assert_eq!(made(method, "/", "see", ""), Some(RouteError::Method), "{method}");
    }
    for text in ["{b", "b}", "{c}", "{a*}", "}{"] {
        assert_eq!(made("GET", "/{a}", text, ""), Some(RouteError::Action), "{text}");
        assert_eq!(made("GET", "/{a}", "see", text), Some(RouteError::Resource), "{text}");
    }
    assert_eq!(made("GET", "/{a}", "{method}-{a}", "{a}/{a}"), None);
}

#[test]
fn as_many_bounds_and_routes_as_are_named() {
    let made = |at_risk: usize, routes: usize| {
        let mut settings = Scene::root().settings;
        settings.at_risk = vec![bound(1, 1); at_risk];
        settings.serving.routes = vec![Route::new("GET", "/", "see", "", None, false).unwrap(); routes];
        Policy::new(settings).err()
    };
    assert_eq!(made(POLICY_AT_RISK_MAX, ROUTES_MAX), None);
    assert_eq!(made(POLICY_AT_RISK_MAX + 1, 0), Some(PolicyError::TooManyAtRisk));
    assert_eq!(made(0, ROUTES_MAX + 1), Some(PolicyError::TooManyRoutes));
    let many = ROUTE.repeat(ROUTES_MAX + 1);
    assert_eq!(problem(&many).2, PolicyProblem::BadValue);
}

#[test]
fn evidence_is_proved_by_itself_before_it_is_kept() {
    let scene = Scene::funded();
    let evidence = scene.build().evidence.unwrap();
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    assert_eq!(verifier.proves(&evidence, NOW_MS), Ok(()));
    let mut forged = Scene::funded();
    forged.funding.as_mut().unwrap().note = |note| *note = note.replacen('\n', "\n1", 1);
    let forged = forged.build().evidence.unwrap();
    assert!(verifier.proves(&forged, NOW_MS).is_err());
    assert_eq!(verifier.proves(b"", NOW_MS), Err(Code::Malformed));
    let mut moved = Scene::funded();
    moved.funding.as_mut().unwrap().proof = |proof| {
        let (begin, rest) = proof.split_once("index ").unwrap();
        let (index, end) = rest.split_once('\n').unwrap();
        *proof = format!("{begin}index {}\n{end}", index.parse::<u64>().unwrap() - 1);
    };
    let moved = moved.build().evidence.unwrap();
    assert_ne!(moved, evidence, "another index");
    assert_eq!(verifier.proves(&moved, NOW_MS), Err(Code::BadProof));
}

#[test]
fn what_travels_over_http_is_bounded() {
    let made = |method: usize, authority: usize, target: usize| {
        let (method, authority) = ("M".repeat(method), "a".repeat(authority));
        let target = format!("/{}", "t".repeat(target - 1));
        let hash = Hash([1; 32]);
        HttpRequest::new(&method, &authority, &target, hash, hash).map(drop)
    };
    let most = [HTTP_METHOD_BYTES_MAX, HTTP_AUTHORITY_BYTES_MAX, HTTP_TARGET_BYTES_MAX];
    assert_eq!(made(most[0], most[1], most[2]), Ok(()));
    for place in 0..3 {
        let mut past = most;
        past[place] += 1;
        assert_eq!(made(past[0], past[1], past[2]), Err(Code::Oversize), "{place}");
    }
    let field = |length: usize| {
        let written = written_byte_sequence(&vec![7; length]);
        byte_sequence(written.as_bytes(), HTTP_FIELD_BYTES_MAX).map(|bytes| bytes.len())
    };
    assert_eq!(field(HTTP_FIELD_BYTES_MAX), Ok(HTTP_FIELD_BYTES_MAX));
    assert_eq!(field(HTTP_FIELD_BYTES_MAX + 1), Err(Code::Oversize));
}

/// What one route makes of the request that the holder signed: booking room 12.
fn decided(action: &str, resource: &str) -> Option<Code> {
    let mut scene = Scene::root();
    let route = Route::new("POST", "/rooms/{room}/book", action, resource, None, false).unwrap();
    scene.settings.serving.routes = vec![route];
    let presentation = scene.build().presentation;
    let hash = Hash([7; 32]);
    let request =
        HttpRequest::new("POST", "hotel.example", "/rooms/12/book", hash, sha256(&[&presentation])).unwrap();
    scene.ask().invocation.request = Some(request.digest());
    let built = scene.build();
    let fields = Fields {
        invocation: built.invocation.clone().unwrap(),
        presentation: request.presentation(),
        arguments: built.arguments.clone(),
        approvals: Vec::new(),
        evidence: None,
    };
    let mut verifier = Verifier::new(scene.policy(), Millis(0));
    let brought = Brought { request, fields: &fields, presentation: &presentation, evidence: None };
    decide(&mut verifier, &brought, NOW_MS).outcome.err()
}

#[test]
fn both_action_and_resource_are_those_of_the_route() {
    assert_eq!(decided("book", "rooms/{room}"), None);
    assert_eq!(decided("cancel", "rooms/{room}"), Some(Code::WrongRequest));
    assert_eq!(decided("book", "suites/{room}"), Some(Code::WrongRequest));
}

#[test]
fn a_route_that_takes_all_of_another_hides_it() {
    let route = |method: &str, path: &str| Route::new(method, path, "act", "", None, false).expect("a route");
    for (first, second, hides) in [
        (("GET", "/a"), ("GET", "/a"), true),
        (("*", "/a"), ("GET", "/a"), true),
        (("GET", "/a"), ("*", "/a"), false),
        (("GET", "/a"), ("POST", "/a"), false),
        (("*", "/{x}"), ("GET", "/a"), true),
        (("*", "/a"), ("GET", "/{x}"), false),
        (("*", "/{x}"), ("GET", "/{y*}"), false),
        (("*", "/{x*}"), ("GET", "/{y*}"), true),
        (("*", "/{x*}"), ("POST", "/rooms/{room}/book"), true),
        (("*", "/{x*}"), ("GET", "/"), false),
        (("*", "/rooms/{x*}"), ("GET", "/rooms"), false),
        (("*", "/rooms/{x}/{y*}"), ("GET", "/rooms/{a}/book"), true),
        (("*", "/rooms/{x}/{y*}"), ("GET", "/rooms/{a}"), false),
        (("*", "/"), ("GET", "/"), true),
    ] {
        let (one, two) = (route(first.0, first.1), route(second.0, second.1));
        assert_eq!(one.hides(&two), hides, "{first:?} {second:?}");
    }
}
