//! A hotel that sells to agents: axum, with the verifier as a layer. Nothing that is not allowed reaches a handler.
//! `axum-example POLICY STATE`: a policy file, and a folder for what was served. Prints its address.

use axum::extract::Path;
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use remit_tower::remit::follow::{Newest, Record};
use remit_tower::remit_verifier::{types::Millis, verify::Policy};
use remit_tower::{RemitLayer, Served};
use serde_json::{Value, json};
use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

/// `Served` says who asked for what; it is served once, by its id.
async fn look(
    Path(room): Path<String>,
    Extension(served): Extension<Served>,
    Json(order): Json<Value>,
) -> Json<Value> {
    let (id, holder) = (served.id().to_string(), served.holder().to_string());
    Json(json!({ "id": id, "holder": holder, "action": served.action(), "room": room, "order": order }))
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(policy), Some(state)) = (arguments.next(), arguments.next()) else {
        return Err("usage: axum-example POLICY STATE".into());
    };
    let policy = Policy::from_toml(&std::fs::read(policy)?)?;
    let state = std::path::Path::new(&state);
    let record = Record::open(state, now(), policy.settings().skew)?;
    let remit = RemitLayer::new(policy, record, now)?.newest(Newest::open(state)?).public("/health");
    let hotel = Router::new()
        .route("/rooms/{room}/look", post(look))
        .route("/health", get(|| async { "open" }))
        .layer(remit);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, hotel).await?;
    Ok(())
}
