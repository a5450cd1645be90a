//! Counters of a token and their salted digest (spec 06 §4).

use crate::cbor::{DecodeError, Reader, Writer};
use crate::label;
use crate::limits::*;
use crate::types::{Amount, Hash, ObjectId, Seconds, StateIndex};
use alloc::vec::Vec;

/// All counters of one token: the part of its state that its leaf only commits to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// How often the token's leaf was rewritten; salts the digest anew each time.
    pub event: u64,
    /// Counters by unit, in strictly increasing order of the units' indexes.
    pub units: Vec<UnitValues>,
    /// A rekey that somebody upstream proposed and that runs.
    pub rekey: Option<ObjectId>,
}

/// Counters of one token in one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnitValues {
    /// The unit's leaf.
    pub unit: StateIndex,
    /// The counters.
    pub counters: Counters,
    /// One for each window of the token's own budget, in its order, then one for its cumulative threshold; empty as
    /// long as nothing was counted.
    pub windows: Vec<Span>,
}

/// What was reserved in one span of a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// Its first second.
    pub start: Seconds,
    /// What was reserved in it, less what was released while it lasted.
    pub used: Amount,
}

/// Where the value of a total went. All but the three open ones only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Counters {
    /// Taken by payees.
    pub captured: u64,
    /// Given back by payees after capture, in gross.
    pub refunded: u64,
    /// Moved to carved children.
    pub carved: u64,
    /// Come back from carved children.
    pub returned: u64,
    /// Open: held for payees.
    pub reserved: u64,
    /// Open: locked in leases.
    pub leased: u64,
    /// Open: waiting for approval.
    pub pending: u64,
    /// Passed on to the parent after the end of a carved token.
    pub ceded: u64,
}

impl Counters {
    /// What is committed of the total: `captured - refunded + reserved + pending + leased + carved - returned +
    /// ceded`; `None` if that is no amount, which no admitted operation leads to.
    pub fn committed(&self) -> Option<Amount> {
        let out = [self.captured, self.reserved, self.pending, self.leased, self.carved, self.ceded];
        let sum = out.iter().try_fold(0u128, |sum, part| sum.checked_add(u128::from(*part)))?;
        let back = u128::from(self.refunded).checked_add(u128::from(self.returned))?;
        u64::try_from(sum.checked_sub(back)?).ok().map(Amount)
    }

    fn all(&self) -> [u64; 8] {
        let c = self;
        [c.captured, c.refunded, c.carved, c.returned, c.reserved, c.leased, c.pending, c.ceded]
    }
}

impl UnitValues {
    /// Writes `[unit, captured, refunded, carved, returned, reserved, leased, pending, ceded, windows]`, a window as
    /// `[start, used]`.
    pub fn encode(&self, w: &mut Writer) {
        w.array(10).u64(self.unit.0);
        for counter in self.counters.all() {
            w.u64(counter);
        }
        w.list(&self.windows, |w, span| {
            w.array(2).u64(span.start.0).u64(span.used.0);
        });
    }

    /// Reads what [`UnitValues::encode`] writes.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub(crate) fn decode(r: &mut Reader<'_>) -> Result<Self, DecodeError> {
        r.array_of(10)?;
        let unit = StateIndex(r.u64()?);
        let counters = Counters {
            captured: r.u64()?,
            refunded: r.u64()?,
            carved: r.u64()?,
            returned: r.u64()?,
            reserved: r.u64()?,
            leased: r.u64()?,
            pending: r.u64()?,
            ceded: r.u64()?,
        };
        let windows = r.list(SPANS_MAX, |r| {
            r.array_of(2)?;
            Ok(Span { start: Seconds(r.u64()?), used: Amount(r.u64()?) })
        })?;
        Ok(Self { unit, counters, windows })
    }
}

impl Values {
    /// What is counted in `unit`, if anything ever was.
    pub fn in_unit(&self, unit: StateIndex) -> Option<&UnitValues> {
        self.units.iter().find(|values| values.unit == unit)
    }

    /// The counters in `unit`; zero where the token never moved any.
    pub fn counters(&self, unit: StateIndex) -> Counters {
        self.in_unit(unit).map(|values| values.counters).unwrap_or_default()
    }

    /// What is counted in a unit, to be changed; nothing yet where nothing ever was.
    pub fn in_unit_mut(&mut self, unit: StateIndex) -> Option<&mut UnitValues> {
        let place = match self.units.binary_search_by_key(&unit, |values| values.unit) {
            Ok(place) => place,
            Err(place) => {
                self.units.insert(place, UnitValues { unit, ..UnitValues::default() });
                place
            }
        };
        self.units.get_mut(place)
    }

    /// Sets the counters in `unit`.
    pub fn set(&mut self, unit: StateIndex, counters: Counters) {
        if let Some(values) = self.in_unit_mut(unit) {
            values.counters = counters;
        }
    }

    /// The values as they are opened: `["remit/values/v1", salt, event, [unit values, …], {? 1: rekey}]`.
    pub fn encode(&self, secret: &[u8; 32]) -> Vec<u8> {
        let mut w = Writer::labelled(label::VALUES, 5);
        w.bytes(&salt(secret, label::VALUES.as_bytes(), self.event).0).u64(self.event);
        w.list(&self.units, |w, values| values.encode(w));
        match self.rekey {
            Some(id) => w.map(1).u64(1).bytes(&id.0),
            None => w.map(0),
        };
        w.into_bytes()
    }

    /// Decodes opened values and the salt that they were opened with.
    ///
    /// # Errors
    ///
    /// [`DecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<(Self, Hash), DecodeError> {
        Reader::whole(bytes, OBJECT_BYTES_MAX, |r| {
            r.array_of(5)?;
            r.label(label::VALUES)?;
            let salt = Hash(r.array_bytes()?);
            let event = r.u64()?;
            let units = r.list(BUDGETS_MAX, UnitValues::decode)?;
            if !units.is_sorted_by(|a, b| a.unit < b.unit) {
                return Err(DecodeError::NotCanonical);
            }
            let mut rekey = None;
            r.map(|key, r| match key {
                1 => {
                    rekey = Some(ObjectId(r.array_bytes()?));
                    Ok(())
                }
                2 => Err(DecodeError::NotEnabled(key)),
                other => Err(DecodeError::UnknownField(other)),
            })?;
            Ok((Self { event, units, rekey }, salt))
        })
    }

    /// What the leaf commits to.
    pub fn digest(&self, secret: &[u8; 32]) -> Hash {
        crate::hash::sha256(&[&self.encode(secret)])
    }
}

/// A salt derived from secret bytes for one purpose and number (spec 03 §5, 06 §4).
pub fn salt(secret: &[u8], purpose: &[u8], number: u64) -> Hash {
    let mut w = Writer::labelled(label::SALT, 4);
    w.bytes(secret).bytes(purpose).u64(number);
    w.digest()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn counters_of_a_later_rules_version_are_not_enabled() {
        let decoded = |counters| {
            let values = Values {
                event: 1,
                units: vec![UnitValues { unit: StateIndex(1), counters, windows: Vec::new() }],
                rekey: None,
            };
            Values::decode(&values.encode(&[7; 32])).map(|(values, _)| values)
        };
        assert!(decoded(Counters { reserved: 1, ceded: 1, ..Counters::default() }).is_ok());
        assert!(decoded(Counters { leased: 1, pending: 1, ..Counters::default() }).is_ok());
    }
}
