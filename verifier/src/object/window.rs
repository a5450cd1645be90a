//! Windows: most that may be reserved in spans of time that follow each other (spec 04 §5).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::limits::*;
use crate::types::{Amount, Seconds};
use alloc::vec::Vec;

/// Most that may be reserved in each span of time of one length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// How long a span is, and where it begins.
    pub period: Period,
    /// Most that is reserved in one span. Refunds give nothing of it back.
    pub most: Amount,
}

/// Spans of time that follow each other without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Period {
    /// All of one length, one of which begins at the anchor.
    Fixed {
        /// [`WINDOW_LENGTH_MIN`] to [`WINDOW_LENGTH_MAX`].
        length: Seconds,
        /// The start of one span, less than a length after 1970-01-01T00:00:00Z.
        anchor: Seconds,
    },
    /// The months of the calendar, in UTC.
    Month,
}

impl Window {
    pub(super) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let len = r.array(4)?;
        let period = match (r.u64_max(1)?, len) {
            (0, 4) => Period::Fixed { length: Seconds(r.u64()?), anchor: Seconds(r.u64()?) },
            (1, 2) => Period::Month,
            _ => return Err(DecodeError::Malformed),
        };
        if let Period::Fixed { length, anchor } = period {
            let fits = length >= WINDOW_LENGTH_MIN && length <= WINDOW_LENGTH_MAX && anchor < length;
            fits.then_some(()).ok_or(DecodeError::Malformed)?;
        }
        Ok(Self { period, most: Amount(r.u64()?) })
    }

    pub(super) fn encode(&self, w: &mut Writer) {
        match self.period {
            Period::Fixed { length, anchor } => w.array(4).u64(0).u64(length.0).u64(anchor.0),
            Period::Month => w.array(2).u64(1),
        };
        w.u64(self.most.0);
    }
}

/// Windows in strictly increasing order of their periods, so that none stands twice; none at all is no field.
pub(super) fn decode_windows(r: &mut Reader<'_>) -> Result<Vec<Window>, DecodeError> {
    let windows = r.list(WINDOWS_MAX, Window::decode)?;
    let sorted = windows.is_sorted_by(|a, b| a.period < b.period);
    if sorted && !windows.is_empty() { Ok(windows) } else { Err(DecodeError::NotCanonical) }
}

pub(super) fn encode_windows<'w>(w: &'w mut Writer, windows: &[Window]) -> &'w mut Writer {
    w.list(windows, |w, window| window.encode(w))
}

impl Period {
    /// The first second of the span that `now` lies in.
    pub fn start(self, now: Seconds) -> Seconds {
        let (days, anchor, length) = match self {
            Self::Fixed { length, anchor } => (0, anchor.0, length.0),
            Self::Month => (day_of_month(now.0 / DAY).saturating_sub(1), 0, DAY),
        };
        // Before the first whole span there is a shorter one.
        let into = now.0.checked_sub(anchor).and_then(|since| since.checked_rem(length)).unwrap_or(now.0);
        Seconds(now.0.saturating_sub(into).saturating_sub(days.saturating_mul(DAY)))
    }
}

/// Seconds of a day; UTC as the ledger counts it has no other days.
const DAY: u64 = 86_400;

/// The day of its month, from 1, that a day since 1970-01-01 is, in the Gregorian calendar.
///
/// Years are counted from March, so that a leap day is the last of its year; 400 of them have 146 097 days.
fn day_of_month(day: u64) -> u64 {
    let day = day.saturating_add(719_468) % 146_097;
    let leap = (day / 36_524).saturating_sub(day / 146_096);
    let year = day.saturating_sub(day / 1_460).saturating_add(leap) / 365;
    let of_year =
        day.saturating_sub(year.saturating_mul(365).saturating_add(year / 4).saturating_sub(year / 100));
    // Months from March have 31, 30, 31, 30, 31 days and again.
    let month = of_year.saturating_mul(5).saturating_add(2) / 153;
    let before = month.saturating_mul(153).saturating_add(2) / 5;
    of_year.saturating_sub(before).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn months_begin_at_their_first_second() {
        // By hand: (a moment, the first second of its month).
        let cases = [
            (0, 0),
            (2_678_399, 0),
            (2_678_400, 2_678_400),
            // 2000-02-29T23:59:59Z, then March of a year that 400 divides.
            (951_868_799, 949_363_200),
            (951_868_800, 951_868_800),
            // 2024-02-29, 2024-12-31, 2025-01-01.
            (1_709_164_800, 1_706_745_600),
            (1_735_689_599, 1_733_011_200),
            (1_735_689_600, 1_735_689_600),
            // 2100 has no leap day: 2100-02-28T23:59:59Z and the second after.
            (4_107_542_399, 4_105_123_200),
            (4_107_542_400, 4_107_542_400),
        ];
        for (now, start) in cases {
            assert_eq!(Period::Month.start(Seconds(now)), Seconds(start), "{now}");
        }
    }

    #[test]
    fn every_day_of_four_centuries_is_in_the_month_that_counting_gives() {
        let leap =
            |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let (mut day, mut seen) = (0, 0);
        for year in 1970..2370 {
            let february = if leap(year) { 29 } else { 28 };
            for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                for of_month in 1..=length {
                    assert_eq!(day_of_month(day), of_month, "day {day}");
                    (day, seen) = (day + 1, seen + 1);
                }
            }
        }
        assert_eq!(seen, 146_097);
    }

    #[test]
    fn windows_are_taken_at_their_bounds() {
        let round = |windows: &[Window]| {
            let mut writer = Writer::default();
            encode_windows(&mut writer, windows);
            Reader::whole(&writer.into_bytes(), 1_000, decode_windows)
        };
        let fixed = |length, anchor| Window {
            period: Period::Fixed { length: Seconds(length), anchor: Seconds(anchor) },
            most: Amount(u64::MAX),
        };
        let (least, most) = (WINDOW_LENGTH_MIN.0, WINDOW_LENGTH_MAX.0);
        for good in [fixed(least, 0), fixed(least, least - 1), fixed(most, most - 1)] {
            assert_eq!(round(&[good]), Ok(vec![good]));
        }
        for bad in [fixed(least - 1, 0), fixed(most + 1, 0), fixed(least, least), fixed(0, 0)] {
            assert_eq!(round(&[bad]), Err(DecodeError::Malformed));
        }
        let many = |count| (0..count as u64).map(|anchor| fixed(least, anchor)).collect::<Vec<_>>();
        assert_eq!(round(&many(WINDOWS_MAX)), Ok(many(WINDOWS_MAX)));
        assert_eq!(round(&many(WINDOWS_MAX + 1)), Err(DecodeError::TooMany));
    }

    #[test]
    fn fixed_spans_begin_at_the_anchor_and_every_length_after() {
        let hour = Period::Fixed { length: Seconds(3_600), anchor: Seconds(600) };
        for (now, start) in [(600, 600), (4_199, 600), (4_200, 4_200), (599, 0), (0, 0)] {
            assert_eq!(hour.start(Seconds(now)), Seconds(start), "{now}");
        }
    }
}
