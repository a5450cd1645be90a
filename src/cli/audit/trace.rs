//! `remit audit trace`: the chain above a token, the tree below it, and where the value of each is.

use super::computed::compute;
use super::picture;
use super::snapshot::Since;
use super::source::Of;
use super::teller::{Teller, short};
use super::tree::{Node, Purse, Tokens};
use crate::cli::out::{Done, Failure, Outcome};
use crate::cli::text::{id, time};
use clap::Args;
use remit_verifier::types::{Amount, Millis, ObjectId};

#[derive(Args)]
pub(super) struct Trace {
    #[command(flatten)]
    log: Of,
    #[command(flatten)]
    since: Since,
    /// The token.
    #[arg(value_name = "TOKEN", value_parser = id)]
    token: ObjectId,
    #[command(flatten)]
    pictures: picture::Files,
}

impl Trace {
    pub(super) fn run(self) -> Outcome {
        let log = self.log.open()?;
        let (start, before) = self.since.start(&log)?;
        let commitment = start.as_ref().and_then(|start| start.place.commitment());
        let mut now = commitment.map_or(Millis(0), |commitment| commitment.time);
        let mut teller = Teller::behind(start.as_ref());
        let (held, root) = compute(&log, start, |batch, items| {
            now = batch.time;
            items.iter().try_for_each(|item| teller.tell(item).map(drop))
        })?;
        let tokens = Tokens::new(&held, now);
        let tree = tokens.index(&self.token).and_then(|index| tokens.tree(&teller, index));
        let (issuer, tree) = tree.ok_or_else(|| {
            Failure::refused("unknown_token", format!("the log admits no token {}", self.token))
        })?;
        for (form, path) in self.pictures.asked() {
            let title = format!("{} by {}", short(&self.token), teller.named(&issuer));
            super::spent::write(path, &picture::delegation(&tree, &title, form))?;
        }
        let mut lines = vec![format!("issuer {}", teller.named(&issuer))];
        told(&tree, 0, &mut lines);
        let done = Done::say(lines.join("\n"))
            .line(format!(
                "as of {}, entry {}; {} checkpoints met",
                time::show(now.seconds()),
                log.size.0.saturating_sub(1),
                log.heads.len()
            ))
            .with("ledger", log.ledger.to_string())
            .with("entries", log.size.0)
            .with("log_root", root.to_string())
            .with("state_root", held.trees().state.root().to_string())
            .with("checkpoints_met", log.heads.len())
            .with("issuer", issuer.to_string())
            .with("issuer_name", teller.party(&issuer))
            .with("tree", tree.view());
        Ok(before.told(done))
    }
}

fn told(node: &Node, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let mark = if node.asked { "" } else { "└ " };
    lines.push(format!(
        "{indent}{mark}token {}  {}, until {}",
        node.id,
        node.status,
        time::show(node.expires)
    ));
    lines.push(format!("{indent}    held by {}, admitted by entry {}", node.holder, node.entry));
    if node.purses.is_empty() {
        lines.push(format!("{indent}    its parent's budgets"));
    }
    lines.extend(node.purses.iter().map(|purse| format!("{indent}    {}", stand(purse))));
    node.children.iter().for_each(|child| told(child, depth + 1, lines));
}

/// A budget in a line.
pub(super) fn stand(purse: &Purse) -> String {
    let share = if purse.carved { "carved" } else { "shared" };
    let mut text = match (purse.left(), purse.total) {
        (Some(left), Some(total)) => {
            format!("{} left of {} ({share})", purse.unit.show(left), purse.unit.show(total))
        }
        _ => format!("{} as far as the tokens above go ({share})", purse.unit.name),
    };
    for (name, amount) in purse.parts() {
        text.push_str(&format!(", {name} {}", purse.unit.show(Amount(amount))));
    }
    text
}
