//! `witness.json`: what a witness answers, by what it knows (spec 21 §1, §2).

use super::proofs::{flip, tree};
use super::{Vector, hex, unhex};
use remit::tree::prove;
use remit_verifier::c2sp::{AddCheckpoint, Checkpoint, KeyKind, VerifierKey, signature_line};
use remit_verifier::hash::EMPTY_ROOT;
use remit_verifier::limits::ADD_CHECKPOINT_BYTES_MAX;
use remit_verifier::merkle::TreeHead;
use remit_verifier::sign::{LocalSigner, Signer as _, Witness, sign_checkpoint};
use remit_verifier::types::{Hash, Seconds, TreeSize};
use remit_verifier::witness::{Answer, Latest};
use serde_json::{Value, json};

const ORIGIN: &str = "log.example/one";
const WITNESS: &str = "witness.example/w";
const NOW: u64 = 1_800_000_000;

fn signer(number: u8) -> LocalSigner {
    LocalSigner::from_seed(&[number; 32])
}

fn log_key(number: u8) -> VerifierKey {
    VerifierKey::new(ORIGIN, KeyKind::Note, &signer(number).public_key()).expect("a key")
}

/// A checkpoint of an origin, whatever its root.
fn note_of(origin: &str, size: u64, root: Hash, by: u8) -> String {
    match Checkpoint::new(origin, TreeSize(size), root) {
        Ok(checkpoint) => sign_checkpoint(&signer(by), &checkpoint).expect("a note"),
        // What no log of ours signs is put together by hand.
        Err(_) => {
            let good = Checkpoint::new(origin, TreeSize(0), EMPTY_ROOT).expect("empty").to_text();
            let root = Checkpoint::new(origin, TreeSize(1), root).expect("one").to_text();
            let root = root.lines().nth(2).expect("a root").to_owned();
            let text = format!("{}\n0\n{root}\n", good.lines().next().expect("an origin"));
            let key = VerifierKey::new(origin, KeyKind::Note, &signer(by).public_key()).expect("a key");
            let signature = signer(by).sign(text.as_bytes()).expect("signed");
            format!("{text}\n{}", signature_line(origin, key.id(), &signature))
        }
    }
}

fn note(size: u64) -> String {
    note_of(ORIGIN, size, tree(size).root(), 1)
}

fn path(old: u64, new: u64) -> Vec<Hash> {
    if old == 0 || old == new {
        return Vec::new();
    }
    prove::consistency(&tree(new), TreeSize(old), TreeSize(new)).expect("sizes")
}

fn body(old: u64, hashes: Vec<Hash>, note: &str) -> Vec<u8> {
    AddCheckpoint::new(TreeSize(old), hashes, note.as_bytes()).expect("a request").to_text().into_bytes()
}

/// One case: what is known, what comes.
struct Given {
    latest: Option<u64>,
    body: Vec<u8>,
}

impl Given {
    fn vector(&self, name: &str, about: &str) -> Vector {
        let latest = self.latest.map(|size| {
            json!({ "size": size.to_string(), "root": tree(size).root().to_string(), "time_s": "1800000007" })
        });
        let now = if name.starts_with("clock") { NOW } else { NOW + 60 };
        let input = json!({
            "keys": [log_key(1).to_string(), log_key(2).to_string()],
            "witness": { "name": WITNESS, "seed": hex([3; 32]) },
            "latest": latest, "now_s": now.to_string(), "body": hex(&self.body),
        });
        let (result, values) = answer_of(&input);
        Vector { name: name.into(), about: about.into(), spec: "21 §2", input, result, values }
    }
}

/// What a witness answers to the input of a vector: its name, and what else it says.
pub(crate) fn answer_of(input: &Value) -> (String, Value) {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let number = |value: &Value| text(value).parse::<u64>().expect("a number");
    let keys: Vec<VerifierKey> = input["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|key| VerifierKey::parse(&text(key)).expect("a key"))
        .collect();
    let latest = input["latest"].as_object().map(|known| Latest {
        head: TreeHead {
            size: TreeSize(number(&known["size"])),
            root: Hash(unhex(&text(&known["root"])).try_into().expect("32 bytes")),
        },
        time: Seconds(number(&known["time_s"])),
    });
    let body = unhex(&text(&input["body"]));
    let seed: [u8; 32] = unhex(&text(&input["witness"]["seed"])).try_into().expect("a seed");
    let witness = Witness::new(LocalSigner::from_seed(&seed), &text(&input["witness"]["name"]), keys);
    let now = Seconds(number(&input["now_s"]));
    let reply = witness.expect("a witness").reply(&body, |_| latest, now).expect("signed");
    let mut values = json!({ "status": reply.answer.status(), "evidence": reply.evidence });
    if matches!(reply.answer, Answer::OtherSize(_) | Answer::Cosign(_)) {
        values["body"] = json!(reply.body);
    }
    (reply.answer.name().into(), values)
}

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut all = cosigned();
    all.extend(malformed());
    all.extend(refused());
    all
}

fn cosigned() -> Vec<Vector> {
    let given = |latest: Option<u64>, old, new| Given { latest, body: body(old, path(old, new), &note(new)) };
    let two = format!("{}{}", note(7), line(2, &note(7)));
    vec![
        given(None, 0, 1).vector("first", "The first checkpoint of a log, of one entry."),
        given(None, 0, 7).vector("first-of-seven", "The first checkpoint, of a log that has entries."),
        given(None, 0, 0).vector("empty", "The first checkpoint, of no entries."),
        given(Some(0), 0, 7).vector("from-empty", "From the tree without entries: no proof."),
        given(Some(3), 3, 7).vector("goes-on", "A larger tree with its proof."),
        given(Some(4), 4, 7).vector("goes-on-whole", "From a whole subtree."),
        given(Some(7), 7, 7).vector("again", "The same checkpoint again: a new time."),
        given(Some(7), 7, 7)
            .vector("clock-set-back", "The clock is behind the last cosignature, whose time stands."),
        Given { latest: Some(7), body: body(7, Vec::new(), &two) }
            .vector("two-keys", "Both keys of the log sign."),
        Given { latest: None, body: body(0, Vec::new(), &format!("{}{}", note(7), unknown())) }
            .vector("unknown-line", "A line of an unknown key, which is ignored."),
    ]
}

/// The signature line alone, by another key of the log.
fn line(by: u8, note: &str) -> String {
    let text = note.split("\n\n").next().expect("a text").to_owned() + "\n";
    let signature = signer(by).sign(text.as_bytes()).expect("signed");
    signature_line(ORIGIN, log_key(by).id(), &signature)
}

fn unknown() -> String {
    signature_line(ORIGIN, log_key(9).id(), &[1; 64])
}

fn malformed() -> Vec<Vector> {
    let good = String::from_utf8(body(3, path(3, 7), &note(7))).expect("text");
    let mut long = good.clone().into_bytes();
    long.resize(ADD_CHECKPOINT_BYTES_MAX + 1, b'x');
    let hash = good.lines().nth(1).expect("a hash").to_owned();
    let changed = [
        ("empty-body", "Nothing.", String::new()),
        ("no-old", "Another first line.", good.replacen("old ", "new ", 1)),
        ("old-zero-first", "The old size with a zero in front.", good.replacen("old 3", "old 03", 1)),
        ("old-negative", "A negative old size.", good.replacen("old 3", "old -3", 1)),
        ("old-too-large", "An old size of 2^64.", good.replacen("old 3", "old 18446744073709551616", 1)),
        ("old-carriage-return", "A carriage return.", good.replacen("old 3\n", "old 3\r\n", 1)),
        ("short-hash", "A hash of 30 bytes.", good.replacen(&hash, &hash[..40], 1)),
        ("loose-hash", "Base64 whose unused bits are not zero.", loose(&good, &hash)),
        (
            "many-hashes",
            "64 hashes.",
            good.replacen("old 3\n", &format!("old 3\n{}", format!("{hash}\n").repeat(60)), 1),
        ),
        (
            "no-empty-line",
            "Cut off before the empty line.",
            good.split("\n\n").next().expect("a head").to_owned() + "\n",
        ),
        (
            "no-note",
            "Nothing behind the empty line.",
            good.split("\n\n").next().expect("a head").to_owned() + "\n\n",
        ),
        (
            "no-signature",
            "The note without its lines.",
            good[..good.find('\u{2014}').expect("a line")].to_owned(),
        ),
        ("extension", "A line behind the root.", good.replacen("\n\n\u{2014}", "\nmore\n\n\u{2014}", 1)),
        ("size-zero-first", "A size with a zero in front.", good.replacen("\n7\n", "\n07\n", 1)),
        ("size-too-large", "A size of 2^63.", good.replacen("\n7\n", "\n9223372036854775808\n", 1)),
    ];
    let mut all: Vec<Vector> = changed
        .into_iter()
        .map(|(name, about, text)| {
            Given { latest: Some(3), body: text.into_bytes() }.vector(&format!("malformed/{name}"), about)
        })
        .collect();
    all.push(Given { latest: Some(3), body: long }.vector("malformed/long", "One byte more than may come."));
    let latin = [good.as_bytes(), &[0xe9]].concat();
    all.push(
        Given { latest: Some(3), body: latin }.vector("malformed/not-utf8", "A byte that is not UTF-8."),
    );
    all
}

fn loose(good: &str, hash: &str) -> String {
    // 32 bytes leave two unused bits in the last character: the next one in the alphabet sets one.
    let last = hash.as_bytes()[42];
    good.replacen(hash, &format!("{}{}=", &hash[..42], char::from(last + 1)), 1)
}

fn refused() -> Vec<Vector> {
    let good = |old, new| body(old, path(old, new), &note(new));
    let other = flip(&tree(7).root());
    let forked = note_of(ORIGIN, 7, other, 1);
    let forged = format!("{}{}", note(7), signature_line(ORIGIN, log_key(2).id(), &[1; 64]));
    let short = format!("{}{}", note(7), signature_line(ORIGIN, log_key(2).id(), &[1; 63]));
    let mut swapped = path(3, 7);
    swapped.swap(0, 1);
    let cut = path(3, 7)[1..].to_vec();
    let more = [path(3, 7), vec![Hash::default()]].concat();
    let of = |latest, body| Given { latest, body };
    vec![
        of(None, body(0, vec![], &note_of("log.example/two", 7, tree(7).root(), 1)))
            .vector("unknown-origin", "A log that nobody named."),
        of(None, body(9, vec![], &note_of("log.example/two", 7, tree(7).root(), 1)))
            .vector("unknown-origin/and-old-ahead", "The log is looked at before the sizes."),
        of(None, body(0, vec![], &note_of(ORIGIN, 7, tree(7).root(), 9)))
            .vector("untrusted/other-key", "Signed by nobody who is known."),
        of(None, body(0, vec![], &forged))
            .vector("untrusted/one-bad", "One good line of the log, and a bad one."),
        of(None, body(0, vec![], &short)).vector("untrusted/short", "A line of a known key with 63 bytes."),
        of(Some(3), body(9, vec![], &forged))
            .vector("untrusted/and-old-ahead", "Signatures come before sizes."),
        of(Some(3), body(8, vec![], &note(7))).vector("old-ahead", "The old size is one more than the size."),
        of(Some(9), body(8, vec![], &note(7))).vector("old-ahead/and-other-size", "That comes first."),
        of(None, good(3, 7)).vector("other-size/new", "The witness knows nothing of the log."),
        of(Some(4), good(3, 7)).vector("other-size/behind", "The witness has more than the sender thinks."),
        of(Some(3), good(4, 7)).vector("other-size/ahead", "The witness has less than the sender thinks."),
        of(Some(7), good(0, 7)).vector("other-size/zero", "Beginning again."),
        of(Some(7), body(3, vec![], &forked)).vector("other-size/fork", "Evidence, whatever the answer is."),
        of(Some(7), body(8, vec![], &forked)).vector("old-ahead/fork", "Evidence, whatever the answer is."),
        of(None, body(0, vec![], &note_of(ORIGIN, 0, other, 1)))
            .vector("root-of-empty", "No entries, and another root."),
        of(Some(0), body(0, vec![], &note_of(ORIGIN, 0, other, 1)))
            .vector("root-of-empty/known", "The same where no entries were cosigned: two roots."),
        of(Some(7), body(7, vec![], &forked)).vector("fork", "One size, two roots."),
        of(Some(7), body(7, path(3, 7), &forked)).vector("fork/proof", "With a proof it is the same."),
        of(None, body(0, path(3, 7), &note(7))).vector("proof-of-nothing/new", "A proof from no entries."),
        of(Some(7), body(7, vec![Hash::default()], &note(7)))
            .vector("proof-of-nothing/same", "A proof to the same size."),
        of(Some(3), body(3, vec![], &note(7))).vector("inconsistent/none", "No proof."),
        of(Some(3), body(3, cut, &note(7))).vector("inconsistent/short", "A hash is missing."),
        of(Some(3), body(3, more, &note(7))).vector("inconsistent/long", "A hash too many."),
        of(Some(3), body(3, swapped, &note(7))).vector("inconsistent/swapped", "Two hashes swapped."),
        of(Some(3), body(3, path(3, 7), &forked)).vector("inconsistent/root", "Another root: no evidence."),
    ]
}
