//! A ledger over HTTP, as a monitor asks it.

use crate::audit::Source;
use crate::audit::monitor::Ledger;
use crate::cli::session::failure;
use crate::cli::text::hex;
use crate::engine::StoredEntry;
use crate::remote::{Remote, RemoteError};
use remit_verifier::types::{Hash, TreeSize};
use std::time::{Duration, Instant};

/// Statuses by which a server says that it does not let somebody ask, and not what it has.
const NO_ANSWERS: [u16; 3] = [401, 403, 429];

/// How long one source may be waited for in a turn, before the next one is asked.
const TURN_MAX: Duration = Duration::from_secs(60);
/// How much longer for each entry that it has shown: who shows many is not slow.
const ENTRY_MAX: Duration = Duration::from_millis(10);

/// A ledger or mirror at an address.
pub(super) struct Asked {
    remote: Remote,
    turn: Turn,
}

impl Asked {
    pub(super) fn new(remote: Remote) -> Self {
        Self { remote, turn: Turn::of(TURN_MAX) }
    }
}

/// How long a source was waited for since it was asked for its checkpoint, and what it showed.
struct Turn {
    most: Duration,
    waited: Duration,
    entries: u32,
}

impl Turn {
    const fn of(most: Duration) -> Self {
        Self { most, waited: Duration::ZERO, entries: 0 }
    }

    /// Asks something, if there is time left for it.
    fn ask<T>(&mut self, what: impl FnOnce() -> Result<T, RemoteError>) -> Result<T, RemoteError> {
        if self.waited > self.most.saturating_add(ENTRY_MAX.saturating_mul(self.entries)) {
            let waited = self.waited.as_secs();
            return Err(RemoteError::Unanswered(format!("too slow: {} entries in {waited} s", self.entries)));
        }
        let begun = Instant::now();
        let answer = what();
        self.waited = self.waited.saturating_add(begun.elapsed());
        answer
    }
}

fn why(error: RemoteError) -> String {
    failure(error).to_string()
}

impl Source for Asked {
    fn entries(&mut self, from: u64, limit: u64) -> Result<Vec<StoredEntry>, String> {
        let items = self.turn.ask(|| self.remote.replay(from, limit)).map_err(why)?;
        self.turn.entries = self.turn.entries.saturating_add(u32::try_from(items.len()).unwrap_or(u32::MAX));
        Ok(items)
    }
}

impl Ledger for Asked {
    fn address(&self) -> String {
        self.remote.url().into()
    }

    fn checkpoint(&mut self) -> Result<String, String> {
        self.turn = Turn::of(self.turn.most);
        self.turn.ask(|| self.remote.text("/checkpoint")).map_err(why)
    }

    fn consistency(&mut self, from: TreeSize, to: TreeSize) -> Result<Option<Vec<Hash>>, String> {
        let path = format!("/v1/proof/consistency?from={from}&to={to}");
        match self.turn.ask(|| self.remote.json(&path)) {
            Ok(answer) => {
                let hash = |value: &serde_json::Value| value.as_str().and_then(hex::<32>).map(Hash);
                Ok(answer["hashes"].as_array().and_then(|hashes| hashes.iter().map(hash).collect()))
            }
            Err(RemoteError::Status { status, .. }) if status < 500 && !NO_ANSWERS.contains(&status) => {
                Ok(None)
            }
            Err(error) => Err(why(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Address;

    #[test]
    fn a_source_that_is_too_slow_keeps_nobody_in_its_turn() {
        let most = Duration::from_millis(20);
        let slow = || {
            std::thread::sleep(Duration::from_millis(30));
            Ok(())
        };
        let mut turn = Turn::of(most);
        turn.ask(slow).expect("it has time for the first question");
        let error = turn.ask(|| Ok(())).expect_err("and none for the second");
        assert!(error.to_string().contains("too slow: 0 entries"), "{error}");
        // Who shows entries has more time.
        let mut turn = Turn { entries: 1_000, ..Turn::of(most) };
        turn.ask(slow).expect("answered");
        turn.ask(|| Ok(())).expect("not slow");
        // At the bound and one past it.
        for (waited, good) in [(most, true), (most + Duration::from_nanos(1), false)] {
            assert_eq!(Turn { waited, ..Turn::of(most) }.ask(|| Ok(())).is_ok(), good);
        }
        // The next turn begins anew.
        let address = Address { url: "http://127.0.0.1:1".into(), timeout: most, ..Address::default() };
        let mut asked = Asked::new(Remote::new(address).expect("an address"));
        asked.turn = Turn { waited: Duration::from_secs(61), ..Turn::of(TURN_MAX) };
        assert!(asked.entries(0, 1).expect_err("slow").contains("too slow"));
        assert!(!asked.checkpoint().expect_err("nobody is there").contains("too slow"));
        assert!(!asked.entries(0, 1).expect_err("nobody is there").contains("too slow"));
    }
}
