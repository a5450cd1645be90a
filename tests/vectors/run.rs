//! Runs one vector from its JSON.

use crate::make::item::Item;
use remit::engine::Answer;
use remit::ledger::Ledger;
use remit_verifier::cbor::{DecodeError, Reader, Writer};
use remit_verifier::code::Code;
use remit_verifier::cose::Sign1;
use remit_verifier::hash::{leaf_hash, sha256};
use remit_verifier::json;
use remit_verifier::key::PublicKey;
use remit_verifier::log::{Details, Entry, Link, LinkPart};
use remit_verifier::merkle::{TreeHead, root_of, verify_consistency, verify_inclusion, verify_multiproof};
use remit_verifier::object::{
    Act, Argument, Asked, Authority, Condition, Invocation, Kind, Operator, Path, Payment, Sealed,
    Submission, Token, Use, Value as Operand,
};
use remit_verifier::sign::LocalSigner;
use remit_verifier::state::{Leaf, Status, TokenLeaf, Values, history, status_chunk, status_leaf};
use remit_verifier::till::{Accepted, OpenLease, Till};
use remit_verifier::types::*;
use remit_verifier::verify::{Case, Evidence, Policy, Presentation};
use serde_json::{Value, json};

/// Bytes of hexadecimal text.
pub(crate) fn bytes(text: &Value) -> Vec<u8> {
    let text = text.as_str().expect("hexadecimal text");
    assert!(text.len().is_multiple_of(2));
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("two digits"))
        .collect()
}

fn array<const N: usize>(text: &Value) -> [u8; N] {
    bytes(text).try_into().expect("as many bytes as the type has")
}

/// The request that an act makes or carries out (spec 17 §2).
fn request_of(kind: &str, payload: &[u8], ledger: &LedgerId) -> Option<RequestId> {
    if kind == "act:lease" {
        let (_, Act::Lease(lease)) = Act::decode(Kind::Lease, payload).ok()? else { return None };
        return lease.request_id(ledger);
    }
    let (stamp, Act::Request(requested)) = Act::decode(Kind::Request, payload).ok()? else { return None };
    Some(requested.request_id(ledger, stamp.nonce))
}

fn hash(text: &Value) -> Hash {
    Hash(array(text))
}

fn number(text: &Value) -> u64 {
    text.as_str().expect("a number as text").parse().expect("decimal")
}

fn hashes(list: &Value) -> Vec<Hash> {
    list.as_array().expect("a list").iter().map(hash).collect()
}

fn hex(bytes: &[u8]) -> String {
    crate::make::hex(bytes)
}

/// Compares what came out with what the vector says.
fn require(vector: &Value, result: Result<(), Code>) {
    let came = result.map_or_else(Code::text, |()| "ok");
    assert_eq!(vector["result"], came, "{}: {}", vector["name"], vector["about"]);
}

/// One of the values that a good vector states.
fn states(vector: &Value, key: &str, came: impl Into<Value>) {
    if vector["result"] == "ok" {
        assert_eq!(vector["values"][key], came.into(), "{}: {key}", vector["name"]);
    }
}

/// The decoded object written again, or the code of what is wrong with it.
pub(crate) fn written(kind: &str, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    Ok(match kind {
        "sign1" => Sign1::decode(bytes)?.encode(),
        "token" => Token::decode(bytes)?.encode(),
        "sealed" => Sealed::decode(bytes)?.encode(),
        "invocation" => Invocation::decode(bytes)?.encode(),
        "argument" => {
            let mut writer = Writer::default();
            Reader::whole(bytes, 1_024, Argument::decode)?.encode(&mut writer);
            writer.into_bytes()
        }
        "entry" => Entry::decode(bytes)?.encode(),
        "leaf" => Leaf::decode(bytes)?.encode(),
        "presentation" => Presentation::decode(bytes)?.encode(),
        "use" => Use::decode(bytes)?.encode(),
        "evidence" => Evidence::decode(bytes)?.encode(),
        "case" => Case::decode(bytes)?.encode(),
        "link" => {
            let link = Link::decode(bytes)?;
            // Only who has the secret can salt it again; the rest is written as it was.
            let facts = remit_verifier::log::Facts::default();
            let part =
                LinkPart { token: link.token, secret: [0; 32], values: link.values, bound: link.bound };
            let (id, nonce) = (ObjectId::default(), remit_verifier::types::Nonce::default());
            let again = Details::new(Kind::Refusal, &id, &nonce, EntryIndex(0), &[facts], &[part]);
            let mut again = Item::read(&again.links[0]);
            again.items()[1] = Item::Bytes(link.salt.0.to_vec());
            again.write()
        }
        "values" => {
            let (values, salt) = Values::decode(bytes)?;
            // The salt hides the secret, so that values cannot be written again from what is open alone.
            assert_eq!(Item::read(bytes).items()[1], Item::Bytes(salt.0.to_vec()));
            assert_eq!(Item::read(bytes).items()[2], Item::Unsigned(values.event));
            bytes.to_vec()
        }
        act => {
            let name = act.strip_prefix("act:").unwrap_or_else(|| panic!("an object of kind {act}"));
            let kind = Kind::ALL.iter().find(|kind| kind.text() == name).expect("a kind");
            let (stamp, act) = Act::decode(*kind, bytes)?;
            act.encode(&stamp)
        }
    })
}

/// A vector of `objects.json`.
pub(crate) fn object(vector: &Value) {
    let (input, kind) = (&vector["input"], vector["input"]["kind"].as_str().expect("a kind"));
    if kind == "path" {
        let path = Path::parse(input["text"].as_str().expect("a text"));
        return require(vector, path.map(drop).map_err(|_| Code::Malformed));
    }
    let bytes = bytes(&input["bytes"]);
    if kind == "public_key" {
        let key = bytes.try_into().map(KeyBytes).expect("32 bytes");
        return require(vector, PublicKey::parse(&key).map(drop).map_err(|_| Code::BadKey));
    }
    let again = written(kind, &bytes).map_err(Code::from);
    require(vector, again.as_ref().map(drop).map_err(|code| *code));
    let Ok(again) = again else { return };
    assert_eq!(again, bytes, "{}: written again", vector["name"]);
    states(vector, "diagnostic", Item::read(&bytes).diagnostic());
    match kind {
        "sign1" => {
            let ledger = LedgerId(array(&input["ledger"]));
            let label = input["label"].as_str().expect("a label");
            let object = Sign1::decode(&bytes).expect("decoded above");
            let structure = object.sig_structure(label, &ledger);
            states(vector, "id", structure.id.to_string());
            states(vector, "sig_structure", hex(structure.bytes()));
            let key = PublicKey::parse(&object.kid).expect("a good key");
            structure.verify(&key, &object.signature).expect("a good signature");
        }
        "token" => states(vector, "authority", TokenLeaf::authority_of(&bytes).to_string()),
        "sealed" | "values" | "link" => states(vector, "digest", sha256(&[&bytes]).to_string()),
        "argument" => {
            let argument = Reader::whole(&bytes, 1_024, Argument::decode).expect("decoded above");
            states(vector, "digest", argument.digest().to_string());
        }
        "act:request" | "act:lease" => {
            let ledger = input.get("ledger").map(|ledger| LedgerId(array(ledger)));
            let request = ledger.and_then(|ledger| request_of(kind, &bytes, &ledger));
            assert_eq!(request.map(|id| json!(id.to_string())).as_ref(), vector["values"].get("request"));
        }
        "entry" | "leaf" | "use" => states(vector, "leaf_hash", leaf_hash(&bytes).to_string()),
        _ => {}
    }
}

/// A vector of `vouchers.json`.
pub(crate) fn voucher(vector: &Value) {
    let input = &vector["input"];
    let policy = Policy::from_toml(input["policy"].as_str().expect("a policy").as_bytes()).expect("a policy");
    let now = Millis(number(&input["now_ms"]));
    let proof = bytes(&input["proof"]);
    if input["kind"] == "proof" {
        let opened = OpenLease::verify(&proof, &policy, now);
        require(vector, opened.as_ref().map(drop).map_err(|code| *code));
        let view = opened.map_or(Value::Null, |open| crate::make::vouchers::opened_view(&open));
        return assert_eq!(vector["values"], view, "{}", vector["name"]);
    }
    let open = OpenLease::verify(&proof, &policy, Millis(number(&input["opened_ms"]))).expect("opens");
    let till = match &input["kept"] {
        Value::Null => Till::new(TillId(array(&input["till"])), &open).expect("its till"),
        kept => Till::decode(&bytes(kept)).expect("what was kept"),
    };
    let read =
        |argument: &Value| Reader::whole(&bytes(argument), 1_024, Argument::decode).expect("an argument");
    let shown: Vec<_> = input["arguments"].as_array().expect("a list").iter().map(read).collect();
    let came = till.accept(&open, &bytes(&input["voucher"]), &shown, &policy, now);
    require(vector, came.as_ref().map(drop).map_err(|code| *code));
    match came {
        Ok(Accepted::Taken(till)) => states(vector, "till", hex(&till.encode())),
        Ok(Accepted::Repeated) => states(vector, "answer", "repeated"),
        Err(_) => {}
    }
}

/// A vector of `submissions.json`.
pub(crate) fn submission(vector: &Value) {
    let ledger = LedgerId(array(&vector["input"]["ledger"]));
    let decoded = Submission::decode(&bytes(&vector["input"]["bytes"]));
    let verified = decoded.and_then(|submission| submission.verify(&ledger));
    require(vector, verified.as_ref().map(drop).map_err(|code| *code));
    let Ok(verified) = verified else { return };
    states(vector, "id", verified.id.to_string());
    states(vector, "kind", verified.kind().text());
    for (operation, stated) in
        verified.operations.iter().zip(vector["values"]["operations"].as_array().expect("a list"))
    {
        let objects: Vec<_> = operation.ids.iter().map(ToString::to_string).collect();
        let (id, payload) = (operation.id.to_string(), operation.payload.as_ref().map(ToString::to_string));
        let found =
            json!({ "kind": operation.kind.text(), "id": id, "objects": objects, "payload": payload });
        assert_eq!(*stated, found);
    }
}

fn operand(value: &Value) -> Operand {
    if let Some(text) = value["text"].as_str() {
        Operand::Text(text.into())
    } else if let Some(value) = value["bool"].as_bool() {
        Operand::Bool(value)
    } else {
        Operand::Integer(value["integer"].as_str().expect("an integer").parse().expect("64 bits"))
    }
}

/// A vector of `conditions.json`.
pub(crate) fn condition(vector: &Value) {
    let input = &vector["input"];
    let operator = Operator::from_text(input["operator"].as_str().expect("a text")).expect("an operator");
    let operands = input["operands"].as_array().expect("a list").iter().map(operand).collect();
    let condition = Condition { argument: "a".into(), operator, operands };
    let value = Some(&input["value"]).filter(|value| !value.is_null()).map(operand);
    states(vector, "holds", condition.holds(value.as_ref()));
}

/// A vector of `permissions.json`.
pub(crate) fn permission(vector: &Value) {
    let tokens = vector["input"]["tokens"].as_array().expect("tokens").iter();
    let tokens: Vec<_> = tokens.map(|token| Token::decode(&bytes(token)).expect("a token")).collect();
    require(vector, allowed(&tokens, &vector["input"]));
}

fn allowed(tokens: &[Token], input: &Value) -> Result<(), Code> {
    let (root, children) = tokens.split_first().expect("a root");
    let authority = children.iter().try_fold(Authority::root(root), |above, token| above.child(token))?;
    if let Some(asked) = input.get("asked") {
        let argument = |a: &Value| Argument {
            name: a["name"].as_str().expect("a name").into(),
            salt: [0; 16],
            value: operand(&a["value"]),
        };
        let arguments = asked["arguments"].as_array().map(|all| all.iter().map(argument).collect::<Vec<_>>());
        authority.allows(&Asked {
            audience: &ObjectId(array(&asked["audience"])),
            action: asked["action"].as_str().expect("an action"),
            resource: &Path::parse(asked["resource"].as_str().expect("a resource")).expect("a path"),
            arguments: arguments.as_deref(),
        })?;
    }
    if let Some(payment) = input.get("payment") {
        let (amount, unit) = (Amount(number(&payment["amount"])), ObjectId(array(&payment["unit"])));
        authority.allows_payment(&Payment { amount, unit, settle_by: Seconds(0), refund_until: None })?;
    }
    Ok(())
}

/// The root as RFC 6962 §2.1 writes it.
fn root(leaves: &[Vec<u8>]) -> Hash {
    if leaves.is_empty() { sha256(&[]) } else { crate::trees::root(leaves) }
}

/// A vector of `trees.json`.
pub(crate) fn tree(vector: &Value) {
    let input = &vector["input"];
    let result = match input["kind"].as_str().expect("a kind") {
        "root" => {
            let leaves: Vec<_> = input["leaves"].as_array().expect("leaves").iter().map(bytes).collect();
            states(vector, "root", root(&leaves).to_string());
            let hashes: Vec<_> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
            states(vector, "root", root_of(&hashes).to_string());
            Ok(())
        }
        "inclusion" => verify_inclusion(
            &hash(&input["leaf_hash"]),
            EntryIndex(number(&input["index"])),
            TreeSize(number(&input["size"])),
            &hashes(&input["path"]),
            &hash(&input["root"]),
        ),
        "consistency" => {
            let head = |size: &str, root: &str| TreeHead {
                size: TreeSize(number(&input[size])),
                root: hash(&input[root]),
            };
            verify_consistency(
                &head("old_size", "old_root"),
                &head("new_size", "new_root"),
                &hashes(&input["path"]),
            )
        }
        "multiproof" => {
            let leaf = |leaf: &Value| (StateIndex(number(&leaf["index"])), hash(&leaf["hash"]));
            let leaves: Vec<_> = input["leaves"].as_array().expect("leaves").iter().map(leaf).collect();
            let size = TreeSize(number(&input["size"]));
            verify_multiproof(&leaves, size, &hashes(&input["siblings"]), &hash(&input["root"]))
        }
        "history" => {
            let after =
                history(&hash(&input["before"]), EntryIndex(number(&input["index"])), &hash(&input["entry"]));
            states(vector, "after", after.to_string());
            Ok(())
        }
        "status" => {
            status(vector);
            Ok(())
        }
        other => panic!("a proof of kind {other}"),
    };
    require(vector, result.map_err(|_| Code::BadProof));
}

fn status(vector: &Value) {
    let input = &vector["input"];
    let mut chunk = status_chunk();
    for stated in input["statuses"].as_array().expect("statuses") {
        let all = [Status::Live, Status::Over, Status::Suspended, Status::Changed];
        let status = all[stated["status"].as_u64().expect("a number") as usize];
        let index = StateIndex(number(&stated["index"]));
        status.write(&mut chunk, index);
        assert_eq!(Status::read(&chunk, index), status);
    }
    let leaf = status_leaf(number(&input["chunk"]), &chunk);
    states(vector, "leaf", hex(&leaf));
    states(vector, "leaf_hash", leaf_hash(&leaf).to_string());
}

/// A ledger of `rules.json`: its batches again, from the seeds, the genesis entry and the submissions.
pub(crate) fn ledger(vector: &Value) {
    let batches = vector["batches"].as_array().expect("batches");
    let Ok(Entry::Genesis(genesis)) = Entry::decode(&bytes(&batches[0]["entries"][0]["bytes"])) else {
        panic!("the first entry is no genesis")
    };
    let log = LocalSigner::from_seed(&array(&vector["seeds"]["log"]));
    let mut ledger = Ledger::begin(&genesis, Box::new(log)).expect("begins");
    let (mut log, mut leaves) = (Vec::new(), Vec::new());
    compare(&ledger, &batches[0], &mut log, &mut leaves);
    for batch in &batches[1..] {
        let stated = batch["submissions"].as_array().expect("submissions");
        let submissions: Vec<_> = stated.iter().map(|submission| bytes(&submission["bytes"])).collect();
        let inputs: Vec<_> = submissions.iter().map(Vec::as_slice).collect();
        let answers = ledger.submit(&inputs, Millis(number(&batch["time"]))).expect("submits");
        for (stated, answer) in stated.iter().zip(answers) {
            let answer = match answer {
                Answer::Applied(entry) => json!({ "applied": entry.to_string() }),
                Answer::Replayed(entry) => json!({ "replayed": entry.to_string() }),
                Answer::Refused(refusal) => {
                    let leaf = refusal.leaf.map(|leaf| leaf.to_string());
                    let entry = refusal.entry.map(|entry| entry.to_string());
                    let (code, member) = (refusal.code.text(), refusal.member);
                    json!({ "refused": code, "member": member, "leaf": leaf, "entry": entry })
                }
            };
            assert_eq!(stated["answer"], answer, "{}", stated["about"]);
        }
        compare(&ledger, batch, &mut log, &mut leaves);
    }
}

/// Compares a batch with the ledger, and its roots with those of the stated entries and leaves.
fn compare(ledger: &Ledger, batch: &Value, log: &mut Vec<Vec<u8>>, leaves: &mut Vec<Vec<u8>>) {
    for stated in batch["entries"].as_array().expect("entries") {
        assert_eq!(number(&stated["index"]), log.len() as u64);
        let kept = ledger.store().entry(EntryIndex(log.len() as u64)).expect("an entry");
        log.push(bytes(&stated["bytes"]));
        assert_eq!(log.last().map(Vec::as_slice), Some(kept.entry), "entry {}", stated["index"]);
        let details = kept.details.map(|details| {
            let links: Vec<_> = details.links.iter().map(|link| hex(link)).collect();
            json!({ "common": hex(&details.common), "links": links })
        });
        assert_eq!(stated["details"], json!(details));
    }
    for stated in batch["leaves"].as_array().expect("leaves") {
        let place = number(&stated["index"]) as usize;
        leaves.resize(leaves.len().max(place + 1), Vec::new());
        leaves[place] = bytes(&stated["bytes"]);
    }
    assert_eq!(number(&batch["state_size"]), leaves.len() as u64);
    assert_eq!(hash(&batch["state_root"]), root(leaves));
    assert_eq!(number(&batch["log_size"]), log.len() as u64);
    assert_eq!(hash(&batch["log_root"]), root(log));
    let Ok(Entry::Commitment(commitment)) = Entry::decode(log.last().expect("an entry")) else {
        panic!("the last entry of a batch is no commitment")
    };
    assert_eq!((commitment.state_root, commitment.state_size.0), (root(leaves), leaves.len() as u64));
    assert_eq!(hash(&batch["status_root"]), commitment.status_root);
    let mut chunk = status_chunk();
    for bytes in leaves.iter() {
        let leaf = Leaf::decode(bytes).expect("a leaf");
        Status::of(&leaf).write(&mut chunk, leaf.index);
    }
    assert_eq!(commitment.status_root, leaf_hash(&status_leaf(0, &chunk)));
    assert_eq!(batch["checkpoint"], ledger.checkpoint());
}

/// A vector of `http.json`.
pub(crate) fn http(vector: &Value) {
    use crate::make::http::{decision_of, digest_of, fields_of, fields_view, route_of};
    let input = &vector["input"];
    let came = match input["kind"].as_str().expect("a kind") {
        "digest" => digest_of(input).map(|digest| json!({ "digest": digest.to_string() })),
        "fields" => fields_of(input).map(|fields| fields_view(&fields)),
        "route" => route_of(input),
        "decide" => decision_of(input),
        other => panic!("a vector of kind {other}"),
    };
    require(vector, came.as_ref().map(drop).map_err(|code| *code));
    if let Ok(values) = came {
        assert_eq!(vector["values"], values, "{}", vector["name"]);
    }
}

/// A vector of `receipts.json`.
pub(crate) fn receipt(vector: &Value) {
    let (result, values) = crate::make::receipts::answer_of(&vector["input"]);
    assert_eq!(vector["result"], json!(result), "{}", vector["name"]);
    assert_eq!(vector.get("values").unwrap_or(&Value::Null), &values, "{}", vector["name"]);
}

/// A vector of `witness.json`.
pub(crate) fn witness(vector: &Value) {
    let (result, values) = crate::make::witness::answer_of(&vector["input"]);
    assert_eq!((&vector["result"], &vector["values"]), (&json!(result), &values), "{}", vector["name"]);
}

/// A vector of `following.json`.
pub(crate) fn following(vector: &Value) {
    let (result, values) = match crate::make::following::came(&vector["input"]) {
        Ok(values) => ("ok", values),
        Err((text, values)) => (text, values),
    };
    assert_eq!(vector["result"], result, "{}", vector["name"]);
    assert_eq!(vector.get("values").unwrap_or(&Value::Null), &values, "{}", vector["name"]);
}

/// A vector of `verdicts.json`.
pub(crate) fn verdict(vector: &Value) {
    let bytes = bytes(&vector["input"]["case"]);
    let case = Case::decode(&bytes).expect("a case");
    let verdict = case.verdict(&Policy::from_toml(case.policy).expect("a policy"));
    let mut view = json::verdict(&verdict);
    view.as_object_mut().expect("an object").remove("reason");
    assert_eq!(vector["values"], view, "{}", vector["name"]);
    let result = view.get("code").cloned().unwrap_or_else(|| json!("ok"));
    assert_eq!(vector["result"], result, "{}", vector["name"]);
}
