//! What this process makes on a disk is for its owner alone: folders 0700, files 0600, those of the database too. And
//! it is what was named: no link that somebody laid there is written through, and a file that counts is one file,
//! whatever it is called.

use super::out::{Failure, read_regular};
use rustix::fs::{Mode, OFlags};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

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
        _ => replace(path, bytes).map_err(|error| wrong(path, &error)),
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

/// A file that counts, such as a wallet or a till: until this is dropped no other process has it, by whatever name.
pub(super) struct Held {
    path: PathBuf,
    _lock: File,
}

/// Holds a file, which need not be there yet. What is locked stands beside the file itself, behind all links.
pub(super) fn hold(path: &Path) -> Result<Held, Failure> {
    let path = real(path).map_err(|error| wrong(path, &error))?;
    let lock = beside(&path, "lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).custom_flags(flags());
    let usage = |error: io::Error| wrong(&lock, &error);
    let file = options.open(&lock).map_err(usage)?;
    if !file.metadata().map_err(usage)?.is_file() {
        return Err(Failure::usage(format!("{} is no file", lock.display())));
    }
    file.lock().map_err(usage)?;
    let held = Held { path, _lock: file };
    match std::fs::symlink_metadata(&held.path) {
        Ok(there) => held.require_one(&there)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(wrong(&held.path, &error)),
    }
    Ok(held)
}

impl Held {
    /// Where it stands, behind all links.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it is there.
    pub(super) fn exists(&self) -> bool {
        std::fs::symlink_metadata(&self.path).is_ok()
    }

    /// What it holds, at most `max` bytes.
    pub(super) fn read(&self, max: usize) -> Result<Vec<u8>, Failure> {
        let file = OpenOptions::new().read(true).custom_flags(flags()).open(&self.path);
        let file = file.map_err(|error| wrong(&self.path, &error))?;
        self.require_one(&file.metadata().map_err(|error| wrong(&self.path, &error))?)?;
        read_regular(&self.path, file, max)
    }

    /// Replaces it, as [`write`] does.
    pub(super) fn replace(&self, bytes: &[u8]) -> Result<(), Failure> {
        replace(&self.path, bytes).map_err(|error| wrong(&self.path, &error))
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
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = beside(path, &format!("{}.new", std::process::id()));
    let create = || OpenOptions::new().write(true).create_new(true).custom_flags(flags()).open(&new);
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
    written.and_then(|()| File::open(folder(path))?.sync_all())
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
        let held = hold(&dir.join("link")).expect("held");
        assert_eq!(held.path(), dir.join("till").canonicalize().expect("a path"));
        held.replace(b"two").expect("replaced");
        assert_eq!(std::fs::read(dir.join("till")).expect("read"), b"two");
        assert!(std::fs::symlink_metadata(dir.join("link")).expect("a link").is_symlink());
        drop(held);
        std::fs::hard_link(dir.join("till"), dir.join("hard")).expect("a link");
        for name in ["till", "hard", "link"] {
            let refused = hold(&dir.join(name)).err().expect("two names");
            assert_eq!(refused.code(), "not_one_file", "{name}");
        }
        symlink("nowhere", dir.join("broken")).expect("a link");
        assert!(hold(&dir.join("broken")).is_err());
        let fresh = hold(&dir.join("fresh")).expect("held");
        assert!(!fresh.exists());
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
