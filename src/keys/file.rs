//! Private keys at rest: PKCS#8 v1 in PEM, as OpenSSL reads and writes it, encrypted by PBES2 (scrypt, AES-256-CBC).
//!
//! A comment before the PEM block holds the `did:key`. AES-CBC is not authenticated, so after decrypting the public key
//! is derived and compared with it. Version 1 has no place for the public key; OpenSSL reads no version 2.

use super::{Passphrase, PassphraseError, did};
use pkcs8::der::asn1::OctetStringRef;
use pkcs8::pkcs5::{pbes2, scrypt};
use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, LineEnding, ObjectIdentifier, PrivateKeyInfoRef,
    SecretDocument,
};
use remit_verifier::sign::{LocalSigner, Signer};
use remit_verifier::types::KeyBytes;
use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use zeroize::Zeroizing;

/// Cost of a guess at the passphrase: N = 2^14, r = 8, p = 5, which is 16 MiB five times over. OpenSSL gives scrypt at
/// most 32 MiB by default, so that N cannot be larger.
const SCRYPT: (u8, u32, u32) = (14, 8, 5);
/// Bytes of a key file at most.
const FILE_BYTES_MAX: u64 = 16_384;
/// The bits of a mode that let others than the owner in.
const MODE_OTHERS: u32 = 0o077;
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const PLAIN: &str = "PRIVATE KEY";
const ENCRYPTED: &str = "ENCRYPTED PRIVATE KEY";
const COMMENT: &str = "# ";

/// A private key out of a file. `Debug` shows the public key only.
#[derive(Debug)]
pub struct KeyFile {
    signer: LocalSigner,
    encrypted: bool,
}

/// Why a key file cannot be read or written.
#[derive(Debug)]
pub enum KeyFileError {
    /// The system's error.
    Io(std::io::Error),
    /// It is there already; a key is never written over.
    Exists,
    /// More than a key file holds.
    TooLong,
    /// No PEM block of a private key.
    NotPem,
    /// Not PKCS#8 of an Ed25519 key.
    NotEd25519,
    /// The passphrase does not open it, or the file is damaged.
    WrongPassphrase,
    /// The public key in the file's comment is not that of the private key: damaged, or put together.
    OtherKey,
    /// The operating system gave no random bytes.
    Random,
    /// The key could not be encoded.
    Encode,
    /// There is no passphrase.
    Passphrase(PassphraseError),
}

/// Makes a new key and keeps it at `path`, which must not exist, readable for its owner only. Without a passphrase it
/// is kept as it is.
///
/// # Errors
///
/// [`KeyFileError::Exists`], [`KeyFileError::Io`], [`KeyFileError::Random`], [`KeyFileError::Encode`].
pub fn create(path: &Path, passphrase: Option<&Passphrase>) -> Result<KeyFile, KeyFileError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|_| KeyFileError::Random)?;
    keep(path, &seed, passphrase)
}

/// Keeps the key of a seed, as [`create`] does.
///
/// # Errors
///
/// [`KeyFileError::Exists`], [`KeyFileError::Io`], [`KeyFileError::Random`], [`KeyFileError::Encode`].
pub fn keep(path: &Path, seed: &[u8; 32], passphrase: Option<&Passphrase>) -> Result<KeyFile, KeyFileError> {
    let signer = LocalSigner::from_seed(seed);
    let text = encode(seed, &signer.public_key(), passphrase)?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    let mut file = file.map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => KeyFileError::Exists,
        _ => KeyFileError::Io(error),
    })?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(KeyFileError::Io)?;
    Ok(KeyFile { signer, encrypted: passphrase.is_some() })
}

/// Reads a key; `passphrase` is asked only if the key is encrypted.
///
/// # Errors
///
/// [`KeyFileError`].
pub fn read(
    path: &Path,
    passphrase: impl FnOnce() -> Result<Passphrase, PassphraseError>,
) -> Result<KeyFile, KeyFileError> {
    let text = contents(path)?;
    let (label, document) = SecretDocument::from_pem(block(&text)?).map_err(|_| KeyFileError::NotPem)?;
    let (seed, encrypted) = match label {
        PLAIN => (seed_of(document.as_bytes()).ok_or(KeyFileError::NotEd25519)?, false),
        ENCRYPTED => {
            let passphrase = passphrase().map_err(KeyFileError::Passphrase)?;
            let sealed = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes());
            let sealed = sealed.map_err(|_| KeyFileError::NotPem)?;
            let opened = sealed.decrypt(passphrase.bytes()).map_err(|_| KeyFileError::WrongPassphrase)?;
            (seed_of(opened.as_bytes()).ok_or(KeyFileError::WrongPassphrase)?, true)
        }
        _ => return Err(KeyFileError::NotPem),
    };
    let signer = LocalSigner::from_seed(&seed);
    match stated(&text) {
        Some(key) if key != signer.public_key() => Err(KeyFileError::OtherKey),
        _ => Ok(KeyFile { signer, encrypted }),
    }
}

/// The public key that the comment of a key file states, without opening the file. Nothing vouches for it.
///
/// # Errors
///
/// [`KeyFileError::Io`], [`KeyFileError::TooLong`], [`KeyFileError::NotPem`].
pub fn public_key_stated(path: &Path) -> Result<Option<KeyBytes>, KeyFileError> {
    let text = contents(path)?;
    block(&text)?;
    Ok(stated(&text))
}

/// Whether others than the owner may read or write the file.
///
/// # Errors
///
/// The system's.
pub fn open_to_others(path: &Path) -> std::io::Result<bool> {
    Ok(std::fs::metadata(path)?.permissions().mode() & MODE_OTHERS != 0)
}

impl KeyFile {
    /// Signs with the key.
    pub fn signer(&self) -> &LocalSigner {
        &self.signer
    }

    /// The key alone.
    pub fn into_signer(self) -> LocalSigner {
        self.signer
    }

    /// Whether a passphrase was needed.
    pub fn is_encrypted(&self) -> bool {
        self.encrypted
    }
}

fn contents(path: &Path) -> Result<Zeroizing<String>, KeyFileError> {
    let file = File::open(path).map_err(KeyFileError::Io)?;
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(FILE_BYTES_MAX as usize + 1));
    let read = file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text);
    match read {
        Ok(length) if length as u64 > FILE_BYTES_MAX => Err(KeyFileError::TooLong),
        Ok(_) => Ok(text),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(KeyFileError::NotPem),
        Err(error) => Err(KeyFileError::Io(error)),
    }
}

/// The PEM block, without what stands before it.
fn block(text: &str) -> Result<&str, KeyFileError> {
    text.find("-----BEGIN ").and_then(|at| text.get(at..)).ok_or(KeyFileError::NotPem)
}

fn stated(text: &str) -> Option<KeyBytes> {
    let lines = text.lines().take_while(|line| !line.starts_with("-----"));
    let mut keys = lines.filter_map(|line| did::parse(line.strip_prefix(COMMENT)?.trim()).ok());
    keys.next().map(|key| *key.bytes())
}

fn encode(
    seed: &[u8; 32],
    public: &KeyBytes,
    passphrase: Option<&Passphrase>,
) -> Result<Zeroizing<String>, KeyFileError> {
    let mut nested = Zeroizing::new([0; 34]);
    nested[..2].copy_from_slice(&[0x04, 0x20]);
    nested[2..].copy_from_slice(seed);
    let algorithm = AlgorithmIdentifierRef { oid: ED25519, parameters: None };
    let private_key = OctetStringRef::new(&*nested).map_err(|_| KeyFileError::Encode)?;
    let key = PrivateKeyInfoRef { algorithm, private_key, public_key: None };
    let pem = match passphrase {
        None => {
            let plain = SecretDocument::encode_msg(&key).map_err(|_| KeyFileError::Encode)?;
            plain.to_pem(PLAIN, LineEnding::LF)
        }
        Some(passphrase) => {
            let sealed = key.encrypt_with_params(parameters()?, passphrase.bytes());
            sealed.map_err(|_| KeyFileError::Encode)?.to_pem(ENCRYPTED, LineEnding::LF)
        }
    };
    let pem = pem.map_err(|_| KeyFileError::Encode)?;
    Ok(Zeroizing::new(format!("{COMMENT}{}\n{}", did::to_text(public), *pem)))
}

fn parameters() -> Result<pbes2::Parameters, KeyFileError> {
    let (mut salt, mut iv) = ([0; 16], [0; 16]);
    getrandom::fill(&mut salt).map_err(|_| KeyFileError::Random)?;
    getrandom::fill(&mut iv).map_err(|_| KeyFileError::Random)?;
    let (log_n, r, p) = SCRYPT;
    let cost = scrypt::Params::new(log_n, r, p).map_err(|_| KeyFileError::Encode)?;
    pbes2::Parameters::generate_scrypt_aes256cbc(cost, &salt, iv).map_err(|_| KeyFileError::Encode)
}

/// The seed in a PKCS#8 document, if it is of an Ed25519 key.
fn seed_of(document: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let key = PrivateKeyInfoRef::try_from(document).ok()?;
    if key.algorithm.oid != ED25519 || key.algorithm.parameters.is_some() {
        return None;
    }
    let seed = key.private_key.as_bytes().strip_prefix(&[0x04, 0x20])?;
    seed.try_into().ok().map(Zeroizing::new)
}

impl fmt::Display for KeyFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Exists => f.write_str("the file is there already, and a key is never written over"),
            Self::TooLong => write!(f, "more than {FILE_BYTES_MAX} bytes are no key file"),
            Self::NotPem => f.write_str("it is no PEM file with a private key (PKCS#8)"),
            Self::NotEd25519 => f.write_str("it is no Ed25519 key"),
            Self::WrongPassphrase => f.write_str("the passphrase does not open it"),
            Self::OtherKey => f.write_str("the private key is not that of the did:key in its first line"),
            Self::Random => f.write_str("the operating system gave no random bytes"),
            Self::Encode => f.write_str("the key could not be encoded"),
            Self::Passphrase(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for KeyFileError {}
