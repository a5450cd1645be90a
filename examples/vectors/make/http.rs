//! `http.json`: what is signed of a request over HTTP, how it travels, what it is, and whether it is served (spec 20).

use super::verdicts::policy_file;
use super::{Vector, hex};
use crate::scene::*;
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{Brought, Fields, HttpRequest, Route, decide, written_byte_sequence};
use remit_verifier::limits::*;
use remit_verifier::object::Argument;
use remit_verifier::types::{Hash, Millis, Nonce};
use remit_verifier::verify::{Case, Policy, Verifier};
use serde_json::{Value, json};

/// The routes of the hotel, as they stand in its policy file.
pub(crate) const ROUTES: &str = r#"
[[routes]]
method = "POST"
path = "/rooms/{room}/book"
action = "book"
resource = "rooms/{room}"

[[routes]]
method = "GET"
path = "/search"
action = "search"
resource = ""
query = true

[[routes]]
method = "PUT"
path = "/rooms/{room}/key"
action = "book"
resource = "rooms/{room}"
amount_minor = 100
unit = "3333333333333333333333333333333333333333333333333333333333333333"

[[routes]]
method = "*"
path = "/files/{path*}"
action = "{method}"
resource = "files/{path}"
"#;

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut all = digests();
    all.extend(fields());
    all.extend(routes());
    all.extend(decisions());
    all
}

/// Every vector that is a no, and why.
const NOS: &[(&str, Code)] = &[
    ("digest/long-target", Code::Oversize),
    ("digest/long-method", Code::Oversize),
    ("digest/long-authority", Code::Oversize),
    ("digest/no-method", Code::Malformed),
    ("digest/lower-case-method", Code::Malformed),
    ("digest/upper-case-authority", Code::Malformed),
    ("digest/no-authority", Code::Malformed),
    ("digest/space", Code::Malformed),
    ("digest/fragment", Code::Malformed),
    ("digest/not-ascii", Code::Malformed),
    ("digest/absolute", Code::Malformed),
    ("digest/asterisk", Code::Malformed),
    ("fields/none", Code::NoInvocation),
    ("fields/no-invocation", Code::NoInvocation),
    ("fields/no-presentation", Code::Malformed),
    ("fields/twice", Code::Malformed),
    ("fields/short-evidence", Code::Malformed),
    ("fields/long-evidence", Code::Oversize),
    ("fields/many-arguments", Code::TooMany),
    ("fields/no-arguments", Code::NotCanonical),
    ("fields/trailing", Code::TrailingBytes),
    ("fields/many-approvals", Code::TooMany),
    ("fields/long-approval", Code::Oversize),
    ("fields/long-invocation", Code::Oversize),
    ("fields/no-colons", Code::Malformed),
    ("fields/no-padding", Code::Malformed),
    ("fields/unused-bits", Code::Malformed),
    ("fields/url-alphabet", Code::Malformed),
    ("fields/parameter", Code::Malformed),
    ("fields/list", Code::Malformed),
    ("fields/space", Code::Malformed),
    ("fields/empty", Code::Malformed),
    ("fields/one-colon", Code::Malformed),
    ("route/method", Code::NoRoute),
    ("route/head", Code::NoRoute),
    ("route/empty-query", Code::NoRoute),
    ("route/no-query", Code::NoRoute),
    ("route/rest-of-none", Code::NoRoute),
    ("route/root", Code::NoRoute),
    ("route/longer", Code::NoRoute),
    ("route/shorter", Code::NoRoute),
    ("route/trailing-slash", Code::NoRoute),
    ("route/double-slash", Code::NoRoute),
    ("route/dots", Code::NoRoute),
    ("route/dot", Code::NoRoute),
    ("route/percent", Code::NoRoute),
    ("route/percent-letter", Code::NoRoute),
    ("route/backslash", Code::NoRoute),
    ("route/semicolon", Code::NoRoute),
    ("route/case", Code::NoRoute),
    ("route/long-resource", Code::NoRoute),
    ("decide/unsigned", Code::WrongRequest),
    ("decide/content", Code::WrongRequest),
    ("decide/target", Code::WrongRequest),
    ("decide/method", Code::NoRoute),
    ("decide/route", Code::WrongRequest),
    ("decide/not-funded", Code::NotFunded),
    ("decide/free", Code::WrongRequest),
    ("decide/cheaper", Code::WrongRequest),
    ("decide/late", Code::Stale),
    ("decide/other-nonce", Code::WrongRequest),
];

/// A vector whose result is the one of the table, or good if it stands in none.
fn vector(name: &str, about: &str, spec: &'static str, input: Value, came: Result<Value, Code>) -> Vector {
    let no = NOS.iter().find(|(no, _)| *no == name).map(|(_, code)| *code);
    assert_eq!(came.as_ref().err().copied(), no, "{name}");
    match came {
        Ok(values) => Vector::ok(name, about, spec, input, values),
        Err(code) => Vector::no(name, about, spec, input, code),
    }
}

/// What one request over HTTP comes to, from the JSON of a vector alone.
pub(crate) fn digest_of(input: &Value) -> Result<Hash, Code> {
    let text = |name: &str| input[name].as_str().expect("a text");
    let hash = |name: &str| Hash(super::unhex(text(name)).try_into().expect("32 bytes"));
    let (method, authority, target) = (text("method"), text("authority"), text("target"));
    let request = HttpRequest::new(method, authority, target, hash("content"), hash("presentation"))?;
    Ok(request.digest())
}

fn digests() -> Vec<Vector> {
    let empty = sha256(&[]).to_string();
    let row = |name: &str, about: &str, change: &dyn Fn(&mut Value)| {
        let mut input = json!({
            "kind": "digest", "method": "POST", "authority": "hotel.example", "target": "/rooms/12/book?late=1",
            "content": empty, "presentation": "ab".repeat(32),
        });
        change(&mut input);
        let came = digest_of(&input).map(|digest| json!({ "digest": digest.to_string() }));
        vector(&format!("digest/{name}"), about, "20 §1", input, came)
    };
    let target = |length: usize| format!("/{}", "x".repeat(length - 1));
    vec![
        row("plain", "A target with a query.", &|_| {}),
        row("method", "Another method.", &|input| input["method"] = json!("PUT")),
        row("authority", "A port is part of the authority.", &|i| {
            i["authority"] = json!("hotel.example:8443")
        }),
        row("content", "Content.", &|i| i["content"] = json!(sha256(&[b"{}"]).to_string())),
        row("presentation", "Another presentation.", &|i| i["presentation"] = json!("ac".repeat(32))),
        row("longest-target", "As long as it may be.", &|i| {
            i["target"] = json!(target(HTTP_TARGET_BYTES_MAX))
        }),
        row("long-target", "One byte longer.", &|i| i["target"] = json!(target(HTTP_TARGET_BYTES_MAX + 1))),
        row("longest-method", "As long as it may be.", &|i| {
            i["method"] = json!("X".repeat(HTTP_METHOD_BYTES_MAX))
        }),
        row("long-method", "One byte longer.", &|i| {
            i["method"] = json!("X".repeat(HTTP_METHOD_BYTES_MAX + 1))
        }),
        row("longest-authority", "As long as it may be.", &|i| {
            i["authority"] = json!("x".repeat(HTTP_AUTHORITY_BYTES_MAX));
        }),
        row("long-authority", "One byte longer.", &|i| {
            i["authority"] = json!("x".repeat(HTTP_AUTHORITY_BYTES_MAX + 1));
        }),
        row("no-method", "No method.", &|i| i["method"] = json!("")),
        row("lower-case-method", "Methods are of upper case.", &|i| i["method"] = json!("post")),
        row("upper-case-authority", "An authority is of lower case.", &|i| {
            i["authority"] = json!("Hotel.example")
        }),
        row("no-authority", "No authority.", &|i| i["authority"] = json!("")),
        row("space", "A space in the target.", &|i| i["target"] = json!("/a b")),
        row("fragment", "A fragment is never sent.", &|i| i["target"] = json!("/a#b")),
        row("not-ascii", "A target beyond ASCII.", &|i| i["target"] = json!("/caf\u{e9}")),
        row("absolute", "A target that is no path.", &|i| i["target"] = json!("http://hotel.example/")),
        row("asterisk", "The target of OPTIONS is no path.", &|i| i["target"] = json!("*")),
    ]
}

/// The fields of a vector, read.
pub(crate) fn fields_of(input: &Value) -> Result<Fields, Code> {
    let fields = input["fields"].as_array().expect("a list");
    let text = |value: &'static str, field: &Value| field[0] == value;
    Fields::read(|name| {
        let own = fields.iter().filter(|field| text(name, field));
        own.map(|field| field[1].as_str().expect("a text").as_bytes()).collect()
    })
}

/// What fields say, as a vector states it.
pub(crate) fn fields_view(fields: &Fields) -> Value {
    let argument = |argument: &Argument| {
        let mut w = Writer::default();
        argument.encode(&mut w);
        hex(w.into_bytes())
    };
    json!({
        "invocation": hex(&fields.invocation),
        "presentation": fields.presentation.to_string(),
        "arguments": fields.arguments.iter().map(argument).collect::<Vec<_>>(),
        "approvals": fields.approvals.iter().map(hex).collect::<Vec<_>>(),
        "evidence": fields.evidence.map(|hash| hash.to_string()),
    })
}

fn fields() -> Vec<Vector> {
    let some = |bytes: &[u8]| json!(written_byte_sequence(bytes));
    let base =
        || vec![json!(["remit-invocation", some(&[1, 2])]), json!(["remit-presentation", some(&[7; 32])])];
    let row = |name: &str, about: &str, change: &dyn Fn(&mut Vec<Value>)| {
        let mut fields = base();
        change(&mut fields);
        let input = json!({ "kind": "fields", "fields": fields });
        let came = fields_of(&input).map(|fields| fields_view(&fields));
        vector(&format!("fields/{name}"), about, "20 §2", input, came)
    };
    let arguments = |count: usize| {
        let mut w = Writer::default();
        w.list(&vec![(); count], |w, ()| {
            Argument {
                name: "nights".into(),
                salt: [5; 16],
                value: remit_verifier::object::Value::Integer(2),
            }
            .encode(w)
        });
        w.into_bytes()
    };
    let approvals = |count: usize, length: usize| {
        let mut w = Writer::default();
        w.list(&vec![(); count], |w, ()| {
            w.bytes(&vec![9; length]);
        });
        w.into_bytes()
    };
    let add = |name: &'static str, bytes: Vec<u8>| {
        move |fields: &mut Vec<Value>| fields.push(json!([name, written_byte_sequence(&bytes)]))
    };
    vec![
        row("least", "Invocation and presentation.", &|_| {}),
        row("none", "No field at all.", &|f| f.clear()),
        row("no-invocation", "A presentation alone.", &|f| {
            f.remove(0);
        }),
        row("no-presentation", "An invocation alone.", &|f| {
            f.remove(1);
        }),
        row("twice", "The same field twice.", &|f| {
            let again = f[1].clone();
            f.push(again);
        }),
        row("evidence", "The hash of evidence.", &add("remit-evidence", vec![8; 32])),
        row("short-evidence", "31 bytes.", &add("remit-evidence", vec![8; 31])),
        row("long-evidence", "34 bytes.", &add("remit-evidence", vec![8; 34])),
        row(
            "arguments",
            "As many arguments as there may be.",
            &add("remit-arguments", arguments(ARGUMENTS_MAX)),
        ),
        row("many-arguments", "One more.", &add("remit-arguments", arguments(ARGUMENTS_MAX + 1))),
        row("no-arguments", "An empty list is left out.", &add("remit-arguments", arguments(0))),
        row("trailing", "A byte after the list.", &add("remit-arguments", [arguments(1), vec![0]].concat())),
        row(
            "approvals",
            "As many approvals as there may be, each as long as it may be.",
            &add("remit-approvals", approvals(APPROVALS_MAX, APPROVAL_BYTES_MAX)),
        ),
        row("many-approvals", "One more.", &add("remit-approvals", approvals(APPROVALS_MAX + 1, 1))),
        row(
            "long-approval",
            "One byte longer.",
            &add("remit-approvals", approvals(1, APPROVAL_BYTES_MAX + 1)),
        ),
        row("longest-invocation", "As long as it may be.", &|f| f[0][1] = some(&vec![1; VOUCHER_BYTES_MAX])),
        row("long-invocation", "One byte longer.", &|f| f[0][1] = some(&vec![1; VOUCHER_BYTES_MAX + 1])),
        row("no-colons", "Base64 alone.", &|f| f[0][1] = json!("AQI=")),
        row("no-padding", "Base64 without padding.", &|f| f[0][1] = json!(":AQI:")),
        row("unused-bits", "Bits that say nothing are zero.", &|f| f[0][1] = json!(":AQJ=:")),
        row("url-alphabet", "The other alphabet.", &|f| f[0][1] = json!(":_-8=:")),
        row("parameter", "A parameter after the item.", &|f| f[0][1] = json!(":AQI=:;a=1")),
        row("list", "Two items.", &|f| f[0][1] = json!(":AQI=:, :AQI=:")),
        row("space", "A space before it.", &|f| f[0][1] = json!(" :AQI=:")),
        row("empty", "Nothing.", &|f| f[0][1] = json!("")),
        row("one-colon", "One colon.", &|f| f[0][1] = json!(":")),
        row("no-bytes", "A sequence without bytes: what is in it is for the verdict.", &|f| {
            f[0][1] = json!("::")
        }),
    ]
}

/// What the routes of a vector make of its request.
pub(crate) fn route_of(input: &Value) -> Result<Value, Code> {
    let scene = Scene::root();
    let policy = format!("{}{}", policy_file(&scene.settings), input["routes"].as_str().expect("routes"));
    let policy = Policy::from_toml(policy.as_bytes()).expect("a policy");
    let (method, target) = (input["method"].as_str().expect("one"), input["target"].as_str().expect("one"));
    let asked = Route::find(&policy.settings().serving.routes, method, target)?;
    let cost = asked.cost.map(|c| json!({ "amount": c.amount.to_string(), "unit": c.unit.to_string() }));
    Ok(json!({ "action": asked.action, "resource": asked.resource.as_str(), "cost": cost }))
}

fn routes() -> Vec<Vector> {
    let long = format!("/files/{}", "x".repeat(TEXT_BYTES_MAX - 6));
    let rows = [
        ("one-segment", "A name for one segment.", "POST", "/rooms/12/book"),
        ("method", "Another method has no route.", "DELETE", "/rooms/12/book"),
        ("head", "HEAD is not GET.", "HEAD", "/search"),
        ("query", "A route that allows a query.", "GET", "/search?from=9&to=10"),
        ("empty-query", "A query of nothing is one.", "POST", "/rooms/12/book?"),
        ("no-query", "A route that does not.", "POST", "/rooms/12/book?late=1"),
        ("cost", "A route with a cost.", "PUT", "/rooms/12/key"),
        ("rest", "A name for the rest, any method in lower case.", "DELETE", "/files/a/b/c.txt"),
        ("rest-of-one", "The rest may be one segment.", "GET", "/files/a"),
        ("rest-of-none", "But not none.", "GET", "/files"),
        ("root", "The path of / is empty.", "GET", "/"),
        ("longer", "A segment too many.", "POST", "/rooms/12/book/now"),
        ("shorter", "A segment too few.", "POST", "/rooms/12"),
        ("trailing-slash", "An empty segment.", "POST", "/rooms/12/book/"),
        ("double-slash", "An empty segment in between.", "POST", "/rooms//book"),
        ("dots", "Segments that a server would take away.", "GET", "/files/a/../../rooms"),
        ("dot", "Segments that a server would take away.", "GET", "/files/./a"),
        ("percent", "What a server would decode.", "GET", "/files/%2e%2e/a"),
        ("percent-letter", "There is one spelling of a letter.", "POST", "/rooms/%31%32/book"),
        ("backslash", "What some servers take for a slash.", "GET", "/files/a\\b"),
        ("semicolon", "What some servers cut off.", "GET", "/files/..;/a"),
        ("case", "Case counts.", "POST", "/Rooms/12/book"),
        ("longest-resource", "A resource as long as it may be.", "GET", long.as_str()),
        ("long-resource", "One byte longer.", "GET", &format!("{long}x")),
    ];
    let row = |(name, about, method, target): (&str, &str, &str, &str)| {
        let input = json!({ "kind": "route", "routes": ROUTES, "method": method, "target": target });
        let came = route_of(&input);
        vector(&format!("route/{name}"), about, "20 §4", input, came)
    };
    rows.into_iter().map(row).collect()
}

/// What is decided on the request of a vector, and what is to be recorded.
pub(crate) fn decision_of(input: &Value) -> Result<Value, Code> {
    let bytes = super::unhex(input["case"].as_str().expect("a case"));
    let case = Case::decode(&bytes).expect("a case");
    let text = |name: &str| input[name].as_str().expect("a text");
    let content = Hash(super::unhex(text("content")).try_into().expect("32 bytes"));
    let presentation = sha256(&[case.presentation]);
    let request = HttpRequest::new(text("method"), text("authority"), text("target"), content, presentation)?;
    let fields = Fields {
        invocation: case.invocation.expect("an invocation").to_vec(),
        presentation,
        arguments: case.arguments.clone(),
        approvals: case.approvals.iter().map(|approval| approval.to_vec()).collect(),
        evidence: case.evidence.map(|evidence| sha256(&[evidence])),
    };
    let mut verifier = Verifier::new(Policy::from_toml(case.policy).expect("a policy"), case.newest);
    let brought =
        Brought { request, fields: &fields, presentation: case.presentation, evidence: case.evidence };
    let record = decide(&mut verifier, &brought, case.now).outcome?;
    Ok(json!({
        "id": record.id().to_string(),
        "root": record.root().to_string(),
        "valid_until_s": record.valid_until().0.to_string(),
        "request_id": record.request().map(|id| id.to_string()),
    }))
}

/// A request to the hotel, signed as it is sent; then the scene, or what is sent, is changed.
struct Sent {
    scene: Scene,
    method: &'static str,
    target: &'static str,
    content: &'static [u8],
}

impl Sent {
    fn new(scene: Scene) -> Self {
        Self { scene, method: "POST", target: "/rooms/12/book", content: b"{\"nights\":2}" }
    }

    /// The holder signs what is sent.
    fn signed(mut self) -> Self {
        let presentation = sha256(&[&self.scene.build().presentation]);
        let content = sha256(&[self.content]);
        let request = HttpRequest::new(self.method, "hotel.example", self.target, content, presentation);
        self.scene.ask().invocation.request = Some(request.expect("a request").digest());
        self
    }

    fn row(&self, name: &str, about: &str) -> Vector {
        let policy = format!("{}{ROUTES}", policy_file(&self.scene.settings));
        let built = self.scene.build();
        let input = json!({
            "kind": "decide", "case": hex(built.case(self.scene.now, policy.as_bytes()).encode()),
            "method": self.method, "authority": "hotel.example", "target": self.target,
            "content": sha256(&[self.content]).to_string(),
        });
        let came = decision_of(&input);
        vector(&format!("decide/{name}"), about, "20 §5", input, came)
    }
}

fn decisions() -> Vec<Vector> {
    let signed = || Sent::new(Scene::logged(3)).signed();
    let key = |scene| Sent { method: "PUT", target: "/rooms/12/key", ..Sent::new(scene) };
    let approved = || Sent::new(Scene::approved()).signed();
    let mut other = Scene::root();
    other.ask().invocation.nonce = Nonce([10; 16]);
    let unsigned = Sent::new(Scene::root());
    let late = Sent { scene: Scene { now: Millis(NOW_MS.0 + 61_000), ..Scene::logged(3) }, ..signed() };
    let mut cheaper = Scene::funded();
    let payment = cheaper.ask().invocation.payment.as_mut().expect("a payment");
    payment.amount = remit_verifier::types::Amount(99);
    vec![
        signed().row("served", "Three links, signed for this request."),
        approved().row("approved", "The request that approvers said yes to is recorded too."),
        Sent::new(Scene::funded()).signed().row("funded", "A route without a cost takes what is held."),
        key(Scene::funded()).signed().row("cost", "What the route costs is held."),
        unsigned.row("unsigned", "The invocation is signed for no request."),
        Sent { content: b"{\"nights\":3}", ..signed() }.row("content", "Other content."),
        Sent { target: "/rooms/13/book", ..signed() }.row("target", "Another room than was signed."),
        Sent { method: "GET", ..signed() }.row("method", "A method without a route."),
        Sent { target: "/files/12", ..Sent::new(Scene::logged(3)) }.signed().row(
            "route",
            "Signed for this request, whose route is another action than the invocation asks for.",
        ),
        Sent::new(Scene::paying(100)).signed().row("not-funded", "Permitted, and nothing is held."),
        key(Scene::logged(1)).signed().row("free", "The route has a cost, and the invocation pays nothing."),
        key(cheaper).signed().row("cheaper", "It pays less than the route costs."),
        late.row("late", "The same bytes a minute later; the presentation is judged anew."),
        Sent { scene: other, ..signed() }.row("other-nonce", "Another invocation, signed for nothing."),
    ]
}
