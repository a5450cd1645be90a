//! Budgets as they are typed: `20000.00 CNY`, `12000 CNY carved`, `6000 CNY per-use 500 refundable 100`, `any CNY`,
//! `20000 CNY window 6000/day window 15000/month`, `20000 CNY lease 3000/8h`.

use super::amount::{Unit, minor};
use super::time;
use super::window::{self, TypedWindow};
use super::words::words;
use remit_verifier::object::{Budget, LeaseLimits, Share, Window};
use remit_verifier::types::{ObjectId, Seconds};

/// A budget as it was typed: its numbers are read once the unit's decimals are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct TypedBudget {
    pub(in crate::cli) unit: String,
    share: Share,
    total: Option<String>,
    per_use: Option<String>,
    refundable: Option<String>,
    windows: Vec<TypedWindow>,
    cumulative: Option<TypedWindow>,
    leases: Option<(String, Seconds)>,
}

const FORM: &str = "write TOTAL UNIT [carved] [per-use AMOUNT] [refundable AMOUNT] [window AMOUNT/PERIOD]... \
                    [approval AMOUNT/PERIOD] [lease AMOUNT/SPAN]; TOTAL `any` states none";

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
        cumulative: None,
        leases: None,
    };
    while let Some(word) = words.next() {
        let mut amount =
            || words.next().map(str::to_owned).ok_or_else(|| format!("`{word}` needs an amount"));
        match word {
            "shared" => budget.share = Share::Shared,
            "carved" => budget.share = Share::Carved,
            "per-use" => budget.per_use = Some(amount()?),
            "refundable" => budget.refundable = Some(amount()?),
            "lease" => budget.leases = Some(lease(&amount()?)?),
            "window" => budget.windows.push(window::typed(&amount()?)?),
            "approval" => budget.cumulative = Some(window::typed(&amount()?)?),
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
            cumulative: self.cumulative.as_ref().map(|typed| typed.in_unit(unit)).transpose()?,
            leases: self.leases(unit)?,
        })
    }

    /// Limits on leases, if any may be opened.
    fn leases(&self, unit: &Unit) -> Result<Option<LeaseLimits>, String> {
        let limits = |(most, longest): &(String, Seconds)| {
            Ok(LeaseLimits { most: minor(most, unit.decimals)?, longest: *longest })
        };
        self.leases.as_ref().map(limits).transpose()
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

/// `AMOUNT/SPAN` behind `lease`: most that one may be, and for how long it may be spent from.
fn lease(text: &str) -> Result<(String, Seconds), String> {
    let form = || format!("`{text}` are no limits on leases: write AMOUNT/SPAN, such as 3000/8h");
    let (most, span) = text.split_once('/').ok_or_else(form)?;
    Ok((most.into(), time::span(span).map_err(|_| form())?))
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
    if let Some(of) = budget.cumulative {
        text.push_str(&format!(", approval above {} {}", unit.show(of.most), window::each(of.period)));
    }
    if let Some(of) = &budget.leases {
        text.push_str(&format!(", leases of {} for {}", unit.show(of.most), window::span(of.longest.0)));
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
        let read = typed("5000 CNY lease 300.50/8h").expect("a budget").in_unit(&unit).expect("amounts");
        let limits = LeaseLimits { most: Amount(30_050), longest: Seconds(28_800) };
        assert_eq!(read.leases, Some(limits));
        assert_eq!(show(&read, |_| Some(unit.clone())), "5 000.00 CNY, leases of 300.50 CNY for 8h");
        assert!(typed("5000 CNY lease 300").expect_err("no span").contains("AMOUNT/SPAN"));
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
