//! Windows as they are typed after `window`: `6000/1d`, `6000/week`, `20000/month`, `500/8h@2026-03-01T06:00:00Z`.

use super::amount::{Unit, minor};
use super::time;
use remit_verifier::limits::{WINDOW_LENGTH_MAX, WINDOW_LENGTH_MIN};
use remit_verifier::object::{Period, Window};
use remit_verifier::types::{Millis, Seconds};

const DAY: u64 = 24 * 3600;
/// The first Monday after 1970-01-01, which was a Thursday.
const MONDAY: u64 = 4 * DAY;

const FORM: &str = "write AMOUNT/PERIOD: hour, day, week (from Monday) or month, in UTC, or a span such as 8h or 30d, \
                    with the start of one after `@` unless midnight of 1970-01-01 is one";

/// A window as it was typed: its number is read once the unit's decimals are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TypedWindow {
    period: Period,
    most: String,
}

/// Reads one window.
pub(super) fn typed(text: &str) -> Result<TypedWindow, String> {
    let wrong = |why: &str| format!("`{text}` is no window: {why}");
    let (most, period) = text.split_once('/').ok_or_else(|| wrong(FORM))?;
    let (name, anchor) = match period.split_once('@') {
        Some((name, at)) => (name, Some(time::instant(at, Millis(0)).map_err(|why| wrong(&why))?)),
        None => (period, None),
    };
    let (length, usual) = match name {
        "month" if anchor.is_none() => return Ok(TypedWindow { period: Period::Month, most: most.into() }),
        "month" => return Err(wrong("months begin on their first day in UTC")),
        "hour" => (3600, 0),
        "day" => (DAY, 0),
        "week" => (7 * DAY, MONDAY),
        span => (time::span(span).map_err(|_| wrong(FORM))?.0, 0),
    };
    if !(WINDOW_LENGTH_MIN.0..=WINDOW_LENGTH_MAX.0).contains(&length) {
        return Err(wrong("a span is between a minute and 400 days long"));
    }
    let anchor = Seconds(anchor.map_or(usual, |at| at.0) % length);
    Ok(TypedWindow { period: Period::Fixed { length: Seconds(length), anchor }, most: most.into() })
}

impl TypedWindow {
    pub(super) fn in_unit(&self, unit: &Unit) -> Result<Window, String> {
        Ok(Window { period: self.period, most: minor(&self.most, unit.decimals)? })
    }
}

/// A period for people: `each day`, `each 8h from 06:00:00`.
pub(in crate::cli) fn each(period: Period) -> String {
    let Period::Fixed { length: Seconds(length), anchor } = period else { return "each month".into() };
    match (length, anchor.0) {
        (3600, 0) => "each hour".into(),
        (DAY, 0) => "each day".into(),
        (length, MONDAY) if length == 7 * DAY => "each week".into(),
        (length, 0) => format!("each {}", span(length)),
        (length, _) => format!("each {} since {}", span(length), time::show(anchor)),
    }
}

/// A span in the largest unit that divides it.
pub(in crate::cli) fn span(length: u64) -> String {
    let units = [(DAY, 'd'), (3600, 'h'), (60, 'm')];
    let fitting = units.into_iter().find(|(unit, _)| length.is_multiple_of(*unit)).unwrap_or((1, 's'));
    format!("{}{}", length / fitting.0, fitting.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_read_and_shown() {
        let cases = [
            ("6000/day", DAY, 0, "each day"),
            ("6000/1d", DAY, 0, "each day"),
            ("6000/week", 7 * DAY, MONDAY, "each week"),
            ("6000/90s", 90, 0, "each 90s"),
            ("6000/8h@2026-03-01T06:00:00Z", 8 * 3600, 6 * 3600, "each 8h since 1970-01-01T06:00:00Z"),
        ];
        for (text, length, anchor, shown) in cases {
            let period = Period::Fixed { length: Seconds(length), anchor: Seconds(anchor) };
            assert_eq!(typed(text), Ok(TypedWindow { period, most: "6000".into() }), "{text}");
            assert_eq!(each(period), shown);
        }
        assert_eq!(typed("1/month").map(|window| each(window.period)), Ok("each month".into()));
    }

    #[test]
    fn mistakes_in_windows_are_named() {
        for wrong in
            ["6000", "6000/", "6000/59s", "6000/401d", "6000/year", "6000/month@2026-01-01", "6000/day@x"]
        {
            assert!(typed(wrong).is_err_and(|why| why.contains("is no window")), "{wrong}");
        }
    }
}
