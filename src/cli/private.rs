//! What this process makes on a disk is for its owner alone: folders 0700, files 0600, those of the database too.

use super::out::Failure;
use rustix::fs::Mode;
use std::fs::File;
use std::io;
use std::path::Path;

/// From here on, whatever this process makes is closed to others.
pub(super) fn from_now_on() {
    // What it was before is of no interest: the process ends with it.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Writes a file; one that is there is replaced.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    std::fs::write(path, bytes).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// Copies a file to where none is, and syncs it. The mode is not copied.
pub(super) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let mut file = File::create_new(to)?;
    io::copy(&mut File::open(from)?, &mut file)?;
    file.sync_all()
}

/// Holds a file's lock until it is dropped.
pub(super) struct Locked {
    _file: File,
}

/// Locks what stands beside a file, so that two processes do not count in it at once.
pub(super) fn lock(path: &Path) -> Result<Locked, Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let beside = Path::new(&name);
    let usage = |error: io::Error| Failure::usage(format!("{}: {error}", beside.display()));
    let file = File::options().create(true).truncate(false).write(true).open(beside).map_err(usage)?;
    file.lock().map_err(usage)?;
    Ok(Locked { _file: file })
}

/// Replaces a file as a whole: what is read later, also after power was lost, is the old bytes or the new ones. When
/// this returns, it is the new ones.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let beside = Path::new(&name);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let write = || {
        let mut file = File::create(beside)?;
        io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(beside, path)?;
        File::open(folder)?.sync_all()
    };
    write().map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}
