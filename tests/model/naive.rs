//! The naive model: lists of what happened, and every question answered from them anew. It shares no code with `src/`.

/// A token as the model remembers it.
#[derive(Clone, Debug)]
pub struct Token {
    pub parent: Option<usize>,
    /// The parent's epoch that it names.
    pub parent_epoch: u64,
    pub holder: usize,
    pub epoch: u64,
    pub expires: u64,
    /// Actions that it states, as a set of bits.
    pub actions: Option<u8>,
    pub depth_left: Option<u64>,
    pub transferable: Option<bool>,
    pub total: Option<u64>,
    pub per_use: Option<u64>,
    /// Seconds of a span, and most that is reserved in one.
    pub window: Option<(u64, u64)>,
    /// Most that a lease may be, and seconds for which it may be spent from.
    pub leases: Option<(u64, u64)>,
    /// Above which amount somebody is asked.
    pub asks_above: Option<u64>,
    pub carved: bool,
    /// Of a root: how many entries may be written for it and all below, in spans of so many seconds.
    pub quota: Option<(u64, u64)>,
    pub revoked: bool,
    pub ended: bool,
    /// Positions that suspend it, each with the number of the suspension.
    pub suspended: Vec<(usize, usize)>,
    pub frozen: bool,
}

/// An offer as the model remembers it.
#[derive(Clone, Debug)]
pub struct Offer {
    pub token: usize,
    pub epoch: u64,
    pub seller: usize,
    pub amount: u64,
    pub until: u64,
    /// Neither taken, replaced nor withdrawn.
    pub open: bool,
}

/// A reservation as the model remembers it.
#[derive(Clone, Debug)]
pub struct Reservation {
    pub token: usize,
    pub amount: u64,
    pub at: u64,
    pub captures: Vec<Capture>,
    pub released: u64,
    pub settle_by: u64,
}

/// A capture as the model remembers it.
#[derive(Clone, Debug)]
pub struct Capture {
    pub amount: u64,
    pub refunded: u64,
}

/// A request for approval as the model remembers it.
#[derive(Clone, Debug)]
pub struct Request {
    pub token: usize,
    pub epoch: u64,
    pub amount: u64,
    pub decide_by: u64,
    /// Until when the lease that is asked for is spent from; of one use nothing.
    pub lease: Option<u64>,
    /// Neither carried out, withdrawn nor out of time: its value waits.
    pub open: bool,
    pub approved: bool,
    /// Something on its way was stopped since.
    pub cancelled: bool,
}

/// A lease as the model remembers it.
#[derive(Clone, Debug)]
pub struct Lease {
    pub token: usize,
    pub amount: u64,
    pub at: u64,
    pub settle_by: u64,
    /// What the payee took of it, once it is over.
    pub taken: Option<u64>,
    pub refunded: u64,
}

/// What a child is to be.
#[derive(Clone, Copy, Debug)]
pub struct Wish {
    pub actions: Option<u8>,
    pub depth: Option<u64>,
    pub transferable: Option<bool>,
    pub total: Option<u64>,
    pub per_use: Option<u64>,
    pub window: Option<(u64, u64)>,
    pub leases: Option<(u64, u64)>,
    pub asks_above: Option<u64>,
    pub carved: bool,
    pub quota: Option<(u64, u64)>,
    pub expires: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub now: u64,
    pub tokens: Vec<Token>,
    pub reservations: Vec<Reservation>,
    pub leases: Vec<Lease>,
    pub offers: Vec<Offer>,
    pub requests: Vec<Request>,
    pub ledger_frozen: bool,
    /// Refusals that are entries: the root, and the hour.
    pub refusals: Vec<(usize, u64)>,
    /// Every entry, for each root of whose tokens it is about one: the root, and the second.
    pub entries: Vec<(usize, u64)>,
}

impl Reservation {
    fn captured(&self) -> u64 {
        self.captures.iter().map(|capture| capture.amount).sum()
    }

    pub fn refunded(&self) -> u64 {
        self.captures.iter().map(|capture| capture.refunded).sum()
    }

    /// What is still held for the payee.
    pub fn left(&self) -> u64 {
        self.amount - self.captured() - self.released
    }
}

impl Lease {
    /// What of its amount is not back.
    pub fn out(&self) -> u64 {
        self.taken.unwrap_or(self.amount)
    }
}

impl Model {
    /// The token and everything above it, the token first.
    pub fn upward(&self, token: usize) -> Vec<usize> {
        let mut all = vec![token];
        while let Some(parent) = self.tokens[*all.last().unwrap()].parent {
            all.push(parent);
        }
        all
    }

    /// The tokens on which value of this one posts: up to the first that is carved, or the root.
    pub fn path(&self, token: usize) -> Vec<usize> {
        let mut path = Vec::new();
        for link in self.upward(token) {
            path.push(link);
            if self.tokens[link].carved {
                break;
            }
        }
        path
    }

    /// What a token's total has to stand for: what was reserved and has not come back, and what carved children hold.
    pub fn net(&self, token: usize) -> u64 {
        let on_it = |of: usize| self.path(of).contains(&token);
        let spent = self.reservations.iter().filter(|r| on_it(r.token));
        let spent: u64 = spent.map(|r| r.amount - r.released - r.refunded()).sum();
        let children = (0..self.tokens.len()).filter(|c| self.tokens[*c].carved);
        let children = children.filter(|c| self.tokens[*c].parent.is_some_and(on_it));
        let carved: u64 = children.map(|c| self.held(c)).sum();
        let leased = self.leases.iter().filter(|l| on_it(l.token));
        let waits = self.requests.iter().filter(|r| r.open && on_it(r.token)).map(|r| r.amount);
        spent + carved + leased.map(|l| l.out() - l.refunded).sum::<u64>() + waits.sum::<u64>()
    }

    /// What a carved token keeps from its parent: all of its total, or once it has ended what is still bound.
    fn held(&self, token: usize) -> u64 {
        if self.tokens[token].ended { self.net(token) } else { self.tokens[token].total.unwrap() }
    }

    /// Refunds in gross that posted on a token.
    pub fn refunded(&self, token: usize) -> u64 {
        let on_it = self.reservations.iter().filter(|r| self.path(r.token).contains(&token));
        let leased = self.leases.iter().filter(|l| self.path(l.token).contains(&token));
        on_it.map(Reservation::refunded).sum::<u64>() + leased.map(|l| l.refunded).sum::<u64>()
    }

    fn fits(&self, path: &[usize], amount: u64) -> bool {
        path.iter().all(|t| self.tokens[*t].total.is_none_or(|total| self.net(*t) + amount <= total))
    }

    pub fn live(&self, token: usize) -> bool {
        let usable =
            |t: &Token| !t.revoked && !t.ended && t.suspended.is_empty() && !t.frozen && t.expires > self.now;
        let chain = self.upward(token);
        !self.ledger_frozen && chain.iter().all(|t| usable(&self.tokens[*t]) && self.right_epoch(*t))
    }

    fn right_epoch(&self, token: usize) -> bool {
        let token = &self.tokens[token];
        token.parent.is_none_or(|parent| self.tokens[parent].epoch == token.parent_epoch)
    }

    /// Whether nothing can ever be done with it again.
    pub fn spent(&self, token: usize) -> bool {
        self.upward(token).iter().any(|t| {
            let token = &self.tokens[*t];
            token.revoked || token.ended || token.expires <= self.now || !self.right_epoch(*t)
        })
    }

    /// Every link that states actions states this one; a root that states none allows none.
    pub fn allows(&self, token: usize, action: u8) -> bool {
        self.upward(token).iter().all(|t| {
            let token = &self.tokens[*t];
            token.actions.map_or(token.parent.is_some(), |actions| actions & (1 << action) != 0)
        })
    }

    pub fn root(&self, token: usize) -> usize {
        *self.upward(token).last().unwrap()
    }

    /// An entry was written that is about these tokens.
    pub fn entry(&mut self, about: &[usize]) {
        let mut roots: Vec<usize> = about.iter().map(|token| self.root(*token)).collect();
        roots.sort_unstable();
        roots.dedup();
        let now = self.now;
        self.entries.extend(roots.into_iter().map(|root| (root, now)));
    }

    /// How many entries of the root there were in the present span.
    pub fn entries_now(&self, root: usize) -> u64 {
        let Some((_, length)) = self.tokens[root].quota else { return 0 };
        let present = |second: u64| second / length == self.now / length;
        self.entries.iter().filter(|(of, second)| *of == root && present(*second)).count() as u64
    }

    /// Whether something new may be begun with the token, by what its root lets be written.
    pub fn has_room(&self, token: usize) -> bool {
        let root = self.root(token);
        self.tokens[root].quota.is_none_or(|(most, _)| self.entries_now(root) < most)
    }

    /// Whether a refusal of a spend by the holder is an entry: what it spends from is live, and its root has had few
    /// this hour.
    pub fn records_refusal(&mut self, token: usize) -> bool {
        let root = self.root(token);
        let hour = self.now / 3_600;
        let few = self.refusals.iter().filter(|refusal| **refusal == (root, hour)).count() < 64;
        let recorded = self.live(token) && few;
        if recorded {
            self.refusals.push((root, hour));
        }
        recorded
    }

    /// Whether it can be spent without asking anybody.
    pub fn may_reserve(&self, token: usize, amount: u64, action: u8) -> bool {
        self.may_spend(token, amount, action) && !self.asks(token, amount)
    }

    /// The same, if whoever must be asked said yes.
    pub fn may_spend(&self, token: usize, amount: u64, action: u8) -> bool {
        self.live(token)
            && self.has_room(token)
            && self.allows(token, action)
            && self.holds(token, amount)
            && self.fits_windows(token, amount)
    }

    /// Whether one use may be so much, and so much is left.
    pub fn holds(&self, token: usize, amount: u64) -> bool {
        let per_use = |t: &usize| self.tokens[*t].per_use.is_none_or(|most| amount <= most);
        self.upward(token).iter().all(per_use) && self.fits(&self.path(token), amount)
    }

    /// Whether every link's window has room: all that was reserved at or below the link in this span, and not released.
    fn fits_windows(&self, token: usize, amount: u64) -> bool {
        self.upward(token).iter().all(|link| {
            let Some((length, most)) = self.tokens[*link].window else { return true };
            let below = self.reservations.iter().filter(|r| self.upward(r.token).contains(link));
            let now = below.filter(|r| r.at / length == self.now / length);
            let leases = self.leases.iter().filter(|l| self.upward(l.token).contains(link));
            let leased = leases.filter(|l| l.at / length == self.now / length).map(Lease::out);
            now.map(|r| r.amount - r.released).sum::<u64>() + leased.sum::<u64>() + amount <= most
        })
    }

    /// Every link that states a budget lets such a lease be; what one use may be does not matter.
    pub fn may_lease(&self, token: usize, amount: u64, lasts: u64) -> bool {
        self.may_hold_lease(token, amount, lasts)
            && !self.asks(token, amount)
            && self.fits_windows(token, amount)
    }

    /// The same, if whoever must be asked says yes, and what windows count does not matter yet.
    pub fn may_hold_lease(&self, token: usize, amount: u64, lasts: u64) -> bool {
        let allows = |t: &usize| {
            let own = &self.tokens[*t];
            let limits = own.total.or(own.per_use).or(own.window.map(|w| w.1)).or(own.leases.map(|l| l.0));
            let silent = own.parent.is_some() && limits.is_none();
            silent || own.leases.is_some_and(|(most, longest)| amount <= most && lasts <= longest)
        };
        amount > 0
            && self.live(token)
            && self.has_room(token)
            && self.now + lasts <= self.tokens[token].expires
            && self.upward(token).iter().all(allows)
            && self.fits(&self.path(token), amount)
    }

    /// Whether a lease for which approvers said yes may be opened now.
    pub fn may_open_asked(&self, token: usize, amount: u64, lasts: u64) -> bool {
        lasts > 0
            && self.may_hold_lease(token, amount, lasts)
            && self.fits_windows(token, amount)
            && !self.asks_always(token)
    }

    /// Whether a lease can still be settled or closed.
    pub fn lease_open(&self, lease: usize) -> bool {
        self.leases[lease].taken.is_none() && self.leases[lease].settle_by > self.now
    }

    pub fn may_refund_lease(&self, lease: usize, amount: u64) -> bool {
        let of = &self.leases[lease];
        let bound = |t: &usize| self.tokens[*t].total.is_none_or(|most| self.refunded(*t) + amount <= most);
        amount > 0
            && of.taken.is_some_and(|taken| amount <= taken - of.refunded)
            && self.path(of.token).iter().all(bound)
    }

    fn depth_left(&self, token: usize) -> u64 {
        let own = &self.tokens[token];
        own.depth_left.unwrap_or_else(|| own.parent.map_or(0, |parent| self.depth_left(parent) - 1))
    }

    pub fn may_transfer(&self, token: usize) -> bool {
        let transferable = self.upward(token).iter().find_map(|t| self.tokens[*t].transferable);
        let open = self.reservations.iter().any(|r| r.left() > 0 && self.path(r.token).contains(&token));
        let leased = self.leases.iter().any(|l| l.taken.is_none() && self.path(l.token).contains(&token));
        let waits = self.requests.iter().any(|r| r.open && self.path(r.token).contains(&token));
        let open = open || leased || waits;
        let posts_here = |c: &Token| c.parent.is_some_and(|parent| self.path(parent).contains(&token));
        let carved = self.tokens.iter().any(|c| c.carved && !c.ended && posts_here(c));
        self.live(token) && self.has_room(token) && transferable == Some(true) && !open && !carved
    }

    pub fn may_delegate(&self, parent: usize, wish: &Wish) -> bool {
        let chain = self.upward(parent);
        let above = |of: fn(&Token) -> Option<u64>| chain.iter().filter_map(|t| of(&self.tokens[*t])).min();
        let within = |own: Option<u64>, most: Option<u64>| match (own, most) {
            (Some(own), Some(most)) => own <= most,
            _ => true,
        };
        let stated = chain.iter().find_map(|t| self.tokens[*t].actions);
        let actions = wish.actions.is_none_or(|own| stated.is_some_and(|most| own & !most == 0));
        let transferable = chain.iter().find_map(|t| self.tokens[*t].transferable) == Some(true);
        let left = self.depth_left(parent);
        self.live(parent)
            && self.has_room(parent)
            && left > 0
            && wish.depth.is_none_or(|depth| depth < left)
            && chain.len() < 8
            && wish.expires > self.now
            && wish.expires <= self.tokens[parent].expires
            && actions
            && (transferable || wish.transferable != Some(true))
            && within(wish.total, above(|t| t.total))
            && within(wish.per_use, above(|t| t.per_use))
            && (!wish.carved || self.fits(&self.path(parent), wish.total.unwrap()))
    }

    pub fn may_refund(&self, reservation: usize, capture: usize, amount: u64) -> bool {
        let of = &self.reservations[reservation];
        let capture = &of.captures[capture];
        let bound = |t: &usize| self.tokens[*t].total.is_none_or(|most| self.refunded(*t) + amount <= most);
        amount > 0 && amount <= capture.amount - capture.refunded && self.path(of.token).iter().all(bound)
    }

    /// Time passes, and what has fallen due happens.
    pub fn advance(&mut self, seconds: u64) {
        self.now += seconds;
        let now = self.now;
        let mut written = Vec::new();
        for reservation in self.reservations.iter_mut().filter(|r| r.settle_by <= now && r.left() > 0) {
            reservation.released += reservation.left();
            written.push(reservation.token);
        }
        for request in self.requests.iter_mut().filter(|r| r.decide_by <= now && r.open) {
            request.open = false;
            written.push(request.token);
        }
        for lease in self.leases.iter_mut().filter(|l| l.settle_by <= now && l.taken.is_none()) {
            lease.taken = Some(0);
            written.push(lease.token);
        }
        for (place, token) in self.tokens.iter_mut().enumerate() {
            if token.carved && token.expires <= now && !token.ended {
                token.ended = true;
                written.push(place);
            }
        }
        for token in written {
            self.entry(&[token]);
        }
    }
}
