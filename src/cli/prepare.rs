//! Operations that are signed and not yet submitted: `--save`, `--prepare`, and `remit sign`, `bundle`, `submit`, which
//! work with the files that these leave.

use super::answered::Saved;
use super::out::{Done, Failure, Outcome, read_file};
use super::session::{Connection, Session};
use super::text::{operation, time};
use super::{clock, key, private};
use crate::client::{Client, Randomness, Ready};
use crate::keys::did;
use clap::Args;
use remit_verifier::cose::Sign1;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::{
    INVOCATION_VALIDITY_MAX, OBJECT_BYTES_MAX, OBJECT_VALIDITY_MAX, SIGNATURES_MAX,
};
use remit_verifier::object::{
    Act, Body, Envelope, Invocation, Kind, Operation, Reference, Stamp, Submission, Token, Trade,
};
use remit_verifier::sign::{Draft, DraftBody, LocalSigner, SignError, Signer, sign_object};
use remit_verifier::types::{KeyBytes, LedgerId, Millis, ObjectId, Seconds};
use std::path::{Path, PathBuf};

/// What becomes of the signed bytes.
#[derive(Args, Clone)]
#[command(next_help_heading = "Ledger")]
pub(super) struct Keep {
    /// Keeps the signed bytes here until a proved answer is had: `remit submit FILE` repeats them.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Writes the signed operation here and does not submit it: `remit sign` adds signatures of others, `remit bundle`
    /// makes one of several, `remit submit` submits it.
    #[arg(long, value_name = "FILE", conflicts_with = "save")]
    pub(super) prepare: Option<PathBuf>,
    /// How long a prepared operation may be submitted: a day at most; of a reservation, a minute.
    #[arg(long, value_name = "SPAN", default_value = "1h", value_parser = time::span, requires = "prepare")]
    valid: Seconds,
}

impl Keep {
    /// Where the bytes are kept until they are answered.
    pub(super) fn saved(&self) -> Option<&Path> {
        self.save.as_deref()
    }

    /// Signs, and submits or keeps.
    pub(super) fn send(&self, session: &Session, client: &Client, draft: Draft<'_>, what: &str) -> Outcome {
        self.send_all(session, client, vec![draft], what)
    }

    /// The same for several operations, all or nothing.
    pub(super) fn send_all(
        &self,
        session: &Session,
        client: &Client,
        mut drafts: Vec<Draft<'_>>,
        what: &str,
    ) -> Outcome {
        let Some(path) = &self.prepare else {
            let ready = client.ready(&drafts).map_err(Failure::usage)?;
            return session.submit(&ready, self, what);
        };
        for draft in &mut drafts {
            self.time(&mut draft.body, session.now)?;
        }
        let ready = client.ready(&drafts).map_err(Failure::usage)?;
        keep(path, &ready, what)
    }

    /// Gives what is prepared its window.
    fn time(&self, body: &mut DraftBody, now: Millis) -> Result<(), Failure> {
        if self.valid > OBJECT_VALIDITY_MAX || self.valid.0 == 0 {
            return Err(Failure::usage(format!("--valid is {} s at most", OBJECT_VALIDITY_MAX.0)));
        }
        let until = |longest: Seconds| Seconds(now.seconds().0 + self.valid.min(longest).0);
        match body {
            DraftBody::Token(token, _) => token.valid_until = until(OBJECT_VALIDITY_MAX),
            DraftBody::Reserve(invocation, ..) => invocation.valid_until = until(INVOCATION_VALIDITY_MAX),
            DraftBody::Act(stamp, ..) | DraftBody::Lease(stamp, ..) => {
                stamp.valid_until = until(OBJECT_VALIDITY_MAX);
            }
        }
        Ok(())
    }
}

/// Writes what is prepared.
fn keep(path: &Path, ready: &Ready, what: &str) -> Outcome {
    private::write(path, &ready.bytes)?;
    let shown = path.display();
    Ok(Done::say(format!("{what}: prepared in {shown}, not submitted"))
        .line(format!("id {}, as it is signed now", ready.id))
        .line(format!(
            "`remit sign {shown}` shows it, and with --key adds a signature; `remit submit {shown}`"
        ))
        .with("status", "prepared")
        .with("id", ready.id.to_string())
        .with("ids", ready.ids.iter().map(ToString::to_string).collect::<Vec<_>>())
        .with("file", path))
}

/// Shows a prepared operation and who signed it; with --key, adds a signature. Asks no ledger.
///
/// Operators who are not in one place each sign the same file, wherever they are. A file may name keys that it waits
/// for; then it is submitted once they all have signed.
#[derive(Args)]
#[command(after_help = "\
Examples:
  remit unit add EUR --decimals 2 --key operator-1.pem --prepare eur.cbor --valid 1d
  remit sign eur.cbor
  remit sign eur.cbor --key operator-2.pem
  remit submit eur.cbor")]
pub(super) struct Sign {
    /// The prepared operation; it is written over once it is signed.
    file: PathBuf,
    /// The key file that signs.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Which operation of a bundle, from 0; may be repeated. Without it, those that wait for the key.
    #[arg(long = "member", value_name = "PLACE", requires = "key")]
    members: Vec<usize>,
}

/// Makes one submission of several prepared operations: all are applied, or none.
///
/// A bundle is signed anew, by everybody who signed its members: name all their keys, or --prepare it and let the
/// others `remit sign` it. A key signs nothing here that it has not signed before. What refers to another operation of
/// the bundle comes behind it. Windows begin anew; with a reservation in it, a bundle is good for a minute.
#[derive(Args)]
#[command(after_help = "\
Example:
  remit capture RESERVATION --amount '4800 CNY' --key airline.pem --prepare capture.cbor
  remit release RESERVATION --key airline.pem --prepare release.cbor
  remit bundle capture.cbor release.cbor --key airline.pem")]
pub(super) struct Bundle {
    /// The prepared operations, in the order in which they are applied.
    #[arg(required = true, num_args = 2..)]
    files: Vec<PathBuf>,
    /// A key file that signs; may be repeated.
    #[arg(long = "key", env = "REMIT_KEY", value_name = "FILE", required = true, value_delimiter = ',')]
    keys: Vec<PathBuf>,
    #[command(flatten)]
    keep: Keep,
    #[command(flatten)]
    connection: Connection,
}

/// Submits bytes that are signed already: what is prepared, what `--save` kept, what nobody answered.
///
/// They are applied once at most. The file is removed once they are applied; what is refused is kept.
#[derive(Args)]
#[command(after_help = "Example:\n  remit submit revoke.cbor")]
pub(super) struct Submit {
    /// The signed submission.
    file: PathBuf,
    #[command(flatten)]
    connection: Connection,
}

/// A file with a submission.
fn read(path: &Path) -> Result<(Vec<u8>, Submission), Failure> {
    let bytes = read_file(path, OBJECT_BYTES_MAX)?;
    let submission = Submission::decode(&bytes)
        .map_err(|code| Failure::usage(format!("{}: no submission: {}", path.display(), code.meaning())))?;
    Ok((bytes, submission))
}

/// Whether operators sign it.
const fn is_of_operators(kind: Kind) -> bool {
    matches!(kind, Kind::Unit | Kind::Issuer | Kind::Freeze | Kind::Unfreeze | Kind::Upgrade)
}

impl Sign {
    pub(super) fn run(self) -> Outcome {
        let (bytes, submission) = read(&self.file)?;
        let ledger = submission.ledger;
        let mut members = good(&self.file, &bytes, &ledger)?;
        let Some(path) = &self.key else { return self.shown(&bytes) };
        let signer = key::open(path)?;
        for place in self.places(&members, &signer.public_key())? {
            let count = members.len();
            let member = members.get_mut(place).ok_or_else(|| {
                Failure::usage(format!("there is no member {place}: it has {count}, from 0"))
            })?;
            add(member, &ledger, &signer)?;
        }
        let signed = Envelope::submission(&ledger, &members);
        Submission::decode(&signed).map_err(|code| Failure::usage(code.meaning()))?;
        private::write(&self.file, &signed)?;
        self.shown(&signed)
    }

    /// The operations that a key signs: those that are named, or that wait for it, or the only one.
    fn places(&self, members: &[Envelope], key: &KeyBytes) -> Result<Vec<usize>, Failure> {
        if !self.members.is_empty() {
            return Ok(self.members.clone());
        }
        let waits =
            |member: &Envelope| objects(member).any(|object| object.kid == *key && is_absent(&object));
        let waiting: Vec<usize> = (0..members.len()).filter(|place| waits(&members[*place])).collect();
        match (waiting.is_empty(), members.len()) {
            (false, _) => Ok(waiting),
            (true, 1) => Ok(vec![0]),
            (true, _) => Err(Failure::usage("no operation of the bundle waits for this key").hint(
                "--member PLACE, from 0, says which one it signs too; without --key the file is shown",
            )),
        }
    }

    /// What the file says.
    fn shown(&self, bytes: &[u8]) -> Outcome {
        let submission = Submission::decode(bytes).map_err(|code| Failure::usage(code.meaning()))?;
        let mut done = Done::say(format!("{} for ledger {}", submission.kind().text(), submission.ledger));
        let mut operations = Vec::new();
        for (place, member) in submission.operations.iter().enumerate() {
            let says = operation::says(member);
            let objects = member.objects();
            let signed = objects.iter().filter_map(|object| Sign1::decode(object).ok());
            let (waits, signers): (Vec<_>, Vec<_>) = signed.partition(is_absent);
            let texts = |all: &[Sign1<'_>]| all.iter().map(|one| did::to_text(&one.kid)).collect::<Vec<_>>();
            let (waits, signers) = (texts(&waits), texts(&signers));
            done = done.line(format!("{place}  {says}"));
            done = done.line(format!("   to be submitted until {}", time::show(member.valid_until())));
            for signer in &signers {
                done = done.line(format!("   signed by {signer}"));
            }
            for signer in &waits {
                done = done.line(format!("   to be signed by {signer}"));
            }
            operations.push(serde_json::json!({
                "kind": member.kind.text(),
                "says": says,
                "id": member.id.to_string(),
                "valid_until_s": member.valid_until().0,
                "signers": signers,
                "waits_for": waits,
            }));
        }
        Ok(done
            .line(format!("id {}, as it is signed now", submission.id))
            .with("id", submission.id.to_string())
            .with("ledger", submission.ledger.to_string())
            .with("file", &self.file)
            .with("operations", operations))
    }
}

/// Stands for a key that is elsewhere, and signs there: its place is kept, with a signature that is none.
pub(super) struct Absent(pub(super) KeyBytes);

/// Zeros are no signature of any key: their point is of small order (RFC 8032 §5.1.7, and the verifier's criterion).
const NO_SIGNATURE: [u8; 64] = [0; 64];

impl Signer for Absent {
    fn public_key(&self) -> KeyBytes {
        self.0
    }

    fn sign(&self, _: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(NO_SIGNATURE)
    }
}

fn is_absent(object: &Sign1<'_>) -> bool {
    object.signature == NO_SIGNATURE
}

/// The signed objects of an operation.
fn objects(member: &Envelope) -> impl Iterator<Item = Sign1<'_>> {
    member.objects.iter().filter_map(|object| Sign1::decode(object).ok())
}

/// The operations of a file, in which every signature that is there is good.
fn good(path: &Path, bytes: &[u8], ledger: &LedgerId) -> Result<Vec<Envelope>, Failure> {
    let (_, members) = Envelope::members(bytes).map_err(|code| Failure::usage(code.meaning()))?;
    if members.iter().all(|member| is_good(member, ledger)) {
        return Ok(members);
    }
    Err(Failure::refused("bad_signature", format!("{}: a signature is none", path.display()))
        .hint("it was changed after it was signed; have it prepared anew"))
}

/// Whether all signatures that are there are good.
fn is_good(member: &Envelope, ledger: &LedgerId) -> bool {
    let Some(label) = member.kind.label() else { return false };
    objects(member).filter(|object| !is_absent(object)).all(|object| {
        let key = PublicKey::parse(&object.kid);
        key.is_ok_and(|key| object.sig_structure(label, ledger).verify(&key, &object.signature).is_ok())
    })
}

/// Adds a signature to an operation, in the place that waits for it.
fn add(member: &mut Envelope, ledger: &LedgerId, signer: &LocalSigner) -> Result<(), Failure> {
    let wrong = || Failure::usage("the file holds no signed object");
    let payload = objects(member).next().ok_or_else(wrong)?.payload.to_vec();
    let label = member.kind.label().ok_or_else(wrong)?;
    let key = signer.public_key();
    let place = objects(member).position(|object| object.kid == key);
    if place.and_then(|place| objects(member).nth(place)).is_some_and(|object| !is_absent(&object)) {
        return Err(Failure::refused("already_so", "this key has signed it already"));
    }
    let (_, object) = sign_object(signer, label, ledger, &payload).map_err(Failure::usage)?;
    if place.is_none() && member.objects.len() == SIGNATURES_MAX {
        return Err(Failure::usage(format!("{SIGNATURES_MAX} signatures are the most")));
    }
    match place.and_then(|place| member.objects.get_mut(place)) {
        Some(waiting) => *waiting = object,
        None => member.objects.push(object),
    }
    if is_of_operators(member.kind) {
        member
            .objects
            .sort_by_key(|object| Sign1::decode(object).map(|object| object.kid).unwrap_or_default());
    }
    Ok(())
}

impl Bundle {
    pub(super) fn run(self) -> Outcome {
        let keys = self.keys.iter().map(|path| key::open(path)).collect::<Result<Vec<_>, _>>()?;
        let session = match &self.keep.prepare {
            Some(_) => None,
            None => Some(self.connection.open()?),
        };
        let now = clock::now()?;
        let (mut ledger, mut known) = (session.as_ref().map(|session| session.ledger), Vec::new());
        let (mut bodies, mut signers) = (Vec::new(), Vec::new());
        for path in &self.files {
            let (bytes, mut submission) = read(path)?;
            let shown = path.display();
            if *ledger.get_or_insert(submission.ledger) != submission.ledger {
                return Err(Failure::refused("wrong_ledger", format!("{shown}: for another ledger")));
            }
            let (Some(operation), true) = (submission.operations.pop(), submission.operations.is_empty())
            else {
                return Err(Failure::usage(format!("{shown}: it is a bundle already")));
            };
            // Who is asked to sign it anew has seen it before: nobody puts words into his mouth.
            let envelopes = good(path, &bytes, &submission.ledger)?;
            let parts =
                |part: fn(&Envelope) -> &Vec<Vec<u8>>| envelopes.iter().flat_map(part).cloned().collect();
            let (links, approvals) = (parts(|member| &member.links), parts(|member| &member.approvals));
            signers.push(self.signers(&operation, &keys, path)?);
            let id = operation.id;
            let mut body = unbundled(operation, links, approvals);
            self.keep.time(&mut body, now)?;
            refer(&mut body, &known);
            known.push(id);
            bodies.push(body);
        }
        let drafts: Vec<Draft<'_>> = bodies
            .into_iter()
            .zip(&signers)
            .map(|(body, signers)| Draft { body, signers: signers.iter().map(AsRef::as_ref).collect() })
            .collect();
        let client = Client::new(ledger.unwrap_or_default(), Randomness::System);
        let ready = client.ready(&drafts).map_err(Failure::usage)?;
        let what = format!("bundle of {}", drafts.len());
        match (&session, &self.keep.prepare) {
            (Some(session), _) => session.submit(&ready, &self.keep, &what),
            (None, Some(path)) => keep(path, &ready, &what),
            (None, None) => Err(Failure::internal("a bundle is either submitted or prepared")),
        }
    }

    /// Everybody who signed an operation, to sign it anew; with --prepare, those whose keys are elsewhere sign there,
    /// and so do those who have not signed it yet.
    fn signers<'s>(
        &self,
        operation: &Operation,
        keys: &'s [LocalSigner],
        path: &Path,
    ) -> Result<Vec<Box<dyn Signer + 's>>, Failure> {
        let mut signers: Vec<Box<dyn Signer>> = Vec::new();
        let waits = |key: &KeyBytes| {
            let object =
                |bytes: &Vec<u8>| Sign1::decode(bytes).is_ok_and(|one| one.kid == *key && is_absent(&one));
            operation.objects().iter().any(object)
        };
        for wanted in &operation.signers {
            match keys.iter().find(|key| key.public_key() == *wanted.bytes()) {
                Some(_) if waits(wanted.bytes()) && self.keep.prepare.is_none() => {
                    let key = did::to_text(wanted.bytes());
                    return Err(Failure::usage(format!("{}: {key} has not signed it", path.display()))
                        .coded("unsigned")
                        .hint(
                            "`remit sign FILE` shows it, and with --key signs it; then it can be bundled",
                        ));
                }
                Some(key) if !waits(wanted.bytes()) => signers.push(Box::new(key.clone())),
                Some(_) => signers.push(Box::new(Absent(*wanted.bytes()))),
                None if self.keep.prepare.is_some() => signers.push(Box::new(Absent(*wanted.bytes()))),
                None => {
                    let key = did::to_text(wanted.bytes());
                    let message = format!("{}: {key} has signed it, and is not here", path.display());
                    return Err(Failure::usage(message).coded("no_key").hint(
                        "--key FILE names it; or --prepare FILE, and it signs there with `remit sign FILE`",
                    ));
                }
            }
        }
        Ok(signers)
    }
}

/// The same operation outside of any bundle, unsigned.
fn unbundled(operation: Operation, links: Vec<Vec<u8>>, approvals: Vec<Vec<u8>>) -> DraftBody {
    match operation.body {
        Body::Token(token, sealed) => DraftBody::Token(Token { bundle: None, ..token }, sealed),
        Body::Reserve(invocation, ..) => {
            DraftBody::Reserve(Invocation { bundle: None, ..invocation }, links, approvals)
        }
        Body::Act(stamp, Act::Lease(lease), _) if !approvals.is_empty() => {
            DraftBody::Lease(Stamp { bundle: None, ..stamp }, lease, approvals)
        }
        Body::Act(stamp, act, sealed) => DraftBody::Act(Stamp { bundle: None, ..stamp }, act, sealed),
    }
}

/// What names an operation that is in the bundle names its place there.
fn refer(body: &mut DraftBody, known: &[ObjectId]) {
    let DraftBody::Act(_, act, _) = body else { return };
    let reference = match act {
        Act::Veto { rekey: reference, .. }
        | Act::Resume { suspend: reference, .. }
        | Act::Capture { reserve: reference, .. }
        | Act::Release { reserve: reference, .. }
        | Act::Refund { capture: reference, .. }
        | Act::LeaseClose { lease: reference }
        | Act::Settle { lease: reference, .. }
        | Act::Trade(Trade { offer: reference, .. })
        | Act::Unfreeze { freeze: reference, .. } => reference,
        _ => return,
    };
    if let Reference::Id(id) = reference {
        let place = (0u8..).zip(known).find(|(_, known)| *known == id);
        if let Some((place, _)) = place {
            *reference = Reference::Member(place);
        }
    }
}

impl Submit {
    pub(super) fn run(self) -> Outcome {
        let (bytes, submission) = read(&self.file)?;
        let session = self.connection.open()?;
        if submission.ledger != session.ledger {
            return Err(Failure::refused(
                "wrong_ledger",
                format!("it is for the ledger {}", submission.ledger),
            ));
        }
        let waits = submission.operations.iter().flat_map(Operation::objects).find_map(|object| {
            Sign1::decode(&object).ok().filter(is_absent).map(|object| did::to_text(&object.kid))
        });
        if let Some(waits) = waits {
            return Err(Failure::usage(format!("{}: {waits} has not signed it", self.file.display()))
                .coded("unsigned")
                .hint("`remit sign FILE --key KEY`, wherever that key is"));
        }
        let what = match submission.operations.as_slice() {
            [operation] => operation::says(operation),
            operations => format!("bundle of {}", operations.len()),
        };
        // Whoever prepared it may want to have more signatures on it, or to try again.
        let saved = Saved { path: Some(&self.file), although_refused: true };
        session.submit_bytes(&submission.id, &bytes, saved, &what)
    }
}
