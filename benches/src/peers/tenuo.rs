//! tenuo 0.3.5: warrants, a chain of them, and a proof of possession for each call. Every link has its own
//! key.

use crate::harness::Bench;
use crate::primitives::MESSAGE_BYTES;
use ed25519_dalek2::{Signer, SigningKey as RawKey};
use std::collections::HashMap;
use std::hint::black_box;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tenuo::constraints::{ConstraintSet, ConstraintValue, Pattern};
use tenuo::crypto::{Signature, SigningKey};
use tenuo::planes::Authorizer;
use tenuo::warrant::Warrant;
use tenuo::wire::{self, WarrantStack};

const TOOL: &str = "book";

/// A chain as it goes over the wire, and what the service needs to decide.
struct Presented {
    chain: Vec<Warrant>,
    encoded: Vec<u8>,
    arguments: HashMap<String, ConstraintValue>,
    possession: Signature,
    signed_at: i64,
    service: Authorizer,
}

/// Adds the peers' own V, minting, attenuating, and for depth 1, 4 and 8 decoding, the chain, and both with
/// PoP.
pub fn rows(bench: &mut Bench) {
    let raw = RawKey::from_bytes(&[7; 32]);
    let public = raw.verifying_key();
    let message = [0x5a; MESSAGE_BYTES];
    let signature = raw.sign(&message);
    bench.time("peer V", "one strict check with ed25519-dalek 2.2, which both peers use", None, move || {
        black_box(&public)
            .verify_strict(black_box(&message), black_box(&signature))
            .expect("a good signature");
    });

    let (issuer, holder) = (SigningKey::generate(), SigningKey::generate());
    let root = mint(&issuer, &holder);
    bench.time("tenuo mint", "", None, move || {
        black_box(mint(&issuer, &holder));
    });
    let (holder, next) = (SigningKey::generate(), SigningKey::generate());
    let parent = mint(&SigningKey::generate(), &holder);
    bench.time("tenuo attenuate", "", None, move || {
        black_box(attenuate(&parent, &holder, &next));
    });
    let encoded = wire::encode(&root).expect("a warrant encodes");
    bench.size("tenuo bytes 1", "one warrant with one constraint", encoded.len(), None);

    let names = [
        (1, ["tenuo decode 1", "tenuo chain 1", "tenuo request 1"]),
        (4, ["tenuo decode 4", "tenuo chain 4", "tenuo request 4"]),
        (8, ["tenuo decode 8", "tenuo chain 8", "tenuo request 8"]),
    ];
    for (depth, [decode, chain, request]) in names {
        let presented = Presented::new(depth);
        let encoded = presented.encoded.clone();
        bench.time(decode, "bytes to warrants", None, move || {
            black_box(wire::decode_stack(black_box(&encoded)).expect("decodes"));
        });
        let presented_too = Presented::new(depth);
        bench.time(chain, "decoded chain, no proof of possession", None, move || {
            black_box(
                presented_too.service.verify_chain(black_box(&presented_too.chain)).expect("a good chain"),
            );
        });
        bench
            .time(request, "decode, chain, authorise, proof of possession", None, move || presented.decide());
    }
}

fn mint(issuer: &SigningKey, holder: &SigningKey) -> Warrant {
    let resource = Pattern::new("flights/*").expect("a pattern").into();
    Warrant::builder()
        .capability(TOOL, ConstraintSet::from_iter(vec![("resource".to_owned(), resource)]))
        .ttl(Duration::from_secs(3600))
        .holder(holder.public_key())
        .build(issuer)
        .expect("a root warrant")
}

fn attenuate(parent: &Warrant, holder: &SigningKey, next: &SigningKey) -> Warrant {
    parent.attenuate().inherit_all().holder(next.public_key()).build(holder).expect("a child warrant")
}

impl Presented {
    fn new(depth: usize) -> Self {
        let keys: Vec<SigningKey> = (0..=depth).map(|_| SigningKey::generate()).collect();
        let mut chain = vec![mint(&keys[0], &keys[1])];
        for link in 1..depth {
            chain.push(attenuate(&chain[link - 1], &keys[link], &keys[link + 1]));
        }
        let resource = ConstraintValue::String("flights/CA1501".to_owned());
        let arguments = HashMap::from([("resource".to_owned(), resource)]);
        let signed_at = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64;
        let possession = chain[depth - 1]
            .sign_with_timestamp(&keys[depth], TOOL, &arguments, Some(signed_at))
            .expect("a proof of possession");
        let encoded = wire::encode_stack(&WarrantStack::new(chain.clone())).expect("a chain encodes");
        let service = Authorizer::new().with_trusted_root(keys[0].public_key());
        Self { chain, encoded, arguments, possession, signed_at, service }
    }

    /// Decides at the time of signing: at any other time window tenuo tries several signatures.
    fn decide(&self) {
        let chain = wire::decode_stack(black_box(&self.encoded)).expect("decodes").0;
        let (arguments, possession) = (&self.arguments, Some(&self.possession));
        let decided = self.service.check_chain_with_pop_args_as_of(
            &chain,
            TOOL,
            arguments,
            arguments,
            possession,
            &[],
            self.signed_at,
        );
        black_box(decided.expect("allowed"));
    }
}
