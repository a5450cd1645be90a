//! Every order in which a few operations can reach the ledger, tried: the rules that ship (`machine`), driven by the
//! model checker stateright, against a reckoning of their own (`truth`) that shares nothing with them but ids.
//!
//! A scene has a few tokens, a dozen operations signed beforehand, and a few points of time. At each point any of the
//! operations may come next, also one that was applied already, or what is due is written, or time goes on. All
//! reachable states are visited; in each the reckoning must agree. Then the same is done with rules that are made blind
//! on purpose (`weakened`): each must be caught, or the check would prove nothing.

#![allow(unreachable_pub)]

mod cast;
mod scene;
mod scenes;
mod truth;
mod weakened;

use scene::Scene;
use stateright::{Checker, Model};

/// How many states the scene has, and the first way found to a state that is wrong, if there is one.
fn explore(scene: Scene) -> (usize, Option<String>) {
    let checker = scene.checker().threads(2).spawn_bfs().join();
    let wrong = checker.discovery(scene::NEVER_WRONG).map(|path| {
        let fault = path.last_state().fault.unwrap_or("?");
        let way: Vec<_> = path.into_actions().iter().map(|step| checker.model().name(*step)).collect();
        format!("{fault}: {}", way.join(", "))
    });
    (checker.unique_state_count(), wrong)
}

fn holds(name: &str, scene: Scene, at_least: usize) {
    let (states, wrong) = explore(scene);
    println!("{name}: {states} states");
    assert_eq!(wrong, None, "{name}");
    assert!(states >= at_least, "{name}: only {states} states were reached");
}

#[test]
fn shared_and_carved_budgets_hold_in_every_order() {
    holds("budgets", scenes::budgets(None), 3_000);
}

#[test]
fn stops_hold_in_every_order() {
    holds("stops", scenes::stops(None), 10_000);
}

#[test]
fn windows_approvals_and_leases_hold_in_every_order() {
    holds("guards", scenes::guards(None), 40_000);
}

#[test]
fn leases_that_are_asked_for_hold_in_every_order() {
    holds("asked", scenes::asked(None), 3_000);
}

/// Each rule made blind in turn, in the scene that is about it.
#[test]
fn every_weakened_rule_is_caught() {
    let mut unnoticed = Vec::new();
    for weakness in weakened::ALL {
        match explore((weakness.scene)(Some(weakness))) {
            (states, Some(way)) => println!("{}: caught after {states} states: {way}", weakness.name),
            (_, None) => unnoticed.push(weakness.name),
        }
    }
    assert!(weakened::ALL.len() >= 10);
    assert_eq!(unnoticed, Vec::<&str>::new(), "no state shows that these rules are gone");
}
