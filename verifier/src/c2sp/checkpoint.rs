//! Checkpoints: the text that a log signs about its tree, without extension lines (spec 08 §4).

use super::text::{base64_exact, decimal, is_key_name};
use crate::hash::EMPTY_ROOT;
use crate::limits::{KEY_NAME_BYTES_MAX, TREE_SIZE_MAX};
use crate::types::{Hash, TreeSize};
use alloc::{format, string::String};
use base64ct::{Base64, Encoding};

/// Origin, size and root of a log. It says nothing of who signed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Checkpoint<'a> {
    origin: &'a str,
    size: TreeSize,
    root: Hash,
}

/// Why a text is not a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckpointError {
    /// Fewer than three lines, or no newline at the end.
    Truncated,
    /// There are lines after the root; this profile has none.
    Extension,
    /// The origin cannot be a key name, or is longer than [`KEY_NAME_BYTES_MAX`] bytes.
    Origin,
    /// The size is not a decimal number without leading zeros that fits 64 bits.
    Size,
    /// The size is 2^63 or more: its value.
    SizeTooLarge(u64),
    /// The root is not strict base64 of 32 bytes.
    Root,
    /// Size 0 with another root than that of the empty tree.
    RootOfEmpty,
}

impl<'a> Checkpoint<'a> {
    /// Makes a checkpoint to sign; success means that it can be formatted and parsed again.
    ///
    /// # Errors
    ///
    /// [`CheckpointError::Origin`], [`CheckpointError::SizeTooLarge`], [`CheckpointError::RootOfEmpty`].
    pub fn new(origin: &'a str, size: TreeSize, root: Hash) -> Result<Self, CheckpointError> {
        if origin.len() > KEY_NAME_BYTES_MAX || !is_key_name(origin) {
            return Err(CheckpointError::Origin);
        }
        if size > TREE_SIZE_MAX {
            return Err(CheckpointError::SizeTooLarge(size.0));
        }
        if size.0 == 0 && root != EMPTY_ROOT {
            return Err(CheckpointError::RootOfEmpty);
        }
        Ok(Self { origin, size, root })
    }

    /// Reads the text of a note; success means that [`Self::to_text`] writes the very same text.
    ///
    /// # Errors
    ///
    /// Every variant of [`CheckpointError`], in the order of spec 08 §4.
    pub fn parse(text: &'a str) -> Result<Self, CheckpointError> {
        let (origin, size, root) = Self::parts(text)?;
        Self::new(origin, size, root)
    }

    /// The three lines of a text; what they say has not been checked.
    pub(super) fn parts(text: &'a str) -> Result<(&'a str, TreeSize, Hash), CheckpointError> {
        let (origin, rest) = text.split_once('\n').ok_or(CheckpointError::Truncated)?;
        let (size, rest) = rest.split_once('\n').ok_or(CheckpointError::Truncated)?;
        let (root, rest) = rest.split_once('\n').ok_or(CheckpointError::Truncated)?;
        if !rest.is_empty() {
            return Err(CheckpointError::Extension);
        }
        let size = decimal(size).map(TreeSize).ok_or(CheckpointError::Size)?;
        let root = base64_exact(root).map(Hash).ok_or(CheckpointError::Root)?;
        Ok((origin, size, root))
    }

    /// Name of the log, and of the key that signs for it.
    pub const fn origin(&self) -> &'a str {
        self.origin
    }

    /// Number of entries.
    pub const fn size(&self) -> TreeSize {
        self.size
    }

    /// Root of the tree over them.
    pub const fn root(&self) -> Hash {
        self.root
    }

    /// The three lines that are signed.
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, Base64::encode_string(&self.root.0))
    }
}
