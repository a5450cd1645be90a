//! The `remit` command.

use std::process::ExitCode;

/// What one thread allocates another frees: a request is decoded where it arrives and dropped where it is decided.
#[cfg(feature = "server")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    remit::cli::run()
}
