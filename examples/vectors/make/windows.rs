//! Sealed claims whose windows are broken, each in one way.

use super::broken::{Broken, change};
use super::item::Item;
use super::things::DAY;
use remit_verifier::code::Code;
use remit_verifier::limits::{WINDOW_LENGTH_MAX, WINDOW_LENGTH_MIN, WINDOWS_MAX};

fn window(parts: &[u64]) -> Item {
    Item::Array(parts.iter().map(|part| Item::Unsigned(*part)).collect())
}

/// The windows of the first budget are replaced.
fn all(good: &[u8], name: &str, about: &str, code: Code, windows: Vec<Item>) -> Broken {
    change(good, name, about, code, |item| {
        *item.items()[2].field(1).items()[0].field(6) = Item::Array(windows.clone());
    })
}

pub(super) fn of_sealed_claims(good: &[u8]) -> Vec<Broken> {
    let one = |name, about, code, parts: &[u64]| all(good, name, about, code, vec![window(parts)]);
    let (short, long) = (WINDOW_LENGTH_MIN.0 - 1, WINDOW_LENGTH_MAX.0 + 1);
    let day = |anchor| window(&[0, DAY, anchor, 100]);
    let five = (0..=WINDOWS_MAX as u64).map(day).collect();
    vec![
        all(good, "windows-none", "An empty array of windows.", Code::NotCanonical, vec![]),
        all(good, "windows-five", "Five windows.", Code::TooMany, five),
        all(good, "windows-twice", "One period twice.", Code::NotCanonical, vec![day(0), day(0)]),
        all(good, "windows-order", "Anchors that fall.", Code::NotCanonical, vec![day(1), day(0)]),
        all(
            good,
            "windows-month-first",
            "A month before a day.",
            Code::NotCanonical,
            vec![window(&[1, 100]), day(0)],
        ),
        one("window-short", "A window of 59 seconds.", Code::Malformed, &[0, short, 0, 100]),
        one("window-long", "A window of 400 days and a second.", Code::Malformed, &[0, long, 0, 100]),
        one("window-anchor", "An anchor of a whole length.", Code::Malformed, &[0, DAY, DAY, 100]),
        one("window-kind", "A third kind of window.", Code::Malformed, &[2, 100]),
        one("window-month", "A month with a length.", Code::Malformed, &[1, DAY, 0, 100]),
        one("window-fixed", "A fixed window without a length.", Code::Malformed, &[0, 100]),
    ]
}
