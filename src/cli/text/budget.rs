//! Budgets as they are typed: `20000.00 CNY`, `12000 CNY carved`, `6000 CNY per-use 500 refundable 100`, `any CNY`,
//! `20000 CNY window 6000/day window 15000/month`.

use super::amount::{Unit, minor};
use super::window::{self, TypedWindow};
use super::words::words;
use remit_verifier::object::{Budget, Share, Window};
use remit_verifier::types::ObjectId;

/// A budget as it was typed: its numbers are read once the unit's decimals are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct TypedBudget {
    pub(in crate::cli) unit: String,
    share: Share,
    total: Option<String>,
    per_use: Option<String>,
    refundable: Option<String>,
    windows: Vec<TypedWindow>,
}

const FORM: &str = "write TOTAL UNIT [carved] [per-use AMOUNT] [refundable AMOUNT] [window AMOUNT/PERIOD]...; TOTAL \
                    `any` states none";

/// Reads the words of a budget.
pub(in crate::cli) fn typed(text: &str) -> Result<TypedBudget, String> {
    let words = words(text)?;
    let mut words = words.iter().map(String::as_str);
    let (Some(total), Some(unit)) = (words.next(), words.next()) else {
        return Err(format!("`{text}` is no budget: {FORM}"));
    };
    let total = (total != "any").then(|| total.to_owned());
    let mut budget = TypedBudget {
        unit: unit.into(),
        share: Share::Shared,
        total,
        per_use: None,
        refundable: None,
        windows: Vec::new(),
    };
    while let Some(word) = words.next() {
        let mut amount =
            || words.next().map(str::to_owned).ok_or_else(|| format!("`{word}` needs an amount"));
        match word {
            "shared" => budget.share = Share::Shared,
            "carved" => budget.share = Share::Carved,
            "per-use" => budget.per_use = Some(amount()?),
            "refundable" => budget.refundable = Some(amount()?),
            "window" => budget.windows.push(window::typed(&amount()?)?),
            _ => return Err(format!("`{word}` does not belong in a budget: {FORM}")),
        }
    }
    Ok(budget)
}

impl TypedBudget {
    /// The budget, with the decimals of its unit.
    pub(in crate::cli) fn in_unit(&self, unit: &Unit) -> Result<Budget, String> {
        let amount = |text: &Option<String>| text.as_ref().map(|text| minor(text, unit.decimals)).transpose();
        Ok(Budget {
            unit: unit.id,
            share: self.share,
            total: amount(&self.total)?,
            per_use: amount(&self.per_use)?,
            refundable: amount(&self.refundable)?,
            windows: self.windows(unit)?,
            leases: None,
        })
    }

    /// The windows in the order of their periods, each once.
    fn windows(&self, unit: &Unit) -> Result<Vec<Window>, String> {
        let mut windows =
            self.windows.iter().map(|typed| typed.in_unit(unit)).collect::<Result<Vec<_>, _>>()?;
        windows.sort_by_key(|window| window.period);
        if let Some(pair) = windows.windows(2).find(|pair| pair[0].period == pair[1].period) {
            return Err(format!("two windows are for {}", window::each(pair[0].period)));
        }
        Ok(windows)
    }
}

/// A budget for people; a unit that is not known is shown in minor units by its id.
pub(in crate::cli) fn show(budget: &Budget, unit: impl Fn(&ObjectId) -> Option<Unit>) -> String {
    let unit = unit(&budget.unit).unwrap_or_else(|| Unit {
        id: budget.unit,
        name: format!("minor units of {}", budget.unit),
        decimals: 0,
    });
    let mut text = budget.total.map_or_else(|| format!("any {}", unit.name), |total| unit.show(total));
    if budget.share == Share::Carved {
        text.push_str(", carved");
    }
    for (name, amount) in [("per use", budget.per_use), ("refundable", budget.refundable)] {
        if let Some(amount) = amount {
            text.push_str(&format!(", {name} {}", unit.show(amount)));
        }
    }
    for of in &budget.windows {
        text.push_str(&format!(", {} {}", unit.show(of.most), window::each(of.period)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use remit_verifier::types::Amount;

    #[test]
    fn a_budget_is_read_in_its_unit() {
        let unit = Unit { id: ObjectId([1; 32]), name: "CNY".into(), decimals: 2 };
        let read = typed("12000 CNY carved per-use 500.50 refundable 0").expect("a budget");
        let budget = read.in_unit(&unit).expect("amounts");
        assert_eq!((budget.total, budget.share), (Some(Amount(1_200_000)), Share::Carved));
        assert_eq!((budget.per_use, budget.refundable), (Some(Amount(50_050)), Some(Amount(0))));
        let shown = show(&budget, |_| Some(unit.clone()));
        assert_eq!(shown, "12 000.00 CNY, carved, per use 500.50 CNY, refundable 0.00 CNY");
        let read = typed("5000 CNY window 900.50/month window 300/day").expect("a budget");
        let shown = show(&read.in_unit(&unit).expect("amounts"), |_| Some(unit.clone()));
        assert_eq!(shown, "5 000.00 CNY, 300.00 CNY each day, 900.50 CNY each month");
        let twice = typed("5000 CNY window 1/day window 2/24h").expect("a budget").in_unit(&unit);
        assert_eq!(twice, Err("two windows are for each day".into()));
        assert_eq!(typed("any CNY").expect("a budget").in_unit(&unit).expect("amounts").total, None);
    }

    #[test]
    fn mistakes_are_named() {
        for wrong in
            ["", "5000", "5000 CNY half", "5000 CNY per-use", "5000 CNY window", "5000 CNY window 60"]
        {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }
}
