//! Instants and spans: RFC 3339 in UTC, and `90s`, `15m`, `2h`, `30d`, `1w`, also one after the other.

use remit_verifier::types::{Millis, Seconds};

const DAY: u64 = 24 * 3600;

/// A span: numbers with a unit.
pub(in crate::cli) fn span(text: &str) -> Result<Seconds, String> {
    let wrong = || format!("`{text}` is no span: write 90s, 15m, 2h, 30d or 1w");
    let (mut total, mut number) = (0u64, String::new());
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => DAY,
            'w' => 7 * DAY,
            _ => return Err(wrong()),
        };
        let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
        total = part.and_then(|part| total.checked_add(part)).ok_or_else(wrong)?;
        number.clear();
    }
    if number.is_empty() && !text.is_empty() { Ok(Seconds(total)) } else { Err(wrong()) }
}

/// An instant: RFC 3339, or a span from now on.
pub(in crate::cli) fn instant(text: &str, now: Millis) -> Result<Seconds, String> {
    if let Ok(Seconds(span)) = span(text) {
        return now.seconds().0.checked_add(span).map(Seconds).ok_or_else(|| format!("`{text}` is too far"));
    }
    rfc3339(text)
        .ok_or_else(|| format!("`{text}` is no time: write 2027-01-31T12:00:00Z, or 2h, 30d from now"))
}

/// An instant of what was: RFC 3339, or a span before now.
pub(in crate::cli) fn past(text: &str, now: Millis) -> Result<Seconds, String> {
    if let Ok(Seconds(span)) = span(text) {
        return now.seconds().0.checked_sub(span).map(Seconds).ok_or_else(|| format!("`{text}` is too far"));
    }
    rfc3339(text)
        .ok_or_else(|| format!("`{text}` is no time: write 2027-01-31T12:00:00Z, or 2h, 30d for so long ago"))
}

/// `YYYY-MM-DDThh:mm:ssZ` or with an offset `±hh:mm`; a date alone is its first second in UTC.
fn rfc3339(text: &str) -> Option<Seconds> {
    let number = |from: usize, to: usize| {
        let part = text.get(from..to)?;
        part.bytes().all(|digit| digit.is_ascii_digit()).then(|| part.parse::<u64>().ok())?
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let dashes = text.get(4..5)? == "-" && text.get(7..8)? == "-";
    let days_of_month = match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !dashes || !(1..=days_of_month).contains(&day) || year < 1970 {
        return None;
    }
    let start = days_from_civil(year, month, day) * DAY;
    if text.len() == 10 {
        return Some(Seconds(start));
    }
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let separated =
        matches!(text.get(10..11)?, "T" | "t" | " ") && text.get(13..14)? == ":" && text.get(16..17)? == ":";
    if !separated || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let offset = match text.get(19..)? {
        "Z" | "z" => 0,
        zone => {
            let sign = match zone.get(..1)? {
                "+" => -1,
                "-" => 1,
                _ => return None,
            };
            let (hours, minutes) = (number(20, 22)?, number(23, 25)?);
            if zone.len() != 6 || zone.get(3..4)? != ":" || hours > 23 || minutes > 59 {
                return None;
            }
            sign * i64::try_from(hours * 3600 + minutes * 60).ok()?
        }
    };
    (start + hour * 3600 + minute * 60 + second).checked_add_signed(offset).map(Seconds)
}

/// Days from 1970-01-01 to a day of the Gregorian calendar; years are counted from March, so that the leap day is last.
fn days_from_civil(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// An instant as RFC 3339 in UTC.
pub(in crate::cli) fn show(at: Seconds) -> String {
    let (days, rest) = (at.0 / DAY + 719_468, at.0 % DAY);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// An instant to the millisecond, as the name of a file.
pub(in crate::cli) fn file_name(at: Millis) -> String {
    let seconds = show(at.seconds()).replace(':', "-");
    format!("{}.{:03}Z", seconds.trim_end_matches('Z'), at.0 % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_add_up() {
        assert_eq!(span("90s"), Ok(Seconds(90)));
        assert_eq!(span("1h30m"), Ok(Seconds(5400)));
        assert_eq!(span("2w"), Ok(Seconds(14 * DAY)));
        for wrong in ["", "h", "5", "2y", "-1h", "99999999999999999999s", "18446744073709551615w"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn instants_go_there_and_back() {
        for text in
            ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-26T01:04:05Z", "2100-03-01T00:00:00Z"]
        {
            assert_eq!(show(instant(text, Millis(0)).expect(text)), text);
        }
        assert_eq!(instant("2001-09-09T01:46:40Z", Millis(0)), Ok(Seconds(1_000_000_000)));
        assert_eq!(instant("2001-09-09T03:46:40+02:00", Millis(0)), Ok(Seconds(1_000_000_000)));
        assert_eq!(instant("2001-09-08T23:46:40-02:00", Millis(0)), Ok(Seconds(1_000_000_000)));
        assert_eq!(instant("2026-11-26", Millis(0)).map(show), Ok("2026-11-26T00:00:00Z".into()));
        assert_eq!(instant("2h", Millis(5000)), Ok(Seconds(7205)));
    }

    #[test]
    fn names_of_files_sort_by_time() {
        assert_eq!(file_name(Millis(1_000_000_000_012)), "2001-09-09T01-46-40.012Z");
    }

    #[test]
    fn other_texts_are_no_instants() {
        for wrong in
            ["2026-13-01", "2026-02-29", "2026-11-26T24:00:00Z", "2026-11-26T10:00:00", "26-11-2026", "né"]
        {
            assert!(instant(wrong, Millis(0)).is_err(), "{wrong}");
        }
    }
}
