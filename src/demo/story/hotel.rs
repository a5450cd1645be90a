//! Chapter 4: the hotel has a policy, files and a till, and no line to anybody.

use super::{DAY, Trip, permission, show};
use crate::client::{Ask, TokenSpec};
use crate::demo::stage::{Service, Stage, Tale, with_link};
use remit_verifier::code::Code;
use remit_verifier::object::{Act, Lease, Path, Position, Reference, Target, Voucher};
use remit_verifier::sign::LocalSigner;
use remit_verifier::till::{Accepted, OpenLease, Till, Wallet, WalletError, Wanted};
use remit_verifier::types::{Amount, Epoch, Generation, Nonce, ObjectId, Seconds, TillId};

pub(super) fn offline(s: &mut Stage, trip: &Trip) -> Tale<()> {
    s.chapter =
        "4  The ledger is stopped: the hotel has a policy, a file from this morning, and no line to anybody";
    let mut hotel = s.service("the hotel", trip.hotel, trip.company)?;
    let mut counter = Counter::lease(s, trip)?;
    let file = s.presentation(trip.rooms)?;
    let at = s.ledger.epoch(&trip.rooms)?;
    s.ledger.stop()?;
    s.wait(120);
    let ask = s.ask(trip.rooms, trip.hotel, "view", "rooms/12")?;
    let (shown, _) = show(s, &ask, "hotel agent", &file)?;
    s.decide(&mut hotel, "the hotel agent looks at room 12", &shown, None, "allowed");
    let ask = s.ask(trip.rooms, trip.hotel, "view", "ledgers/12")?;
    let (shown, _) = show(s, &ask, "hotel agent", &file)?;
    s.decide(&mut hotel, "it looks at the hotel's books", &shown, None, "resource_not_allowed");
    let (shown, _) = show(s, &s.ask(trip.rooms, trip.hotel, "view", "rooms/12")?, "concierge", &file)?;
    s.decide(&mut hotel, "somebody else shows the hotel agent's file", &shown, None, "wrong_holder");
    let mut ask = s.ask(trip.rooms, trip.hotel, "book", "rooms/12")?;
    ask.payment = Some(s.payment(100_000));
    let (shown, _) = show(s, &ask, "hotel agent", &file)?;
    s.decide(&mut hotel, "it books room 12 for 1 000.00 that nobody holds", &shown, None, "permitted");
    counter.nights(s, &hotel)?;
    let (link, minibar) = concierge(s, trip, &mut hotel, at, &file)?;
    let ask = s.ask(trip.rooms, trip.hotel, "view", "rooms/12")?;
    s.wait(600);
    let (shown, _) = show(s, &Ask { action: "view".into(), ..ask }, "hotel agent", &file)?;
    s.decide(&mut hotel, "the same file twelve minutes later; the policy says ten", &shown, None, "stale");
    s.ledger.resume(s.now)?;
    counter.settle(s, trip)?;
    cut_off(s, trip, &mut hotel, &link, &minibar)
}

/// The hotel agent narrows its token for a concierge without asking the ledger: the link, and what it asks for.
fn concierge(
    s: &mut Stage,
    trip: &Trip,
    hotel: &mut Service,
    at: (Epoch, Generation),
    file: &[u8],
) -> Tale<(Vec<u8>, Ask)> {
    let spec = TokenSpec {
        permissions: Some(vec![permission(trip.hotel, &["view"], &["rooms/12"])?]),
        ..s.spec("concierge", 1800)?
    };
    let key = s.key("hotel agent").clone();
    let (id, link) = s.client.link(s.now, trip.rooms, at, &spec, &key)?;
    let file = with_link(file, &link)?;
    let ask = s.ask(id, trip.hotel, "view", "rooms/12/minibar")?;
    let (shown, _) = show(s, &ask, "concierge", &file)?;
    s.decide(
        hotel,
        "a concierge, let in by the hotel agent alone, looks into room 12",
        &shown,
        None,
        "allowed",
    );
    let (shown, _) = show(s, &s.ask(id, trip.hotel, "view", "rooms/123")?, "concierge", &file)?;
    s.decide(hotel, "it looks into room 123", &shown, None, "resource_not_allowed");
    Ok((link, ask))
}

/// The ledger is back, and every link of the hotel agent ends at once.
fn cut_off(s: &mut Stage, trip: &Trip, hotel: &mut Service, link: &[u8], ask: &Ask) -> Tale<()> {
    let target = Target { token: trip.rooms, epoch: s.epoch(trip.rooms), position: Position(3) };
    s.act("the hotel agent cuts every such link at once", Act::Cut(target), &["hotel agent"], Ok(()))?;
    let file = with_link(&s.presentation(trip.rooms)?, link)?;
    let (shown, _) = show(s, ask, "concierge", &file)?;
    s.decide(hotel, "the concierge comes again with a new file", &shown, None, "old_generation");
    Ok(())
}

/// Both sides of the hotel's counter: the agent's wallet and the hotel's till, for one lease.
struct Counter {
    lease: ObjectId,
    agent: LocalSigner,
    wallet: Wallet,
    till: Till,
    proof: Vec<u8>,
}

impl Counter {
    /// While there is a line, the hotel agent leases 3 000.00 to the hotel's till.
    fn lease(s: &mut Stage, trip: &Trip) -> Tale<Self> {
        let till = TillId(s.client.random()?);
        let now = s.now.seconds().0;
        let terms = Lease {
            token: trip.rooms,
            epoch: s.epoch(trip.rooms),
            payee: trip.hotel,
            till,
            amount: Amount(300_000),
            unit: s.cny,
            spend_until: Seconds(now + 8 * 3600),
            settle_by: Seconds(now + DAY),
            refund_until: None,
            request_nonce: None,
        };
        let tried = "in the morning, the hotel agent leases 3 000.00 to the hotel's till";
        let lease = s.act(tried, Act::Lease(terms), &["hotel agent"], Ok(()))?.id;
        let proof = s.ledger.lease_proof(&lease)?;
        let hotel = s.service("the hotel", trip.hotel, trip.company)?;
        let open = OpenLease::verify(&proof, hotel.policy(), s.now).map_err(Code::text)?;
        let wallet = Wallet::new(s.ledger.id(), &proof).map_err(Code::text)?;
        let till = Till::new(till, &open).map_err(Code::text)?;
        Ok(Self { lease, agent: s.key("hotel agent").clone(), wallet, till, proof })
    }

    /// Signs a voucher; the wallet counts it.
    fn sign(&mut self, s: &mut Stage, amount: u64) -> Tale<Result<Vec<u8>, WalletError>> {
        let wanted = Wanted {
            amount: Amount(amount),
            action: "book".into(),
            resource: Path::parse("rooms/12").map_err(|_| "not a path")?,
            arguments: Vec::new(),
            request: None,
            nonce: Nonce(s.client.random()?),
            valid_until: Seconds(s.now.seconds().0 + 60),
        };
        Ok(self.wallet.sign(&self.agent, &wanted, s.now).map(|(wallet, voucher)| {
            self.wallet = wallet;
            voucher
        }))
    }

    /// The till decides, with what it has and nobody's help.
    fn take(
        &mut self,
        s: &mut Stage,
        hotel: &Service,
        tried: &str,
        voucher: &[u8],
        expected: &str,
    ) -> Tale<()> {
        let open = OpenLease::verify(&self.proof, hotel.policy(), s.now).map_err(Code::text)?;
        let outcome = match self.till.accept(&open, voucher, &[], hotel.policy(), s.now) {
            Ok(Accepted::Taken(till)) => {
                self.till = *till;
                "taken"
            }
            Ok(Accepted::Repeated) => "repeated",
            Err(code) => code.text(),
        };
        s.check("the hotel's till", tried, expected, outcome);
        Ok(())
    }

    /// Three nights, paid at the counter.
    fn nights(&mut self, s: &mut Stage, hotel: &Service) -> Tale<()> {
        let first = self.sign(s, 80_000)?.map_err(|error| format!("{error:?}"))?;
        self.take(s, hotel, "a voucher for the first night, 800.00", &first, "taken")?;
        self.take(
            s,
            hotel,
            "the same voucher again: the same answer, and not one night more",
            &first,
            "repeated",
        )?;
        for night in ["second", "third"] {
            let next = self.sign(s, 80_000)?.map_err(|error| format!("{error:?}"))?;
            self.take(s, hotel, &format!("a voucher for the {night} night"), &next, "taken")?;
        }
        self.take(s, hotel, "the first voucher once more, after the third", &first, "wrong_number")?;
        let outcome = match self.sign(s, 60_001)? {
            Ok(_) => "signed",
            Err(WalletError::Refused(code)) => code.text(),
            Err(WalletError::Sign(_)) => "no key",
        };
        s.check(
            "the agent's wallet",
            "the agent wants to sign 600.01 more, and 600.00 are left of the lease",
            "above_leased",
            outcome,
        );
        Ok(())
    }

    /// The line is back: one entry for all three nights.
    fn settle(&mut self, s: &mut Stage, trip: &Trip) -> Tale<()> {
        self.till = self.till.close();
        let last = self.till.last().ok_or("nothing was taken")?.to_vec();
        let settle = |voucher: &[u8]| -> Tale<Act> {
            let voucher = Box::new(Voucher::decode(voucher).map_err(|error| format!("{error:?}"))?);
            Ok(Act::Settle { lease: Reference::Id(self.lease), voucher })
        };
        let tried =
            "the line is back: the hotel settles 2 400.00 with the last voucher, and 600.00 come back";
        s.act(tried, settle(&last)?, &["the hotel"], Ok(()))?;
        s.act("it settles once more", settle(&last)?, &["the hotel"], Err(Code::Settled))?;
        let balance = s.balance("hotel agent", trip.rooms)?;
        let left = crate::demo::decimal(balance.left_minor.parse::<u64>()?, balance.decimals);
        s.check("the ledger", "what the hotel agent has left", "3 600.00", &left);
        Ok(())
    }
}
