//! A bug that others had with budgets, by its name (the others are in `tests/rules/never_again.rs`).

use crate::pair::Pair;
use crate::story::batches;
use crate::world::World;
use remit::client::budget;
use remit::store::Store as _;
use remit_verifier::object::{Budget, Period, Window};
use remit_verifier::types::{Amount, Seconds};

/// What was spent and held, and what a window counted, is still so after every restart, and after one in the middle.
#[test]
fn counter_reset_on_restart() {
    let mut w = World::new();
    let day =
        Window { period: Period::Fixed { length: Seconds(86_400), anchor: Seconds(0) }, most: Amount(80) };
    let limited = Budget { windows: vec![day], ..budget(w.cny, Amount(100)) };
    let spec = remit::client::TokenSpec { budgets: Some(vec![limited]), ..w.spec("alice") };
    let root = w.issue(&spec).expect("issued");
    let reserve = w.reserve(root, "alice", 60).expect("held");
    w.capture(reserve, 1, 60).expect("captured");
    let log = batches(w.ledger.store());
    let dir = tempfile::tempdir().expect("a folder");
    let mut pair = Pair::create(dir.path(), &log[0]);
    for batch in &log[1..] {
        pair.replay(batch);
        pair = pair.reopen(dir.path());
    }
    let signed = |w: &mut World, amount| {
        let ask = w.ask(root, amount);
        let invocation = w.client.invocation(w.now, &ask).expect("a draft");
        let signer = crate::world::key("alice");
        let draft = w.client.reserve(invocation, Vec::new(), &signer);
        w.client.ready(&[draft]).expect("signed").bytes
    };
    let (window, total) = (signed(&mut w, 21), signed(&mut w, 20));
    let before = pair.rocks.trees().state.root();
    pair.submit(&[&window], w.now);
    assert_eq!(pair.rocks.trees().state.root(), before, "60 and 21 are more than the window");
    assert_eq!(pair.submit(&[&total], w.now), 1, "60 and 20 are not");
    pair = pair.reopen(dir.path());
    w.advance(86_400);
    // The 20 come back first, and a new day begins.
    pair.submit(&[], w.now);
    let beyond = signed(&mut w, 41);
    let before = pair.rocks.trees().state.root();
    pair.submit(&[&beyond], w.now);
    assert_eq!(pair.rocks.trees().state.root(), before, "60 and 41 are more than the total");
    pair.compare();
}
