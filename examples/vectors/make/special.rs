//! What can be wrong with objects of one kind only.

use super::broken::{Broken, change};
use super::item::Item;
use super::leases;
use super::refusals;
use super::things::*;
use super::{approvals, trades, windows};
use remit_verifier::code::Code;
use remit_verifier::limits::*;

/// The broken copies of one of the good objects.
pub(crate) fn of(name: &str, good: &[u8]) -> Vec<Broken> {
    match name {
        "sign1" => sign1(good),
        "token-root" => {
            [claims(good), permissions(good), approvals::of_token(good)].into_iter().flatten().collect()
        }
        "token-root-counting" => refusals::of_token(good),
        "link-part-refusal" => refusals::of_link_part(good),
        "token-logged" => logged_claims(good),
        "token-offline" => offline_claims(good),
        "sealed" => [sealed_claims(good), windows::of_sealed_claims(good), leases::of_sealed_claims(good)]
            .into_iter()
            .flatten()
            .collect(),
        "invocation" => invocations(good),
        "voucher" => leases::of_vouchers(good),
        "argument-class" => arguments(good),
        "request" | "request-lease" => approvals::of_requests(name, good),
        "lease-asked" => leases::of_asked(good),
        "offer" => trades::of_offers(good),
        "trade" => trades::of_trades(good),
        "party" | "party_keys" | "unit" | "transfer" | "suspend" | "refund" => acts(name, good),
        "entry-genesis" | "entry-commitment" | "entry-outcome" | "entry-refusal" => entries(name, good),
        "leaf-unit" | "leaf-party" | "leaf-token" => leaves(name, good),
        "values" => values(good),
        "presentation" | "evidence" | "case" => shown(name, good),
        _ => Vec::new(),
    }
}

fn number(value: u64) -> Item {
    Item::Unsigned(value)
}

fn long_text(bytes: usize) -> Item {
    Item::Text("x".repeat(bytes))
}

fn weak_key() -> Item {
    Item::Bytes(vec![0; 32])
}

fn not_canonical_key() -> Item {
    let mut bytes = vec![0xff; 32];
    bytes[31] = 0x7f;
    Item::Bytes(bytes)
}

/// The claims of Remit inside a token.
fn inner(item: &mut Item) -> &mut Item {
    item.field(-65537)
}

/// The COSE_Key inside a token.
fn cose_key(item: &mut Item) -> &mut Item {
    item.field(8).field(1)
}

fn sign1(good: &[u8]) -> Vec<Broken> {
    let protected = |name, about, code, with: &dyn Fn(&mut Item)| {
        change(good, name, about, code, |item| {
            let Item::Bytes(bytes) = &item.items()[0] else { panic!("protected header") };
            let mut header = Item::read(bytes);
            with(&mut header);
            item.items()[0] = Item::Bytes(header.write());
        })
    };
    let element = |name, about, code, place: usize, value: Item| {
        change(good, name, about, code, |item| item.items()[place] = value)
    };
    let algorithm = |value| move |header: &mut Item| *header.field(1) = Item::integer(value);
    vec![
        protected("es256", "Algorithm -7.", Code::Malformed, &algorithm(-7)),
        protected(
            "eddsa",
            "Algorithm -8, which Ed25519 had before RFC 9864.",
            Code::Malformed,
            &algorithm(-8),
        ),
        protected("no-algorithm", "No algorithm.", Code::Malformed, &|header| header.remove(1)),
        protected("no-kid", "No key.", Code::Malformed, &|header| header.remove(4)),
        protected("short-kid", "A kid of 31 bytes.", Code::Malformed, &|h| {
            *h.field(4) = Item::Bytes(vec![7; 31])
        }),
        protected("crit", "A header that nobody knows.", Code::UnknownField, &|h| {
            h.add(2, Item::Array(vec![]))
        }),
        protected("header-order", "Headers out of order.", Code::NotCanonical, &|h| h.pairs().reverse()),
        element("no-header", "An empty protected header.", Code::Malformed, 0, Item::Bytes(vec![])),
        element(
            "unprotected",
            "Something in the unprotected header.",
            Code::UnknownField,
            1,
            Item::Map(vec![(number(4), number(0))]),
        ),
        element("detached", "No payload.", Code::Malformed, 2, Item::Simple(22)),
        element(
            "large-payload",
            "A payload that is one byte too long.",
            Code::Oversize,
            2,
            Item::Bytes(vec![0; PAYLOAD_BYTES_MAX + 1]),
        ),
        element("short-signature", "A signature of 63 bytes.", Code::Malformed, 3, Item::Bytes(vec![0; 63])),
    ]
}

fn claims(good: &[u8]) -> Vec<Broken> {
    let claim = |name, about, code, key, value: Item| {
        change(good, name, about, code, |item| {
            inner(item).remove(key);
            inner(item).add(key, value);
        })
    };
    let key = |name, about, code, with: &dyn Fn(&mut Item)| {
        change(good, name, about, code, |item| with(cose_key(item)))
    };
    let origin = |items: Vec<Item>| Item::Array(items);
    let delegation = |mode, depth| Item::Array(vec![number(mode), number(depth)]);
    vec![
        key("small-order", "A holder's key of small order.", Code::BadKey, &|key| {
            *key.field(-2) = weak_key()
        }),
        key("key-encoding", "A holder's key with y above p.", Code::BadKey, &|key| {
            *key.field(-2) = not_canonical_key()
        }),
        key("key-type", "A key of another type.", Code::Malformed, &|key| *key.field(1) = number(2)),
        key("curve", "A key on another curve.", Code::Malformed, &|key| *key.field(-1) = number(4)),
        key("key-field", "A field of COSE_Key that has no place here.", Code::UnknownField, &|key| {
            key.add(3, Item::integer(-8))
        }),
        change(good, "short-nonce", "A nonce of 15 bytes.", Code::Malformed, |item| {
            *item.field(7) = Item::Bytes(vec![1; 15])
        }),
        change(good, "issuer-claim", "The CWT claim iss.", Code::UnknownField, |item| {
            item.add(1, Item::text("x"))
        }),
        claim("unknown-claim", "A claim that nobody knows.", Code::UnknownField, 12, number(0)),
        claim(
            "no-mode",
            "An origin of a fourth mode.",
            Code::Malformed,
            3,
            origin(vec![number(3), Item::Bytes(vec![1; 32])]),
        ),
        claim(
            "long-origin",
            "A root with an epoch.",
            Code::Malformed,
            3,
            origin(vec![number(0), Item::Bytes(vec![1; 32]), number(0)]),
        ),
        claim("open-budgets", "A root with open budgets.", Code::Malformed, 9, Item::Array(vec![])),
        claim("delegation-mode", "A fourth mode of delegation.", Code::Malformed, 5, delegation(3, 1)),
        claim(
            "delegation-depth",
            "A depth above the largest.",
            Code::Malformed,
            5,
            delegation(2, DEPTH_MAX as u64 + 1),
        ),
        claim("transferable", "An integer for a truth value.", Code::Malformed, 6, number(1)),
        change(good, "not-sealed", "A root without sealed claims.", Code::Malformed, |item| {
            inner(item).remove(8)
        }),
        change(good, "no-origin", "Claims without an origin.", Code::Malformed, |item| inner(item).remove(3)),
        change(good, "no-window", "Claims without an admission window.", Code::Malformed, |item| {
            inner(item).remove(1)
        }),
    ]
}

fn permissions(good: &[u8]) -> Vec<Broken> {
    let permission = |name, about, code, with: &dyn Fn(&mut Item)| {
        change(good, name, about, code, |item| with(&mut inner(item).field(4).items()[0]))
    };
    let conditions = |items: Vec<Item>| move |p: &mut Item| *p.field(4) = Item::Array(items.clone());
    let condition = |operator, operands: Vec<Item>| {
        Item::Array(vec![Item::text("a"), number(operator), Item::Array(operands)])
    };
    let resource = |path: &'static str| move |p: &mut Item| *p.field(3) = Item::Array(vec![Item::text(path)]);
    let one = condition(0, vec![number(1)]);
    let many = |count| Item::Array(vec![Item::text("a"); count]);
    vec![
        change(good, "too-many-permissions", "17 permissions.", Code::TooMany, |item| {
            *inner(item).field(4) = Item::Array(vec![Item::Map(vec![]); PERMISSIONS_MAX + 1]);
        }),
        permission("unknown-constraint", "A constraint that nobody knows.", Code::UnknownField, &|p| {
            p.add(5, number(1))
        }),
        permission("too-many-actions", "33 actions.", Code::TooMany, &|p| {
            *p.field(2) = many(PERMISSION_ITEMS_MAX + 1)
        }),
        permission("long-action", "An action of 65 bytes.", Code::Oversize, &|p| {
            *p.field(2) = Item::Array(vec![long_text(NAME_BYTES_MAX + 1)]);
        }),
        permission("empty-action", "An action without a name.", Code::Malformed, &|p| {
            *p.field(2) = Item::Array(vec![Item::text("")])
        }),
        permission("control", "An action with a line break.", Code::Malformed, &|p| {
            *p.field(2) = Item::Array(vec![Item::text("a\nb")])
        }),
        permission("path-slash", "A path that begins with a slash.", Code::Malformed, &resource("/rooms")),
        permission("path-dots", "A path with two dots.", Code::Malformed, &resource("rooms/../12")),
        permission("path-percent", "A path with a percent sign.", Code::Malformed, &resource("rooms%2f12")),
        permission("path-backslash", "A path with a backslash.", Code::Malformed, &resource("rooms\\12")),
        permission(
            "empty-conditions",
            "An empty list, which is left out instead.",
            Code::NotCanonical,
            &conditions(vec![]),
        ),
        permission(
            "too-many-conditions",
            "17 conditions.",
            Code::TooMany,
            &conditions(vec![one; CONDITIONS_MAX + 1]),
        ),
        permission(
            "unknown-operator",
            "A ninth operator.",
            Code::UnknownField,
            &conditions(vec![condition(8, vec![number(1)])]),
        ),
        permission(
            "two-operands",
            "Two operands of eq.",
            Code::Malformed,
            &conditions(vec![condition(0, vec![number(1); 2])]),
        ),
        permission(
            "no-operand",
            "No operand of le.",
            Code::Malformed,
            &conditions(vec![condition(3, vec![])]),
        ),
        permission(
            "too-many-operands",
            "33 operands of in.",
            Code::TooMany,
            &conditions(vec![condition(6, vec![number(1); CONDITION_OPERANDS_MAX + 1])]),
        ),
        permission(
            "operand-bytes",
            "A byte string as operand.",
            Code::Malformed,
            &conditions(vec![condition(0, vec![Item::Bytes(vec![1])])]),
        ),
        permission(
            "operand-large",
            "An operand above 2^63 - 1.",
            Code::Malformed,
            &conditions(vec![condition(0, vec![number(1 << 63)])]),
        ),
    ]
}

fn logged_claims(good: &[u8]) -> Vec<Broken> {
    vec![
        change(good, "open-budgets", "A logged token with open budgets.", Code::Malformed, |item| {
            inner(item).add(9, Item::Array(vec![]))
        }),
        change(good, "not-sealed", "A logged token without sealed claims.", Code::Malformed, |item| {
            inner(item).remove(8)
        }),
    ]
}

fn offline_claims(good: &[u8]) -> Vec<Broken> {
    let digest = || Item::Bytes(vec![1; 32]);
    let budget = |with: &dyn Fn(&mut Item)| {
        let with = |item: &mut Item| with(&mut inner(item).field(9).items()[0]);
        let mut item = Item::read(good);
        with(&mut item);
        item
    };
    let of_budget = |name: &str, about: &str, code, with: &dyn Fn(&mut Item)| Broken {
        name: name.into(),
        about: about.into(),
        bytes: budget(with).write(),
        code,
    };
    let mut all = vec![
        change(good, "sealed", "An offline link with sealed claims.", Code::Malformed, |item| {
            inner(item).add(8, digest())
        }),
        change(good, "transferable", "An offline link that speaks of transfers.", Code::Malformed, |item| {
            inner(item).add(6, Item::Simple(20));
        }),
        change(good, "bundle", "An offline link in a bundle.", Code::Malformed, |item| {
            inner(item).add(2, digest())
        }),
        of_budget("carved", "An offline link with a carved budget.", Code::Malformed, &|b| {
            *b.field(2) = number(1)
        }),
        of_budget("share", "A third kind of share.", Code::Malformed, &|b| *b.field(2) = number(2)),
        of_budget("unknown-limit", "A limit that nobody knows.", Code::UnknownField, &|b| {
            b.add(9, number(1))
        }),
    ];
    all.push(of_budget("windows", "An offline link with windows.", Code::UnknownField, &|b| {
        b.add(6, Item::Array(vec![Item::Array(vec![number(1), number(100)])]))
    }));
    all.push(of_budget(
        "cumulative",
        "An offline link with a cumulative threshold.",
        Code::UnknownField,
        &|b| b.add(8, Item::Array(vec![number(1), number(100)])),
    ));
    all.push(of_budget("leases", "An offline link with limits on leases.", Code::UnknownField, &|b| {
        b.add(7, Item::Array(vec![number(100), number(60)]));
    }));
    all
}

fn sealed_claims(good: &[u8]) -> Vec<Broken> {
    let claim = |name, about, code, with: &dyn Fn(&mut Item)| {
        change(good, name, about, code, |item| with(&mut item.items()[2]))
    };
    let budgets = |with: fn(&mut Vec<Item>)| move |claims: &mut Item| with(claims.field(1).items());
    vec![
        claim("unknown-claim", "A claim that nobody knows.", Code::UnknownField, &|claims| {
            claims.add(4, number(0))
        }),
        claim(
            "unit-order",
            "Budgets out of the order of their units.",
            Code::NotCanonical,
            &budgets(|all| all.swap(0, 1)),
        ),
        claim(
            "unit-twice",
            "Two budgets of one unit.",
            Code::NotCanonical,
            &budgets(|all| all[1] = all[0].clone()),
        ),
        claim(
            "too-many-budgets",
            "Nine budgets.",
            Code::TooMany,
            &budgets(|all| all.resize(BUDGETS_MAX + 1, all[0].clone())),
        ),
        claim("no-unit", "A budget without a unit.", Code::Malformed, &budgets(|all| all[0].remove(1))),
        claim("long-name", "A name of 65 bytes.", Code::Oversize, &|claims| {
            *claims.field(2) = long_text(NAME_BYTES_MAX + 1)
        }),
        claim("long-note", "A note of 257 bytes.", Code::Oversize, &|claims| {
            *claims.field(3) = long_text(TEXT_BYTES_MAX + 1)
        }),
        change(good, "short-secret", "A secret of 31 bytes.", Code::Malformed, |item| {
            item.items()[1] = Item::Bytes(vec![1; 31])
        }),
    ]
}

fn invocations(good: &[u8]) -> Vec<Broken> {
    let field = |name, about, code, key, value: Item| {
        change(good, name, about, code, |item| {
            item.remove(key);
            item.add(key, value);
        })
    };
    let value = |amount| Item::Array(vec![number(amount), Item::Bytes(CNY.0.to_vec())]);
    let of_arguments = |name, about, code, with: &dyn Fn(&mut Item)| {
        change(good, name, about, code, |item| with(item.field(9)))
    };
    let remove = |keys: &'static [i64]| move |item: &mut Item| keys.iter().for_each(|key| item.remove(*key));
    vec![
        field("zero-amount", "An amount of zero.", Code::Malformed, 10, value(0)),
        field(
            "short-request",
            "The nonce of a request of 15 bytes.",
            Code::Malformed,
            12,
            Item::Bytes(vec![1; 15]),
        ),
        field("claim-number", "A number in the place of a voucher's claim.", Code::Malformed, 15, number(0)),
        field("unknown-16", "A field that nobody knows.", Code::UnknownField, 16, number(0)),
        field("bad-resource", "A resource that is no path.", Code::Malformed, 8, Item::text("rooms//12")),
        field("long-resource", "A resource of 257 bytes.", Code::Oversize, 8, long_text(TEXT_BYTES_MAX + 1)),
        field("empty-action", "An action without a name.", Code::Malformed, 7, Item::text("")),
        field(
            "empty-arguments",
            "An empty map, which is left out instead.",
            Code::NotCanonical,
            9,
            Item::Map(vec![]),
        ),
        change(good, "deadline-alone", "A deadline without an amount.", Code::Malformed, remove(&[10, 14])),
        change(
            good,
            "refund-alone",
            "A refund deadline without an amount.",
            Code::Malformed,
            remove(&[10, 13]),
        ),
        of_arguments("argument-order", "Arguments out of order.", Code::NotCanonical, &|all| {
            all.pairs().swap(0, 1)
        }),
        of_arguments("argument-twice", "An argument twice.", Code::NotCanonical, &|all| {
            let first = all.pairs()[0].clone();
            all.pairs().insert(0, first);
        }),
        of_arguments("short-digest", "A digest of 31 bytes.", Code::Malformed, &|all| {
            all.pairs()[0].1 = Item::Bytes(vec![1; 31])
        }),
        of_arguments("too-many-arguments", "33 arguments.", Code::TooMany, &|all| {
            let digest = all.pairs()[0].1.clone();
            let named = |place| (Item::Text(format!("{place:02}")), digest.clone());
            *all = Item::Map((0..=ARGUMENTS_MAX).map(named).collect());
        }),
    ]
}

fn arguments(good: &[u8]) -> Vec<Broken> {
    let element = |name, about, code, place: usize, value: Item| {
        change(good, name, about, code, |item| item.items()[place] = value)
    };
    vec![
        element("short-salt", "A salt of 15 bytes.", Code::Malformed, 1, Item::Bytes(vec![1; 15])),
        element("null", "No value.", Code::Malformed, 2, Item::Simple(22)),
        element("long-text", "A text of 257 bytes.", Code::Oversize, 2, long_text(TEXT_BYTES_MAX + 1)),
        element("large", "An integer above 2^63 - 1.", Code::Malformed, 2, number(1 << 63)),
        element("small", "An integer below -2^63.", Code::Malformed, 2, Item::Negative(1 << 63)),
        element("no-name", "An argument without a name.", Code::Malformed, 0, Item::text("")),
    ]
}

fn acts(kind: &str, good: &[u8]) -> Vec<Broken> {
    let field = |name, about, code, key, value: Item| {
        change(good, name, about, code, |item| *item.field(key) = value)
    };
    let keys = |keys: Vec<Item>| Item::Array(keys);
    let id = || Item::Bytes(vec![1; 32]);
    match kind {
        "party" => vec![
            field("small-order", "A key of small order.", Code::BadKey, 14, keys(vec![weak_key()])),
            field("key-encoding", "A key with y above p.", Code::BadKey, 14, keys(vec![not_canonical_key()])),
            field("five-keys", "Five keys.", Code::TooMany, 14, keys(vec![weak_key(); PARTY_KEYS_MAX + 1])),
            field("long-name", "A name of 65 bytes.", Code::Oversize, 13, long_text(NAME_BYTES_MAX + 1)),
            field("empty-name", "An empty name.", Code::Malformed, 13, Item::text("")),
            change(good, "foreign-field", "A field of another kind.", Code::UnknownField, |item| {
                item.add(4, id())
            }),
        ],
        "party_keys" => vec![field(
            "compromised",
            "A compromised key of small order.",
            Code::BadKey,
            15,
            keys(vec![weak_key()]),
        )],
        "unit" => vec![
            field(
                "long-name",
                "A name of 17 characters.",
                Code::Malformed,
                13,
                Item::text(&"X".repeat(UNIT_NAME_BYTES_MAX + 1)),
            ),
            field("lower-case", "A name in lower case.", Code::Malformed, 13, Item::text("cny")),
            field("decimals", "Ten decimals.", Code::Malformed, 16, number(UNIT_DECIMALS_MAX + 1)),
        ],
        "transfer" => {
            vec![field("small-order", "A new holder's key of small order.", Code::BadKey, 7, weak_key())]
        }
        "suspend" => vec![
            field("position-0", "Position 0 is nobody's.", Code::Malformed, 6, number(0)),
            field(
                "position-10",
                "A position past the deepest holder's.",
                Code::Malformed,
                6,
                number(DEPTH_MAX as u64 + 2),
            ),
        ],
        _ => vec![
            field(
                "member-8",
                "A member past the last of the largest bundle.",
                Code::Malformed,
                9,
                number(BUNDLE_MEMBERS_MAX as u64),
            ),
            field("short-id", "A reference of 31 bytes.", Code::Malformed, 9, Item::Bytes(vec![1; 31])),
        ],
    }
}

fn entries(name: &str, good: &[u8]) -> Vec<Broken> {
    let element = |name, about, code, place: usize, value: Item| {
        change(good, name, about, code, |item| item.items()[place] = value)
    };
    if name == "entry-genesis" {
        return vec![
            element("minority", "A threshold that two halves can meet.", Code::Malformed, 6, number(1)),
            element("threshold", "A threshold above the number of operators.", Code::Malformed, 6, number(4)),
            element("origin", "An origin that is no key name.", Code::Malformed, 3, Item::text("a b")),
            element("empty-origin", "No origin.", Code::Malformed, 3, Item::text("")),
            element("weak-log-key", "A log key of small order.", Code::BadKey, 4, weak_key()),
            element(
                "one-role",
                "The log key is an operator's.",
                Code::Malformed,
                4,
                Item::Bytes(genesis().operators[0].bytes().0.to_vec()),
            ),
            change(good, "operator-order", "Operators out of order.", Code::Malformed, |item| {
                item.items()[5].items().swap(0, 1)
            }),
        ];
    }
    vec![
        element("reserved-kind", "A kind of later rules.", Code::NotEnabled, 2, number(43)),
        element("unknown-kind", "A kind that nobody knows.", Code::Malformed, 2, number(99)),
        element("genesis-kind", "A genesis of this length.", Code::Malformed, 2, number(0)),
        element("short-hash", "A hash of 31 bytes.", Code::Malformed, 5, Item::Bytes(vec![1; 31])),
        match name {
            "entry-outcome" => {
                let refused = number(u64::from(Code::AboveTotal.number()));
                element("refused", "Applied, with the code of a refusal.", Code::NotEnabled, 4, refused)
            }
            "entry-refusal" => {
                element("no-code", "A refusal with a number of no code.", Code::NotEnabled, 4, number(99))
            }
            _ => element("size", "A size that is no number.", Code::Malformed, 3, Item::text("6")),
        },
        match name {
            "entry-refusal" => element("applied", "A refusal without a code.", Code::Malformed, 4, number(0)),
            _ => element("short-kind", "A kind that is no number.", Code::Malformed, 2, Item::text("2")),
        },
    ]
}

fn leaves(name: &str, good: &[u8]) -> Vec<Broken> {
    let element = |name, about, code, place: usize, value: Item| {
        change(good, name, about, code, |item| item.items()[place] = value)
    };
    let body = |name, about, code, place: usize, value: Item| {
        change(good, name, about, code, |item| item.items()[8].items()[place] = value)
    };
    match name {
        "leaf-unit" => vec![
            element("kind", "A fifth kind of leaf.", Code::Malformed, 1, number(4)),
            element(
                "kind-body",
                "The kind of a token with the body of a unit.",
                Code::Malformed,
                1,
                number(3),
            ),
            element(
                "life",
                "A fourth state of life.",
                Code::Malformed,
                4,
                Item::Array(vec![number(3), number(0)]),
            ),
            element(
                "mask",
                "A mask of 17 bits.",
                Code::Malformed,
                4,
                Item::Array(vec![number(0), number(1 << 16)]),
            ),
            body("decimals", "Ten decimals.", Code::Malformed, 1, number(UNIT_DECIMALS_MAX + 1)),
        ],
        "leaf-party" => vec![
            body(
                "five-keys",
                "Five keys.",
                Code::TooMany,
                1,
                Item::Array(vec![weak_key(); PARTY_KEYS_MAX + 1]),
            ),
            body(
                "nine-retired",
                "Nine retired keys.",
                Code::TooMany,
                2,
                Item::Array(vec![Item::Array(vec![weak_key(), number(0)]); RETIRED_KEYS_MAX + 1]),
            ),
            body("issuer", "An integer for a truth value.", Code::Malformed, 3, number(0)),
        ],
        _ => vec![body(
            "short-authority",
            "A digest of 31 bytes.",
            Code::Malformed,
            5,
            Item::Bytes(vec![1; 31]),
        )],
    }
}

fn values(good: &[u8]) -> Vec<Broken> {
    let units = |name, about, code, with: &dyn Fn(&mut Vec<Item>)| {
        change(good, name, about, code, |item| with(item.items()[3].items()))
    };
    let open = |name, about, code, with: &dyn Fn(&mut Item)| {
        change(good, name, about, code, |item| with(&mut item.items()[4]))
    };
    vec![
        units("unit-order", "Units out of order.", Code::NotCanonical, &|units| units.swap(0, 1)),
        units("unit-twice", "A unit twice.", Code::NotCanonical, &|units| units[1] = units[0].clone()),
        units("too-many-units", "Nine units.", Code::TooMany, &|units| {
            units.resize(BUDGETS_MAX + 1, units[0].clone())
        }),
        units("window", "What a window counts is no pair.", Code::Malformed, &|units| {
            units[0].items()[9] = Item::Array(vec![number(0)]);
        }),
        units("six-spans", "Six counters of spans in a unit.", Code::TooMany, &|units| {
            let span = Item::Array(vec![number(0), number(0)]);
            units[0].items()[9] = Item::Array(vec![span; SPANS_MAX + 1]);
        }),
        open("reserved-2", "A field of later rules.", Code::NotEnabled, &|open| open.add(2, number(0))),
        open("unknown-3", "A field that nobody knows.", Code::UnknownField, &|open| open.add(3, number(0))),
    ]
}

fn shown(name: &str, good: &[u8]) -> Vec<Broken> {
    let element = |name, about, code, place: usize, value: Item| {
        change(good, name, about, code, |item| item.items()[place] = value)
    };
    let strings = |count| Item::Array(vec![Item::Bytes(vec![]); count]);
    match name {
        "presentation" => vec![
            element("no-token", "No tokens.", Code::Malformed, 7, strings(0)),
            element("many-tokens", "17 tokens.", Code::TooMany, 7, strings(PRESENTATION_TOKENS_MAX + 1)),
            element("many-leaves", "20 leaves.", Code::TooMany, 5, strings(PRESENTATION_LEAVES_MAX + 1)),
            element("half-a-hash", "A path of 48 bytes.", Code::Malformed, 4, Item::Bytes(vec![0; 48])),
            element("long-path", "A path of 64 hashes.", Code::Oversize, 4, Item::Bytes(vec![0; 64 * 32])),
            element(
                "long-note",
                "A note that is one byte too long.",
                Code::Oversize,
                2,
                Item::Bytes(vec![b'x'; NOTE_BYTES_MAX + 1]),
            ),
        ],
        "evidence" => vec![
            element(
                "nine-members",
                "Nine members.",
                Code::TooMany,
                2,
                Item::Array(vec![Item::Bytes(vec![1; 32]); 9]),
            ),
            element(
                "long-proof",
                "A proof that is one byte too long.",
                Code::Oversize,
                3,
                Item::Bytes(vec![b'x'; PROOF_BYTES_MAX + 1]),
            ),
        ],
        _ => vec![
            change(good, "arguments-alone", "Arguments without an invocation.", Code::Malformed, |item| {
                item.items()[4] = Item::Simple(22);
            }),
            element(
                "many-arguments",
                "33 arguments.",
                Code::TooMany,
                5,
                Item::Array(vec![number(0); ARGUMENTS_MAX + 1]),
            ),
        ],
    }
}
