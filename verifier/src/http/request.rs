//! The HTTP request that an invocation is signed for, and its digest (spec 20 §1).

use crate::cbor::Writer;
use crate::code::Code;
use crate::label;
use crate::limits::*;
use crate::types::Hash;

/// What is covered of an HTTP request; made only by [`HttpRequest::new`], so that all of it is well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HttpRequest<'a> {
    method: &'a str,
    authority: &'a str,
    target: &'a str,
    content: Hash,
    presentation: Hash,
}

impl<'a> HttpRequest<'a> {
    /// A request with this method, authority (in lower case), target (path and query), digest of its content, and hash
    /// of the presentation that it names.
    ///
    /// # Errors
    ///
    /// [`Code::Oversize`] for a part that is too long, [`Code::Malformed`] for one that is not of its form.
    pub fn new(
        method: &'a str,
        authority: &'a str,
        target: &'a str,
        content: Hash,
        presentation: Hash,
    ) -> Result<Self, Code> {
        check(method, HTTP_METHOD_BYTES_MAX, |byte| byte.is_ascii_uppercase())?;
        check(authority, HTTP_AUTHORITY_BYTES_MAX, |byte| {
            byte.is_ascii_graphic() && !byte.is_ascii_uppercase()
        })?;
        check(target, HTTP_TARGET_BYTES_MAX, |byte| byte.is_ascii_graphic() && byte != b'#')?;
        if !target.starts_with('/') {
            return Err(Code::Malformed);
        }
        Ok(Self { method, authority, target, content, presentation })
    }

    /// The method, as in the request line.
    pub const fn method(&self) -> &'a str {
        self.method
    }

    /// Path and query, as in the request line.
    pub const fn target(&self) -> &'a str {
        self.target
    }

    /// SHA-256 of the content.
    pub const fn content(&self) -> Hash {
        self.content
    }

    /// SHA-256 of the presentation.
    pub const fn presentation(&self) -> Hash {
        self.presentation
    }

    /// What stands in field 11 of the invocation.
    pub fn digest(&self) -> Hash {
        let mut w = Writer::labelled(label::HTTP, 6);
        w.text(self.method).text(self.authority).text(self.target);
        w.bytes(&self.content.0).bytes(&self.presentation.0);
        w.digest()
    }
}

fn check(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> Result<(), Code> {
    if text.len() > most {
        return Err(Code::Oversize);
    }
    let fits = !text.is_empty() && text.bytes().all(allowed);
    fits.then_some(()).ok_or(Code::Malformed)
}
