//! Windows: at their borders, on every link, and what gives back to them; and the rules version that has them.

use crate::world::*;
use remit::client::{TokenSpec, budget, carved};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Budget, Period, Window};
use remit_verifier::state::Span;
use remit_verifier::types::{Amount, Millis, ObjectId, Rules, Seconds};

const HOUR: u64 = 3600;

fn each(length: u64, most: u64) -> Window {
    anchored(length, 0, most)
}

fn anchored(length: u64, anchor: u64, most: u64) -> Window {
    Window { period: Period::Fixed { length: Seconds(length), anchor: Seconds(anchor) }, most: Amount(most) }
}

fn month(most: u64) -> Window {
    Window { period: Period::Month, most: Amount(most) }
}

impl World {
    /// A root of 1 000 CNY whose budget has these windows.
    fn windowed(&mut self, windows: Vec<Window>) -> ObjectId {
        let budgets = Some(vec![Budget { windows, ..budget(self.cny, Amount(1_000)) }]);
        let spec = TokenSpec { budgets, ..self.spec("alice") };
        self.issue(&spec).expect("issued")
    }

    fn child(&mut self, parent: ObjectId, by: &str, holder: &str, own: Option<Budget>) -> ObjectId {
        let spec = self.inherit(holder, own.map(|own| vec![own]));
        self.delegate(parent, by, &spec).expect("delegated")
    }

    /// Reserves and takes it, so that it never comes back.
    fn spend(&mut self, token: ObjectId, holder: &str, amount: u64) -> Result<ObjectId, Code> {
        let reserve = self.reserve(token, holder, amount)?;
        self.capture(reserve, 1, amount)
    }

    fn spans(&self, token: ObjectId) -> Vec<Span> {
        let unit = self.ledger.leaf(&self.cny).expect("unit").leaf.index;
        let record = self.ledger.leaf(&token).expect("token");
        let values = &record.private.as_ref().expect("a token").values;
        values.in_unit(unit).map(|values| values.windows.clone()).unwrap_or_default()
    }

    fn at(&mut self, second: u64) {
        assert!(Millis(second * 1000) >= self.now, "time goes on");
        self.now = Millis(second * 1000);
    }
}

#[test]
fn a_window_is_open_to_its_bound_and_to_its_last_millisecond() {
    let mut w = World::new();
    let start = w.now.seconds().0;
    assert_eq!(start % HOUR, 0);
    let root = w.windowed(vec![each(HOUR, 100)]);
    w.reserve(root, "alice", 60).expect("60 of 100");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 41));
    w.reserve(root, "alice", 40).expect("to the bound");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.now = Millis((start + HOUR) * 1000 - 1);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.now = Millis((start + HOUR) * 1000);
    w.reserve(root, "alice", 100).expect("a new hour");
    assert_eq!(w.spans(root), [Span { start: Seconds(start + HOUR), used: Amount(100) }]);
    w.replays();
}

#[test]
fn the_total_and_every_window_hold_together() {
    let mut w = World::new();
    let root = w.windowed(vec![each(HOUR, 300), each(DAY, 600), month(900)]);
    w.spend(root, "alice", 300).expect("the first hour");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.advance(HOUR);
    w.spend(root, "alice", 300).expect("the second hour");
    w.advance(HOUR);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.advance(DAY);
    w.spend(root, "alice", 300).expect("a new day, the month has 300");
    w.advance(DAY);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.replays();
}

#[test]
fn an_anchor_moves_the_borders() {
    let mut w = World::new();
    // 08:00 UTC on the first day; days of the house begin at 09:30.
    let root = w.windowed(vec![anchored(DAY, 9 * HOUR + 1800, 100)]);
    w.reserve(root, "alice", 100).expect("the day that began yesterday");
    let border = START.seconds().0 + HOUR + 1800;
    w.at(border - 1);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.at(border);
    w.reserve(root, "alice", 100).expect("at the border");
    assert_eq!(w.spans(root), [Span { start: Seconds(border), used: Amount(100) }]);
}

#[test]
fn a_month_ends_with_its_last_second_in_utc() {
    let mut w = World::new();
    let january = START.seconds().0 - 14 * DAY - 8 * HOUR;
    let spec = w.spec("alice");
    let budgets = Some(vec![Budget { windows: vec![month(100)], ..budget(w.cny, Amount(1_000)) }]);
    let spec = TokenSpec { budgets, expires: Seconds(w.now.seconds().0 + 90 * DAY), ..spec };
    let root = w.issue(&spec).expect("issued");
    w.spend(root, "alice", 100).expect("January");
    assert_eq!(w.spans(root), [Span { start: Seconds(january), used: Amount(100) }]);
    w.at(january + 31 * DAY - 1);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.at(january + 31 * DAY);
    w.spend(root, "alice", 100).expect("February");
    w.at(january + 59 * DAY - 1);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.at(january + 59 * DAY);
    w.spend(root, "alice", 100).expect("March");
    w.replays();
}

#[test]
fn windows_of_all_ancestors_count_what_is_spent_below() {
    let mut w = World::new();
    let root = w.windowed(vec![each(DAY, 100)]);
    let cny = w.cny;
    let own = Budget { windows: vec![each(DAY, 70)], ..budget(cny, Amount(500)) };
    let first = w.child(root, "alice", "bob", Some(own));
    let second = w.child(root, "alice", "carol", None);
    w.reserve(first, "bob", 60).expect("60");
    w.refuses(Code::AboveWindow, |w| w.reserve(first, "bob", 11));
    w.reserve(second, "carol", 40).expect("the rest of the root's day");
    w.refuses(Code::AboveWindow, |w| w.reserve(second, "carol", 1));
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    assert_eq!(w.spans(root)[0].used, Amount(100));
    assert_eq!(w.spans(first)[0].used, Amount(60));
    assert!(w.spans(second).is_empty(), "it has no window of its own");
    w.replays();
}

/// Carving moves only the total: the window of whoever carved holds for what is spent below.
#[test]
fn self_carve_around_a_window() {
    let mut w = World::new();
    let root = w.windowed(vec![each(DAY, 100)]);
    let cny = w.cny;
    let own = w.child(root, "alice", "alice", Some(carved(cny, Amount(900))));
    assert!(w.spans(root).is_empty(), "a carve counts in no window");
    w.reserve(own, "alice", 100).expect("as much as a day allows");
    w.refuses(Code::AboveWindow, |w| w.reserve(own, "alice", 1));
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    assert_eq!((w.committed(root), w.committed(own)), (900, 100));
    let deeper = w.child(own, "alice", "alice", Some(carved(cny, Amount(500))));
    w.refuses(Code::AboveWindow, |w| w.reserve(deeper, "alice", 1));
    w.advance(DAY);
    w.reserve(deeper, "alice", 100).expect("the next day");
    w.refuses(Code::AboveWindow, |w| w.reserve(own, "alice", 1));
    w.replays();
}

/// A payee and a holder who work together pay and refund the same 100 again and again.
#[test]
fn refund_cycling_does_not_restore_a_window() {
    let mut w = World::new();
    let root = w.windowed(vec![each(DAY, 100)]);
    let reserve = w.reserve(root, "alice", 100).expect("reserved");
    let capture = w.capture(reserve, 1, 100).expect("captured");
    w.refund(capture, 100).expect("refunded");
    assert_eq!(w.committed(root), 0, "the total is restored");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.replays();
}

#[test]
fn what_is_released_comes_back_to_the_span_in_which_it_was_reserved() {
    let mut w = World::new();
    let root = w.windowed(vec![each(DAY, 100)]);
    let reserve = w.reserve(root, "alice", 100).expect("reserved");
    w.release(reserve, Some(30)).expect("released");
    assert_eq!(w.spans(root)[0].used, Amount(70));
    w.reserve(root, "alice", 30).expect("what came back");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    // The next day has its own 100, whatever is released of yesterday's.
    let midnight = START.seconds().0 - 8 * HOUR + DAY;
    w.at(midnight);
    w.reserve(root, "alice", 90).expect("today's");
    w.release(reserve, None).expect("yesterday's");
    assert_eq!(w.spans(root), [Span { start: Seconds(midnight), used: Amount(90) }]);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 11));
    w.replays();
}

#[test]
fn an_expiry_gives_back_to_a_window_that_still_lasts() {
    let mut w = World::new();
    let root = w.windowed(vec![each(DAY, 100), month(100)]);
    w.reserve(root, "alice", 100).expect("until tomorrow");
    w.advance(DAY - 1);
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.advance(1);
    w.tick();
    assert_eq!(w.committed(root), 0);
    w.reserve(root, "alice", 100).expect("the month has room again, and the day is new");
    w.replays();
}

#[test]
fn a_transfer_keeps_what_a_window_has_counted() {
    let mut w = World::new();
    let root = w.windowed(vec![each(DAY, 100)]);
    let reserve = w.reserve(root, "alice", 80).expect("reserved");
    w.capture(reserve, 1, 80).expect("captured");
    let epoch = w.epoch(root);
    let (alice, bob) = (key("alice"), key("bob"));
    let draft = w.client.transfer(w.now, root, epoch, (&alice, &bob)).expect("draft");
    w.apply(&[draft]).expect("transferred");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "bob", 21));
    w.reserve(root, "bob", 20).expect("the rest");
    w.replays();
}

#[test]
fn rules_version_1_has_no_windows_until_the_operators_upgrade() {
    let mut w = World::of_rules("remit.example/old", Rules::FIRST);
    let plain = w.root("alice", 1_000);
    let budgets = Some(vec![Budget { windows: vec![each(DAY, 100)], ..budget(w.cny, Amount(1_000)) }]);
    let spec = TokenSpec { budgets: budgets.clone(), ..w.spec("alice") };
    w.refuses(Code::NotEnabled, |w| w.issue(&spec));
    let child = w.inherit("bob", budgets);
    w.refuses(Code::NotEnabled, |w| w.delegate(plain, "alice", &child));
    let upgrade = Act::Upgrade { rules: Rules::NEWEST };
    w.refuses(Code::NotTheOperators, |w| w.act(upgrade.clone(), &["op-1"]));
    w.operate(upgrade.clone()).expect("upgraded");
    w.refuses(Code::AlreadySo, |w| w.operate(upgrade.clone()));
    w.refuses(Code::AlreadySo, |w| w.operate(Act::Upgrade { rules: Rules::FIRST }));
    let root = w.issue(&spec).expect("issued");
    w.reserve(root, "alice", 100).expect("a day's");
    w.refuses(Code::AboveWindow, |w| w.reserve(root, "alice", 1));
    w.reserve(plain, "alice", 1_000).expect("what was issued before is as it was");
    w.delegate(root, "alice", &child).expect("delegated");
    w.replays();
}

#[test]
fn a_frozen_ledger_is_not_upgraded() {
    let mut w = World::of_rules("remit.example/frozen", Rules::FIRST);
    let (leaf, id) = (remit_verifier::types::StateIndex(0), ObjectId(w.ledger.id().0));
    w.operate(Act::Freeze { leaf, id }).expect("frozen");
    w.refuses(Code::LedgerFrozen, |w| w.operate(Act::Upgrade { rules: Rules::NEWEST }));
}
