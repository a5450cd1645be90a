//! How long a verdict takes, against one signature check: `rate CASE`. One line: library, microseconds of a verdict by
//! a new verifier, of one by a verifier that has seen the presentation, and of a check.

use remit_verifier::key::PublicKey;
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::Millis;
use remit_verifier::verify::{Case, Decision, Policy, Request, Verifier};
use std::error::Error;
use std::time::{Duration, Instant};

/// How long each row is measured.
const SPAN: Duration = Duration::from_millis(1_000);

fn micros(mut work: impl FnMut()) -> f64 {
    let (start, mut count) = (Instant::now(), 0_u32);
    while start.elapsed() < SPAN {
        work();
        count = count.saturating_add(1);
    }
    start.elapsed().as_secs_f64() * 1e6 / f64::from(count)
}

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::fs::read(std::env::args_os().nth(1).ok_or("usage: rate CASE")?)?;
    let case = Case::decode(&file).map_err(|error| format!("{error:?}"))?;
    let policy = Policy::from_toml(case.policy)?;
    let invocation = case.invocation.ok_or("a case with a request")?;
    let request = Request { invocation, arguments: &case.arguments, approvals: &case.approvals };
    let judge = |verifier: &mut Verifier| {
        let verdict = verifier.verify(case.presentation, Some(&request), case.evidence, case.now);
        assert_eq!(verdict.decision, Decision::Allowed);
    };
    let first = micros(|| judge(&mut Verifier::new(policy.clone(), Millis(0))));
    let mut seen = Verifier::new(policy.clone(), Millis(0));
    let again = micros(|| judge(&mut seen));
    let signer = LocalSigner::from_seed(&[7; 32]);
    let (message, key) = ([1; 200], signer.public_key());
    let signature = signer.sign(&message)?;
    let key = PublicKey::parse(&key).map_err(|error| format!("{error:?}"))?;
    let check = micros(|| assert!(key.verify(&message, &signature).is_ok()));
    println!("rust {first:.1} {again:.1} {check:.1} ed25519-dalek");
    Ok(())
}
