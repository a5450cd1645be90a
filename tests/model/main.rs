//! Random operations, expiries, crashes and retries through the ledger and through a naive model that shares no code
//! with it: both must agree on every yes and no, on every balance, on what every root's entries count to, and on what
//! the whole log replays to.
#![allow(unreachable_pub)]

mod asks;
mod disk;
mod drive;
mod leases;
mod naive;
mod sales;
mod stops;

use drive::{COMMANDS, Drive};
use proptest::prelude::*;

/// Cases; more with `REMIT_MODEL_CASES`.
fn cases() -> u32 {
    std::env::var("REMIT_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn ledger_and_model_agree(
        commands in prop::collection::vec((0..COMMANDS, any::<u8>(), any::<u8>(), any::<u16>()), 1..80),
    ) {
        let mut drive = Drive::new();
        for (kind, which, other, amount) in commands {
            drive.step(kind, usize::from(which), usize::from(other), u64::from(amount));
            drive.compare();
        }
        drive.audit();
    }
}

/// A fixed long run, so that every kind of command is known to be both accepted and refused at least once.
#[test]
fn a_long_run_meets_every_kind_both_ways() {
    let mut drive = Drive::new();
    drive.run(7, 4000);
    drive.compare();
    drive.audit();
    for (name, (yes, no)) in &drive.tally {
        println!("{name:<10} accepted {yes:>4} refused {no:>4}");
        assert!(*yes > 0 && *no > 0, "{name}: accepted {yes}, refused {no}");
    }
    let most = drive.tally["begun within the quota"];
    assert!(most.0 > 10 && most.1 > 10, "quotas decide both ways: {most:?}");
    assert!(drive.tally.len() >= 30, "only {} kinds were met", drive.tally.len());
}
