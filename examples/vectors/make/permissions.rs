//! `permissions.json`: chains of tokens, each within the one above, and what they allow (spec 04 §3, §7).

use super::things::*;
use super::{Vector, hex, operand};
use remit_verifier::code::Code;
use remit_verifier::object::{
    Argument, Budget, Delegation, DelegationMode, Operator, Origin, Permission, Token, Value,
};
use remit_verifier::types::*;
use serde_json::{Value as Json, json};

const SERVICE: ObjectId = HOTEL;

fn anything() -> Permission {
    Permission {
        services: Some(vec![SERVICE]),
        actions: Some(vec!["book".into(), "cancel".into()]),
        resources: Some(vec![path("")]),
        conditions: Vec::new(),
    }
}

fn plain_root() -> Token {
    let delegation = Some(Delegation { mode: DelegationMode::Offline, depth: 7 });
    let permissions = Some(vec![anything()]);
    let not_before = None;
    Token { permissions, delegation, not_before, max_staleness: Some(Seconds(600)), ..root() }
}

fn plain_offline() -> Token {
    Token { budgets: None, expires: root().expires, ..offline() }
}

/// Services, actions, resources.
fn permit(actions: &[&str], resources: &[&str]) -> Permission {
    Permission {
        services: None,
        actions: Some(actions.iter().map(|action| action.to_string()).collect()),
        resources: Some(resources.iter().map(|text| path(text)).collect()),
        conditions: Vec::new(),
    }
}

fn chain(tokens: &[Token]) -> Json {
    json!({ "tokens": tokens.iter().map(|token| hex(token.encode())).collect::<Vec<_>>() })
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    [delegations(), claims(), lists(), asked(), conditions(), payments()].into_iter().flatten().collect()
}

fn of(name: &str, about: &str, tokens: &[Token], result: Result<(), Code>) -> Vector {
    Vector::of(name, about, "04 §7", chain(tokens), result)
}

fn with(tokens: &[Token], key: &str, value: Json) -> Json {
    let mut input = chain(tokens);
    input[key] = value;
    input
}

fn delegations() -> Vec<Vector> {
    use DelegationMode::{Logged, None as Neither, Offline};
    let under = |mode, depth, child: Token| {
        [Token { delegation: Some(Delegation { mode, depth }), ..plain_root() }, child]
    };
    let no = Err(Code::NotDelegable);
    let silent = [Token { delegation: None, ..plain_root() }, logged()];
    let again = |mode, depth| Token { delegation: Some(Delegation { mode, depth }), ..logged() };
    let wide = Err(Code::WiderThanParent);
    let mut all = vec![
        of("logged-under-none", "A root that allows no delegation.", &under(Neither, 7, logged()), no),
        of("silent-root", "A root that says nothing of delegation.", &silent, no),
        of(
            "logged-under-logged",
            "A logged child where such are allowed.",
            &under(Logged, 1, logged()),
            Ok(()),
        ),
        of(
            "offline-under-logged",
            "An offline link where only logged children are allowed.",
            &under(Logged, 1, plain_offline()),
            no,
        ),
        of(
            "offline-under-offline",
            "An offline link where such are allowed.",
            &under(Offline, 1, plain_offline()),
            Ok(()),
        ),
        of(
            "logged-under-offline",
            "A logged child where links are allowed too.",
            &under(Offline, 1, logged()),
            Ok(()),
        ),
        of("no-depth-left", "No depth is left.", &under(Logged, 0, logged()), no),
        of(
            "same-depth",
            "A child that may delegate as deep as its parent.",
            &under(Logged, 3, again(Logged, 3)),
            wide,
        ),
        of(
            "depth-less-one",
            "A child that may delegate one link less.",
            &under(Logged, 3, again(Logged, 2)),
            Ok(()),
        ),
        of(
            "wider-mode",
            "A child that allows links where its parent does not.",
            &under(Logged, 3, again(Offline, 1)),
            wide,
        ),
    ];
    let deepest = |links: usize| {
        let root = Token { delegation: Some(Delegation { mode: Offline, depth: 8 }), ..plain_root() };
        std::iter::once(root).chain(std::iter::repeat_n(logged(), links - 1)).collect::<Vec<_>>()
    };
    all.push(of("eight-links", "The deepest chain.", &deepest(8), Ok(())));
    all.push(of("nine-links", "One link more.", &deepest(9), Err(Code::TooDeep)));
    all
}

fn claims() -> Vec<Vector> {
    let root = || Token { not_before: Some(START), transferable: None, ..plain_root() };
    let rows: Vec<(&str, &str, Token, bool)> = vec![
        ("expires-with", "A child that ends with its parent.", logged(), true),
        (
            "expires-later",
            "A child that ends a second later.",
            Token { expires: Seconds(root().expires.0 + 1), ..logged() },
            false,
        ),
        (
            "begins-with",
            "A child that begins with its parent.",
            Token { not_before: Some(START), ..logged() },
            true,
        ),
        (
            "begins-earlier",
            "A child that begins a second earlier.",
            Token { not_before: Some(Seconds(START.0 - 1)), ..logged() },
            false,
        ),
        ("begins-anytime", "A child that states no beginning inherits it.", logged(), true),
        (
            "not-transferable",
            "A child that says no to transfers.",
            Token { transferable: Some(false), ..logged() },
            true,
        ),
        (
            "transferable",
            "A child that allows transfers where its parent does not.",
            Token { transferable: Some(true), ..logged() },
            false,
        ),
        (
            "staleness-equal",
            "The same bound on the age of evidence.",
            Token { max_staleness: Some(Seconds(600)), ..logged() },
            true,
        ),
        ("staleness-wider", "A wider bound.", Token { max_staleness: Some(Seconds(601)), ..logged() }, false),
    ];
    let vector = |(name, about, child, fits): (&str, &str, Token, bool)| {
        of(name, about, &[root(), child], fits.then_some(()).ok_or(Code::WiderThanParent))
    };
    rows.into_iter().map(vector).collect()
}

fn lists() -> Vec<Vector> {
    let rooms = Permission { services: Some(vec![SERVICE]), ..permit(&["book"], &["rooms/12"]) };
    let root = Token { permissions: Some(vec![rooms]), ..plain_root() };
    let child = |permissions: Vec<Permission>| Token { permissions: Some(permissions), ..logged() };
    let services =
        |services: &[ObjectId]| Permission { services: Some(services.to_vec()), ..Permission::default() };
    let wide = Err(Code::WiderThanParent);
    let rows = [
        (
            "all-inherited",
            "An alternative that states nothing inherits all.",
            child(vec![Permission::default()]),
            Ok(()),
        ),
        ("no-alternative", "A child that permits nothing.", child(Vec::new()), Ok(())),
        ("empty-action-list", "A set that names nothing.", child(vec![permit(&[], &[])]), Ok(())),
        ("equal", "The same sets.", child(vec![permit(&["book"], &["rooms/12"])]), Ok(())),
        (
            "path-below",
            "A path below the parent's.",
            child(vec![permit(&["book"], &["rooms/12/minibar"])]),
            Ok(()),
        ),
        (
            "path-beside",
            "A path that only begins with the same letters.",
            child(vec![permit(&["book"], &["rooms/123"])]),
            wide,
        ),
        ("path-above", "A path above the parent's.", child(vec![permit(&["book"], &["rooms"])]), wide),
        (
            "more-actions",
            "An action that the parent does not have.",
            child(vec![permit(&["book", "cancel"], &["rooms/12"])]),
            wide,
        ),
        ("same-service", "The same service.", child(vec![services(&[SERVICE])]), Ok(())),
        ("other-service", "Another service.", child(vec![services(&[SERVICE, COMPANY])]), wide),
        (
            "one-alternative-wider",
            "One of two alternatives is wider.",
            child(vec![permit(&["book"], &["rooms/12"]), permit(&["sell"], &["rooms/12"])]),
            wide,
        ),
    ];
    let mut all: Vec<_> = rows
        .into_iter()
        .map(|(name, about, child, result)| {
            Vector::of(&format!("within/{name}"), about, "04 §7", chain(&[root.clone(), child]), result)
        })
        .collect();
    let middle = child(vec![permit(&["book"], &["rooms/12/minibar"])]);
    let last = child(vec![permit(&["book"], &["rooms/12"])]);
    all.push(Vector::of(
        "within/nearest-list",
        "The nearest link that states a list bounds its grandchildren.",
        "04 §7",
        chain(&[root, middle, logged(), last]),
        wide,
    ));
    all
}

fn ask(service: &ObjectId, action: &str, resource: &str, arguments: Option<&[Argument]>) -> Json {
    let argument = |a: &Argument| json!({ "name": a.name, "value": operand(&a.value) });
    let arguments = arguments.map(|all| all.iter().map(argument).collect::<Vec<_>>());
    json!({ "audience": service.to_string(), "action": action, "resource": resource, "arguments": arguments })
}

/// Name, what it is about, the chain, what is asked, the answer.
type AskedRow<'r> = (&'r str, &'r str, &'r [Token], Json, Result<(), Code>);

fn asked() -> Vec<Vector> {
    let first = Permission { services: Some(vec![SERVICE]), ..permit(&["book"], &["rooms"]) };
    let second = Permission { services: Some(vec![SERVICE]), ..permit(&["pay"], &["bills"]) };
    let root = Token { permissions: Some(vec![first, second]), ..plain_root() };
    let narrow = Token { permissions: Some(vec![permit(&["book"], &["rooms/12"])]), ..logged() };
    let nothing = Token { permissions: Some(Vec::new()), ..logged() };
    let bare = Token { permissions: None, ..plain_root() };
    let open = Token { permissions: Some(vec![Permission::default()]), ..plain_root() };
    let (one, two) = ([root.clone()], [root.clone(), narrow]);
    let rows: Vec<AskedRow<'_>> = vec![
        ("first", "The first alternative.", &one, ask(&SERVICE, "book", "rooms/12", None), Ok(())),
        ("second", "The second alternative.", &one, ask(&SERVICE, "pay", "bills", None), Ok(())),
        (
            "service",
            "A service that no alternative names.",
            &one,
            ask(&COMPANY, "book", "rooms", None),
            Err(Code::ServiceNotAllowed),
        ),
        (
            "action",
            "An action that none names.",
            &one,
            ask(&SERVICE, "sell", "rooms", None),
            Err(Code::ActionNotAllowed),
        ),
        (
            "mixed",
            "The action of one and the resource of the other.",
            &one,
            ask(&SERVICE, "book", "bills", None),
            Err(Code::ResourceNotAllowed),
        ),
        (
            "resource",
            "A resource beside the permitted one.",
            &one,
            ask(&SERVICE, "book", "roomservice", None),
            Err(Code::ResourceNotAllowed),
        ),
        (
            "every-link",
            "Every link must allow it.",
            &two,
            ask(&SERVICE, "book", "rooms/13", None),
            Err(Code::ResourceNotAllowed),
        ),
        ("both-links", "Both links do.", &two, ask(&SERVICE, "book", "rooms/12", None), Ok(())),
        (
            "child-action",
            "The child has one action less.",
            &two,
            ask(&SERVICE, "pay", "bills", None),
            Err(Code::ActionNotAllowed),
        ),
    ];
    let mut all: Vec<_> = rows
        .into_iter()
        .map(|(name, about, tokens, asked, result)| {
            Vector::of(&format!("asked/{name}"), about, "04 §3", with(tokens, "asked", asked), result)
        })
        .collect();
    let anything = || ask(&SERVICE, "book", "rooms", None);
    let mut root_of = |name: &str, about: &str, tokens: &[Token]| {
        let input = with(tokens, "asked", anything());
        all.push(Vector::no(&format!("asked/{name}"), about, "04 §3", input, Code::ServiceNotAllowed));
    };
    root_of("bare-root", "A root without permissions allows nothing.", &[bare]);
    root_of("open-root", "A set that a root does not state holds nothing.", &[open]);
    root_of("empty-child", "A child with an empty list allows nothing.", &[root, nothing]);
    all
}

fn conditions() -> Vec<Vector> {
    let condition = condition("nights", Operator::Le, &[Value::Integer(3)]);
    let limited = Permission { conditions: vec![condition], ..Permission::default() };
    let tokens = [plain_root(), Token { permissions: Some(vec![limited]), ..logged() }];
    let nights = |value| vec![Argument { name: "nights".into(), salt: [0; 16], value }];
    let vector = |name: &str, about: &str, arguments: Option<Vec<Argument>>, result| {
        let asked = ask(&SERVICE, "book", "rooms", arguments.as_deref());
        Vector::of(&format!("condition/{name}"), about, "04 §4", with(&tokens, "asked", asked), result)
    };
    let no = Err(Code::ConditionNotMet);
    vec![
        vector("met", "Three nights.", Some(nights(Value::Integer(3))), Ok(())),
        vector("not-met", "Four nights.", Some(nights(Value::Integer(4))), no),
        vector("missing", "No such argument.", Some(Vec::new()), no),
        vector("another-type", "A text.", Some(nights(Value::Text("3".into()))), no),
        vector("not-opened", "The ledger, which sees no arguments, skips conditions.", None, Ok(())),
    ]
}

fn payments() -> Vec<Vector> {
    let origin = Origin::Offline { parent: TOKEN, epoch: Epoch(0), generation: Generation(0) };
    let link = |budgets: Option<Vec<Budget>>| Token { origin, budgets, ..plain_offline() };
    let stated = |total, per_use| link(Some(vec![budget(total, per_use)]));
    let first = stated(Some(100), Some(50));
    let foreign = link(Some(vec![Budget { unit: USD, ..budget(Some(1), None) }]));
    let refundable = |most| link(Some(vec![Budget { refundable: Some(Amount(most)), ..budget(None, None) }]));
    let wide = Err(Code::WiderThanParent);
    let rows = [
        ("equal", "The same limits.", stated(Some(100), Some(50)), Ok(())),
        ("inherited", "A budget that states no limit.", stated(None, None), Ok(())),
        ("total", "A larger total.", stated(Some(101), None), wide),
        ("per-use", "A larger use.", stated(None, Some(51)), wide),
        ("refundable", "Refunds up to the total.", refundable(100), Ok(())),
        (
            "more-refundable",
            "Refunds above the total, which is their bound by default.",
            refundable(101),
            wide,
        ),
        ("unit", "A unit that the parent does not budget.", foreign, wide),
    ];
    let mut all: Vec<_> = rows
        .into_iter()
        .map(|(name, about, last, result)| {
            let tokens = [plain_root(), first.clone(), last];
            Vector::of(&format!("budget/{name}"), about, "04 §5", chain(&tokens), result)
        })
        .collect();
    let tokens = [plain_root(), first, stated(Some(40), None)];
    for (name, amount, unit, result) in [
        ("within", 40, CNY, Ok(())),
        ("above-total", 41, CNY, Err(Code::AboveTotal)),
        ("above-per-use", 51, CNY, Err(Code::AbovePerUse)),
        ("another-unit", 1, USD, Err(Code::UnitNotBudgeted)),
    ] {
        let payment = json!({ "amount": amount.to_string(), "unit": unit.to_string() });
        let input = with(&tokens, "payment", payment);
        all.push(Vector::of(
            &format!("payment/{name}"),
            "An amount through two links.",
            "04 §5",
            input,
            result,
        ));
    }
    all
}
