//! Every bound of spec 12 is tested at the bound and one past it: here what is decoded, and for the rest by the test
//! that is named. A bound without either fails.

use crate::make::item::Item;
use crate::make::things::*;
use crate::run::written;
use remit_verifier::code::Code;
use remit_verifier::label;
use remit_verifier::limits::*;
use remit_verifier::object::{Act, Envelope, Kind, Origin, Stamp, Submission, Token, bundle_digest};
use remit_verifier::state::{Status, chunk_of, status_chunk};
use remit_verifier::types::{Generation, Nonce, StateIndex};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

type Outcome = Result<(), Code>;

/// A bound, what comes of something at it and one past it, and what makes something of that size.
struct Bound(&'static str, u64, Outcome, Outcome, fn(usize) -> Outcome);

const OVERSIZE: Outcome = Err(Code::Oversize);
const TOO_MANY: Outcome = Err(Code::TooMany);
const MALFORMED: Outcome = Err(Code::Malformed);

fn decoded(kind: &str, bytes: &[u8]) -> Outcome {
    let again = written(kind, bytes).map_err(Code::from)?;
    assert!(again == bytes, "written again");
    Ok(())
}

/// A good object with one change.
fn changed(kind: &str, good: &[u8], change: impl FnOnce(&mut Item)) -> Outcome {
    let mut item = Item::read(good);
    change(&mut item);
    decoded(kind, &item.write())
}

/// A root token with so many approvers.
fn approvers(count: usize) -> Outcome {
    changed("token", &root().encode(), |item| {
        item.field(-65537).field(10).items()[1] = Item::Array(keys(count))
    })
}

/// Counters of so many spans in one unit.
fn spans(count: usize) -> Outcome {
    let span = Item::Array(vec![number(0), number(0)]);
    changed("values", &values().encode(&[1; 32]), |item| {
        item.items()[3].items()[0].items()[9] = Item::Array(vec![span; count]);
    })
}

fn submitted(envelopes: &[Envelope]) -> Outcome {
    Submission::decode(&Envelope::submission(&ledger(), envelopes)).map(drop)
}

fn number(value: usize) -> Item {
    Item::Unsigned(value as u64)
}

fn text(bytes: usize) -> Item {
    Item::Text("x".repeat(bytes))
}

/// So many different keys, in order of their bytes.
fn keys(count: usize) -> Vec<Item> {
    let mut keys: Vec<_> = (0..count).map(|n| key_bytes(&format!("key {n}")).0).collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| Item::Bytes(key.to_vec())).collect()
}

/// A root token with one permission changed.
fn permission(change: impl FnOnce(&mut Item)) -> Outcome {
    changed("token", &root().encode(), |item| change(&mut item.field(-65537).field(4).items()[0]))
}

fn act(place: usize, change: impl FnOnce(&mut Item)) -> Outcome {
    let act = acts()[place].clone();
    changed(&format!("act:{}", act.kind().text()), &act.encode(&stamp(1)), change)
}

fn entry(name: &str, change: impl FnOnce(&mut Item)) -> Outcome {
    let entry = entries().into_iter().find(|(other, _)| *other == name).expect("an entry").1;
    changed("entry", &entry.encode(), change)
}

fn leaf(name: &str, change: impl FnOnce(&mut Vec<Item>)) -> Outcome {
    let leaf = leaves().into_iter().find(|(other, _)| *other == name).expect("a leaf").1;
    changed("leaf", &leaf.encode(), |item| change(item.items()[8].items()))
}

/// A member of a submission with its signatures, sealed claims and links.
fn member(kind: Kind, objects: Vec<Vec<u8>>, sealed: Option<Vec<u8>>, links: Vec<Vec<u8>>) -> Envelope {
    Envelope { kind, objects, sealed, links, approvals: Vec::new() }
}

fn signatures(count: usize) -> Outcome {
    let payload = Act::Unit { name: "CNY".into(), decimals: 2 }.encode(&stamp(1));
    let sign = |n| sign(&format!("operator {n}"), label::UNIT, &payload).1;
    submitted(&[member(Kind::Unit, (0..count).map(sign).collect(), None, Vec::new())])
}

fn links(count: usize) -> Outcome {
    let link = sign("hotel agent", label::TOKEN, &offline().encode()).1;
    let reserve = sign("sub-agent", label::INVOCATION, &invocation().encode()).1;
    submitted(&[member(Kind::Reserve, vec![reserve], None, vec![link; count])])
}

fn bundle(count: usize) -> Outcome {
    let act = |n: usize| (Stamp { nonce: Nonce([n as u8; 16]), ..stamp(0) }, acts()[7].clone());
    let acts: Vec<_> = (0..count).map(act).collect();
    let payloads: Vec<_> = acts.iter().map(|(stamp, act)| (act.kind(), act.encode(stamp))).collect();
    let digest = Some(bundle_digest(&payloads));
    let signed = |(stamp, act): &(Stamp, Act)| {
        let payload = act.encode(&Stamp { bundle: digest, ..*stamp });
        member(act.kind(), vec![sign("assistant", label::SUSPEND, &payload).1], None, Vec::new())
    };
    submitted(&acts.iter().map(signed).collect::<Vec<_>>())
}

/// A root whose sealed claims have so many bytes; they cannot be good, for all that may stand in them is shorter.
fn sealed_bytes(bytes: usize) -> Outcome {
    let issue = sign("company", label::TOKEN, &root().encode()).1;
    submitted(&[member(Kind::Issue, vec![issue], Some(vec![0; bytes]), Vec::new())])
}

/// A presentation of so many bytes, its last token as long as it takes.
fn presentation(bytes: usize) -> Outcome {
    let with = |token: usize| {
        let empty: &[u8] = &[];
        let token = vec![0; token];
        remit_verifier::verify::Presentation {
            ledger: ledger(),
            note: empty,
            commitment: empty,
            commitment_path: Vec::new(),
            leaves: Vec::new(),
            state_proof: Vec::new(),
            tokens: vec![&token],
        }
        .encode()
    };
    let rest = with(1_000).len() - 1_000;
    let bytes_of = with(bytes - rest);
    assert_eq!(bytes_of.len(), bytes);
    decoded("presentation", &bytes_of)
}

fn budgets(count: usize) -> Outcome {
    changed("sealed", &sealed().encode(), |item| {
        let budget = |n: usize| {
            Item::Map(vec![
                (number(1), Item::Bytes(vec![n as u8; 32])),
                (number(2), number(0)),
                (number(3), number(1)),
            ])
        };
        *item.items()[2].field(1) = Item::Array((0..count).map(budget).collect());
    })
}

fn arguments_of(count: usize) -> Outcome {
    changed("invocation", &invocation().encode(), |item| {
        let argument = |n| (Item::Text(format!("{n:02}")), Item::Bytes(vec![1; 32]));
        *item.field(9) = Item::Map((0..count).map(argument).collect());
    })
}

fn operands(count: usize) -> Outcome {
    let operands = Item::Array(vec![number(1); count]);
    permission(|p| *p.field(4) = Item::Array(vec![Item::Array(vec![Item::text("a"), number(6), operands])]))
}

fn conditions(count: usize) -> Outcome {
    let condition = Item::Array(vec![Item::text("a"), number(0), Item::Array(vec![number(1)])]);
    permission(|p| *p.field(4) = Item::Array(vec![condition; count]))
}

fn permissions(count: usize) -> Outcome {
    changed("token", &root().encode(), |item| {
        *item.field(-65537).field(4) = Item::Array(vec![Item::Map(vec![]); count]);
    })
}

fn payload(bytes: usize) -> Outcome {
    changed("sign1", &root_object().1, |item| item.items()[2] = Item::Bytes(vec![0; bytes]))
}

fn depth(depth: usize) -> Outcome {
    changed("token", &root().encode(), |item| {
        *item.field(-65537).field(5) = Item::Array(vec![number(2), number(depth)]);
    })
}

fn unit_name(bytes: usize) -> Outcome {
    act(2, |item| *item.field(13) = Item::Text("X".repeat(bytes)))
}

/// Claims that only an offline link has, so many budgets.
fn open_budgets(count: usize) -> Outcome {
    let generation = Generation(0);
    let origin = Origin::Offline { parent: TOKEN, epoch: Default::default(), generation };
    changed("token", &Token { origin, ..offline() }.encode(), |item| {
        let budget =
            |n: usize| Item::Map(vec![(number(1), Item::Bytes(vec![n as u8; 32])), (number(2), number(0))]);
        *item.field(-65537).field(9) = Item::Array((0..count).map(budget).collect());
    })
}

fn retired(count: usize) -> Outcome {
    let retired = |key| Item::Array(vec![key, number(0)]);
    leaf("leaf-party", |body| body[2] = Item::Array(keys(count).into_iter().map(retired).collect()))
}

fn units(count: usize) -> Outcome {
    changed("values", &values_bytes(), |item| {
        let units = item.items()[3].items();
        let unit = units[0].clone();
        *units = (0..count)
            .map(|n| {
                let mut unit = unit.clone();
                unit.items()[0] = number(n);
                unit
            })
            .collect();
    })
}

fn values_bytes() -> Vec<u8> {
    values().encode(&sealed().secret)
}

fn operators(count: usize) -> Outcome {
    entry("entry-genesis", |item| {
        item.items()[5] = Item::Array(keys(count));
        item.items()[6] = number(count);
    })
}

fn path(bytes: usize) -> Outcome {
    permission(|p| *p.field(3) = Item::Array(vec![text(bytes)]))
}

fn submission(bytes: usize) -> Outcome {
    Submission::decode(&vec![0; bytes]).map(drop)
}

/// What is decoded. Some things cannot be good at their bound, because another bound is met first: then the code says
/// that it is not the size.
fn here() -> Vec<Bound> {
    let max = |bound: usize| bound as u64;
    vec![
        Bound("OBJECT_BYTES_MAX", max(OBJECT_BYTES_MAX), MALFORMED, OVERSIZE, submission),
        Bound("PRESENTATION_BYTES_MAX", max(PRESENTATION_BYTES_MAX), Ok(()), OVERSIZE, presentation),
        Bound("PAYLOAD_BYTES_MAX", max(PAYLOAD_BYTES_MAX), Ok(()), OVERSIZE, payload),
        Bound("SEALED_BYTES_MAX", max(SEALED_BYTES_MAX), Err(Code::SealedMismatch), OVERSIZE, sealed_bytes),
        Bound("DEPTH_MAX", max(DEPTH_MAX), Ok(()), MALFORMED, depth),
        Bound("DEPTH_MAX", max(DEPTH_MAX), Ok(()), TOO_MANY, links),
        Bound("BUNDLE_MEMBERS_MAX", max(BUNDLE_MEMBERS_MAX), Ok(()), TOO_MANY, bundle),
        Bound("PERMISSIONS_MAX", max(PERMISSIONS_MAX), Ok(()), TOO_MANY, permissions),
        Bound("PERMISSION_ITEMS_MAX", max(PERMISSION_ITEMS_MAX), Ok(()), TOO_MANY, |n| {
            permission(|p| *p.field(1) = Item::Array(vec![Item::Bytes(vec![1; 32]); n]))
        }),
        Bound("PERMISSION_ITEMS_MAX", max(PERMISSION_ITEMS_MAX), Ok(()), TOO_MANY, |n| {
            permission(|p| *p.field(2) = Item::Array(vec![text(1); n]))
        }),
        Bound("PERMISSION_ITEMS_MAX", max(PERMISSION_ITEMS_MAX), Ok(()), TOO_MANY, |n| {
            permission(|p| *p.field(3) = Item::Array(vec![text(1); n]))
        }),
        Bound("CONDITIONS_MAX", max(CONDITIONS_MAX), Ok(()), TOO_MANY, conditions),
        Bound("CONDITION_OPERANDS_MAX", max(CONDITION_OPERANDS_MAX), Ok(()), TOO_MANY, operands),
        Bound("ARGUMENTS_MAX", max(ARGUMENTS_MAX), Ok(()), TOO_MANY, arguments_of),
        Bound("BUDGETS_MAX", max(BUDGETS_MAX), Ok(()), TOO_MANY, budgets),
        Bound("BUDGETS_MAX", max(BUDGETS_MAX), Ok(()), TOO_MANY, open_budgets),
        Bound("BUDGETS_MAX", max(BUDGETS_MAX), Ok(()), TOO_MANY, units),
        Bound("NAME_BYTES_MAX", max(NAME_BYTES_MAX), Ok(()), OVERSIZE, |n| {
            permission(|p| *p.field(2) = Item::Array(vec![text(n)]))
        }),
        Bound("NAME_BYTES_MAX", max(NAME_BYTES_MAX), Ok(()), OVERSIZE, |n| {
            act(0, |item| *item.field(13) = text(n))
        }),
        Bound("TEXT_BYTES_MAX", max(TEXT_BYTES_MAX), Ok(()), OVERSIZE, path),
        Bound("TEXT_BYTES_MAX", max(TEXT_BYTES_MAX), Ok(()), OVERSIZE, |n| {
            changed("argument", &argument(&arguments()[0]), |item| item.items()[2] = text(n))
        }),
        Bound("TEXT_BYTES_MAX", max(TEXT_BYTES_MAX), Ok(()), OVERSIZE, |n| {
            changed("sealed", &sealed().encode(), |item| *item.items()[2].field(3) = text(n))
        }),
        Bound("UNIT_NAME_BYTES_MAX", max(UNIT_NAME_BYTES_MAX), Ok(()), MALFORMED, unit_name),
        Bound("UNIT_DECIMALS_MAX", UNIT_DECIMALS_MAX, Ok(()), MALFORMED, |n| {
            act(2, |item| *item.field(16) = number(n))
        }),
        Bound("UNIT_DECIMALS_MAX", UNIT_DECIMALS_MAX, Ok(()), MALFORMED, |n| {
            leaf("leaf-unit", |body| body[1] = number(n))
        }),
        Bound("PARTY_KEYS_MAX", max(PARTY_KEYS_MAX), Ok(()), TOO_MANY, |n| {
            act(0, |item| *item.field(14) = Item::Array(keys(n)))
        }),
        Bound("PARTY_KEYS_MAX", max(PARTY_KEYS_MAX), Ok(()), TOO_MANY, |n| {
            act(1, |item| *item.field(15) = Item::Array(keys(n)))
        }),
        Bound("PARTY_KEYS_MAX", max(PARTY_KEYS_MAX), Ok(()), TOO_MANY, |n| {
            leaf("leaf-party", |body| body[1] = Item::Array(keys(n)))
        }),
        Bound("APPROVERS_MAX", max(APPROVERS_MAX), Ok(()), TOO_MANY, approvers),
        Bound("SPANS_MAX", max(SPANS_MAX), Ok(()), TOO_MANY, spans),
        Bound("RETIRED_KEYS_MAX", max(RETIRED_KEYS_MAX), Ok(()), TOO_MANY, retired),
        Bound("OPERATOR_KEYS_MAX", max(OPERATOR_KEYS_MAX), Ok(()), TOO_MANY, operators),
        Bound("SIGNATURES_MAX", max(SIGNATURES_MAX), Ok(()), TOO_MANY, signatures),
    ]
}

/// The tests that hold the other bounds, each at its bound and one past it: bound, file, test.
const FOLLOWING: &str = "verifier/tests/verdict/following.rs";
const ELSEWHERE: &[(&str, &str, &str)] = &[
    (
        "PRESENTATION_TOKENS_MAX",
        "verifier/tests/verdict/files.rs",
        "lists_of_a_presentation_are_taken_at_their_bounds",
    ),
    (
        "PRESENTATION_LEAVES_MAX",
        "verifier/tests/verdict/files.rs",
        "lists_of_a_presentation_are_taken_at_their_bounds",
    ),
    ("CONSISTENCY_HASHES_MAX", FOLLOWING, "an_update_is_taken_at_its_bounds"),
    ("STATUS_UPDATE_BYTES_MAX", FOLLOWING, "an_update_is_taken_at_its_bounds"),
    ("FOLLOWED_LEAVES_MAX", "verifier/src/feed/table.rs", "the_bound_of_leaves"),
    ("EVIDENCE_BYTES_MAX", "verifier/tests/verdict/files.rs", "evidence_comes_back_byte_for_byte"),
    ("CASE_BYTES_MAX", "verifier/tests/verdict/files.rs", "a_case_has_room_for_the_largest_parts"),
    ("POLICY_BYTES_MAX", "verifier/tests/verdict/policy.rs", "a_file_has_a_bound"),
    ("POLICY_LEDGERS_MAX", "verifier/tests/verdict/policy.rs", "as_many_ledgers_as_logs"),
    ("POLICY_ISSUERS_MAX", "verifier/tests/verdict/policy.rs", "settings_that_fit_together"),
    ("POLICY_AT_RISK_MAX", "verifier/tests/verdict/serving.rs", "as_many_bounds_and_routes_as_are_named"),
    ("ROUTES_MAX", "verifier/tests/verdict/serving.rs", "as_many_bounds_and_routes_as_are_named"),
    ("ROUTE_BYTES_MAX", "verifier/tests/verdict/serving.rs", "the_parts_of_a_route_are_held_to_their_form"),
    (
        "ROUTE_NAME_BYTES_MAX",
        "verifier/tests/verdict/serving.rs",
        "the_parts_of_a_route_are_held_to_their_form",
    ),
    ("HTTP_METHOD_BYTES_MAX", "verifier/tests/verdict/serving.rs", "what_travels_over_http_is_bounded"),
    ("HTTP_AUTHORITY_BYTES_MAX", "verifier/tests/verdict/serving.rs", "what_travels_over_http_is_bounded"),
    ("HTTP_TARGET_BYTES_MAX", "verifier/tests/verdict/serving.rs", "what_travels_over_http_is_bounded"),
    ("HTTP_FIELD_BYTES_MAX", "verifier/tests/verdict/serving.rs", "what_travels_over_http_is_bounded"),
    ("SKEW_MAX", "verifier/tests/verdict/policy.rs", "settings_that_fit_together"),
    ("REMEMBERED_PRESENTATIONS_MAX", "verifier/src/verify/memory.rs", "every_memory_keeps_its_room"),
    ("REMEMBERED_LINKS_MAX", "verifier/src/verify/memory.rs", "every_memory_keeps_its_room"),
    ("REMEMBERED_CHECKPOINTS_MAX", "verifier/src/verify/memory.rs", "every_memory_keeps_its_room"),
    ("REMEMBERED_KEYS_MAX", "verifier/src/verify/memory.rs", "every_memory_keeps_its_room"),
    ("INVOCATION_VALIDITY_MAX", "tests/attacks/refused.rs", "windows_at_their_bounds"),
    ("OBJECT_VALIDITY_MAX", "tests/attacks/refused.rs", "windows_at_their_bounds"),
    ("APPROVALS_MAX", "verifier/tests/verdict/approvals.rs", "an_approval_is_a_good_object"),
    ("APPROVAL_BYTES_MAX", "verifier/tests/verdict/files.rs", "a_case_has_room_for_the_largest_parts"),
    ("APPROVAL_VALIDITY_MAX", "tests/rules/approvals.rs", "approvals_have_a_window_of_a_week"),
    ("WINDOWS_MAX", "verifier/src/object/window.rs", "windows_are_taken_at_their_bounds"),
    ("WINDOW_LENGTH_MIN", "verifier/src/object/window.rs", "windows_are_taken_at_their_bounds"),
    ("WINDOW_LENGTH_MAX", "verifier/src/object/window.rs", "windows_are_taken_at_their_bounds"),
    ("VOUCHER_BYTES_MAX", "tests/rules/tills.rs", "a_voucher_is_of_the_holder_for_this_party_on_this_token"),
    ("DETAILS_LINKS_MAX", "tests/rules/tills.rs", "proofs_and_stored_states_have_bounds"),
    ("LEASE_PROOF_BYTES_MAX", "tests/rules/tills.rs", "proofs_and_stored_states_have_bounds"),
    ("TILL_BYTES_MAX", "tests/rules/tills.rs", "proofs_and_stored_states_have_bounds"),
    ("LEASE_SETTLE_MIN", "tests/rules/leases.rs", "deadlines_leave_room_for_two_clocks"),
    (
        "REFUSALS_PER_SPAN_MAX",
        "tests/rules/refusals.rs",
        "so_many_refusals_of_a_root_are_entries_in_an_hour_and_no_more",
    ),
    (
        "REFUSAL_SPAN",
        "tests/rules/refusals.rs",
        "so_many_refusals_of_a_root_are_entries_in_an_hour_and_no_more",
    ),
    ("TOKEN_LIFE_MAX", "tests/attacks/refused.rs", "lives_and_deadlines_at_their_bounds"),
    ("SETTLE_MAX", "tests/attacks/refused.rs", "lives_and_deadlines_at_their_bounds"),
    ("REFUND_MAX", "tests/attacks/refused.rs", "lives_and_deadlines_at_their_bounds"),
    ("OFFER_MAX", "tests/rules/offers.rs", "an_offer_stands_a_week_at_most_and_to_its_last_millisecond"),
    ("OFFLINE_LINK_LIFE_MAX", "tests/rules/links.rs", "the_life_of_a_link_is_an_hour"),
    ("REKEY_DELAY", "tests/rules/holders.rs", "a_rekey_from_upstream_waits_a_day"),
    ("DEPTH_MAX", "tests/attacks/refused.rs", "depth_and_delegation_at_their_bounds"),
    (
        "RETIRED_KEYS_MAX",
        "tests/rules/registry.rs",
        "a_party_keeps_eight_retired_keys_and_forgets_the_oldest_rotated_one",
    ),
    (
        "EXPIRIES_PER_BATCH_MAX",
        "tests/rules/returns.rs",
        "a_batch_opens_with_as_many_expiries_as_fit_and_time_decides_meanwhile",
    ),
    ("BATCH_OPERATIONS_MAX", "tests/rules/admission.rs", "a_batch_takes_as_many_operations_as_fit"),
    ("NOTE_BYTES_MAX", "tests/notes/note.rs", "notes_are_bounded"),
    ("NOTE_SIGNATURES_MAX", "tests/notes/note.rs", "notes_are_bounded"),
    ("RECEIPT_BYTES_MAX", "tests/notes/receipt.rs", "receipts_are_bounded"),
    ("ADD_CHECKPOINT_BYTES_MAX", "tests/notes/add_checkpoint.rs", "requests_are_bounded"),
    ("TRUST_ITEMS_MAX", "tests/notes/trust.rs", "trust_is_bounded"),
    ("TRUST_BYTES_MAX", "tests/notes/trust.rs", "trust_is_bounded"),
    ("KEY_NAME_BYTES_MAX", "tests/notes/vkey.rs", "names_are_bounded"),
    ("PROOF_EXTRA_BYTES_MAX", "tests/notes/tlog_proof.rs", "proofs_are_bounded"),
    ("PROOF_BYTES_MAX", "tests/notes/tlog_proof.rs", "proofs_are_bounded"),
    (
        "TREE_HEIGHT_MAX",
        "verifier/tests/verdict/files.rs",
        "lists_of_a_presentation_are_taken_at_their_bounds",
    ),
    ("TREE_SIZE_MAX", "tests/notes/checkpoint.rs", "sizes_and_origins_are_bounded"),
    ("SNAPSHOT_ITEM_BYTES_MAX", "tests/audit/snapshots.rs", "an_item_is_at_most_as_long_as_it_may_be"),
    ("STATUS_CHUNK_INDEXES", "tests/vectors/bounds.rs", "a_chunk_ends_with_its_last_index"),
    ("STATUS_CHUNK_BYTES", "tests/vectors/bounds.rs", "a_chunk_ends_with_its_last_index"),
];

#[test]
fn what_is_decoded_is_taken_at_its_bound_and_refused_one_past_it() {
    for Bound(name, bound, at, past, make) in here() {
        let size = usize::try_from(bound).expect("small");
        assert_eq!(make(size), at, "{name} = {bound}");
        assert_eq!(make(size + 1), past, "{name} + 1");
    }
}

#[test]
fn a_chunk_ends_with_its_last_index() {
    let last = StateIndex(STATUS_CHUNK_INDEXES - 1);
    assert_eq!([chunk_of(last), chunk_of(StateIndex(STATUS_CHUNK_INDEXES))], [0, 1]);
    let mut chunk = status_chunk();
    Status::Changed.write(&mut chunk, last);
    assert_eq!(chunk[STATUS_CHUNK_BYTES - 1], 0b1100_0000);
    assert!(chunk[..STATUS_CHUNK_BYTES - 1].iter().all(|byte| *byte == 0));
}

/// The body of a test function, up to the next item.
fn body<'t>(text: &'t str, test: &str) -> Option<&'t str> {
    let at = text.find(&format!("fn {test}("))?;
    let rest = &text[at..];
    Some(&rest[..rest.find("\n}\n").or(rest.find("\n    }\n")).unwrap_or(rest.len())])
}

#[test]
fn every_bound_has_its_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (bound, file, test) in ELSEWHERE {
        let text = fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let body = body(&text, test).unwrap_or_else(|| panic!("{file} has no test {test}"));
        assert!(body.contains(bound), "{file}: {test} does not look at {bound}");
    }
    let limits = fs::read_to_string(root.join("verifier/src/limits.rs")).expect("the limits");
    let names = limits.split("pub const ").skip(1).filter_map(|item| item.split_once(':'));
    let names: BTreeSet<_> = names.map(|(name, _)| name).collect();
    let here = here();
    let tested = here.iter().map(|bound| bound.0).chain(ELSEWHERE.iter().map(|(bound, ..)| *bound));
    assert_eq!(names, tested.collect::<BTreeSet<_>>());
}
