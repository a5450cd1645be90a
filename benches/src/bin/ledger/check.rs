//! V, the unit of every rate: one strict signature check.

use crate::figures::Times;
use ed25519_dalek::{Signer, SigningKey};
use std::hint::black_box;
use std::time::Instant;

/// Seconds of one check, key parsed, when so many threads check at once: the median of short samples of each.
pub fn seconds(threads: usize, samples: usize) -> f64 {
    let mut all = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(|| sampled(samples))).collect();
        let mut all = Times::default();
        threads.into_iter().for_each(|thread| all.extend(thread.join().expect("checks")));
        all
    });
    let [median] = all.percentiles([50.0]);
    median / 1e3
}

fn sampled(samples: usize) -> Times {
    const CHECKS: u32 = 32;
    let signer = SigningKey::from_bytes(&[7; 32]);
    let key = signer.verifying_key();
    let message = [0x5a; 300];
    let signature = signer.sign(&message);
    let mut times = Times::default();
    for _ in 0..samples {
        let started = Instant::now();
        for _ in 0..CHECKS {
            black_box(&key)
                .verify_strict(black_box(&message), black_box(&signature))
                .expect("a good signature");
        }
        times.push(started.elapsed() / CHECKS);
    }
    times
}
