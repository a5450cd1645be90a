//! Which checkpoints are accepted, and the age of the evidence for them (spec 08 §7, §8).

use crate::{ORIGIN, cosigned, log_key, signer, witness_key, witness_name};
use remit_verifier::c2sp::{
    AcceptedCheckpoint, Checkpoint, CheckpointError, CosignatureError, KeyId, KeyKind, NoteError, SignedNote,
    Trust, TrustBuilder, TrustError, VerifierKey, signature_line,
};
use remit_verifier::sign::{LocalSigner, Signer, sign_checkpoint};
use remit_verifier::types::{Hash, Millis, TreeSize};

const NOW: u64 = 1_000_000;
const SKEW: u64 = 2_000;

/// A checkpoint that was served by a log in operation, with a signature of type 0x05 and four cosignatures.
const SERVED: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";
const SERVED_TRUST: &str = "
log arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f
witness garden transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM
witness smartit witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO
witness remora remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2
witness stagemole witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv
group all-four all garden smartit remora stagemole
quorum all-four
";

/// Trusts the log and the witnesses 2 to 5, called `w2` to `w5`.
fn trust(rules: &str) -> Trust {
    let mut lines = format!("log {}\n", log_key());
    for number in 2..6 {
        lines.push_str(&format!("witness w{number} {}\n", witness_key(number)));
    }
    Trust::parse([&lines, rules].concat().as_bytes()).unwrap()
}

fn accept(rules: &str, witnesses: &[(u8, u64)]) -> Result<AcceptedCheckpoint, TrustError> {
    accept_note(rules, &cosigned(witnesses))
}

fn accept_note(rules: &str, note: &str) -> Result<AcceptedCheckpoint, TrustError> {
    trust(rules).accept(note.as_bytes(), Millis(NOW), Millis(SKEW))
}

/// The evidence time in seconds of an accepted note.
fn evidence(rules: &str, witnesses: &[(u8, u64)]) -> Result<Option<u64>, TrustError> {
    let accepted = accept(rules, witnesses)?;
    Ok(accepted.evidence_time().map(|time| time.seconds().0))
}

#[test]
fn a_checkpoint_from_the_field_is_accepted() {
    let trust = Trust::parse(SERVED_TRUST.as_bytes()).unwrap();
    let time = 0x6a12_2120;
    let accepted = trust.accept(SERVED.as_bytes(), Millis(time * 1000), Millis(0)).unwrap();
    assert_eq!(accepted.origin(), "arche2025h1.staging.ct.transparency.dev");
    assert_eq!((accepted.size(), accepted.cosigners().len()), (TreeSize(1_432_088_532), 4));
    assert_eq!(accepted.evidence_time(), Some(Millis(time * 1000)));
    let early = trust.accept(SERVED.as_bytes(), Millis(time * 1000 - 1), Millis(0));
    assert_eq!(early, Err(TrustError::Clock));
    let changed = SERVED.replace("1432088532", "1432088533");
    assert_eq!(
        trust.accept(changed.as_bytes(), Millis(time * 1000), Millis(0)),
        Err(TrustError::LogSignature(2))
    );
}

#[test]
fn an_accepted_checkpoint_says_what_was_verified() {
    let accepted = accept("quorum w2", &[(3, 900), (2, 800)]).unwrap();
    assert_eq!((accepted.origin(), accepted.size(), accepted.root()), (ORIGIN, TreeSize(7), Hash([7; 32])));
    assert_eq!(accepted.log_key(), signer(1).public_key());
    let cosigners: Vec<_> = accepted.cosigners().iter().map(|one| (one.key, one.time.0)).collect();
    assert_eq!(cosigners, [(signer(3).public_key(), 900), (signer(2).public_key(), 800)]);
    assert_eq!(accepted.evidence_time(), Some(Millis(800_000)));
    assert_eq!(accepted.newest_time(), Some(Millis(900_000)));
}

#[test]
fn without_a_quorum_there_is_no_evidence_time() {
    let accepted = accept("quorum none", &[]).unwrap();
    assert_eq!((accepted.evidence_time(), accepted.newest_time()), (None, None));
    let accepted = accept("quorum none", &[(2, 900), (3, 2000)]).unwrap();
    assert_eq!((accepted.evidence_time(), accepted.newest_time()), (None, Some(Millis(900_000))));
}

#[test]
fn evidence_is_as_old_as_the_quorum_makes_it() {
    let two = "group g 2 w2 w3 w4\nquorum g";
    let nested = "group g 2 w2 w3 w4\ngroup h all g w5\nquorum h";
    for (rules, witnesses, expected) in [
        ("quorum w2", [(2, 10)].as_slice(), Ok(Some(10))),
        ("quorum w2", &[(3, 10)], Err(TrustError::Quorum)),
        ("group g any w2 w3\nquorum g", &[(2, 10), (3, 20)], Ok(Some(20))),
        ("group g all w2 w3\nquorum g", &[(2, 10), (3, 20)], Ok(Some(10))),
        ("group g all w2 w3\nquorum g", &[(2, 10)], Err(TrustError::Quorum)),
        (two, &[(2, 10), (3, 20), (4, 30)], Ok(Some(20))),
        (two, &[(4, 30), (2, 10)], Ok(Some(10))),
        (two, &[(2, 10), (5, 20)], Err(TrustError::Quorum)),
        (nested, &[(2, 10), (3, 20), (4, 30), (5, 15)], Ok(Some(15))),
        (nested, &[(2, 10), (3, 20), (4, 30), (5, 25)], Ok(Some(20))),
        (nested, &[(2, 10), (3, 20), (4, 30)], Err(TrustError::Quorum)),
        (two, &[], Err(TrustError::Quorum)),
    ] {
        assert_eq!(evidence(rules, witnesses), expected, "{rules} {witnesses:?}");
    }
}

#[test]
fn times_up_to_now_and_the_skew_count() {
    let limit = (NOW + SKEW) / 1000;
    assert_eq!(evidence("quorum w2", &[(2, limit)]), Ok(Some(limit)));
    assert_eq!(evidence("quorum w2", &[(2, limit + 1)]), Err(TrustError::Clock));
    // One that is too late neither counts nor hides the others.
    let any = "group g any w2 w3\nquorum g";
    assert_eq!(evidence(any, &[(2, limit + 1), (3, 10)]), Ok(Some(10)));
    let all = "group g all w2 w3\nquorum g";
    assert_eq!(evidence(all, &[(2, limit + 1), (3, 10)]), Err(TrustError::Clock));
    assert_eq!(evidence(all, &[(2, limit + 1)]), Err(TrustError::Quorum));
    assert_eq!(evidence("quorum w2", &[(2, (1 << 63) - 1)]), Err(TrustError::Clock));
    let accepted = accept(any, &[(2, limit + 1), (3, 10)]).unwrap();
    assert_eq!((accepted.cosigners().len(), accepted.newest_time()), (1, Some(Millis(10_000))));
    // The sum of now and the skew may exceed what a number holds.
    let note = cosigned(&[(2, 10)]);
    assert!(trust("quorum w2").accept(note.as_bytes(), Millis(u64::MAX), Millis(u64::MAX)).is_ok());
}

#[test]
fn unknown_lines_are_ignored_and_known_bad_ones_are_not() {
    let note = cosigned(&[(2, 10), (3, 20)]);
    let bad_log = signature_line(ORIGIN, log_key().id(), &[1; 64]);
    let bad_witness = |number| signature_line(&witness_name(number), witness_key(number).id(), &[1; 72]);
    let timed = |time: u64| {
        let bytes = [time.to_be_bytes().as_slice(), &[1; 64]].concat();
        signature_line(&witness_name(4), witness_key(4).id(), &bytes)
    };
    // Unknown: another key, a known name with another ID, a known ID under another name, another type.
    for line in [
        bad_witness(9),
        signature_line(&witness_name(4), KeyId([0; 4]), &[1; 72]),
        signature_line("other.example", witness_key(4).id(), &[1; 72]),
        signature_line(ORIGIN, KeyId([0; 4]), &[1; 64]),
        signature_line(
            ORIGIN,
            KeyId::compute(ORIGIN, KeyKind::Cosignature, &signer(1).public_key()),
            &[1; 72],
        ),
    ] {
        assert!(accept_note("quorum w2", &format!("{note}{line}")).is_ok(), "{line}");
    }
    let error = |line: &str| accept_note("quorum w2", &format!("{note}{line}")).unwrap_err();
    let cosignature = |error| TrustError::Cosignature { line: 4, error };
    assert_eq!(error(&bad_witness(4)), cosignature(CosignatureError::Signature));
    assert_eq!(error(&timed(5)), cosignature(CosignatureError::Signature));
    assert_eq!(error(&timed(0)), cosignature(CosignatureError::Time(0)));
    assert_eq!(error(&timed(1 << 63)), cosignature(CosignatureError::Time(1 << 63)));
    let short = signature_line(&witness_name(4), witness_key(4).id(), &[1; 71]);
    assert_eq!(error(&short), cosignature(CosignatureError::Length));
    assert_eq!(error(&bad_log), TrustError::SecondSignature(4));
    assert_eq!(
        error(note.lines().nth(5).map(|line| format!("{line}\n")).unwrap().as_str()),
        TrustError::SecondSignature(4)
    );
    assert_eq!(error(&bad_witness(2)), TrustError::SecondSignature(4));
}

#[test]
fn a_log_must_be_known_and_have_signed() {
    let text = cosigned(&[]).split_once("\n\n").unwrap().0.to_owned() + "\n";
    let with = |line: &str| accept_note("quorum none", &SignedNote::assemble(&text, line).unwrap());
    let unknown = signature_line("other.example", KeyId([0; 4]), &[1; 64]);
    assert_eq!(with(&unknown), Err(TrustError::NoLogSignature));
    assert_eq!(with(&signature_line(ORIGIN, log_key().id(), &[1; 64])), Err(TrustError::LogSignature(1)));
    assert_eq!(with(&signature_line(ORIGIN, log_key().id(), &[1; 63])), Err(TrustError::LogSignature(1)));

    let other = Checkpoint::new("other.example", TreeSize(7), Hash([7; 32])).unwrap();
    let other = sign_checkpoint(&signer(1), &other).unwrap();
    assert_eq!(accept_note("quorum none", &other), Err(TrustError::UnknownOrigin));
    assert_eq!(accept_note("quorum none", "a"), Err(TrustError::Note(NoteError::NoEmptyLine)));
    let no_checkpoint = "a\n\n— k AAAAAAE=\n";
    let error = TrustError::Checkpoint(CheckpointError::Truncated);
    assert_eq!(accept_note("quorum none", no_checkpoint), Err(error));
}

#[test]
fn every_key_of_a_log_counts_but_no_key_of_another() {
    let key = |name: &str, signer: &LocalSigner| {
        VerifierKey::new(name, KeyKind::Note, &signer.public_key()).unwrap()
    };
    let mut builder = TrustBuilder::new();
    builder.log(log_key(), None).unwrap().log(key(ORIGIN, &signer(8)), None).unwrap();
    builder.log(key("other.example", &signer(9)), None).unwrap().quorum(b"none").unwrap();
    let trust = builder.build().unwrap();
    let accept = |note: &str| trust.accept(note.as_bytes(), Millis(NOW), Millis(SKEW));

    let checkpoint = Checkpoint::new(ORIGIN, TreeSize(7), Hash([7; 32])).unwrap();
    let first = sign_checkpoint(&signer(1), &checkpoint).unwrap();
    let second = sign_checkpoint(&signer(8), &checkpoint).unwrap();
    assert_eq!(accept(&second).unwrap().log_key(), signer(8).public_key());
    let line = second.split_once("\n\n").unwrap().1;
    let both = SignedNote::parse(first.as_bytes()).unwrap().with_lines(line).unwrap();
    assert_eq!(accept(&both).unwrap().log_key(), signer(1).public_key());
    let bad = signature_line(ORIGIN, key(ORIGIN, &signer(8)).id(), &[1; 64]);
    assert_eq!(accept(&format!("{first}{bad}")), Err(TrustError::LogSignature(2)));
    // The key of another trusted log is unknown for this origin, good or bad.
    let foreign = signature_line("other.example", key("other.example", &signer(9)).id(), &[1; 64]);
    assert!(accept(&format!("{first}{foreign}")).is_ok());
}

#[test]
fn errors_say_where_and_what() {
    let line = |lines: &str| Trust::parse(lines.as_bytes()).unwrap_err().to_string();
    assert_eq!(line("log x"), "line 1: verifier key is not name+id+key");
    assert_eq!(line(""), "there is no quorum; none must be stated too");
    let clock = accept("quorum w2", &[(2, NOW)]).unwrap_err();
    assert_eq!(clock.to_string(), "witnesses meet the quorum only with times in the future");
    let error = TrustError::Cosignature { line: 3, error: CosignatureError::Time(0) };
    assert_eq!(error.to_string(), "signature line 3: cosignature time 0 is not from 1 to 2^63 - 1");
}
