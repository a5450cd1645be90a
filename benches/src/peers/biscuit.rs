//! biscuit-auth 6.0.0: an authority block and 0, 1 or 3 attenuation blocks. It has no proof of possession:
//! whoever has the bytes may use them, so its rows do one signature less than the others.

use crate::harness::Bench;
use biscuit_auth::builder::{Algorithm, BlockBuilder};
use biscuit_auth::builder_ext::BuilderExt;
use biscuit_auth::{AuthorizerBuilder, AuthorizerLimits, Biscuit, KeyPair, PublicKey};
use std::hint::black_box;
use std::time::Duration;

/// Adds building, appending, and for each number of blocks decoding with its signatures, and that with a
/// decision.
pub fn rows(bench: &mut Bench) {
    let root = key_pair();
    let token = authority(&root);
    bench.time("biscuit build", "authority block", None, move || {
        black_box(authority(&root));
    });
    bench.time("biscuit append", "one attenuation block", None, move || {
        black_box(append(&token));
    });

    let names = [
        (0, ["biscuit bytes 0", "biscuit decode 0", "biscuit request 0"]),
        (1, ["biscuit bytes 1", "biscuit decode 1", "biscuit request 1"]),
        (3, ["biscuit bytes 3", "biscuit decode 3", "biscuit request 3"]),
    ];
    for (blocks, [bytes, decode, request]) in names {
        let root = key_pair();
        let public = root.public();
        let token = (0..blocks).fold(authority(&root), |token, _| append(&token));
        let encoded = token.to_vec().expect("a token encodes");
        bench.size(bytes, "", encoded.len(), None);
        let encoded_too = encoded.clone();
        bench.time(decode, "bytes to token, all signatures", None, move || {
            black_box(Biscuit::from(black_box(&encoded_too), public).expect("a good token"));
        });
        bench.time(request, "decode, signatures, authorise; no proof of possession", None, move || {
            decide(&encoded, public);
        });
    }
}

fn key_pair() -> KeyPair {
    KeyPair::new_with_algorithm(Algorithm::Ed25519)
}

fn authority(root: &KeyPair) -> Biscuit {
    Biscuit::builder()
        .fact("right(\"flights\", \"book\")")
        .and_then(|builder| builder.build(root))
        .expect("an authority block")
}

fn append(token: &Biscuit) -> Biscuit {
    token.append(BlockBuilder::new().check_resource("flights").check_operation("book")).expect("a block")
}

fn decide(encoded: &[u8], root: PublicKey) {
    let token = Biscuit::from(black_box(encoded), root).expect("a good token");
    let mut authorizer = AuthorizerBuilder::new()
        .fact("resource(\"flights\")")
        .and_then(|builder| builder.fact("operation(\"book\")"))
        .and_then(|builder| builder.policy("allow if resource($r), operation($o), right($r, $o)"))
        .and_then(|builder| builder.build(&token))
        .expect("an authorizer");
    // The default limit of 1 ms is wall time: a pause of the machine would count as a refusal.
    let limits = AuthorizerLimits { max_time: Duration::from_secs(10), ..AuthorizerLimits::default() };
    black_box(authorizer.authorize_with_limits(limits).expect("allowed"));
}
