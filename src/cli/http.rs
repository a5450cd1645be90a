//! An invocation for one request over HTTP (spec 20): what it is signed for, and the fields in which it travels.

use super::out::{Failure, read_file};
use clap::Args;
use remit_verifier::cbor::Writer;
use remit_verifier::code::Code;
use remit_verifier::hash::sha256;
use remit_verifier::http::{
    APPROVALS, ARGUMENTS, EVIDENCE, HttpRequest, INVOCATION, PRESENTATION, written_byte_sequence,
    written_content_digest,
};
use remit_verifier::object::Argument;
use remit_verifier::types::Hash;
use std::path::PathBuf;

/// The file of a folder that is shown which has the fields, one a line.
pub(super) const HEADERS: &str = "headers.txt";
/// Bytes of content that is signed for at most.
const CONTENT_BYTES_MAX: usize = 64 * 1024 * 1024;

/// The HTTP request that an invocation is signed for.
#[derive(Args)]
#[command(next_help_heading = "Request")]
pub(super) struct Http {
    /// The HTTP request that it is for: its method and URL. --out then has headers.txt, for `curl -H @DIR/headers.txt`.
    #[arg(long, value_name = "METHOD URL", value_parser = exchange, requires = "out", conflicts_with = "request")]
    http: Option<Exchange>,
    /// What that request sends; without it, nothing.
    #[arg(long, value_name = "FILE", requires = "http")]
    content: Option<PathBuf>,
}

/// Method and URL, taken apart.
#[derive(Clone)]
struct Exchange {
    method: String,
    authority: String,
    target: String,
}

/// What is signed, once the presentation is known.
pub(super) struct Bound {
    /// What stands in the invocation.
    pub(super) digest: Hash,
    presentation: Hash,
    /// Where presentations are brought.
    service: String,
    content: Option<Hash>,
}

fn exchange(text: &str) -> Result<Exchange, String> {
    let example = "for example 'POST https://hotel.example/rooms/12/book'";
    let (method, url) = text.split_once(' ').ok_or_else(|| format!("a method and a URL, {example}"))?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let rest = rest.ok_or_else(|| format!("`{url}` begins with neither https:// nor http://"))?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, target) = rest.split_at(end);
    if authority.contains('@') {
        return Err("a name or password in a URL is not sent to a service: leave it away".into());
    }
    let target = match target {
        "" => "/".to_owned(),
        query if query.starts_with('?') => format!("/{query}"),
        target => target.to_owned(),
    };
    // The port that goes without saying is not sent, so it is not signed.
    let port = if url.starts_with("https://") { ":443" } else { ":80" };
    let authority = authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase();
    let exchange = Exchange { method: method.into(), authority, target };
    // What is covered has to be well formed before anything is signed.
    exchange.request(Hash::default(), Hash::default()).map_err(|code| {
        format!("no request over HTTP: {code}: a method of A to Z, {example}, in ASCII and without `#`")
    })?;
    Ok(exchange)
}

impl Exchange {
    fn request(&self, content: Hash, presentation: Hash) -> Result<HttpRequest<'_>, Code> {
        HttpRequest::new(&self.method, &self.authority, &self.target, content, presentation)
    }
}

impl Http {
    /// What is signed together with this presentation, if it is for a request over HTTP.
    pub(super) fn bind(&self, presentation: &[u8]) -> Result<Option<Bound>, Failure> {
        let Some(exchange) = &self.http else { return Ok(None) };
        let content = self.content.as_deref().map(|path| read_file(path, CONTENT_BYTES_MAX)).transpose()?;
        let content = content.map(|content| sha256(&[&content]));
        let presentation = sha256(&[presentation]);
        let request = exchange.request(content.unwrap_or_else(|| sha256(&[])), presentation);
        let digest = request.map_err(|code| Failure::usage(code.meaning()))?.digest();
        let service = exchange.authority.clone();
        Ok(Some(Bound { digest, presentation, service, content }))
    }
}

impl Bound {
    /// The fields, one a line, as curl takes them.
    pub(super) fn fields(
        &self,
        invocation: &[u8],
        arguments: &[Argument],
        approvals: &[Vec<u8>],
        evidence: Option<&[u8]>,
    ) -> String {
        let mut text = String::new();
        let mut field = |name: &str, bytes: &[u8]| {
            text.push_str(&format!("{name}: {}\n", written_byte_sequence(bytes)));
        };
        field(INVOCATION, invocation);
        field(PRESENTATION, &self.presentation.0);
        if !arguments.is_empty() {
            let mut w = Writer::default();
            w.list(arguments, |w, argument| argument.encode(w));
            field(ARGUMENTS, &w.into_bytes());
        }
        if !approvals.is_empty() {
            let mut w = Writer::default();
            w.list(approvals, |w, approval| {
                w.bytes(approval);
            });
            field(APPROVALS, &w.into_bytes());
        }
        if let Some(evidence) = evidence {
            field(EVIDENCE, &sha256(&[evidence]).0);
        }
        if let Some(content) = &self.content {
            text.push_str(&format!("content-digest: {}\n", written_content_digest(content)));
        }
        text
    }

    /// What to do with a folder that has them.
    pub(super) fn next(&self, dir: &std::path::Path, evidence: bool) -> String {
        let (dir, service) = (dir.display(), &self.service);
        let both = if evidence { ", and evidence.cbor to …/remit/evidence" } else { "" };
        format!(
            "bring {dir}/presentation.cbor to https://{service}/.well-known/remit/presentations{both}; then send the \
             request with `curl -H @{dir}/headers.txt`"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn method_and_url_are_taken_apart() {
        let parts = |text: &str| {
            let exchange = exchange(text).expect("a request");
            [exchange.method, exchange.authority, exchange.target]
        };
        assert_eq!(
            parts("POST https://Hotel.example:8443/rooms/12/book?late=1"),
            ["POST", "hotel.example:8443", "/rooms/12/book?late=1"]
        );
        assert_eq!(parts("GET http://127.0.0.1"), ["GET", "127.0.0.1", "/"]);
        assert_eq!(parts("GET http://127.0.0.1?a=b"), ["GET", "127.0.0.1", "/?a=b"]);
        assert_eq!(parts("GET https://a:443/")[1], "a");
        assert_eq!(parts("GET http://a:443/")[1], "a:443");
        assert_eq!(parts("GET http://a:80/")[1], "a");
        for wrong in [
            "GET",
            "https://hotel.example/",
            "get https://hotel.example/",
            "GET hotel.example/",
            "GET ftp://a/",
            "GET https://me:word@hotel.example/",
            "GET https://hotel.example/#top",
            "GET https:///a",
            "GET https://hotel.example/a b",
        ] {
            assert!(exchange(wrong).is_err(), "{wrong}");
        }
    }
}
