//! The newest evidence that was ever seen, over restarts: no clock may show less (spec 10 §4).

use super::anew::write_anew;
use remit_verifier::types::Millis;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// How much newer evidence must be before it is written down; a crash forgets no more than this.
const STEP: Millis = Millis(1_000);

/// The newest evidence, shared by all threads that decide.
#[derive(Debug)]
pub struct Newest {
    seen: AtomicU64,
    file: Option<(PathBuf, Mutex<Millis>)>,
}

impl Newest {
    /// In memory alone.
    pub const fn in_memory() -> Self {
        Self { seen: AtomicU64::new(0), file: None }
    }

    /// In a folder that is there.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or holds something else than a time.
    pub fn open(folder: &Path) -> io::Result<Self> {
        let path = folder.join("newest");
        let seen = match std::fs::read_to_string(&path) {
            Ok(text) => text.trim_end().parse().map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self { seen: AtomicU64::new(seen), file: Some((path, Mutex::new(Millis(seen)))) })
    }

    /// The newest that was seen.
    pub fn get(&self) -> Millis {
        Millis(self.seen.load(Ordering::Relaxed))
    }

    /// Evidence of this time was accepted.
    ///
    /// # Errors
    ///
    /// It could not be written down; it counts all the same until a restart.
    pub fn see(&self, time: Millis) -> io::Result<()> {
        let before = Millis(self.seen.fetch_max(time.0, Ordering::Relaxed));
        let Some((path, written)) = self.file.as_ref().filter(|_| time > before) else { return Ok(()) };
        let mut written = written.lock().unwrap_or_else(PoisonError::into_inner);
        if time.0 < written.0.saturating_add(STEP.0) {
            return Ok(());
        }
        write_anew(path, format!("{time}\n").as_bytes())?;
        *written = time;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_restart_forgets_less_than_a_step() {
        let folder = tempfile::tempdir().expect("a folder");
        let newest = Newest::open(folder.path()).expect("opens");
        for time in [5_000, 5_500, 5_999, 3_000] {
            newest.see(Millis(time)).expect("written");
        }
        assert_eq!(newest.get(), Millis(5_999));
        drop(newest);
        assert_eq!(Newest::open(folder.path()).expect("opens").get(), Millis(5_000));
        std::fs::write(folder.path().join("newest"), "soon\n").expect("written");
        assert_eq!(Newest::open(folder.path()).expect_err("no time").kind(), io::ErrorKind::InvalidData);
    }
}
