//! Value at work: reserves with their captures, vouchers at a till, and settlements.

use super::world::{Held, NOW, ORIGIN, World, holder, key};
use crate::harness::{Bench, Limit};
use remit::client::Ready;
use remit_verifier::limits::BATCH_OPERATIONS_MAX;
use remit_verifier::object::{Act, Claim, Invocation, Lease, Path, Reference, Voucher};
use remit_verifier::sign::Signer;
use remit_verifier::till::{Accepted, OpenLease, Till, Wallet, Wanted};
use remit_verifier::types::{Amount, Epoch, Hash, Millis, Nonce, ObjectId, Seconds, TillId};
use remit_verifier::verify::{Issuers, LoggedLinks, Policy, Serving, Settings};
use std::cell::RefCell;
use std::rc::Rc;

/// Uses of one lease that are settled in one entry.
const USES: u64 = 10_000;
const TILL: TillId = TillId([7; 32]);
const HOUR: u64 = 3600;

/// Adds the rows.
pub fn rows(bench: &mut Bench) {
    if bench.wants(&["pairs submit"]) {
        pairs(bench);
    }
    if bench.wants(&["voucher accept"]) {
        vouchers(bench);
    }
    if bench.wants(&["settle 10 000 uses"]) {
        settlements(bench);
    }
}

/// Reserves of one batch and their captures in the next: what a purchase takes in all.
fn pairs(bench: &mut Bench) {
    let mut world = World::new();
    let roots = world.roots(bench.scale(100_000, 600));
    let world = Rc::new(RefCell::new(world));
    let (ready, mut number) = (world.clone(), 0);
    let prepare = move || {
        let mut world = ready.borrow_mut();
        let reserves: Vec<Ready> = (0..BATCH_OPERATIONS_MAX)
            .map(|_| {
                number += 1;
                world.reserve(roots[number * 7_919 % roots.len()])
            })
            .collect();
        let captures: Vec<Ready> = reserves.iter().map(|reserve| capture(&mut world, reserve.id)).collect();
        (reserves, captures)
    };
    let call = move |(reserves, captures): (Vec<Ready>, Vec<Ready>)| {
        world.borrow_mut().submit(&reserves);
        world.borrow_mut().submit(&captures);
    };
    let note = "a reserve and its capture, from bytes to two signed checkpoints";
    let limit = Limit::times(2.0 * 2.5, "V");
    bench.time_prepared("pairs submit", note, limit, BATCH_OPERATIONS_MAX as u32, prepare, call);
}

fn capture(world: &mut World, reserve: ObjectId) -> Ready {
    let act = Act::Capture { reserve: Reference::Id(reserve), number: 1, amount: Amount(1) };
    signed(world, act, &key("hotel"))
}

fn signed(world: &mut World, act: Act, signer: &dyn Signer) -> Ready {
    let draft = world.client.act(NOW, act, &[signer]).expect("a draft");
    world.client.ready(&[draft]).expect("signs")
}

/// A lease of a great amount, for the hotel's till.
fn lease(world: &mut World, held: Held) -> ObjectId {
    let now = NOW.seconds().0;
    let terms = Lease {
        token: held.token,
        epoch: Epoch(0),
        payee: world.hotel,
        till: TILL,
        amount: Amount(USES),
        unit: world.unit,
        spend_until: Seconds(now + HOUR),
        settle_by: Seconds(now + 2 * HOUR),
        refund_until: None,
        request_nonce: None,
    };
    let ready = signed(world, Act::Lease(terms), &holder(held.holder));
    world.submit(std::slice::from_ref(&ready));
    ready.id
}

/// A till that takes one voucher after the other, each decoded, checked and counted; storing it is its owner's.
fn vouchers(bench: &mut Bench) {
    let mut world = World::new();
    let held = world.roots(1)[0];
    let id = lease(&mut world, held);
    let proof = world.ledger.lease_proof(&id).expect("proved");
    let policy = policy(&world);
    let open = OpenLease::verify(&proof, &policy, NOW).expect("opens");
    let count = bench.scale(512, 8_u64);
    let (mut wallet, signer) =
        (Wallet::new(world.ledger.id(), &proof).expect("a lease"), holder(held.holder));
    let signed: Vec<Vec<u8>> = (0..count)
        .map(|number| {
            let (next, voucher) = wallet.sign(&signer, &wanted(number), NOW).expect("signed");
            wallet = next;
            voucher
        })
        .collect();
    let till = Till::new(TILL, &open).expect("its till");
    let take_all = move || {
        let mut till = till.clone();
        for voucher in &signed {
            match till.accept(&open, voucher, &[], &policy, NOW) {
                Ok(Accepted::Taken(next)) => till = *next,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(till.tally().number(), count);
    };
    let note = "a till takes one more voucher of a lease, offline, until it is to be stored";
    bench.time_many("voucher accept", note, Limit::times(1.25, "V"), count as u32, take_all);
}

fn wanted(number: u64) -> Wanted {
    let mut nonce = [0; 16];
    nonce[..8].copy_from_slice(&number.to_be_bytes());
    Wanted {
        amount: Amount(1),
        action: "book".into(),
        resource: Path::parse("flights/CA1501").expect("a path"),
        arguments: Vec::new(),
        request: None,
        nonce: Nonce(nonce),
        valid_until: Seconds(NOW.seconds().0 + 60),
    }
}

fn policy(world: &World) -> Policy {
    let settings = Settings {
        trust: world.ledger.trust().expect("a name"),
        ledgers: vec![(ORIGIN.into(), world.ledger.id())],
        party: world.hotel,
        issuers: Issuers::Listed(vec![world.issuer]),
        max_staleness: Seconds(60),
        skew: Millis(2_000),
        offline_links: true,
        logged_links: LoggedLinks::Verify,
        replaying: Vec::new(),
        at_risk: Vec::new(),
        serving: Serving::default(),
    };
    Policy::new(settings).expect("fits")
}

/// A lease that 10 000 uses were made of is settled in one entry: the figure is for the entry, not for one use.
fn settlements(bench: &mut Bench) {
    let mut world = World::new();
    let roots = world.roots(64);
    let world = Rc::new(RefCell::new(world));
    let (ready, mut number) = (world.clone(), 0);
    let prepare = move || {
        number += 1;
        let (mut world, held) = (ready.borrow_mut(), roots[number % roots.len()]);
        let id = lease(&mut world, held);
        settle(&mut world, held, id)
    };
    let call = move |ready: Ready| world.borrow_mut().submit(std::slice::from_ref(&ready));
    let note = "one entry for a lease of 10 000 uses: two signatures, a batch of its own, a checkpoint";
    bench.time_prepared("settle 10 000 uses", note, Limit::beside(2.0, "V"), 1, prepare, call);
}

fn settle(world: &mut World, held: Held, lease: ObjectId) -> Ready {
    let claim = Claim {
        amount: Amount(1),
        unit: world.unit,
        lease,
        number: USES,
        cumulative: Amount(USES),
        root: Hash([9; 32]),
    };
    let ask = world.ask(held.token, None);
    let invocation = world.client.invocation(NOW, &ask).expect("a draft");
    let invocation = Invocation { claim: Some(claim), ..invocation };
    let bytes = world.client.invoke(&invocation, &holder(held.holder)).expect("signs").1;
    let voucher = Box::new(Voucher::decode(&bytes).expect("a voucher"));
    signed(world, Act::Settle { lease: Reference::Id(lease), voucher }, &key("hotel"))
}
