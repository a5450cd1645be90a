//! The flow of value: issuers at the left, who spent in the middle, who was paid at the right; as wide as what stayed.

use super::svg::{Drawing, share};
use super::{Form, dot, key, mermaid};
use crate::cli::audit::spent::{Flow, Sum};
use crate::cli::audit::teller::Teller;
use crate::demo::decimal;
use remit_verifier::types::ObjectId;
use std::collections::BTreeMap;
use std::fmt::Write as _;

const WIDTH: u64 = 1_080;
const MARGIN: u64 = 28;
const HEIGHT: u64 = 300;
const NODE_WIDTH: u64 = 14;
const GAP: u64 = 26;
const HEAD: u64 = 72;
/// Left sides of the three columns.
const COLUMNS: [u64; 3] = [MARGIN, 410, 780];
/// Characters of a name that are drawn.
const NAME_LENGTH: usize = 34;
const COLOURS: [&str; 8] =
    ["#2563eb", "#0d9488", "#f59e0b", "#8b5cf6", "#ec4899", "#65a30d", "#dc2626", "#64748b"];

/// One step of value: from a node of one column to one of the next.
struct Step {
    column: usize,
    from: String,
    to: String,
    net: u128,
}

/// What flowed in one unit.
struct Panel {
    unit: String,
    decimals: u64,
    steps: Vec<Step>,
    /// The nodes of each column with what goes through them, the largest first.
    columns: [Vec<(String, u128)>; 3],
}

/// The flow as a picture.
pub(in crate::cli::audit) fn flow(teller: &Teller, flows: &BTreeMap<Flow, Sum>, form: Form) -> String {
    let panels = panels(teller, flows);
    match form {
        Form::Svg => drawn(&panels),
        Form::Dot => {
            let mut text =
                String::from("digraph spent {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
            for panel in &panels {
                for step in &panel.steps {
                    let label = dot(&format!("{} {}", decimal(step.net, panel.decimals), panel.unit));
                    let _ = writeln!(text, "  {} -> {} [label={label}];", dot(&step.from), dot(&step.to));
                }
            }
            text + "}\n"
        }
        Form::Mermaid => {
            let mut text = String::from("graph LR\n");
            let mut names = BTreeMap::new();
            for panel in &panels {
                for step in &panel.steps {
                    let mut place = |name: &String| {
                        let next = names.len();
                        *names.entry(name.clone()).or_insert(next)
                    };
                    let (from, to) = (place(&step.from), place(&step.to));
                    let label = mermaid(&format!("{} {}", decimal(step.net, panel.decimals), panel.unit));
                    let (shown, target) = (mermaid(&step.from), mermaid(&step.to));
                    let _ = writeln!(text, "  n{from}[{shown}] -->|{label}| n{to}[{target}]");
                }
            }
            text
        }
    }
}

fn panels(teller: &Teller, flows: &BTreeMap<Flow, Sum>) -> Vec<Panel> {
    let mut by_unit = BTreeMap::<ObjectId, BTreeMap<(usize, String, String), u128>>::new();
    for ((issuer, agent, payee, unit), sum) in flows {
        let issuer = issuer.map_or_else(|| "issuer unknown".into(), |issuer| teller.named(&issuer));
        let steps = by_unit.entry(*unit).or_default();
        *steps.entry((0, issuer, key(agent))).or_default() += sum.net();
        *steps.entry((1, key(agent), teller.named(payee))).or_default() += sum.net();
    }
    let panel = |(unit, steps): (ObjectId, BTreeMap<(usize, String, String), u128>)| {
        let unit = teller.unit(&unit);
        let steps: Vec<Step> = steps
            .into_iter()
            .filter(|(_, net)| *net > 0)
            .map(|((column, from, to), net)| Step { column, from, to, net })
            .collect();
        let through = |column: usize| {
            let mut sums = BTreeMap::<String, u128>::new();
            for step in &steps {
                // The middle column is counted by what goes out of it.
                let name = if step.column == column { Some(&step.from) } else { None };
                let name = name.or((column == 2 && step.column == 1).then_some(&step.to));
                if let Some(name) = name {
                    *sums.entry(name.clone()).or_default() += step.net;
                }
            }
            let mut sums: Vec<_> = sums.into_iter().collect();
            sums.sort_by_key(|(_, sum)| std::cmp::Reverse(*sum));
            sums
        };
        let columns = [through(0), through(1), through(2)];
        // In the order in which the nodes stand, bands cross as little as they can.
        let place = |column: usize, name: &str| columns[column].iter().position(|(known, _)| known == name);
        let mut steps = steps;
        steps.sort_by_key(|step| {
            (step.column, place(step.column, &step.from), place(step.column + 1, &step.to))
        });
        Panel { unit: unit.name, decimals: unit.decimals, steps, columns }
    };
    by_unit.into_iter().map(panel).filter(|panel| !panel.steps.is_empty()).collect()
}

fn panel_height(panel: &Panel) -> u64 {
    let most = panel.columns.iter().map(Vec::len).max().unwrap_or(1) as u64;
    HEIGHT + most * GAP
}

fn drawn(panels: &[Panel]) -> String {
    let height: u64 = panels.iter().map(|panel| panel_height(panel) + HEAD).sum();
    let mut drawing = Drawing::new("Who spent what", WIDTH, (height + MARGIN).max(120));
    if panels.is_empty() {
        drawing.line((MARGIN, 60), "title", false, "Nothing was spent");
    }
    let mut top = 0;
    for panel in panels {
        draw(&mut drawing, panel, top);
        top += panel_height(panel) + HEAD;
    }
    drawing.finish()
}

fn draw(drawing: &mut Drawing, panel: &Panel, top: u64) {
    let whole: u128 = panel.columns[0].iter().map(|(_, sum)| sum).sum();
    let shown = |minor: u128| format!("{} {}", decimal(minor, panel.decimals), panel.unit);
    drawing.line((MARGIN, top + 36), "title", false, &format!("{} spent", shown(whole)));
    let high = |sum: u128| share(HEIGHT, sum, whole).max(2);
    // The upper edge of each node, and how much of it is taken at its right and left side.
    let mut nodes = BTreeMap::<(usize, &str), (u64, u64, u64, &str)>::new();
    for (column, all) in panel.columns.iter().enumerate() {
        let mut y = top + HEAD;
        for ((name, sum), place) in all.iter().zip(0usize..) {
            let colour = COLOURS[(place + column * 3) % COLOURS.len()];
            nodes.insert((column, name), (y, 0, 0, colour));
            y += high(*sum) + GAP;
        }
    }
    for step in &panel.steps {
        let tall = high(step.net);
        let Some((y, out, _, colour)) = nodes.get_mut(&(step.column, step.from.as_str())) else { continue };
        let (from, colour) = ((COLUMNS[step.column] + NODE_WIDTH, *y + *out), *colour);
        *out += tall;
        let Some((y, _, taken, _)) = nodes.get_mut(&(step.column + 1, step.to.as_str())) else { continue };
        let to = (COLUMNS[step.column + 1], *y + *taken);
        *taken += tall;
        let style = format!("fill=\"{colour}\" fill-opacity=\"0.28\"");
        let about = format!("{} to {}: {}", step.from, step.to, shown(step.net));
        drawing.band(from, to, tall, (&style, &about));
    }
    for (column, all) in panel.columns.iter().enumerate() {
        for (name, sum) in all {
            let Some((y, _, _, colour)) = nodes.get(&(column, name.as_str())) else { continue };
            let tall = high(*sum);
            drawing.rect((COLUMNS[column], *y, NODE_WIDTH, tall), 3, &format!("fill=\"{colour}\""));
            let (x, middle) = (COLUMNS[column] + NODE_WIDTH + 8, *y + tall / 2);
            let shown_name: String = name.chars().take(NAME_LENGTH).collect();
            drawing.line((x, middle), "name", false, &shown_name);
            drawing.line((x, middle + 15), "amount", false, &shown(*sum));
        }
    }
}
