//! Any bytes as the fields, digests and target of a request over HTTP (spec 20): never a panic, and what is accepted is
//! written back as it came.
#![no_main]
use remit_verifier::http::{
    Fields, INVOCATION, PRESENTATION, Route, byte_sequence, content_digest, written_byte_sequence,
};
use remit_verifier::limits::HTTP_FIELD_BYTES_MAX;
use std::sync::LazyLock;

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let route =
        |path, action, resource| Route::new("GET", path, action, resource, None, true).expect("a route");
    vec![route("/a/{b}", "see", "a/{b}"), route("/{all*}", "{method}", "all/{all}")]
});

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = byte_sequence(bytes, HTTP_FIELD_BYTES_MAX) {
        assert_eq!(written_byte_sequence(&read).as_bytes(), bytes);
    }
    let _ = content_digest(bytes);
    let hash = written_byte_sequence(&[7; 32]);
    let _ = Fields::read(|name| match name {
        INVOCATION => vec![b":AQ==:".as_slice()],
        PRESENTATION => vec![hash.as_bytes()],
        _ => vec![bytes],
    });
    let Ok(target) = std::str::from_utf8(bytes) else { return };
    if let Ok(asked) = Route::find(&ROUTES, "GET", target) {
        let path = target.split('?').next().unwrap_or_default();
        assert!(path.ends_with(asked.resource.as_str().split_once('/').expect("two parts").1), "{target}");
    }
    // A route is made of what somebody wrote: never a panic, and shown as it was.
    let parts: Vec<&str> = target.split('\n').collect();
    if let [method, path, action, resource] = parts[..]
        && let Ok(route) = Route::new(method, path, action, resource, None, false)
    {
        assert_eq!(route.to_string(), format!("{method} {path} is {action} {resource}"));
    }
});
