//! Keys of people and machines: how they are written, and how they rest in files. Nothing here ever shows a secret.
//!
//! [`did`] writes public keys as `did:key`. With the feature `server`, [`file`] keeps private keys as PKCS#8 that
//! OpenSSL reads, encrypted unless somebody says otherwise.

pub mod did;
#[cfg(feature = "server")]
pub mod file;
#[cfg(feature = "server")]
mod passphrase;

#[cfg(feature = "server")]
pub use file::{KeyFile, KeyFileError};
#[cfg(feature = "server")]
pub use passphrase::{Passphrase, PassphraseError};
