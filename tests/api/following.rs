//! What a ledger tells whoever follows it.

use crate::desk::{CBOR, Desk};
use crate::world::key;
use remit_verifier::code::Code;
use remit_verifier::feed::StatusUpdate;
use remit_verifier::object::{Act, Position, Target};
use remit_verifier::state::Status;
use remit_verifier::types::{Epoch, Millis, StateIndex, TreeSize};
use remit_verifier::verify::{Decision, Followed, Verifier};
use std::sync::Arc;

async fn update(desk: &Desk, since: u64) -> Vec<u8> {
    let answer = desk.get_as_stranger(&format!("/v1/status?since={since}")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, CBOR));
    assert_eq!(answer.header("cache-control"), "no-cache");
    answer.body
}

/// Leaves that are not as they were admitted, as the ledger's own records say.
fn listed(desk: &Desk) -> Vec<(u64, Status)> {
    let snapshot = desk.service.snapshot();
    let leaves = 0..snapshot.version().trees.state.size().0;
    let status = |index| Status::of(&snapshot.leaf(StateIndex(index)).expect("a leaf").leaf);
    leaves.map(|index| (index, status(index))).filter(|(_, status)| *status != Status::Live).collect()
}

fn of(state: &Followed) -> Vec<(u64, Status)> {
    state.listed().map(|(index, status)| (index.0, status)).collect()
}

#[tokio::test]
async fn a_follower_comes_from_nothing_and_goes_on_by_changes() {
    let mut desk = Desk::with_everything();
    let policy = desk.policy();
    let first = update(&desk, 0).await;
    let begun = Followed::begin(&policy, &first, desk.world.now).expect("accepted");
    assert_eq!(of(&begun), listed(&desk));
    assert!(of(&begun).len() > 2, "the story stops something");
    // Nothing has happened since: the same state, in a few bytes.
    let same = update(&desk, begun.head().size.0).await;
    assert_eq!(begun.advance(&policy, &same, desk.world.now), Ok(begun.clone()));
    // A party more, and nothing else.
    let bytes = desk.party("one more").bytes;
    assert_eq!(desk.post("/v1/operations?wait=published", CBOR, bytes).await.status, 200);
    let changes = update(&desk, begun.head().size.0).await;
    let told = StatusUpdate::decode(&changes).expect("an update");
    assert_eq!((told.whole, told.changes), (false, &[][..]));
    let next = begun.advance(&policy, &changes, desk.world.now).expect("accepted");
    assert_eq!((next.leaves().0, of(&next)), (begun.leaves().0 + 1, of(&begun)));
    // Since a size that nobody was told of, all is told.
    let since = TreeSize(next.head().size.0 - 3);
    let whole = update(&desk, since.0).await;
    let told = StatusUpdate::decode(&whole).expect("an update");
    assert_eq!((told.whole, told.since), (true, since));
}

#[tokio::test]
async fn a_size_that_the_log_has_not_is_an_error() {
    let desk = Desk::new();
    let size = desk.service.snapshot().size().0;
    update(&desk, size).await;
    for since in [(size + 1).to_string(), u64::MAX.to_string()] {
        let answer = desk.get_as_stranger(&format!("/v1/status?since={since}")).await;
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    for wrong in ["?since=x", "?since=-1", "?until=1"] {
        assert_eq!(desk.get_as_stranger(&format!("/v1/status{wrong}")).await.status, 400, "{wrong}");
    }
}

#[tokio::test]
async fn a_verifier_that_follows_hears_of_a_revocation_at_once() {
    let mut desk = Desk::new();
    let (policy, token) = (desk.policy(), desk.root(10_000).await);
    desk.until(|sizes| sizes.published == sizes.durable).await;
    let shown = desk.service.snapshot().presentation(&token, &[], None).expect("a presentation");
    let begun = Followed::begin(&policy, &update(&desk, 0).await, desk.world.now).expect("accepted");
    let mut verifier = Verifier::new(policy.clone(), Millis(0));
    verifier.follow(Arc::new(begun.clone()));
    let now = desk.world.now;
    let verdict = |verifier: &mut Verifier| verifier.verify(&shown, None, None, now).decision;
    assert_eq!(verdict(&mut verifier), Decision::Permitted);
    let target = Target { token, epoch: Epoch(0), position: Position(1) };
    let (now, signer) = (desk.world.now, key("issuer"));
    let draft = desk.world.client.act(now, Act::Revoke(target), &[&signer]).expect("draft");
    desk.apply(&[draft]).await;
    desk.until(|sizes| sizes.published == sizes.durable).await;
    let next = update(&desk, begun.head().size.0).await;
    let next = begun.advance(&policy, &next, desk.world.now).expect("accepted");
    verifier.follow(Arc::new(next));
    assert_eq!(verdict(&mut verifier), Decision::Denied(Code::Revoked));
}
