//! The verdict of a service without a connection, at 10 M tokens, and the sizes of what it is shown.

use super::scene::Scene;
use super::world::{Held, NOW};
use crate::harness::{Bench, Limit};
use remit_verifier::code::Code;
use remit_verifier::types::Millis;
use remit_verifier::verify::{Decision, LoggedLinks, Policy, Request, Verdict, Verifier, verify};
use std::hint::black_box;

/// One depth: its rows, and which of the peers does the same work.
struct Depth {
    links: usize,
    /// Cold, cold with two cosignatures, checkpoint accepted.
    rows: [&'static str; 3],
    /// Names of the rows beside tenuo's: the row, cold, and tenuo's.
    tenuo: Option<[&'static str; 3]>,
    biscuit: Option<[&'static str; 3]>,
}

const DEPTHS: [Depth; 5] = [
    Depth {
        links: 1,
        rows: ["verify 1 cold", "verify 1 cold w2", "verify 1"],
        tenuo: Some(["verify 1 : tenuo", "verify 1 cold : tenuo", "tenuo request 1"]),
        biscuit: Some(["verify 1 : biscuit 0", "verify 1 cold : biscuit 0", "biscuit request 0"]),
    },
    Depth {
        links: 2,
        rows: ["verify 2 cold", "verify 2 cold w2", "verify 2"],
        tenuo: None,
        biscuit: Some(["verify 2 : biscuit 1", "verify 2 cold : biscuit 1", "biscuit request 1"]),
    },
    Depth { links: 3, rows: ["verify 3 cold", "verify 3 cold w2", "verify 3"], tenuo: None, biscuit: None },
    Depth {
        links: 4,
        rows: ["verify 4 cold", "verify 4 cold w2", "verify 4"],
        tenuo: Some(["verify 4 : tenuo", "verify 4 cold : tenuo", "tenuo request 4"]),
        biscuit: Some(["verify 4 : biscuit 3", "verify 4 cold : biscuit 3", "biscuit request 3"]),
    },
    Depth {
        links: 8,
        rows: ["verify 8 cold", "verify 8 cold w2", "verify 8"],
        tenuo: Some(["verify 8 : tenuo", "verify 8 cold : tenuo", "tenuo request 8"]),
        biscuit: None,
    },
];

/// What a holder shows, and the verdict that it must get.
#[derive(Clone)]
struct Shown {
    presentation: Vec<u8>,
    invocation: Vec<u8>,
    decision: Decision,
}

impl Shown {
    fn new(scene: &mut Scene, chain: &[Held], cosigned: bool) -> Self {
        let presentation = scene.presentation(chain, &scene.tokens(chain), cosigned);
        let invocation = scene.invocation(chain[chain.len() - 1], None);
        Self { presentation, invocation, decision: Decision::Allowed }
    }

    fn request(&self) -> Request<'_> {
        Request { invocation: &self.invocation, arguments: &[], approvals: &[] }
    }

    fn expect(&self, verdict: &Verdict) {
        assert_eq!(verdict.decision, self.decision);
    }

    fn cold(&self, policy: &Policy) {
        self.expect(&verify(black_box(&self.presentation), Some(&self.request()), None, policy, NOW));
    }

    fn with(&self, verifier: &mut Verifier) {
        self.expect(&verifier.verify(black_box(&self.presentation), Some(&self.request()), None, NOW));
    }
}

/// Adds the rows of verification, and the sizes.
pub fn rows(bench: &mut Bench, scene: &mut Scene) {
    let chain = scene.chain.clone();
    let other = Shown::new(scene, &scene.other.clone()[..1], false);
    seen(bench, scene, &chain);
    for depth in &DEPTHS {
        unseen(bench, scene, depth, &chain[..depth.links], &other);
    }
    logged(bench, scene, &chain);
    refused(bench, scene, &chain[..3], &other);
    funded(bench, scene, &chain[..3]);
    sizes(bench, scene, &chain);
}

/// The rows beside the peers; the peers' own stand in the same run.
pub fn beside_peers(bench: &mut Bench) {
    for depth in &DEPTHS {
        let [cold, _, accepted] = depth.rows;
        for [ahead, beside, peer] in depth.tenuo.iter().chain(&depth.biscuit).copied() {
            bench.again(ahead, "chain new, checkpoint accepted before", accepted, Limit::times(1.0, peer));
            bench.again(beside, "cold: checkpoint and chain new", cold, Limit::beside(1.0, peer));
        }
    }
}

fn seen(bench: &mut Bench, scene: &mut Scene, chain: &[Held]) {
    for (name, links) in [("verify 1 seen", 1), ("verify 3 seen", 3), ("verify 8 seen", 8)] {
        let shown = Shown::new(scene, &chain[..links], false);
        let mut verifier = Verifier::new(scene.policy(false, LoggedLinks::Verify), Millis(0));
        shown.with(&mut verifier);
        bench.time(
            name,
            "presentation seen before, invocation checked",
            Limit::times(1.25, "V"),
            move || {
                shown.with(&mut verifier);
            },
        );
    }
}

/// Depth d never seen: cold, cold with two cosignatures, and with the checkpoint accepted on another's presentation.
fn unseen(bench: &mut Bench, scene: &mut Scene, depth: &Depth, chain: &[Held], other: &Shown) {
    let d = depth.links as f64;
    let [cold, cosigned, accepted] = depth.rows;
    for (name, witnesses) in [(cold, 0_u8), (cosigned, 2)] {
        let shown = Shown::new(scene, chain, witnesses > 0);
        let policy = scene.policy(witnesses > 0, LoggedLinks::Verify);
        let limit = Limit::times(1.4 * d + 2.6 + f64::from(witnesses), "V");
        let note = format!("d = {d}, w = {witnesses}, nothing seen before");
        bench.time(name, &note, limit, move || shown.cold(&policy));
    }
    let shown = Shown::new(scene, chain, false);
    let note = format!("d = {d}, checkpoint accepted before");
    let limit = Limit::times(1.4 * d + 1.6, "V");
    let prepare = accepting(scene, other);
    bench.time_prepared(accepted, &note, limit, 1, prepare, move |mut verifier| shown.with(&mut verifier));
}

/// Makes verifiers that have seen nothing but the checkpoint, with another chain.
fn accepting(scene: &Scene, other: &Shown) -> impl FnMut() -> Verifier + 'static {
    let (policy, other) = (scene.policy(false, LoggedLinks::Verify), other.clone());
    move || {
        let mut verifier = Verifier::new(policy.clone(), Millis(0));
        other.with(&mut verifier);
        verifier
    }
}

/// Depth 8 under a policy by which the signatures of logged links rest on the log.
fn logged(bench: &mut Bench, scene: &mut Scene, chain: &[Held]) {
    for (name, witnesses) in [("verify 8 log", 0_u8), ("verify 8 log w2", 2)] {
        let shown = Shown::new(scene, chain, witnesses > 0);
        let policy = scene.policy(witnesses > 0, LoggedLinks::Log);
        let limit = Limit::times(4.5 + f64::from(witnesses), "V");
        let note = format!("d = 8, w = {witnesses}, cold, logged_links = log");
        bench.time(name, &note, limit, move || shown.cold(&policy));
    }
}

/// A bad signature in each place: of the invocation, and of each token.
fn refused(bench: &mut Bench, scene: &mut Scene, chain: &[Held], other: &Shown) {
    let good = Shown::new(scene, chain, false);
    let mut shown = Shown { decision: Decision::Denied(Code::BadSignature), ..good.clone() };
    spoil(&mut shown.invocation);
    let mut verifier = Verifier::new(scene.policy(false, LoggedLinks::Verify), Millis(0));
    good.with(&mut verifier);
    let limit = Limit::times(1.05, "verify 3 seen");
    bench.time("refuse invocation", "its signature is bad; the rest seen before", limit, move || {
        shown.with(&mut verifier);
    });
    let names = ["refuse token 1", "refuse token 2", "refuse token 3"];
    for (place, name) in names.into_iter().enumerate() {
        let mut tokens = scene.tokens(chain);
        spoil(&mut tokens[place]);
        let presentation = scene.presentation(chain, &tokens, false);
        let decision = Decision::Denied(Code::BadSignature);
        let shown = Shown { presentation, invocation: good.invocation.clone(), decision };
        let limit = Limit::times(1.05, "verify 3");
        let note = format!("signature {} of 3 is bad; checkpoint accepted before", place + 1);
        let prepare = accepting(scene, other);
        bench.time_prepared(name, &note, limit, 1, prepare, move |mut verifier| shown.with(&mut verifier));
    }
}

/// Changes S in the signature that ends an object: it stays canonical, so that it is refused by the equation alone.
fn spoil(object: &mut [u8]) {
    let low = object.len() - 32;
    object[low] ^= 1;
}

fn funded(bench: &mut Bench, scene: &mut Scene, chain: &[Held]) {
    let (invocation, evidence) = scene.funded();
    let presentation = scene.presentation(chain, &scene.tokens(chain), false);
    let policy = scene.policy(false, LoggedLinks::Verify);
    let note = "d = 3, cold, an amount with evidence of its reserve";
    bench.size("bytes evidence", "entry, and its proof in the log as text", evidence.len(), None);
    bench.time("verify 3 funded cold", note, Limit::beside(1.0, "V"), move || {
        let request = Request { invocation: &invocation, arguments: &[], approvals: &[] };
        let verdict = verify(black_box(&presentation), Some(&request), Some(&evidence), &policy, NOW);
        assert_eq!(verdict.decision, Decision::Allowed);
    });
}

fn sizes(bench: &mut Bench, scene: &mut Scene, chain: &[Held]) {
    let tokens = scene.tokens(chain);
    bench.size("bytes token root", "signed, one permission", tokens[0].len(), None);
    bench.size("bytes token child", "signed, narrower", tokens[1].len(), None);
    let invocation = scene.invocation(chain[0], None).len();
    bench.size("bytes invocation", "signed, no amount", invocation, None);
    let paying = scene.invocation(chain[0], Some(1)).len();
    bench.size("bytes invocation paying", "signed, with an amount", paying, None);
    bench.size("bytes entry", "log entry of a reserve", scene.entry().len(), None);
    for (name, links, most) in [
        ("bytes presentation 1", 1, None),
        ("bytes presentation 3", 3, Some(7 * 1024)),
        ("bytes presentation 8", 8, None),
    ] {
        let chain = &chain[..links];
        let bytes = scene.presentation(chain, &scene.tokens(chain), false).len();
        bench.size(name, "with the leaf of a unit, no witness", bytes, most);
    }
}
