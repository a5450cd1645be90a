//! A ledger that somebody serves over HTTP, at the time that it is. It is taken at its word for who it is: its
//! checkpoint key is the one that it states.

use crate::place::{Done, Kept, Place, Said};
use remit::remote::{Address, Remote, Reply};
use remit_verifier::c2sp::{Checkpoint, SignedNote, Trust};
use remit_verifier::log::Entry;
use remit_verifier::merkle::TreeHead;
use remit_verifier::types::{LedgerId, Millis, ObjectId};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A ledger behind an address.
pub(crate) struct Served {
    remote: Remote,
    ledger: LedgerId,
    origin: String,
    key: String,
}

impl Served {
    /// Asks the ledger at `url` who it is. `bearer` lets read what is not open to all.
    pub(crate) fn new(url: &str, bearer: Option<String>) -> Done<Self> {
        let timeout = Duration::from_secs(30);
        let remote = Remote::new(Address { url: url.into(), bearer, timeout, ..Address::default() })?;
        let log = remote.json("/v1/log")?;
        let text = |name: &str| log[name].as_str().map(str::to_owned).ok_or("not a ledger");
        let (ledger, origin, key) = (text("ledger")?, text("origin")?, text("log_vkey")?);
        let mut id = [0; 32];
        for (place, byte) in id.iter_mut().enumerate() {
            *byte = u8::from_str_radix(ledger.get(2 * place..2 * place + 2).ok_or("not an id")?, 16)?;
        }
        Ok(Self { remote, ledger: LedgerId(id), origin, key })
    }
}

impl Place for Served {
    fn id(&self) -> LedgerId {
        self.ledger
    }

    fn origin(&self) -> &str {
        &self.origin
    }

    fn trust(&self) -> Done<Trust> {
        let lines = format!("log {}\nquorum none\n", self.key);
        Ok(Trust::parse(lines.as_bytes()).map_err(|_| "no trust")?)
    }

    fn next(&self, _: Millis) -> Done<Millis> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        Ok(Millis(u64::try_from(now.as_millis())?))
    }

    fn submit(&mut self, bytes: &[u8], _: Millis) -> Done<Said> {
        Ok(match self.remote.submit(bytes)? {
            Reply::Accepted(accepted) if accepted.replayed => Said::Replayed,
            Reply::Accepted(_) => Said::Applied,
            Reply::Refused(refused) => {
                Said::Refused { code: refused.code, member: usize::try_from(refused.member)? }
            }
        })
    }

    fn presentation(&self, token: &ObjectId, unit: Option<&ObjectId>) -> Done<Vec<u8>> {
        let unit = unit.map(|unit| format!("?unit={unit}")).unwrap_or_default();
        Ok(self.remote.bytes(&format!("/v1/tokens/{token}/presentation{unit}"))?)
    }

    fn evidence(&self, reserve: &ObjectId) -> Done<Vec<u8>> {
        Ok(self.remote.bytes(&format!("/v1/reservations/{reserve}/evidence"))?)
    }

    fn kept(&self) -> Done<Kept> {
        let checkpoint = self.remote.text("/checkpoint")?;
        let note = SignedNote::parse(checkpoint.as_bytes()).map_err(|_| "not a checkpoint")?;
        let signed = Checkpoint::parse(note.text()).map_err(|_| "not a checkpoint")?;
        let head = TreeHead { size: signed.size(), root: signed.root() };
        let mut log = Vec::new();
        while (log.len() as u64) < head.size.0 {
            let left = head.size.0 - log.len() as u64;
            let page = self.remote.replay(log.len() as u64, left)?;
            if page.is_empty() {
                return Err("the log ends before its checkpoint".into());
            }
            log.extend(page);
        }
        let last = log.last().map(|kept| Entry::decode(&kept.entry));
        let Some(Ok(Entry::Commitment(commitment))) = last else {
            return Err("the log does not end with a commitment".into());
        };
        Ok(Kept { log, head, state_root: commitment.state_root.to_string(), checkpoint })
    }
}
