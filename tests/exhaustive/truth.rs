//! The reckoning: who may do what, and where the money is, told from what was applied and from nothing else.

use remit::machine::{MemoryState, key};
use remit_verifier::types::{ObjectId, StateIndex};

/// What an operation means. Numbers are places in the lists of the [`Play`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Does {
    Carve(usize),
    Reserve(usize),
    /// Of a use: the number of the capture, and how much.
    Capture(usize, u64, u64),
    Release(usize, u64),
    /// Of a use: the number of the capture, and how much of it.
    Refund(usize, u64, u64),
    Lease(usize),
    Settle(usize, u64),
    Close(usize),
    /// Of a lease that was settled with the first sum: how much of it.
    RefundLease(usize, u64, u64),
    Request(usize),
    Approve(usize),
    Withdraw(usize),
    Suspend(usize),
    Resume(usize),
    Revoke(usize),
    End(usize),
    /// Of a token, to the other holder.
    Transfer(usize, &'static str),
    FreezeUnit,
    ThawUnit,
    /// Nobody has the right to it, ever.
    Forbidden,
}

/// A token as it was signed.
#[derive(Clone, Debug)]
pub struct Token {
    pub id: ObjectId,
    pub parent: Option<usize>,
    pub parent_epoch: u64,
    pub holder: &'static str,
    pub total: Option<u64>,
    pub carved: bool,
    pub per_use: Option<u64>,
    /// The second at which one span ends and another begins, and most that is reserved in one.
    pub window: Option<(u64, u64)>,
    /// Above it somebody must say yes.
    pub threshold: Option<u64>,
    pub expires: u64,
    /// Whether it is there from the start.
    pub there: bool,
}

/// A reserve as it was signed.
#[derive(Clone, Debug)]
pub struct Use {
    pub token: usize,
    pub by: &'static str,
    pub epoch: u64,
    pub amount: u64,
    pub settle_by: u64,
    pub request: Option<usize>,
    /// Whether an approver's yes travels with it.
    pub brings: bool,
}

/// A lease as it was signed.
#[derive(Clone, Debug)]
pub struct Lease {
    pub token: usize,
    pub by: &'static str,
    pub amount: u64,
    pub settle_by: u64,
    pub request: Option<usize>,
    /// Whether an approver's yes travels with it.
    pub brings: bool,
}

/// A request for approval as it was signed.
#[derive(Clone, Debug)]
pub struct Request {
    pub token: usize,
    pub amount: u64,
    pub decide_by: u64,
}

#[derive(Clone, Debug, Default)]
pub struct Play {
    pub unit: StateIndex,
    pub tokens: Vec<Token>,
    pub uses: Vec<Use>,
    pub leases: Vec<Lease>,
    pub requests: Vec<Request>,
}

#[derive(Clone, Debug, Hash)]
struct Standing {
    there: bool,
    holder: &'static str,
    epoch: u64,
    revoked: bool,
    suspended: bool,
    ended: bool,
}

#[derive(Clone, Debug, Default, Hash)]
struct Held {
    applied: bool,
    at: u64,
    /// What each capture took, and what of it was refunded.
    captures: Vec<(u64, u64)>,
    released: u64,
}

#[derive(Clone, Debug, Default, Hash)]
struct Leased {
    opened: bool,
    at: u64,
    over: bool,
    taken: u64,
    refunded: u64,
}

#[derive(Clone, Debug, Default, Hash)]
struct Asked {
    asked: bool,
    approved: bool,
    closed: bool,
    /// Something on the way was stopped since.
    cancelled: bool,
}

#[derive(Clone, Debug, Hash)]
pub struct Truth {
    done: Vec<bool>,
    tokens: Vec<Standing>,
    uses: Vec<Held>,
    leases: Vec<Leased>,
    requests: Vec<Asked>,
    unit_frozen: bool,
}

type Fault = Option<&'static str>;

/// The fault, if the condition does not hold.
fn need(condition: bool, fault: &'static str) -> Fault {
    (!condition).then_some(fault)
}

impl Play {
    /// The token and all above it.
    fn chain(&self, token: usize) -> Vec<usize> {
        std::iter::successors(Some(token), |place| self.tokens[*place].parent).collect()
    }

    /// Where what is spent at `token` counts: from there up to the first carved token or the root.
    fn path(&self, token: usize) -> Vec<usize> {
        let chain = self.chain(token);
        let funding = chain.iter().position(|place| self.tokens[*place].carved).unwrap_or(chain.len() - 1);
        chain[..=funding].to_vec()
    }
}

impl Held {
    fn captured(&self) -> u64 {
        self.captures.iter().map(|(taken, _)| taken).sum()
    }

    fn refunded(&self) -> u64 {
        self.captures.iter().map(|(_, back)| back).sum()
    }

    fn open(&self, of: &Use) -> u64 {
        if self.applied { of.amount.saturating_sub(self.captured()).saturating_sub(self.released) } else { 0 }
    }
}

impl Leased {
    fn open(&self, of: &Lease) -> u64 {
        if self.opened && !self.over { of.amount } else { 0 }
    }
}

impl Truth {
    pub fn new(play: &Play, moves: usize) -> Self {
        let standing = |token: &Token| Standing {
            there: token.there,
            holder: token.holder,
            epoch: 0,
            revoked: false,
            suspended: false,
            ended: false,
        };
        Self {
            done: vec![false; moves],
            tokens: play.tokens.iter().map(standing).collect(),
            uses: vec![Held::default(); play.uses.len()],
            leases: vec![Leased::default(); play.leases.len()],
            requests: vec![Asked::default(); play.requests.len()],
            unit_frozen: false,
        }
    }

    /// Whether something new may be done with the token.
    fn live(&self, play: &Play, token: usize, now: u64) -> bool {
        play.chain(token).iter().all(|place| {
            let (one, signed) = (&self.tokens[*place], &play.tokens[*place]);
            let epoch = signed.parent.is_none_or(|above| self.tokens[above].epoch == signed.parent_epoch);
            one.there && epoch && !one.revoked && !one.suspended && !one.ended && now < signed.expires
        })
    }

    /// Whether nothing new can ever be done with it.
    fn over(&self, play: &Play, token: usize, now: u64) -> bool {
        play.chain(token).iter().any(|place| {
            let (one, signed) = (&self.tokens[*place], &play.tokens[*place]);
            let old = signed.parent.is_some_and(|above| self.tokens[above].epoch != signed.parent_epoch);
            old || one.revoked || one.ended || now >= signed.expires
        })
    }

    /// Whether somebody who may has said yes to this use or lease, and it still counts.
    fn granted(&self, play: &Play, (request, brings): (Option<usize>, bool), now: u64) -> bool {
        let Some(request) = request else { return false };
        let asked = &self.requests[request];
        let waits = asked.asked && !asked.cancelled && now < play.requests[request].decide_by;
        let yes = (waits && asked.approved) || (brings && (waits || !asked.asked));
        yes && !asked.closed
    }

    /// What is wrong with a spend of `amount` by `by`, if it is applied now.
    fn wrong_spend(&self, play: &Play, (token, by, amount): (usize, &str, u64), now: u64) -> Fault {
        let per_use = |place: &usize| play.tokens[*place].per_use.is_none_or(|most| amount <= most);
        need(self.live(play, token, now), "spent from what was stopped")
            .or_else(|| need(self.tokens[token].holder == by, "spent by somebody else"))
            .or_else(|| need(!self.unit_frozen, "spent in a frozen unit"))
            .or_else(|| need(play.chain(token).iter().all(per_use), "spent above a bound of one use"))
    }

    fn asks(play: &Play, token: usize, amount: u64) -> bool {
        play.chain(token).iter().any(|place| play.tokens[*place].threshold.is_some_and(|most| amount > most))
    }

    /// Notes that the rules applied a move; the fault, if they should not have.
    pub fn applied(&mut self, play: &Play, place: usize, does: Does, now: u64) -> Fault {
        if std::mem::replace(&mut self.done[place], true) {
            return Some("applied twice");
        }
        match does {
            Does::Forbidden => Some("what nobody may do was done"),
            Does::Carve(token) => {
                let above = play.tokens[token].parent.expect("a child");
                self.tokens[token].there = true;
                need(self.live(play, above, now), "delegated from what was stopped")
            }
            Does::Reserve(place) => self.reserved(play, place, now),
            Does::Capture(..) | Does::Release(..) | Does::Refund(..) => self.settled(play, does, now),
            Does::Lease(place) => {
                let of = &play.leases[place];
                let granted = self.granted(play, (of.request, of.brings), now);
                let closed = of.request.is_some_and(|request| self.requests[request].closed);
                let fault = self
                    .wrong_spend(play, (of.token, of.by, 0), now)
                    .or_else(|| need(!closed, "one request was carried out twice"))
                    .or_else(|| {
                        let asks = Self::asks(play, of.token, of.amount);
                        need(granted || !asks, "leased around the approvers")
                    });
                if let Some(request) = of.request {
                    self.requests[request].closed = true;
                }
                self.leases[place] = Leased { opened: true, at: now, ..Leased::default() };
                fault
            }
            Does::Settle(..) | Does::Close(_) | Does::RefundLease(..) => self.till(play, does, now),
            Does::Request(place) => {
                let of = &play.requests[place];
                self.requests[place].asked = true;
                need(self.live(play, of.token, now), "asked for what was stopped")
            }
            Does::Approve(place) => {
                let asked = &mut self.requests[place];
                asked.approved = true;
                let late = now >= play.requests[place].decide_by;
                need(!asked.closed && !asked.cancelled && !late, "approved what waits no longer")
            }
            Does::Withdraw(place) => {
                let closed = std::mem::replace(&mut self.requests[place].closed, true);
                need(!closed, "withdrawn although it did not wait")
            }
            Does::Suspend(token) => self.stop(play, Some(token), |one| one.suspended = true),
            Does::Resume(token) => {
                self.tokens[token].suspended = false;
                None
            }
            Does::Revoke(token) => self.stop(play, Some(token), |one| one.revoked = true),
            Does::End(token) => {
                let fault = need(self.over(play, token, now), "ended while it could be used");
                self.tokens[token].ended = true;
                fault
            }
            Does::Transfer(token, to) => {
                let fault = need(self.live(play, token, now), "transferred although it was stopped");
                let one = &mut self.tokens[token];
                (one.holder, one.epoch) = (to, one.epoch + 1);
                fault.or_else(|| need(self.open_value(play, token) == 0, "transferred with open value"))
            }
            Does::FreezeUnit => {
                self.unit_frozen = true;
                self.stop(play, None, |_| ())
            }
            Does::ThawUnit => {
                self.unit_frozen = false;
                None
            }
        }
    }

    /// A stop cancels what waits below it; without a token, everything.
    fn stop(&mut self, play: &Play, token: Option<usize>, mark: impl Fn(&mut Standing)) -> Fault {
        if let Some(token) = token {
            mark(&mut self.tokens[token]);
        }
        for (request, asked) in play.requests.iter().zip(&mut self.requests) {
            if asked.asked && token.is_none_or(|token| play.chain(request.token).contains(&token)) {
                asked.cancelled = true;
            }
        }
        None
    }

    fn reserved(&mut self, play: &Play, place: usize, now: u64) -> Fault {
        let of = &play.uses[place];
        let fault = self
            .wrong_spend(play, (of.token, of.by, of.amount), now)
            .or_else(|| need(self.tokens[of.token].epoch == of.epoch, "spent under an old epoch"));
        let granted = self.granted(play, (of.request, of.brings), now);
        let fault = fault.or_else(|| {
            need(
                granted || !Self::asks(play, of.token, of.amount),
                "spent without the approval that it needs",
            )
        });
        if let Some(request) = of.request {
            self.requests[request].closed = true;
        }
        self.uses[place] = Held { applied: true, at: now, ..Held::default() };
        fault
    }

    fn settled(&mut self, play: &Play, does: Does, now: u64) -> Fault {
        match does {
            Does::Capture(place, number, amount) => {
                let (of, held) = (&play.uses[place], &mut self.uses[place]);
                let open = held.open(of);
                let next = held.captures.len() as u64 + 1;
                held.captures.push((amount, 0));
                need(held.applied && amount <= open, "captured more than was held")
                    .or_else(|| need(number == next, "captured twice"))
                    .or_else(|| need(now < of.settle_by, "captured late"))
            }
            Does::Release(place, amount) => {
                let (of, held) = (&play.uses[place], &mut self.uses[place]);
                let open = held.open(of);
                held.released += amount;
                need(held.applied && amount <= open, "released more than was held")
            }
            Does::Refund(place, number, amount) => {
                let capture = self.uses[place].captures.get_mut(number as usize - 1);
                let Some((taken, back)) = capture else { return Some("refunded what was not captured") };
                *back += amount;
                need(*back <= *taken, "refunded more than was captured")
            }
            _ => None,
        }
    }

    fn till(&mut self, play: &Play, does: Does, now: u64) -> Fault {
        match does {
            Does::Settle(place, amount) => {
                let (of, lease) = (&play.leases[place], &mut self.leases[place]);
                let open = lease.opened && !std::mem::replace(&mut lease.over, true);
                lease.taken = amount;
                need(open, "settled what was over").or_else(|| need(now < of.settle_by, "settled late"))
            }
            Does::Close(place) => {
                let lease = &mut self.leases[place];
                let open = lease.opened && !std::mem::replace(&mut lease.over, true);
                need(open, "closed what was over")
            }
            Does::RefundLease(place, sum, amount) => {
                let lease = &mut self.leases[place];
                lease.refunded += amount;
                need(lease.taken == sum && lease.refunded <= sum, "refunded more than was settled")
            }
            _ => None,
        }
    }

    /// Notes that the rules refused a move; the fault, if the payee had a right to it.
    pub fn refused(&self, play: &Play, place: usize, does: Does, now: u64) -> Fault {
        if self.done[place] {
            return None;
        }
        let right = match does {
            Does::Capture(place, number, amount) => {
                let (of, held) = (&play.uses[place], &self.uses[place]);
                let next = held.captures.len() as u64 + 1;
                held.applied && number == next && amount <= held.open(of) && now < of.settle_by
            }
            Does::Release(place, amount) => {
                let (of, held) = (&play.uses[place], &self.uses[place]);
                held.applied && amount <= held.open(of) && now < of.settle_by
            }
            Does::Refund(place, number, amount) => {
                let capture = self.uses[place].captures.get(number as usize - 1);
                capture.is_some_and(|(taken, back)| amount <= taken - back)
            }
            Does::Settle(place, _) | Does::Close(place) => {
                let (of, lease) = (&play.leases[place], &self.leases[place]);
                lease.opened && !lease.over && now < of.settle_by
            }
            Does::RefundLease(place, sum, amount) => {
                let lease = &self.leases[place];
                lease.over && lease.taken == sum && amount <= sum.saturating_sub(lease.refunded)
            }
            _ => false,
        };
        need(!right, "the payee was refused what is his")
    }

    /// What fell due was written.
    pub fn written(&mut self, play: &Play, does: Does) {
        match does {
            Does::Carve(token) => self.tokens[token].ended = true,
            Does::Reserve(place) => {
                let open = self.uses[place].open(&play.uses[place]);
                self.uses[place].released += open;
            }
            Does::Lease(place) => self.leases[place].over = true,
            Does::Request(place) => self.requests[place].closed = true,
            _ => {}
        }
    }

    /// Nothing is kept from the holder after the time for it.
    pub fn nothing_is_overdue(&self, play: &Play, now: u64) -> Fault {
        let late = |(of, held): (&Use, &Held)| now >= of.settle_by && held.open(of) > 0;
        let leased = |(of, lease): (&Lease, &Leased)| now >= of.settle_by && lease.open(of) > 0;
        let waits = |(of, asked): (&Request, &Asked)| now >= of.decide_by && asked.asked && !asked.closed;
        let kept = play.uses.iter().zip(&self.uses).any(late)
            || play.leases.iter().zip(&self.leases).any(leased)
            || play.requests.iter().zip(&self.requests).any(waits);
        need(!kept, "value did not come back at its deadline")
    }

    /// What is spent or held at each use, lease and request, with its token.
    fn amounts(&self, play: &Play) -> impl Iterator<Item = (usize, u64)> {
        let uses =
            play.uses.iter().zip(&self.uses).map(|(of, held)| {
                (of.token, (held.open(of) + held.captured()).saturating_sub(held.refunded()))
            });
        let leases = play
            .leases
            .iter()
            .zip(&self.leases)
            .map(|(of, lease)| (of.token, (lease.open(of) + lease.taken).saturating_sub(lease.refunded)));
        let pending =
            play.requests.iter().zip(&self.requests).map(|(of, asked)| (of.token, asked.pending(of)));
        uses.chain(leases).chain(pending).collect::<Vec<_>>().into_iter()
    }

    /// What is held for payees or waits, and counts at `token`.
    fn open_value(&self, play: &Play, token: usize) -> u64 {
        let uses = play.uses.iter().zip(&self.uses).map(|(of, held)| (of.token, held.open(of)));
        let leases = play.leases.iter().zip(&self.leases).map(|(of, lease)| (of.token, lease.open(of)));
        let waits = play.requests.iter().zip(&self.requests).map(|(of, asked)| (of.token, asked.pending(of)));
        let all = uses.chain(leases).chain(waits);
        all.filter(|(at, _)| play.path(*at).contains(&token)).map(|(_, amount)| amount).sum()
    }

    /// No token and nothing below it spends more than its total, or in a span more than its window.
    pub fn spends_within_bounds(&self, play: &Play, now: u64) -> Fault {
        for (place, token) in play.tokens.iter().enumerate() {
            let below = |at: usize| play.chain(at).contains(&place);
            let spent: u64 = self.amounts(play).filter(|(at, _)| below(*at)).map(|(_, amount)| amount).sum();
            if token.total.is_some_and(|total| spent > total) {
                return Some("more was spent than a total");
            }
            let Some((border, most)) = token.window else { continue };
            let same = |at: u64| (at < border) == (now < border);
            let uses = play.uses.iter().zip(&self.uses).filter(|(of, held)| below(of.token) && same(held.at));
            let used: u64 = uses.map(|(of, held)| held.open(of) + held.captured()).sum();
            let leases = play.leases.iter().zip(&self.leases);
            let leases = leases.filter(|(of, lease)| below(of.token) && same(lease.at));
            let leased: u64 = leases.map(|(of, lease)| lease.open(of) + lease.taken).sum();
            if used + leased > most {
                return Some("more was spent than a window allows");
            }
        }
        None
    }

    /// What a token has committed of its total, told from the uses, leases, requests and carved children.
    fn committed(&self, play: &Play, token: usize) -> u64 {
        let here: u64 = self
            .amounts(play)
            .filter(|(at, _)| play.path(*at).contains(&token))
            .map(|(_, amount)| amount)
            .sum();
        let children = play.tokens.iter().enumerate().filter(|(place, child)| {
            let above = child.parent.filter(|_| child.carved && self.tokens[*place].there);
            above.is_some_and(|above| play.path(above).contains(&token))
        });
        let carved = children.map(|(place, child)| {
            // An ended child gave back what it did not spend.
            if self.tokens[place].ended { self.committed(play, place) } else { child.total.unwrap_or(0) }
        });
        here + carved.sum::<u64>()
    }

    /// The counters that the rules keep say the same: nothing vanished, nothing came from nowhere.
    pub fn counters_agree(&self, play: &Play, machine: &MemoryState) -> Fault {
        for (place, token) in play.tokens.iter().enumerate() {
            let one = &self.tokens[place];
            let index = machine.get(&key::IndexOf(token.id)).filter(|_| one.there && !one.ended);
            let Some(record) = index.and_then(|index| machine.get(&key::LeafAt(*index))) else { continue };
            let counters = record.private.as_ref().map(|private| private.values.counters(play.unit));
            let kept = counters.unwrap_or_default().committed().map(|amount| amount.0);
            if kept != Some(self.committed(play, place)) {
                return Some("a counter is not what was spent");
            }
        }
        None
    }
}

impl Asked {
    fn pending(&self, of: &Request) -> u64 {
        if self.asked && !self.closed { of.amount } else { 0 }
    }
}
