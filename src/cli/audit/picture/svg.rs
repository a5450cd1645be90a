//! Pieces of an SVG, by whole pixels.

use crate::cli::text::plain;
use std::fmt::Write as _;

/// Text as it stands in XML.
pub(super) fn text(text: &str) -> String {
    let escaped = |c: char| match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&quot;".into(),
        '\'' => "&#39;".into(),
        c => c.to_string(),
    };
    plain(text).chars().map(escaped).collect()
}

/// A drawing that grows.
pub(super) struct Drawing {
    body: String,
    width: u64,
    height: u64,
    title: String,
}

const STYLE: &str = "\
text { font-family: ui-sans-serif, system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif; fill: #1f2933 }
.title { font-size: 18px; font-weight: 600 }
.name { font-size: 13px; font-weight: 600 }
.small { font-size: 11px; fill: #616e7c }
.mono { font-family: ui-monospace, 'DejaVu Sans Mono', Menlo, monospace; font-size: 11px; fill: #52606d }
.amount { font-size: 12px }
";

impl Drawing {
    pub(super) fn new(title: &str, width: u64, height: u64) -> Self {
        Self { body: String::new(), width, height, title: text(title) }
    }

    /// A box with round corners.
    pub(super) fn rect(&mut self, (x, y, width, height): (u64, u64, u64, u64), round: u64, style: &str) {
        let _ = writeln!(
            self.body,
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\" {style}/>"
        );
    }

    /// A line of text of a class; `end` is its end instead of its beginning.
    pub(super) fn line(&mut self, (x, y): (u64, u64), class: &str, end: bool, shown: &str) {
        let anchor = if end { " text-anchor=\"end\"" } else { "" };
        let shown = text(shown);
        let _ = writeln!(self.body, "<text x=\"{x}\" y=\"{y}\" class=\"{class}\"{anchor}>{shown}</text>");
    }

    /// A curve from one point to another one at its right.
    pub(super) fn curve(&mut self, (x, y): (u64, u64), (to_x, to_y): (u64, u64), style: &str) {
        let middle = x.midpoint(to_x);
        let _ = writeln!(
            self.body,
            "<path d=\"M{x} {y} C{middle} {y} {middle} {to_y} {to_x} {to_y}\" fill=\"none\" {style}/>"
        );
    }

    /// The same as a band; both points are its upper corners. What it is shows where a mouse rests.
    pub(super) fn band(
        &mut self,
        (x, y): (u64, u64),
        (to_x, to_y): (u64, u64),
        height: u64,
        (style, about): (&str, &str),
    ) {
        let (middle, about) = (x.midpoint(to_x), text(about));
        let (low, to_low) = (y + height, to_y + height);
        let _ = writeln!(
            self.body,
            "<path d=\"M{x} {y} C{middle} {y} {middle} {to_y} {to_x} {to_y} V{to_low} \
             C{middle} {to_low} {middle} {low} {x} {low} Z\" {style}><title>{about}</title></path>"
        );
    }

    /// The whole file.
    pub(super) fn finish(self) -> String {
        let Self { body, width, height, title } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#f5f7fa\"/>\n{body}</svg>\n"
        )
    }
}

/// So much of a length, in whole pixels.
pub(super) fn share(length: u64, part: u128, whole: u128) -> u64 {
    let scaled = u128::from(length).checked_mul(part).and_then(|scaled| scaled.checked_div(whole));
    scaled.and_then(|scaled| u64::try_from(scaled).ok()).unwrap_or(0).min(length)
}
