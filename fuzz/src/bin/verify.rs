//! A case with anything changed (spec 10): never a panic, a denied case stays denied, and an allowed one stays allowed
//! only with the very same bytes.
#![no_main]
#[allow(dead_code)]
#[path = "../../../verifier/tests/verdict/scene.rs"]
mod scene;
#[allow(dead_code)]
#[path = "../../../verifier/tests/verdict/trees.rs"]
mod trees;

use remit_fuzz::Choices;
use remit_verifier::c2sp::TlogProof;
use remit_verifier::state::Life;
use remit_verifier::verify::{Decision, Evidence, Policy};
use scene::{Ask, Built, Funding, LEAF_ROOT, NOW_MS, Scene};
use std::sync::LazyLock;

/// Cases with their policies: allowed, permitted and denied ones.
static CASES: LazyLock<Vec<(Built, Policy, bool)>> = LazyLock::new(|| {
    let revoked = Scene { state: Box::new(|leaves| leaves[LEAF_ROOT].life = Life::Revoked), ..Scene::root() };
    let mut stolen = Scene::logged(2);
    stolen.ask().signed_by = 60;
    let through_links = Scene { shows_unit: true, request: Some(Ask::paying(3, 9)), ..Scene::offline() };
    let scenes = [
        Scene::root(),
        Scene::logged(3),
        Scene::offline(),
        Scene::witnessed(),
        Scene::funded(),
        Scene { funding: Some(Funding::bundle()), ..Scene::paying(7) },
        Scene { funding: Some(Funding::reserve()), ..through_links },
        Scene::paying(7),
        revoked,
        stolen,
    ];
    let case = |scene: &Scene| (scene.build(), scene.policy(), scene.verdict().decision == Decision::Allowed);
    scenes.iter().map(case).collect()
});

fn spoil(c: &mut Choices<'_>, bytes: &mut Vec<u8>) {
    for _ in 0..=c.byte() % 4 {
        let (len, at) = (bytes.len(), c.below(bytes.len().max(1)));
        match c.byte() % 4 {
            _ if len == 0 => bytes.push(c.byte()),
            0 => bytes[at] = c.byte(),
            1 => bytes[at] ^= 1 << (c.byte() % 8),
            2 => bytes.insert(at, c.byte()),
            _ => drop(bytes.drain(at..len.min(at + 1 + usize::from(c.byte())))),
        }
    }
}

/// The proof of evidence has a part that nobody vouches for.
fn vouched(evidence: Option<&Vec<u8>>) -> Option<(Vec<u8>, Vec<u8>, String)> {
    let evidence = Evidence::decode(evidence?).ok()?;
    let proof = TlogProof::parse(evidence.proof).ok()?;
    let note = proof.note().as_str().as_bytes();
    let bare = TlogProof::new(Vec::new(), proof.index(), proof.hashes().to_vec(), note).ok()?;
    let ids = evidence.ids.iter().flat_map(|id| id.0).collect();
    Some((evidence.entry.to_vec(), ids, bare.to_text()))
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut c = Choices(bytes);
    let (good, policy, allowed) = c.of(&CASES);
    let mut changed = Built {
        presentation: good.presentation.clone(),
        invocation: good.invocation.clone(),
        arguments: good.arguments.clone(),
        state: Vec::new(),
        log: Vec::new(),
        evidence: good.evidence.clone(),
        approvals: good.approvals.clone(),
        ids: Vec::new(),
    };
    match (c.byte() % 4, &mut changed) {
        (3, Built { approvals, .. }) if !approvals.is_empty() => spoil(&mut c, &mut approvals[0]),
        (0, Built { invocation: Some(invocation), .. }) => spoil(&mut c, invocation),
        (1, Built { evidence: Some(evidence), .. }) => spoil(&mut c, evidence),
        (_, Built { presentation, .. }) => spoil(&mut c, presentation),
    }
    if changed.verdict(policy, NOW_MS).decision == Decision::Allowed {
        assert!(allowed, "a case that was not allowed");
        assert_eq!(changed.presentation, good.presentation);
        assert_eq!(changed.invocation, good.invocation);
        assert_eq!(changed.approvals, good.approvals);
        assert_eq!(vouched(changed.evidence.as_ref()), vouched(good.evidence.as_ref()));
    }
});
