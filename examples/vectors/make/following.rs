//! `following.json`: changes of a status table, updates that a follower takes or refuses, and verdicts by a state that
//! is followed (spec 22).

use super::verdicts::policy_file;
use super::{Vector, hex, unhex};
use crate::newer::*;
use crate::scene::*;
use remit_verifier::code::Code;
use remit_verifier::feed::{StatusTable, encode_changes};
use remit_verifier::limits::*;
use remit_verifier::state::{Leaf, Life, Status};
use remit_verifier::types::*;
use remit_verifier::verify::{Case, FollowError, Followed, Policy, Verifier};
use serde_json::{Value, json};
use std::sync::Arc;

/// All vectors of the file.
pub(crate) fn vectors() -> Vec<Vector> {
    let mut all = changes();
    all.extend(follows());
    all.extend(judges());
    all
}

/// Every vector that is a no, and why. What is judged is in the order of spec 22 §4.
const NOS: &[(&str, &str)] = &[
    ("changes/beyond", "malformed"),
    ("changes/long-beyond", "malformed"),
    ("changes/half-number", "malformed"),
    ("changes/no-length", "malformed"),
    ("changes/ten-digits", "malformed"),
    ("changes/ten-digits-spare", "malformed"),
    ("changes/beyond-in-two-runs", "malformed"),
    ("changes/spare-digit", "not_canonical"),
    ("changes/same-status", "not_canonical"),
    ("changes/same-in-run", "not_canonical"),
    ("changes/two-runs-for-one", "not_canonical"),
    ("changes/fewer-leaves", "malformed"),
    ("changes/too-many-leaves", "too_many"),
    ("follow/trailing", "trailing_bytes"),
    ("follow/label", "wrong_label"),
    ("follow/first-not-whole", "malformed"),
    ("follow/first-consistency", "malformed"),
    ("follow/log-key", "bad_checkpoint"),
    ("follow/unknown-log", "unknown_log"),
    ("follow/quorum", "quorum"),
    ("follow/ledger", "wrong_ledger"),
    ("follow/not-since", "not_since"),
    ("follow/not-since-0", "not_since"),
    ("follow/behind", "behind"),
    ("follow/fork", "fork"),
    ("follow/not-consistent", "not_consistent"),
    ("follow/same-size-path", "malformed"),
    ("follow/no-commitment", "no_commitment"),
    ("follow/short-path", "no_commitment"),
    ("follow/clock", "clock"),
    ("follow/late-and-bad", "clock"),
    ("follow/other-index", "wrong_leaf"),
    ("follow/unit-with-the-id", "wrong_leaf"),
    ("follow/short-leaf", "wrong_leaf"),
    ("follow/leaf-path", "bad_proof"),
    ("follow/other-id", "wrong_leaf"),
    ("follow/other-kind", "wrong_leaf"),
    ("follow/left-out", "bad_proof"),
    ("follow/bad-changes", "malformed"),
    ("judge/revoked", "revoked"),
    ("judge/ended", "revoked"),
    ("judge/suspended", "suspended"),
    ("judge/first-link", "suspended"),
    ("judge/frozen-issuer", "party_frozen"),
    ("judge/frozen-ledger", "ledger_frozen"),
    ("judge/two-histories", "two_histories"),
    ("judge/changed", "stale"),
    ("judge/changed-issuer", "stale"),
    ("judge/beyond", "stale"),
    ("judge/old", "stale"),
    ("judge/frozen-unit", "unit_frozen"),
    ("judge/slow-clock", "expired"),
    ("judge/quorum", "stale"),
];

/// A vector whose result is the one of the table, or good if it stands in none.
fn vector(name: &str, about: &str, spec: &'static str, input: Value, came: Came) -> Vector {
    let no = NOS.iter().find(|(no, _)| *no == name).map(|(_, text)| *text);
    let (result, values) = match came {
        Ok(values) => ("ok", values),
        Err((text, values)) => (text, values),
    };
    assert_eq!(result, no.unwrap_or("ok"), "{name}");
    Vector { name: name.into(), about: about.into(), spec, input, result: result.into(), values }
}

/// What comes of a vector: its values, or the name of what is wrong, with what else there is to compare.
pub(crate) type Came = Result<Value, (&'static str, Value)>;

/// What comes of a vector of `following.json`, from its JSON alone.
pub(crate) fn came(input: &Value) -> Came {
    match input["kind"].as_str().expect("a kind") {
        "changes" => changed(input).map_err(|code| (code.text(), Value::Null)),
        "follow" => followed(input).map_err(|error| (error.text(), Value::Null)),
        "judge" => judged(input),
        other => panic!("a vector of kind {other}"),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    unhex(value.as_str().expect("hexadecimal"))
}

fn number(value: &Value) -> u64 {
    value.as_str().and_then(|text| text.parse().ok()).expect("a number")
}

fn changed(input: &Value) -> Result<Value, Code> {
    let before = StatusTable::default();
    let before =
        before.changed(TreeSize(number(&input["before"]["size"])), &bytes(&input["before"]["listed"]));
    let before = before.expect("a table");
    let after = before.changed(TreeSize(number(&input["size"])), &bytes(&input["changes"]))?;
    Ok(json!({ "listed": hex(encode_changes(after.listed())), "root": after.root().to_string() }))
}

fn followed(input: &Value) -> Result<Value, FollowError> {
    let policy = Policy::from_toml(input["policy"].as_str().expect("a text").as_bytes()).expect("a policy");
    let (update, now) = (bytes(&input["update"]), Millis(number(&input["now"])));
    let next = match &input["have"] {
        Value::Null => Followed::begin(&policy, &update, now)?,
        have => Followed::restore(&bytes(have)).expect("a snapshot").advance(&policy, &update, now)?,
    };
    let listed = hex(encode_changes(next.listed()));
    Ok(json!({ "size": next.head().size.to_string(), "listed": listed, "snapshot": hex(next.snapshot()) }))
}

fn judged(input: &Value) -> Came {
    let bytes_of_case = bytes(&input["case"]);
    let case = Case::decode(&bytes_of_case).expect("a case");
    let policy = Policy::from_toml(case.policy).expect("a policy");
    let mut verifier = Verifier::new(policy, case.newest);
    verifier.follow(Arc::new(Followed::restore(&bytes(&input["followed"])).expect("a snapshot")));
    let verdict = case.verdict_of(&mut verifier);
    let mut view = remit_verifier::json::verdict(&verdict);
    view.as_object_mut().expect("an object").remove("reason");
    match verdict.decision {
        remit_verifier::verify::Decision::Denied(code) => Err((code.text(), view)),
        _ => Ok(view),
    }
}

fn changes() -> Vec<Vector> {
    let row = |name: &str, about: &str, sizes: (u64, u64), before: &str, changes: &str| {
        let input = json!({
            "kind": "changes", "before": { "size": sizes.0.to_string(), "listed": before },
            "size": sizes.1.to_string(), "changes": changes,
        });
        let came = came(&input);
        vector(&format!("changes/{name}"), about, "22 §2", input, came)
    };
    let none = (16, 16);
    vec![
        row("page", "The example of the page.", (5_000, 5_000), "", "3a0b029cf901"),
        row("nothing", "No change.", none, "", ""),
        row("first", "The first leaf.", none, "", "02"),
        row("last", "The last leaf.", none, "", "7a"),
        row("beyond", "The leaf behind the last.", none, "", "8201"),
        row("all", "Every leaf, in one run.", none, "", "030e"),
        row("long-beyond", "One more than there are.", none, "", "030f"),
        row("half-number", "A number without its end.", none, "", "82"),
        row("no-length", "A run whose length is missing.", none, "", "03"),
        row("ten-digits", "More digits than a number has.", none, "", "82808080808080808001"),
        row("ten-digits-spare", "The tenth is 0.", none, "", "82808080808080808000"),
        row("beyond-in-two-runs", "Two runs that are one, beyond the end.", none, "", "7a02"),
        row("spare-digit", "A number with a digit too many.", none, "", "8200"),
        row("same-status", "The status that it has.", none, "02", "02"),
        row("same-in-run", "A run over one that has the status.", none, "0a", "0300"),
        row("two-runs-for-one", "Two runs that are one.", none, "", "0202"),
        row("neighbours", "Two runs side by side.", none, "", "0204"),
        row("back", "A suspension is lifted.", none, "7c", "78"),
        row("grown", "More leaves, in a second chunk.", (2_000, 3_000), "02", "c2a201"),
        row("border", "A run over the border of two chunks.", (3_000, 3_000), "", "eb7f04"),
        row("fewer-leaves", "Leaves do not go.", (16, 15), "", ""),
        row("no-leaves", "A state without leaves.", (0, 0), "", ""),
        row("too-many-leaves", "More leaves than are followed.", none_above(), "", ""),
    ]
}

fn none_above() -> (u64, u64) {
    (16, FOLLOWED_LEAVES_MAX.0 + 1)
}

/// What a follower has: the first state of a scene, and what is told since.
fn follows() -> Vec<Vector> {
    let scene = Scene::logged(3);
    let built = scene.build();
    let stopped: Change<Vec<Leaf>> = Box::new(|state| state[LEAF_ROOT + 3].life = Life::Revoked);
    let first = Newer { state: stopped, ..Newer::new() }.whole(&built.state, &built.log);
    let have = Followed::begin(&scene.policy(), &first.update, scene.now).expect("accepted").snapshot();
    let row = |name: &str, about: &str, have: Option<&[u8]>, update: Vec<u8>| {
        let input = json!({
            "kind": "follow", "policy": policy_file(&scene.settings), "now": scene.now.to_string(),
            "have": have.map(hex), "update": hex(update),
        });
        let came = came(&input);
        vector(&format!("follow/{name}"), about, "22 §3", input, came)
    };
    let mut all = vec![row("first", "The first state.", None, first.update.clone())];
    all.extend(whole_updates(&built).into_iter().map(|(name, about, update)| row(name, about, None, update)));
    let updates = later_updates(&first);
    all.extend(updates.into_iter().map(|(name, about, update)| row(name, about, Some(&have), update)));
    all.push(witnessed());
    all
}

type Update = (&'static str, &'static str, Vec<u8>);

/// Updates since nothing.
fn whole_updates(built: &Built) -> Vec<Update> {
    type Row = (&'static str, &'static str, fn(&mut Newer));
    let rows: &[Row] = &[
        ("revoked", "A token was revoked, another suspended.", |newer| {
            newer.state = Box::new(|state| {
                state[LEAF_ROOT + 1].life = Life::Revoked;
                state[LEAF_ROOT + 2].mask = 2;
            });
        }),
        ("trailing", "A byte behind it.", |newer| newer.bytes = |bytes| bytes.push(0)),
        ("label", "Another label.", |newer| newer.bytes = |bytes| bytes[22] = b'2'),
        ("first-not-whole", "Changes to nothing that is there.", |newer| {
            newer.parts = Box::new(|told| told.whole = false);
        }),
        ("first-consistency", "A proof from nothing.", |newer| {
            newer.parts = Box::new(|told| told.consistency = vec![Hash([0; 32])]);
        }),
        ("log-key", "Another key signed.", |newer| newer.log_key = 40),
        ("unknown-log", "Another log.", |newer| newer.origin = OTHER),
        ("ledger", "Another ledger.", |newer| {
            newer.parts = Box::new(|told| told.ledger = LedgerId([1; 32]));
        }),
        ("not-since", "Since a state that the follower has not.", |newer| {
            newer.parts = Box::new(|told| told.since = 3);
        }),
        ("no-commitment", "The last entry is no commitment.", |newer| {
            newer.log = Box::new(|log| log.push(b"later".to_vec()));
        }),
        ("short-path", "The commitment's path lacks a hash.", |newer| {
            newer.parts = Box::new(|told| told.path.truncate(0));
        }),
        ("clock", "Later than the clocks may differ.", |newer| {
            newer.committed = Millis(NOW_MS.0 + SKEW.0 + 1);
        }),
        ("latest", "As late as the clocks may differ.", |newer| newer.committed = Millis(NOW_MS.0 + SKEW.0)),
        ("late-and-bad", "Too late, and leaf 0 is not proved either.", |newer| {
            newer.committed = Millis(NOW_MS.0 + SKEW.0 + 1);
            newer.parts = Box::new(|told| told.leaf_path.truncate(1));
        }),
        ("other-index", "Leaf 0 says that it is leaf 1.", |newer| {
            newer.state = Box::new(|state| state[0].index = StateIndex(1));
        }),
        ("unit-with-the-id", "Leaf 0 is a unit's that has the ledger's id.", |newer| {
            newer.state = Box::new(|state| {
                state[0] = Leaf { index: StateIndex(0), id: state[0].id, ..state[1].clone() };
            });
        }),
        ("short-leaf", "Leaf 0 is cut off.", |newer| {
            newer.parts = Box::new(|told| told.leaf.truncate(9));
        }),
        ("leaf-path", "Leaf 0's path lacks a hash.", |newer| {
            newer.parts = Box::new(|told| told.leaf_path.truncate(1));
        }),
        ("other-id", "Leaf 0 has another ledger's id.", |newer| {
            newer.state = Box::new(|state| state[0].id = ObjectId([1; 32]));
        }),
        ("other-kind", "Leaf 0 is a unit's.", |newer| {
            newer.state = Box::new(|state| state[0] = Leaf { index: StateIndex(0), ..state[1].clone() });
        }),
        ("left-out", "A revocation is left out of the changes.", |newer| {
            newer.state = Box::new(|state| state[LEAF_ROOT].life = Life::Revoked);
            newer.parts = Box::new(|told| told.changes.clear());
        }),
        ("bad-changes", "Changes that end within a number.", |newer| {
            newer.parts = Box::new(|told| told.changes = vec![0x80]);
        }),
    ];
    let update = |change: fn(&mut Newer)| {
        let mut newer = Newer::new();
        change(&mut newer);
        newer.whole(&built.state, &built.log).update
    };
    rows.iter().map(|(name, about, change)| (*name, *about, update(*change))).collect()
}

/// Updates since `first`.
fn later_updates(first: &Later) -> Vec<Update> {
    let grown = || Newer {
        state: Box::new(|state| {
            grow(state, STATUS_CHUNK_INDEXES + 10);
            state[LEAF_ROOT].life = Life::Ended;
            state[2_047].mask = 1;
            state[2_048].mask = 1;
        }),
        committed: NOW_MS,
        ..Newer::new()
    };
    let since = first.log.len() as u64;
    // Another log, told as if it went on from the first.
    let claim = |log: Vec<Vec<u8>>, path: Vec<Hash>| {
        let parts: Change<Told> = Box::new(move |told| {
            (told.since, told.whole, told.consistency) = (since, false, path.clone());
            told.changes.clear();
        });
        let log: Change<Vec<Vec<u8>>> = Box::new(move |own| *own = log.clone());
        Newer { parts, log, ..Newer::new() }.whole(&first.state, &first.log).update
    };
    let other = |change: fn(&mut Vec<Vec<u8>>)| {
        let mut log = first.log.clone();
        change(&mut log);
        log
    };
    // What a ledger tells that does not remember the table any more: all that is not 0.
    let forgot = Newer {
        parts: Box::new(|told| {
            told.whole = true;
            told.changes = encode_changes([(StateIndex(LEAF_ROOT as u64 + 3), Status::Over)]);
        }),
        ..Newer::new()
    };
    vec![
        ("changes", "A later state, by changes.", grown().since(first).update),
        ("whole", "A later state, with the whole table.", forgot.since(first).update),
        ("same", "The same checkpoint again.", claim(first.log.clone(), Vec::new())),
        ("same-size-path", "The same, with a path.", claim(first.log.clone(), vec![Hash([0; 32])])),
        ("not-since-0", "Since nothing.", first.update.clone()),
        ("behind", "An older log.", claim(other(|log| log.truncate(3)), Vec::new())),
        ("fork", "As large, and another.", claim(other(|log| log[1] = b"another".to_vec()), Vec::new())),
        (
            "not-consistent",
            "Larger, and another.",
            claim(
                other(|log| {
                    log[1] = b"another".to_vec();
                    log.push(b"more".to_vec());
                }),
                Vec::new(),
            ),
        ),
    ]
}

/// The quorum is asked for.
fn witnessed() -> Vector {
    let scene = Scene::witnessed();
    let built = scene.build();
    let cosigned = vec![(W1, NOW)];
    let update = Newer { cosigned, ..Newer::new() }.whole(&built.state, &built.log).update;
    let input = json!({
        "kind": "follow", "policy": policy_file(&scene.settings), "now": scene.now.to_string(),
        "have": null, "update": hex(update),
    });
    let came = came(&input);
    vector("follow/quorum", "One of two witnesses.", "22 §3", input, came)
}

/// Ten minutes later: no presentation of a scene is good by itself any more.
const LATER: u64 = 600_000;

fn later(mut scene: Scene) -> Scene {
    scene.now = Millis(NOW_MS.0 + LATER);
    let ask = scene.ask();
    ask.invocation.valid_until = Seconds(NOW.0 + LATER / 1_000 + 30);
    if let Some(payment) = &mut ask.invocation.payment {
        payment.settle_by = Seconds(NOW.0 + LATER / 1_000 + 60);
    }
    scene
}

fn judges() -> Vec<Vector> {
    type Row = (&'static str, &'static str, fn() -> Scene, fn(&mut Newer));
    let rows: &[Row] = &[
        ("good", "Old, and nothing has changed.", || later(Scene::logged(3)), |_| {}),
        ("paying", "Permitted, and not funded.", || later(Scene::paying(100)), |_| {}),
        (
            "stranger",
            "Somebody else's token was revoked.",
            || later(Scene::logged(2)),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ROOT + 2].life = Life::Revoked);
            },
        ),
        (
            "revoked",
            "Revoked since.",
            || Scene::logged(3),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ROOT + 1].life = Life::Revoked);
            },
        ),
        (
            "ended",
            "Ended since.",
            || later(Scene::root()),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ROOT].life = Life::Ended);
            },
        ),
        (
            "suspended",
            "Suspended since.",
            || later(Scene::logged(3)),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ROOT + 2].mask = 8);
            },
        ),
        (
            "first-link",
            "The first link that was stopped decides.",
            || later(Scene::logged(2)),
            |newer| {
                newer.state = Box::new(|state| {
                    state[LEAF_ROOT].mask = 2;
                    state[LEAF_ROOT + 1].life = Life::Revoked;
                });
            },
        ),
        (
            "frozen-issuer",
            "The issuer was frozen.",
            || later(Scene::root()),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ISSUER].mask = 1);
            },
        ),
        (
            "frozen-ledger",
            "The ledger was frozen.",
            || later(Scene::root()),
            |newer| {
                newer.state = Box::new(|state| state[0].mask = 1);
            },
        ),
        ("two-histories", "As large as the presentation's log, and another.", Scene::root, |newer| {
            newer.log = Box::new(|log| drop(log.drain(..2)));
        }),
        (
            "changed",
            "Whose it is, an old presentation does not say.",
            || later(Scene::root()),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ROOT].epoch = Epoch(1));
            },
        ),
        (
            "changed-issuer",
            "The issuer's keys changed.",
            || later(Scene::root()),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_ISSUER].generation = Generation(1));
            },
        ),
        ("changed-fresh", "A presentation that is new enough says it.", Scene::root, |newer| {
            newer.state = Box::new(|state| state[LEAF_ROOT].epoch = Epoch(1));
        }),
        (
            "old",
            "What is followed is too old.",
            || later(Scene::root()),
            |newer| {
                newer.committed = Millis(NOW_MS.0 + LATER - 60_001);
            },
        ),
        (
            "oldest",
            "As old as the policy bears.",
            || later(Scene::root()),
            |newer| {
                newer.committed = Millis(NOW_MS.0 + LATER - 60_000);
            },
        ),
        (
            "frozen-unit",
            "The unit was frozen.",
            || later(Scene::paying(100)),
            |newer| {
                newer.state = Box::new(|state| state[LEAF_UNIT].mask = 1);
            },
        ),
        ("slow-clock", "The newer state is at the token's expiry.", soon_over, |newer| {
            newer.committed = Millis(NOW_MS.0 + 1_000);
        }),
        (
            "beyond",
            "The newer state has no such leaf.",
            || later(Scene::root()),
            |newer| {
                newer.state = Box::new(|state| state.truncate(LEAF_ROOT));
            },
        ),
        ("older", "Older than the presentation.", longer, |_| {}),
        ("quorum", "Not witnessed.", || later(Scene::witnessed()), |_| {}),
        (
            "witnessed",
            "Witnessed.",
            || later(Scene::witnessed()),
            |newer| {
                let at = Seconds(NOW.0 + LATER / 1_000 - 5);
                newer.cosigned = vec![(W1, at), (W2, at)];
            },
        ),
    ];
    rows.iter().map(|(name, about, scene, change)| judge(name, about, &scene(), *change)).collect()
}

/// A token that expires a second after now.
fn soon_over() -> Scene {
    let mut scene = Scene::root();
    scene.chain[0].token.expires = Seconds(NOW.0 + 1);
    scene
}

/// A presentation of a longer log than the one that is followed.
fn longer() -> Scene {
    let more: Change<Vec<Vec<u8>>> = Box::new(|log| {
        for _ in 0..4 {
            log.insert(1, b"more".to_vec());
        }
    });
    Scene { log: more, ..Scene::root() }
}

fn judge(name: &str, about: &str, scene: &Scene, change: fn(&mut Newer)) -> Vector {
    let built = scene.build();
    let mut newer = Newer { committed: Millis(scene.now.0 - 1_000), ..Newer::new() };
    change(&mut newer);
    // What is followed is of the log before anything was changed in the scene's.
    let log = Scene::root().build().log;
    let log = if name == "older" { &log } else { &built.log };
    let update = newer.whole(&built.state, log).update;
    let followed = Followed::restore(&update).expect("a snapshot");
    let policy = policy_file(&scene.settings);
    let case = built.case(scene.now, policy.as_bytes()).encode();
    let input = json!({ "kind": "judge", "case": hex(case), "followed": hex(followed.snapshot()) });
    let came = came(&input);
    vector(&format!("judge/{name}"), about, "22 §4", input, came)
}
