//! The board as lines of text that fit a terminal: what does not fit is clipped or left out, never wrapped, and what a
//! colour says stands there in words too.

use super::super::teller::{Row, Teller, short};
use super::board::{Board, Count, Group};
use crate::cli::text::{plain, time};
use crate::demo::decimal;
use console::{measure_text_width, truncate_str};
use remit_verifier::object::Kind;
use remit_verifier::types::Millis;

/// The least that is needed.
pub(super) const WIDTH_MIN: usize = 60;
pub(super) const HEIGHT_MIN: usize = 15;
/// Lines that are neither of the most active nor of the newest: seven above, two headings, the keys.
const FIXED: usize = 10;
/// A name of the most active keeps so many columns before a number beside it is shown.
const NAME_MIN: usize = 16;
const KEYS: &str = "q quit  b next grouping  p pause  arrows, page keys: through the newest";
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// How a part of a line looks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Plain,
    Strong,
    Good,
    Alarm,
    Notice,
}

impl Style {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "",
            Self::Strong => "\u{1b}[1m",
            Self::Good => "\u{1b}[32m",
            Self::Alarm => "\u{1b}[1;31m",
            Self::Notice => "\u{1b}[33m",
        }
    }
}

/// A line of parts.
struct Line(Vec<(Style, String)>);

impl Line {
    fn of(style: Style, text: impl Into<String>) -> Self {
        Self(vec![(style, text.into())])
    }

    fn and(mut self, style: Style, text: impl Into<String>) -> Self {
        self.0.push((style, text.into()));
        self
    }

    /// The text, clipped to the width; nothing in it can act on a terminal but our own colours.
    fn render(&self, width: usize, colour: bool) -> String {
        let (mut line, mut left) = (String::new(), width);
        for (style, text) in &self.0 {
            let text = clipped(&plain(text), left);
            left -= measure_text_width(&text).min(left);
            match style.code() {
                code if colour && !code.is_empty() => line.push_str(&format!("{code}{text}\u{1b}[0m")),
                _ => line.push_str(&text),
            }
        }
        line
    }
}

fn clipped(text: &str, width: usize) -> String {
    if width == 0 { String::new() } else { truncate_str(text, width, "…").into_owned() }
}

/// The text with spaces behind it, or in front.
fn padded(text: &str, width: usize, right: bool) -> String {
    let text = clipped(text, width);
    let gap = " ".repeat(width.saturating_sub(measure_text_width(&text)));
    if right { format!("{gap}{text}") } else { format!("{text}{gap}") }
}

impl Board {
    /// What is shown at `now`: at most `height` lines of at most `width` columns.
    pub(super) fn frame(
        &self,
        teller: &Teller,
        (width, height): (usize, usize),
        colour: bool,
        now: Millis,
    ) -> Vec<String> {
        if width < WIDTH_MIN || height < HEIGHT_MIN {
            let text = format!("too small: {width}x{height}, {WIDTH_MIN}x{HEIGHT_MIN} at least; q quits");
            let line = Line::of(Style::Alarm, text).render(width, colour);
            return std::iter::once(line).take(height).collect();
        }
        let mut lines = self.head(width, now);
        let room = height - FIXED;
        let table = self.table(teller, width, room.div_ceil(2));
        let newest = room + 1 - table.len().min(room + 1);
        lines.extend(table);
        let scrolled = match self.offset() {
            0 => String::new(),
            offset => format!(", {offset} newer ones above"),
        };
        lines.push(Line::of(Style::Strong, format!("newest{scrolled}")));
        lines.extend(self.newest().take(newest).map(|row| told(teller, row)));
        while lines.len() < height - 1 {
            lines.push(Line(Vec::new()));
        }
        lines.push(Line::of(Style::Notice, KEYS));
        lines.iter().map(|line| line.render(width, colour)).collect()
    }

    fn head(&self, width: usize, now: Millis) -> Vec<Line> {
        let (state, style) = match (&self.fault, self.paused, self.is_stale(now)) {
            (Some(_), ..) => ("NO ANSWER", Style::Alarm),
            (_, true, _) => ("PAUSED", Style::Notice),
            (_, _, true) => ("STALE", Style::Alarm),
            _ => ("LIVE", Style::Good),
        };
        let title = format!("remit audit top  {}", plain(&self.origin));
        let title = padded(&title, width - state.len() - 2, false);
        let window = spanned(self.window.0 / 1000);
        let ledger = self.ledger.to_string();
        let ledger: String = ledger.chars().take(16).collect();
        let size = format!("ledger {ledger}…  {} entries  root {}", self.head.size, self.head.root);
        vec![
            Line::of(Style::Strong, title).and(Style::Plain, "  ").and(style, state),
            Line::of(Style::Plain, size),
            self.age(now),
            self.rate("operations", width, &window, |count| count.operations, Style::Good),
            self.rate("refusals", width, &window, |count| count.refused, Style::Alarm),
            summed("control", &self.control(), &format!("nothing suspended, revoked or frozen in {window}")),
            summed("refused", &self.refusals(), &format!("nothing in {window}")),
        ]
    }

    /// Whether the newest checkpoint is older than it may be.
    pub(super) fn is_stale(&self, now: Millis) -> bool {
        now.0.saturating_sub(self.committed.0) > self.stale.0
    }

    fn age(&self, now: Millis) -> Line {
        let age = match now.0.checked_sub(self.committed.0) {
            Some(age) if age > self.stale.0 => (Style::Alarm, format!("{} old, STALE", spanned(age / 1000))),
            Some(age) => (Style::Good, format!("{} old, fresh", spanned(age / 1000))),
            None => {
                let ahead = spanned((self.committed.0 - now.0) / 1000);
                (Style::Notice, format!("{ahead} AHEAD of this clock"))
            }
        };
        let line = Line::of(Style::Plain, "checkpoint ").and(age.0, age.1);
        match &self.fault {
            Some(fault) => line.and(Style::Alarm, format!("; no answer: {fault}")),
            None => line.and(Style::Plain, format!("  read whole, then {} steps, each proved", self.steps)),
        }
    }

    fn rate(&self, what: &str, width: usize, window: &str, of: fn(Count) -> u64, style: Style) -> Line {
        let rate = |(count, ms): (Count, u64)| {
            let hundredths = u128::from(of(count)) * 100_000 / u128::from(ms.max(1));
            format!("{}.{:02}", hundredths / 100, hundredths % 100)
        };
        let (now, all) = (rate(self.now()), rate(self.in_window()));
        let text = format!("{what:<11}{now:>8}/s now {all:>8}/s in {window}  ");
        let room = width.saturating_sub(measure_text_width(&text));
        let counts: Vec<u64> = self.history().into_iter().map(of).collect();
        let some = counts.iter().any(|count| *count > 0);
        let style = if some { style } else { Style::Plain };
        Line::of(Style::Plain, text).and(style, bars(&counts, room))
    }

    /// The heading and the most active: at most `rows` of them.
    fn table(&self, teller: &Teller, width: usize, rows: usize) -> Vec<Line> {
        let groups = self.groups(teller);
        let by = format!("by {}", super::name_of(self.by));
        let mut cells =
            vec![[by, "count".into(), "refused".into()].into_iter().chain(MOVED.map(Into::into)).collect()];
        cells.extend(groups.iter().flat_map(|group| listed(group, teller)).take(rows));
        let note = match self.unknown() {
            0 => String::new(),
            unknown => format!("  WITHOUT {unknown} amounts that are not at hand"),
        };
        let widths = fitting(&cells, width);
        let line = |(place, row): (usize, &Vec<String>)| {
            let text: String = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(at, (cell, width))| {
                    let gap = if at == 0 || *width == 0 { "" } else { "  " };
                    format!("{gap}{}", padded(&plain(cell), *width, at > 0))
                })
                .collect();
            match place {
                0 => Line::of(Style::Strong, text).and(Style::Alarm, note.clone()),
                _ => Line::of(Style::Plain, text),
            }
        };
        cells.iter().enumerate().map(line).collect()
    }
}

const MOVED: [&str; 4] = ["unit", "captured", "reserved", "refunded"];

/// The lines of one of the most active: one for each unit.
fn listed(group: &Group, teller: &Teller) -> Vec<Vec<String>> {
    let counts = [group.count.operations.to_string(), group.count.refused.to_string()];
    let first = [group.name.clone()].into_iter().chain(counts);
    if group.moved.is_empty() {
        return vec![first.chain(MOVED.map(|_| String::new())).collect()];
    }
    let mut lines = Vec::new();
    for (id, moved) in &group.moved {
        let unit = teller.unit(id);
        let shown = |minor: u128| decimal(minor, unit.decimals);
        let name = if unit.name == id.to_string() { short(id) } else { unit.name.clone() };
        let numbers = [name, shown(moved.captured), shown(moved.reserved), shown(moved.refunded)];
        let begin: Vec<String> =
            if lines.is_empty() { first.clone().collect() } else { vec![String::new(); 3] };
        lines.push(begin.into_iter().chain(numbers).collect());
    }
    lines
}

/// The widths of columns: as wide as what is in them; a number that does not fit is left out whole, with all behind it.
/// The name has what is left.
fn fitting(cells: &[Vec<String>], width: usize) -> Vec<usize> {
    let columns = cells.first().map_or(0, Vec::len);
    let widest = |at: usize| cells.iter().map(|row| measure_text_width(&plain(&row[at]))).max().unwrap_or(0);
    let (mut widths, mut left, mut fits) = (vec![0; columns], width, true);
    for (at, to) in widths.iter_mut().enumerate().skip(1) {
        let wanted = widest(at) + 2;
        fits = fits && left >= wanted + NAME_MIN;
        if fits {
            left -= wanted;
            *to = wanted - 2;
        }
    }
    if let Some(name) = widths.first_mut() {
        *name = left.min(widest(0));
    }
    widths
}

/// A row in words.
fn told(teller: &Teller, row: &Row) -> Line {
    let style = match (row.refused, row.kind) {
        (Some(_), _) => Style::Alarm,
        (_, Kind::Suspend | Kind::Revoke | Kind::Cut | Kind::Freeze) => Style::Notice,
        _ => Style::Plain,
    };
    let at: String = time::show(row.time.seconds()).chars().skip(11).take(8).collect();
    Line::of(Style::Plain, format!("{:>8}  {at}  ", row.entry)).and(style, teller.words(row))
}

/// Names and numbers, or what is said of none.
fn summed(what: &str, counts: &[(&str, u64)], none: &str) -> Line {
    let label = format!("{what:<11}");
    if counts.is_empty() {
        return Line::of(Style::Plain, label + none);
    }
    let text: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
    Line::of(Style::Plain, label).and(Style::Notice, text.join(", "))
}

/// A bar for each count, the newest last; the highest is the most of them.
fn bars(counts: &[u64], room: usize) -> String {
    let shown = &counts[counts.len().saturating_sub(room)..];
    let most = u128::from(shown.iter().copied().max().unwrap_or(0).max(1));
    let steps = BARS.len() as u128 - 1;
    let bar = |count: &u64| BARS[usize::try_from((u128::from(*count) * steps).div_ceil(most)).unwrap_or(0)];
    shown.iter().map(bar).collect()
}

/// A span in its largest unit that is whole enough: `45s`, `10m`, `3h`, `2d`.
pub(super) fn spanned(seconds: u64) -> String {
    match seconds {
        0..=119 => format!("{seconds}s"),
        120..=7199 => format!("{}m", seconds / 60),
        7200..=172_799 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
