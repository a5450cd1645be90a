//! Refusals and quotas of entries in `rules.json`, and tokens and parts of details that break their rules.

use super::broken::{Broken, change};
use super::item::Item;
use super::leases;
use super::script::{Expected, Script};
use super::things::DAY;
use remit::client::{Ask, TokenSpec, budget};
use remit_verifier::code::Code::{self, *};
use remit_verifier::limits::{WINDOW_LENGTH_MAX, WINDOW_LENGTH_MIN, WINDOWS_MAX};
use remit_verifier::object::{Act, Budget, EntryQuota, Period, Window};
use remit_verifier::types::*;

const YES: Expected = Ok(());

/// Claim 11, broken in each way.
pub(super) fn of_token(good: &[u8]) -> Vec<Broken> {
    let quota = |name: &str, about: &str, parts: &[u64]| {
        change(good, name, about, Code::Malformed, |item| {
            let parts = parts.iter().map(|part| Item::Unsigned(*part)).collect();
            *item.field(-65537).field(11) = Item::Array(parts);
        })
    };
    let child = change(good, "entries-of-a-child", "A child that counts.", Code::Malformed, |item| {
        let origin = vec![Item::Unsigned(1), Item::Bytes(vec![1; 32]), Item::Unsigned(0)];
        *item.field(-65537).field(3) = Item::Array(origin);
    });
    vec![
        quota("entries-none", "No entry at all.", &[0, DAY]),
        quota("entries-short", "A span of 59 seconds.", &[1, WINDOW_LENGTH_MIN.0 - 1]),
        quota("entries-long", "A span of 400 days and a second.", &[1, WINDOW_LENGTH_MAX.0 + 1]),
        quota("entries-alone", "A number without a span.", &[1]),
        child,
    ]
}

/// The number that decided, broken in each way.
pub(super) fn of_link_part(good: &[u8]) -> Vec<Broken> {
    let bound = |name: &str, about: &str, parts: &[u64]| {
        change(good, name, about, Code::Malformed, |item| {
            item.items()[4] = Item::Array(parts.iter().map(|part| Item::Unsigned(*part)).collect());
        })
    };
    vec![
        bound("bound-0", "A number of no kind.", &[0, 0, 1, 1]),
        bound("bound-9", "A number of a ninth kind.", &[9, 0, 1, 1]),
        bound("bound-place", "A second total.", &[1, 1, 1, 1]),
        bound("bound-window", "A fifth window.", &[3, WINDOWS_MAX as u64, 1, 1]),
        bound("bound-short", "A number that nothing stands against.", &[1, 0, 1]),
        change(good, "unit-order", "Units out of order.", Code::NotCanonical, |item| {
            item.items()[3].items().swap(0, 1);
        }),
    ]
}

/// A root that states every number that can decide.
fn bounded(s: &Script) -> TokenSpec {
    let day = Period::Fixed { length: Seconds(DAY), anchor: Seconds(0) };
    let windows = vec![Window { period: day, most: Amount(300) }];
    let own = Budget { windows, per_use: Some(Amount(200)), ..leases::leasing(s) };
    TokenSpec { budgets: Some(vec![own]), ..s.root_spec("rita", 0) }
}

/// A root that counts its entries: three in a day.
fn counting(s: &Script) -> TokenSpec {
    TokenSpec {
        budgets: Some(vec![budget(s.cny, Amount(1_000))]),
        entries: Some(EntryQuota { most: 3, length: Seconds(DAY) }),
        ..s.root_spec("walt", 0)
    }
}

/// Under rules version 2 there are none.
pub(super) fn of_later_rules(s: &mut Script) {
    s.issue("A root that counts its entries, of later rules.", &counting(s), Err(NotEnabled));
    let root = s.root("rose", 10);
    s.reserve("A refusal without an entry.", root, "rose", 11, Err(AboveTotal));
}

pub(super) fn scenes(s: &mut Script) {
    let root = s.issue("A root whose refusals are recorded.", &bounded(s), YES);
    s.reserve("More than one use may be.", root, "rita", 201, Err(AbovePerUse));
    s.reserve("By somebody who does not hold it: no entry.", root, "vera", 1, Err(WrongHolder));
    s.reserve("Within everything.", root, "rita", 200, YES);
    s.reserve("More than is left of the day.", root, "rita", 101, Err(AboveWindow));
    let unpaid = Ask { payment: None, ..s.ask(root, 1) };
    s.reserve_ask("A use that pays nothing.", &unpaid, "rita", Vec::new(), Err(BadAmount));
    let terms = leases::terms(s, root, 501);
    s.act("A larger lease than is let.", Act::Lease(terms), &["rita"], Err(AboveLeaseLimit));
    let ask = s.ask(root, 101);
    let keys = s.keys(&["rita"]);
    let invocation = s.client.invocation(s.now, &ask).expect("draft");
    let ready = s.client.ready(&[s.client.reserve(invocation, Vec::new(), &keys[0])]).expect("ready");
    s.send("Too much for the day again.", &ready, Err(AboveWindow));
    s.send("The same bytes have the same entry.", &ready, Err(AboveWindow));
    let child = s.delegate("A child of it.", (root, "rita"), &s.spec("tom"), YES);
    s.reserve("Below, refused by the root's number.", child, "tom", 101, Err(AboveWindow));
    let (link, bytes) =
        s.link(child, "tom", &TokenSpec { expires: Seconds(s.now.seconds().0 + 600), ..s.spec("uma") });
    let through = Ask { epoch: s.epoch(child), ..s.ask(link, 101) };
    s.reserve_ask("Through a link, recorded above it.", &through, "uma", vec![bytes], Err(AboveWindow));

    let root = s.issue("A root that counts its entries, this one too.", &counting(s), YES);
    let held = s.reserve("The second.", root, "walt", 10, YES);
    s.reserve("A refusal is none of them.", root, "walt", 1_001, Err(AboveTotal));
    s.reserve("The third.", root, "walt", 10, YES);
    s.reserve("Nothing new is begun.", root, "walt", 1, Err(AboveEntries));
    s.delegate("No child either.", (root, "walt"), &s.spec("xenia"), Err(AboveEntries));
    let capture =
        Act::Capture { reserve: remit_verifier::object::Reference::Id(held), number: 1, amount: Amount(10) };
    s.act("What was begun goes on.", capture, &["hotel"], YES);
}
