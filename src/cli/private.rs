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
