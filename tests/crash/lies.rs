//! Somebody restores an old copy, starts it twice, or gives it another key: refused, and nothing is signed.

use super::child::{said, start};
use super::house::{Place, key};
use remit::ledger::{GuardError, GuardPlace, Service, Settings, StartError, Wait};
use remit::store::rocks::{OpenError, RocksOptions};
use remit_verifier::types::Millis;
use std::sync::Arc;

#[test]
fn an_old_backup_is_refused_by_the_guard_which_says_what_is_missing() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    let mut world = place.build();
    let store = place.open(&RocksOptions::default()).expect("opens");
    let handle = store.handle();
    let service = Service::start(store, Box::new(key("log")), place.settings()).expect("starts");
    let copy = folder.path().join("copy");
    handle.backup(&copy).expect("copies");
    let kept = service.sizes().durable.size;
    let ready = world.reserve(1);
    service.submit_wait(vec![ready.bytes], Wait::Durable).expect("answers");
    let acknowledged = service.sizes().durable.size;
    service.shutdown();
    drop((service, handle));
    std::fs::rename(place.data(), folder.path().join("newest")).expect("renames");
    std::fs::rename(&copy, place.data()).expect("renames");
    match place.start() {
        Err(StartError::Guard(GuardError::Fewer { kept: found, acknowledged: known })) => {
            assert!(found >= kept && found < known && known >= acknowledged, "{found} {known}");
        }
        other => panic!("{other:?}"),
    }
    // The newest copy is still good.
    std::fs::rename(place.data(), &copy).expect("renames");
    std::fs::rename(folder.path().join("newest"), place.data()).expect("renames");
    place.start().expect("starts").shutdown();
}

#[test]
fn two_servers_on_one_folder_are_one_too_many() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    place.build();
    let service = place.start().expect("starts");
    assert!(matches!(place.open(&RocksOptions::default()), Err(OpenError::Locked)), "in the same process");
    let other = start(&place, &[], Some(1)).wait_with_output().expect("ends");
    assert!(!other.status.success(), "in another process: {:?}", said(&other.stdout));
    assert!(said(&other.stdout).is_empty());
    service.shutdown();
}

#[test]
fn a_clock_behind_the_last_entry_and_a_jump_ahead_are_refused_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    place.build();
    let at = |shift: i64| {
        let clock = move || Millis(super::house::now().0.saturating_add_signed(shift));
        let store = place.open(&RocksOptions::default()).expect("opens");
        let settings = Settings { clock: Arc::new(clock), ..place.settings() };
        Service::start(store, Box::new(key("log")), settings)
    };
    let hour = 3_600_000;
    assert!(matches!(at(-hour), Err(StartError::ClockBehind { .. })));
    assert!(matches!(at(2 * hour), Err(StartError::ClockAhead { .. })));
    at(0).expect("starts").shutdown();
}

#[test]
fn another_key_or_a_missing_guard_signs_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::new(folder.path());
    place.build();
    let store = place.open(&RocksOptions::default()).expect("opens");
    let other = Service::start(store, Box::new(key("another")), place.settings());
    assert!(matches!(other, Err(StartError::NotTheLogKey { .. })), "{other:?}");
    std::fs::remove_file(place.guard()).expect("removes");
    let refused = place.start();
    assert!(matches!(refused, Err(StartError::Guard(GuardError::Missing))), "{refused:?}");
    let settings = Settings { guard: GuardPlace::New(place.guard()), ..place.settings() };
    let store = place.open(&RocksOptions::default()).expect("opens");
    Service::start(store, Box::new(key("log")), settings).expect("an operator vouches").shutdown();
}
