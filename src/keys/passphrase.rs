//! Where the passphrase of a key file comes from: a variable, a file, or a person at a terminal. Wiped after use.

use std::fmt;
use std::io::IsTerminal as _;
use zeroize::Zeroizing;

/// The variable that holds the passphrase itself.
const VARIABLE: &str = "REMIT_PASSPHRASE";
/// The variable that names a file whose first line is the passphrase.
const FILE_VARIABLE: &str = "REMIT_PASSPHRASE_FILE";

/// A passphrase. It is wiped when it is dropped, and its `Debug` shows nothing.
pub struct Passphrase(Zeroizing<String>);

/// Why there is no passphrase.
#[derive(Debug)]
pub enum PassphraseError {
    /// Neither variable is set, and there is nobody at a terminal to ask.
    Nowhere,
    /// The file that the variable names cannot be read.
    File(String, std::io::Error),
    /// The terminal could not be read.
    Terminal(std::io::Error),
    /// It is empty.
    Empty,
    /// The two that were typed differ.
    Differ,
}

impl Passphrase {
    /// Takes a text as it is.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The passphrase for `what`, from `REMIT_PASSPHRASE`, `REMIT_PASSPHRASE_FILE` or a person; `twice` asks a person
    /// again, for a new one.
    ///
    /// # Errors
    ///
    /// [`PassphraseError`].
    pub fn obtain(what: &str, twice: bool) -> Result<Self, PassphraseError> {
        let found = if let Ok(text) = std::env::var(VARIABLE) {
            Zeroizing::new(text)
        } else if let Ok(path) = std::env::var(FILE_VARIABLE) {
            let whole = std::fs::read_to_string(&path).map_err(|error| PassphraseError::File(path, error))?;
            let whole = Zeroizing::new(whole);
            Zeroizing::new(whole.lines().next().unwrap_or_default().to_owned())
        } else if std::io::stdin().is_terminal() {
            Self::ask(what, twice)?
        } else {
            return Err(PassphraseError::Nowhere);
        };
        if found.is_empty() { Err(PassphraseError::Empty) } else { Ok(Self(found)) }
    }

    fn ask(what: &str, twice: bool) -> Result<Zeroizing<String>, PassphraseError> {
        let prompt = |text: String| {
            rpassword::prompt_password(text).map(Zeroizing::new).map_err(PassphraseError::Terminal)
        };
        let first = prompt(format!("Passphrase for {what}: "))?;
        if twice && *prompt(format!("Passphrase for {what}, again: "))? != *first {
            return Err(PassphraseError::Differ);
        }
        Ok(first)
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(…)")
    }
}

impl fmt::Display for PassphraseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nowhere => f.write_str("a passphrase is needed, and nobody is at a terminal"),
            Self::File(path, error) => write!(f, "the passphrase file {path} cannot be read: {error}"),
            Self::Terminal(error) => write!(f, "the terminal cannot be read: {error}"),
            Self::Empty => f.write_str("the passphrase is empty"),
            Self::Differ => f.write_str("the two passphrases differ"),
        }
    }
}

impl std::error::Error for PassphraseError {}
