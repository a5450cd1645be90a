//! Random operations through the ledger and through a naive model that shares no code with it: both must agree on every
//! yes and no, on every balance, and on what the whole log replays to.
#![allow(unreachable_pub)]

mod asks;
mod drive;
mod naive;
mod sales;

use drive::Drive;
use proptest::prelude::*;

/// Cases; more with `REMIT_MODEL_CASES`.
fn cases() -> u32 {
    std::env::var("REMIT_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn ledger_and_model_agree(
        commands in prop::collection::vec((0u8..42, any::<u8>(), any::<u8>(), any::<u16>()), 1..80),
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
    let mut state = 7u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    for _ in 0..3500 {
        let (kind, which, other, amount) = (next() % 42, next() % 256, next() % 256, next() % 65_536);
        drive.step(kind as u8, which as usize, other as usize, amount);
    }
    drive.compare();
    drive.audit();
    for (name, (yes, no)) in &drive.tally {
        println!("{name:<10} accepted {yes:>4} refused {no:>4}");
        assert!(*yes > 0 && *no > 0, "{name}: accepted {yes}, refused {no}");
    }
    assert!(drive.tally.len() >= 23, "only {} kinds were met", drive.tally.len());
}
