//! What this process makes on a disk is for its owner alone: folders 0700, files 0600, those of the database too. And
//! it is what was named: no link that somebody laid there is written through, and a file that counts is one file,
//! whatever it is called.

use super::out::{Failure, read_regular};
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{self, Seek as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How the name of a lock ends.
const LOCK: &str = "lock";

/// From here on, whatever this process makes is closed to others.
pub(super) fn from_now_on() {
    // What it was before is of no interest: the process ends with it.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Copies a file to where none is, and syncs it. The mode is not copied.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = File::create_new(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

/// Writes a file; one that is there is replaced as a whole: what is read later, also after power was lost, is the old
/// bytes or the new ones. When this returns, it is the new ones.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    match std::fs::symlink_metadata(path) {
        Ok(there) if !there.is_file() => {
            Err(Failure::usage(format!("{} is a link, or no file", path.display()))
                .hint("name the file itself: nothing is written through a link"))
        }
        _ => replace(path, bytes).map(drop).map_err(|error| wrong(path, &error)),
    }
}

/// Makes a folder, and tries whether it can be written to.
pub(super) fn require_room(dir: &Path) -> Result<(), Failure> {
    let probe = dir.join(format!(".remit.{}", std::process::id()));
    let tried = std::fs::create_dir_all(dir)
        .and_then(|()| File::create_new(&probe))
        .and_then(|_| std::fs::remove_file(&probe));
    tried
        .map_err(|error| wrong(dir, &error).hint("--out names a folder, new or your own; nothing was signed"))
}

/// How long a wallet that another process uses is waited for: nobody signs for longer.
pub(super) const A_MOMENT: Duration = Duration::from_secs(2);
/// How often one that is used is looked at again.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A file that counts, such as a wallet or a till: until this is dropped no other process has it, by whatever name.
/// Whoever took its name or its lock's away meanwhile made another one.
pub(super) struct Held {
    path: PathBuf,
    lock: File,
    /// The file that was found or last written, open so that its number is given to no other one; `None` if none is.
    last: Option<File>,
}

/// Holds a file, which need not be there yet. What is locked stands beside the file itself, behind all links. One that
/// another process uses is waited for so long, and then it is `held`.
pub(super) fn hold(path: &Path, patience: Duration) -> Result<Held, Failure> {
    let path = real(path).map_err(|error| wrong(path, &error))?;
    let lock = locked(&path, patience)?;
    let mut held = Held { path, lock, last: None };
    let file = OpenOptions::new().read(true).custom_flags(flags()).open(&held.path);
    held.last = match file {
        Ok(file) => Some(file),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(wrong(&held.path, &error)),
    };
    if let Some(file) = &held.last {
        held.require_one(&file.metadata().map_err(|error| wrong(&held.path, &error))?)?;
    }
    held.sweep();
    Ok(held)
}

/// The lock of a file, as long as its name is its own: one that was removed keeps nobody out.
fn locked(path: &Path, patience: Duration) -> Result<File, Failure> {
    let lock = beside(path, LOCK);
    let usage = |error: io::Error| wrong(&lock, &error);
    let until = Instant::now() + patience;
    loop {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).custom_flags(flags());
        let file = options.open(&lock).map_err(usage)?;
        if !file.metadata().map_err(usage)?.is_file() {
            return Err(Failure::usage(format!("{} is no file", lock.display())));
        }
        match file.try_lock() {
            Ok(()) if is_at(&file, &lock).map_err(usage)? => return Ok(file),
            Ok(()) => {}
            Err(TryLockError::WouldBlock) if Instant::now() < until => std::thread::sleep(LOOK_AGAIN),
            Err(TryLockError::WouldBlock) => {
                let shown = path.display();
                return Err(Failure::refused("held", format!("{shown} is used by another process"))
                    .hint("`remit till serve` holds its till as long as it runs: stop it first"));
            }
            Err(TryLockError::Error(error)) => return Err(usage(error)),
        }
    }
}

/// Whether a path still leads to a file that is open.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let open = file.metadata()?;
    match std::fs::symlink_metadata(path) {
        Ok(there) => Ok((there.dev(), there.ino()) == (open.dev(), open.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

impl Held {
    /// Where it stands, behind all links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there.
    pub(super) const fn exists(&self) -> bool {
        self.last.is_some()
    }

    /// What it holds, at most `max` bytes.
    pub(super) fn read(&self, max: usize) -> Result<Vec<u8>, Failure> {
        let gone = || wrong(&self.path, &io::Error::from(io::ErrorKind::NotFound));
        let file = self.last.as_ref().ok_or_else(gone)?;
        let again = || {
            let mut file = file.try_clone()?;
            file.rewind().map(|()| file)
        };
        read_regular(&self.path, again().map_err(|error| wrong(&self.path, &error))?, max)
    }

    /// Replaces it, as [`write`] does. When this returns, nobody else has held it since [`hold`]: what he did then
    /// would be in a file, or behind a lock, that is not this one's.
    pub(super) fn replace(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.replace_while(bytes, || ())
    }

    fn replace_while(&mut self, bytes: &[u8], meanwhile: impl FnOnce()) -> Result<(), Failure> {
        self.require_same()?;
        meanwhile();
        self.last = Some(replace(&self.path, bytes).map_err(|error| wrong(&self.path, &error))?);
        // Whoever came in between has the lock that is there now.
        self.require_same()
    }

    /// Requires that lock and file are what they were: two that are held under two names would both say yes.
    fn require_same(&self) -> Result<(), Failure> {
        let same = is_at(&self.lock, &beside(&self.path, LOCK)).and_then(|locked| match &self.last {
            Some(last) => Ok(locked && is_at(last, &self.path)?),
            None => Ok(locked && std::fs::symlink_metadata(&self.path).is_err()),
        });
        if same.map_err(|error| wrong(&self.path, &error))? {
            return Ok(());
        }
        let shown = self.path.display();
        Err(Failure::usage(format!("{shown} or its lock was moved, removed or replaced while it was used"))
            .coded("not_one_file")
            .hint("it counts what was signed or taken, so it is one file on one disk: find out which one is newer"))
    }

    /// A file with two names would become two: one goes on, the other one does not know.
    fn require_one(&self, there: &Metadata) -> Result<(), Failure> {
        if there.is_file() && there.nlink() == 1 {
            return Ok(());
        }
        Err(Failure::usage(format!("{} has another name, or is no file", self.path.display()))
            .coded("not_one_file")
            .hint("it counts what was signed or taken, so it is one file on one disk: remove its other name"))
    }

    /// Removes what processes that were killed left half written beside it: it looks like the file, and is not.
    fn sweep(&self) {
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        let Some(own) = name(&self.path) else { return };
        let is_left = |entry: &Path| {
            let rest = name(entry).and_then(|name| Some(name.strip_prefix(&own)?.to_owned()));
            let number = rest.as_deref().and_then(|rest| rest.strip_prefix('.')?.strip_suffix(".new"));
            number.is_some_and(|number| !number.is_empty() && number.bytes().all(|c| c.is_ascii_digit()))
        };
        let entries = std::fs::read_dir(folder(&self.path)).into_iter().flatten().flatten();
        for left in entries.map(|entry| entry.path()).filter(|entry| is_left(entry)) {
            std::fs::remove_file(left).unwrap_or_default();
        }
    }
}

impl Drop for Held {
    /// The lock of a file that never was is in nobody's way: it is removed while it is locked, and whoever waits for it
    /// looks at its name again.
    fn drop(&mut self) {
        let lock = beside(&self.path, LOCK);
        let alone =
            std::fs::symlink_metadata(&self.path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        if alone && is_at(&self.lock, &lock).unwrap_or(false) {
            std::fs::remove_file(lock).unwrap_or_default();
        }
    }
}

/// No link, no terminal, and no waiting for whoever writes to a pipe.
fn flags() -> i32 {
    (OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32
}

fn wrong(path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{}: {error}", path.display()))
}

/// The path behind all links, of a file that is there or will be.
fn real(path: &Path) -> io::Result<PathBuf> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let name = path.file_name().ok_or(error)?;
            Ok(folder(path).canonicalize()?.join(name))
        }
        _ => path.canonicalize(),
    }
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{suffix}"));
    name.into()
}

/// Writes another file beside it, which nobody laid there before, and gives it the name.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let new = beside(path, &format!("{}.new", std::process::id()));
    let create =
        || OpenOptions::new().read(true).write(true).create_new(true).custom_flags(flags()).open(&new);
    let mut file = match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            // A process with the same number left it, or somebody laid it there: its name goes, and nothing else.
            std::fs::remove_file(&new)?;
            create()?
        }
        made => made?,
    };
    let written = io::Write::write_all(&mut file, bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| std::fs::rename(&new, path));
    if written.is_err() {
        // What is left of it holds nothing that is missed.
        std::fs::remove_file(&new).unwrap_or_default();
    }
    written.and_then(|()| File::open(folder(path))?.sync_all())?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder of this test's own.
    fn own(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("remit-private-{}-{name}", std::process::id()));
        std::fs::remove_dir_all(&dir).unwrap_or_default();
        std::fs::create_dir_all(&dir).expect("a folder");
        dir
    }

    #[test]
    fn a_file_is_held_under_one_name() {
        let dir = own("held");
        write(&dir.join("till"), b"one").expect("written");
        symlink("till", dir.join("link")).expect("a link");
        let mut held = hold(&dir.join("link"), A_MOMENT).expect("held");
        assert_eq!(held.path(), dir.join("till").canonicalize().expect("a path"));
        held.replace(b"two").expect("replaced");
        assert_eq!(std::fs::read(dir.join("till")).expect("read"), b"two");
        assert!(std::fs::symlink_metadata(dir.join("link")).expect("a link").is_symlink());
        drop(held);
        std::fs::hard_link(dir.join("till"), dir.join("hard")).expect("a link");
        for name in ["till", "hard", "link"] {
            let refused = hold(&dir.join(name), A_MOMENT).err().expect("two names");
            assert_eq!(refused.code(), "not_one_file", "{name}");
        }
        symlink("nowhere", dir.join("broken")).expect("a link");
        assert!(hold(&dir.join("broken"), A_MOMENT).is_err());
        let fresh = hold(&dir.join("fresh"), A_MOMENT).expect("held");
        assert!(!fresh.exists() && dir.join("fresh.lock").exists());
        drop(fresh);
        assert!(!dir.join("fresh.lock").exists(), "a lock of nothing stays");
        // Whoever waited for a lock that is removed has none.
        let (fresh, path) = (hold(&dir.join("fresh"), A_MOMENT).expect("held"), dir.join("fresh"));
        let waits = std::thread::spawn(move || hold(&path, A_MOMENT));
        std::thread::sleep(Duration::from_millis(100));
        drop(fresh);
        let waited = waits.join().expect("no panic").expect("held");
        assert_eq!(hold(&dir.join("fresh"), Duration::ZERO).err().expect("it is used").code(), "held");
        drop(waited);
        std::fs::remove_dir_all(dir).expect("removed");
    }

    /// The lock followed a name: whoever removed it, or moved the file, let a second process in.
    #[test]
    fn a_file_that_is_taken_away_is_held_no_more() {
        let dir = own("taken");
        let till = dir.join("till");
        let held = |bytes: &[u8]| {
            write(&till, bytes).expect("written");
            hold(&till, Duration::ZERO).expect("held")
        };
        let lost = |mut held: Held, what: &str| {
            let refused = held.replace(b"more").expect_err(what);
            assert_eq!(refused.code(), "not_one_file", "{what}");
        };
        let first = held(b"one");
        assert_eq!(hold(&till, Duration::ZERO).err().expect("it is used").code(), "held");
        std::fs::remove_file(dir.join("till.lock")).expect("removed");
        let mut second = hold(&till, Duration::ZERO).expect("nothing keeps it out");
        lost(first, "the lock is gone");
        second.replace(b"two").expect("the one that holds it");
        second.replace(b"three").expect("and once more");
        assert_eq!(std::fs::read(&till).expect("read"), b"three");
        drop(second);
        let moved = held(b"one");
        std::fs::rename(&till, dir.join("other")).expect("moved");
        lost(moved, "it has another name");
        assert!(!till.exists(), "it was made anew");
        let mut late = held(b"one");
        let refused =
            late.replace_while(b"more", || std::fs::remove_file(dir.join("till.lock")).expect("removed"));
        assert_eq!(refused.expect_err("the lock went meanwhile").code(), "not_one_file");
        drop(late);
        let laid = held(b"one");
        std::fs::copy(&till, dir.join("copy")).expect("copied");
        std::fs::rename(dir.join("copy"), &till).expect("laid in its place");
        lost(laid, "another one is in its place");
        std::fs::remove_file(&till).expect("removed");
        let fresh = hold(&till, Duration::ZERO).expect("held");
        std::fs::write(&till, b"of somebody else").expect("written");
        lost(fresh, "it was not there");
        std::fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn what_a_killed_process_left_is_removed() {
        let dir = own("left");
        for name in ["till", "till.4711.new", "till.x.new", "till.new", "other.4711.new"] {
            write(&dir.join(name), b"one").expect("written");
        }
        drop(hold(&dir.join("till"), Duration::ZERO).expect("held"));
        let there = |name: &str| dir.join(name).exists();
        assert!(!there("till.4711.new"), "it looks like a till");
        assert!(there("till") && there("till.x.new") && there("till.new") && there("other.4711.new"));
        std::fs::remove_dir_all(dir).expect("removed");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let dir = own("link");
        write(&dir.join("precious"), b"precious").expect("written");
        let names = [format!("voucher.{}.new", std::process::id()), "voucher.new".into(), "voucher".into()];
        for name in &names {
            symlink("precious", dir.join(name)).expect("a link");
        }
        assert!(write(&dir.join("voucher"), b"other").is_err());
        std::fs::remove_file(dir.join("voucher")).expect("removed");
        write(&dir.join("voucher"), b"other").expect("written");
        assert_eq!(std::fs::read(dir.join("precious")).expect("read"), b"precious");
        assert_eq!(std::fs::read(dir.join("voucher")).expect("read"), b"other");
        std::fs::remove_dir_all(dir).expect("removed");
    }
}
