//! Snapshots: whoever replays writes the same bytes and goes on from there; whatever else is written is not taken.

use crate::story::everything;
use crate::world::World;
use remit::audit::snapshot::{Place, SnapshotError, Start, read, write};
use remit::audit::{Rebuilt, Replay, closes};
use remit::engine::Kept;
use remit::machine::MemoryState;
use remit_verifier::cbor::{DecodeError, Writer};
use remit_verifier::hash::sha256;
use remit_verifier::label;
use remit_verifier::limits::SNAPSHOT_ITEM_BYTES_MAX;

/// The batches of a ledger.
fn batches(w: &World) -> Vec<Vec<Kept<'_>>> {
    let mut batches = vec![Vec::new()];
    for kept in w.ledger.store().iter() {
        let closes = closes(kept.entry);
        batches.last_mut().expect("one").push(kept);
        if closes {
            batches.push(Vec::new());
        }
    }
    assert!(batches.pop().expect("one").is_empty());
    batches
}

fn replayed(mut replay: Replay, batches: &[Vec<Kept<'_>>]) -> Rebuilt {
    batches.iter().for_each(|batch| replay.batch(batch).expect("good"));
    replay.finish().expect("good")
}

fn written(place: &Place, state: &MemoryState) -> Vec<u8> {
    let mut bytes = Vec::new();
    let digest = write(&mut bytes, place, state).expect("written");
    let (body, end) = bytes.split_at(bytes.len() - 34);
    assert_eq!((digest, &end[2..]), (sha256(&[body]), &digest.0[..]), "the digest of all before the end");
    bytes
}

fn of(rebuilt: &Rebuilt) -> Vec<u8> {
    written(rebuilt.place.as_ref().expect("a place"), &rebuilt.state)
}

fn whole(w: &World) -> Vec<u8> {
    of(&replayed(Replay::new(None), &batches(w)))
}

/// The bytes with this end, whatever it was.
fn ended(body: &[u8]) -> Vec<u8> {
    let mut end = Writer::default();
    end.bytes(&sha256(&[body]).0);
    [body, &end.into_bytes()].concat()
}

#[test]
fn a_replay_from_a_snapshot_leads_where_the_whole_leads() {
    let w = everything();
    let batches = batches(&w);
    let all = replayed(Replay::new(None), &batches);
    let last = of(&all);
    let mut places = 0;
    // Whatever can stand open does so at one of these places.
    for cut in 1..=batches.len() {
        let part = replayed(Replay::new(None), &batches[..cut]);
        let start = read(of(&part).as_slice()).expect("a snapshot");
        assert_eq!(start.state, part.state, "every record, of {cut} batches");
        assert_eq!(start.head(), part.report.log);
        assert_eq!(start.trees.state.root(), part.report.state_root);
        assert_eq!(start.trees.status.root(), part.report.status_root);
        assert_eq!(start.place.ledger(), w.ledger.id());
        let replay = Replay::from_snapshot(start, Some(&all.report.log)).expect("not ahead");
        let on = replayed(replay, &batches[cut..]);
        assert_eq!(on.report.covered_from.0, part.report.entries, "what lies before is not covered");
        assert_eq!(on.report.batches, (batches.len() - cut) as u64);
        assert!(of(&on) == last, "the same bytes, whichever way it was made");
        places += 1;
    }
    assert!(places > 60, "{places}");
}

#[test]
fn a_snapshot_is_no_way_round_a_checkpoint() {
    let w = everything();
    let batches = batches(&w);
    let part = replayed(Replay::new(None), &batches[..9]);
    let start = || read(of(&part).as_slice()).expect("a snapshot");
    let mut other = part.report.log;
    other.root.0[0] ^= 1;
    assert!(Replay::from_snapshot(start(), Some(&other)).is_err(), "another root at its size");
    let before = replayed(Replay::new(None), &batches[..8]).report.log;
    assert!(Replay::from_snapshot(start(), Some(&before)).is_err(), "it covers more than the checkpoint");
    let later = replayed(Replay::new(None), &batches[..10]).report.log;
    let replay = Replay::from_snapshot(start(), Some(&later)).expect("it covers less");
    assert!(replay.finish().is_err(), "the rest is to be replayed");
}

#[test]
fn no_byte_of_a_snapshot_can_be_another() {
    let mut w = World::new();
    let root = w.root("alice", 1_000);
    w.reserve(root, "alice", 40).expect("reserved");
    let good = whole(&w);
    for at in 0..good.len() {
        for flip in [1, 0x80] {
            let mut bad = good.clone();
            bad[at] ^= flip;
            assert!(read(bad.as_slice()).is_err(), "byte {at}");
        }
    }
    for end in 0..good.len() {
        assert!(read(&good[..end]).is_err(), "{end} bytes");
    }
    let more = [good.as_slice(), &[0]].concat();
    assert!(matches!(read(more.as_slice()), Err(SnapshotError::TrailingBytes)));
}

/// What is changed together with the end, so that the digest is the one of the bytes.
#[test]
fn another_snapshot_has_another_digest_or_is_refused() {
    let w = everything();
    let good = whole(&w);
    let digest = read(good.as_slice()).expect("good").digest;
    let body = &good[..good.len() - 34];
    let (mut refused, mut taken) = (0, 0);
    for at in (0..body.len()).step_by(7) {
        let mut bad = body.to_vec();
        bad[at] ^= 1;
        match read(ended(&bad).as_slice()) {
            Ok(Start { digest: other, .. }) => {
                assert_ne!(other, digest);
                taken += 1;
            }
            Err(_) => refused += 1,
        }
    }
    // Ids, times and nonces of what is below no root: whoever made it, or compared the digest, knows them.
    assert!(refused > taken, "{refused} were refused, {taken} taken");
}

/// A header of a ledger's snapshot with other parts.
fn header(w: &World, change: impl FnOnce(&mut Vec<ciborium::Value>)) -> Vec<u8> {
    let good = whole(w);
    let mut rest = good.as_slice();
    let header: ciborium::Value = ciborium::from_reader(&mut rest).expect("CBOR");
    let mut parts = header.into_array().expect("an array");
    change(&mut parts);
    let mut bytes = Vec::new();
    ciborium::into_writer(&ciborium::Value::Array(parts), &mut bytes).expect("written");
    bytes.extend_from_slice(&rest[..rest.len() - 34]);
    ended(&bytes)
}

#[test]
fn records_that_do_not_add_up_are_not_taken() {
    let mut w = World::new();
    let root = w.root("alice", 1_000);
    let reserve = w.reserve(root, "alice", 40).expect("reserved");
    w.capture(reserve, 1, 10).expect("captured");
    w.reserve(root, "alice", 7).expect("reserved, and nothing taken of it");
    assert!(read(header(&w, |_| {}).as_slice()).is_ok());
    // One record fewer than there are: the next one stands where the end is due.
    let fewer = header(&w, |parts| parts[5] = 1.into());
    assert!(matches!(read(fewer.as_slice()), Err(SnapshotError::Item(..))));
    let all = items(&w);
    for (at, item) in all.iter().enumerate() {
        let rest: Vec<&[u8]> = all
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != at)
            .map(|(_, item)| item.as_slice())
            .collect();
        let kind = ciborium::from_reader::<ciborium::Value, _>(item.as_slice()).expect("CBOR");
        let kind = kind.as_array().expect("an array")[0].as_integer();
        let without = rebuilt(&w, &rest);
        match kind.map(i128::from) {
            // A reservation or a capture that is left out is missed; of an id that was seen nothing else speaks.
            Some(1) if item.contains(&40) => assert!(without.is_err(), "its capture is of nothing"),
            Some(1 | 3) => assert!(matches!(without, Err(SnapshotError::Sums(_))), "without record {at}"),
            _ => assert!(without.is_ok(), "without record {at}"),
        }
        let twice: Vec<&[u8]> = rest.iter().copied().chain([item.as_slice(), item.as_slice()]).collect();
        assert!(rebuilt(&w, &twice).is_err(), "record {at} twice");
    }
    let mut turned: Vec<&[u8]> = all.iter().map(Vec::as_slice).collect();
    turned.swap(2, 3);
    assert!(matches!(rebuilt(&w, &turned), Err(SnapshotError::Contradicts(_))), "out of order");
}

/// The side records of a ledger's snapshot.
fn items(w: &World) -> Vec<Vec<u8>> {
    let good = whole(w);
    let mut rest = &good[..good.len() - 34];
    let mut items = Vec::new();
    while !rest.is_empty() {
        let before = rest;
        ciborium::from_reader::<ciborium::Value, _>(&mut rest).expect("CBOR");
        items.push(before[..before.len() - rest.len()].to_vec());
    }
    let leaves = w.ledger.store().commitment().expect("one").state_size.0;
    items.split_off(1 + leaves as usize)
}

/// What comes of a ledger's snapshot with these side records.
fn rebuilt(w: &World, records: &[&[u8]]) -> Result<Start, SnapshotError> {
    let all = items(w).concat().len();
    let bytes = header(w, |parts| parts[5] = (records.len() as u64).into());
    let leaves = &bytes[..bytes.len() - 34 - all];
    read(ended(&[leaves, &records.concat()].concat()).as_slice())
}

#[test]
fn another_place_in_the_log_is_another_log() {
    let w = everything();
    let honest = read(whole(&w).as_slice()).expect("good").head();
    // The peaks of the log before are whatever they are; with others it is the snapshot of another log.
    let other = header(&w, |parts| parts[3].as_array_mut().expect("peaks")[0] = vec![7_u8; 32].into());
    assert_ne!(read(other.as_slice()).expect("whole in itself").head(), honest);
    // A commitment of another state is none of this one.
    let earlier = everything_but_the_last(&w);
    let commitment = header(&w, |parts| parts[4] = earlier.into());
    assert!(matches!(
        read(commitment.as_slice()),
        Err(SnapshotError::Item(..) | SnapshotError::StateRoot(_))
    ));
    let size = header(&w, |parts| parts[2] = 1.into());
    assert!(matches!(read(size.as_slice()), Err(SnapshotError::Item(0, _))));
}

/// The commitment before the last one.
fn everything_but_the_last(w: &World) -> Vec<u8> {
    let batches = batches(w);
    let before = &batches[batches.len() - 2];
    before.last().expect("a commitment").entry.to_vec()
}

/// A header of so many bytes, with whatever it needs of them as a genesis entry that is none.
fn header_of(bytes: usize) -> Vec<u8> {
    let mut w = Writer::labelled(label::SNAPSHOT, 6);
    w.bytes(&vec![0; bytes - label::SNAPSHOT.len() - 43]).u64(2).array(1).bytes(&[1; 32]).bytes(&[]).u64(0);
    let item = w.into_bytes();
    assert_eq!(item.len(), bytes);
    item
}

#[test]
fn an_item_is_at_most_as_long_as_it_may_be() {
    let of = |bytes: usize| match read(header_of(bytes).as_slice()) {
        Err(SnapshotError::Item(0, error)) => error,
        other => panic!("{other:?}"),
    };
    assert_eq!(of(SNAPSHOT_ITEM_BYTES_MAX), DecodeError::Malformed, "read as a whole: it is no genesis");
    assert_eq!(of(SNAPSHOT_ITEM_BYTES_MAX + 1), DecodeError::Truncated, "one byte more is not read");
}
