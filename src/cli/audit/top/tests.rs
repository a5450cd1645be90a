//! The board by itself: the window's edge, bounds, sizes of terminals, hostile names.

use super::super::teller::{Row, Teller};
use super::board::{Board, By, Count, FLOWS_MAX, NEWEST_MAX, SLOTS};
use super::frame::{HEIGHT_MIN, WIDTH_MIN};
use super::{quits, view, window};
use console::{Key, measure_text_width};
use remit_verifier::code::Code;
use remit_verifier::object::Kind;
use remit_verifier::types::{Amount, EntryIndex, LedgerId, Millis, ObjectId, Seconds};

const START: u64 = 1_800_000_000_000;
const WINDOW: u64 = 600_000;
const SLOT: u64 = WINDOW / SLOTS;
const CNY: ObjectId = ObjectId([1; 32]);
const AIRLINE: ObjectId = ObjectId([2; 32]);

fn board() -> Board {
    Board::new("remit.example/test", LedgerId([9; 32]), By::Agent, Millis(WINDOW), Millis(60_000))
}

fn teller() -> Teller {
    Teller::knowing(&[(CNY, "CNY", 2)], &[(AIRLINE, "The airline")])
}

fn row(at: u64, kind: Kind) -> Row {
    let (agent, amount) = (Some("did:key:z6MkAgent".to_owned()), Some(Amount(480_000)));
    let (payee, unit) = (Some(AIRLINE), Some(CNY));
    let (id, token, issuer) = (Some(ObjectId([3; 32])), Some(ObjectId([4; 32])), None);
    let (refused, subject, entry) = (None, None, EntryIndex(7));
    Row { entry, time: Millis(at), kind, refused, id, token, issuer, agent, payee, unit, amount, subject }
}

fn refused(at: u64) -> Row {
    Row { refused: Some(Code::AbovePerUse), ..row(at, Kind::Reserve) }
}

/// The frame, which must fit.
fn framed(board: &Board, teller: &Teller, size: (usize, usize), colour: bool) -> Vec<String> {
    let lines = board.frame(teller, size, colour, Millis(START + 3000));
    assert!(lines.len() <= size.1, "{} lines of {}", lines.len(), size.1);
    for line in &lines {
        // Our own colours take no room; nothing else begins with an escape.
        let bare = ["\u{1b}[0m", "\u{1b}[1m", "\u{1b}[32m", "\u{1b}[1;31m", "\u{1b}[33m"];
        let bare = bare.iter().fold(line.clone(), |line, code| line.replace(code, ""));
        assert!(!bare.contains(char::is_control), "{bare:?}");
        assert!(measure_text_width(&bare) <= size.0, "{bare:?} is wider than {}", size.0);
    }
    lines
}

fn busy() -> Board {
    let mut board = board();
    for kind in [Kind::Genesis, Kind::Reserve, Kind::Capture, Kind::Refund, Kind::Suspend, Kind::Commitment] {
        board.row(row(START, kind));
    }
    board.row(refused(START));
    board
}

#[test]
fn what_happened_is_shown_in_words_and_amounts() {
    let text = framed(&busy(), &teller(), (100, 30), false).join("\n");
    for part in [
        "remit audit top  remit.example/test",
        "LIVE",
        "3s old, fresh",
        "0 steps, each proved",
        "operations     0.50/s now",
        "refusals       0.10/s now",
        "suspend 1",
        "above_per_use 1",
        "by agent",
        "4 800.00",
        "REFUSED above_per_use: reserve of 4 800.00 CNY, payee The airline",
        "q quit",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let mut board = busy();
    board.by = By::Payee;
    assert!(framed(&board, &teller(), (100, 30), false).join("\n").contains("The airline (02"));
    let stale = board.frame(&teller(), (100, 30), true, Millis(START + 60_001)).join("\n");
    assert!(stale.contains("\u{1b}[1;31mSTALE\u{1b}[0m") && stale.contains("60s old, STALE"), "{stale}");
    let fresh = board.frame(&teller(), (100, 30), true, Millis(START + 60_000)).join("\n");
    assert!(!fresh.contains("STALE"), "at the bound: {fresh}");
    let ahead = board.frame(&teller(), (100, 30), false, Millis(START - 5000)).join("\n");
    assert!(ahead.contains("5s AHEAD of this clock"), "{ahead}");
}

#[test]
fn every_size_is_fitted_and_one_that_is_too_small_says_so() {
    let (board, teller) = (busy(), teller());
    for size in [(WIDTH_MIN, HEIGHT_MIN), (61, 16), (80, 24), (200, 50), (400, 100)] {
        for colour in [false, true] {
            let lines = framed(&board, &teller, size, colour);
            assert_eq!(lines.len(), size.1, "{size:?}");
            assert!(lines[size.1 - 1].contains("q quit"), "{lines:?}");
            assert!(colour || !lines.concat().contains('\u{1b}'));
        }
    }
    for size in [(WIDTH_MIN - 1, HEIGHT_MIN), (WIDTH_MIN, HEIGHT_MIN - 1), (5, 1), (0, 1), (60, 0), (0, 0)] {
        let lines = framed(&board, &teller, size, false);
        assert!(lines.len() <= 1 && lines.iter().all(|line| size.0 < 9 || line.starts_with("too small")));
    }
    let least = framed(&board, &teller, (WIDTH_MIN, HEIGHT_MIN), false);
    assert!(
        least.iter().any(|line| line.starts_with("newest"))
            && least.iter().any(|line| line.contains("REFUSED"))
    );
}

#[test]
fn a_log_without_entries_is_shown_too() {
    let text = framed(&board(), &teller(), (WIDTH_MIN, HEIGHT_MIN), false).join("\n");
    assert!(text.contains("STALE") && text.contains("nothing suspended, revoked or frozen in 10m"), "{text}");
    assert_eq!(board().view(&teller(), Millis(0))["groups"], serde_json::json!([]));
}

#[test]
fn the_window_ends_where_it_says() {
    let mut board = board();
    let first = START / SLOT * SLOT;
    board.row(row(first, Kind::Reserve));
    board.row(row(first + (SLOTS - 1) * SLOT, Kind::Commitment));
    assert_eq!(board.in_window().0.operations, 1, "at the bound");
    board.row(row(first + SLOTS * SLOT, Kind::Commitment));
    assert_eq!(board.in_window().0, Count::default(), "one past it");
    assert!(board.groups(&teller()).is_empty() && board.newest().count() == 1);
    // What is older than the window is not counted, whatever brings it.
    board.row(row(first, Kind::Reserve));
    assert_eq!(board.in_window().0, Count::default());
    assert_eq!((window("1m"), window("7d")), (Ok(Seconds(60)), Ok(Seconds(604_800))));
    assert!(window("59s").is_err() && window("604801s").is_err());
}

#[test]
fn now_is_the_last_ten_seconds_of_ledger_time() {
    let mut board = board();
    board.row(row(START, Kind::Reserve));
    board.row(row(START + 9_999, Kind::Commitment));
    assert_eq!(board.now().0.operations, 1);
    board.row(row(START + 10_000, Kind::Commitment));
    assert_eq!(board.now().0.operations, 0);
}

#[test]
fn more_flows_than_are_kept_are_others_and_sums_stay_whole() {
    let mut board = board();
    let one = |number: usize| Row { agent: Some(format!("agent {number}")), ..row(START, Kind::Capture) };
    (0..FLOWS_MAX).for_each(|number| board.row(one(number)));
    let groups = board.groups(&teller());
    assert!(groups.len() == FLOWS_MAX && groups.iter().all(|group| group.name != "others"));
    board.row(one(FLOWS_MAX));
    board.row(one(0));
    let groups = board.groups(&teller());
    assert_eq!(groups.len(), FLOWS_MAX + 1);
    let others = groups.iter().find(|group| group.name == "others").expect("others");
    assert_eq!(others.count.operations, 1);
    board.by = By::Unit;
    let unit = &board.groups(&teller())[0];
    assert_eq!(unit.moved[&CNY].captured, (FLOWS_MAX as u128 + 2) * 480_000);
    // Units without end are not kept either, and it is said that amounts are missing.
    for number in 0..2 * FLOWS_MAX {
        let mut unit = [5; 32];
        unit[..8].copy_from_slice(&(number as u64).to_be_bytes());
        board.row(Row { unit: Some(ObjectId(unit)), ..row(START, Kind::Capture) });
    }
    assert!(board.groups(&teller()).len() <= 2 * FLOWS_MAX + 1 && board.unknown() > 0);
}

#[test]
fn the_newest_are_bounded_and_whoever_reads_further_down_keeps_the_place() {
    let mut board = board();
    let entry = |number: usize| Row { entry: EntryIndex(number as u64), ..row(START, Kind::Reserve) };
    (0..=NEWEST_MAX).for_each(|number| board.row(entry(number)));
    assert_eq!(board.newest().count(), NEWEST_MAX);
    assert!(!quits(&mut board, &Key::ArrowDown) && !quits(&mut board, &Key::PageDown));
    let reading = board.newest().next().map(|row| row.entry);
    board.row(entry(NEWEST_MAX + 1));
    assert_eq!(board.newest().next().map(|row| row.entry), reading);
    board.scroll(usize::MAX / 2, true);
    assert_eq!((board.offset(), board.newest().count()), (NEWEST_MAX - 1, 1));
    quits(&mut board, &Key::Home);
    assert_eq!((board.offset(), view::NEWEST < NEWEST_MAX), (0, true));
    quits(&mut board, &Key::Char('p'));
    quits(&mut board, &Key::Char('b'));
    assert_eq!((board.paused, board.by), (true, By::Payee));
    assert!(quits(&mut board, &Key::Char('q')));
}

#[test]
fn names_move_no_cursor_and_are_clipped() {
    let evil = "\u{1b}[2J\u{1b}]0;title\u{7}\u{202e}evil\r\n\u{200b}";
    let wide = "携程旅行网旅行社有限公司上海分公司酒店事业部携程旅行网旅行社有限公司上海分公司";
    for name in [evil, wide, "e\u{301}\u{301}\u{301}", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦"] {
        let teller = Teller::knowing(&[(CNY, name, 2)], &[(AIRLINE, name)]);
        let mut board = Board::new(name, LedgerId([9; 32]), By::Payee, Millis(WINDOW), Millis(60_000));
        for number in 0..40 {
            board.row(row(START + number, Kind::Capture));
        }
        board.row(Row { agent: Some(name.into()), ..refused(START + 50) });
        board.fault = Some(name.into());
        for by in [By::Payee, By::Unit, By::Agent] {
            board.by = by;
            for size in [(WIDTH_MIN, HEIGHT_MIN), (83, 20), (200, 50)] {
                framed(&board, &teller, size, true);
            }
        }
    }
}

#[test]
fn a_number_that_does_not_fit_is_left_out_whole() {
    let mut board = board();
    board.by = By::Payee;
    for _ in 0..3 {
        board.row(Row { amount: Some(Amount(u64::MAX)), ..row(START, Kind::Capture) });
    }
    let of = |size| {
        framed(&board, &teller(), size, false).into_iter().find(|line| line.starts_with("The airline"))
    };
    let sum = "553 402 322 211 286 548.45";
    let (narrow, broad) = (of((WIDTH_MIN, 20)).expect("a row"), of((140, 20)).expect("a row"));
    assert!(broad.contains(sum) && !narrow.contains("553"), "{broad}\n{narrow}");
    assert!(framed(&board, &teller(), (WIDTH_MIN, 20), false).join("\n").contains("count"));
    // An amount that is not at hand is never taken for nothing.
    board.row(Row { amount: None, ..row(START, Kind::Capture) });
    let text = framed(&board, &teller(), (140, 20), false).join("\n");
    assert!(text.contains("WITHOUT 1 amounts"), "{text}");
}
