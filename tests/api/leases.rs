//! Leases over the interface: what is locked, and the proof for its payee.

use crate::desk::Desk;
use crate::story::lease_terms;
use crate::world::*;
use remit::client::{TokenSpec, budget};
use remit_verifier::object::{Act, Budget, LeaseLimits, Reference};
use remit_verifier::sign::Signer;
use remit_verifier::till::{LeaseProof, Wallet};
use remit_verifier::types::{Amount, ObjectId, Seconds};
use serde_json::json;

impl Desk {
    /// A lease of 60 of alice's 100, which can be 80 in one.
    async fn leased(&mut self) -> (ObjectId, ObjectId) {
        let leases = Some(LeaseLimits { most: Amount(80), longest: Seconds(3_600) });
        let budgets = Some(vec![Budget { leases, ..budget(self.world.cny, Amount(100)) }]);
        let spec = TokenSpec { budgets, ..self.world.spec("alice") };
        let (issuer, signer, alice) = (self.world.issuer, key("issuer"), key("alice"));
        let draft = self.world.client.root(self.world.now, issuer, &spec, &signer).expect("drafted");
        let root = self.apply(&[draft]).await.0.id;
        let terms = lease_terms(&self.world, root, 60);
        let holder: [&dyn Signer; 1] = [&alice];
        let draft = self.world.client.act(self.world.now, Act::Lease(terms), &holder).expect("drafted");
        (root, self.apply(&[draft]).await.0.id)
    }
}

#[tokio::test]
async fn a_lease_is_shown_proved_and_over() {
    let mut desk = Desk::new();
    let (root, lease) = desk.leased().await;
    let shown = desk.json(&format!("/v1/leases/{lease}")).await;
    for (field, expected) in [
        ("token", json!(root.to_string())),
        ("payee", json!(desk.world.hotel.to_string())),
        ("unit", json!(desk.world.cny.to_string())),
        ("amount", json!("60")),
        ("over", json!(false)),
    ] {
        assert_eq!(shown[field], expected, "{field}");
    }
    let token = desk.json(&format!("/v1/tokens/{root}")).await;
    let own = &token["budgets"][0];
    assert_eq!((&own["leased"], &own["left"]), (&json!("60"), &json!("40")));
    assert_eq!(own["leases"], json!({"most": "80", "longest_s": 3_600}));
    let proof = desk.get(&format!("/v1/leases/{lease}/proof")).await;
    assert_eq!((proof.status, proof.header("content-type")), (200, "application/cbor"));
    assert_eq!(LeaseProof::decode(&proof.body).expect("a proof").tokens.len(), 1);
    let wallet = Wallet::new(desk.world.ledger.id(), &proof.body).expect("a wallet");
    assert_eq!((wallet.id(), wallet.lease().amount), (lease, Amount(60)));
    let hotel = key("hotel");
    let payee: [&dyn Signer; 1] = [&hotel];
    let close = Act::LeaseClose { lease: Reference::Id(lease) };
    let draft = desk.world.client.act(desk.world.now, close, &payee).expect("drafted");
    desk.apply(&[draft]).await;
    assert_eq!(desk.json(&format!("/v1/leases/{lease}")).await["over"], json!(true));
    let unknown = ObjectId([9; 32]);
    for path in [format!("/v1/leases/{unknown}"), format!("/v1/leases/{unknown}/proof")] {
        assert_eq!(desk.error(&path).await, (404, "not_found".into()), "{path}");
        assert_eq!(desk.get_as_stranger(&path).await.status, 401, "{path}");
    }
    assert_eq!(desk.error("/v1/leases/x").await, (400, "bad_id".into()));
}

#[tokio::test]
async fn what_a_settlement_took_is_a_capture() {
    let desk = Desk::with_everything();
    // The story leases, settles and refunds; its last capture is of a lease.
    let captures: Vec<ObjectId> = desk.world.ledger.store().state().iter().filter_map(capture_of).collect();
    let mut of_leases = 0;
    for id in captures {
        let shown = desk.json(&format!("/v1/captures/{id}")).await;
        let origin = shown["reservation"].as_str().expect("an id").to_owned();
        of_leases += usize::from(desk.get(&format!("/v1/leases/{origin}")).await.status == 200);
    }
    assert_eq!(of_leases, 1);
}

fn capture_of((key, _): (remit::machine::Key, &remit::machine::Record)) -> Option<ObjectId> {
    match key {
        remit::machine::Key::CaptureOf(id) => Some(id),
        _ => None,
    }
}
