//! What a chain of tokens allows: its claims folded link by link (spec 04 §7). Pure; verifier and ledger call it.
//!
//! It looks at claims alone. Signatures, ids, epochs, states and times are the caller's business, and so are the
//! sealed budgets of logged tokens.

use super::budget::Budget;
use super::invocation::Payment;
use super::permission::{Asked, Permission};
use super::token::{Delegation, DelegationMode, Token};
use crate::code::Code;
use crate::limits::DEPTH_MAX;
use crate::types::Seconds;

/// The effective claims of the last link of a chain, and what every link allows. It borrows from the tokens.
#[derive(Clone, Copy, Debug)]
pub struct Authority<'t> {
    links: usize,
    expires: Seconds,
    not_before: Option<Seconds>,
    delegation: Delegation,
    transferable: bool,
    max_staleness: Option<Seconds>,
    permissions: Stated<'t, Permission>,
    budgets: Stated<'t, Budget>,
}

/// The lists that the links of a chain state, the topmost first; a link that inherits adds none.
#[derive(Debug)]
struct Stated<'t, T> {
    lists: [&'t [T]; DEPTH_MAX],
    count: usize,
}

impl<'t> Authority<'t> {
    /// The authority of a root: an absent claim gives nothing, but for the two that only narrow.
    pub fn root(token: &'t Token) -> Self {
        let mut permissions = Stated::none();
        permissions.push(token.permissions.as_deref().unwrap_or_default());
        Self {
            links: 1,
            expires: token.expires,
            not_before: token.not_before,
            delegation: token.delegation.unwrap_or(Delegation::NONE),
            transferable: token.transferable.unwrap_or(false),
            max_staleness: token.max_staleness,
            permissions,
            budgets: Stated::none(),
        }
    }

    /// The authority of a child below this chain; success means that the parent allows this delegation and that the
    /// child is no wider in any comparable claim. An absent claim is inherited, the depth less one.
    ///
    /// # Errors
    ///
    /// In this order: [`Code::NotDelegable`] if the effective delegation has another mode or no depth left;
    /// [`Code::TooDeep`] past [`DEPTH_MAX`] links; [`Code::WiderThanParent`].
    pub fn child(&self, token: &'t Token) -> Result<Self, Code> {
        let mode = if token.is_offline() { DelegationMode::Offline } else { DelegationMode::Logged };
        let depth = self.delegation.depth.checked_sub(1).ok_or(Code::NotDelegable)?;
        if self.delegation.mode < mode {
            return Err(Code::NotDelegable);
        }
        if self.links >= DEPTH_MAX {
            return Err(Code::TooDeep);
        }
        let inherited = Delegation { mode: self.delegation.mode, depth };
        if !self.holds(token, inherited) {
            return Err(Code::WiderThanParent);
        }
        let mut child = Self {
            links: self.links.saturating_add(1),
            expires: token.expires,
            not_before: token.not_before.or(self.not_before),
            delegation: token.delegation.unwrap_or(inherited),
            transferable: token.transferable.unwrap_or(self.transferable),
            max_staleness: token.max_staleness.or(self.max_staleness),
            ..*self
        };
        if let Some(permissions) = token.permissions.as_deref() {
            child.permissions.push(permissions);
        }
        if let Some(budgets) = token.budgets.as_deref() {
            child.budgets.push(budgets);
        }
        Ok(child)
    }

    /// Whether no claim of the child is wider than what it would inherit.
    fn holds(&self, child: &Token, inherited: Delegation) -> bool {
        let delegation =
            child.delegation.is_none_or(|d| d.mode <= inherited.mode && d.depth <= inherited.depth);
        let begins = match (child.not_before, self.not_before) {
            (Some(child), Some(own)) => child >= own,
            _ => true,
        };
        child.expires <= self.expires
            && begins
            && delegation
            && (self.transferable || child.transferable != Some(true))
            && not_above(child.max_staleness, self.max_staleness)
            && self.permissions.hold(child.permissions.as_deref(), Permission::is_within)
            && self.budgets.hold(child.budgets.as_deref(), Budget::is_within)
    }

    /// Whether every link that states permissions has one that covers what is asked.
    ///
    /// # Errors
    ///
    /// For the first link without: the code of the alternative that came furthest, of [`Code::ServiceNotAllowed`],
    /// [`Code::ActionNotAllowed`], [`Code::ResourceNotAllowed`], [`Code::ConditionNotMet`] in this order.
    pub fn allows(&self, asked: &Asked<'_>) -> Result<(), Code> {
        for (position, list) in self.permissions.iter().enumerate() {
            // The root's list is always there and the first.
            let in_root = position == 0;
            let mut furthest = Code::ServiceNotAllowed;
            let covered = list.iter().any(|permission| match permission.covers(asked, in_root) {
                Ok(()) => true,
                Err(code) => {
                    furthest = furthest.max(code);
                    false
                }
            });
            if !covered {
                return Err(furthest);
            }
        }
        Ok(())
    }

    /// Whether the open budgets of every offline link that states some let this payment through, what was spent
    /// before not counted.
    ///
    /// # Errors
    ///
    /// For the first link that does not: [`Code::UnitNotBudgeted`], [`Code::AbovePerUse`], [`Code::AboveTotal`].
    pub fn allows_payment(&self, payment: &Payment) -> Result<(), Code> {
        self.budgets.iter().try_for_each(|budgets| {
            let budget = budgets.iter().find(|budget| budget.unit == payment.unit);
            let budget = budget.ok_or(Code::UnitNotBudgeted)?;
            if budget.per_use.is_some_and(|most| payment.amount > most) {
                return Err(Code::AbovePerUse);
            }
            if budget.total.is_some_and(|most| payment.amount > most) {
                return Err(Code::AboveTotal);
            }
            Ok(())
        })
    }

    /// Number of links of the chain, at least 1.
    pub const fn links(&self) -> usize {
        self.links
    }

    /// End of the chain's life: no link lives longer than its parent.
    pub const fn expires(&self) -> Seconds {
        self.expires
    }

    /// Start of the chain's life, if any link states one.
    pub const fn not_before(&self) -> Option<Seconds> {
        self.not_before
    }

    /// What may be appended.
    pub const fn delegation(&self) -> Delegation {
        self.delegation
    }

    /// Whether the last link may be transferred.
    pub const fn transferable(&self) -> bool {
        self.transferable
    }

    /// The smallest age of evidence that a link demands, if any does.
    pub const fn max_staleness(&self) -> Option<Seconds> {
        self.max_staleness
    }
}

impl Budget {
    /// Whether no limit of the budget is wider than the parent's for the same unit. A limit that it does not state
    /// is inherited.
    pub fn is_within(&self, parent: &Budget) -> bool {
        self.unit == parent.unit
            && not_above(self.total, parent.total)
            && not_above(self.per_use, parent.per_use)
            && not_above(self.refundable, parent.refundable())
    }
}

impl<'t, T> Stated<'t, T> {
    const fn none() -> Self {
        Self { lists: [&[]; DEPTH_MAX], count: 0 }
    }

    /// A chain has at most as many links as there is room.
    fn push(&mut self, list: &'t [T]) {
        if let Some(place) = self.lists.get_mut(self.count) {
            *place = list;
            self.count = self.count.saturating_add(1);
        }
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = &'t [T]> {
        self.lists.get(..self.count).unwrap_or_default().iter().copied()
    }

    /// Whether every item of the child is within one of the nearest list; both may be absent.
    fn hold(&self, child: Option<&[T]>, within: impl Fn(&T, &T) -> bool) -> bool {
        match (child, self.iter().next_back()) {
            (Some(child), Some(own)) => child.iter().all(|c| own.iter().any(|p| within(c, p))),
            _ => true,
        }
    }
}

impl<T> Clone for Stated<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Stated<'_, T> {}

/// Whether a limit does not exceed the parent's; an absent one is inherited, and no limit holds everything.
fn not_above<T: PartialOrd>(child: Option<T>, parent: Option<T>) -> bool {
    match (child, parent) {
        (Some(child), Some(parent)) => child <= parent,
        _ => true,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::super::{Condition, Operator, Origin, Path, Share, Value};
    use super::*;
    use crate::key::PublicKey;
    use crate::types::{Amount, Epoch, Generation, Hash, KeyBytes, Nonce, ObjectId};
    use alloc::string::String;
    use alloc::vec;
    use alloc::vec::Vec;

    const UNIT: ObjectId = ObjectId([7; 32]);
    const HOTEL: ObjectId = ObjectId([8; 32]);

    /// The base point: any acceptable key will do.
    fn key() -> PublicKey {
        let mut bytes = [0x66; 32];
        bytes[0] = 0x58;
        PublicKey::parse(&KeyBytes(bytes)).unwrap()
    }

    fn token(origin: Origin) -> Token {
        Token {
            expires: Seconds(1000),
            not_before: None,
            nonce: Nonce([1; 16]),
            holder: (&key()).into(),
            valid_until: Seconds(10),
            bundle: None,
            origin,
            permissions: None,
            delegation: None,
            transferable: None,
            max_staleness: None,
            sealed: Some(Hash([2; 32])),
            budgets: None,
            approval: None,
            entries: None,
        }
    }

    fn root() -> Token {
        let delegation = Some(Delegation { mode: DelegationMode::Offline, depth: 3 });
        let permissions = Some(vec![permission(&["book", "cancel"], &["rooms"])]);
        Token { delegation, permissions, ..token(Origin::Root { issuer: ObjectId([3; 32]) }) }
    }

    fn logged() -> Token {
        token(Origin::Logged { parent: ObjectId([4; 32]), epoch: Epoch(0) })
    }

    fn offline() -> Token {
        let origin =
            Origin::Offline { parent: ObjectId([4; 32]), epoch: Epoch(0), generation: Generation(0) };
        Token { sealed: None, ..token(origin) }
    }

    fn permission(actions: &[&str], resources: &[&str]) -> Permission {
        Permission {
            services: Some(vec![HOTEL]),
            actions: Some(actions.iter().copied().map(String::from).collect()),
            resources: Some(resources.iter().map(|path| Path::parse(path).unwrap()).collect()),
            conditions: Vec::new(),
        }
    }

    fn budget(total: Option<u64>, per_use: Option<u64>) -> Budget {
        Budget { per_use: per_use.map(Amount), ..Budget::new(UNIT, Share::Shared, total.map(Amount)) }
    }

    fn child_of(parent: &Token, child: &Token) -> Option<Code> {
        Authority::root(parent).child(child).err()
    }

    fn allows(chain: &[&Token], audience: ObjectId, action: &str, resource: &str) -> Result<(), Code> {
        let resource = Path::parse(resource).unwrap();
        let mut authority = Authority::root(chain[0]);
        for child in &chain[1..] {
            authority = authority.child(child)?;
        }
        authority.allows(&Asked { audience: &audience, action, resource: &resource, arguments: Some(&[]) })
    }

    #[test]
    fn an_absent_claim_of_a_root_gives_nothing() {
        let bare = token(Origin::Root { issuer: ObjectId([3; 32]) });
        let authority = Authority::root(&bare);
        assert_eq!(authority.delegation(), Delegation::NONE);
        assert!(!authority.transferable());
        assert_eq!((authority.max_staleness(), authority.not_before(), authority.links()), (None, None, 1));
        assert_eq!(allows(&[&bare], HOTEL, "book", "rooms"), Err(Code::ServiceNotAllowed));
        let child = Token { permissions: Some(vec![permission(&["book"], &["rooms"])]), ..logged() };
        let delegable = Token { delegation: root().delegation, ..bare };
        assert_eq!(child_of(&delegable, &child), Some(Code::WiderThanParent));
    }

    #[test]
    fn absent_claims_of_a_child_are_inherited() {
        let parent = Token {
            not_before: Some(Seconds(5)),
            transferable: Some(true),
            max_staleness: Some(Seconds(60)),
            ..root()
        };
        let (first, second) = (logged(), offline());
        let child = Authority::root(&parent).child(&first).unwrap().child(&second).unwrap();
        assert_eq!(child.delegation(), Delegation { mode: DelegationMode::Offline, depth: 1 });
        assert_eq!((child.not_before(), child.max_staleness()), (Some(Seconds(5)), Some(Seconds(60))));
        assert_eq!((child.transferable(), child.links(), child.expires()), (true, 3, Seconds(1000)));
        assert_eq!(allows(&[&parent, &first, &second], HOTEL, "book", "rooms/12"), Ok(()));
    }

    #[test]
    fn delegation_needs_the_mode_and_depth_left() {
        let with = |mode, depth| Token { delegation: Some(Delegation { mode, depth }), ..root() };
        let none = Token { delegation: None, ..root() };
        assert_eq!(child_of(&none, &logged()), Some(Code::NotDelegable));
        assert_eq!(child_of(&with(DelegationMode::None, 3), &logged()), Some(Code::NotDelegable));
        assert_eq!(child_of(&with(DelegationMode::Logged, 0), &logged()), Some(Code::NotDelegable));
        assert_eq!(child_of(&with(DelegationMode::Logged, 1), &logged()), None);
        assert_eq!(child_of(&with(DelegationMode::Logged, 1), &offline()), Some(Code::NotDelegable));
        assert_eq!(child_of(&with(DelegationMode::Offline, 1), &offline()), None);
        let stated = |mode, depth| Token { delegation: Some(Delegation { mode, depth }), ..logged() };
        let parent = with(DelegationMode::Logged, 2);
        assert_eq!(child_of(&parent, &stated(DelegationMode::Logged, 1)), None);
        assert_eq!(child_of(&parent, &stated(DelegationMode::Logged, 2)), Some(Code::WiderThanParent));
        assert_eq!(child_of(&parent, &stated(DelegationMode::Offline, 1)), Some(Code::WiderThanParent));
    }

    #[test]
    fn a_chain_has_at_most_depth_max_links() {
        let deep = Delegation { mode: DelegationMode::Logged, depth: 100 };
        let (parent, child) = (Token { delegation: Some(deep), ..root() }, logged());
        let mut authority = Authority::root(&parent);
        for _ in 1..DEPTH_MAX {
            authority = authority.child(&child).unwrap();
        }
        assert_eq!(authority.links(), DEPTH_MAX);
        assert_eq!(authority.child(&child).err(), Some(Code::TooDeep));
    }

    #[test]
    fn a_child_is_no_wider_in_any_claim() {
        let parent = Token { not_before: Some(Seconds(5)), max_staleness: Some(Seconds(60)), ..root() };
        let wider = |child: Token| child_of(&parent, &child) == Some(Code::WiderThanParent);
        assert!(!wider(Token { expires: Seconds(1000), ..logged() }));
        assert!(wider(Token { expires: Seconds(1001), ..logged() }));
        assert!(!wider(Token { not_before: Some(Seconds(5)), ..logged() }));
        assert!(wider(Token { not_before: Some(Seconds(4)), ..logged() }));
        assert!(!wider(Token { transferable: Some(false), ..logged() }));
        assert!(wider(Token { transferable: Some(true), ..logged() }));
        assert!(!wider(Token { max_staleness: Some(Seconds(60)), ..logged() }));
        assert!(wider(Token { max_staleness: Some(Seconds(61)), ..logged() }));
        let permits = |p: Permission| Token { permissions: Some(vec![p]), ..logged() };
        assert!(!wider(permits(permission(&["book"], &["rooms/12"]))));
        assert!(!wider(permits(Permission::default())));
        assert!(wider(permits(permission(&["book", "pay"], &["rooms"]))));
        assert!(wider(permits(permission(&["book"], &["room"]))));
        let elsewhere = Permission { services: Some(vec![UNIT]), ..Permission::default() };
        assert!(wider(permits(elsewhere)));
    }

    #[test]
    fn the_nearest_list_of_permissions_bounds_a_grandchild() {
        let parent = root();
        let narrow = Token { permissions: Some(vec![permission(&["book"], &["rooms"])]), ..logged() };
        let silent = logged();
        let again = Token { permissions: Some(vec![permission(&["cancel"], &["rooms"])]), ..logged() };
        let chain = Authority::root(&parent).child(&narrow).unwrap().child(&silent).unwrap();
        assert_eq!(chain.child(&again).err(), Some(Code::WiderThanParent));
        assert_eq!(allows(&[&parent, &narrow], HOTEL, "cancel", "rooms"), Err(Code::ActionNotAllowed));
    }

    #[test]
    fn the_furthest_alternative_of_the_first_refusing_link_gives_the_code() {
        let mut strict = permission(&["pay"], &["bills"]);
        let operands = vec![Value::Integer(3)];
        strict.conditions = vec![Condition { argument: "nights".into(), operator: Operator::Le, operands }];
        let alternatives = vec![permission(&["book"], &["rooms"]), strict];
        let parent = Token { permissions: Some(alternatives), ..root() };
        let asked = |audience, action, resource| allows(&[&parent], audience, action, resource);
        assert_eq!(asked(HOTEL, "book", "rooms/1"), Ok(()));
        assert_eq!(asked(UNIT, "book", "rooms"), Err(Code::ServiceNotAllowed));
        assert_eq!(asked(HOTEL, "sell", "rooms"), Err(Code::ActionNotAllowed));
        assert_eq!(asked(HOTEL, "book", "bills"), Err(Code::ResourceNotAllowed));
        assert_eq!(asked(HOTEL, "pay", "bills"), Err(Code::ConditionNotMet));
        let nothing = Token { permissions: Some(Vec::new()), ..logged() };
        assert_eq!(allows(&[&parent, &nothing], HOTEL, "book", "bills"), Err(Code::ResourceNotAllowed));
        assert_eq!(allows(&[&parent, &nothing], HOTEL, "book", "rooms"), Err(Code::ServiceNotAllowed));
    }

    #[test]
    fn open_budgets_bound_the_next_link_and_every_payment() {
        let parent = root();
        let with = |budget| Token { budgets: Some(vec![budget]), ..offline() };
        let first = with(budget(Some(100), Some(50)));
        let chain = Authority::root(&parent).child(&first).unwrap();
        let next = |token: &Token| chain.child(token).err();
        assert_eq!(next(&with(budget(Some(100), Some(50)))), None);
        assert_eq!(next(&with(budget(None, None))), None);
        assert_eq!(next(&with(budget(Some(101), None))), Some(Code::WiderThanParent));
        assert_eq!(next(&with(budget(None, Some(51)))), Some(Code::WiderThanParent));
        let refundable = |most| with(Budget { refundable: Some(Amount(most)), ..budget(None, None) });
        assert_eq!(next(&refundable(100)), None);
        assert_eq!(next(&refundable(101)), Some(Code::WiderThanParent));
        assert_eq!(next(&with(Budget { unit: HOTEL, ..budget(None, None) })), Some(Code::WiderThanParent));

        let second = with(budget(Some(40), None));
        let chain = chain.child(&second).unwrap();
        let pay = |amount, unit| {
            let (amount, settle_by) = (Amount(amount), Seconds(0));
            chain.allows_payment(&Payment { amount, unit, settle_by, refund_until: None })
        };
        assert_eq!(pay(40, UNIT), Ok(()));
        assert_eq!(pay(41, UNIT), Err(Code::AboveTotal));
        assert_eq!(pay(51, UNIT), Err(Code::AbovePerUse));
        assert_eq!(pay(1, HOTEL), Err(Code::UnitNotBudgeted));
        let unlimited = Authority::root(&parent);
        let payment = Payment { amount: Amount(9), unit: HOTEL, settle_by: Seconds(0), refund_until: None };
        assert_eq!(unlimited.allows_payment(&payment), Ok(()));
    }
}
