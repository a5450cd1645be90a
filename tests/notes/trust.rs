//! Trust lines and the builder (spec 08 §6).

use crate::{log_key, signer, witness_key};
use remit_verifier::c2sp::{
    KeyKind, Threshold, Trust, TrustBuilder, TrustParseError, TrustRuleError, VerifierKey, VerifierKeyError,
};
use remit_verifier::limits::{TRUST_BYTES_MAX, TRUST_ITEMS_MAX};
use remit_verifier::sign::{LocalSigner, Signer};

/// Lines in short: `L` stands for the log's key, `W2` to `W9` for those of witnesses.
fn parse(lines: &str) -> Result<Trust, TrustParseError> {
    let mut text = lines.replace(" L", &format!(" {}", log_key()));
    for number in 2..10 {
        text = text.replace(&format!(" W{number}"), &format!(" {}", witness_key(number)));
    }
    Trust::parse(text.as_bytes())
}

#[test]
fn the_shape_of_the_published_example_is_read() {
    let trust = parse(
        "log L\n\nwitness X1 W2 https://x1.example/\nwitness X2 W3\nwitness X3 W4\n\
         group X-witnesses 2 X1 X2 X3\n\nwitness Y1 W5\nwitness Y2 W6\nwitness Y3 W7\n\
         group Y-witnesses any Y1 Y2 Y3\n\ngroup X-and-Y all X-witnesses Y-witnesses\nquorum X-and-Y\n",
    )
    .unwrap();
    assert_eq!(trust.logs().map(|(key, url)| (key.clone(), url)).collect::<Vec<_>>(), [(log_key(), None)]);
    let names: Vec<_> = trust.witnesses().map(|witness| witness.name()).collect();
    assert_eq!(names, [b"X1", b"X2", b"X3", b"Y1", b"Y2", b"Y3"]);
    let x1 = trust.witness(&signer(2).public_key()).unwrap();
    assert_eq!((x1.key(), x1.url()), (&witness_key(2), Some(b"https://x1.example/".as_slice())));
    assert!(trust.witness(&signer(9).public_key()).is_none() && !trust.quorum_is_none());
}

#[test]
fn white_space_comments_and_order_are_free() {
    for lines in [
        "quorum none",
        "quorum none\n",
        "# comment\n \t # comment\n\n \t\n\tquorum \t none \nlog L https://log.example/\nwitness a W2\n",
        "witness a W2\nquorum a\nwitness b W3\nlog L",
        "witness all W2\ngroup any all all\nquorum any",
        "witness \u{212a} W2\nwitness K W3\nquorum K",
    ] {
        assert!(parse(lines).is_ok(), "{lines:?}");
    }
    // Names are octets; they need not be UTF-8.
    let text =
        [b"witness \xff ".as_slice(), witness_key(2).to_string().as_bytes(), b"\nquorum \xff"].concat();
    assert_eq!(Trust::parse(&text).unwrap().witnesses().next().unwrap().name(), b"\xff");
}

#[test]
fn broken_rules_are_refused_with_their_line() {
    use TrustRuleError::*;
    let two = "witness a W2\nwitness b W3\n";
    for (lines, line, error) in [
        ("", 0, NoQuorum),
        ("log L\nwitness a W2\n", 0, NoQuorum),
        ("quorum none\nquorum none\n", 2, SecondQuorum),
        ("quorum a\nwitness a W2\n", 1, Undefined),
        ("log L\nquorum L\n", 2, Undefined),
        ("witness none W2\n", 1, Reserved),
        (&format!("{two}group none any a\n"), 3, Reserved),
        (&format!("{two}group g any none\n"), 3, Reserved),
        (&format!("{two}witness a W4\n"), 3, NameTaken),
        (&format!("{two}group a any b\n"), 3, NameTaken),
        (&format!("{two}group g any a\ngroup g any b\n"), 4, NameTaken),
        (&format!("{two}group g any c\n"), 3, Undefined),
        (&format!("{two}group g any g\n"), 3, Undefined),
        (&format!("{two}group g any a a\n"), 3, MemberTaken),
        (&format!("{two}group g any a\ngroup h any a b\n"), 4, MemberTaken),
        (&format!("{two}group g any a\ngroup h any g\ngroup i any b g\n"), 5, MemberTaken),
        (&format!("{two}group g 0 a b\n"), 3, Threshold),
        (&format!("{two}group g 3 a b\n"), 3, Threshold),
        (&format!("{two}group g 02 a b\n"), 3, Threshold),
        (&format!("{two}group g +1 a b\n"), 3, Threshold),
        (&format!("{two}group g some a b\n"), 3, Threshold),
        (&format!("{two}group g 18446744073709551616 a b\n"), 3, Threshold),
        (&format!("{two}group g all\n"), 3, Threshold),
        (&format!("{two}group g any\n"), 3, Threshold),
        ("log L\nlog L https://log.example/\n", 2, KeyTaken),
        ("witness a W2\n\nwitness b W2\n", 3, KeyTaken),
        ("log W2\n", 1, KeyKind),
        ("witness a L\n", 1, KeyKind),
    ] {
        assert_eq!(parse(lines).unwrap_err(), TrustParseError::Rule { line, error }, "{lines}");
    }
}

#[test]
fn malformed_lines_are_refused() {
    for (lines, error) in [
        ("\nlogs L\n", TrustParseError::Keyword { line: 2 }),
        ("Log L\n", TrustParseError::Keyword { line: 1 }),
        ("log\n", TrustParseError::Words { line: 1 }),
        ("log L a b\n", TrustParseError::Words { line: 1 }),
        ("witness a\n", TrustParseError::Words { line: 1 }),
        ("witness a W2 url more\n", TrustParseError::Words { line: 1 }),
        ("group g\n", TrustParseError::Words { line: 1 }),
        ("quorum\n", TrustParseError::Words { line: 1 }),
        ("quorum none none\n", TrustParseError::Words { line: 1 }),
        ("log x\n", TrustParseError::Key { line: 1, error: VerifierKeyError::Malformed }),
        ("quorum none\r\n", TrustParseError::Control { line: 1, byte: b'\r' }),
        ("\n# \x7f\nquorum none\n", TrustParseError::Control { line: 2, byte: 0x7f }),
        ("# \0\n", TrustParseError::Control { line: 1, byte: 0 }),
    ] {
        assert_eq!(parse(lines).unwrap_err(), error, "{lines}");
    }
    let error = Trust::parse(b"log \xff\n").unwrap_err();
    assert_eq!(error, TrustParseError::Key { line: 1, error: VerifierKeyError::Name });
}

#[test]
fn a_key_has_one_role_and_a_line_one_key() {
    let shared = signer(2).public_key();
    let other_name = VerifierKey::new("other.example", KeyKind::Cosignature, &shared).unwrap();
    let as_log = VerifierKey::new("other.example", KeyKind::Note, &shared).unwrap();
    let mut builder = TrustBuilder::new();
    builder.witness(b"a", witness_key(2), None).unwrap();
    assert_eq!(builder.witness(b"b", other_name, None).err(), Some(TrustRuleError::KeyTaken));
    assert_eq!(builder.log(as_log, None).err(), Some(TrustRuleError::KeyTaken));

    // Two keys whose IDs are equal under the name "w", found by search.
    let [first, second] = [3835u32, 88_097].map(|number| {
        let mut seed = [0; 32];
        seed[..4].copy_from_slice(&number.to_le_bytes());
        let key = LocalSigner::from_seed(&seed).public_key();
        VerifierKey::new("w", KeyKind::Cosignature, &key).unwrap()
    });
    assert!(first.id() == second.id() && first != second);
    builder.witness(b"c", first, None).unwrap();
    assert_eq!(builder.witness(b"d", second, None).err(), Some(TrustRuleError::KeyTaken));
}

#[test]
fn names_in_code_obey_the_rules_of_lines() {
    let mut builder = TrustBuilder::new();
    for name in [b"".as_slice(), b"a b", b"a\tb", b"a\nb", b"a\x7f"] {
        assert_eq!(builder.witness(name, witness_key(2), None).err(), Some(TrustRuleError::Name));
    }
    builder.witness(b"a", witness_key(2), None).unwrap();
    // A refused group takes no member.
    assert_eq!(builder.group(b"", Threshold::All, &[b"a"]).err(), Some(TrustRuleError::Name));
    assert_eq!(builder.group(b"g", Threshold::Count(2), &[b"a"]).err(), Some(TrustRuleError::Threshold));
    builder.group(b"g", Threshold::All, &[b"a"]).unwrap().quorum(b"g").unwrap();
    assert!(builder.build().is_ok());
}

#[test]
fn trust_is_bounded() {
    let max = u8::try_from(TRUST_ITEMS_MAX).unwrap();
    let mut builder = TrustBuilder::new();
    let log = |number: u8| {
        VerifierKey::new("log.example", KeyKind::Note, &signer(100 + number).public_key()).unwrap()
    };
    for number in 0..max {
        builder.log(log(number), None).unwrap();
        let name = [b'w', number + b'0'];
        builder.witness(&name, witness_key(number), None).unwrap();
        builder.group(&[b'g', number + b'0'], Threshold::All, &[&name]).unwrap();
    }
    assert_eq!(builder.log(log(max), None).err(), Some(TrustRuleError::TooMany));
    assert_eq!(builder.witness(b"w", witness_key(max), None).err(), Some(TrustRuleError::TooMany));
    assert_eq!(builder.group(b"g", Threshold::All, &[b"g0"]).err(), Some(TrustRuleError::TooMany));
    assert_eq!(builder.quorum(b"g0").unwrap().clone().build().unwrap().witnesses().count(), TRUST_ITEMS_MAX);

    let text = |bytes: usize| format!("quorum none\n#{}", "-".repeat(bytes - 13));
    assert!(Trust::parse(text(TRUST_BYTES_MAX).as_bytes()).is_ok());
    let error = Trust::parse(text(TRUST_BYTES_MAX + 1).as_bytes()).unwrap_err();
    assert_eq!(error, TrustParseError::TooLong(TRUST_BYTES_MAX + 1));
}
