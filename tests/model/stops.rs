//! Suspensions, revocations, transfers and freezes, on the ledger and on the model.

use crate::drive::{Drive, HOLDERS, holder};
use remit_verifier::object::{Act, Position, Reference, Target};
use remit_verifier::types::{Epoch, ObjectId, StateIndex};

impl Drive {
    fn target(&self, token: usize, position: usize) -> Target {
        let epoch = Epoch(self.model.tokens[token].epoch);
        Target { token: self.tokens[token], epoch, position: Position(position as u8) }
    }

    /// A position from 1 to one below the token's own holder.
    fn position(&self, token: usize, bits: usize) -> (usize, usize) {
        let depth = self.model.upward(token).len();
        (1 + bits % (depth + 2).min(9), depth)
    }

    fn alive(&self, token: usize) -> bool {
        !self.model.tokens[token].revoked && !self.model.tokens[token].ended
    }

    pub fn suspend(&mut self, token: usize, bits: usize) {
        if !bits.is_multiple_of(3) {
            return;
        }
        let (position, depth) = self.position(token, bits);
        let already = self.model.tokens[token].suspended.iter().any(|(by, _)| *by == position);
        let expected = position <= depth && self.alive(token) && !already;
        let id = self.act(Act::Suspend(self.target(token, position)), &[self.at(token, position)]);
        if self.agree("suspend", expected, id.is_some()) {
            self.model.tokens[token].suspended.push((position, self.suspensions.len()));
            self.model.stop(Some(token));
            self.suspensions.push(id.unwrap());
            self.model.entry(&[token]);
        }
    }

    pub fn resume(&mut self, token: usize, bits: usize, number: usize) {
        let Some(number) = number.checked_rem(self.suspensions.len()) else { return };
        // Mostly of a token that this suspension holds.
        let held = self.model.tokens.iter().position(|t| t.suspended.iter().any(|(_, by)| *by == number));
        let token = if bits % 8 == 7 { token } else { held.unwrap_or(token) };
        let (position, depth) = self.position(token, bits);
        let in_force = self.model.tokens[token].suspended.iter().find(|(_, by)| *by == number).copied();
        let frozen = self.model.upward(token).iter().any(|t| self.model.tokens[*t].frozen);
        let expected = position <= depth
            && self.alive(token)
            && !self.model.ledger_frozen
            && !frozen
            && in_force.is_some_and(|(by, _)| position <= by);
        let suspend = Reference::Id(self.suspensions[number]);
        let act = Act::Resume { target: self.target(token, position), suspend };
        let id = self.act(act, &[self.at(token, position)]);
        if self.agree("resume", expected, id.is_some()) {
            self.model.tokens[token].suspended.retain(|(_, by)| *by != number);
            self.model.entry(&[token]);
        }
    }

    pub fn revoke(&mut self, token: usize, bits: usize) {
        // Not too often, or nothing is left to spend.
        if !bits.is_multiple_of(5) {
            return;
        }
        let (position, depth) = self.position(token, bits / 5);
        let expected = position <= depth + 1 && self.alive(token);
        let id = self.act(Act::Revoke(self.target(token, position)), &[self.at(token, position)]);
        if self.agree("revoke", expected, id.is_some()) {
            self.model.tokens[token].revoked = true;
            self.model.entry(&[token]);
        }
    }

    pub fn end(&mut self, token: usize, bits: usize) {
        let (position, depth) = self.position(token, bits);
        let expected = position <= depth + 1 && !self.model.tokens[token].ended && self.model.spent(token);
        let id = self.act(Act::End(self.target(token, position)), &[self.at(token, position)]);
        if self.agree("end", expected, id.is_some()) {
            self.model.tokens[token].ended = true;
            self.model.entry(&[token]);
        }
    }

    pub fn transfer(&mut self, token: usize, bits: usize) {
        // Few tokens can be transferred, so that mostly one of them is looked for.
        let able = (0..self.tokens.len()).rev().find(|token| self.model.may_transfer(*token));
        let token = if bits & 2 == 0 { able.unwrap_or(token) } else { token };
        let from = self.model.tokens[token].holder + usize::from(bits % 16 == 15);
        let (old, new) = (holder(from), holder(bits));
        let epoch = Epoch(self.model.tokens[token].epoch);
        let draft = self.client.transfer(self.now(), self.tokens[token], epoch, (&old, &new)).unwrap();
        let done = self.submit(&[draft]);
        let holds = from % HOLDERS == self.model.tokens[token].holder;
        let expected = holds && self.model.may_transfer(token);
        if self.agree("transfer", expected, done.is_some()) {
            self.model.tokens[token].holder = bits % HOLDERS;
            self.model.tokens[token].epoch += 1;
            self.model.entry(&[token]);
        }
    }

    /// Freezes a token or the ledger, or lifts the freeze that is in force.
    pub fn freeze(&mut self, token: usize, bits: usize) {
        let frozen = self.model.ledger_frozen || self.model.tokens.iter().any(|token| token.frozen);
        if !frozen && bits % 4 > 1 {
            return;
        }
        let (leaf, id) = if self.model.ledger_frozen || (!frozen && bits.is_multiple_of(4)) {
            (StateIndex(0), ObjectId(self.ledger.id().0))
        } else {
            let frozen = self.model.tokens.iter().position(|token| token.frozen);
            let id = self.tokens[frozen.unwrap_or(token)];
            (self.ledger.leaf(&id).unwrap().leaf.index, id)
        };
        let wrong = bits % 4 == 1;
        let by = if wrong { self.key("issuer") } else { self.key("operator") };
        let frozen = if leaf.0 == 0 {
            &mut self.model.ledger_frozen
        } else {
            let place = self.tokens.iter().position(|token| *token == id).unwrap();
            &mut self.model.tokens[place].frozen
        };
        let lifting = *frozen;
        if !wrong {
            *frozen = !lifting;
        }
        let act = match self.freezes.get(&leaf) {
            Some(freeze) if lifting => Act::Unfreeze { leaf, id, freeze: Reference::Id(*freeze) },
            _ => Act::Freeze { leaf, id },
        };
        let done = self.act(act, &[by]);
        if self.agree(if lifting { "unfreeze" } else { "freeze" }, !wrong, done.is_some()) {
            let place = self.tokens.iter().position(|token| *token == id);
            if !lifting {
                self.model.stop(place);
            }
            if let Some(place) = place {
                self.model.entry(&[place]);
            }
            self.freezes.extend(done.map(|id| (leaf, id)));
        }
    }
}
