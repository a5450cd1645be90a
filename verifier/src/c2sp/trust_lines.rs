//! Reads the lines of tlog-policy into a [`Trust`] (spec 08 §6).

use super::text::decimal;
use super::trust::{Threshold, Trust, TrustBuilder, TrustRuleError};
use super::vkey::{VerifierKey, VerifierKeyError};
use crate::limits::TRUST_BYTES_MAX;
use alloc::vec::Vec;

/// Why the lines are not a trust policy, and where: lines count from 1, and 0 is the text as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustParseError {
    /// More than [`TRUST_BYTES_MAX`] bytes: how many.
    TooLong(usize),
    /// A control character other than tab and newline.
    Control {
        /// The line.
        line: usize,
        /// The character.
        byte: u8,
    },
    /// The first word is not `log`, `witness`, `group` or `quorum`.
    Keyword {
        /// The line.
        line: usize,
    },
    /// Too few or too many words.
    Words {
        /// The line.
        line: usize,
    },
    /// Not an acceptable vkey.
    Key {
        /// The line.
        line: usize,
        /// What is wrong with it.
        error: VerifierKeyError,
    },
    /// The item cannot be added; line 0 says that there is no quorum.
    Rule {
        /// The line.
        line: usize,
        /// The rule that is broken.
        error: TrustRuleError,
    },
}

/// Why one line is not accepted.
enum LineError {
    Keyword,
    Words,
    Key(VerifierKeyError),
    Rule(TrustRuleError),
}

impl Trust {
    /// Reads trust lines; success means that every rule of spec 08 §6 holds.
    ///
    /// # Errors
    ///
    /// Every variant of [`TrustParseError`], for the first line that breaks a rule.
    pub fn parse(text: &[u8]) -> Result<Self, TrustParseError> {
        if text.len() > TRUST_BYTES_MAX {
            return Err(TrustParseError::TooLong(text.len()));
        }
        let mut builder = TrustBuilder::new();
        for (content, line) in text.split(|byte| *byte == b'\n').zip(1..) {
            let control = |byte: &&u8| (**byte < b' ' && **byte != b'\t') || **byte == 0x7f;
            if let Some(byte) = content.iter().find(control) {
                return Err(TrustParseError::Control { line, byte: *byte });
            }
            add_line(&mut builder, content).map_err(|error| match error {
                LineError::Keyword => TrustParseError::Keyword { line },
                LineError::Words => TrustParseError::Words { line },
                LineError::Key(error) => TrustParseError::Key { line, error },
                LineError::Rule(error) => TrustParseError::Rule { line, error },
            })?;
        }
        builder.build().map_err(|error| TrustParseError::Rule { line: 0, error })
    }
}

fn add_line(builder: &mut TrustBuilder, content: &[u8]) -> Result<(), LineError> {
    let words: Vec<&[u8]> =
        content.split(|byte| matches!(byte, b' ' | b'\t')).filter(|word| !word.is_empty()).collect();
    let Some((keyword, words)) = words.split_first() else { return Ok(()) };
    if keyword.starts_with(b"#") {
        return Ok(());
    }
    match (*keyword, words) {
        (b"log", [key, url @ ..]) => builder.log(vkey(key)?, optional(url)?)?,
        (b"witness", [name, key, url @ ..]) => builder.witness(name, vkey(key)?, optional(url)?)?,
        (b"group", [name, count, members @ ..]) => builder.group(name, threshold(count)?, members)?,
        (b"quorum", [name]) => builder.quorum(name)?,
        (b"log" | b"witness" | b"group" | b"quorum", _) => return Err(LineError::Words),
        _ => return Err(LineError::Keyword),
    };
    Ok(())
}

fn vkey(word: &[u8]) -> Result<VerifierKey, LineError> {
    let text = core::str::from_utf8(word).map_err(|_| LineError::Key(VerifierKeyError::Name))?;
    VerifierKey::parse(text).map_err(LineError::Key)
}

fn threshold(word: &[u8]) -> Result<Threshold, LineError> {
    match word {
        b"all" => Ok(Threshold::All),
        b"any" => Ok(Threshold::Any),
        digits => {
            let count = core::str::from_utf8(digits).ok().and_then(decimal);
            count.map(Threshold::Count).ok_or(LineError::Rule(TrustRuleError::Threshold))
        }
    }
}

fn optional<'a>(words: &[&'a [u8]]) -> Result<Option<&'a [u8]>, LineError> {
    match words {
        [] => Ok(None),
        [word] => Ok(Some(word)),
        _ => Err(LineError::Words),
    }
}

impl From<TrustRuleError> for LineError {
    fn from(error: TrustRuleError) -> Self {
        Self::Rule(error)
    }
}
