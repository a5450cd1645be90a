//! Recorded actions of agents go through a ledger, and the counts of the data's own README come out.

#[path = "../examples/agent_transactions/input.rs"]
mod input;
#[path = "../examples/agent_transactions/market.rs"]
mod market;
#[path = "../examples/agent_transactions/place.rs"]
mod place;
#[path = "../examples/agent_transactions/recount.rs"]
mod recount;
#[path = "../examples/agent_transactions/report.rs"]
mod report;
#[path = "../examples/agent_transactions/run.rs"]
mod run;
#[cfg(feature = "server")]
#[path = "../examples/agent_transactions/served.rs"]
mod served;

use remit::client::Randomness;
use report::Report;
use serde_json::{Value, json};

fn run_file(name: &str) -> Report {
    let path = format!("{}/tests/data/agent-transactions/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let tasks = input::read(&std::fs::read_to_string(path).expect("the file is there")).expect("tasks");
    run::run(&tasks, Randomness::Seeded(1)).expect("runs")
}

#[test]
fn the_airline_comes_out_as_counted() {
    let report = run_file("airline");
    assert_eq!((report.tasks, report.actions, report.allowed), (50, 158, 158));
    assert_eq!(report.charged_minor, 7_719_500);
    assert_eq!(report.refunded_minor + report.refunds_refused_minor, 6_082_200);
    assert_eq!((report.refunds_refused, report.refunds_refused_minor), (1, 51_000));
    assert!(report.refused.is_empty());
    assert!(report.conserved && report.replayed);
}

#[test]
fn retail_comes_out_as_counted() {
    let report = run_file("retail");
    assert_eq!((report.tasks, report.actions, report.allowed), (500, 768, 748));
    assert_eq!(report.charged_minor, 113_194_989);
    assert_eq!(report.refunded_minor + report.refunds_refused_minor, 49_228_187);
    assert_eq!((report.refunds_refused, report.refunds_refused_minor), (55, 1_262_851));
    assert_eq!(report.refused.get("service"), Some(&20));
    assert!(report.refused_refunds.iter().all(|r| ["above_captured", "unknown_capture"].contains(&&*r.code)));
    assert!(report.conserved && report.replayed);
}

#[test]
fn two_runs_give_the_same_roots() {
    let (first, second) = (run_file("airline"), run_file("airline"));
    assert_eq!(first.state_root, second.state_root);
    assert_eq!(first.checkpoint, second.checkpoint);
}

/// A task with a gift card of 100, a card without a limit, and an account that may never carry anything.
fn task(prior: &[Value], actions: &[Value]) -> Value {
    json!({
        "task": "t", "service": "shop", "principal": "eve", "currency": "USD",
        "accounts": {
            "card": {"source": "credit_card", "limit_minor": null},
            "empty": {"source": "expired", "limit_minor": 0},
            "gift": {"source": "gift_card", "limit_minor": 100},
        },
        "prior": prior, "actions": actions,
    })
}

fn action(accepted: bool, effects: &[Value]) -> Value {
    json!({"action": "buy", "args": {"n": 1}, "accepted": accepted, "effects": effects})
}

fn effect(kind: &str, account: &str, amount: u64) -> Value {
    json!({"kind": kind, "account": account, "amount_minor": amount, "reference": "R1"})
}

fn charge(account: &str, amount: u64) -> Value {
    effect("charge", account, amount)
}

fn refund(account: &str, amount: u64) -> Value {
    effect("refund", account, amount)
}

fn play(task: &Value) -> Report {
    let tasks = input::read(&task.to_string()).expect("a task");
    let report = run::run(&tasks, Randomness::Seeded(1)).expect("runs");
    assert!(report.conserved && report.replayed);
    report
}

fn counts(report: &Report) -> Vec<(&str, u64)> {
    report.refused.iter().map(|(code, count)| (code.as_str(), *count)).collect()
}

#[test]
fn an_account_gives_what_it_covers_and_a_purchase_over_two_is_all_or_nothing() {
    let actions = [
        action(true, &[charge("gift", 61)]),
        action(true, &[charge("card", 5), charge("gift", 61)]),
        action(true, &[charge("card", 7), charge("gift", 60)]),
        action(true, &[charge("gift", 1)]),
        action(true, &[charge("empty", 1)]),
        action(false, &[charge("card", 9)]),
    ];
    let report = play(&task(&[charge("gift", 40)], &actions));
    assert_eq!((report.actions, report.allowed), (6, 1));
    assert_eq!(report.charged_minor, 40 + 7 + 60);
    assert_eq!(counts(&report), [("above_total", 3), ("service", 1), ("unit_not_budgeted", 1)]);
}

#[test]
fn what_was_refunded_can_be_spent_again() {
    let actions = [action(true, &[refund("gift", 30)]), action(true, &[charge("gift", 31)])];
    let report = play(&task(&[charge("gift", 100)], &actions));
    assert_eq!((report.charged_minor, report.refunded_minor), (100, 30));
    assert_eq!(counts(&report), [("above_total", 1)]);
    let actions = [action(true, &[refund("gift", 30)]), action(true, &[charge("gift", 30)])];
    assert_eq!(play(&task(&[charge("gift", 100)], &actions)).charged_minor, 130);
}

#[test]
fn a_refund_is_split_over_captures_and_an_impossible_one_holds_up_nothing_else() {
    let prior = [charge("gift", 10), charge("gift", 20), charge("gift", 30), charge("card", 8)];
    let actions = [
        action(true, &[refund("gift", 45)]),
        action(true, &[refund("gift", 16), charge("card", 5), refund("card", 3), refund("empty", 1)]),
        action(true, &[refund("gift", 15)]),
        action(true, &[refund("gift", 1)]),
    ];
    let report = play(&task(&prior, &actions));
    assert_eq!((report.allowed, report.charged_minor), (4, 68 + 5));
    assert_eq!(report.refunded_minor, 45 + 3 + 15);
    assert_eq!((report.refunds_refused, report.refunds_refused_minor), (3, 16 + 1 + 1));
    let refused: Vec<_> = report
        .refused_refunds
        .iter()
        .map(|r| (r.account.as_str(), r.amount_minor, r.code.as_str()))
        .collect();
    let above = "above_captured";
    assert_eq!(refused, [("gift", 16, above), ("empty", 1, "unknown_capture"), ("gift", 1, above)]);
}

#[test]
fn a_line_that_is_no_task_is_named() {
    let good = task(&[], &[]).to_string();
    let with = |key: &str, value: Value| {
        let mut task = task(&[], &[]);
        task[key] = value;
        task.to_string()
    };
    let acting = |effects: &[Value]| with("actions", json!([action(true, &[]), action(true, effects)]));
    let mut nested = action(true, &[]);
    nested["args"] = json!({"n": 1.5});
    for (line, problem) in [
        ("{".to_owned(), "EOF while parsing"),
        (r#"{"task": 1}"#.to_owned(), "invalid type: integer"),
        (with("more", json!(1)), "unknown field `more`"),
        (with("principal", json!("")), "a name is empty"),
        (with("prior", json!([refund("card", 1)])), "what was before can only be a charge"),
        (with("prior", json!([charge("card", 0)])), "an amount is zero"),
        (acting(&[charge("other", 1)]), "an effect names no account of the task"),
        (acting(&vec![charge("card", 1); 9]), "an action has more than 8 effects"),
        (acting(&[json!({})]), "missing field `kind`"),
        (with("actions", json!([nested])), "an argument is no text"),
    ] {
        let error = input::read(&format!("{good}\n\n{line}\n")).expect_err("no task");
        assert_eq!(error.line, 3);
        assert!(error.to_string().starts_with(&format!("line 3: {problem}")), "{error}");
    }
    let most = acting(&vec![charge("card", 1); 8]);
    assert_eq!(input::read(&most).expect("a full bundle").len(), 1);
}

#[cfg(feature = "server")]
mod over_http {
    use super::*;
    use remit::client::public_key;
    use remit::ledger::{Clock, Service, Settings};
    use remit::store::SharedMemory;
    use remit_verifier::log::Genesis;
    use remit_verifier::sign::LocalSigner;
    use remit_verifier::types::{Millis, Rules};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener};
    use std::sync::Arc;
    use std::time::{SystemTime, UNIX_EPOCH};

    fn now() -> Millis {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
        Millis(u64::try_from(since.as_millis()).expect("not so late"))
    }

    #[test]
    fn the_airline_comes_out_the_same_on_a_served_ledger() {
        let (operator, log) = (LocalSigner::from_seed(&[1; 32]), LocalSigner::from_seed(&[2; 32]));
        let genesis = Genesis {
            time: now(),
            origin: "remit.example/served".into(),
            log_key: public_key(&log).expect("a key"),
            operators: vec![public_key(&operator).expect("a key")],
            threshold: 1,
            rules: Rules::NEWEST,
        };
        let clock: Clock = Arc::new(now);
        let settings = Settings::new(clock.clone());
        let store = SharedMemory::default();
        let service = Service::begin(store, &genesis, Box::new(log), settings).expect("starts");
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).expect("listens");
        listener.set_nonblocking(true).expect("a socket");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let settings = remit::api::Settings { public: true, ..remit::api::Settings::new(clock) };
        let shutdown = async move { drop(stopped.await) };
        let server = runtime.spawn(remit::api::serve(listener, service, settings, shutdown));
        let path = format!("{}/tests/data/agent-transactions/airline.jsonl", env!("CARGO_MANIFEST_DIR"));
        let tasks = input::read(&std::fs::read_to_string(path).expect("the file is there")).expect("tasks");
        let place = served::Served::new(&url, None).expect("a ledger");
        let market = market::Market::open_at(&tasks, Box::new(place), &[operator]).expect("a market");
        let report = run::run_on(market, &tasks).expect("runs");
        stop.send(()).expect("it still runs");
        runtime.block_on(server).expect("no panic").expect("drains");
        let memory = run_file("airline");
        assert_eq!((report.tasks, report.actions, report.allowed), (50, 158, 158));
        assert_eq!(
            (report.charged_minor, report.refunded_minor),
            (memory.charged_minor, memory.refunded_minor)
        );
        assert_eq!(report.refunds_refused_minor, memory.refunds_refused_minor);
        assert!(report.conserved && report.replayed);
    }
}
