//! The tree of a token: a card for each, with a bar for each of its budgets that says where the value is.

use super::svg::{Drawing, share};
use super::{Form, dot, key, mermaid};
use crate::cli::audit::teller::short;
use crate::cli::audit::trace::stand;
use crate::cli::audit::tree::{Node, Purse};
use crate::cli::text::time;
use std::fmt::Write as _;

const CARD_WIDTH: u64 = 320;
const CARD_HEAD: u64 = 66;
const PURSE_HEIGHT: u64 = 44;
const GAP_X: u64 = 56;
const GAP_Y: u64 = 22;
const MARGIN: u64 = 28;
const TOP: u64 = 64;
const LEGEND_HEIGHT: u64 = 44;
const BAR_HEIGHT: u64 = 10;
/// What value can be, and its colour; what is left comes last.
const COLOURS: [(&str, &str); 7] = [
    ("captured", "#2563eb"),
    ("reserved", "#f59e0b"),
    ("leased", "#8b5cf6"),
    ("pending", "#ec4899"),
    ("carved", "#0d9488"),
    ("ceded", "#64748b"),
    ("left", "#bbf7d0"),
];

/// The tree as a picture.
pub(in crate::cli::audit) fn delegation(root: &Node, title: &str, form: Form) -> String {
    match form {
        Form::Svg => drawn(root, title),
        Form::Dot => {
            let mut text =
                String::from("digraph delegation {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
            graph(root, None, &mut 0, &mut |place, parent, node| {
                let label: Vec<String> = lines(node).iter().map(|line| dot(line)).collect();
                let label: Vec<&str> = label.iter().map(|line| line.trim_matches('"')).collect();
                let bold = if node.children.is_empty() && node.asked { ", penwidth=2" } else { "" };
                let _ = writeln!(text, "  t{place} [label=\"{}\"{bold}];", label.join("\\l"));
                if let Some(parent) = parent {
                    let _ = writeln!(text, "  t{parent} -> t{place};");
                }
            });
            text + "}\n"
        }
        Form::Mermaid => {
            let mut text = String::from("graph LR\n");
            graph(root, None, &mut 0, &mut |place, parent, node| {
                let label: Vec<String> =
                    lines(node).iter().map(|line| mermaid(line).trim_matches('"').to_owned()).collect();
                let _ = writeln!(text, "  t{place}[\"{}\"]", label.join("<br/>"));
                if let Some(parent) = parent {
                    let _ = writeln!(text, "  t{parent} --> t{place}");
                }
            });
            text
        }
    }
}

/// Shows each token with its number and that of its parent, the root first.
fn graph<'n>(
    node: &'n Node,
    parent: Option<u64>,
    next: &mut u64,
    show: &mut impl FnMut(u64, Option<u64>, &'n Node),
) {
    let own = *next;
    *next += 1;
    show(own, parent, node);
    node.children.iter().for_each(|child| graph(child, Some(own), next, show));
}

fn lines(node: &Node) -> Vec<String> {
    let mut lines = vec![
        format!("token {} {}", short(&node.id), node.status),
        format!("{}, until {}", key(&node.holder), time::show(node.expires)),
    ];
    lines.extend(node.purses.iter().map(stand));
    lines
}

fn card_height(node: &Node) -> u64 {
    CARD_HEAD + PURSE_HEIGHT * node.purses.len().max(1) as u64
}

/// How deep a tree is, and how high it is drawn.
fn measure(node: &Node) -> (u64, u64) {
    let below = node.children.iter().map(measure);
    let (depth, height) =
        below.fold((0, 0), |(depth, height), (deep, high)| (depth.max(deep), height + high + GAP_Y));
    (depth + 1, card_height(node).max(height.saturating_sub(GAP_Y)))
}

fn drawn(root: &Node, title: &str) -> String {
    let (depth, height) = measure(root);
    let width = (MARGIN * 2 + depth * CARD_WIDTH + (depth - 1) * GAP_X).max(640);
    let mut drawing = Drawing::new(title, width, TOP + height + LEGEND_HEIGHT + MARGIN);
    drawing.line((MARGIN, 38), "title", false, title);
    place(&mut drawing, root, (MARGIN, TOP));
    let (mut x, y) = (MARGIN, TOP + height + LEGEND_HEIGHT);
    for (name, colour) in COLOURS {
        drawing.rect((x, y - 10, 12, 12), 3, &format!("fill=\"{colour}\""));
        drawing.line((x + 18, y), "small", false, name);
        x += 34 + 7 * name.len() as u64;
    }
    drawing.finish()
}

/// Draws a token and what is below it; gives the middle of its card's left side.
fn place(drawing: &mut Drawing, node: &Node, (x, y): (u64, u64)) -> (u64, u64) {
    let (own, (_, height)) = (card_height(node), measure(node));
    let top = y + (height - own) / 2;
    let mut child_y = y;
    for child in &node.children {
        let to = place(drawing, child, (x + CARD_WIDTH + GAP_X, child_y));
        let style = "stroke=\"#9aa5b1\" stroke-width=\"2\"";
        drawing.curve((x + CARD_WIDTH, top + own / 2), to, style);
        child_y += measure(child).1 + GAP_Y;
    }
    card(drawing, node, (x, top));
    (x, top + own / 2)
}

fn card(drawing: &mut Drawing, node: &Node, (x, y): (u64, u64)) {
    let tint = match node.status {
        "live" => "#dcfce7",
        "suspended" => "#fef3c7",
        "revoked" => "#fee2e2",
        _ => "#e4e7eb",
    };
    let edge = if node.asked { "stroke=\"#334e68\" stroke-width=\"2\"" } else { "stroke=\"#cbd2d9\"" };
    drawing.rect((x, y, CARD_WIDTH, card_height(node)), 10, &format!("fill=\"#ffffff\" {edge}"));
    let pill = 18 + 7 * node.status.len() as u64;
    drawing.rect((x + CARD_WIDTH - pill - 12, y + 11, pill, 19), 9, &format!("fill=\"{tint}\""));
    drawing.line((x + CARD_WIDTH - 21, y + 25), "small", true, node.status);
    drawing.line((x + 14, y + 25), "name", false, &format!("token {}", short(&node.id)));
    drawing.line((x + 14, y + 42), "mono", false, &key(&node.holder));
    drawing.line((x + 14, y + 57), "small", false, &format!("until {}", time::show(node.expires)));
    let mut at = y + CARD_HEAD + 12;
    if node.purses.is_empty() {
        drawing.line((x + 14, at), "small", false, "spends its parent's budgets");
    }
    for purse in &node.purses {
        bar(drawing, purse, (x + 14, at), CARD_WIDTH - 28);
        at += PURSE_HEIGHT;
    }
}

fn bar(drawing: &mut Drawing, purse: &Purse, (x, y): (u64, u64), width: u64) {
    let shared = if purse.carved { "carved" } else { "shared" };
    let (said, whole) = match (purse.left(), purse.total) {
        (Some(left), Some(total)) => {
            let of = crate::demo::decimal(total.0, purse.unit.decimals);
            (format!("{} left of {of}", purse.unit.show(left)), u128::from(total.0))
        }
        _ => (
            format!("{} as far as above", purse.unit.name),
            purse.parts().iter().map(|(_, a)| u128::from(*a)).sum(),
        ),
    };
    drawing.line((x, y), "amount", false, &said);
    drawing.line((x + width, y), "small", true, shared);
    let rest = if purse.total.is_some() { COLOURS[6].1 } else { "#e4e7eb" };
    drawing.rect((x, y + 8, width, BAR_HEIGHT), 3, &format!("fill=\"{rest}\""));
    let mut from = x;
    for (name, amount) in purse.parts() {
        let colour =
            COLOURS.iter().find(|(known, _)| *known == name).map_or("#000000", |(_, colour)| *colour);
        // What is there is seen, however little it is.
        let wide = share(width, u128::from(amount), whole).max(2).min(x + width - from);
        drawing.rect((from, y + 8, wide, BAR_HEIGHT), 2, &format!("fill=\"{colour}\""));
        from += wide;
    }
}
