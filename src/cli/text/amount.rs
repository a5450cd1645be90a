//! Amounts: decimal in the major unit, with at most as many decimals as the unit has. No floats.

use remit_verifier::limits::UNIT_DECIMALS_MAX;
use remit_verifier::types::{Amount, ObjectId};

/// A unit as it is registered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Unit {
    pub(in crate::cli) id: ObjectId,
    pub(in crate::cli) name: String,
    pub(in crate::cli) decimals: u64,
}

/// An amount of a unit, as it was typed: the number is read once the unit's decimals are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::cli) struct Typed {
    pub(in crate::cli) number: String,
    pub(in crate::cli) unit: String,
}

/// `5000.00 CNY`: a number, and a unit by name or id.
pub(in crate::cli) fn typed(text: &str) -> Result<Typed, String> {
    let wrong = || format!("`{text}` is no amount: write a number and a unit, such as \"5000.00 CNY\"");
    let (number, unit) = text.trim().rsplit_once(char::is_whitespace).ok_or_else(wrong)?;
    Ok(Typed { number: number.trim().into(), unit: unit.into() })
}

/// The number in minor units: `5000.00`, `5000`, `5 000.5`, `5_000`.
pub(in crate::cli) fn minor(text: &str, decimals: u64) -> Result<Amount, String> {
    let wrong = || format!("`{text}` is no amount: write digits and at most one decimal point");
    let digits: String = text.chars().filter(|c| !matches!(c, ' ' | '_')).collect();
    let (major, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let point_alone = digits.ends_with('.');
    let numeric = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
    if major.is_empty() || point_alone || !numeric(major) || !numeric(fraction) {
        return Err(wrong());
    }
    let missing = decimals
        .checked_sub(fraction.len() as u64)
        .ok_or_else(|| format!("`{text}` has more decimals than the unit, which has {decimals}"))?;
    let padded = format!("{major}{fraction}{}", "0".repeat(missing as usize));
    padded.parse().map(Amount).map_err(|_| format!("`{text}` is too large"))
}

/// The same, of something that is paid: nothing is no payment.
pub(in crate::cli) fn some(text: &str, decimals: u64) -> Result<Amount, String> {
    match minor(text, decimals)? {
        Amount(0) => Err(format!("`{text}` is nothing: an amount is above 0")),
        amount => Ok(amount),
    }
}

impl Unit {
    /// A unit that somebody states; `None` with more decimals than a unit can have.
    pub(in crate::cli) fn new(id: ObjectId, name: impl Into<String>, decimals: u64) -> Option<Self> {
        (decimals <= UNIT_DECIMALS_MAX).then(|| Self { id, name: name.into(), decimals })
    }

    /// Whether this name or id is its own.
    pub(in crate::cli) fn is_named(&self, named: &str) -> bool {
        self.name == named || super::id(named) == Ok(self.id)
    }

    /// An amount for people: `5 000.00 CNY`.
    pub(in crate::cli) fn show(&self, amount: Amount) -> String {
        format!("{} {}", crate::demo::decimal(amount.0, self.decimals), self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_decimals_of_the_unit() {
        assert_eq!(minor("5000.00", 2), Ok(Amount(500_000)));
        assert_eq!(minor("5000", 2), Ok(Amount(500_000)));
        assert_eq!(minor("20 000.5", 2), Ok(Amount(2_000_050)));
        assert_eq!(minor("1_000", 0), Ok(Amount(1000)));
        assert_eq!(minor("0.01", 2), Ok(Amount(1)));
        assert_eq!(minor("18446744073709551615", 0), Ok(Amount(u64::MAX)));
        for wrong in ["", ".5", "5.", "-1", "1.2.3", "1e3", "0.001", "18446744073709551616", "５"] {
            assert!(minor(wrong, 2).is_err(), "{wrong}");
        }
    }

    /// `int(19.99 * 100)` is 1998 and `int(0.29 * 100)` is 28 where money goes through binary fractions.
    #[test]
    fn float_money() {
        assert_eq!(minor("19.99", 2), Ok(Amount(1_999)));
        assert_eq!(minor("0.29", 2), Ok(Amount(29)));
        assert_eq!(minor("4.350", 3), Ok(Amount(4_350)), "KWD");
        assert_eq!(minor("1.000001", 6), Ok(Amount(1_000_001)), "USDC");
        assert!(minor("1.5", 0).is_err(), "JPY");
        assert_eq!(minor("90071992547409.93", 2), Ok(Amount(9_007_199_254_740_993)), "beyond 2^53");
        for minor_units in [0_u64, 1, 28, 29, 1_998, 1_999, 9_007_199_254_740_993, u64::MAX] {
            let shown = crate::demo::decimal(minor_units, 2);
            assert_eq!(minor(&shown, 2), Ok(Amount(minor_units)), "{shown}");
        }
    }

    #[test]
    fn nothing_is_no_payment() {
        assert_eq!(some("0.01", 2), Ok(Amount(1)));
        assert!(some("0.00", 2).is_err_and(|error| error.contains("above 0")));
    }

    #[test]
    fn a_unit_has_so_many_decimals_at_most() {
        let unit = Unit::new(ObjectId([1; 32]), "CNY", UNIT_DECIMALS_MAX).expect("at the bound");
        assert!(unit.is_named("CNY") && unit.is_named(&"01".repeat(32)) && !unit.is_named("KWD"));
        assert_eq!(Unit::new(ObjectId([1; 32]), "CNY", UNIT_DECIMALS_MAX + 1), None);
    }

    #[test]
    fn an_amount_names_its_unit() {
        let amount = typed("20 000.00 CNY").expect("an amount");
        assert_eq!((amount.number.as_str(), amount.unit.as_str()), ("20 000.00", "CNY"));
        assert!(typed("5000").is_err());
    }
}
