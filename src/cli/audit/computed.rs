//! A log computed again by the rules, batch by batch, for whoever asks what it led to.

use super::snapshot::faulty;
use super::source::Log;
use crate::audit::snapshot::Start;
use crate::audit::{Held, closes};
use crate::cli::out::Failure;
use crate::engine::Batch;
use crate::store::StoredEntry;
use remit_verifier::c2sp::VerifierKey;
use remit_verifier::types::Hash;

/// Computes the log, as a whole or from a snapshot on, shows each batch as it is taken, and requires the checkpoints on
/// the way. What is left is the state, and the root of the log.
pub(super) fn compute(
    log: &Log,
    start: Option<Start>,
    mut visit: impl FnMut(&Batch, &[StoredEntry]) -> Result<(), Failure>,
) -> Result<(Held, Hash), Failure> {
    let own: Vec<VerifierKey> = log.trust.logs().map(|(key, _)| key.clone()).collect();
    let mut held = match start {
        Some(start) => Held::from_snapshot(own, start).map_err(faulty)?,
        None => Held::new(own),
    };
    let mut items = Vec::<StoredEntry>::new();
    let root = log.each_from(held.trees().log.clone(), |item| {
        let last = closes(&item.entry);
        items.push(item);
        if !last {
            return Ok(());
        }
        let batch = held.compute(&items);
        let batch = batch.map_err(faulty)?;
        visit(&batch, &items)?;
        held.take(batch, &items);
        items.clear();
        Ok(())
    })?;
    if items.is_empty() {
        return Ok((held, root));
    }
    Err(Failure::refused("open", format!("no commitment follows the last {} entries", items.len())))
}
