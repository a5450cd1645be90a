//! Whose approval the uses of a token need, as it is typed and shown (spec 17 §1).

use super::amount::Unit;
use crate::keys::did;
use remit_verifier::key::PublicKey;
use remit_verifier::limits::APPROVERS_MAX;
use remit_verifier::object::ApprovalRule;
use remit_verifier::types::{Amount, ObjectId};

/// The rule, with approvers and thresholds in their order.
pub(in crate::cli) fn rule(
    k: u64,
    approvers: &[PublicKey],
    thresholds: Option<Vec<(ObjectId, Amount)>>,
) -> Result<ApprovalRule, String> {
    let mut keys: Vec<_> = approvers.iter().map(|key| *key.bytes()).collect();
    keys.sort_unstable();
    if let Some(pair) = keys.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(format!("the approver {} is named twice", did::to_text(&pair[0])));
    }
    if keys.len() > APPROVERS_MAX {
        return Err(format!("{APPROVERS_MAX} approvers are the most"));
    }
    if k == 0 || k > keys.len() as u64 {
        return Err(format!(
            "{k} approvals of {} approvers: it is at least 1, and not more than they are",
            keys.len()
        ));
    }
    let thresholds = thresholds.map(|mut all| {
        all.sort_unstable_by_key(|(unit, _)| *unit);
        all
    });
    let twice = thresholds.iter().flat_map(|all| all.windows(2)).any(|pair| pair[0].0 == pair[1].0);
    if twice {
        return Err("two amounts are in the same unit".into());
    }
    let mut approvers: Vec<_> = approvers.iter().map(Into::into).collect();
    approvers.sort_by_key(|key: &remit_verifier::key::EncodedKey| *key.bytes());
    Ok(ApprovalRule { k, approvers, thresholds })
}

/// A rule for people; a unit that is not known is shown in minor units by its id.
pub(in crate::cli) fn show(rule: &ApprovalRule, unit: impl Fn(&ObjectId) -> Option<Unit>) -> String {
    let amount = |(id, amount): &(ObjectId, Amount)| {
        let named = || Unit { id: *id, name: format!("minor units of {id}"), decimals: 0 };
        unit(id).unwrap_or_else(named).show(*amount)
    };
    let thresholds = rule.thresholds.as_ref().map(|all| all.iter().map(amount).collect::<Vec<_>>());
    let approvers: Vec<String> = rule.approvers.iter().map(|key| did::to_text(key.bytes())).collect();
    words(rule.k, thresholds.as_deref(), &approvers)
}

/// The same of a rule whose parts are texts already.
pub(in crate::cli) fn words(k: u64, thresholds: Option<&[String]>, approvers: &[impl AsRef<str>]) -> String {
    let uses = match thresholds {
        None => "every use".into(),
        Some([]) => "every payment".into(),
        Some(all) => format!("a payment above {}, or in another unit,", all.join(" or ")),
    };
    let names: Vec<&str> = approvers.iter().map(AsRef::as_ref).collect();
    format!("{uses} needs {k} of {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_verifier::sign::LocalSigner;

    fn key(seed: u8) -> PublicKey {
        crate::client::public_key(&LocalSigner::from_seed(&[seed; 32])).expect("a key")
    }

    #[test]
    fn a_rule_is_brought_into_order_and_shown() {
        let unit = Unit { id: ObjectId([1; 32]), name: "CNY".into(), decimals: 2 };
        let keys = [key(1), key(2), key(3)];
        let made = rule(2, &keys, Some(vec![(unit.id, Amount(500_000))])).expect("a rule");
        assert!(made.approvers.is_sorted_by(|a, b| a.bytes() < b.bytes()) && made.approvers.len() == 3);
        let shown = show(&made, |_| Some(unit.clone()));
        assert!(
            shown.starts_with("a payment above 5 000.00 CNY, or in another unit, needs 2 of did:key:z6Mk")
        );
        let shown = show(&rule(1, &keys[..1], None).expect("a rule"), |_| None);
        assert_eq!(shown, format!("every use needs 1 of {}", did::to_text(keys[0].bytes())));
        let shown = show(&rule(1, &keys[..1], Some(Vec::new())).expect("a rule"), |_| None);
        assert!(shown.starts_with("every payment needs 1 of "), "{shown}");
    }

    #[test]
    fn rules_that_cannot_be_met_or_say_things_twice_are_named() {
        let keys = [key(1), key(2)];
        assert!(rule(0, &keys, None).is_err_and(|why| why.contains("at least 1")));
        assert!(rule(3, &keys, None).is_err_and(|why| why.contains("3 approvals of 2")));
        assert!(rule(1, &[key(1), key(1)], None).is_err_and(|why| why.contains("named twice")));
        let unit = ObjectId([1; 32]);
        let twice = Some(vec![(unit, Amount(1)), (unit, Amount(2))]);
        assert!(rule(1, &keys, twice).is_err_and(|why| why.contains("same unit")));
        let many: Vec<_> = (1..=9).map(key).collect();
        assert!(rule(1, &many, None).is_err_and(|why| why.contains("8 approvers")));
    }
}
